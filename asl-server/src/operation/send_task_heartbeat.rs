//! SendTaskHeartbeat

use super::Empty;
use crate::service::{Caller, Service};
use crate::wire::ApiError;
use crate::wire::validate::Constraints;
use asl_engine::runtime::TokenReport;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    task_token: Option<String>,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Empty, ApiError> {
    let mut constraints = Constraints::new();
    let token = constraints.secret_text("taskToken", request.task_token, super::TASK_TOKEN);
    constraints.check()?;
    let report = TokenReport::Heartbeat;
    super::report(service, &token, report).await
}
