//! SendTaskFailure

use super::Empty;
use crate::service::{Caller, Service};
use crate::wire::ApiError;
use crate::wire::validate::Constraints;
use asl_engine::StatesError;
use asl_engine::limits::{CAUSE_CHARS_MAX, ERROR_CHARS_MAX};
use asl_engine::runtime::TokenReport;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    task_token: Option<String>,
    error: Option<String>,
    cause: Option<String>,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Empty, ApiError> {
    let mut constraints = Constraints::new();
    let token = constraints.secret_text("taskToken", request.task_token, super::TASK_TOKEN);
    let error = request.error.map(|text| constraints.secret_text("error", Some(text), 0..=ERROR_CHARS_MAX));
    let cause = request.cause.map(|text| constraints.secret_text("cause", Some(text), 0..=CAUSE_CHARS_MAX));
    constraints.check()?;
    let report = TokenReport::Failure(StatesError { error: error.map(Into::into), cause: cause.map(Into::into) });
    super::report(service, &token, report).await
}
