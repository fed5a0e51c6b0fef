//! GetActivityTask

use super::settings;
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a worker waits for a task (API reference: "The maximum time the service holds on to the request … is 60
/// seconds").
const POLL: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    activity_arn: Option<String>,
    worker_name: Option<String>,
}

/// Empty when there was no task.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    #[serde(skip_serializing_if = "Option::is_none")]
    task_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("activityArn", request.activity_arn, settings::ARN);
    let worker = constraints.optional_text("workerName", request.worker_name, settings::NAME);
    constraints.check()?;
    Arn::parse_activity(&arn)?;
    service.registry().activity(&arn)?;
    let most = service.registry().read().quotas.workers;
    if service.engine().waiting_workers(&arn) >= most {
        return Err(ApiError::activity_worker_limit_exceeded(most));
    }
    let task = service.engine().next_activity_task(&arn, worker.map(Into::into));
    let task = tokio::select! {
        task = task => Some(task),
        () = tokio::time::sleep(POLL) => None,
        () = service.polls_ended() => None,
    };
    let (task_token, input) = task.map(|task| (task.token.to_string(), task.input.to_json())).unzip();
    Ok(Response { task_token, input })
}
