//! What the server has to do: sagas, waits, callbacks, activities, Maps and retries.

use super::machine::{self, PREFIX, REDRIVEN};
use super::results::Results;
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
    results: Results,
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
    pub(super) fn new(server: SocketAddr, results: Results) -> anyhow::Result<Load> {
        let client = asl_server::http_client::plain().build()?;
        Ok(Load { url: format!("http://{server}"), client, results, acknowledged: Arc::default() })
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
        for name in machine::ALL {
            let definition = machine::definition(name).to_string();
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
            for machine in machine::ALL {
                let name = format!("{machine}-{round}-{index}");
                let input = machine::input(&name).to_string();
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

    /// Brings tokens back, works on the activity, and redrives what failed.
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
        let redriver = self.clone();
        let redrives = tokio::spawn(async move {
            loop {
                for machine in REDRIVEN {
                    redriver.redrive(&format!("{PREFIX}:stateMachine:{machine}")).await;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        Workers(vec![answers.abort_handle(), works.abort_handle(), redrives.abort_handle()])
    }

    /// Redrives some of the executions that failed.
    async fn redrive(&self, arn: &str) {
        let failed = json!({"stateMachineArn": arn, "statusFilter": "FAILED", "maxResults": 100});
        let Ok((200, failed)) = self.call("ListExecutions", failed).await else { return };
        for execution in failed["executions"].as_array().into_iter().flatten() {
            // Asked again under this token when the answer is lost, the server redrives it once.
            let token = format!("{}-{}", execution["name"].as_str().unwrap_or_default(), execution["redriveCount"]);
            let request = json!({"executionArn": execution["executionArn"], "clientToken": token});
            _ = self.call("RedriveExecution", request).await;
        }
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
        for machine in machine::ALL {
            let arn = format!("{PREFIX}:stateMachine:{machine}");
            let expected = acknowledged.values().filter(|of| **of == machine).count();
            loop {
                // What is redriven runs again: it is over when it has succeeded.
                let unfinished = match REDRIVEN.contains(&machine) {
                    false => self.names(&arn, Some("RUNNING")).await?.len(),
                    true => expected.saturating_sub(self.names(&arn, Some("SUCCEEDED")).await?.len()),
                };
                if unfinished == 0 {
                    break;
                }
                ensure!(begin.elapsed() < PATIENCE, "{unfinished} executions of {machine} do not end");
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
            let mut end = json!({"status": description["status"], "output": description["output"]});
            if machine == "Batches" {
                end["stored"] = self.results.of(&name).with_context(|| format!("the results of {name}"))?.into();
            }
            let history = self.history(&arn).await?;
            let ends = history.iter().filter(|event| is_end(event)).count();
            let attempts = 1 + description["redriveCount"].as_u64().unwrap_or_default() as usize;
            ensure!(ends == attempts, "{name} ended {ends} times in {attempts} attempts");
            ensure!(history.last().is_some_and(is_end), "the history of {name} goes on after its end");
            // A worker whose connection broke may have taken a task that it never heard of; the task is retried then.
            reports.push(Report { name, end, history, exact: machine != "Acts" });
        }
        Ok(reports)
    }

    /// Every acknowledged execution is listed once.
    async fn check_list(&self, machine: &str, arn: &str, acknowledged: &BTreeMap<String, &str>) -> Result<()> {
        let mut listed = self.names(arn, None).await?;
        listed.sort();
        let expected: Vec<&String> =
            acknowledged.iter().filter(|(_, of)| **of == machine).map(|(name, _)| name).collect();
        ensure!(listed.iter().eq(expected.iter().copied()), "{machine} lists {listed:?} instead of {expected:?}");
        Ok(())
    }

    /// The names of a state machine's executions, page by page.
    async fn names(&self, arn: &str, status: Option<&str>) -> Result<Vec<String>> {
        let mut names = Vec::new();
        let mut request = json!({"stateMachineArn": arn, "statusFilter": status, "maxResults": 7});
        loop {
            let page = self.must("ListExecutions", request.clone()).await?;
            let executions = page["executions"].as_array().into_iter().flatten();
            names.extend(executions.filter_map(|execution| execution["name"].as_str().map(str::to_owned)));
            match &page["nextToken"] {
                Value::Null => return Ok(names),
                token => request["nextToken"] = token.clone(),
            }
        }
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

/// The event without its time, the token in what is sent, the metadata of answers, and the names of Map Runs.
fn timeless(mut event: Value) -> Value {
    if let Some(event) = event.as_object_mut() {
        event.remove("timestamp");
        event.remove("mapRunStartedEventDetails");
        if let Some(details) = event.get_mut("mapRunRedrivenEventDetails").and_then(Value::as_object_mut) {
            details.remove("mapRunArn");
        }
    }
    // The function's request id comes from the execution's seed, and its answer has a date.
    let submitted = &event["taskSubmittedEventDetails"]["output"];
    let submitted = submitted.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    if let Some(Value::Object(mut submitted)) = submitted {
        submitted.retain(|name, _| !name.starts_with("Sdk"));
        event["taskSubmittedEventDetails"]["output"] = Value::Object(submitted).to_string().into();
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
