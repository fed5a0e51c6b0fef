//! DeleteActivity

use super::{Empty, settings};
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    activity_arn: Option<String>,
}

/// Deletes an activity; one that is not there is deleted already.
pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Empty, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("activityArn", request.activity_arn, settings::ARN);
    constraints.check()?;
    Arn::parse_activity(&arn)?;
    service.registry().write().activities.remove(&arn);
    Ok(Empty {})
}
