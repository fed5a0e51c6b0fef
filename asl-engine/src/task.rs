//! Tasks: what a Task state asks of the world, and how Rust code answers it.

use crate::error::StatesError;
use crate::object;
use crate::value::{Array, Str, Value};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::sync::Arc;

/// What a task answers: its output, or the error that Retry and Catch see.
pub type TaskResult = Result<Value, StatesError>;

/// A future of a task's answer. It is dropped when nobody waits for the answer any more: the task timed out, its execution was
/// stopped, another branch failed.
pub type TaskFuture = Pin<Box<dyn Future<Output = TaskResult> + Send>>;

/// What a task is for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Purpose {
    /// The work of a Task state.
    #[default]
    Task,
    /// ItemReader of a distributed Map state: answer with the array of its items, or with [`ItemsRead::answer`], which tells
    /// where they come from. Whoever has the bytes of an object can turn them into items with [`crate::item_reader::read`].
    ReadItems {
        /// `ReaderConfig`
        config: Value,
        /// `MaxItems`: more are not needed.
        max_items: Option<u64>,
    },
    /// ResultWriter of a distributed Map state: store a part of the results.
    WriteResults(Box<WriteResults>),
}

/// A part of the results that a ResultWriter is to store; each result as JSON text, in the order of the items.
///
/// Parts come one by one, so that results need not be in memory together. Answer the last one with the
/// `ResultWriterDetails` (`{"Bucket": …, "Key": …}`), the others with whatever tells of the part: it comes back in `earlier`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WriteResults {
    /// `WriterConfig`
    pub config: Value,
    /// The Map Run the results are of.
    pub map_run_arn: Str,
    /// How often the Map Run was redriven. What earlier parts tell of children that failed or never started is out of date once
    /// it is redriven; what they tell of those that succeeded is not.
    pub redrives: u64,
    /// What was answered for the parts before this one.
    pub earlier: Vec<Value>,
    /// Is this the last part?
    pub last: bool,
    /// What the child executions gave that succeeded, transformed as `WriterConfig` asks.
    pub succeeded: Vec<Str>,
    /// How the other child executions ended.
    pub failed: Vec<Str>,
    /// The inputs of the child executions that never started, because the Map Run failed.
    pub pending: Vec<Str>,
}

/// What an ItemReader read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemsRead {
    /// The items.
    pub items: Array,
    /// Where the items come from (`$$.Map.Item.Source`), and how many come from there; in the order of the items.
    pub sources: Vec<(Str, u64)>,
}

impl ItemsRead {
    /// As the answer to [`Purpose::ReadItems`].
    pub fn answer(self) -> Value {
        let sources = self.sources.into_iter().map(|(source, items)| object! { "Source" => source, "Items" => items });
        let sources: Array = sources.collect();
        object! { "Items" => self.items, "Sources" => sources }
    }

    /// Reads an answer: [`ItemsRead::answer`], or a bare array. `None`: it is neither.
    pub(crate) fn of(answer: Value) -> Option<ItemsRead> {
        match answer {
            Value::Array(items) => Some(ItemsRead { items, sources: Vec::new() }),
            answer => {
                let items = answer.get("Items")?.as_array()?.clone();
                let source = |source: &Value| {
                    let count = u64::try_from(source.get("Items")?.as_i64()?).ok()?;
                    Some((Str::from(source.get("Source")?.as_str()?), count))
                };
                let sources = answer.get("Sources").and_then(Value::as_array);
                Some(ItemsRead {
                    items,
                    sources: sources.into_iter().flat_map(|all| all.iter()).filter_map(source).collect(),
                })
            }
        }
    }
}

/// One invocation of a task.
#[derive(Clone, Debug)]
pub struct TaskRequest {
    /// What it is for.
    pub purpose: Purpose,
    /// The task's resource.
    pub resource: Resource,
    /// The task's input: a function's payload, or a service's parameters.
    pub input: Value,
    /// The execution that asks.
    pub execution_arn: Str,
    /// Tells it from one that had the same ARN before (on a server that has forgotten it).
    pub seed: u64,
    /// The state that asks.
    pub state: Str,
    /// Counts the attempts of this task in the execution; the same again after a restart.
    pub task: u64,
    /// The token of the task, for activities and `.waitForTaskToken`.
    pub token: Option<Str>,
    /// The task's own timeout, when it has one.
    pub timeout_seconds: Option<u64>,
    /// How long nothing may be heard of it ([`Progress::heartbeat`]), when that is limited.
    pub heartbeat_seconds: Option<u64>,
    /// `Credentials`, when the state has them.
    pub credentials: Option<Value>,
    /// What the service answered when it accepted the job, when it is known to have: a restart asks again for a `.sync`
    /// task whose job runs already, and only its end is to be waited for.
    pub submitted: Option<Value>,
    /// Tells the execution how the task gets on.
    pub progress: Progress,
}

impl TaskRequest {
    /// A request with nothing but a resource and an input, to call a handler by hand.
    pub fn new(resource: Resource, input: Value) -> Self {
        TaskRequest {
            purpose: Purpose::Task,
            resource,
            input,
            execution_arn: Str::default(),
            seed: 0,
            state: Str::default(),
            task: 0,
            token: None,
            timeout_seconds: None,
            heartbeat_seconds: None,
            credentials: None,
            submitted: None,
            progress: Progress::default(),
        }
    }

    /// An id for this invocation, in the form of AWS's request ids; the same again when a restart repeats the invocation.
    pub fn request_id(&self) -> String {
        let [high, low] = [0, 1].map(|half| {
            foldhash::fast::FixedState::with_seed(half).hash_one((&self.execution_arn, self.seed, self.task))
        });
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 48) & 0x3fff,
            low & 0xffff_ffff_ffff
        )
    }
}

/// Tells an execution, before the task ends, that its service accepted the job (`TaskSubmitted`), or that it still
/// works on it (a heartbeat). Does nothing for tasks that nobody waits for any more.
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(TaskProgress) + Send + Sync>);

/// What a [`Progress`] tells.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskProgress {
    /// A `.sync` job was accepted: the service's answer.
    Submitted(Value),
    /// It is still being worked on.
    Heartbeat,
}

impl Progress {
    /// Calls `listener` for each piece of progress.
    pub fn new(listener: impl Fn(TaskProgress) + Send + Sync + 'static) -> Self {
        Progress(Arc::new(listener))
    }

    /// The service accepted the job, with this answer (`.sync` tasks).
    pub fn submitted(&self, output: Value) {
        (self.0)(TaskProgress::Submitted(output));
    }

    /// The task is still being worked on.
    pub fn heartbeat(&self) {
        (self.0)(TaskProgress::Heartbeat);
    }
}

/// Tells nobody.
impl Default for Progress {
    fn default() -> Self {
        Progress(Arc::new(|_| ()))
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Progress")
    }
}

/// Answers tasks. Must be able to answer the same request twice: after a restart it is asked again (at-least-once).
pub trait TaskHandler: Send + Sync + 'static {
    /// Answers one request. A panic fails this task alone.
    fn call(&self, request: TaskRequest) -> TaskFuture;
}

impl<F, R> TaskHandler for F
where
    F: Fn(TaskRequest) -> R + Send + Sync + 'static,
    R: Future<Output = TaskResult> + Send + 'static,
{
    fn call(&self, request: TaskRequest) -> TaskFuture {
        Box::pin(self(request))
    }
}

/// Makes a handler of a function from a deserialisable input to a serialisable output, or an error.
///
/// The input is the function's payload. An input that does not fit fails the task with `Runtime.UnmarshalError`.
///
/// ```
/// use asl_engine::{StatesError, task::typed};
/// #[derive(serde::Deserialize)]
/// struct Order { id: String }
/// let handler = typed(|order: Order| async move {
///     if order.id.starts_with('1') { return Err(StatesError::new("ErrProcessOrder", "no such product")) }
///     Ok(serde_json::json!({ "accepted": order.id }))
/// });
/// # let _: std::sync::Arc<dyn asl_engine::task::TaskHandler> = handler;
/// ```
pub fn typed<I, O, F, R>(function: F) -> Arc<dyn TaskHandler>
where
    I: serde::de::DeserializeOwned + Send,
    O: serde::Serialize,
    F: Fn(I) -> R + Send + Sync + 'static,
    R: Future<Output = Result<O, StatesError>> + Send + 'static,
{
    Arc::new(move |request: TaskRequest| -> TaskFuture {
        match serde_json::from_str(&request.input.to_json()) {
            Ok(input) => {
                let answer = function(input);
                Box::pin(async move {
                    let json = serde_json::to_string(&answer.await?);
                    json.ok().and_then(|json| Value::parse(&json).ok()).ok_or_else(|| {
                        StatesError::new("Runtime.MarshalError", "the function's result cannot be written as JSON")
                    })
                })
            }
            Err(error) => {
                let error = StatesError::new("Runtime.UnmarshalError", format!("the input does not fit: {error}"));
                Box::pin(async move { Err(error) })
            }
        }
    })
}

/// What a Task state's `Resource` names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resource {
    /// A Lambda function by its ARN (`arn:aws:lambda:REGION:ACCOUNT:function:NAME`).
    LambdaFunction {
        /// The ARN as written.
        arn: Str,
    },
    /// An activity by its ARN.
    Activity {
        /// The ARN as written.
        arn: Str,
    },
    /// A service integration: `arn:aws:states:::SERVICE:ACTION` with an optional pattern.
    Service {
        /// The ARN as written.
        arn: Str,
        /// The service, as histories write it in `resourceType`: `lambda`, `sns`, `aws-sdk:dynamodb`.
        service: Str,
        /// The action without its pattern: `invoke`, `startExecution`.
        action: Str,
        /// How the task ends.
        pattern: Pattern,
    },
}

/// When a service task ends (Developer Guide, *Service integration patterns*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pattern {
    /// With the service's answer.
    RequestResponse,
    /// `.sync`: when the job it started ends.
    Sync,
    /// `.sync:2`: as `.sync`, with the job's JSON output parsed.
    Sync2,
    /// `.waitForTaskToken`: when the token comes back.
    WaitForTaskToken,
}

impl Resource {
    /// Reads a `Resource`; `None` when it is no ARN that a Task state may name.
    pub fn parse(arn: &str) -> Option<Resource> {
        let mut parts = arn.splitn(6, ':');
        let (scheme, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account, rest) = (parts.next()?, parts.next()?, parts.next()?);
        if scheme != "arn" || partition.is_empty() || rest.is_empty() {
            return None;
        }
        let arn = Str::from(arn);
        match service {
            "lambda" => Some(Resource::LambdaFunction { arn }),
            "states" if region.is_empty() && account.is_empty() => {
                let (rest, pattern) = if let Some(rest) = rest.strip_suffix(".sync:2") {
                    (rest, Pattern::Sync2)
                } else if let Some(rest) = rest.strip_suffix(".sync") {
                    (rest, Pattern::Sync)
                } else if let Some(rest) = rest.strip_suffix(".waitForTaskToken") {
                    (rest, Pattern::WaitForTaskToken)
                } else {
                    (rest, Pattern::RequestResponse)
                };
                let (service, action) = rest.rsplit_once(':')?;
                if service.is_empty() || action.is_empty() {
                    return None;
                }
                Some(Resource::Service { service: service.into(), action: action.into(), pattern, arn })
            }
            "states" => rest.starts_with("activity:").then_some(Resource::Activity { arn }),
            _ => None,
        }
    }

    /// The ARN as written.
    pub fn arn(&self) -> &Str {
        match self {
            Resource::LambdaFunction { arn } | Resource::Activity { arn } | Resource::Service { arn, .. } => arn,
        }
    }

    /// How the task ends.
    pub fn pattern(&self) -> Pattern {
        match self {
            Resource::Service { pattern, .. } => *pattern,
            _ => Pattern::RequestResponse,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kinds_of_resource() {
        let function = Resource::parse("arn:aws:lambda:us-east-1:123456789012:function:F:1").unwrap();
        assert!(matches!(function, Resource::LambdaFunction { .. }));
        let Some(Resource::Service { service, action, pattern, .. }) =
            Resource::parse("arn:aws:states:::aws-sdk:sfn:startExecution.waitForTaskToken")
        else {
            panic!("a service")
        };
        assert_eq!(
            (service.as_str(), action.as_str(), pattern),
            ("aws-sdk:sfn", "startExecution", Pattern::WaitForTaskToken)
        );
        assert_eq!(Resource::parse("arn:aws:states:::states:startExecution.sync:2").unwrap().pattern(), Pattern::Sync2);
        assert!(matches!(Resource::parse("arn:aws:states:us-east-1:1:activity:A"), Some(Resource::Activity { .. })));
        for wrong in [
            "",
            "x",
            "arn:aws:states:::",
            "arn:aws:states:::lambda",
            "arn:aws:s3:::bucket",
            "arn:aws:states:us-east-1:1:x:A",
        ] {
            assert_eq!(Resource::parse(wrong), None, "{wrong}");
        }
    }
}
