//! Starting and finding executions: what several operations and integrations share.

use crate::registry::{Revision, StateMachine, Tables};
use crate::service::Service;
use crate::wire::arn::Resource;
use crate::wire::{ApiError, Arn, validate};
use asl_engine::machine::{MachineType, Outcome, Start};
use asl_engine::runtime::{Execution, NotRedrivable, StartError, Status};
use asl_engine::value::Str;
use asl_engine::{Program, Value};
use std::sync::Arc;
use uuid::Uuid;

/// What an execution is to be started of.
pub struct Startable {
    /// The state machine.
    pub machine: StateMachine,
    /// What the execution runs: the state machine's current revision, or a version's.
    pub revision: Arc<Revision>,
    /// The version, when one was asked for or an alias chose one.
    pub version_arn: Option<Str>,
    /// The alias that was asked for.
    pub alias_arn: Option<Str>,
    /// The test case whose mocked responses answer its tasks.
    pub test_case: Option<Str>,
    /// The trace header that DescribeExecution is to tell.
    pub trace_header: Option<Str>,
}

/// What an execution is to be started of: the ARN names a state machine, a version or an alias. `ARN#TEST_CASE` asks for
/// mocked responses, as with Step Functions Local.
///
/// # Errors
/// `InvalidArn`, `StateMachineDoesNotExist`, `StateMachineDeleting`; `ValidationException` when there is no such test case.
pub fn startable(service: &Service, arn: &str) -> Result<Startable, ApiError> {
    let (arn, test_case) = arn.split_once('#').map_or((arn, None), |(arn, case)| (arn, Some(case)));
    Arn::parse_state_machine(arn)?;
    let found = resolve(&service.registry().read(), arn);
    let startable = found.ok_or_else(|| ApiError::state_machine_does_not_exist(arn))?;
    let name = &startable.machine.name;
    if startable.machine.deleting {
        return Err(ApiError::state_machine_deleting(arn));
    }
    if let Some(case) = test_case.filter(|case| !service.mocks().has_test_case(name, case)) {
        return Err(ApiError::validation(format!("The mock configuration has no test case '{case}' for '{name}'")));
    }
    Ok(Startable { test_case: test_case.map(Into::into), ..startable })
}

fn resolve(tables: &Tables, arn: &str) -> Option<Startable> {
    if let Some(machine) = tables.state_machines.get(arn).cloned() {
        let revision = Arc::clone(&machine.current);
        return Some(Startable {
            machine,
            revision,
            version_arn: None,
            alias_arn: None,
            test_case: None,
            trace_header: None,
        });
    }
    let alias = tables.aliases.get(arn);
    let version = match alias {
        Some(alias) => alias.choose(below_100())?,
        None => arn,
    };
    let version = tables.versions.get(version)?;
    Some(Startable {
        machine: tables.state_machines.get(&version.state_machine_arn)?.clone(),
        revision: Arc::clone(&version.revision),
        version_arn: Some(version.arn.as_str().into()),
        alias_arn: alias.map(|alias| alias.arn.as_str().into()),
        test_case: None,
        trace_header: None,
    })
}

/// A random number: which of an alias's versions an execution gets is the server's choice, not the machine's.
fn below_100() -> u8 {
    (Uuid::new_v4().as_u64_pair().1 % 100) as u8
}

/// The input of an execution: its value, and its text when that is not the value's compact text.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    value: Value,
    text: Option<Str>,
}

impl Input {
    /// Reads an input; `{}` when there is none.
    ///
    /// # Errors
    /// `InvalidExecutionInput` when it is no JSON.
    pub fn read(text: Option<&str>) -> Result<Input, ApiError> {
        let Some(text) = text else { return Ok(Input::from(Value::empty_object())) };
        let value = Value::parse(text).map_err(ApiError::invalid_execution_input)?;
        let text = (text != value.to_json()).then(|| text.into());
        Ok(Input { value, text })
    }
}

impl From<Value> for Input {
    fn from(value: Value) -> Self {
        Input { value, text: None }
    }
}

/// The input of an execution as it was sent.
pub fn input_text(execution: &Execution) -> String {
    match &execution.start.input_text {
        Some(text) => text.to_string(),
        None => execution.start.input.to_json(),
    }
}

/// Starts an execution of a state machine, under that name or a new one.
///
/// Starting a STANDARD execution that runs already, with the same name and input, is the same as starting it once
/// (API reference, StartExecution).
///
/// # Errors
/// `InvalidName`, `ExecutionAlreadyExists`, `ExecutionLimitExceeded`, `ThrottlingException`
pub async fn start(
    service: &Service,
    startable: &Startable,
    name: Option<String>,
    input: Input,
) -> Result<Execution, ApiError> {
    let (program, start) = prepare(startable, name, &input)?;
    // INVARIANT: starts that wait to be recorded are bounded: past that, clients are told to come back.
    let _place = service.starts().try_acquire().map_err(|_| ApiError::throttling())?;
    match service.engine().start(program, start).await {
        Ok(execution) => Ok(execution),
        Err(StartError::AlreadyExists(existing))
            if existing.status() == Status::Running && same_input(&existing, &input) =>
        {
            Ok(*existing)
        }
        Err(error) => Err(refusal(error)),
    }
}

/// Starts an EXPRESS execution and waits for its end.
///
/// # Errors
/// `InvalidName`, `ExecutionLimitExceeded`
pub async fn run(
    service: &Service,
    startable: &Startable,
    name: Option<String>,
    input: Input,
) -> Result<Execution, ApiError> {
    let (program, start) = prepare(startable, name, &input)?;
    service.engine().execute(program, start).await.map_err(refusal)
}

pub(crate) fn refusal(error: StartError) -> ApiError {
    match error {
        StartError::AlreadyExists(existing) => {
            ApiError::execution_already_exists(existing.start.execution_arn.to_string())
        }
        StartError::Unkeepable | StartError::Journal(_) => {
            ApiError::internal(format!("The execution cannot be kept: {error}"))
        }
        StartError::Unavailable(error) => ApiError::service_unavailable(error),
        StartError::Stopped => ApiError::internal("The server is shutting down."),
        StartError::Overloaded => {
            ApiError::new("ExecutionLimitExceeded", "The maximum number of running executions has been reached.")
        }
    }
}

fn prepare(startable: &Startable, name: Option<String>, input: &Input) -> Result<(Arc<Program>, Start), ApiError> {
    let Startable { machine, revision, version_arn, alias_arn, test_case, trace_header } = startable;
    let name = name.unwrap_or_else(|| Uuid::new_v4().to_string());
    validate::name(&name)?;
    let state_machine = machine.name.clone();
    let resource = match machine.machine_type {
        MachineType::Standard => Resource::Execution { state_machine, name: name.clone() },
        MachineType::Express => Resource::Express { state_machine, name: name.clone(), id: Uuid::new_v4().to_string() },
    };
    let arn = Arn::parse(&machine.arn)?.sibling(resource).to_string();
    let start = Start {
        input: input.value.clone(),
        input_text: input.text.clone(),
        execution_arn: arn.as_str().into(),
        execution_name: name.into(),
        role_arn: revision.role_arn.as_str().into(),
        state_machine_arn: machine.arn.as_str().into(),
        state_machine_name: machine.name.as_str().into(),
        state_machine_version_arn: version_arn.clone(),
        state_machine_alias_arn: alias_arn.clone(),
        machine_type: machine.machine_type,
        test_case: test_case.clone(),
        trace_header: trace_header.clone(),
        seed: Uuid::new_v4().as_u64_pair().0,
        ..Start::default()
    };
    Ok((Arc::clone(&revision.program), start))
}

fn same_input(existing: &Execution, input: &Input) -> bool {
    existing.start.input_text == input.text && existing.start.input.to_json() == input.value.to_json()
}

/// The execution of that ARN.
///
/// # Errors
/// `InvalidArn`, `ExecutionDoesNotExist`
pub fn find(service: &Service, arn: &str) -> Result<Execution, ApiError> {
    Arn::parse_execution(arn)?;
    service.engine().execution(arn).ok_or_else(|| ApiError::execution_does_not_exist(arn))
}

/// As [`find`], and the EXPRESS executions that a Map Run started (API reference, *DescribeExecution*).
///
/// # Errors
/// `InvalidArn`, `ExecutionDoesNotExist`
pub fn find_or_child(service: &Service, arn: &str) -> Result<Execution, ApiError> {
    // Other EXPRESS executions are kept nowhere on AWS.
    if let Resource::Express { .. } = Arn::parse(arn)?.resource
        && let Some(child) = service.engine().execution(arn).filter(|execution| execution.map_run_arn.is_some())
    {
        return Ok(child);
    }
    find(service, arn)
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

/// Can an execution be redriven (API reference, *DescribeExecution*, `redriveStatus`), and why not?
pub fn redrive_status(service: &Service, execution: &Execution) -> (&'static str, Option<String>) {
    match execution.redrivable(service.engine().now()) {
        Err(NotRedrivable::ByMapRun) => ("REDRIVABLE_BY_MAP_RUN", None),
        Err(reason) => ("NOT_REDRIVABLE", Some(not_redrivable_reason(reason))),
        Ok(()) if is_deleted(service, execution) => ("NOT_REDRIVABLE", Some(STATE_MACHINE_DELETING.to_owned())),
        Ok(()) => ("REDRIVABLE", None),
    }
}

/// Why an execution of a state machine that is deleted cannot be redriven.
pub const STATE_MACHINE_DELETING: &str = "State machine is in DELETING status";

/// Is the execution's state machine deleted, or about to be?
pub fn is_deleted(service: &Service, execution: &Execution) -> bool {
    let is_child = execution.map_run_arn.is_some();
    !is_child && !service.registry().state_machine(&execution.start.state_machine_arn).is_ok_and(|it| !it.deleting)
}

/// `redriveStatusReason` (API reference, *DescribeExecution*).
pub fn not_redrivable_reason(reason: NotRedrivable) -> String {
    match reason {
        NotRedrivable::Status(status) => format!("Execution is {} and cannot be redriven", status_name(status)),
        NotRedrivable::HistoryFull => "Execution history event limit exceeded".to_owned(),
        NotRedrivable::TooOld => "Execution has exceeded the max execution time".to_owned(),
        NotRedrivable::Expired => "Execution redrivable period exceeded".to_owned(),
        // The API reference has no words for these.
        NotRedrivable::Express => "Execution is EXPRESS and cannot be redriven".to_owned(),
        NotRedrivable::TooOften => "Execution redrive limit exceeded".to_owned(),
        NotRedrivable::ByMapRun => {
            "Execution can only be redriven by its Map Run: redrive the parent execution".to_owned()
        }
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
