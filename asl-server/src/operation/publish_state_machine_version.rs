//! PublishStateMachineVersion

use super::settings;
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn, EpochSeconds};
use serde::{Deserialize, Serialize};

/// Names the revision that has no id: the one that the state machine was created with.
const INITIAL: &str = "INITIAL";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    revision_id: Option<String>,
    description: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    creation_date: EpochSeconds,
    state_machine_version_arn: String,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("stateMachineArn", request.state_machine_arn, settings::ARN);
    let description = settings::description(&mut constraints, "description", request.description);
    constraints.check()?;
    Arn::parse_state_machine(&arn)?;
    let now = service.engine().now();
    let mut tables = service.registry().write();
    let machine = tables.state_machines.get(&arn).ok_or_else(|| ApiError::state_machine_does_not_exist(&arn))?;
    if machine.deleting {
        return Err(ApiError::state_machine_deleting(&arn));
    }
    let current = machine.current.id.as_deref().unwrap_or(INITIAL);
    if let Some(wanted) = request.revision_id.filter(|wanted| wanted != current) {
        return Err(ApiError::revision_mismatch(&wanted, current));
    }
    let version = tables.publish(&arn, description, now)?;
    Ok(Response { creation_date: version.created.into(), state_machine_version_arn: version.arn })
}
