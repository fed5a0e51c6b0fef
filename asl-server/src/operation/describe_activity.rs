//! DescribeActivity

use super::settings;
use crate::registry::EncryptionConfiguration;
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn, EpochSeconds};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    activity_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    activity_arn: String,
    name: String,
    creation_date: EpochSeconds,
    encryption_configuration: EncryptionConfiguration,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("activityArn", request.activity_arn, settings::ARN);
    constraints.check()?;
    Arn::parse_activity(&arn)?;
    let activity = service.registry().activity(&arn)?;
    Ok(Response {
        activity_arn: activity.arn,
        name: activity.name,
        creation_date: activity.created.into(),
        encryption_configuration: activity.encryption.unwrap_or_else(EncryptionConfiguration::aws_owned),
    })
}
