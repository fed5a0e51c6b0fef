//! ListStateMachineVersions

use super::settings;
use crate::registry::Version;
use crate::service::{Caller, Service};
use crate::wire::page::page_size;
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn, EpochSeconds};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    state_machine_versions: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    state_machine_version_arn: String,
    creation_date: EpochSeconds,
}

/// Newest first. A state machine that is not there has no versions: the API reference lists no error for it.
pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("stateMachineArn", request.state_machine_arn, settings::ARN);
    let token = constraints.optional_text("nextToken", request.next_token, settings::PAGE_TOKEN);
    constraints.range("maxResults", request.max_results, settings::MAX_RESULTS);
    constraints.check()?;
    Arn::parse_state_machine(&arn)?;
    let list = ["ListStateMachineVersions", arn.as_str()];
    let before = service.pages().position(&list, token.as_deref())?;
    let before: Option<u64> = before.map(|number| number.parse().map_err(|_| ApiError::invalid_token())).transpose()?;

    let tables = service.registry().read();
    let mut versions = tables.versions_of(&arn, before);
    let page: Vec<(u64, &Version)> = versions.by_ref().take(page_size(request.max_results)).collect();
    let last = page.last().filter(|_| versions.next().is_some());
    let next_token = last.map(|(number, _)| service.pages().token(&list, &number.to_string()));
    let item = |(_, version): &(u64, &Version)| Item {
        state_machine_version_arn: version.arn.clone(),
        creation_date: version.created.into(),
    };
    Ok(Response { state_machine_versions: page.iter().map(item).collect(), next_token })
}
