//! ListStateMachines

use super::{definition, settings};
use crate::registry::entries_after;
use crate::service::{Caller, Service};
use crate::wire::page::page_size;
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, EpochSeconds};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    state_machines: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    state_machine_arn: String,
    name: String,
    r#type: &'static str,
    creation_date: EpochSeconds,
}

pub(super) async fn run(service: &Service, caller: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    constraints.range("maxResults", request.max_results, settings::MAX_RESULTS);
    let token = constraints.optional_text("nextToken", request.next_token, settings::PAGE_TOKEN);
    constraints.check()?;
    let prefix = caller.arn_prefix("stateMachine");
    let list = ["ListStateMachines", prefix.as_str()];
    let after = service.pages().position(&list, token.as_deref())?;
    let size = page_size(request.max_results);

    let tables = service.registry().read();
    let mut entries = entries_after(&tables.state_machines, prefix.clone(), after);
    let state_machines: Vec<Item> = entries
        .by_ref()
        .take(size)
        .map(|machine| Item {
            state_machine_arn: machine.arn.clone(),
            name: machine.name.clone(),
            r#type: definition::type_name(machine.machine_type),
            creation_date: machine.created.into(),
        })
        .collect();
    let last = state_machines.last().filter(|_| entries.next().is_some());
    let next_token = last.map(|item| service.pages().token(&list, &item.state_machine_arn));
    Ok(Response { state_machines, next_token })
}
