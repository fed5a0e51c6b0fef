//! Somebody sets the system's clock back while executions run.
#![cfg(feature = "runtime")]

use asl_engine::history::HistoryDetail;
use asl_engine::machine::{Outcome, Start};
use asl_engine::runtime::{Clock, Engine, Journal, MemoryJournal, VirtualClock};
use asl_engine::task::TaskRequest;
use asl_engine::{Definition, Program, StatesError, Timestamp, Value, object};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const ARN: &str = "arn:aws:states:us-east-1:123456789012:execution:M:e";
const DAY_MILLIS: i64 = 86_400_000;

fn program() -> Arc<Program> {
    let task = r#""Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:F", "TimeoutSeconds": 30,
        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 5, "MaxAttempts": 9}]"#;
    let text = format!(
        r#"{{"StartAt": "First", "TimeoutSeconds": 1000000, "States": {{
        "First": {{{task}, "Next": "Wait"}},
        "Wait": {{"Type": "Wait", "Seconds": 60, "Next": "Both"}},
        "Both": {{"Type": "Parallel", "Next": "Each", "Branches": [
            {{"StartAt": "Left", "States": {{"Left": {{{task}, "End": true}}}}}},
            {{"StartAt": "Right", "States": {{"Right": {{"Type": "Wait", "Seconds": 10, "End": true}}}}}}]}},
        "Each": {{"Type": "Map", "End": true, "ItemProcessor": {{
            "ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
            "StartAt": "Pause", "States": {{
                "Pause": {{"Type": "Wait", "Seconds": 10, "Next": "Item"}}, "Item": {{{task}, "End": true}}}}}}}}}}}}"#
    );
    let definition = Definition::parse(&text, &Default::default());
    assert!(definition.program.is_some(), "{}", definition.render("test", false));
    definition.program.unwrap()
}

/// An engine whose function sets the clock back by a day whenever it is called, and works every other time.
fn engine(clock: &VirtualClock, journal: Arc<dyn Journal>, calls: &Arc<AtomicU64>) -> Engine {
    let (own, calls) = (clock.clone(), calls.clone());
    let function = move |_: TaskRequest| {
        own.set(own.now().plus_millis(-DAY_MILLIS));
        let busy = calls.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        async move { if busy { Err(StatesError::named("Busy")) } else { Ok(Value::from(1)) } }
    };
    let builder = Engine::builder().clock(Clock::Virtual(clock.clone())).journal(journal);
    builder.function("F", Arc::new(function)).build()
}

fn start() -> Start {
    let input = object! { "a" => 1 };
    Start { input, execution_arn: ARN.into(), execution_name: "e".into(), seed: 7, ..Start::default() }
}

#[tokio::test]
async fn a_clock_that_is_set_back_neither_stops_nor_confuses_anything() {
    // Without a restart, and with one after so many moves of the clock.
    for restart_after in [usize::MAX, 0, 1, 2, 3, 5, 8] {
        let clock = VirtualClock::at(Timestamp::from_millis(1_704_067_200_000));
        let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::default());
        let calls = Arc::new(AtomicU64::new(0));
        let mut running = engine(&clock, journal.clone(), &calls);
        running.start(program(), start()).await.unwrap();
        let mut moves = 0;
        let ended = loop {
            match running.execution(ARN).unwrap() {
                ended if ended.outcome.is_some() => break ended,
                _ => {}
            }
            if moves == restart_after {
                running = engine(&clock, journal.clone(), &calls);
                clock.set(clock.now().plus_millis(-DAY_MILLIS));
                running.recover().await.unwrap();
            }
            let moved = running.advance().await;
            assert!(moved || running.execution(ARN).unwrap().outcome.is_some(), "it is stuck after {moves} moves");
            moves += 1;
        };
        assert!(matches!(ended.outcome, Some(Outcome::Succeeded { .. })), "{:?}", ended.outcome);
        assert!(ended.stopped.unwrap() < ended.started, "the clock was set back, and that is told");
        let history = running.history(ARN).await.unwrap().unwrap();
        assert!(history.iter().zip(1..).all(|(event, id)| event.id == id));
        // A Wait takes as long as it says.
        let waits = |exited: bool| {
            let found = history.iter().find(|event| match &event.detail {
                HistoryDetail::StateEntered { name, .. } => !exited && name.as_str() == "Wait",
                HistoryDetail::StateExited { name, .. } => exited && name.as_str() == "Wait",
                _ => false,
            });
            found.unwrap().timestamp.as_millis()
        };
        if restart_after == usize::MAX {
            assert_eq!(waits(true) - waits(false), 60_000);
        }
    }
}
