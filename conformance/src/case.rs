//! The file format of recorded cases.

use crate::lambda::LambdaBehaviour;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// One recorded case: what to send, and what AWS answered.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// Unique name.
    pub id: String,
    /// The part of the service it belongs to.
    pub area: String,
    /// `execution`, `api`, `test_state` or `validation`.
    pub kind: String,
    /// Services outside Step Functions that a run without mocks needs.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Which of `needs` the mocks make unnecessary.
    #[serde(default)]
    pub mocked_needs: Vec<String>,
    /// Takes 15 s or more in real time.
    #[serde(default)]
    pub slow: bool,
    /// Looks at everything the server has: must be played alone.
    #[serde(default)]
    pub exclusive: bool,
    /// The recording itself was made for mocks.
    #[serde(default)]
    pub mocks_required: bool,
    /// Calls to other services that are made before the first step.
    #[serde(default)]
    pub setup: Vec<Setup>,
    /// The functions that the case calls.
    #[serde(default)]
    pub lambdas: Vec<Lambda>,
    /// Placeholders of `expected` that the case itself determines.
    #[serde(default)]
    pub bindings: BTreeMap<String, String>,
    /// What to do, in this order.
    pub steps: Vec<Step>,
    /// What AWS answered, by check name.
    pub expected: Map<String, Value>,
    /// Answers for Task states.
    #[serde(default)]
    pub mocks: Vec<Mock>,
    /// JSONPaths below `{check name: content}` that are not compared.
    #[serde(default)]
    pub ignore_paths: Vec<String>,
}

/// A call to another service.
#[derive(Clone, Debug, Deserialize)]
pub struct Setup {
    /// The service: `s3`, `sqs`, …
    pub service: String,
    /// The operation.
    pub op: String,
    /// Its parameters, with placeholders.
    pub params: Value,
}

/// A function and what it does.
#[derive(Clone, Debug, Deserialize)]
pub struct Lambda {
    /// Its name, with placeholders.
    pub name: String,
    /// What it does.
    pub behaviour: LambdaBehaviour,
}

/// Answers for the Task states of one state machine.
#[derive(Clone, Debug, Deserialize)]
pub struct Mock {
    /// The name of the state machine, with placeholders.
    pub state_machine: String,
    /// By state name: answers by number or range of invocations.
    pub states: Map<String, Value>,
}

/// One step of a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Value")]
pub enum Step {
    /// Calls an operation.
    Call(Call),
    /// Waits for something.
    Wait(Wait),
    /// Starts an activity worker in the background.
    Worker(Worker),
    /// Compares answers with a recording.
    Check(Check),
}

/// Calls an operation and keeps its answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The operation.
    pub op: String,
    /// Its parameters, with placeholders.
    pub params: Value,
    /// The name under which the answer is kept.
    pub save: String,
    /// AWS answered with an error.
    #[serde(default)]
    pub expect_error: bool,
    /// Starts an execution with mocks in a mocked run.
    #[serde(default)]
    pub mocked: bool,
    /// Only for runs without mocks.
    #[serde(default)]
    pub helper: bool,
    /// `secondary`: call as another account.
    pub account: Option<String>,
}

/// What to wait for. `arn`: with placeholders.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "wait", rename_all = "snake_case")]
#[allow(missing_docs)] // The members are the same throughout.
pub enum Wait {
    /// Until the execution ends, at most `limit` seconds.
    Terminated { arn: String, account: Option<String>, limit: Option<f64> },
    /// Until the history has so many events.
    Events { arn: String, account: Option<String>, count: usize },
    /// Until the history has an event.
    Started { arn: String, account: Option<String> },
    /// Until the state machine is gone.
    SmDeleted { arn: String },
    /// Until the alias is gone.
    AliasDeleted { arn: String },
    /// Until the version is gone.
    VersionDeleted { arn: String },
    /// A moment.
    Settle,
    /// So many seconds.
    Sleep { seconds: f64 },
}

/// An activity worker: polls for one task, then does what the case says.
#[derive(Clone, Debug, Deserialize)]
pub struct Worker {
    /// What is done with the worker's task.
    pub worker: Value,
}

/// Compares a value made of answers with a recording.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The name of the recording in `expected`.
    pub check: String,
    /// Any JSON, in which `{"$": {"from", "path"}}` stands for a part of an answer.
    pub value: Value,
    /// Paths of lists whose order is free.
    #[serde(default)]
    pub unordered: Vec<Vec<Value>>,
    /// Paths of objects that may have more keys.
    #[serde(default)]
    pub ignore_extra: Vec<Vec<Value>>,
    /// The recording's events inside Parallel states were sorted and their ids removed.
    #[serde(default)]
    pub parallel_events_sorted: bool,
}

/// A worker's task after its placeholders were filled.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActivityWork {
    /// The activity polled.
    pub activity_arn: String,
    /// The worker's name, if it tells one.
    pub worker_name: Option<String>,
    /// What it does with its task.
    pub then: Vec<WorkerAction>,
}

/// What a worker does with its task.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum WorkerAction {
    /// Waits.
    Sleep {
        /// How long, in seconds.
        sleep: f64,
    },
    /// Calls an operation with the task's token; `<<input>>` is the task's input.
    Call {
        /// The operation.
        op: String,
        /// Its parameters without the token.
        params: Map<String, Value>,
    },
}

impl TryFrom<Value> for Step {
    type Error = serde_json::Error;

    fn try_from(value: Value) -> Result<Self, serde_json::Error> {
        let has = |key: &str| value.get(key).is_some();
        if has("op") {
            serde_json::from_value(value).map(Step::Call)
        } else if has("worker") {
            serde_json::from_value(value).map(Step::Worker)
        } else if has("wait") {
            serde_json::from_value(value).map(Step::Wait)
        } else if has("check") {
            serde_json::from_value(value).map(Step::Check)
        } else {
            let text = format!("a step is a call (`op`), `worker`, `wait` or `check`, not {value}");
            Err(serde::de::Error::custom(text))
        }
    }
}

impl Case {
    /// Reads a case.
    ///
    /// # Errors
    /// When the text is no JSON, or has a step, behaviour or member that is not understood.
    pub fn parse(text: &str) -> Result<Self> {
        let case: Case = serde_json::from_str(text)?;
        for step in &case.steps {
            if let Step::Check(check) = step
                && !case.expected.contains_key(&check.check)
            {
                bail!("nothing is expected for the check `{}`", check.check);
            }
        }
        Ok(case)
    }
}

/// Reads all cases below a folder (or one file), in the order of their paths.
///
/// # Errors
/// When a file cannot be read or is no case; the error names the file.
pub fn load(path: &Path) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    let mut pending = vec![path.to_path_buf()];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).with_context(|| format!("cannot list `{}`", path.display()))?;
            let mut entries = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
            entries.sort();
            pending.extend(entries.into_iter().rev());
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.display();
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{name}`"))?;
            cases
                .push(Case::parse(&text).with_context(|| format!("`{name}` is no case that this player understands"))?);
        } else if !path.exists() {
            bail!("there is no `{}`", path.display());
        }
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(steps: Value) -> Result<Case> {
        let case = json!({"id": "a", "area": "b", "kind": "api", "steps": steps, "expected": {"c": 1}, "source": {}});
        Case::parse(&case.to_string())
    }

    #[test]
    fn reads_the_steps() {
        let case = parse(json!([
            {"op": "StopExecution", "params": {}, "save": "r1", "expect_error": true},
            {"wait": "terminated", "arn": "x", "limit": 5},
            {"wait": "settle"},
            {"worker": {"activityArn": "x", "then": []}},
            {"check": "c", "value": {"$": {"from": "r1"}}, "unordered": [["a", 0]]},
        ]));
        let steps = case.unwrap().steps;
        assert!(matches!(&steps[0], Step::Call(call) if call.expect_error && !call.mocked));
        assert!(matches!(&steps[1], Step::Wait(Wait::Terminated { limit: Some(5.0), account: None, .. })));
        assert!(matches!(&steps[2], Step::Wait(Wait::Settle)));
        assert!(matches!(&steps[4], Step::Check(check) if check.unordered == [[json!("a"), json!(0)]]));
    }

    #[test]
    fn refuses_what_it_would_drop() {
        for (step, reason) in [
            (json!({"say": 1}), "a step is a call"),
            (json!({"wait": "forever", "arn": "x"}), "unknown variant `forever`"),
            (json!({"op": "A", "params": {}, "save": "r", "twice": true}), "unknown field `twice`"),
            (json!({"check": "d", "value": 1}), "nothing is expected for the check `d`"),
        ] {
            let error = format!("{:#}", parse(json!([step])).unwrap_err());
            assert!(error.contains(reason), "{error}");
        }
    }
}
