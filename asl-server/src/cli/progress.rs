//! The progress of an execution, a line an event.

use asl_engine::definition::program::StateType;
use asl_engine::history::{HistoryDetail, HistoryEvent};
use asl_engine::{StatesError, Timestamp, Value};

/// How much of a payload a line shows.
const EXCERPT_CHARS: usize = 100;

/// The event for people: time since the start, and what happened. `None` when the line before says it already.
pub(super) fn line(event: &HistoryEvent, started: Timestamp) -> Option<String> {
    use HistoryDetail as H;
    let text = match &event.detail {
        H::ExecutionStarted { input, .. } => format!("started with {}", excerpt(input)),
        H::ExecutionSucceeded { output } => format!("succeeded with {}", excerpt(output)),
        H::ExecutionFailed(error) => format!("failed: {}", name(error)),
        H::ExecutionTimedOut(error) => format!("timed out: {}", name(error)),
        H::ExecutionAborted(error) => format!("aborted: {}", name(error)),
        H::StateEntered { state_type, name, .. } => format!("→ {name} ({state_type:?})"),
        H::StateExited { state_type: StateType::Succeed | StateType::Choice, .. } => return None,
        H::StateExited { name, output, .. } => format!("← {name} {}", excerpt(output)),
        H::EvaluationFailed { error, .. } => format!("  evaluation failed: {}", told(error)),
        H::LambdaFunctionScheduled { resource, .. } => {
            format!("  calls {}", resource.rsplit(':').next().unwrap_or(resource))
        }
        H::ActivityScheduled { resource, .. } => format!("  waits for a worker of {resource}"),
        H::TaskScheduled { resource_type, resource, .. } => format!("  calls {resource_type}:{resource}"),
        H::TaskSubmitted { .. } => "  submitted; waits for its end".to_owned(),
        H::LambdaFunctionFailed(error)
        | H::LambdaFunctionScheduleFailed(error)
        | H::LambdaFunctionStartFailed(error)
        | H::ActivityFailed(error)
        | H::ActivityScheduleFailed(error)
        | H::TaskStartFailed { error, .. }
        | H::TaskSubmitFailed { error, .. }
        | H::TaskFailed { error, .. } => format!("  failed: {}", told(error)),
        H::LambdaFunctionTimedOut(error) | H::ActivityTimedOut(error) | H::TaskTimedOut { error, .. } => {
            format!("  timed out: {}", told(error))
        }
        // Also of as many items as a reader is about to bring.
        H::MapStateStarted { length: 0 } => return None,
        H::MapStateStarted { length: 1 } => "  1 item".to_owned(),
        H::MapStateStarted { length } => format!("  {length} items"),
        H::MapRunStarted { .. } => "  its items in executions of their own".to_owned(),
        H::MapRunFailed(error) => format!("  its executions failed: {}", told(error)),
        H::MapIterationStarted { name, index } => format!("  {name} [{index}] started"),
        H::MapIterationSucceeded { name, index } => format!("  {name} [{index}] succeeded"),
        H::MapIterationFailed { name, index } => format!("  {name} [{index}] failed"),
        H::MapIterationAborted { name, index } => format!("  {name} [{index}] aborted"),
        _ => return None,
    };
    let millis = event.timestamp.as_millis() - started.as_millis();
    Some(format!("{:>6}.{:03}s  {text}", millis / 1000, millis % 1000))
}

fn excerpt(value: &Value) -> String {
    shorten(&value.to_json())
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn name(error: &StatesError) -> &str {
    error.error.as_deref().unwrap_or("(no error name)")
}

fn told(error: &StatesError) -> String {
    match &error.cause {
        Some(cause) => format!("{}: {}", name(error), shorten(cause)),
        None => name(error).to_owned(),
    }
}
