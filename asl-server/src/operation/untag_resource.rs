//! UntagResource

use super::{Empty, settings};
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    resource_arn: Option<String>,
    tag_keys: Option<Vec<String>>,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Empty, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("resourceArn", request.resource_arn, settings::ARN);
    let keys = constraints.required("tagKeys", request.tag_keys);
    settings::constrain_tag_keys(&mut constraints, &keys);
    constraints.check()?;
    Arn::parse(&arn)?;
    let mut tables = service.registry().write();
    let tags = tables.tags_mut(&arn).ok_or_else(|| ApiError::resource_not_found(&arn))?;
    tags.retain(|tag| !keys.contains(&tag.key));
    Ok(Empty {})
}
