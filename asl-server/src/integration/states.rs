//! `states:startExecution`: a state machine starts another one, and may wait for its end (`.sync`, `.sync:2`).

use super::abandoned::WhenAbandoned;
use super::optimised;
use super::{Services, metadata};
use crate::execution::{self, Input};
use crate::service::Service;
use crate::wire::ApiError;
use asl_engine::error::names;
use asl_engine::machine::Outcome;
use asl_engine::runtime::{Execution, Status};
use asl_engine::task::{Pattern, TaskRequest, TaskResult};
use asl_engine::value::Object;
use asl_engine::{StatesError, Value, object};

const STATES: optimised::Service = optimised::Service { prefix: "StepFunctions", name: "AWSStepFunctions" };

pub(super) async fn start_execution(services: &Services, request: &TaskRequest) -> TaskResult {
    let service = services.service()?;
    let pattern = request.resource.pattern();
    // It may have been started before a restart of the server.
    let started = request.submitted.as_ref().and_then(|answer| Some(answer.get("ExecutionArn")?.as_str()?.to_owned()));
    let execution_arn = match started {
        Some(execution_arn) => execution_arn,
        None => {
            let execution = start(&service, request).await.map_err(refused)?;
            let accepted = accepted(&execution, &request.request_id());
            if let Pattern::RequestResponse | Pattern::WaitForTaskToken = pattern {
                return Ok(accepted);
            }
            request.progress.submitted(accepted);
            execution.start.execution_arn.to_string()
        }
    };
    let abandoned = WhenAbandoned::new(stop(service.clone(), execution_arn.clone()));
    let finished = service.engine().finished_meanwhile(&execution_arn).await;
    abandoned.not_needed();
    let execution = finished.ok_or_else(|| StatesError::runtime("The execution was lost before it ended."))?;
    let description = describe(&execution, pattern == Pattern::Sync2);
    match execution.status() {
        Status::Succeeded => Ok(description),
        _ => Err(StatesError::new(names::TASK_FAILED, description.to_json())),
    }
}

/// Nobody waits for the execution any more (Developer Guide, *Service integration patterns*: "If a Step Functions
/// `startExecution.sync` task is aborted, it will call the Step Functions StopExecution API action").
async fn stop(service: Service, execution_arn: String) {
    service.engine().stop(&execution_arn, StatesError { error: None, cause: None }).await;
}

async fn start(service: &Service, request: &TaskRequest) -> Result<Execution, ApiError> {
    let text = |name: &str| request.input.get(name).and_then(Value::as_str);
    let arn = text("StateMachineArn").unwrap_or_default();
    let startable = execution::startable(service, arn)?;
    let input = match request.input.get("Input") {
        None | Some(Value::Null) => Input::read(None)?,
        Some(Value::String(text)) => Input::read(Some(text))?,
        Some(value) => Input::from(value.clone()),
    };
    // A task may be asked for twice: without a name of its own, the task itself names the execution it starts.
    let task = format!("{}/{}", request.execution_arn, request.task);
    let derived = || uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, task.as_bytes()).to_string();
    let name = text("Name").map_or_else(derived, str::to_owned);
    execution::start(service, &startable, Some(name), input).await
}

/// What StartExecution answers, as the integration tells it.
fn accepted(execution: &Execution, request_id: &str) -> Value {
    let mut result = Object::default();
    result.insert("ExecutionArn", Value::from(execution.start.execution_arn.clone()));
    let started = Value::from(execution.started.as_seconds_f64());
    metadata::add(&mut result, request_id, "application/x-amz-json-1.0", answer_length(execution));
    result.insert("StartDate", started);
    Value::Object(result)
}

/// The length of StartExecution's answer on AWS: `{"executionArn":"…","startDate":1.762432523123E9}`, the time as Java
/// prints a double (recorded: the same call was answered with 163 and 164 bytes, for a time that ended in a zero).
fn answer_length(execution: &Execution) -> usize {
    let digits = execution.started.as_millis().to_string();
    let digits = digits.trim_end_matches('0').len().max(2);
    let exponent = ".E9".len();
    r#"{"executionArn":"","startDate":}"#.len() + execution.start.execution_arn.len() + digits + exponent
}

/// What DescribeExecution answers, as the integration tells it. `.sync` has input and output as text, `.sync:2` as JSON.
fn describe(execution: &Execution, parsed: bool) -> Value {
    let data = |value: &Value| if parsed { value.clone() } else { Value::from(value.to_json()) };
    let included = || object! { "Included" => true };
    let mut members = Object::default();
    let error = match &execution.outcome {
        Some(Outcome::Failed(error) | Outcome::Aborted(error)) => Some(error),
        _ => None,
    };
    if let Some(cause) = error.and_then(|error| error.cause.clone()) {
        members.insert("Cause", Value::from(cause));
    }
    if let Some(name) = error.and_then(|error| error.error.clone()) {
        members.insert("Error", Value::from(name));
    }
    members.insert("ExecutionArn", Value::from(execution.start.execution_arn.clone()));
    members.insert("Input", data(&execution.start.input));
    members.insert("InputDetails", included());
    members.insert("Name", Value::from(execution.start.execution_name.clone()));
    if let Some(Outcome::Succeeded { output }) = &execution.outcome {
        members.insert("Output", data(output));
        members.insert("OutputDetails", included());
    }
    members.insert("StartDate", Value::from(execution.started.as_millis()));
    members.insert("StateMachineArn", Value::from(execution.start.state_machine_arn.clone()));
    members.insert("Status", Value::from(execution::status_name(execution.status())));
    if let Some(stopped) = execution.stopped {
        members.insert("StopDate", Value::from(stopped.as_millis()));
    }
    Value::Object(members)
}

/// The API's refusal as the task's error.
fn refused(error: ApiError) -> StatesError {
    let ApiError { kind, message, status, .. } = error;
    STATES.refused(Some(kind), kind, &message, status, &uuid::Uuid::new_v4().to_string())
}
