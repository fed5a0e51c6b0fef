//! The request of TestState and its checks, in the order in which AWS makes them as far as that is recorded.

use crate::operation::{definition, settings};
use crate::service::Caller;
use crate::service_model::{self, Mode};
use crate::wire::ApiError;
use crate::wire::validate::{self, Constraints};
use asl_engine::definition::program::{State, StateId, StateKind};
use asl_engine::definition::Definition;
use asl_engine::diagnostic::aws_message;
use asl_engine::machine::{MachineType, Start};
use asl_engine::task::{Pattern, Resource, TaskResult};
use asl_engine::test_state::Subject;
use asl_engine::value::{Object, Str};
use asl_engine::{Program, StatesError, Value};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

/// What the context object calls a state that is given alone (recorded).
const STATE_NAME: &str = "StateName";
/// Characters of an error and of a cause.
const ERROR: std::ops::RangeInclusive<usize> = 0..=asl_engine::limits::ERROR_CHARS_MAX;
const CAUSE: std::ops::RangeInclusive<usize> = 0..=asl_engine::limits::CAUSE_CHARS_MAX;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::operation) struct Request {
    definition: Option<String>,
    role_arn: Option<String>,
    input: Option<String>,
    inspection_level: Option<String>,
    reveal_secrets: Option<bool>,
    variables: Option<String>,
    state_name: Option<String>,
    mock: Option<Mock>,
    context: Option<String>,
    state_configuration: Option<StateConfiguration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mock {
    result: Option<String>,
    error_output: Option<ErrorOutput>,
    field_validation_mode: Option<String>,
}

#[derive(Deserialize)]
struct ErrorOutput {
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StateConfiguration {
    retrier_retry_count: Option<i64>,
    error_caused_by_state: Option<String>,
    map_iteration_failure_count: Option<i64>,
    map_item_reader_data: Option<String>,
}

/// A request that is in order.
pub(super) struct Checked {
    pub(super) program: Arc<Program>,
    pub(super) subject: Subject,
    /// The input's text.
    pub(super) input: String,
    /// What is wanted of it.
    pub(super) level: Level,
    /// Is what a connection adds to a request told?
    pub(super) reveals_secrets: bool,
}

/// `inspectionLevel`: how much is told of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Its outcome.
    Info,
    /// The values between the steps of its data flow.
    Debug,
    /// The request and the response of an HTTP task besides.
    Trace,
}

impl Request {
    pub(super) fn check(mut self, caller: &Caller) -> Result<Checked, ApiError> {
        self.constrain()?;
        self.role_arn.as_deref().map_or(Ok(()), validate::role_arn)?;
        self.check_mocking()?;
        let (program, id) = self.state()?;
        let state = program.state(id);
        self.check_state(&program, state)?;

        let input_text = self.input.take().unwrap_or_else(|| "{}".to_owned());
        let input = Value::parse(&input_text).map_err(ApiError::invalid_execution_input)?;
        let variables = self.variables()?;
        let context = self.context(state)?;
        let mock = self.mock.as_ref().map(|mock| mock.answer(state)).transpose()?;
        let configuration = self.state_configuration.unwrap_or_default();
        let subject = Subject {
            state: Some(id),
            start: start(caller, input, self.role_arn.unwrap_or_default()),
            context,
            variables,
            mock,
            retrier_retry_count: count(configuration.retrier_retry_count),
            map_iteration_failure_count: count(configuration.map_iteration_failure_count),
            map_item_reader_data: configuration.map_item_reader_data.map(Str::from),
        };
        let level = match self.inspection_level.as_deref() {
            Some("DEBUG") => Level::Debug,
            Some("TRACE") => Level::Trace,
            _ => Level::Info,
        };
        let reveals_secrets = self.reveal_secrets == Some(true);
        Ok(Checked { program, subject, input: input_text, level, reveals_secrets })
    }

    /// The constraints of each member alone.
    fn constrain(&mut self) -> Result<(), ApiError> {
        let mut constraints = Constraints::new();
        let secret = |constraints: &mut Constraints, member: &str, text: &Option<String>| {
            if let Some(text) = text {
                constraints.secret_text(member, Some(text.clone()), settings::PAYLOAD);
            }
        };
        self.definition = Some(constraints.secret_text("definition", self.definition.take(), settings::DEFINITION));
        constraints.optional_text("roleArn", self.role_arn.clone(), settings::ARN);
        secret(&mut constraints, "input", &self.input);
        constraints.one_of("inspectionLevel", self.inspection_level.as_deref(), &["INFO", "DEBUG", "TRACE"]);
        secret(&mut constraints, "variables", &self.variables);
        if let Some(name) = &self.state_name {
            constraints.secret_text("stateName", Some(name.clone()), settings::NAME);
        }
        if let Some(mock) = &self.mock {
            secret(&mut constraints, "mock.result", &mock.result);
            if let Some(output) = &mock.error_output {
                if let Some(error) = &output.error {
                    constraints.secret_text("mock.errorOutput.error", Some(error.clone()), ERROR);
                }
                if let Some(cause) = &output.cause {
                    constraints.secret_text("mock.errorOutput.cause", Some(cause.clone()), CAUSE);
                }
            }
            let mode = mock.field_validation_mode.as_deref();
            constraints.one_of("mock.fieldValidationMode", mode, &["STRICT", "PRESENT", "NONE"]);
        }
        secret(&mut constraints, "context", &self.context);
        if let Some(configuration) = &self.state_configuration {
            let member = |name| format!("stateConfiguration.{name}");
            constraints.range(&member("retrierRetryCount"), configuration.retrier_retry_count, 0..=i64::MAX);
            if let Some(name) = &configuration.error_caused_by_state {
                constraints.secret_text(&member("errorCausedByState"), Some(name.clone()), settings::NAME);
            }
            let failures = configuration.map_iteration_failure_count;
            constraints.range(&member("mapIterationFailureCount"), failures, 0..=i64::MAX);
            secret(&mut constraints, &member("mapItemReaderData"), &configuration.map_item_reader_data);
        }
        constraints.check()
    }

    /// What goes with a mock, and what does not.
    fn check_mocking(&self) -> Result<(), ApiError> {
        if let Some(mock) = &self.mock {
            if self.reveal_secrets == Some(true) {
                return Err(ApiError::not_with_a_mock("RevealSecrets"));
            }
            return match (&mock.result, &mock.error_output) {
                (Some(_), None) => Ok(()),
                (None, Some(ErrorOutput { error: Some(_), .. })) => Ok(()),
                (None, Some(_)) => Err(ApiError::validation("A mocked errorOutput must have an error.")),
                _ => Err(ApiError::validation("A mock must have either a result or an errorOutput.")),
            };
        }
        let none = StateConfiguration::default();
        let configuration = self.state_configuration.as_ref().unwrap_or(&none);
        let given = [
            ("Context", self.context.is_some()),
            ("RetrierRetryCount", configuration.retrier_retry_count.is_some()),
            ("ErrorCausedByState", configuration.error_caused_by_state.is_some()),
            ("MapIterationFailureCount", configuration.map_iteration_failure_count.is_some()),
            ("MapItemReaderData", configuration.map_item_reader_data.is_some()),
        ];
        let refused = given.into_iter().find(|(_, given)| *given);
        refused.map_or(Ok(()), |(member, _)| Err(ApiError::only_with_a_mock(member)))
    }

    /// The state to be tested: one of a whole definition when it is named, else the definition is the state.
    fn state(&self) -> Result<(Arc<Program>, StateId), ApiError> {
        let text = self.definition.as_deref().unwrap_or_default();
        if let Some(name) = &self.state_name {
            let program = definition::compile(text, MachineType::Standard)?;
            let id = program.find(name).ok_or_else(ApiError::state_not_found_in_definition)?;
            return Ok((program, id));
        }
        let definition = Definition::parse_state(text, STATE_NAME, &definition::options());
        let invalid = || ApiError::invalid_definition(aws_message(&definition.diagnostics));
        let program = definition.program.clone().ok_or_else(invalid)?;
        let id = program.start_at;
        Ok((program, id))
    }

    /// What can be asked of a state of that type.
    fn check_state(&self, program: &Program, state: &State) -> Result<(), ApiError> {
        let mocked = self.mock.is_some();
        match &state.kind {
            StateKind::Parallel(_) | StateKind::Map(_) if !mocked => return Err(ApiError::state_type_needs_mock()),
            StateKind::Task(task) if !mocked && only_mocked(&task.resource) => {
                return Err(ApiError::invalid_definition(format!(
                    "TestState API does not support the resource '{}' when a mock is not specified: activities, and the \
                     '.sync' and '.waitForTaskToken' service integration patterns, need one.",
                    task.resource.arn()
                )));
            }
            StateKind::Parallel(_) | StateKind::Map(_) | StateKind::Task(_) => {}
            kind if mocked => return Err(ApiError::state_type_without_mock(&format!("{:?}", kind.type_name()))),
            _ => {}
        }
        let Some(configuration) = &self.state_configuration else { return Ok(()) };
        let is_map = matches!(state.kind, StateKind::Map(_));
        if configuration.map_iteration_failure_count.is_some() && !is_map {
            return Err(ApiError::validation("MapIterationFailureCount can only be specified for Map states."));
        }
        if configuration.map_item_reader_data.is_some() && !is_map {
            return Err(ApiError::validation("MapItemReaderData can only be specified for Map states."));
        }
        match &configuration.error_caused_by_state {
            Some(_) if matches!(state.kind, StateKind::Task(_)) => {
                Err(ApiError::validation("ErrorCausedByState can only be specified for Map and Parallel states."))
            }
            Some(name) if program.find(name).is_none() => Err(ApiError::state_not_found_in_definition()),
            _ => Ok(()),
        }
    }

    fn variables(&self) -> Result<Object, ApiError> {
        match self.variables.as_deref().map(Value::parse) {
            None => Ok(Object::default()),
            Some(Ok(Value::Object(variables))) => Ok(variables),
            Some(Ok(_)) => Err(ApiError::validation("Invalid variables provided: they must be a JSON object")),
            Some(Err(error)) => Err(ApiError::validation(format!("Invalid variables provided: {error}"))),
        }
    }

    fn context(&self, state: &State) -> Result<Option<Value>, ApiError> {
        let Some(text) = &self.context else { return Ok(None) };
        let context = Value::parse(text).map_err(ApiError::invalid_context_object)?;
        if context.as_object().is_none() {
            return Err(ApiError::invalid_context_object("Context object must be a JSON object"));
        }
        let pattern = match &state.kind {
            StateKind::Task(task) => task.resource.pattern(),
            _ => Pattern::RequestResponse,
        };
        if context.get("Task").is_some() && pattern == Pattern::RequestResponse {
            return Err(ApiError::invalid_context_object(
                "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' \
                 service integration pattern",
            ));
        }
        Ok(Some(context))
    }
}

impl Mock {
    /// What the state's task, branches or iterations amount to.
    fn answer(&self, state: &State) -> Result<TaskResult, ApiError> {
        if let Some(ErrorOutput { error, cause }) = &self.error_output {
            let text = |text: &Option<String>| text.as_deref().map(Str::from);
            return Ok(Err(StatesError { error: text(error), cause: text(cause) }));
        }
        let text = self.result.as_deref().unwrap_or_default();
        let result = Value::parse(text)
            .map_err(|error| ApiError::validation(format!("Mocked result must be valid JSON: {error}")))?;
        match &state.kind {
            StateKind::Task(task) => service_model::check(&task.resource, &result, self.mode())
                .map_err(|mismatch| ApiError::mocked_result_mismatch(&mismatch.field, mismatch.problem))?,
            StateKind::Parallel(parallel) => match result.as_array() {
                None => return Err(ApiError::mocked_result_not_an_array()),
                Some(results) if results.len() != parallel.branches.len() => {
                    return Err(ApiError::mocked_result_of_other_length());
                }
                Some(_) => {}
            },
            StateKind::Map(map) => {
                // With a ResultWriter, the result tells where the results were written.
                let written = map.distributed.as_ref().is_some_and(|distributed| distributed.result_writer.is_some());
                if !written && result.as_array().is_none() {
                    return Err(ApiError::mocked_result_not_an_array());
                }
            }
            _ => {}
        }
        Ok(Ok(result))
    }

    fn mode(&self) -> Mode {
        match self.field_validation_mode.as_deref() {
            Some("PRESENT") => Mode::Present,
            Some("NONE") => Mode::None,
            _ => Mode::Strict,
        }
    }
}

/// Can a task of that resource only be tested with a mock?
fn only_mocked(resource: &Resource) -> bool {
    matches!(resource, Resource::Activity { .. }) || resource.pattern() != Pattern::RequestResponse
}

fn count(number: Option<i64>) -> u64 {
    number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0)
}

/// What the context object tells of the execution: one of a state machine that there is for this test only (recorded).
fn start(caller: &Caller, input: Value, role_arn: String) -> Start {
    let (machine, execution) = (Uuid::new_v4(), Uuid::new_v4());
    Start {
        input,
        execution_arn: format!("{}{machine}:{execution}", caller.arn_prefix("express")).into(),
        execution_name: execution.to_string().into(),
        role_arn: role_arn.into(),
        state_machine_arn: format!("{}{machine}", caller.arn_prefix("stateMachine")).into(),
        state_machine_name: machine.to_string().into(),
        seed: Uuid::new_v4().as_u64_pair().0,
        ..Start::default()
    }
}
