//! DescribeStateMachine

use super::{definition, settings};
use crate::registry::{EncryptionConfiguration, LoggingConfiguration, TracingConfiguration};
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn, EpochSeconds};
use serde::{Deserialize, Serialize};

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
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    definition: Option<String>,
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
    let machine = service.registry().state_machine(&arn)?;
    let revision = &machine.current;
    Ok(Response {
        state_machine_arn: machine.arn,
        name: machine.name,
        status: if machine.deleting { "DELETING" } else { "ACTIVE" },
        definition: data.then(|| revision.definition.clone()),
        role_arn: revision.role_arn.clone(),
        r#type: definition::type_name(machine.machine_type),
        creation_date: machine.created.into(),
        logging_configuration: revision.logging.clone(),
        tracing_configuration: revision.tracing.clone(),
        encryption_configuration: revision.encryption.clone(),
        variable_references: data.then(|| definition::variable_references(&revision.program)).flatten(),
        revision_id: revision.id.clone(),
    })
}
