//! SendTaskSuccess

use super::{Empty, settings};
use crate::service::{Caller, Service};
use crate::wire::ApiError;
use crate::wire::validate::Constraints;
use asl_engine::Value;
use asl_engine::machine::token;
use asl_engine::runtime::TokenReport;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    task_token: Option<String>,
    output: Option<String>,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Empty, ApiError> {
    let mut constraints = Constraints::new();
    let token = constraints.secret_text("taskToken", request.task_token, super::TASK_TOKEN);
    let output = constraints.secret_text("output", request.output, settings::PAYLOAD);
    constraints.check()?;
    // Recorded: what is no token is refused before the output is looked at.
    if token::decode(&token).is_none() {
        return Err(ApiError::invalid_token());
    }
    let report = TokenReport::Success(Value::parse(&output).map_err(ApiError::invalid_output)?);
    super::report(service, &token, report).await
}
