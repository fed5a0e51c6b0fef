//! CreateActivity

use super::settings;
use crate::registry::{Activity, EncryptionConfiguration, Tag};
use crate::service::{Caller, Service};
use crate::wire::validate::{self, Constraints};
use crate::wire::{ApiError, EpochSeconds};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    name: Option<String>,
    tags: Option<Vec<Tag>>,
    encryption_configuration: Option<EncryptionConfiguration>,
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
    constraints.check()?;
    validate::name(&name)?;
    settings::check_encryption(request.encryption_configuration.as_ref())?;
    let arn = caller.arn_prefix("activity") + &name;
    let tags = settings::merge_tags(Vec::new(), request.tags.unwrap_or_default(), &arn)?;
    let created = service.engine().now();
    let activity = Activity { arn: arn.clone(), name, created, encryption: request.encryption_configuration, tags };
    let mut tables = service.registry().write();
    let known = tables.activities.entry(arn.clone()).or_insert_with(|| activity.clone());
    if known.encryption != activity.encryption {
        return Err(ApiError::new("ActivityAlreadyExists", format!("Activity Already Exists: '{arn}'")));
    }
    Ok(Response { activity_arn: arn, creation_date: known.created.into() })
}
