//! How data goes through a state (spec, "Input and output processing").
//!
//! JSONPath: raw input → InputPath → Parameters → result → ResultSelector → ResultPath (into the raw input) →
//! OutputPath → output. JSONata: input → Arguments → result → Output → output. Variables are assigned at the end, from
//! the values before the state.

use super::environment::Surroundings;
use super::frame::FrameId;
use super::turn::{Exit, Turn};
use crate::definition::program::{Assign, ReadPath, ResultPath, State, StateKind, Transition};
use crate::error::{self, StatesError};
use crate::limits;
use crate::query::{Expression, Location, QueryError, QueryLanguage, Scope, Template};
use crate::value::{Str, Value};

/// What remains to be done with the result of a state.
#[derive(Clone, Copy)]
pub(super) struct ResultFlow<'p> {
    pub(super) result_selector: Option<&'p Template>,
    pub(super) result_path: &'p ResultPath,
    pub(super) output: Option<&'p Template>,
    pub(super) assign: &'p Assign,
    pub(super) next: Transition,
    /// Whose Output and Assign they are: the state's own, or those of one of its choice rules.
    pub(super) clause: Clause,
    /// Does the state define JSONata's `$states.result`? (Task, Parallel and Map do.)
    pub(super) defines_result: bool,
}

/// Whose fields Output and Assign are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Clause {
    /// The state's own.
    State,
    /// Those of the rule of that index.
    Choices(usize),
    /// Those of the catcher of that index.
    Catch(usize),
}

impl Clause {
    /// Calls `then` with the location of a field of the clause.
    fn at<R>(self, field: &str, then: impl FnOnce(&Location<'_>) -> R) -> R {
        match self {
            Clause::State => then(&Location::field(field)),
            Clause::Choices(index) => then(&Location::field("Choices").item(index).member(field)),
            Clause::Catch(index) => then(&Location::field("Catch").item(index).member(field)),
        }
    }

    /// The value of the clause's Output.
    pub(super) fn output(self, template: &Template, scope: &Scope<'_>) -> Result<Value, QueryError> {
        self.at("Output", |location| template.evaluate(scope, location))
    }

    /// The values of the clause's Assign, all computed before any is set (spec, "Assign": the order does not matter).
    pub(super) fn assign(self, assign: &Assign, scope: &Scope<'_>) -> Result<Vec<(Str, Value)>, QueryError> {
        let value = |template: &Template, name: &str| {
            self.at("Assign", |assign| template.evaluate(scope, &assign.member(name)))
        };
        assign.iter().map(|(name, template)| Ok((name.clone(), value(template, name)?))).collect()
    }
}

/// The flow of a state without ResultSelector and ResultPath of its own.
impl<'p> ResultFlow<'p> {
    pub(super) fn plain(state: &'p State) -> Self {
        ResultFlow {
            result_selector: None,
            result_path: &ResultPath::Replace,
            output: state.output.as_ref(),
            assign: &state.assign,
            next: state.next,
            clause: Clause::State,
            defines_result: false,
        }
    }
}

impl<'p> Turn<'p> {
    /// The state's effective input: InputPath applied to the raw input.
    pub(super) fn effective_input(&self, id: FrameId, state: &State) -> Result<Value, QueryError> {
        let Some(frame) = self.frame(id) else { return Ok(Value::Null) };
        let input = read(&state.input_path, &frame.input, &self.surroundings(id))?;
        // Recorded: of a Parallel state, nothing is seen before its result.
        if state.query_language == QueryLanguage::JsonPath && !matches!(state.kind, StateKind::Parallel(_)) {
            self.see(|seen| seen.after_input_path = Some(input.clone()));
        }
        Ok(input)
    }

    /// A template's value with the given `$`; the value itself when there is no template.
    pub(super) fn apply_template(
        &self,
        id: FrameId,
        template: Option<&Template>,
        field: &'static str,
        input: Value,
    ) -> Result<Value, QueryError> {
        match template {
            None => Ok(input),
            Some(template) => {
                let environment = self.surroundings(id);
                template.evaluate(
                    &Scope { input: &input, result: None, error_output: None, environment: &environment },
                    &Location::field(field),
                )
            }
        }
    }

    /// An expression's value with the given `$`.
    pub(super) fn evaluate(
        &self,
        id: FrameId,
        expression: &Expression,
        field: &str,
        input: &Value,
    ) -> Result<Value, QueryError> {
        let environment = self.surroundings(id);
        let scope = Scope { input, result: None, error_output: None, environment: &environment };
        expression.evaluate(&scope, &Location::field(field))
    }

    /// The state succeeded with `result`: works out its output and variables and leaves it; or fails it.
    pub(super) fn state_succeeded(&mut self, id: FrameId, result: Value, flow: ResultFlow<'_>) {
        match self.exit_with(id, &result, flow) {
            Ok(exit) => self.leave(id, exit),
            Err(error) => self.evaluation_failed(id, error),
        }
    }

    fn exit_with(&self, id: FrameId, result: &Value, flow: ResultFlow<'_>) -> Result<Exit, QueryError> {
        let (Some(state), Some(frame)) = (self.state_of(id), self.frame(id)) else {
            return Ok(Exit { output: Value::Null, assigned: Vec::new(), next: flow.next });
        };
        let environment = self.surroundings(id);
        let (output, assigned) = match state.query_language {
            QueryLanguage::JsonPath => {
                let scope = Scope { input: result, result: None, error_output: None, environment: &environment };
                let selected = match flow.result_selector {
                    Some(selector) => selector.evaluate(&scope, &Location::field("ResultSelector"))?,
                    None => result.clone(),
                };
                // Recorded: seen of the kinds of state that may have these fields, and only of them.
                let seen = match state.kind {
                    StateKind::Pass(_) | StateKind::Task(_) | StateKind::Parallel(_) | StateKind::Map(_) => true,
                    StateKind::Choice(_) | StateKind::Wait(_) | StateKind::Succeed | StateKind::Fail(_) => false,
                };
                if seen {
                    self.see(|seen| seen.after_result_selector = Some(selected.clone()));
                }
                let assigned = flow.clause.assign(flow.assign, &scope)?;
                let combined = match flow.result_path {
                    ResultPath::Replace => selected,
                    ResultPath::Discard => frame.input.clone(),
                    ResultPath::At(path) => path.write(frame.input.clone(), selected)?,
                };
                if seen {
                    self.see(|seen| seen.after_result_path = Some(combined.clone()));
                }
                (read(&state.output_path, &combined, &environment)?, assigned)
            }
            QueryLanguage::Jsonata => {
                let scope = Scope {
                    input: &frame.input,
                    result: flow.defines_result.then_some(result),
                    error_output: None,
                    environment: &environment,
                };
                let output = match flow.output {
                    Some(template) => flow.clause.output(template, &scope)?,
                    None => result.clone(),
                };
                (output, flow.clause.assign(flow.assign, &scope)?)
            }
        };
        self.check_exit(id, Exit { output, assigned, next: flow.next }, &state.name)
    }

    /// Keeps a state's output and variables within their limits.
    pub(super) fn check_exit(&self, id: FrameId, exit: Exit, state: &str) -> Result<Exit, QueryError> {
        self.check_size(&exit.output, state)?;
        if !exit.assigned.is_empty() {
            self.check_variables(id, &exit.assigned, state)?;
        }
        Ok(exit)
    }

    fn check_variables(&self, id: FrameId, assigned: &[(Str, Value)], state: &str) -> Result<(), StatesError> {
        let added: usize = assigned.iter().map(|(_, value)| value.json_len()).sum();
        if added > limits::ASSIGN_BYTES_MAX {
            return Err(error::assign_too_large(state));
        }
        if let Some((_, deep)) = assigned.iter().find(|(_, value)| value.depth() > limits::VALUE_DEPTH_MAX) {
            self.check_size(deep, state)?;
        }
        // As many frames as run at once.
        let kept: usize = self.core.frames.iter().map(|(_, frame)| frame.variables.bytes()).sum();
        let old = |name: &Str| self.frame(id).and_then(|frame| frame.variables.get(name)).map_or(0, Value::json_len);
        let replaced: usize = assigned.iter().map(|(name, _)| old(name)).sum();
        if kept - replaced + added > limits::VARIABLES_BYTES_MAX {
            return Err(error::variables_too_large(state));
        }
        Ok(())
    }

    /// Keeps payloads within their limit.
    pub(super) fn check_size(&self, value: &Value, state: &str) -> Result<(), StatesError> {
        if value.json_len() > limits::PAYLOAD_BYTES_MAX {
            return Err(error::data_limit_exceeded(state));
        }
        if value.depth() > limits::VALUE_DEPTH_MAX {
            return Err(error::nested_too_deep(limits::VALUE_DEPTH_MAX));
        }
        Ok(())
    }
}

/// InputPath and OutputPath.
pub(super) fn read(path: &ReadPath, value: &Value, environment: &Surroundings<'_>) -> Result<Value, QueryError> {
    match path {
        ReadPath::Whole => Ok(value.clone()),
        ReadPath::Discard => Ok(Value::empty_object()),
        ReadPath::At(expression) => {
            let scope = Scope { input: value, result: None, error_output: None, environment };
            expression.evaluate(&scope, &Location::field("InputPath"))
        }
    }
}
