//! UpdateMapRun

use super::{Empty, describe_map_run, settings};
use crate::service::{Caller, Service};
use crate::wire::ApiError;
use crate::wire::validate::Constraints;
use asl_engine::machine::{MapRunLimits, MapRunStatus};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    map_run_arn: Option<String>,
    max_concurrency: Option<i64>,
    tolerated_failure_percentage: Option<f64>,
    tolerated_failure_count: Option<i64>,
}

/// Changes the limits of a Map Run that runs; what is not given stays.
pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Empty, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("mapRunArn", request.map_run_arn, settings::LONG_ARN);
    constraints.range("maxConcurrency", request.max_concurrency, 0..=i64::MAX);
    constraints.percentage("toleratedFailurePercentage", request.tolerated_failure_percentage);
    constraints.range("toleratedFailureCount", request.tolerated_failure_count, 0..=i64::MAX);
    constraints.check()?;
    let map_run = describe_map_run::find(service, &arn)?;
    if map_run.status != MapRunStatus::Running {
        let refusal = ApiError::validation(format!("The Map Run has ended, so it cannot be updated: '{arn}'"));
        return Err(refusal.with("reason", "CANNOT_UPDATE_COMPLETED_MAP_RUN"));
    }
    let whole = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
    let limits = MapRunLimits {
        max_concurrency: whole(request.max_concurrency),
        tolerated_failure_count: whole(request.tolerated_failure_count),
        tolerated_failure_percentage: request.tolerated_failure_percentage,
    };
    match service.engine().update_map_run(&arn, limits).await {
        Some(_) => Ok(Empty {}),
        None => Err(ApiError::resource_not_found(&arn)),
    }
}
