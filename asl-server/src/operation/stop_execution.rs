//! StopExecution

use super::settings;
use crate::execution;
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, EpochSeconds};
use asl_engine::StatesError;
use asl_engine::limits::{CAUSE_CHARS_MAX, ERROR_CHARS_MAX};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    execution_arn: Option<String>,
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    stop_date: EpochSeconds,
}

/// Stops an execution. One that has ended already stays as it is; the answer tells when it ended.
pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("executionArn", request.execution_arn, settings::ARN);
    let error = request.error.map(|text| constraints.secret_text("error", Some(text), 0..=ERROR_CHARS_MAX));
    let cause = request.cause.map(|text| constraints.secret_text("cause", Some(text), 0..=CAUSE_CHARS_MAX));
    constraints.check()?;
    execution::find(service, &arn)?;
    let error = StatesError { error: error.map(Into::into), cause: cause.map(Into::into) };
    let stopped = service.engine().stop(&arn, error).await;
    let execution = stopped.ok_or_else(|| ApiError::execution_does_not_exist(&arn))?;
    Ok(Response { stop_date: execution.stopped.unwrap_or_else(|| service.engine().now()).into() })
}
