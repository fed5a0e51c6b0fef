//! DeleteStateMachineVersion

use super::{Empty, settings};
use crate::service::{Caller, Service};
use crate::wire::arn::Qualifier;
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_version_arn: Option<String>,
}

/// Deletes a version. Its executions go on.
pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Empty, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("stateMachineVersionArn", request.state_machine_version_arn, settings::LONG_ARN);
    constraints.check()?;
    match Arn::parse_qualified(&arn)? {
        (_, Qualifier::Version(_)) => service.registry().write().delete_version(&arn)?,
        (_, Qualifier::Alias(_)) => return Err(ApiError::invalid_arn(&arn)),
    }
    Ok(Empty {})
}
