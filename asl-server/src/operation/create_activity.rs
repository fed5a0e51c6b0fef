//! CreateActivity

use super::settings;
use crate::registry::{Activity, Tag, is_full};
use crate::service::{Caller, Service};
use crate::wire::validate::{self, Constraints};
use crate::wire::{ApiError, EpochSeconds};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    name: Option<String>,
    tags: Option<Vec<Tag>>,
    encryption_configuration: Option<settings::EncryptionRequest>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    activity_arn: String,
    creation_date: EpochSeconds,
}

/// Creates an activity. Creating it again is the same as creating it once.
pub(super) async fn run(service: &Service, caller: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let name = constraints.text("name", request.name, settings::NAME);
    settings::constrain_tags(&mut constraints, request.tags.as_deref().unwrap_or_default());
    let encryption = settings::constrain_encryption(&mut constraints, request.encryption_configuration);
    constraints.check()?;
    validate::name(&name)?;
    settings::check_encryption(encryption.as_ref())?;
    let prefix = caller.arn_prefix("activity");
    let arn = format!("{prefix}{name}");
    let tags = settings::merge_tags(Vec::new(), request.tags.unwrap_or_default(), &arn)?;
    let created = service.engine().now();
    let activity = Activity { arn: arn.clone(), name, created, encryption, tags };
    let mut tables = service.registry().write();
    match tables.activities.get(&arn) {
        Some(known) if known.encryption != activity.encryption => Err(ApiError::activity_already_exists(&arn)),
        Some(known) => Ok(Response { activity_arn: arn, creation_date: known.created.into() }),
        None if is_full(&tables.activities, prefix, tables.quotas.activities) => {
            Err(ApiError::activity_limit_exceeded(tables.quotas.activities))
        }
        None => {
            tables.activities.insert(arn.clone(), activity);
            Ok(Response { activity_arn: arn, creation_date: created.into() })
        }
    }
}
