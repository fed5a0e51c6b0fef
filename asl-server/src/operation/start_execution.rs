//! StartExecution

use super::settings;
use crate::execution::{self, Input};
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, EpochSeconds};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    name: Option<String>,
    input: Option<String>,
    trace_header: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    execution_arn: String,
    start_date: EpochSeconds,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("stateMachineArn", request.state_machine_arn, settings::ARN);
    let name = constraints.optional_text("name", request.name, settings::NAME);
    let input = request.input.map(|input| constraints.secret_text("input", Some(input), settings::PAYLOAD));
    let trace_header = settings::trace_header(&mut constraints, request.trace_header);
    constraints.check()?;
    let startable = execution::Startable {
        trace_header: trace_header.map(Into::into),
        ..execution::startable(service, &arn)?
    };
    let input = Input::read(input.as_deref())?;
    let execution = execution::start(service, &startable, name, input).await?;
    Ok(Response { execution_arn: execution.start.execution_arn.to_string(), start_date: execution.started.into() })
}
