//! The steps of a case, played against a server that answers from a table.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use conformance::case::Case;
use conformance::lambda::LambdaTable;
use conformance::play::{Decision, Options, play};
use conformance::report::{Outcome, Verdict};
use conformance::run::play_all;
use conformance::target::http::HttpTargets;
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Answers by operation, in their order; the last one stays. Keeps what it was asked.
struct Table {
    answers: HashMap<&'static str, VecDeque<(u16, Value)>>,
    calls: Vec<(String, Value, String)>,
}

type Shared = Arc<Mutex<Table>>;

async fn answer(State(table): State<Shared>, headers: HeaderMap, body: Bytes) -> (StatusCode, axum::Json<Value>) {
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    let operation = header("x-amz-target").strip_prefix("AWSStepFunctions.").unwrap().to_owned();
    let account = header("authorization").split_once("Credential=").unwrap().1.split('/').next().unwrap().to_owned();
    let mut table = table.lock().unwrap();
    table.calls.push((operation.clone(), serde_json::from_slice(&body).unwrap(), account));
    let Some(answers) = table.answers.get_mut(operation.as_str()) else {
        return (StatusCode::BAD_REQUEST, axum::Json(json!({"__type": "x#UnknownOperation", "message": operation})));
    };
    let (status, body) = if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() };
    (StatusCode::from_u16(status).unwrap(), axum::Json(body))
}

async fn server(answers: &[(&'static str, &[(u16, Value)])]) -> (HttpTargets, Shared) {
    let answers = answers.iter().map(|(operation, answers)| (*operation, answers.iter().cloned().collect())).collect();
    let table = Arc::new(Mutex::new(Table { answers, calls: Vec::new() }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let routes = axum::Router::new().route("/", axum::routing::post(answer)).with_state(table.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (HttpTargets::new(&endpoint, Duration::from_secs(5), LambdaTable::default()).unwrap(), table)
}

fn case(steps: Value, expected: Value, more: Value) -> Case {
    let mut case = json!({"id": "c", "area": "a", "kind": "api", "steps": steps, "expected": expected});
    case.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Case::parse(&case.to_string()).unwrap()
}

async fn differences(case: &Case, targets: &HttpTargets, options: &Options) -> Vec<String> {
    let Decision::Play { mocked } = options.decide(case) else { panic!("it is played") };
    play(case, mocked, targets, options).await.into_iter().map(|difference| difference.0).collect()
}

fn calls(table: &Shared) -> Vec<(String, Value)> {
    table.lock().unwrap().calls.iter().map(|(operation, params, _)| (operation.clone(), params.clone())).collect()
}

const MACHINE: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:m";

fn execution_steps() -> Value {
    json!([
        {"op": "CreateStateMachine", "params": {"name": "m-<<uid:1>>"}, "save": "r1"},
        {"op": "StartExecution", "params": {"stateMachineArn": "<<r1.stateMachineArn>>"}, "save": "r2", "mocked": true},
        {"wait": "terminated", "arn": "<<r2.executionArn>>"},
        {"op": "GetExecutionHistory", "params": {"executionArn": "<<r2.executionArn>>"}, "save": "r3"},
        {"check": "history", "value": {"$": {"from": "r3"}}},
        {"check": "last", "value": {"type": {"$": {"from": "r3", "path": ["events", -1, "type"]}}}},
    ])
}

fn execution_answers() -> Vec<(&'static str, &'static [(u16, Value)])> {
    let leak = |answers: Vec<(u16, Value)>| &*answers.leak();
    vec![
        ("CreateStateMachine", leak(vec![(200, json!({"stateMachineArn": MACHINE}))])),
        ("StartExecution", leak(vec![(200, json!({"executionArn": "arn:e"}))])),
        (
            "DescribeExecution",
            leak(vec![
                (200, json!({"status": "RUNNING"})),
                (200, json!({"status": "RUNNING"})),
                (200, json!({"status": "FAILED"})),
            ]),
        ),
        (
            "GetExecutionHistory",
            leak(vec![(
                200,
                json!({"events": [{"id": 1, "type": "ExecutionStarted"}, {"id": 2, "type": "ExecutionFailed"}]}),
            )]),
        ),
        ("ListExecutions", leak(vec![(200, json!({"executions": [{"executionArn": "arn:left"}]}))])),
        ("StopExecution", leak(vec![(200, json!({}))])),
        ("DeleteStateMachine", leak(vec![(200, json!({}))])),
    ]
}

fn execution_expected() -> Value {
    json!({
        "history": {"events": [{"id": 1, "type": "ExecutionStarted"}, {"id": 2, "type": "ExecutionFailed"}], "ResponseMetadata": {"HTTPStatusCode": 200}},
        "last": {"type": "ExecutionFailed"},
    })
}

#[tokio::test]
async fn plays_the_steps_and_cleans_up() {
    let (targets, table) = server(&execution_answers()).await;
    let case = case(execution_steps(), execution_expected(), json!({}));
    assert_eq!(differences(&case, &targets, &Options::default()).await, [""; 0]);
    let calls = calls(&table);
    let operations: Vec<&str> = calls.iter().map(|(operation, _)| operation.as_str()).collect();
    assert_eq!(
        operations,
        [
            "CreateStateMachine",
            "StartExecution",
            "DescribeExecution",
            "DescribeExecution",
            "DescribeExecution",
            "GetExecutionHistory",
            "ListExecutions",
            "StopExecution",
            "DeleteStateMachine",
        ]
    );
    assert_eq!(calls[1].1, json!({"stateMachineArn": MACHINE}));
    assert_eq!(calls[7].1, json!({"executionArn": "arn:left"}));
}

#[tokio::test]
async fn every_failed_check_is_told() {
    let (targets, _) = server(&execution_answers()).await;
    let mut expected = execution_expected();
    expected["history"]["events"][1]["id"] = json!(3);
    expected["last"] = json!({"type": "ExecutionSucceeded"});
    let case = case(execution_steps(), expected, json!({}));
    assert_eq!(
        differences(&case, &targets, &Options::default()).await,
        [
            "$.history.events.1.id: expected 3, got 2",
            "$.last.type: expected \"ExecutionSucceeded\"\n      got      \"ExecutionFailed\"",
        ]
    );
}

#[tokio::test]
async fn mocked_executions_name_the_test_case() {
    let (targets, table) = server(&execution_answers()).await;
    let mocks = json!({"needs": ["sqs"], "mocked_needs": ["sqs"], "mocks": [{"state_machine": "m", "states": {}}]});
    let case = case(execution_steps(), execution_expected(), mocks);
    let without = Options::default().decide(&case);
    assert_eq!(without, Decision::Skip { reason: "needs sqs".into() });
    let options = Options { mocks: true, ..Options::default() };
    assert_eq!(differences(&case, &targets, &options).await, [""; 0]);
    assert_eq!(calls(&table)[1].1, json!({"stateMachineArn": format!("{MACHINE}#conf")}));
    let options = Options { has: ["sqs".to_owned()].into(), ..options };
    assert_eq!(options.decide(&case), Decision::Play { mocked: false });
    assert_eq!(Options { prefer_mocks: true, ..options }.decide(&case), Decision::Play { mocked: true });
}

#[tokio::test]
async fn an_execution_that_does_not_end_fails_its_case() {
    let running: &[_] = &[(200, json!({"status": "RUNNING"}))];
    let (targets, _) = server(&[("DescribeExecution", running)]).await;
    let case = case(json!([{"wait": "terminated", "arn": "arn:e", "limit": 0.1}]), json!({}), json!({}));
    assert_eq!(
        differences(&case, &targets, &Options::default()).await,
        [r#"the execution did not end within 0.1 s; DescribeExecution: {"status":"RUNNING"}"#]
    );
}

#[tokio::test]
async fn errors_have_the_shape_of_the_recordings() {
    let error = json!({"__type": "com.amazonaws.states#InvalidArn:http", "message": "no: 'x'", "reason": "R"});
    let answers: &[_] = &[(400, error)];
    let (targets, _) = server(&[("StopExecution", answers)]).await;
    let stop = json!({"op": "StopExecution", "params": {}, "save": "r1"});
    let expected = json!({"e": {
        "Error": {"Code": "InvalidArn", "Message": "no: 'x'"},
        "message": "no: 'x'",
        "reason": "R",
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }});
    // An error that a check looks at, an expected one, one of a helper: the case goes on. Any other ends it.
    let looked_at = case(json!([stop, {"check": "e", "value": {"$": {"from": "r1"}}}]), expected, json!({}));
    assert_eq!(differences(&looked_at, &targets, &Options::default()).await, [""; 0]);
    let with = |member: &str| {
        let mut stop = stop.clone();
        stop[member] = json!(true);
        case(json!([stop]), json!({}), json!({}))
    };
    assert_eq!(differences(&with("expect_error"), &targets, &Options::default()).await, [""; 0]);
    assert_eq!(differences(&with("helper"), &targets, &Options::default()).await, [""; 0]);
    let ended = differences(&with("mocked"), &targets, &Options::default()).await;
    assert!(ended[0].starts_with("step 0: StopExecution answered 400 {\"__type\""), "{ended:?}");
}

#[tokio::test]
async fn a_worker_polls_beside_the_steps() {
    let (targets, table) = server(&[
        ("GetActivityTask", &[(200, json!({"taskToken": "t", "input": "{\"a\": 1}"}))]),
        ("SendTaskSuccess", &[(200, json!({}))]),
        ("DescribeExecution", &[(200, json!({"status": "RUNNING"})), (200, json!({"status": "SUCCEEDED"}))]),
    ])
    .await;
    let then = json!([{"op": "SendTaskSuccess", "params": {"output": "<<input>>"}}]);
    let steps = json!([
        {"worker": {"activityArn": "arn:<<account>>", "workerName": "w", "then": then}},
        {"wait": "terminated", "arn": "arn:e"},
        {"wait": "settle"},
    ]);
    assert_eq!(differences(&case(steps, json!({}), json!({})), &targets, &Options::default()).await, [""; 0]);
    let calls = calls(&table);
    let worker: Vec<_> = calls.into_iter().filter(|(operation, _)| operation != "DescribeExecution").collect();
    assert_eq!(
        worker,
        [
            ("GetActivityTask".to_owned(), json!({"activityArn": "arn:000000000000", "workerName": "w"})),
            ("SendTaskSuccess".to_owned(), json!({"output": "{\"a\": 1}", "taskToken": "t"})),
        ]
    );
}

#[tokio::test]
async fn a_step_may_call_as_another_account() {
    let (targets, table) = server(&[("ListStateMachines", &[(200, json!({}))])]).await;
    let list = |save: &str| json!({"op": "ListStateMachines", "params": {}, "save": save});
    let mut second = list("r2");
    second["account"] = json!("secondary");
    let case = case(json!([list("r1"), second]), json!({}), json!({}));
    assert_eq!(differences(&case, &targets, &Options::default()).await, [""; 0]);
    let accounts: Vec<_> = table.lock().unwrap().calls.iter().map(|(_, _, account)| account.clone()).collect();
    assert_eq!(accounts, ["000000000000", "000000000002"]);
}

#[tokio::test]
async fn no_server_is_a_failure_that_says_so() {
    let targets = HttpTargets::new("http://127.0.0.1:1", Duration::from_secs(5), LambdaTable::default()).unwrap();
    let case = case(json!([{"op": "ListActivities", "params": {}, "save": "r1"}]), json!({}), json!({}));
    let found = differences(&case, &targets, &Options::default()).await;
    assert!(found[0].starts_with("ListActivities: no answer from the endpoint"), "{found:?}");
}

#[tokio::test]
async fn outcomes_come_in_the_order_of_the_cases_exclusive_ones_first() {
    let (targets, _) = server(&[("ListActivities", &[(200, json!({"a": 1}))])]).await;
    let list =
        json!([{"op": "ListActivities", "params": {}, "save": "r"}, {"check": "c", "value": {"$": {"from": "r"}}}]);
    let cases = vec![
        case(list.clone(), json!({"c": {"a": 1}}), json!({"id": "passes"})),
        case(list.clone(), json!({"c": {"a": 2}}), json!({"id": "fails"})),
        case(list.clone(), json!({"c": {"a": 1}}), json!({"id": "skipped", "needs": ["s3"]})),
        case(list, json!({"c": {"a": 1}}), json!({"id": "alone", "exclusive": true})),
    ];
    let mut outcomes: Vec<Outcome> = Vec::new();
    play_all(cases, targets, Options::default(), 3, |outcome| outcomes.push(outcome)).await;
    let ids: Vec<&str> = outcomes.iter().map(|outcome| outcome.id.as_str()).collect();
    assert_eq!(ids, ["alone", "passes", "fails", "skipped"]);
    assert_eq!(outcomes[1].verdict, Verdict::Passed);
    assert_eq!(outcomes[2].failure_line().unwrap(), "FAIL  fails  $.c.a: expected 2, got 1");
    assert_eq!(outcomes[3].verdict, Verdict::Skipped("needs s3".into()));
}
