//! Executions that wait leave memory, and come back; long ones are written out now and then, and their histories read from there.
#![cfg(feature = "runtime")]

use asl_engine::history::{HistoryDetail, HistoryEvent};
use asl_engine::machine::{Outcome, Start};
use asl_engine::runtime::{
    Clock, Engine, EngineBuilder, HistoryRange, Journal, MemoryJournal, Parked, Status, TokenError, TokenReport,
    VirtualClock,
};
use asl_engine::value::Str;
use asl_engine::{Definition, Program, StatesError, Timestamp, Value, object};
use std::sync::Arc;
use std::time::Duration;

const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:Act";

fn program(states: &str) -> Arc<Program> {
    let text = format!(r#"{{"StartAt": "A", "States": {{{states}}}}}"#);
    let definition = Definition::parse(&text, &Default::default());
    definition.program.clone().unwrap_or_else(|| panic!("{}", definition.render("test", false)))
}

fn arn(name: &str) -> String {
    format!("arn:aws:states:us-east-1:123456789012:execution:M:{name}")
}

fn start(name: &str, input: Value) -> Start {
    Start { input, execution_arn: arn(name).as_str().into(), execution_name: name.into(), seed: 7, ..Start::default() }
}

fn builder(journal: &Arc<MemoryJournal>) -> EngineBuilder {
    let clock = Clock::Virtual(VirtualClock::at(Timestamp::from_millis(1_704_067_200_000)));
    Engine::builder().clock(clock).journal(journal.clone()).park_after(Duration::ZERO)
}

fn parked(journal: &MemoryJournal) -> Vec<Parked> {
    let mut parked = Vec::new();
    journal.parked(&mut |one| parked.push(one)).unwrap();
    parked
}

/// Lets the shard look at what waits: it does whenever it is told anything.
async fn settle(engine: &Engine, journal: &MemoryJournal, expected: usize) {
    for tick in 0..100 {
        if parked(journal).len() == expected {
            return;
        }
        let name = format!("tick-{}-{tick}", journal.ended_count());
        engine.start(program(r#""A": {"Type": "Succeed"}"#), start(&name, Value::Null)).await.unwrap();
    }
    panic!("{} executions are parked instead of {expected}", parked(journal).len());
}

fn wait(seconds: u64) -> Arc<Program> {
    program(&format!(
        r#""A": {{"Type": "Wait", "Seconds": {seconds}, "Next": "B"}}, "B": {{"Type": "Pass", "End": true}}"#
    ))
}

#[tokio::test]
async fn timers_of_parked_executions_fire_at_their_deadlines_in_order() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = builder(&journal).build();
    for seconds in [300, 100, 200] {
        engine.start(wait(seconds), start(&seconds.to_string(), object! {})).await.unwrap();
    }
    settle(&engine, &journal, 3).await;
    assert_eq!(engine.execution(&arn("100")).unwrap().status(), Status::Running);
    let began = engine.now();
    for seconds in [100, 200, 300] {
        assert!(engine.advance().await);
        let ended = engine.finished(&arn(&seconds.to_string())).await.unwrap();
        assert_eq!(ended.stopped, Some(began.plus_seconds(seconds)));
        assert_eq!(ended.status(), Status::Succeeded);
    }
    assert_eq!(parked(&journal), []);
}

#[tokio::test]
async fn a_restart_leaves_parked_executions_where_they_are_and_fires_late_timers_in_order() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = builder(&journal).build();
    for seconds in [30, 10, 20, 5000] {
        engine.start(wait(seconds), start(&seconds.to_string(), object! {})).await.unwrap();
    }
    settle(&engine, &journal, 4).await;
    let began = engine.now();
    drop(engine);
    let late = began.plus_seconds(1000);
    let engine = Engine::builder()
        .clock(Clock::Virtual(VirtualClock::at(late)))
        .journal(journal.clone())
        .park_after(Duration::ZERO)
        .build();
    assert_eq!(engine.recover().await, Ok(4));
    assert_eq!(parked(&journal).len(), 4, "nothing was brought back to memory");
    assert!(engine.advance().await);
    let arn_of = |sequence| journal.get(sequence).unwrap().unwrap().birth.start.execution_arn.clone();
    let ends: Vec<Str> = journal.ended_first(100).unwrap().into_iter().map(|(_, sequence)| arn_of(sequence)).collect();
    assert_eq!(ends.iter().filter(|arn| !arn.contains("tick")).count(), 3);
    for name in ["10", "20", "30"] {
        assert_eq!(engine.finished(&arn(name)).await.unwrap().stopped, Some(late));
    }
    assert!(engine.advance().await);
    assert_eq!(engine.finished(&arn("5000")).await.unwrap().stopped, Some(began.plus_seconds(5000)));
}

#[tokio::test]
async fn tokens_activities_and_stops_reach_parked_executions_also_after_a_restart() {
    let journal = Arc::new(MemoryJournal::default());
    let tokens: Arc<std::sync::Mutex<Vec<Str>>> = Arc::default();
    let seen = tokens.clone();
    let ask = move |request: asl_engine::task::TaskRequest| {
        seen.lock().unwrap().push(request.token.unwrap());
        async { Ok(Value::Null) }
    };
    let ask = Arc::new(ask);
    let engine = builder(&journal).function("Ask", ask.clone()).build();
    let callback = program(
        r#""A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true,
            "Parameters": {"FunctionName": "Ask", "Payload": {"token.$": "$$.Task.Token"}}}"#,
    );
    let activity = program(&format!(r#""A": {{"Type": "Task", "Resource": "{ACTIVITY}", "End": true}}"#));
    engine.start(callback.clone(), start("callback", object! {})).await.unwrap();
    engine.start(callback, start("stopped", object! {})).await.unwrap();
    engine.start(activity, start("activity", object! { "n" => 1 })).await.unwrap();
    settle(&engine, &journal, 3).await;
    drop(engine);

    let engine = builder(&journal).function("Ask", ask).build();
    assert_eq!(engine.recover().await, Ok(3));
    assert_eq!(parked(&journal).len(), 3);
    let token = tokens.lock().unwrap()[0].clone();
    engine.report(&token, TokenReport::Heartbeat).await.unwrap();
    engine.report(&token, TokenReport::Success("yes".into())).await.unwrap();
    assert_eq!(engine.report(&token, TokenReport::Heartbeat).await, Err(TokenError::TimedOut));
    assert_eq!(
        engine.finished(&arn("callback")).await.unwrap().outcome,
        Some(Outcome::Succeeded { output: "yes".into() })
    );

    let task = engine.next_activity_task(ACTIVITY, Some("worker".into())).await;
    assert_eq!(task.input, object! { "n" => 1 });
    settle(&engine, &journal, 2).await;
    engine.report(&task.token, TokenReport::Failure(StatesError::new("E", "why"))).await.unwrap();
    let failed = engine.finished(&arn("activity")).await.unwrap();
    assert_eq!(failed.outcome, Some(Outcome::Failed(StatesError::new("E", "why"))));

    let stopped = engine.stop(&arn("stopped"), StatesError::named("Enough")).await.unwrap();
    assert_eq!(stopped.status(), Status::Aborted);
    assert_eq!(parked(&journal), []);
    let asked = tokens.lock().unwrap().len();
    assert_eq!(asked, 2, "a task whose token is out is not asked for again");
}

#[tokio::test]
async fn who_waits_for_the_end_of_a_parked_execution_hears_of_it() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = builder(&journal).build();
    engine.start(wait(60), start("e", object! {})).await.unwrap();
    settle(&engine, &journal, 1).await;
    let waiting = tokio::spawn({
        let engine = engine.clone();
        async move { engine.finished(&arn("e")).await }
    });
    tokio::task::yield_now().await;
    while engine.advance().await {}
    assert_eq!(waiting.await.unwrap().unwrap().status(), Status::Succeeded);
}

/// A loop of `turns` turns: about seven history events each.
fn long(turns: u32) -> Arc<Program> {
    program(&format!(
        r#""A": {{"Type": "Pass", "Parameters": {{"n.$": "States.MathAdd($.n, 1)", "id.$": "States.UUID()"}}, "Next": "B"}},
        "B": {{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:F", "ResultPath": null, "Next": "C"}},
        "C": {{"Type": "Choice", "Choices": [{{"Variable": "$.n", "NumericLessThan": {turns}, "Next": "A"}}], "Default": "D"}},
        "D": {{"Type": "Wait", "Seconds": 1, "End": true}}"#
    ))
}

async fn history(engine: &Engine, name: &str) -> Vec<HistoryEvent> {
    engine.history(&arn(name)).await.unwrap().unwrap()
}

#[tokio::test]
async fn pages_of_a_long_history_are_its_parts() {
    let journal = Arc::new(MemoryJournal::default());
    let function = |request: asl_engine::task::TaskRequest| async { Ok(request.input) };
    let engine = builder(&journal).snapshot_every(100).function("F", Arc::new(function)).build();
    engine.start(long(200), start("long", object! { "n" => 0 })).await.unwrap();
    while engine.advance().await {}
    let whole = history(&engine, "long").await;
    assert_eq!(engine.finished(&arn("long")).await.unwrap().status(), Status::Succeeded);
    assert!(whole.len() > 1800, "{}", whole.len());
    assert!(whole.iter().zip(1..).all(|(event, id)| event.id == id && event.previous < id));
    assert!(matches!(whole.last().unwrap().detail, HistoryDetail::ExecutionSucceeded { .. }));
    let sequence = journal.find(&arn("long")).unwrap().unwrap().birth.sequence;
    let latest = journal.snapshot(sequence, u64::MAX).unwrap().unwrap();
    assert!(latest.history > whole.len() as u64 - 150, "the last snapshot is at {}", latest.history);

    for limit in [1, 7, 100, 1000, 5000] {
        for backwards in [false, true] {
            let mut read = Vec::new();
            let mut range = HistoryRange { backwards, limit: Some(limit), after: None };
            loop {
                let page = engine.history_page(&arn("long"), range).await.unwrap().unwrap();
                range.after = page.events.last().map(|event| event.id);
                read.extend(page.events);
                if !page.more || (limit == 1 && read.len() > 130) {
                    break;
                }
            }
            if backwards {
                read.reverse();
                assert_eq!(read, whole[whole.len() - read.len()..]);
            } else {
                assert_eq!(read, whole[..read.len()]);
            }
            assert!(limit == 1 || read.len() == whole.len());
        }
    }
}
