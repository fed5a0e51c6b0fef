//! The typed state graph: a definition with every name resolved and every path, template and expression parsed once.

use crate::definition::{Definition, Format, ParseOptions};
use crate::jsonpath::ReferencePath;
use crate::query::{Condition, Expression, QueryLanguage, Template};
use crate::task::Resource;
use crate::value::{Str, Value};
use std::collections::BTreeSet;

/// A state's place in [`Program::states`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct StateId(pub u32);

/// A compiled definition: immutable, shared by all executions.
#[derive(Debug)]
pub struct Program {
    /// Every state of the machine, of its branches and of its item processors, in one arena.
    pub states: Vec<State>,
    /// The state the machine starts at.
    pub start_at: StateId,
    /// The execution's own timeout.
    pub timeout_seconds: Option<u64>,
    /// The machine's query language.
    pub query_language: QueryLanguage,
    /// What it was compiled of; `None` for a state alone.
    pub source: Option<ProgramSource>,
}

/// What a program was compiled of: enough to compile it again.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ProgramSource {
    /// The definition as JSON, placeholders filled in.
    pub text: Str,
    /// For which kind of machine.
    pub kind: crate::definition::MachineType,
}

impl ProgramSource {
    /// The program again. It was accepted once, so it is taken also when this interpreter would refuse it, as long as it can be
    /// executed. `None`: it cannot.
    pub fn compile(&self) -> Option<std::sync::Arc<Program>> {
        let options = ParseOptions { format: Format::Json, kind: self.kind, ..ParseOptions::default() };
        Definition::parse_accepted(&self.text, &options)
    }
}

impl Program {
    /// The state with that id.
    pub fn state(&self, id: StateId) -> &State {
        &self.states[id.0 as usize]
    }

    /// The activities that Task states name, each once.
    pub fn activities(&self) -> BTreeSet<Str> {
        let activity = |state: &State| match &state.kind {
            StateKind::Task(task) => match &task.resource {
                Resource::Activity { arn } => Some(arn.clone()),
                _ => None,
            },
            _ => None,
        };
        self.states.iter().filter_map(activity).collect()
    }

    /// The first state of that name, in the order of the definition.
    pub fn find(&self, name: &str) -> Option<StateId> {
        self.states.iter().position(|state| state.name == name).map(|index| StateId(index as u32))
    }
}

/// One state.
#[derive(Debug)]
pub struct State {
    /// Its name.
    pub name: Str,
    /// Its own query language, or the machine's.
    pub query_language: QueryLanguage,
    /// What kind of state it is, with the fields of that kind.
    pub kind: StateKind,
    /// `InputPath` (JSONPath).
    pub input_path: ReadPath,
    /// `OutputPath` (JSONPath).
    pub output_path: ReadPath,
    /// `Output` (JSONata).
    pub output: Option<Template>,
    /// `Assign`: variables and the templates of their values.
    pub assign: Assign,
    /// `Next` or `End`. Not used by Choice, Succeed and Fail states.
    pub next: Transition,
}

/// Variables to set, in the order of the definition.
pub type Assign = Vec<(Str, Template)>;

/// Where a state leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// `Next`
    Next(StateId),
    /// `End: true`, and the states that always end.
    End,
}

/// `InputPath` and `OutputPath`.
#[derive(Debug, Default)]
pub enum ReadPath {
    /// Absent or `$`: the whole value.
    #[default]
    Whole,
    /// `null`: an empty object instead.
    Discard,
    /// A path, context path or variable.
    At(Expression),
}

/// `ResultPath`.
#[derive(Debug, Default)]
pub enum ResultPath {
    /// Absent or `$`: the result replaces the input.
    #[default]
    Replace,
    /// `null`: the result is dropped, the input goes on.
    Discard,
    /// The result is written into the input.
    At(ReferencePath),
}

/// A field that may be a literal or computed from the state's input.
#[derive(Debug, Clone)]
pub enum Dynamic<T> {
    /// Known when the definition is read.
    Literal(T),
    /// The `…Path` form, an intrinsic function or a JSONata expression.
    Query(Expression),
}

/// The kinds of state, each with its own fields.
#[derive(Debug)]
pub enum StateKind {
    /// A Pass state.
    Pass(Pass),
    /// A Task state.
    Task(Box<Task>),
    /// A Choice state.
    Choice(Choice),
    /// A Wait state.
    Wait(Wait),
    /// A Succeed state.
    Succeed,
    /// A Fail state.
    Fail(Fail),
    /// A Parallel state.
    Parallel(Box<Parallel>),
    /// A Map state.
    Map(Box<Map>),
}

impl StateKind {
    /// The type as the definition and the history write it: `Pass`, `Task`, …
    pub fn type_name(&self) -> StateType {
        match self {
            StateKind::Pass(_) => StateType::Pass,
            StateKind::Task(_) => StateType::Task,
            StateKind::Choice(_) => StateType::Choice,
            StateKind::Wait(_) => StateType::Wait,
            StateKind::Succeed => StateType::Succeed,
            StateKind::Fail(_) => StateType::Fail,
            StateKind::Parallel(_) => StateType::Parallel,
            StateKind::Map(_) => StateType::Map,
        }
    }
}

/// The names of the kinds of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "the specification's own words")]
pub enum StateType {
    Pass,
    Task,
    Choice,
    Wait,
    Succeed,
    Fail,
    Parallel,
    Map,
}

/// The fields of a Pass state.
#[derive(Debug, Default)]
pub struct Pass {
    /// `Result` (JSONPath)
    pub result: Option<Value>,
    /// `Parameters` (JSONPath)
    pub parameters: Option<Template>,
    /// `ResultPath`
    pub result_path: ResultPath,
}

/// The fields of a Task state.
#[derive(Debug)]
pub struct Task {
    /// `Resource`
    pub resource: Resource,
    /// `Parameters` or `Arguments`
    pub arguments: Option<Template>,
    /// `Credentials`
    pub credentials: Option<Template>,
    /// `TimeoutSeconds`, `TimeoutSecondsPath`
    pub timeout_seconds: Option<Dynamic<u64>>,
    /// `HeartbeatSeconds`, `HeartbeatSecondsPath`
    pub heartbeat_seconds: Option<Dynamic<u64>>,
    /// `ResultSelector`
    pub result_selector: Option<Template>,
    /// `ResultPath`
    pub result_path: ResultPath,
    /// `Retry` and `Catch`
    pub recovery: Recovery,
}

/// `Retry` and `Catch` of a Task, Parallel or Map state.
#[derive(Debug, Default)]
pub struct Recovery {
    /// `Retry`
    pub retry: Vec<Retrier>,
    /// `Catch`
    pub catch: Vec<Catcher>,
}

/// One Retrier (spec, "Retrying after error").
#[derive(Debug)]
pub struct Retrier {
    /// `ErrorEquals`
    pub error_equals: Vec<Str>,
    /// `IntervalSeconds`, 1 by default
    pub interval_seconds: u64,
    /// `MaxAttempts`, 3 by default; 0: never retried
    pub max_attempts: u64,
    /// `BackoffRate`, 2.0 by default
    pub backoff_rate: f64,
    /// `MaxDelaySeconds`
    pub max_delay_seconds: Option<u64>,
    /// `JitterStrategy`: FULL (true) or NONE
    pub full_jitter: bool,
}

/// One Catcher (spec, "Fallback states").
#[derive(Debug)]
pub struct Catcher {
    /// `ErrorEquals`
    pub error_equals: Vec<Str>,
    /// `ResultPath` (JSONPath)
    pub result_path: ResultPath,
    /// `Output` (JSONata)
    pub output: Option<Template>,
    /// `Assign`
    pub assign: Assign,
    /// `Next`
    pub next: StateId,
}

/// The fields of a Choice state.
#[derive(Debug)]
pub struct Choice {
    /// `Choices`
    pub rules: Vec<ChoiceRule>,
    /// `Default`
    pub default: Option<StateId>,
}

/// One top-level Choice Rule.
#[derive(Debug)]
pub struct ChoiceRule {
    /// When it matches.
    pub condition: Condition,
    /// `Next`
    pub next: StateId,
    /// `Assign`
    pub assign: Assign,
    /// `Output` (JSONata)
    pub output: Option<Template>,
}

/// The fields of a Wait state.
#[derive(Debug)]
pub enum Wait {
    /// `Seconds`, `SecondsPath`
    Seconds(Dynamic<u64>),
    /// `Timestamp`, `TimestampPath`; a literal is kept as written
    Timestamp(Dynamic<Str>),
}

/// The fields of a Fail state.
#[derive(Debug, Default)]
pub struct Fail {
    /// `Error`, `ErrorPath`
    pub error: Option<Dynamic<Str>>,
    /// `Cause`, `CausePath`
    pub cause: Option<Dynamic<Str>>,
}

/// The fields of a Parallel state.
#[derive(Debug)]
pub struct Parallel {
    /// The first state of each of `Branches`.
    pub branches: Vec<StateId>,
    /// `Parameters` or `Arguments`
    pub arguments: Option<Template>,
    /// `ResultSelector`
    pub result_selector: Option<Template>,
    /// `ResultPath`
    pub result_path: ResultPath,
    /// `Retry` and `Catch`
    pub recovery: Recovery,
}

/// The fields of a Map state.
#[derive(Debug)]
pub struct Map {
    /// `ItemsPath` (JSONPath) or `Items` (JSONata); the whole input when absent
    pub items: Option<Items>,
    /// `ItemSelector`, or the older `Parameters`
    pub item_selector: Option<Template>,
    /// `MaxConcurrency`, `MaxConcurrencyPath`; 0: no limit of its own
    pub max_concurrency: Dynamic<u64>,
    /// The first state of `ItemProcessor` or `Iterator`
    pub processor: StateId,
    /// Set when the item processor's mode is DISTRIBUTED
    pub distributed: Option<Distributed>,
    /// `ToleratedFailureCount`, `ToleratedFailureCountPath`
    pub tolerated_failure_count: Option<Dynamic<u64>>,
    /// `ToleratedFailurePercentage`, `ToleratedFailurePercentagePath`
    pub tolerated_failure_percentage: Option<Dynamic<f64>>,
    /// `ResultSelector`
    pub result_selector: Option<Template>,
    /// `ResultPath`
    pub result_path: ResultPath,
    /// `Retry` and `Catch`
    pub recovery: Recovery,
}

/// Where a Map state's items come from.
#[derive(Debug)]
pub enum Items {
    /// `ItemsPath`
    Path(Expression),
    /// JSONata `Items`: an expression, or an array (of templates)
    Template(Template),
}

/// The fields that only a Distributed Map has.
#[derive(Debug)]
pub struct Distributed {
    /// `ProcessorConfig.ExecutionType` is EXPRESS
    pub express: bool,
    /// `Label`
    pub label: Option<Str>,
    /// `ItemReader`
    pub item_reader: Option<ItemReader>,
    /// `ItemBatcher`
    pub item_batcher: Option<ItemBatcher>,
    /// `ResultWriter`
    pub result_writer: Option<ResultWriter>,
}

/// `ItemReader` of a Distributed Map.
#[derive(Debug)]
pub struct ItemReader {
    /// `Resource`
    pub resource: Resource,
    /// `Parameters` or `Arguments`
    pub arguments: Option<Template>,
    /// `ReaderConfig`, without its `MaxItems`
    pub config: Value,
    /// `ReaderConfig.MaxItems`, `MaxItemsPath`
    pub max_items: Option<Dynamic<u64>>,
}

/// `ItemBatcher` of a Distributed Map.
#[derive(Debug)]
pub struct ItemBatcher {
    /// `BatchInput`
    pub batch_input: Option<Template>,
    /// `MaxItemsPerBatch`, `MaxItemsPerBatchPath`
    pub max_items: Option<Dynamic<u64>>,
    /// `MaxInputBytesPerBatch`, `MaxInputBytesPerBatchPath`
    pub max_input_bytes: Option<Dynamic<u64>>,
}

/// `ResultWriter` of a Distributed Map.
#[derive(Debug)]
pub struct ResultWriter {
    /// `Resource`; absent when only `WriterConfig` is given
    pub resource: Option<Resource>,
    /// `Parameters` or `Arguments`
    pub arguments: Option<Template>,
    /// `WriterConfig`
    pub config: Value,
}
