//! Plays the steps of one case.

use crate::case::{ActivityWork, Call, Case, Check, Setup, Step, Wait, WorkerAction};
use crate::compare::{Comparer, Difference, Place};
use crate::history_tree::events;
use crate::mock::{TEST_CASE, mock_config};
use crate::pattern::Bindings;
use crate::placeholder::{Environment, SECONDARY_ACCOUNT, brief};
use crate::target::{Stage, Target, Targets};
use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

/// How cases are played.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seed of the unique names.
    pub run_id: String,
    /// Account of the target.
    pub account: String,
    /// Region of the target.
    pub region: String,
    /// How queue URLs begin.
    pub sqs: Option<String>,
    /// Services that the target reaches without mocks.
    pub has: BTreeSet<String>,
    /// Whether the target takes mocks.
    pub mocks: bool,
    /// Uses mocks also where `has` would do.
    pub prefer_mocks: bool,
    /// Plays also what needs services that are not there.
    pub all: bool,
    /// Leaves out slow cases.
    pub no_slow: bool,
    /// Seconds of real time to wait for the end of an execution.
    pub wait: f64,
    /// The longest sleep of a step, in seconds.
    pub max_sleep: f64,
    /// Leaves behind what cases made.
    pub keep: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            run_id: "0".to_owned(),
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            sqs: None,
            has: BTreeSet::new(),
            mocks: false,
            prefer_mocks: false,
            all: false,
            no_slow: false,
            wait: 30.0,
            max_sleep: 30.0,
            keep: false,
        }
    }
}

/// What becomes of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is played, perhaps with its mocks.
    Play {
        /// With mocks.
        mocked: bool,
    },
    /// It is not played.
    Skip {
        /// Why.
        reason: String,
    },
}

impl Options {
    /// Whether a case can be played, and how.
    pub fn decide(&self, case: &Case) -> Decision {
        let usable_mocks = self.mocks && !case.mocks.is_empty();
        let unmet: BTreeSet<&str> =
            case.needs.iter().map(String::as_str).filter(|need| !self.has.contains(*need)).collect();
        let mut lacking = unmet.clone();
        if usable_mocks {
            case.mocked_needs.iter().for_each(|need| _ = lacking.remove(need.as_str()));
        }
        if case.mocks_required && !self.mocks {
            lacking.insert("mocks");
        }
        if !lacking.is_empty() && !self.all {
            let lacking: Vec<&str> = lacking.into_iter().collect();
            return Decision::Skip { reason: format!("needs {}", lacking.join(", ")) };
        }
        if self.no_slow && case.slow {
            return Decision::Skip { reason: "slow".to_owned() };
        }
        Decision::Play { mocked: usable_mocks && (self.prefer_mocks || case.mocks_required || !unmet.is_empty()) }
    }

    /// The placeholders of a case before its first step.
    pub fn environment(&self, case: &Case) -> Environment {
        let mut environment = Environment::new(&case.id, &self.run_id, &self.account, &self.region);
        environment.sqs.clone_from(&self.sqs);
        environment
    }
}

/// Plays a case: what differs from the recording, nothing when it passed.
pub async fn play<T: Targets>(case: &Case, mocked: bool, targets: &T, options: &Options) -> Vec<Difference> {
    let mut environment = options.environment(case);
    let prepared = open(case, mocked, targets, options, &environment).await.and_then(|target| {
        environment.now = target.now();
        Ok((target, initial_bindings(case, &environment)?))
    });
    let (target, bindings) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return vec![to_difference(error)],
    };
    let mut player =
        Player { case, mocked, options, target: &target, environment, bindings, failed: vec![], made: Made::default() };
    let ended = player.steps().await;
    if target.is_shared() && !options.keep {
        player.made.delete(&target).await;
    }
    let mut differences = player.failed;
    differences.extend(ended.err().map(to_difference));
    differences
}

fn to_difference(error: anyhow::Error) -> Difference {
    Difference(format!("{error:#}"))
}

async fn open<T: Targets>(
    case: &Case,
    mocked: bool,
    targets: &T,
    options: &Options,
    environment: &Environment,
) -> Result<T::Target> {
    let lambdas =
        case.lambdas.iter().map(|lambda| Ok((environment.fill_text(&lambda.name)?, lambda.behaviour.clone())));
    // What another service's answers decide is known only to who has that service.
    let setup = case
        .setup
        .iter()
        .filter_map(|call| Some(Setup { params: environment.fill(&call.params).ok()?, ..call.clone() }));
    targets
        .open(Stage {
            setup: setup.collect(),
            account: options.account.clone(),
            region: options.region.clone(),
            lambdas: lambdas.collect::<Result<_>>()?,
            mock_config: if mocked { Some(mock_config([(case, environment.clone())])?) } else { None },
        })
        .await
}

/// The placeholders of `expected` that the case itself determines.
///
/// # Errors
/// When one points into an answer, which is not there yet.
pub fn initial_bindings(case: &Case, environment: &Environment) -> Result<Bindings> {
    case.bindings.iter().map(|(name, value)| Ok((name.clone(), environment.fill_text(value)?))).collect()
}

/// Compares what a check looks at with its recording.
///
/// # Errors
/// The first difference, or what the answers lack.
pub fn check(
    case: &Case,
    check: &Check,
    mocked: bool,
    environment: &Environment,
    bindings: &mut Bindings,
) -> Result<(), Difference> {
    let name = &check.check;
    let actual = checked_value(&check.value, environment).map_err(|error| Difference(format!("{name}: {error:#}")))?;
    let mut comparer = case.ignore_paths.iter().fold(Comparer::new(), |comparer, path| comparer.ignore(path));
    if mocked {
        // A mock is the final result of a task: nothing is known of what was submitted.
        comparer = comparer.ignore("$..taskSubmittedEventDetails.output");
    }
    for path in &check.unordered {
        comparer = comparer.unordered(place_of(name, path));
    }
    for path in &check.ignore_extra {
        comparer = comparer.extensible(place_of(name, path));
    }
    let expected = case.expected.get(name).unwrap_or(&Value::Null);
    comparer.compare_history(expected, &actual, Place::Root.key(name), check.parallel_events_sorted, bindings)
}

fn place_of(check: &str, path: &[Value]) -> String {
    let segment = |segment: &Value| segment.as_str().map_or_else(|| segment.to_string(), str::to_owned);
    path.iter().fold(format!("$.{check}"), |place, step| format!("{place}.{}", segment(step)))
}

/// A check's value with the parts of answers that it names.
fn checked_value(template: &Value, environment: &Environment) -> Result<Value> {
    match template {
        Value::Object(members) if members.len() == 1 && members.contains_key("$") => {
            saved_part(&members["$"], &environment.saved)
        }
        Value::Object(members) => {
            members.iter().map(|(key, value)| Ok((key.clone(), checked_value(value, environment)?))).collect()
        }
        Value::Array(items) => items.iter().map(|item| checked_value(item, environment)).collect(),
        Value::String(text) => Ok(Value::String(environment.fill_text(text)?)),
        plain => Ok(plain.clone()),
    }
}

/// `{"from": NAME, "path": [STEP, …]}`; a negative step counts from the end.
fn saved_part(part: &Value, saved: &Map<String, Value>) -> Result<Value> {
    let name = part["from"].as_str().context("a part of an answer is told by `from`")?;
    let answer = saved.get(name).with_context(|| format!("nothing was saved as `{name}`"))?;
    let mut found = answer;
    for step in part["path"].as_array().into_iter().flatten() {
        let next = match (found, step) {
            (Value::Object(members), Value::String(key)) => members.get(key),
            (Value::Array(items), step) => step.as_i64().and_then(|step| {
                let index =
                    if step < 0 { items.len().checked_sub(step.unsigned_abs() as usize)? } else { step as usize };
                items.get(index)
            }),
            _ => None,
        };
        found = next.with_context(|| format!("the answer `{name}` has no {}: {}", part["path"], brief(found, 300)))?;
    }
    Ok(found.clone())
}

/// The form in which answers were recorded: that of AWS's SDK for Python.
pub fn recorded_shape(status: u16, body: Value) -> Value {
    let body = match body {
        Value::Object(members) => members,
        other => Map::from_iter([("__body__".to_owned(), other)]),
    };
    let mut shaped = Map::new();
    if status >= 300 {
        let code =
            ["__type", "code", "Code"].iter().filter_map(|key| body.get(*key)?.as_str()).find(|code| !code.is_empty());
        let code = code.unwrap_or("Unknown").rsplit('#').next().unwrap_or_default();
        let code = code.split(':').next().unwrap_or_default();
        let message = body.get("message").or_else(|| body.get("Message")).cloned().unwrap_or_else(|| json!(""));
        shaped.insert("Error".to_owned(), json!({"Code": code, "Message": message}));
    }
    let translated = |key: &str| status >= 300 && matches!(key, "__type" | "code" | "Code" | "Message");
    shaped.extend(body.into_iter().filter(|(key, _)| !translated(key)));
    shaped.insert("ResponseMetadata".to_owned(), json!({"HTTPStatusCode": status}));
    Value::Object(shaped)
}

/// What a case made and leaves to be deleted.
#[derive(Default)]
struct Made {
    activities: Vec<Value>,
    machines: Vec<Value>,
}

impl Made {
    fn note(&mut self, operation: &str, answer: &Value) {
        let (list, key) = match operation {
            "CreateStateMachine" => (&mut self.machines, "stateMachineArn"),
            "CreateActivity" => (&mut self.activities, "activityArn"),
            _ => return,
        };
        list.extend(answer.get(key).cloned());
    }

    /// Errors are of no interest: the case may have deleted them itself.
    async fn delete<T: Target>(self, target: &T) {
        for activity in self.activities {
            _ = target.call("DeleteActivity", &json!({"activityArn": activity}), None).await;
        }
        for machine in self.machines {
            let running = json!({"stateMachineArn": machine, "statusFilter": "RUNNING"});
            if let Ok((200, executions)) = target.call("ListExecutions", &running, None).await {
                for execution in executions["executions"].as_array().into_iter().flatten() {
                    let arn = json!({"executionArn": execution["executionArn"]});
                    _ = target.call("StopExecution", &arn, None).await;
                }
            }
            _ = target.call("DeleteStateMachine", &json!({"stateMachineArn": machine}), None).await;
        }
    }
}

type Workers<'a> = Vec<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>;

/// Does some work, and polls the workers beside it.
async fn beside<R>(workers: &mut Workers<'_>, work: impl Future<Output = R>) -> R {
    let mut work = pin!(work);
    poll_fn(|context| {
        workers.retain_mut(|worker| worker.as_mut().poll(context).is_pending());
        work.as_mut().poll(context)
    })
    .await
}

struct Player<'a, T> {
    case: &'a Case,
    mocked: bool,
    options: &'a Options,
    target: &'a T,
    environment: Environment,
    bindings: Bindings,
    failed: Vec<Difference>,
    made: Made,
}

impl<'a, T: Target> Player<'a, T> {
    /// # Errors
    /// Why the case could not go on. Failed checks do not end it.
    async fn steps(&mut self) -> Result<()> {
        let mut workers: Workers<'a> = Vec::new();
        for (index, step) in self.case.steps.iter().enumerate() {
            match step {
                Step::Call(call) => beside(&mut workers, self.call(call, index)).await?,
                Step::Wait(wait) => beside(&mut workers, self.wait(wait)).await?,
                Step::Worker(worker) => {
                    let work = serde_json::from_value(self.environment.fill(&worker.worker)?);
                    let work = work.context("the worker of the case is not understood")?;
                    workers.push(Box::pin(run_worker(self.target, work)));
                }
                Step::Check(step) => {
                    let checked = check(self.case, step, self.mocked, &self.environment, &mut self.bindings);
                    self.failed.extend(checked.err());
                }
            }
        }
        Ok(())
    }

    async fn call(&mut self, call: &Call, index: usize) -> Result<()> {
        if call.helper && self.mocked {
            return Ok(());
        }
        let mut params = match self.environment.fill(&call.params) {
            Err(_) if call.helper => return Ok(()),
            params => params?,
        };
        if let Some(Value::String(arn)) = params.get_mut("stateMachineArn") {
            let starts = matches!(call.op.as_str(), "StartExecution" | "StartSyncExecution");
            if self.mocked && starts && call.mocked {
                arn.extend(["#", TEST_CASE]);
            } else if !self.options.mocks {
                arn.truncate(arn.find('#').unwrap_or(arn.len()));
            }
        }
        let (status, body) = self.target.call(&call.op, &params, account(call.account.as_deref())).await?;
        let answered = (status >= 300).then(|| brief(&body, 400));
        let answer = recorded_shape(status, body);
        if status < 300 {
            self.made.note(&call.op, &answer);
        }
        self.environment.saved.insert(call.save.clone(), answer);
        match answered {
            // It goes on only when a check looks at this answer.
            Some(answered) if !call.expect_error && !call.helper && !self.is_checked_after(index, &call.save) => {
                bail!("step {index}: {} answered {status} {answered}", call.op)
            }
            _ => Ok(()),
        }
    }

    fn is_checked_after(&self, index: usize, save: &str) -> bool {
        let quoted = format!("\"{save}\"");
        let checks = |step: &Step| matches!(step, Step::Check(check) if check.value.to_string().contains(&quoted));
        self.case.steps[index..].iter().any(checks)
    }

    async fn wait(&self, wait: &Wait) -> Result<()> {
        match wait {
            Wait::Sleep { seconds } => self.target.sleep(seconds.min(self.options.max_sleep)).await,
            Wait::Settle => self.target.sleep(0.3).await,
            Wait::Terminated { arn, account, limit } => {
                let limit = limit.unwrap_or(self.options.wait);
                let execution = json!({"executionArn": self.environment.fill_text(arn)?});
                let ended = |_, body: &Value| {
                    body["status"]
                        .as_str()
                        .is_some_and(|status| matches!(status, "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED"))
                };
                if let Some(last) = self.until("DescribeExecution", execution, account.as_deref(), limit, ended).await?
                {
                    bail!("the execution did not end within {limit} s; DescribeExecution: {}", brief(&last, 300));
                }
            }
            Wait::Events { arn, account, count } => {
                self.until_events(arn, account.as_deref(), *count, self.options.wait).await?
            }
            Wait::Started { arn, account } => self.until_events(arn, account.as_deref(), 1, 10.0).await?,
            Wait::SmDeleted { arn } => self.until_gone("DescribeStateMachine", "stateMachineArn", arn, 10.0).await?,
            Wait::VersionDeleted { arn } => {
                self.until_gone("DescribeStateMachine", "stateMachineArn", arn, 5.0).await?
            }
            Wait::AliasDeleted { arn } => {
                self.until_gone("DescribeStateMachineAlias", "stateMachineAliasArn", arn, 10.0).await?;
            }
        }
        Ok(())
    }

    /// When it is not reached, the checks will tell.
    async fn until_events(&self, arn: &str, account: Option<&str>, count: usize, limit: f64) -> Result<()> {
        let execution = json!({"executionArn": self.environment.fill_text(arn)?});
        let reached = |_, body: &Value| events(body).is_some_and(|events| events.len() >= count);
        self.until("GetExecutionHistory", execution, account, limit, reached).await.map(drop)
    }

    /// When it is not reached, the checks will tell.
    async fn until_gone(&self, operation: &str, key: &str, arn: &str, limit: f64) -> Result<()> {
        let params = json!({key: self.environment.fill_text(arn)?});
        self.until(operation, params, None, limit, |status, _| status >= 400).await.map(drop)
    }

    /// Repeats a call until its answer is the awaited one; gives the last answer when it never was.
    ///
    /// `limit`: seconds of real time, which end also a virtual clock that always finds something to do.
    async fn until(
        &self,
        operation: &str,
        params: Value,
        caller: Option<&str>,
        limit: f64,
        awaited: impl Fn(u16, &Value) -> bool,
    ) -> Result<Option<Value>> {
        let (start, limit) = (Instant::now(), Duration::try_from_secs_f64(limit).unwrap_or(Duration::MAX));
        let mut last_look = false;
        loop {
            let (status, body) = self.target.call(operation, &params, account(caller)).await?;
            if awaited(status, &body) {
                return Ok(None);
            }
            if start.elapsed() > limit || last_look {
                return Ok(Some(body));
            }
            // What it waits for may have happened since it looked.
            last_look = !self.target.advance().await;
        }
    }
}

fn account(name: Option<&str>) -> Option<&'static str> {
    (name == Some("secondary")).then_some(SECONDARY_ACCOUNT)
}

/// Polls an activity for one task, then does with it what the case says. Its errors show in the history.
async fn run_worker<T: Target>(target: &T, work: ActivityWork) {
    let mut poll = json!({"activityArn": work.activity_arn});
    if let Some(name) = &work.worker_name {
        poll["workerName"] = json!(name);
    }
    let task = loop {
        match target.call("GetActivityTask", &poll, None).await {
            Ok((200, task)) if task["taskToken"].as_str().is_some_and(|token| !token.is_empty()) => break task,
            Ok(_) => target.idle().await,
            Err(_) => return,
        }
    };
    for action in work.then {
        match action {
            WorkerAction::Sleep { sleep } => target.doze(sleep).await,
            WorkerAction::Call { op, mut params } => {
                let input = task.get("input").cloned().unwrap_or_else(|| json!(""));
                params.values_mut().filter(|value| *value == "<<input>>").for_each(|value| *value = input.clone());
                params.insert("taskToken".to_owned(), task["taskToken"].clone());
                if target.call(&op, &Value::Object(params), None).await.is_err() {
                    return;
                }
            }
        }
    }
}
