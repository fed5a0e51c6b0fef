//! What the server has to do: sagas, waits, callbacks, activities, Maps and retries.

use super::world::World;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;

/// How long everything may take to end after the last kill.
const PATIENCE: Duration = Duration::from_secs(60);

const PREFIX: &str = "arn:aws:states:us-east-1:123456789012";

/// The state machines.
const MACHINES: [&str; 5] = ["Chain", "Waits", "Maps", "Asks", "Acts"];

/// What became of an execution.
pub(super) struct Report {
    pub(super) name: String,
    /// Status and output.
    pub(super) end: Value,
    /// Without times, tokens and random names.
    pub(super) history: Vec<Value>,
    /// Must the history be that of an undisturbed run?
    pub(super) exact: bool,
}

#[derive(Clone)]
pub(super) struct Load {
    url: String,
    client: reqwest::Client,
    /// Execution → state machine, of every acknowledged start.
    acknowledged: Arc<Mutex<BTreeMap<String, &'static str>>>,
}

/// Ends the workers when dropped.
pub(super) struct Workers(Vec<AbortHandle>);

impl Drop for Workers {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

impl Load {
    pub(super) fn new(server: SocketAddr) -> anyhow::Result<Load> {
        let client = asl_server::http_client::plain().build()?;
        Ok(Load { url: format!("http://{server}"), client, acknowledged: Arc::default() })
    }

    /// One call. `Err`: no answer, so nobody knows whether it was heard.
    async fn try_call(&self, operation: &str, request: &Value) -> reqwest::Result<(u16, Value)> {
        let url = format!("{}/{operation}", self.url);
        let answer = self.client.post(url).json(request).timeout(Duration::from_secs(70)).send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await?))
    }

    /// Calls until there is an answer: kills take a while.
    async fn call(&self, operation: &str, request: Value) -> Result<(u16, Value)> {
        let begin = Instant::now();
        loop {
            match self.try_call(operation, &request).await {
                Ok((status, answer)) if status < 500 => return Ok((status, answer)),
                Ok((status, answer)) if begin.elapsed() > PATIENCE => bail!("{operation}: {status} {answer}"),
                Err(error) if begin.elapsed() > PATIENCE => return Err(error).context(operation.to_owned()),
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    async fn must(&self, operation: &str, request: Value) -> Result<Value> {
        let (status, answer) = self.call(operation, request.clone()).await?;
        ensure!(status == 200, "{operation} {request} is refused: {status} {answer}");
        Ok(answer)
    }

    pub(super) async fn create(&self) -> Result<()> {
        self.must("CreateActivity", json!({"name": "Act"})).await?;
        for name in MACHINES {
            let definition = definition(name).to_string();
            let role = "arn:aws:iam::123456789012:role/crash";
            let request =
                json!({"name": name, "definition": definition, "roleArn": role, "tags": [{"key": "k", "value": name}]});
            self.must("CreateStateMachine", request).await?;
        }
        Ok(())
    }

    /// Starts so many executions of each state machine; returns when all are acknowledged.
    pub(super) async fn start(self, round: u32, number: u32) -> Result<()> {
        for index in 0..number {
            for machine in MACHINES {
                let name = format!("{machine}-{round}-{index}");
                let input = json!({"id": name, "items": [1, 2, 3, 4]}).to_string();
                let arn = format!("{PREFIX}:stateMachine:{machine}");
                let request = json!({"stateMachineArn": arn, "name": name, "input": input});
                let (status, answer) = self.call("StartExecution", request).await?;
                // An earlier attempt may have been heard although its answer was lost.
                let known = answer["__type"].as_str().is_some_and(|kind| kind.ends_with("ExecutionAlreadyExists"));
                ensure!(status == 200 || known, "{name} is not started: {status} {answer}");
                self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).insert(name, machine);
            }
        }
        Ok(())
    }

    /// Brings tokens back and works on the activity.
    pub(super) fn work(&self, world: &World) -> Workers {
        let (caller, world) = (self.clone(), world.clone());
        let answers = tokio::spawn(async move {
            loop {
                match world.token() {
                    Some((token, payload)) => {
                        if !caller.submitted(&payload).await {
                            world.put_back(token, payload);
                            tokio::time::sleep(Duration::from_millis(5)).await;
                            continue;
                        }
                        // Every third comes back so late that its execution has left the server's memory.
                        let late = payload.to_string().len().is_multiple_of(3);
                        let answering = answer(caller.clone(), token, payload, late);
                        if late { _ = tokio::spawn(answering) } else { answering.await }
                    }
                    None => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        });
        let worker = self.clone();
        let works = tokio::spawn(async move {
            let arn = format!("{PREFIX}:activity:Act");
            loop {
                let Ok((200, task)) = worker.try_call("GetActivityTask", &json!({"activityArn": arn})).await else {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                };
                if let Some(token) = task["taskToken"].as_str() {
                    let output = &task["input"];
                    _ = worker.call("SendTaskSuccess", json!({"taskToken": token, "output": output})).await;
                }
            }
        });
        Workers(vec![answers.abort_handle(), works.abort_handle()])
    }

    /// Has the server heard that the function took the token? Before that, whether the history tells it depends on who is
    /// faster.
    async fn submitted(&self, payload: &Value) -> bool {
        let name = payload["id"].as_str().unwrap_or_default();
        let arn = format!("{PREFIX}:execution:Asks:{name}");
        let request = json!({"executionArn": arn, "reverseOrder": true, "maxResults": 1});
        match self.call("GetExecutionHistory", request).await {
            Ok((200, history)) => {
                let last = history["events"][0]["type"].as_str().unwrap_or_default();
                !["ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted"].contains(&last)
            }
            _ => false,
        }
    }

    /// Waits until every acknowledged execution has ended, and looks at all of them.
    pub(super) async fn finish(&self) -> Result<Vec<Report>> {
        let begin = Instant::now();
        let acknowledged = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for machine in MACHINES {
            let arn = format!("{PREFIX}:stateMachine:{machine}");
            loop {
                let running = json!({"stateMachineArn": arn, "statusFilter": "RUNNING"});
                let running = self.must("ListExecutions", running).await?["executions"].take();
                if running.as_array().is_some_and(Vec::is_empty) {
                    break;
                }
                ensure!(begin.elapsed() < PATIENCE, "these do not end: {running}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            let tags = self.must("ListTagsForResource", json!({"resourceArn": arn})).await?;
            ensure!(tags["tags"][0]["value"] == machine, "the tags of {machine} are {tags}");
            self.check_list(machine, &arn, &acknowledged).await?;
        }
        let mut reports = Vec::new();
        for (name, machine) in acknowledged {
            let arn = format!("{PREFIX}:execution:{machine}:{name}");
            let description = self.must("DescribeExecution", json!({"executionArn": arn})).await?;
            let end = json!({"status": description["status"], "output": description["output"]});
            let history = self.history(&arn).await?;
            let ends = history.iter().filter(|event| is_end(event)).count();
            ensure!(ends == 1, "{name} ended {ends} times");
            ensure!(history.last().is_some_and(is_end), "the history of {name} goes on after its end");
            // A worker whose connection broke may have taken a task that it never heard of; the task is retried then.
            reports.push(Report { name, end, history, exact: machine != "Acts" });
        }
        Ok(reports)
    }

    /// Every acknowledged execution is listed once.
    async fn check_list(&self, machine: &str, arn: &str, acknowledged: &BTreeMap<String, &str>) -> Result<()> {
        let mut listed = Vec::new();
        let mut request = json!({"stateMachineArn": arn, "maxResults": 7});
        loop {
            let page = self.must("ListExecutions", request.clone()).await?;
            let executions = page["executions"].as_array().into_iter().flatten();
            listed.extend(executions.filter_map(|execution| execution["name"].as_str().map(str::to_owned)));
            match &page["nextToken"] {
                Value::Null => break,
                token => request["nextToken"] = token.clone(),
            }
        }
        listed.sort();
        let expected: Vec<&String> =
            acknowledged.iter().filter(|(_, of)| **of == machine).map(|(name, _)| name).collect();
        ensure!(listed.iter().eq(expected.iter().copied()), "{machine} lists {listed:?} instead of {expected:?}");
        Ok(())
    }

    async fn history(&self, arn: &str) -> Result<Vec<Value>> {
        let request = json!({"executionArn": arn, "maxResults": 1000});
        let mut answer = self.must("GetExecutionHistory", request).await?;
        let events = answer["events"].as_array_mut().map(std::mem::take).unwrap_or_default();
        Ok(events.into_iter().map(timeless).collect())
    }
}

/// Brings a token back.
async fn answer(caller: Load, token: String, payload: Value, late: bool) {
    if late {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let output = json!({"answer": payload}).to_string();
    // Refused is a token only whose earlier answer was heard: then it counted.
    _ = caller.call("SendTaskSuccess", json!({"taskToken": token, "output": output})).await;
}

fn is_end(event: &Value) -> bool {
    let kind = event["type"].as_str().unwrap_or_default();
    ["ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"].contains(&kind)
}

/// The event without its time, without the token in what is sent, and without the names of Map Runs.
fn timeless(mut event: Value) -> Value {
    if let Some(event) = event.as_object_mut() {
        event.remove("timestamp");
        event.remove("mapRunStartedEventDetails");
    }
    for details in ["taskScheduledEventDetails", "lambdaFunctionScheduledEventDetails"] {
        let parameters =
            event[details]["parameters"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
        if let Some(mut parameters) = parameters
            && !parameters["Payload"]["token"].is_null()
        {
            parameters["Payload"]["token"] = "…".into();
            event[details]["parameters"] = parameters.to_string().into();
        }
        if event[details].is_null() {
            event.as_object_mut().map(|event| event.remove(details));
        }
    }
    event
}

fn work(step: u32, next: Value) -> Value {
    let mut state = json!({
        "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Work",
        "Parameters": {"id.$": "$.id", "step": step, "attempt.$": "$$.State.RetryCount"},
        "ResultPath": format!("$.s{step}"),
        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 20}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Undo"}],
    });
    for (name, value) in next.as_object().into_iter().flatten() {
        state[name] = value.clone();
    }
    state
}

/// The state machine of that name.
fn definition(name: &str) -> Value {
    let states = match name {
        "Chain" => json!({
            "First": work(1, json!({"Next": "Second"})), "Second": work(2, json!({"Next": "Third"})),
            "Third": work(3, json!({"End": true})), "Undo": {"Type": "Fail", "Error": "Undone"},
        }),
        "Waits" => json!({
            "First": {"Type": "Wait", "Seconds": 2, "Next": "Second"},
            "Second": {"Type": "Pass", "Parameters": {"id.$": "$.id", "n": 1.0}, "Next": "Third"},
            "Third": {"Type": "Wait", "Seconds": 1, "End": true},
        }),
        "Maps" => {
            let mut item = json!({
                "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Echo", "End": true,
            });
            item["Retry"] = json!([{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 3}]);
            json!({
                "First": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "ResultPath": "$.first",
                    "ItemSelector": {"id.$": "$.id", "item.$": "$$.Map.Item.Value"}, "Next": "Second",
                    "ItemProcessor": {"StartAt": "Inline", "States": {"Inline": item.clone()}}},
                "Second": {"Type": "Map", "ItemsPath": "$.items", "ResultPath": "$.second", "End": true, "Label": "L",
                    "ItemSelector": {"id.$": "$.id", "child.$": "$$.Map.Item.Value"},
                    "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                        "StartAt": "Pause", "States": {
                            "Pause": {"Type": "Wait", "Seconds": 1, "Next": "Child"}, "Child": item}}},
            })
        }
        "Asks" => json!({
            "First": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "Parameters": {"FunctionName": "Ask", "Payload": {"id.$": "$.id", "token.$": "$$.Task.Token"}},
                "ResultPath": "$.answer", "Next": "Second"},
            "Second": {"Type": "Wait", "Seconds": 1, "End": true},
        }),
        _ => json!({
            "First": {"Type": "Task", "Resource": format!("{PREFIX}:activity:Act"), "TimeoutSeconds": 3, "End": true,
                "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 20}]},
        }),
    };
    json!({"StartAt": "First", "States": states})
}
