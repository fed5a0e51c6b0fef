//! A redrive is kept: what was redriven goes on after a crash at any moment, as if nothing had happened.
#![cfg(feature = "runtime")]

#[path = "support/journal.rs"]
mod journal;

use asl_engine::history::HistoryEvent;
use asl_engine::machine::{Outcome, Start};
use asl_engine::runtime::{
    Clock, Engine, Entry, Journal, JournalError, MemoryJournal, StartError, Status, VirtualClock,
};
use asl_engine::task::{Purpose, TaskRequest};
use asl_engine::value::Str;
use asl_engine::{Definition, Program, StatesError, Timestamp, Value};
use journal::Gated;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ARN: &str = "arn:aws:states:us-east-1:123456789012:execution:Orders:e1";

/// A Map Run some children of which fail until they were redriven once, then a task that fails until the second redrive.
fn program(execution_type: &str, writer: &str) -> Arc<Program> {
    let task = |rest: &str| {
        format!(r#"{{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:F", {rest}}}"#)
    };
    let definition = format!(
        r#"{{"StartAt": "Each", "States": {{
        "Each": {{"Type": "Map", "MaxConcurrency": 2, "Next": "Pay", "Label": "L", {writer} "ItemProcessor": {{
            "ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "{execution_type}"}},
            "StartAt": "Pause", "States": {{
                "Pause": {{"Type": "Wait", "Seconds": 10, "Next": "Item"}}, "Item": {item}}}}}}},
        "Pay": {pay}}}}}"#,
        item = task(r#""Parameters": {"least": 1, "item.$": "$"}, "End": true"#),
        pay = task(r#""Parameters": {"least": 2, "item": "bad", "each.$": "$"}, "End": true"#),
    );
    let definition = Definition::parse(&definition, &Default::default());
    assert!(definition.program.is_some(), "{}", definition.render("test", false));
    definition.program.unwrap()
}

/// A ResultWriter.
const WRITER: &str = r#""ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}},"#;

/// What was stored: how often the Map Run had been redriven and which part it was → what succeeded, failed, and never started.
type Stored = Arc<Mutex<BTreeMap<(u64, usize), [Vec<Str>; 3]>>>;

fn start() -> Start {
    Start {
        input: Value::parse(r#"["good", "bad", "good", "bad", "good"]"#).unwrap(),
        execution_arn: ARN.into(),
        execution_name: "e1".into(),
        state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:Orders".into(),
        state_machine_name: "Orders".into(),
        seed: 7,
        ..Start::default()
    }
}

/// What an engine answers with depends on the request and on how often the execution was redriven. `eager`: executions leave
/// memory whenever they wait, and are written out after every event.
fn engine(clock: &Clock, journal: Arc<dyn Journal>, eager: bool, stored: &Stored) -> Engine {
    let kept = journal.clone();
    let function = move |request: TaskRequest| {
        let redrives = kept.find(ARN).unwrap().map_or(0, |kept| kept.redrives.count);
        let least = request.input.get("least").and_then(Value::as_i64).unwrap_or_default();
        let bad = request.input.get("item").and_then(Value::as_str) == Some("bad") && (redrives as i64) < least;
        async move { if bad { Err(StatesError::named("Bad")) } else { Ok(request.input) } }
    };
    let stored = stored.clone();
    let store = move |request: TaskRequest| {
        let Purpose::WriteResults(part) = request.purpose else { panic!("{:?}", request.purpose) };
        let place = (part.redrives, part.earlier.len());
        stored.lock().unwrap().insert(place, [part.succeeded, part.failed, part.pending]);
        async move { Ok(Value::from(place.1 as i64)) }
    };
    let mut engine = Engine::builder().dispatcher(Arc::new(store));
    if eager {
        engine = engine.park_after(Duration::ZERO).snapshot_every(1);
    }
    engine.clock(clock.clone()).journal(journal).function("F", Arc::new(function)).build()
}

#[derive(Debug, PartialEq)]
struct End {
    outcome: Outcome,
    history: Vec<HistoryEvent>,
    children: Vec<(Status, u64, Vec<HistoryEvent>)>,
    counts: String,
    stored: BTreeMap<(u64, usize), [Vec<Str>; 3]>,
}

/// Plays the execution as far as it gets; `None`: the engine crashed.
async fn play(engine: &Engine, program: &Arc<Program>, stored: &Stored) -> Option<End> {
    engine.recover().await.ok()?;
    match engine.start(program.clone(), start()).await {
        Ok(_) | Err(StartError::AlreadyExists(_)) => {}
        Err(_) => return None,
    }
    loop {
        let execution = engine.execution(ARN)?;
        let Some(outcome) = execution.outcome else {
            // What nothing follows from any more may have ended it just now.
            if !engine.advance().await && engine.execution(ARN)?.outcome.is_none() {
                return None;
            }
            continue;
        };
        // Its children hear of it, too.
        while engine.advance().await {}
        if execution.redrives.count < 2 {
            engine.redrive(ARN, None).await.ok()?;
            continue;
        }
        let history = engine.history(ARN).await.ok()??;
        let [map_run] = engine.map_runs(ARN).try_into().ok()?;
        let mut children = Vec::new();
        for child in engine.children(&map_run.map_run_arn, None, None, 20) {
            let history = engine.history(&child.start.execution_arn).await.ok()??;
            children.push((child.status(), child.redrives.count, history));
        }
        children.sort_by_key(|(_, _, history)| history.first().map(|event| event.timestamp));
        let counts = format!("{:?} {} {:?} {:?}", map_run.status, map_run.redrives, map_run.items, map_run.executions);
        let stored = stored.lock().unwrap().clone();
        return Some(End { outcome, history, children, counts, stored });
    }
}

/// The end of an execution whose engine crashes after so many commits, and whether it did.
async fn crash_once(program: &Arc<Program>, commits: u64, eager: bool) -> (End, bool) {
    let clock = Clock::Virtual(VirtualClock::at(Timestamp::from_millis(1_704_067_200_000)));
    let inner: Arc<dyn Journal> = Arc::new(MemoryJournal::default());
    let left = AtomicU64::new(commits);
    let gate = move |_: &[Entry]| {
        let left = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map(|_| ()).map_err(|_| JournalError::Stopped)
    };
    let crashing = Arc::new(Gated { inner: inner.clone(), gate: Box::new(gate), blocks: false });
    let stored = Stored::default();
    if let Some(end) = play(&engine(&clock, crashing, eager, &stored), program, &stored).await {
        return (end, false);
    }
    let end = play(&engine(&clock, inner, eager, &stored), program, &stored).await;
    (end.unwrap_or_else(|| panic!("it does not end after a crash at commit {commits}")), true)
}

#[tokio::test]
async fn a_crash_at_any_moment_changes_nothing() {
    for (execution_type, writer) in [("STANDARD", ""), ("EXPRESS", ""), ("STANDARD", WRITER), ("EXPRESS", WRITER)] {
        let program = program(execution_type, writer);
        let (undisturbed, _) = crash_once(&program, u64::MAX, false).await;
        assert!(matches!(undisturbed.outcome, Outcome::Succeeded { .. }), "{:?}", undisturbed.outcome);
        assert!(undisturbed.counts.starts_with("Succeeded 1 "), "{}", undisturbed.counts);
        // With a ResultWriter, two parts of the attempt that failed, and one of the redrive.
        let succeeded: usize = undisturbed.stored.values().map(|[succeeded, ..]| succeeded.len()).sum();
        let expected = if writer.is_empty() { (0, 0) } else { (3, 5) };
        assert_eq!((undisturbed.stored.len(), succeeded), expected, "{:?}", undisturbed.stored);
        for eager in [false, true] {
            let mut commits = 0;
            loop {
                let (end, crashed) = crash_once(&program, commits, eager).await;
                assert_eq!(end, undisturbed, "{execution_type}, after a crash at commit {commits}, eager: {eager}");
                if !crashed {
                    break;
                }
                commits += 1;
            }
            assert!(commits > 10, "only {commits} moments to crash at");
        }
    }
}
