//! Map Runs in the local runtime.
#![cfg(feature = "runtime")]

use asl_engine::machine::{MapRunLimits, MapRunStatus, Outcome, Start};
use asl_engine::runtime::{Clock, Counts, Engine, Status, TokenReport, VirtualClock};
use asl_engine::task::TaskRequest;
use asl_engine::{Definition, Program, StatesError, Timestamp, Value};
use std::sync::{Arc, Mutex};

const ARN: &str = "arn:aws:states:us-east-1:123456789012:execution:Orders:e1";

fn compile(fields: &str, states: &str) -> Arc<Program> {
    let definition = format!(
        r#"{{"StartAt": "M", "States": {{"M": {{"Type": "Map", {fields} "End": true, "ItemProcessor": {{
            "ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
            "StartAt": "W", "States": {{{states}}}}}}}}}}}"#
    );
    let definition = Definition::parse(&definition, &Default::default());
    assert!(definition.program.is_some(), "{}", definition.render("test", false));
    definition.program.unwrap()
}

fn start(items: u64) -> Start {
    Start {
        input: (0..items).map(Value::from).collect(),
        execution_arn: ARN.into(),
        execution_name: "e1".into(),
        state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:Orders".into(),
        state_machine_name: "Orders".into(),
        ..Start::default()
    }
}

fn virtual_clock() -> Clock {
    Clock::Virtual(VirtualClock::at(Timestamp::from_millis(1_704_067_200_000)))
}

async fn until_over(engine: &Engine) -> Outcome {
    while engine.execution(ARN).unwrap().outcome.is_none() {
        assert!(engine.advance().await, "nothing will happen any more");
    }
    engine.execution(ARN).unwrap().outcome.unwrap()
}

#[tokio::test]
async fn children_run_in_virtual_time_and_are_counted() {
    let odd_ones_fail = |request: TaskRequest| async move {
        match request.input.as_i64() {
            Some(number) if number % 2 == 1 => Err(StatesError::new("Odd", "odd")),
            _ => Ok(request.input),
        }
    };
    let engine = Engine::builder().clock(virtual_clock()).function("F", Arc::new(odd_ones_fail)).build();
    let states = r#""W": {"Type": "Wait", "Seconds": 3600, "Next": "T"},
        "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:F", "End": true}"#;
    let program = compile(r#""MaxConcurrency": 2, "Label": "L", "ToleratedFailurePercentage": 50,"#, states);
    engine.start(program, start(5)).await.unwrap();
    let outcome = until_over(&engine).await;
    let Outcome::Succeeded { output } = outcome else { panic!("{outcome:?}") };
    assert_eq!(output.as_array().unwrap().len(), 5);

    let [map_run] = &engine.map_runs(ARN)[..] else { panic!("one Map Run") };
    assert_eq!(map_run.status, MapRunStatus::Succeeded);
    let counts = Counts { succeeded: 3, failed: 2, total: 5, ..Counts::default() };
    assert_eq!((map_run.items, map_run.executions), (counts, counts));
    assert_eq!(map_run.stopped.unwrap().as_millis() - map_run.started.as_millis(), 3 * 3_600_000);
    assert_eq!(map_run.limits.max_concurrency, Some(2));
    assert_eq!(map_run.limits.tolerated_failure_percentage, Some(50.0));
    assert!(map_run.map_run_arn.contains(":mapRun:Orders/L:"));

    let failed = engine.children(&map_run.map_run_arn, Some(Status::Failed), None, 10);
    assert_eq!(failed.len(), 2);
    assert_eq!(failed[0].map_run_arn.as_ref(), Some(&map_run.map_run_arn));
    // Newest first, page by page.
    let page = engine.children(&map_run.map_run_arn, None, Some(failed[0].sequence), 10);
    assert_eq!(page.len(), 3);
    assert_eq!(engine.executions(&engine.execution(ARN).unwrap().start.state_machine_arn, None, None, 10).len(), 1);
    // Each has a history of its own.
    let history = engine.history(&failed[0].start.execution_arn).await.unwrap().unwrap();
    assert_eq!(history.last().unwrap().id, history.len() as u64);
}

#[tokio::test]
async fn children_end_with_their_parent() {
    let engine = Engine::builder().clock(virtual_clock()).build();
    let program = compile("", r#""W": {"Type": "Wait", "Seconds": 3600, "End": true}"#);
    engine.start(program, start(3)).await.unwrap();
    engine.stop(ARN, StatesError::named("Enough")).await.unwrap();
    let map_run = engine.map_runs(ARN).remove(0);
    assert_eq!(map_run.status, MapRunStatus::Aborted);
    for child in engine.children(&map_run.map_run_arn, None, None, 10) {
        let ended = engine.finished(&child.start.execution_arn).await.unwrap();
        assert_eq!(ended.status(), Status::Aborted);
    }
    assert_eq!(engine.map_run(&map_run.map_run_arn).unwrap().items.aborted, 3);
    assert!(!engine.advance().await, "nothing is left");
}

#[tokio::test]
async fn tokens_and_limits_reach_children_in_every_shard() {
    let tokens = Arc::new(Mutex::new(Vec::new()));
    let seen = tokens.clone();
    let take = move |request: TaskRequest| {
        seen.lock().unwrap().push(request.token.unwrap());
        async { Ok(Value::Null) }
    };
    let engine = Engine::builder().shards(4).function("F", Arc::new(take)).build();
    let states = r#""W": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "F", "Payload": {"token.$": "$$.Task.Token"}}, "End": true}"#;
    engine.start(compile(r#""MaxConcurrency": 1,"#, states), start(3)).await.unwrap();
    let map_run = engine.map_runs(ARN).remove(0);
    assert_eq!(map_run.items.pending + map_run.items.running, 3);
    let limits = MapRunLimits { max_concurrency: Some(3), ..MapRunLimits::default() };
    let updated = engine.update_map_run(&map_run.map_run_arn, limits).await.unwrap();
    assert_eq!(updated.limits.max_concurrency, Some(3));
    let mut answered = 0;
    while answered < 3 {
        let token = tokens.lock().unwrap().pop();
        match token {
            Some(token) => {
                engine.report(&token, TokenReport::Success(answered.into())).await.unwrap();
                answered += 1;
            }
            None => tokio::task::yield_now().await,
        }
    }
    let done = engine.finished(ARN).await.unwrap();
    assert_eq!(done.status(), Status::Succeeded);
    assert_eq!(engine.map_run(&map_run.map_run_arn).unwrap().executions.succeeded, 3);
}

#[tokio::test]
async fn without_a_reader_the_map_run_fails_and_says_so() {
    let engine = Engine::builder().clock(virtual_clock()).build();
    let reader = r#""ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}, "ReaderConfig": {"InputType": "JSON"}},"#;
    engine.start(compile(reader, r#""W": {"Type": "Pass", "End": true}"#), start(0)).await.unwrap();
    let Outcome::Failed(error) = until_over(&engine).await else { panic!("failed") };
    assert_eq!(error.name(), "States.ItemReaderFailed");
    assert!(error.cause.unwrap().contains("arn:aws:states:::s3:getObject"));
}

#[tokio::test]
async fn ten_thousand_children_run() {
    let engine = Engine::builder().build();
    engine.start(compile("", r#""W": {"Type": "Pass", "End": true}"#), start(10_000)).await.unwrap();
    let Some(Outcome::Succeeded { output }) = engine.finished(ARN).await.unwrap().outcome else { panic!("succeeded") };
    assert_eq!(output.as_array().unwrap().len(), 10_000);
    assert_eq!(engine.map_runs(ARN)[0].executions.succeeded, 10_000);
}
