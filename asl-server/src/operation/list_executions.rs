//! ListExecutions

use super::{describe_map_run, settings};
use crate::execution::status_name;
use crate::service::{Caller, Service};
use crate::wire::page::page_size;
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn, EpochSeconds};
use asl_engine::machine::MachineType;
use asl_engine::runtime::{Execution, MapRun, Status};
use serde::{Deserialize, Serialize};

/// The statuses, in the order in which AWS prints them.
const STATUSES: &[&str] = &["SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"];

/// A child execution that did not succeed, and that its redriven Map Run is about to redrive.
const PENDING_REDRIVE: &str = "PENDING_REDRIVE";

/// How many executions a request reads at most: when a filter lets few of them through, the page has fewer than were asked
/// for, and a token (API reference: "The actual number of results returned per call might be fewer").
const READ_MAX: usize = 10_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    status_filter: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
    map_run_arn: Option<String>,
    redrive_filter: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    executions: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    execution_arn: String,
    state_machine_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_alias_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_count: Option<u64>,
    name: String,
    status: &'static str,
    start_date: EpochSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<EpochSeconds>,
    redrive_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<EpochSeconds>,
}

/// Newest first.
pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.optional_text("stateMachineArn", request.state_machine_arn, settings::ARN);
    let map_run = constraints.optional_text("mapRunArn", request.map_run_arn, 1..=2000);
    constraints.one_of("statusFilter", request.status_filter.as_deref(), STATUSES);
    constraints.one_of("redriveFilter", request.redrive_filter.as_deref(), &["REDRIVEN", "NOT_REDRIVEN"]);
    constraints.range("maxResults", request.max_results, settings::MAX_RESULTS);
    let token = constraints.optional_text("nextToken", request.next_token, 1..=3096);
    constraints.check()?;
    let filter = Filter::of(request.status_filter.as_deref(), request.redrive_filter.as_deref());
    let (arn, map_run) = match (arn, map_run) {
        (Some(arn), None) => (arn, None),
        (None, Some(arn)) => {
            let map_run = describe_map_run::find(service, &arn)?;
            (arn, Some(map_run))
        }
        _ => {
            return Err(ApiError::validation("Must specify exactly one of a state machine ARN or a Map Run ARN"));
        }
    };
    if map_run.is_none() {
        Arn::parse_state_machine(&arn)?;
        if filter.status == PENDING_REDRIVE {
            return Err(ApiError::validation("The status filter PENDING_REDRIVE needs a Map Run ARN"));
        }
        if listed(service, &arn)? == MachineType::Express {
            return Err(ApiError::state_machine_type_not_supported());
        }
    }
    let list = ["ListExecutions", arn.as_str(), filter.status, filter.redrive];
    // A number, not an execution: that one may be forgotten when the next page is asked for.
    let before = service.pages().position(&list, token.as_deref())?;
    let before: Option<u64> = before.map(|number| number.parse().map_err(|_| ApiError::invalid_token())).transpose()?;
    let size = page_size(request.max_results);
    let (executions, next) = page(size, before, |before| {
        let read = service.engine().executions(&arn, filter.journal_status(), before, size + 1);
        let items = read.iter().map(|execution| (execution.sequence, item(execution, map_run.as_ref())));
        items.map(|(sequence, item)| (sequence, Some(item).filter(|item| filter.lets(item)))).collect()
    });
    let next_token = next.map(|sequence| service.pages().token(&list, &sequence.to_string()));
    Ok(Response { executions, next_token })
}

/// A page, and the number that the next one begins below. `read` reads one more than a page has, and says of each whether it
/// is listed.
fn page<T>(
    size: usize,
    mut before: Option<u64>,
    mut read: impl FnMut(Option<u64>) -> Vec<(u64, Option<T>)>,
) -> (Vec<T>, Option<u64>) {
    let mut found: Vec<(u64, T)> = Vec::new();
    let mut read_so_far = 0;
    while found.len() <= size && read_so_far < READ_MAX {
        let more = read(before);
        read_so_far += more.len();
        before = more.last().map(|(sequence, _)| *sequence).filter(|_| more.len() > size);
        found.extend(more.into_iter().filter_map(|(sequence, item)| Some((sequence, item?))));
        if before.is_none() {
            break;
        }
    }
    if found.len() > size {
        found.truncate(size);
        before = found.last().map(|(sequence, _)| *sequence);
    }
    (found.into_iter().map(|(_, item)| item).collect(), before)
}

/// Which executions are listed; an empty text lets all.
struct Filter<'a> {
    status: &'a str,
    redrive: &'a str,
}

impl<'a> Filter<'a> {
    fn of(status: Option<&'a str>, redrive: Option<&'a str>) -> Self {
        Filter { status: status.unwrap_or_default(), redrive: redrive.unwrap_or_default() }
    }

    /// What the journal is asked for. It knows nothing of what waits to be redriven.
    fn journal_status(&self) -> Option<Status> {
        let all = [Status::Running, Status::Succeeded, Status::Failed, Status::TimedOut, Status::Aborted];
        all.into_iter().find(|status| status_name(*status) == self.status)
    }

    fn lets(&self, item: &Item) -> bool {
        let redriven = if item.redrive_count > 0 { "REDRIVEN" } else { "NOT_REDRIVEN" };
        (self.status.is_empty() || self.status == item.status) && (self.redrive.is_empty() || self.redrive == redriven)
    }
}

/// The type of the state machine whose executions are listed: all of them, or those of a version or an alias.
fn listed(service: &Service, arn: &str) -> Result<MachineType, ApiError> {
    let state_machine_arn = match Arn::parse_qualified(arn) {
        Ok((state_machine_arn, _)) => {
            let tables = service.registry().read();
            if !tables.versions.contains_key(arn) && !tables.aliases.contains_key(arn) {
                return Err(ApiError::references_nothing());
            }
            state_machine_arn
        }
        Err(_) => arn,
    };
    Ok(service.registry().state_machine(state_machine_arn)?.machine_type)
}

fn item(execution: &Execution, map_run: Option<&MapRun>) -> Item {
    let waits = map_run.is_some_and(|map_run| map_run.will_redrive(execution));
    Item {
        execution_arn: execution.start.execution_arn.to_string(),
        state_machine_arn: execution.start.state_machine_arn.to_string(),
        state_machine_version_arn: execution.start.state_machine_version_arn.as_ref().map(ToString::to_string),
        state_machine_alias_arn: execution.start.state_machine_alias_arn.as_ref().map(ToString::to_string),
        map_run_arn: map_run.map(|map_run| map_run.map_run_arn.to_string()),
        item_count: map_run.map(|_| execution.items),
        name: execution.start.execution_name.to_string(),
        status: if waits { PENDING_REDRIVE } else { status_name(execution.status()) },
        start_date: execution.started.into(),
        stop_date: execution.stopped.map(EpochSeconds),
        redrive_count: execution.redrives.count,
        redrive_date: execution.redrives.at.map(EpochSeconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pages of the numbers below `count` that are multiples of `of`.
    fn pages(size: usize, count: u64, of: u64) -> Vec<Vec<u64>> {
        let (mut pages, mut before) = (Vec::new(), None);
        loop {
            let read = |before: Option<u64>| {
                let numbers = (0..before.unwrap_or(count)).rev().take(size + 1);
                numbers.map(|number| (number, Some(number).filter(|number| number % of == 0))).collect()
            };
            let (page, next) = page(size, before, read);
            pages.push(page);
            before = next;
            if before.is_none() {
                return pages;
            }
        }
    }

    #[test]
    fn pages_are_full_while_there_is_enough_and_not_too_much_between() {
        assert_eq!(pages(2, 5, 1), [vec![4, 3], vec![2, 1], vec![0]]);
        assert_eq!(pages(2, 4, 1), [vec![3, 2], vec![1, 0]], "no empty page after the last");
        assert_eq!(pages(2, 0, 1), [Vec::<u64>::new()]);
        assert_eq!(pages(2, 9, 3), [vec![6, 3], vec![0]]);
        assert_eq!(pages(1000, 50, 60), [vec![0]]);
        // One in 25,000: no request reads many more than 10,000 to find it.
        let rare = pages(100, 50_000, 25_000);
        assert_eq!(rare.concat(), [25_000, 0]);
        assert_eq!(rare.len(), 5);
    }
}
