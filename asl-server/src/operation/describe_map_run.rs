//! DescribeMapRun

use super::settings;
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn, EpochSeconds};
use asl_engine::machine::MapRunStatus;
use asl_engine::runtime::{Counts, MapRun};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    map_run_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    map_run_arn: String,
    execution_arn: String,
    status: &'static str,
    start_date: EpochSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<EpochSeconds>,
    max_concurrency: u64,
    tolerated_failure_percentage: f64,
    tolerated_failure_count: u64,
    item_counts: ToldCounts,
    execution_counts: ToldCounts,
    redrive_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<EpochSeconds>,
}

/// Items or child executions, by what became of them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToldCounts {
    pending: u64,
    running: u64,
    succeeded: u64,
    failed: u64,
    timed_out: u64,
    aborted: u64,
    total: u64,
    results_written: u64,
    failures_not_redrivable: u64,
    pending_redrive: u64,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("mapRunArn", request.map_run_arn, settings::LONG_ARN);
    constraints.check()?;
    let map_run = find(service, &arn)?;
    let limits = map_run.limits;
    Ok(Response {
        map_run_arn: arn,
        execution_arn: map_run.execution_arn.to_string(),
        status: match map_run.status {
            MapRunStatus::Running => "RUNNING",
            MapRunStatus::Succeeded => "SUCCEEDED",
            MapRunStatus::Failed => "FAILED",
            MapRunStatus::Aborted => "ABORTED",
        },
        start_date: map_run.started.into(),
        stop_date: map_run.stopped.map(EpochSeconds),
        max_concurrency: limits.max_concurrency.unwrap_or(0),
        tolerated_failure_percentage: limits.tolerated_failure_percentage.unwrap_or(0.0),
        tolerated_failure_count: limits.tolerated_failure_count.unwrap_or(0),
        item_counts: told(&map_run.items),
        execution_counts: told(&map_run.executions),
        redrive_count: map_run.redrives,
        redrive_date: map_run.redriven.map(EpochSeconds),
    })
}

/// The Map Run of that ARN.
pub(super) fn find(service: &Service, arn: &str) -> Result<MapRun, ApiError> {
    Arn::parse_map_run(arn)?;
    service.engine().map_run(arn).ok_or_else(|| ApiError::resource_not_found(arn))
}

fn told(counts: &Counts) -> ToldCounts {
    ToldCounts {
        pending: counts.pending,
        running: counts.running,
        succeeded: counts.succeeded,
        failed: counts.failed,
        timed_out: counts.timed_out,
        aborted: counts.aborted,
        total: counts.total,
        results_written: counts.results_written,
        failures_not_redrivable: counts.failures_not_redrivable,
        pending_redrive: counts.pending_redrive,
    }
}
