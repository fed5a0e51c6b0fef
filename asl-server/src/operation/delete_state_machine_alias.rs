//! DeleteStateMachineAlias

use super::{Empty, settings};
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_alias_arn: Option<String>,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Empty, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("stateMachineAliasArn", request.state_machine_alias_arn, settings::ARN);
    constraints.check()?;
    Arn::parse_qualified(&arn)?;
    let deleted = service.registry().write().aliases.remove(&arn);
    deleted.map(|_| Empty {}).ok_or_else(ApiError::references_nothing)
}
