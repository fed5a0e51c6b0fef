//! UpdateStateMachine

use super::{definition, settings};
use crate::registry::{LoggingConfiguration, Publication, Revision};
use crate::service::{Caller, Service};
use crate::wire::validate::{self, Constraints};
use crate::wire::{ApiError, Arn, EpochSeconds};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    definition: Option<String>,
    role_arn: Option<String>,
    logging_configuration: Option<LoggingConfiguration>,
    tracing_configuration: Option<settings::TracingRequest>,
    encryption_configuration: Option<settings::EncryptionRequest>,
    publish: Option<bool>,
    version_description: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    update_date: EpochSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("stateMachineArn", request.state_machine_arn, settings::ARN);
    let text = request.definition.map(|text| constraints.secret_text("definition", Some(text), settings::DEFINITION));
    let role_arn = constraints.optional_text("roleArn", request.role_arn, settings::ARN);
    settings::constrain_logging(&mut constraints, request.logging_configuration.as_ref());
    let version_description = settings::description(&mut constraints, "versionDescription", request.version_description);
    let encryption = settings::constrain_encryption(&mut constraints, request.encryption_configuration);
    constraints.check()?;
    Arn::parse_state_machine(&arn)?;
    let nothing = text.is_none()
        && role_arn.is_none()
        && request.logging_configuration.is_none()
        && request.tracing_configuration.is_none()
        && encryption.is_none();
    if nothing {
        return Err(ApiError::new(
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified",
        ));
    }
    role_arn.as_deref().map_or(Ok(()), validate::role_arn)?;
    request.logging_configuration.as_ref().map_or(Ok(()), settings::check_logging)?;
    let tracing = settings::tracing(request.tracing_configuration)?;
    settings::check_encryption(encryption.as_ref())?;
    let publication = settings::publication(request.publish, version_description)?;

    let machine = service.registry().state_machine(&arn)?;
    let old = &machine.current;
    let definition = text.unwrap_or_else(|| old.definition.clone());
    // A revision has a program of its own, also when only the role changes: an execution's program tells its revision.
    let new = Revision {
        id: Some(uuid::Uuid::new_v4().to_string()),
        updated: service.engine().now(),
        program: definition::compile(&definition, machine.machine_type)?,
        definition,
        role_arn: role_arn.unwrap_or_else(|| old.role_arn.clone()),
        logging: request.logging_configuration.unwrap_or_else(|| old.logging.clone()),
        tracing: tracing.unwrap_or_else(|| old.tracing.clone()),
        encryption: encryption.or_else(|| old.encryption.clone()),
    };

    let mut tables = service.registry().write();
    let machine = tables.state_machines.get_mut(&arn).ok_or_else(|| ApiError::state_machine_does_not_exist(&arn))?;
    if machine.deleting {
        return Err(ApiError::state_machine_deleting(&arn));
    }
    if !same(&machine.current, &new) {
        machine.revise(new);
    }
    let (updated, revision_id) = (machine.current.updated, machine.current.id.clone());
    let publish = |Publication { description }| tables.publish(&arn, description, service.engine().now());
    let version = publication.map(publish).transpose()?;
    let state_machine_version_arn = version.map(|version| version.arn);
    Ok(Response { update_date: updated.into(), revision_id, state_machine_version_arn })
}

/// Would the revision change nothing? Then there is none.
fn same(old: &Revision, new: &Revision) -> bool {
    old.definition == new.definition
        && old.role_arn == new.role_arn
        && old.logging == new.logging
        && old.tracing == new.tracing
        && old.encryption == new.encryption
}
