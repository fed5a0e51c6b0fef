//! DescribeStateMachineAlias

use super::settings;
use crate::registry::Route;
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn, EpochSeconds};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_alias_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    state_machine_alias_arn: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    routing_configuration: Vec<Route>,
    creation_date: EpochSeconds,
    update_date: EpochSeconds,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("stateMachineAliasArn", request.state_machine_alias_arn, settings::ARN);
    constraints.check()?;
    Arn::parse_qualified(&arn)?;
    let found = service.registry().read().aliases.get(&arn).cloned();
    let alias = found.ok_or_else(ApiError::references_nothing)?;
    Ok(Response {
        state_machine_alias_arn: alias.arn,
        name: alias.name,
        description: alias.description,
        routing_configuration: alias.routes,
        creation_date: alias.created.into(),
        update_date: alias.updated.into(),
    })
}
