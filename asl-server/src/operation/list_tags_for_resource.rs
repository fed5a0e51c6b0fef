//! ListTagsForResource

use super::settings;
use crate::registry::Tags;
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    resource_arn: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Response {
    tags: Tags,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("resourceArn", request.resource_arn, settings::ARN);
    constraints.check()?;
    Arn::parse(&arn)?;
    let tables = service.registry().read();
    let tags = tables.tags(&arn).ok_or_else(|| ApiError::resource_not_found(&arn))?;
    Ok(Response { tags: tags.clone() })
}
