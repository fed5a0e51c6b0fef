//! RedriveExecution

use super::settings;
use crate::execution;
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, EpochSeconds};
use asl_engine::runtime::{RedriveError, StartError};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    execution_arn: Option<String>,
    client_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    redrive_date: EpochSeconds,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("executionArn", request.execution_arn, settings::ARN);
    let token = constraints.optional_text("clientToken", request.client_token, 1..=64);
    if let Some(token) = &token {
        constraints.pattern("clientToken", token, "[!-~]+", token.bytes().all(|byte| (b'!'..=b'~').contains(&byte)));
    }
    constraints.check()?;
    let execution = execution::find(service, &arn)?;
    if execution::is_deleted(service, &execution) {
        return Err(ApiError::execution_not_redrivable(execution::STATE_MACHINE_DELETING));
    }
    let redriven = service.engine().redrive(&arn, token.map(Into::into)).await.map_err(|error| match error {
        RedriveError::Unknown => ApiError::execution_does_not_exist(&arn),
        RedriveError::NotRedrivable(reason) => {
            ApiError::execution_not_redrivable(&execution::not_redrivable_reason(reason))
        }
        RedriveError::NotStarted(StartError::Journal(error)) => {
            ApiError::internal(format!("The redrive cannot be kept: {error}"))
        }
        RedriveError::NotStarted(error) => execution::refusal(error),
    })?;
    Ok(Response { redrive_date: redriven.redrives.at.unwrap_or_else(|| service.engine().now()).into() })
}
