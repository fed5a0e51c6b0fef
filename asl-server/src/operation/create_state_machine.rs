//! CreateStateMachine

use super::{definition, settings};
use crate::registry::{
LoggingConfiguration, Publication, Revision, StateMachine, Tag, is_full, version_arn
};
use crate::service::{Caller, Service};
use crate::wire::validate::{self, Constraints};
use crate::wire::{ApiError, EpochSeconds};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    name: Option<String>,
    definition: Option<String>,
    role_arn: Option<String>,
    r#type: Option<String>,
    logging_configuration: Option<LoggingConfiguration>,
    tracing_configuration: Option<settings::TracingRequest>,
    encryption_configuration: Option<settings::EncryptionRequest>,
    tags: Option<Vec<Tag>>,
    publish: Option<bool>,
    version_description: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    state_machine_arn: String,
    creation_date: EpochSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
}

pub(super) async fn run(service: &Service, caller: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let name = constraints.text("name", request.name, settings::NAME);
    let text = constraints.secret_text("definition", request.definition, settings::DEFINITION);
    let role_arn = constraints.text("roleArn", request.role_arn, settings::ARN);
    constraints.one_of("type", request.r#type.as_deref(), definition::TYPES);
    settings::constrain_logging(&mut constraints, request.logging_configuration.as_ref());
    settings::constrain_tags(&mut constraints, request.tags.as_deref().unwrap_or_default());
    let version_description = settings::description(&mut constraints, "versionDescription", request.version_description);
    let encryption = settings::constrain_encryption(&mut constraints, request.encryption_configuration);
    constraints.check()?;
    validate::name(&name)?;
    validate::role_arn(&role_arn)?;
    let publication = settings::publication(request.publish, version_description)?;

    let machine_type = definition::type_named(request.r#type.as_deref());
    let logging = request.logging_configuration.unwrap_or_default();
    settings::check_logging(&logging)?;
    let tracing = settings::tracing(request.tracing_configuration)?.unwrap_or_default();
    settings::check_encryption(encryption.as_ref())?;
    let prefix = caller.arn_prefix("stateMachine");
    let arn = format!("{prefix}{name}");
    let tags = settings::merge_tags(Vec::new(), request.tags.unwrap_or_default(), &arn)?;
    let program = definition::compile(&text, machine_type)?;

    let mut created = service.engine().now();
    let revision = Revision {
        id: None,
        updated: created,
        definition: text,
        program,
        role_arn,
        logging,
        tracing,
        encryption,
    };
    let machine = StateMachine {
        arn: arn.clone(),
        name,
        machine_type,
        created,
        deleting: false,
        current: Arc::new(revision),
        earlier: Vec::new(),
        tags,
        versions: Vec::new(),
        last_version: 0,
        publication: publication.clone(),
    };
    let first_version = publication.as_ref().map(|_| version_arn(&arn, 1));
    let mut tables = service.registry().write();
    match tables.state_machines.get(&arn) {
        None if is_full(&tables.state_machines, prefix, tables.quotas.state_machines) => {
            return Err(ApiError::state_machine_limit_exceeded(tables.quotas.state_machines));
        }
        None => {
            tables.state_machines.insert(arn.clone(), machine);
            if let Some(Publication { description }) = publication {
                tables.publish(&arn, description, created)?;
            }
        }
        Some(existing) if existing.deleting => return Err(ApiError::state_machine_deleting(&arn)),
        Some(existing) if same(existing, &machine) => created = existing.created,
        Some(_) => return Err(ApiError::state_machine_already_exists(&arn)),
    }
    Ok(Response { state_machine_arn: arn, creation_date: created.into(), state_machine_version_arn: first_version })
}

/// Is creating `new` a repetition of creating `existing`? (API reference: the role and the tags do not count.)
fn same(existing: &StateMachine, new: &StateMachine) -> bool {
    let (old, current) = (&existing.current, &new.current);
    existing.machine_type == new.machine_type
        && old.definition == current.definition
        && old.logging == current.logging
        && old.tracing == current.tracing
        && old.encryption == current.encryption
        && existing.publication == new.publication
}
