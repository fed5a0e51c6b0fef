//! CreateStateMachine

use super::{definition, settings};
use crate::registry::{
    EncryptionConfiguration, LoggingConfiguration, Revision, StateMachine, Tag, TracingConfiguration,
};
use crate::service::{Caller, Service};
use crate::wire::validate::{self, Constraints};
use crate::wire::{ApiError, EpochSeconds};
use serde::{Deserialize, Serialize};
use std::collections::btree_map::Entry;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    name: Option<String>,
    definition: Option<String>,
    role_arn: Option<String>,
    r#type: Option<String>,
    logging_configuration: Option<LoggingConfiguration>,
    tracing_configuration: Option<TracingConfiguration>,
    encryption_configuration: Option<EncryptionConfiguration>,
    tags: Option<Vec<Tag>>,
    publish: Option<bool>,
    version_description: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    state_machine_arn: String,
    creation_date: EpochSeconds,
}

pub(super) async fn run(service: &Service, caller: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let name = constraints.text("name", request.name, settings::NAME);
    let text = constraints.secret_text("definition", request.definition, settings::DEFINITION);
    let role_arn = constraints.text("roleArn", request.role_arn, settings::ARN);
    constraints.one_of("type", request.r#type.as_deref(), definition::TYPES);
    settings::constrain_logging(&mut constraints, request.logging_configuration.as_ref());
    settings::constrain_tags(&mut constraints, request.tags.as_deref().unwrap_or_default());
    constraints.check()?;
    validate::name(&name)?;
    validate::role_arn(&role_arn)?;
    super::refuse_publishing(request.publish, request.version_description.as_deref())?;

    let machine_type = definition::type_named(request.r#type.as_deref());
    let logging = request.logging_configuration.unwrap_or_default();
    settings::check_logging(&logging)?;
    settings::check_encryption(request.encryption_configuration.as_ref())?;
    let arn = caller.arn_prefix("stateMachine") + &name;
    let tags = settings::merge_tags(Vec::new(), request.tags.unwrap_or_default(), &arn)?;
    let program = definition::compile(&text, machine_type)?;

    let created = service.engine().now();
    let revision = Revision {
        id: None,
        updated: created,
        definition: text,
        program,
        role_arn,
        logging,
        tracing: request.tracing_configuration.unwrap_or_default(),
        encryption: request.encryption_configuration,
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
    };
    match service.registry().write().state_machines.entry(arn.clone()) {
        Entry::Vacant(place) => {
            place.insert(machine);
            Ok(Response { state_machine_arn: arn, creation_date: created.into() })
        }
        Entry::Occupied(existing) if existing.get().deleting => Err(ApiError::state_machine_deleting(&arn)),
        Entry::Occupied(existing) if same(existing.get(), &machine) => {
            Ok(Response { state_machine_arn: arn, creation_date: existing.get().created.into() })
        }
        Entry::Occupied(_) => Err(ApiError::state_machine_already_exists(&arn)),
    }
}

/// Is creating `new` a repetition of creating `existing`? (API reference: the role and the tags do not count.)
fn same(existing: &StateMachine, new: &StateMachine) -> bool {
    let (old, current) = (&existing.current, &new.current);
    existing.machine_type == new.machine_type
        && old.definition == current.definition
        && old.logging == current.logging
        && old.tracing == current.tracing
        && old.encryption == current.encryption
}
