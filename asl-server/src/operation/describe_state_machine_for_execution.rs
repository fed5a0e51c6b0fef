//! DescribeStateMachineForExecution

use super::{definition, settings};
use crate::execution;
use crate::registry::{EncryptionConfiguration, LoggingConfiguration, TracingConfiguration};
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, EpochSeconds};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    execution_arn: Option<String>,
    included_data: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    state_machine_arn: String,
    name: String,
    definition: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    role_arn: String,
    update_date: EpochSeconds,
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
    let arn = constraints.text("executionArn", request.execution_arn, settings::ARN);
    let data = settings::included_data(&mut constraints, request.included_data.as_deref());
    constraints.check()?;
    let execution = execution::find_or_child(service, &arn)?;
    // A child of a Map Run is of `NAME/LABEL`.
    let state_machine_arn = &*execution.start.state_machine_arn;
    let (state_machine_arn, label) =
        state_machine_arn.split_once('/').map_or((state_machine_arn, None), |(arn, label)| (arn, Some(label)));
    let machine = service.registry().state_machine(state_machine_arn);
    let machine = machine.map_err(|_| ApiError::execution_does_not_exist(&arn))?;
    let revision = machine.revision_of(&execution.program).ok_or_else(|| ApiError::execution_does_not_exist(&arn))?;
    Ok(Response {
        state_machine_arn: machine.arn.clone(),
        name: machine.name.clone(),
        definition: definition::told(revision, data),
        map_run_arn: execution.map_run_arn.as_ref().map(ToString::to_string),
        label: label.map(str::to_owned),
        role_arn: execution.start.role_arn.to_string(),
        update_date: revision.updated.into(),
        logging_configuration: revision.logging.clone(),
        tracing_configuration: revision.tracing.clone(),
        encryption_configuration: settings::told_encryption(revision),
        variable_references: data.then(|| definition::variable_references(&revision.program)).flatten(),
        revision_id: revision.id.clone(),
    })
}
