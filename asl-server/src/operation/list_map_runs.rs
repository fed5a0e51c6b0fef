//! ListMapRuns

use super::settings;
use crate::execution;
use crate::service::{Caller, Service};
use crate::wire::arn::Resource;
use crate::wire::page::page_size;
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn, EpochSeconds};
use asl_engine::runtime::MapRun;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    execution_arn: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    map_runs: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    execution_arn: String,
    map_run_arn: String,
    state_machine_arn: String,
    start_date: EpochSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<EpochSeconds>,
}

/// In the order they started.
pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("executionArn", request.execution_arn, settings::ARN);
    constraints.range("maxResults", request.max_results, settings::MAX_RESULTS);
    let token = constraints.optional_text("nextToken", request.next_token, settings::PAGE_TOKEN);
    constraints.check()?;
    execution::find(service, &arn)?;
    let list = ["ListMapRuns", arn.as_str()];
    let after = service.pages().position(&list, token.as_deref())?;
    let map_runs = service.engine().map_runs(&arn);
    let first = after.and_then(|after| Some(map_runs.iter().position(|run| run.map_run_arn == after)? + 1));
    let rest = map_runs.get(first.unwrap_or(0)..).unwrap_or_default();
    let page = &rest[..rest.len().min(page_size(request.max_results))];
    let last = page.last().filter(|_| page.len() < rest.len());
    let next_token = last.map(|map_run| service.pages().token(&list, &map_run.map_run_arn));
    Ok(Response { map_runs: page.iter().map(item).collect::<Result<_, _>>()?, next_token })
}

fn item(map_run: &MapRun) -> Result<Item, ApiError> {
    let arn = Arn::parse_map_run(&map_run.map_run_arn)?;
    let state_machine_arn = match &arn.resource {
        Resource::MapRun { name, .. } => {
            arn.sibling(Resource::StateMachine { name: name.clone(), qualifier: None }).to_string()
        }
        _ => String::new(),
    };
    Ok(Item {
        execution_arn: map_run.execution_arn.to_string(),
        map_run_arn: map_run.map_run_arn.to_string(),
        state_machine_arn,
        start_date: map_run.started.into(),
        stop_date: map_run.stopped.map(EpochSeconds),
    })
}
