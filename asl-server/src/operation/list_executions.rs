//! ListExecutions

use super::settings;
use crate::execution::status_name;
use crate::service::{Caller, Service};
use crate::wire::page::page_size;
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn, EpochSeconds};
use asl_engine::machine::MachineType;
use asl_engine::runtime::{Execution, Status};
use serde::{Deserialize, Serialize};

/// The statuses, in the order in which AWS prints them.
const STATUSES: &[&str] = &["SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"];

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
    name: String,
    status: &'static str,
    start_date: EpochSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<EpochSeconds>,
    redrive_count: u64,
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
    let arn = match (arn, map_run) {
        (Some(arn), None) => arn,
        (None, Some(map_run)) => return Err(ApiError::resource_not_found(&map_run)),
        _ => {
            return Err(ApiError::validation("Must specify exactly one of a state machine ARN or a Map Run ARN"));
        }
    };
    Arn::parse_state_machine(&arn)?;
    if request.status_filter.as_deref() == Some("PENDING_REDRIVE") {
        return Err(ApiError::validation("The status filter PENDING_REDRIVE needs a Map Run ARN"));
    }
    if listed(service, &arn)? == MachineType::Express {
        return Err(ApiError::state_machine_type_not_supported());
    }
    let filter = request.status_filter.as_deref().unwrap_or_default();
    let redrive = request.redrive_filter.as_deref().unwrap_or_default();
    let list = ["ListExecutions", arn.as_str(), filter, redrive];
    let after = service.pages().position(&list, token.as_deref())?;
    // No execution is ever redriven so far.
    if redrive == "REDRIVEN" {
        return Ok(Response { executions: Vec::new(), next_token: None });
    }
    let size = page_size(request.max_results);
    let mut found = service.engine().executions(&arn, status_named(filter), after.as_deref(), size + 1);
    let more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| more);
    let next_token = last.map(|execution| service.pages().token(&list, &execution.start.execution_arn));
    Ok(Response { executions: found.iter().map(item).collect(), next_token })
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

fn item(execution: &Execution) -> Item {
    Item {
        execution_arn: execution.start.execution_arn.to_string(),
        state_machine_arn: execution.start.state_machine_arn.to_string(),
        state_machine_version_arn: execution.start.state_machine_version_arn.as_ref().map(ToString::to_string),
        state_machine_alias_arn: execution.start.state_machine_alias_arn.as_ref().map(ToString::to_string),
        name: execution.start.execution_name.to_string(),
        status: status_name(execution.status()),
        start_date: execution.started.into(),
        stop_date: execution.stopped.map(EpochSeconds),
        redrive_count: 0,
    }
}

fn status_named(name: &str) -> Option<Status> {
    let all = [Status::Running, Status::Succeeded, Status::Failed, Status::TimedOut, Status::Aborted];
    all.into_iter().find(|status| status_name(*status) == name)
}
