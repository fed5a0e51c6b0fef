//! DescribeStateMachine

use super::{definition, settings};
use crate::registry::{EncryptionConfiguration, LoggingConfiguration, Revision, StateMachine, TracingConfiguration, Version};
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn, EpochSeconds};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    included_data: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    state_machine_arn: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    status: &'static str,
    definition: String,
    role_arn: String,
    r#type: &'static str,
    creation_date: EpochSeconds,
    logging_configuration: LoggingConfiguration,
    tracing_configuration: TracingConfiguration,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_configuration: Option<EncryptionConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variable_references: Option<definition::VariableReferences>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<String>,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("stateMachineArn", request.state_machine_arn, settings::ARN);
    let data = settings::included_data(&mut constraints, request.included_data.as_deref());
    constraints.check()?;
    Arn::parse_state_machine(&arn)?;
    let Found { machine, revision, version } = find(service, &arn)?;
    let (created, description) = match version {
        Some(version) => (version.created, version.description),
        None => (machine.created, None),
    };
    Ok(Response {
        state_machine_arn: arn,
        name: machine.name,
        description,
        status: if machine.deleting { "DELETING" } else { "ACTIVE" },
        definition: definition::told(&revision, data),
        role_arn: revision.role_arn.clone(),
        r#type: definition::type_name(machine.machine_type),
        creation_date: created.into(),
        logging_configuration: revision.logging.clone(),
        tracing_configuration: revision.tracing.clone(),
        encryption_configuration: settings::told_encryption(&revision),
        variable_references: data.then(|| definition::variable_references(&revision.program)).flatten(),
        revision_id: revision.id.clone(),
    })
}

/// A state machine's current revision, or a version of it.
struct Found {
    machine: StateMachine,
    revision: Arc<Revision>,
    version: Option<Version>,
}

fn find(service: &Service, arn: &str) -> Result<Found, ApiError> {
    let tables = service.registry().read();
    if let Some(machine) = tables.state_machines.get(arn).cloned() {
        return Ok(Found { revision: Arc::clone(&machine.current), machine, version: None });
    }
    let version = tables.versions.get(arn).cloned();
    let version = version.ok_or_else(|| ApiError::state_machine_does_not_exist(arn))?;
    let machine = tables.state_machines.get(&version.state_machine_arn).cloned();
    let machine = machine.ok_or_else(|| ApiError::state_machine_does_not_exist(arn))?;
    Ok(Found { machine, revision: Arc::clone(&version.revision), version: Some(version) })
}
