//! Starting and finding executions: what several operations and integrations share.

use crate::registry::StateMachine;
use crate::service::Service;
use crate::wire::arn::Resource;
use crate::wire::{ApiError, Arn, validate};
use asl_engine::Value;
use asl_engine::machine::{MachineType, Outcome, Start};
use asl_engine::runtime::{Execution, StartError, Status};
use std::sync::Arc;
use uuid::Uuid;

/// The state machine of that ARN, to start an execution of it.
///
/// # Errors
/// `InvalidArn`, `StateMachineDoesNotExist`, `StateMachineDeleting`
pub fn startable(service: &Service, arn: &str) -> Result<StateMachine, ApiError> {
    Arn::parse_state_machine(arn)?;
    let machine = service.registry().state_machine(arn)?;
    if machine.deleting { Err(ApiError::state_machine_deleting(arn)) } else { Ok(machine) }
}

/// Reads the input of an execution; `{}` when there is none.
///
/// # Errors
/// `InvalidExecutionInput` when it is no JSON.
pub fn input(text: Option<&str>) -> Result<Value, ApiError> {
    match text {
        None => Ok(Value::empty_object()),
        Some(text) => Value::parse(text).map_err(ApiError::invalid_execution_input),
    }
}

/// Starts an execution of a state machine, under that name or a new one.
///
/// Starting a STANDARD execution that runs already, with the same name and input, is the same as starting it once
/// (API reference, StartExecution).
///
/// # Errors
/// `InvalidName`, `ExecutionAlreadyExists`, `ExecutionLimitExceeded`
pub async fn start(
    service: &Service,
    machine: &StateMachine,
    name: Option<String>,
    input: Value,
) -> Result<Execution, ApiError> {
    let name = name.unwrap_or_else(|| Uuid::new_v4().to_string());
    validate::name(&name)?;
    let state_machine = machine.name.clone();
    let resource = match machine.machine_type {
        MachineType::Standard => Resource::Execution { state_machine, name: name.clone() },
        MachineType::Express => Resource::Express { state_machine, name: name.clone(), id: Uuid::new_v4().to_string() },
    };
    let arn = Arn::parse(&machine.arn)?.sibling(resource).to_string();
    let start = Start {
        input: input.clone(),
        execution_arn: arn.as_str().into(),
        execution_name: name.into(),
        role_arn: machine.current.role_arn.as_str().into(),
        state_machine_arn: machine.arn.as_str().into(),
        state_machine_name: machine.name.as_str().into(),
        machine_type: machine.machine_type,
        seed: Uuid::new_v4().as_u64_pair().0,
        ..Start::default()
    };
    match service.engine().start(Arc::clone(&machine.current.program), start).await {
        Ok(execution) => Ok(execution),
        Err(StartError::AlreadyExists(existing))
            if existing.status() == Status::Running && existing.start.input.to_json() == input.to_json() =>
        {
            Ok(*existing)
        }
        Err(StartError::AlreadyExists(_)) => Err(ApiError::execution_already_exists(arn)),
        Err(StartError::Stopped) => Err(ApiError::internal("The server is shutting down.")),
        Err(StartError::Overloaded) => {
            Err(ApiError::new("ExecutionLimitExceeded", "The maximum number of running executions has been reached."))
        }
    }
}

/// The execution of that ARN.
///
/// # Errors
/// `InvalidArn`, `ExecutionDoesNotExist`
pub fn find(service: &Service, arn: &str) -> Result<Execution, ApiError> {
    Arn::parse_execution(arn)?;
    service.engine().execution(arn).ok_or_else(|| ApiError::execution_does_not_exist(arn))
}

/// A status as the API spells it.
pub fn status_name(status: Status) -> &'static str {
    match status {
        Status::Running => "RUNNING",
        Status::Succeeded => "SUCCEEDED",
        Status::Failed => "FAILED",
        Status::TimedOut => "TIMED_OUT",
        Status::Aborted => "ABORTED",
    }
}

/// What an execution ended with: output, error and cause, each when there is one.
///
/// An execution that timed out has neither error nor cause; only its history tells `States.Timeout`.
pub fn result(execution: &Execution) -> (Option<String>, Option<String>, Option<String>) {
    match &execution.outcome {
        Some(Outcome::Succeeded { output }) => (Some(output.to_json()), None, None),
        Some(Outcome::Failed(error) | Outcome::Aborted(error)) => {
            (None, error.error.as_ref().map(ToString::to_string), error.cause.as_ref().map(ToString::to_string))
        }
        Some(Outcome::TimedOut(_)) | None => (None, None, None),
    }
}
