//! ListStateMachineAliases

use super::settings;
use crate::registry::Alias;
use crate::service::{Caller, Service};
use crate::wire::arn::Qualifier;
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
    state_machine_aliases: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    state_machine_alias_arn: String,
    creation_date: EpochSeconds,
}

/// The aliases of a state machine, or those that lead to a version. Sorted by name, as AWS's recorded answers are.
pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("stateMachineArn", request.state_machine_arn, settings::ARN);
    let token = constraints.optional_text("nextToken", request.next_token, settings::PAGE_TOKEN);
    constraints.range("maxResults", request.max_results, settings::MAX_RESULTS);
    constraints.check()?;
    Arn::parse_state_machine(&arn)?;
    let (state_machine_arn, version) = match Arn::parse_qualified(&arn) {
        Ok((state_machine_arn, Qualifier::Version(_))) => (state_machine_arn, Some(arn.as_str())),
        Ok((_, Qualifier::Alias(_))) => return Err(ApiError::references_nothing()),
        Err(_) => (arn.as_str(), None),
    };
    if service.registry().state_machine(state_machine_arn)?.deleting {
        return Err(ApiError::state_machine_deleting(state_machine_arn));
    }
    let list = ["ListStateMachineAliases", arn.as_str()];
    let after = service.pages().position(&list, token.as_deref())?;

    let tables = service.registry().read();
    if version.is_some_and(|version| !tables.versions.contains_key(version)) {
        return Err(ApiError::references_nothing());
    }
    let leads = |alias: &&Alias| version.is_none_or(|version| alias.leads_to(version));
    let mut aliases = tables.aliases_of(state_machine_arn, after.as_deref()).filter(leads);
    let item = |alias: &Alias| Item {
        state_machine_alias_arn: alias.arn.clone(),
        creation_date: alias.created.into(),
    };
    let page: Vec<Item> = aliases.by_ref().take(page_size(request.max_results)).map(item).collect();
    let last = page.last().filter(|_| aliases.next().is_some());
    let next_token = last.map(|item| service.pages().token(&list, &item.state_machine_alias_arn));
    Ok(Response { state_machine_aliases: page, next_token })
}
