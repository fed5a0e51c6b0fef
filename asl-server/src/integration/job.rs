//! Jobs: what a `.sync` task starts and waits for (Developer Guide, *Service integration patterns*, *Run a Job*).
//!
//! A job is submitted, then its service is asked how it is until it has come to an end. What differs from service to service
//! is data, a [`Job`] beside each action that starts one.
//!
//! A task that was submitted before a restart is only waited for again. One whose submission was not recorded yet is
//! submitted again, with the same idempotency token where the service's API has one.

use super::abandoned::WhenAbandoned;
use super::client::{Client, Times};
use crate::aws::CallError;
use asl_engine::error::names;
use asl_engine::runtime::Clock;
use asl_engine::task::{TaskRequest, TaskResult};
use asl_engine::value::{Array, Object};
use asl_engine::{StatesError, Value};
use std::time::Duration;

/// How soon after its submission a job is looked at, and how often at most. AWS asks less often; a test in CI should not wait.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How often in a row a service may fail to tell how a job is.
const MISSES_MAX: u32 = 12;

/// A kind of job: how its service tells of it.
///
/// Places are member names and indices with dots between them: `Tasks.0.TaskArn`; an empty one is the whole.
#[derive(Clone, Copy)]
pub(super) struct Job {
    /// Asks how the job is.
    pub(super) describe: Ask,
    /// Where the job is in that answer.
    pub(super) place: &'static str,
    /// The member of the output that holds the job; empty: the job is the output.
    pub(super) member: &'static str,
    /// Where the job tells its state.
    pub(super) state: &'static str,
    /// The states of a job that has succeeded, and of one that has ended otherwise. In all others it goes on.
    pub(super) succeeded: &'static [&'static str],
    pub(super) failed: &'static [&'static str],
    /// Has it succeeded, when the state does not tell?
    pub(super) is_well: fn(&Value) -> bool,
    /// The refusal that means success: what was to be deleted is gone.
    pub(super) gone: Option<&'static str>,
    /// Ends a job that nobody waits for any more. AWS leaves clusters alone.
    pub(super) cancel: Option<Ask>,
    /// Members of the submission's answer that the output has, too.
    pub(super) kept: &'static [&'static str],
}

/// An operation, and where its parameters come from.
#[derive(Clone, Copy)]
pub(super) struct Ask {
    pub(super) operation: &'static str,
    pub(super) parameters: &'static [(&'static str, From)],
}

/// Where a parameter comes from.
#[derive(Clone, Copy)]
pub(super) enum From {
    /// A parameter of the task.
    Task(&'static str),
    /// A place in what the service answered to the submission.
    Answer(&'static str),
    /// The same, as the only item of a list.
    OneOf(&'static str),
    /// Always this.
    Text(&'static str),
}

impl Job {
    /// What most have in common, to be completed.
    pub(super) const PLAIN: Job = Job {
        describe: Ask { operation: "", parameters: &[] },
        place: "",
        member: "",
        state: "",
        succeeded: &[],
        failed: &[],
        is_well: |_| true,
        gone: None,
        cancel: None,
        kept: &[],
    };
}

impl Ask {
    fn parameters(&self, request: &TaskRequest, submitted: &Value) -> Value {
        let value = |from: From| match from {
            From::Task(name) => request.input.get(name).cloned(),
            From::Answer(place) => at(submitted, place).cloned(),
            From::OneOf(place) => at(submitted, place).map(|one| Value::Array(Array::from(vec![one.clone()]))),
            From::Text(text) => Some(Value::from(text)),
        };
        let parameters = self.parameters.iter();
        Value::Object(parameters.filter_map(|(name, from)| Some(((*name).into(), value(*from)?))).collect())
    }
}

/// Waits for the end of a job that was submitted with this answer.
pub(super) async fn finish(
    job: &'static Job,
    client: &Client,
    clock: &Clock,
    request: &TaskRequest,
    submitted: &Value,
) -> TaskResult {
    let abandoned = job.cancel.map(|cancel| {
        let parameters = cancel.parameters(request, submitted);
        WhenAbandoned::new(end(client.clone(), cancel.operation, parameters))
    });
    let ended = wait(job, client, clock, request, submitted).await;
    if let Some(abandoned) = abandoned {
        abandoned.not_needed();
    }
    let Ended { description, well } = ended?;
    let output = output(job, description, submitted);
    match well {
        true => Ok(output),
        false => Err(StatesError::new(names::TASK_FAILED, output.to_json())),
    }
}

/// How a job ended.
struct Ended {
    description: Value,
    well: bool,
}

async fn wait(
    job: &Job,
    client: &Client,
    clock: &Clock,
    request: &TaskRequest,
    submitted: &Value,
) -> Result<Ended, StatesError> {
    let parameters = job.describe.parameters(request, submitted);
    // A heartbeat is due before half of its time is over.
    let heartbeat = request.heartbeat_seconds.map(|seconds| Duration::from_secs(seconds) / 2);
    let pause_max = heartbeat.map_or(PAUSE_MAX, |heartbeat| heartbeat.clamp(FIRST_LOOK, PAUSE_MAX));
    let (mut pause, mut misses) = (FIRST_LOOK, 0);
    let mut last = Value::Null;
    loop {
        clock.sleep(pause).await;
        pause = (pause * 3 / 2).min(pause_max);
        let problem = match look(job, client, &parameters).await {
            Ok(Look { ended: Some(well), description }) => return Ok(Ended { description, well }),
            Ok(Look { ended: None, description }) => {
                misses = 0;
                last = description;
                if heartbeat.is_some() {
                    request.progress.heartbeat();
                }
                continue;
            }
            Err(Miss::Call(CallError::Refused(refused)))
                if job.gone.is_some_and(|gone| refused.refusal.code == gone) =>
            {
                return Ok(Ended { description: last, well: true });
            }
            Err(Miss::Call(error)) if !may_pass(&error) => return Err(client.failed(error)),
            Err(miss) => miss,
        };
        misses += 1;
        tracing::debug!(operation = job.describe.operation, misses, "a job cannot be looked at");
        if misses >= MISSES_MAX {
            return Err(match problem {
                Miss::Call(error) => client.failed(error),
                Miss::NoState => StatesError::runtime(format!(
                    "The answer to {} does not tell the state of the job ({})",
                    job.describe.operation,
                    [job.place, job.state].join(".").trim_matches('.')
                )),
            });
        }
    }
}

/// Is it worth to ask again? Not when it is the server's configuration that is wrong.
fn may_pass(error: &CallError) -> bool {
    matches!(
        error,
        CallError::Refused(_)
            | CallError::Unreachable(_)
            | CallError::TimedOut { .. }
            | CallError::TooLarge
            | CallError::Unreadable(_)
    )
}

/// What was seen of a job.
struct Look {
    description: Value,
    /// Whether it ended well, when it has ended.
    ended: Option<bool>,
}

/// Why nothing was seen.
enum Miss {
    Call(CallError),
    /// The answer has no such job, or a job without state.
    NoState,
}

async fn look(job: &Job, client: &Client, parameters: &Value) -> Result<Look, Miss> {
    let answer = client.call(job.describe.operation, parameters).await.map_err(Miss::Call)?;
    let answer = client.spelled(job.describe.operation, answer.output, Times::Milliseconds);
    let description = at(&answer, job.place).ok_or(Miss::NoState)?;
    let state = at(description, job.state).and_then(Value::as_str).ok_or(Miss::NoState)?;
    let ended = match () {
        () if job.succeeded.contains(&state) => Some((job.is_well)(description)),
        () if job.failed.contains(&state) => Some(false),
        () => None,
    };
    Ok(Look { ended, description: description.clone() })
}

fn output(job: &Job, description: Value, submitted: &Value) -> Value {
    let mut members = match (job.member, description) {
        ("", Value::Object(members)) => members,
        ("", other) => return other,
        (_, Value::Null) => Object::default(),
        (member, description) => [(member.into(), description)].into_iter().collect(),
    };
    for name in job.kept {
        if let Some(value) = submitted.get(name) {
            members.insert(*name, value.clone());
        }
    }
    Value::Object(members)
}

/// "Step Functions will make a best-effort attempt to cancel the task."
async fn end(client: Client, operation: &'static str, parameters: Value) {
    match client.call(operation, &parameters).await {
        Ok(_) => tracing::info!(operation, "a job that nobody waits for any more was cancelled"),
        Err(error) => {
            tracing::warn!(operation, %error, "a job that nobody waits for any more may go on: it cannot be cancelled");
        }
    }
}

/// The value at a place.
fn at<'v>(value: &'v Value, place: &str) -> Option<&'v Value> {
    place.split('.').filter(|step| !step.is_empty()).try_fold(value, |value, step| match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use asl_engine::object;
    use asl_engine::task::Resource;

    #[test]
    fn parameters_come_from_the_task_and_from_the_answer() {
        let ask = Ask {
            operation: "batchStopJobRun",
            parameters: &[
                ("JobName", From::Task("JobName")),
                ("Absent", From::Task("Cluster")),
                ("JobRunIds", From::OneOf("Runs.0.Id")),
                ("Reason", From::Text("over")),
                ("Whole", From::Answer("Runs.0")),
            ],
        };
        let resource = Resource::parse("arn:aws:states:::glue:startJobRun.sync").unwrap();
        let request = TaskRequest::new(resource, object! { "JobName" => "J" });
        let submitted = Value::parse(r#"{"Runs":[{"Id":"r"}]}"#).unwrap();
        assert_eq!(
            ask.parameters(&request, &submitted).to_json(),
            r#"{"JobName":"J","JobRunIds":["r"],"Reason":"over","Whole":{"Id":"r"}}"#
        );
    }
}
