//! DescribeExecution

use super::settings;
use crate::execution;
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, EpochSeconds};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    execution_arn: Option<String>,
    included_data: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    execution_arn: String,
    state_machine_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_alias_arn: Option<String>,
    name: String,
    status: &'static str,
    start_date: EpochSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<EpochSeconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    input_details: Included,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_details: Option<Included>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_header: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<String>,
    redrive_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<EpochSeconds>,
    redrive_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_status_reason: Option<String>,
}

/// Is the data in the answer?
#[derive(Serialize)]
pub(crate) struct Included {
    pub(crate) included: bool,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("executionArn", request.execution_arn, settings::ARN);
    let data = settings::included_data(&mut constraints, request.included_data.as_deref());
    constraints.check()?;
    let execution = execution::find_or_child(service, &arn)?;
    let (output, error, cause) = execution::result(&execution);
    let (redrive_status, redrive_status_reason) = execution::redrive_status(service, &execution);
    Ok(Response {
        execution_arn: execution.start.execution_arn.to_string(),
        state_machine_arn: execution.start.state_machine_arn.to_string(),
        state_machine_version_arn: execution.start.state_machine_version_arn.as_ref().map(ToString::to_string),
        state_machine_alias_arn: execution.start.state_machine_alias_arn.as_ref().map(ToString::to_string),
        name: execution.start.execution_name.to_string(),
        status: execution::status_name(execution.status()),
        start_date: execution.started.into(),
        stop_date: execution.stopped.map(EpochSeconds),
        input: data.then(|| execution::input_text(&execution)),
        input_details: Included { included: data },
        output_details: output.is_some().then_some(Included { included: data }),
        output: output.filter(|_| data),
        error,
        cause,
        trace_header: execution.start.trace_header.as_ref().map(ToString::to_string),
        map_run_arn: execution.map_run_arn.as_ref().map(ToString::to_string),
        redrive_count: execution.redrives.count,
        redrive_date: execution.redrives.at.map(EpochSeconds),
        redrive_status,
        redrive_status_reason,
    })
}
