//! StartSyncExecution

use super::describe_execution::Included;
use super::settings;
use crate::execution::{self, Input};
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, EpochSeconds};
use asl_engine::machine::MachineType;
use serde::{Deserialize, Serialize};

/// AWS bills EXPRESS executions in steps of 100 ms and 64 MB (Step Functions pricing).
const BILLED_STEP_MILLISECONDS: i64 = 100;
const BILLED_STEP_MEGABYTES: i64 = 64;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_arn: Option<String>,
    name: Option<String>,
    input: Option<String>,
    trace_header: Option<String>,
    included_data: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    execution_arn: String,
    state_machine_arn: String,
    name: String,
    start_date: EpochSeconds,
    stop_date: EpochSeconds,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    input_details: Included,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    output_details: Included,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_header: Option<String>,
    billing_details: Billing,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Billing {
    billed_duration_in_milliseconds: i64,
    #[serde(rename = "billedMemoryUsedInMB")]
    billed_memory_used_in_mb: i64,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("stateMachineArn", request.state_machine_arn, settings::ARN);
    let name = constraints.optional_text("name", request.name, settings::NAME);
    let input = request.input.map(|input| constraints.secret_text("input", Some(input), settings::PAYLOAD));
    let trace_header = settings::trace_header(&mut constraints, request.trace_header);
    let data = settings::included_data(&mut constraints, request.included_data.as_deref());
    constraints.check()?;
    let startable = execution::startable(service, &arn)?;
    if startable.machine.machine_type != MachineType::Express {
        return Err(ApiError::state_machine_type_not_supported());
    }
    let input = Input::read(input.as_deref())?;
    let execution = execution::run(service, &startable, name, input).await?;

    let stopped = execution.stopped.unwrap_or_else(|| service.engine().now());
    let duration = stopped.as_millis() - execution.started.as_millis();
    let steps = (duration.max(1) + BILLED_STEP_MILLISECONDS - 1) / BILLED_STEP_MILLISECONDS;
    let (output, error, cause) = execution::result(&execution);
    Ok(Response {
        execution_arn: execution.start.execution_arn.to_string(),
        state_machine_arn: startable.machine.arn,
        name: execution.start.execution_name.to_string(),
        start_date: execution.started.into(),
        stop_date: stopped.into(),
        status: execution::status_name(execution.status()),
        error,
        cause,
        input: data.then(|| execution::input_text(&execution)),
        input_details: Included { included: data },
        output: output.filter(|_| data),
        output_details: Included { included: data },
        trace_header,
        billing_details: Billing {
            billed_duration_in_milliseconds: steps * BILLED_STEP_MILLISECONDS,
            billed_memory_used_in_mb: BILLED_STEP_MEGABYTES,
        },
    })
}
