//! Executions go on after a crash at any moment, as if nothing had happened.
#![cfg(feature = "runtime")]

#[path = "support/journal.rs"]
mod journal;

use asl_engine::history::{HistoryDetail, HistoryEvent};
use asl_engine::machine::{Outcome, Start};
use asl_engine::runtime::{
    Clock, Engine, Entry, Happened, Journal, JournalError, MemoryJournal, StartError, Status, TokenReport, VirtualClock,
};
use asl_engine::task::TaskRequest;
use asl_engine::value::Str;
use asl_engine::{Definition, Program, StatesError, Timestamp, Value, object};
use journal::Gated;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ARN: &str = "arn:aws:states:us-east-1:123456789012:execution:Orders:e1";

const ASK: &str = r#""Ask": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "ResultPath": "$.asked",
    "TimeoutSeconds": 100000, "HeartbeatSeconds": 50000,
    "Parameters": {"FunctionName": "Ask", "Payload": {"token.$": "$$.Task.Token"}}, "Next": "Fails"},"#;

/// Waits, retries, branches, iterations, child executions and a callback, one after the other.
fn program() -> Arc<Program> {
    compiled(true)
}

/// The same, with or without the callback.
fn compiled(asks: bool) -> Arc<Program> {
    let task = |name: &str, rest: &str| {
        format!(r#"{{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:{name}", {rest}}}"#)
    };
    let retry =
        r#""Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 5, "MaxAttempts": 9, "JitterStrategy": "FULL"}]"#;
    let (after, ask) = if asks { ("Ask", ASK) } else { ("Fails", "") };
    let definition = format!(
        r#"{{"StartAt": "Wait", "States": {{
        "Wait": {{"Type": "Wait", "Seconds": 3600, "Next": "Reserve"}},
        "Reserve": {reserve},
        "Both": {{"Type": "Parallel", "ResultPath": "$.both", "Next": "Each", "Branches": [
            {{"StartAt": "Left", "States": {{"Left": {left}}}}},
            {{"StartAt": "Right", "States": {{"Right": {{"Type": "Wait", "Seconds": 60, "End": true}}}}}}]}},
        "Each": {{"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ResultPath": "$.each", "Next": "Children",
            "ItemProcessor": {{"StartAt": "Item", "States": {{"Item": {item}}}}}}},
        "Children": {{"Type": "Map", "ItemsPath": "$.items", "ResultPath": "$.children", "Next": "{after}", "Label": "L",
            "MaxConcurrency": 2, "ToleratedFailurePercentage": 100,
            "ItemProcessor": {{"ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
                "StartAt": "Pause", "States": {{
                    "Pause": {{"Type": "Wait", "Seconds": 10, "Next": "Child"}}, "Child": {child}}}}}}},
        {ask}
        "Fails": {fails},
        "Caught": {{"Type": "Pass", "Parameters": {{"id.$": "States.UUID()"}}, "ResultPath": "$.id", "End": true}}}}}}"#,
        reserve = task("Flaky", &format!(r#""ResultPath": "$.reserved", "Next": "Both", {retry}"#)),
        left = task("Flaky", &format!(r#""End": true, {retry}"#)),
        item = task("Flaky", &format!(r#""End": true, {retry}"#)),
        child = task("Echo", r#""End": true"#),
        fails = task(
            "Broken",
            r#""End": true, "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}]"#
        ),
    );
    let definition = Definition::parse(&definition, &Default::default());
    assert!(definition.program.is_some(), "{}", definition.render("test", false));
    definition.program.unwrap()
}

fn start() -> Start {
    Start {
        input: object! { "items" => Value::from(vec![Value::from(1), "two".into(), 3.5.into()]) },
        execution_arn: ARN.into(),
        execution_name: "e1".into(),
        state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:Orders".into(),
        state_machine_name: "Orders".into(),
        seed: 7,
        ..Start::default()
    }
}

/// The world outside, which does not crash. What it answers depends on the request alone.
#[derive(Clone)]
struct World {
    clock: Clock,
    tokens: Arc<Mutex<Vec<Str>>>,
    /// Every task that was asked for.
    asked: Arc<Mutex<Vec<(Str, u64)>>>,
    /// Do executions leave memory whenever they wait, and are they written out after every event?
    eager: bool,
    parked: Arc<AtomicU64>,
    saved: Arc<AtomicU64>,
}

impl World {
    fn new(eager: bool) -> Self {
        let clock = Clock::Virtual(VirtualClock::at(Timestamp::from_millis(1_704_067_200_000)));
        World {
            clock,
            tokens: Arc::default(),
            asked: Arc::default(),
            eager,
            parked: Arc::default(),
            saved: Arc::default(),
        }
    }

    /// A journal that stops to keep anything after so many commits: what a crash looks like from inside.
    fn crashing(&self, inner: Arc<dyn Journal>, commits: u64) -> Arc<dyn Journal> {
        let (parked, saved, left) = (self.parked.clone(), self.saved.clone(), AtomicU64::new(commits));
        let gate = move |entries: &[Entry]| {
            let left = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            left.map_err(|_| JournalError::Stopped)?;
            for entry in entries {
                match entry {
                    Entry::Parked(_) => _ = parked.fetch_add(1, Ordering::SeqCst),
                    Entry::Snapshot { .. } => _ = saved.fetch_add(1, Ordering::SeqCst),
                    _ => {}
                }
            }
            Ok(())
        };
        Arc::new(Gated { inner, gate: Box::new(gate), blocks: false })
    }

    /// A journal whose disk is full for a while: the commit after so many is refused, and the same again is not.
    fn full_once(inner: Arc<dyn Journal>, commits: u64) -> (Arc<dyn Journal>, Arc<AtomicU64>) {
        let seen = Arc::new(AtomicU64::new(0));
        let count = seen.clone();
        let gate = move |_: &[Entry]| match count.fetch_add(1, Ordering::SeqCst) == commits {
            true => Err(JournalError::Access { table: "log", action: "written", reason: "no space left".to_owned() }),
            false => Ok(()),
        };
        (Arc::new(Gated { inner, gate: Box::new(gate), blocks: true }), seen)
    }

    fn engine(&self, journal: Arc<dyn Journal>) -> Engine {
        let (asked, tokens) = (self.asked.clone(), self.tokens.clone());
        let note = move |request: &TaskRequest| {
            asked.lock().unwrap().push((request.execution_arn.clone(), request.task));
        };
        let (noted, also_noted, too) = (note.clone(), note.clone(), note.clone());
        let flaky = move |request: TaskRequest| {
            note(&request);
            let busy = !request.task.is_multiple_of(3);
            async move { if busy { Err(StatesError::new("Busy", "later")) } else { Ok(request.task.into()) } }
        };
        let echo = move |request: TaskRequest| {
            noted(&request);
            async move {
                match request.input.as_str() {
                    Some(text) => Err(StatesError::new("Text", text)),
                    None => Ok(request.input),
                }
            }
        };
        let broken = move |request: TaskRequest| {
            also_noted(&request);
            async { Err(StatesError::new("Broken", "for good")) }
        };
        let ask = move |request: TaskRequest| {
            too(&request);
            tokens.lock().unwrap().push(request.token.unwrap());
            async { Ok(Value::Null) }
        };
        let mut engine = Engine::builder();
        if self.eager {
            engine = engine.park_after(Duration::ZERO).snapshot_every(1);
        }
        engine
            .clock(self.clock.clone())
            .journal(journal)
            .function("Flaky", Arc::new(flaky))
            .function("Echo", Arc::new(echo))
            .function("Broken", Arc::new(broken))
            .function("Ask", Arc::new(ask))
            .build()
    }

    /// Plays the execution as far as it gets; `None`: the engine crashed.
    async fn play(&self, engine: &Engine, program: &Arc<Program>) -> Option<End> {
        engine.recover().await.ok()?;
        loop {
            match engine.start(program.clone(), start()).await {
                Ok(_) | Err(StartError::AlreadyExists(_)) => break,
                // The client tries again.
                Err(StartError::Unavailable(_)) => tokio::task::yield_now().await,
                Err(_) => return None,
            }
        }
        loop {
            let execution = engine.execution(ARN)?;
            if let Some(outcome) = execution.outcome {
                // Its children hear of it, too.
                while engine.advance().await {}
                let history = engine.history(ARN).await.ok()??;
                let [map_run] = engine.map_runs(ARN).try_into().ok()?;
                let mut children = Vec::new();
                for child in engine.children(&map_run.map_run_arn, None, None, 10) {
                    children.push((child.outcome, engine.history(&child.start.execution_arn).await.ok()??));
                }
                children.sort_by_key(|(_, history)| history.first().map(|event| event.timestamp));
                let counts = format!("{:?} {:?} {:?}", map_run.status, map_run.items, map_run.executions);
                return Some(End { outcome, history, children, counts });
            }
            let history = engine.history(ARN).await.ok()??;
            if let Some(HistoryDetail::TaskSubmitted { .. }) = history.last().map(|event| &event.detail) {
                let token = self.tokens.lock().unwrap().last().cloned();
                engine.report(&token?, TokenReport::Success("yes".into())).await.ok()?;
            } else if !engine.advance().await && engine.execution(ARN)?.outcome.is_none() {
                return None;
            }
        }
    }
}

#[derive(Debug, PartialEq)]
struct End {
    outcome: Outcome,
    history: Vec<HistoryEvent>,
    children: Vec<(Option<Outcome>, Vec<HistoryEvent>)>,
    counts: String,
}

/// The end of an execution whose engine crashes after so many commits, again and again; and how often it did.
async fn crash_every(commits: u64, eager: bool) -> (End, u64, World) {
    let (world, program) = (World::new(eager), program());
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::default());
    for crashes in 0.. {
        let engine = world.engine(world.crashing(journal.clone(), commits));
        if let Some(end) = world.play(&engine, &program).await {
            return (end, crashes, world);
        }
        assert!(crashes < 1000, "it does not get on");
    }
    unreachable!("it ends or crashes too often")
}

/// As [`crash_every`], but there is one crash only.
async fn crash_once(commits: u64, eager: bool) -> (End, bool) {
    let (world, program) = (World::new(eager), program());
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::default());
    if let Some(end) = world.play(&world.engine(world.crashing(journal.clone(), commits)), &program).await {
        return (end, false);
    }
    let end = world.play(&world.engine(journal), &program).await;
    (end.expect("it ends"), true)
}

#[tokio::test]
async fn a_crash_at_any_moment_changes_nothing() {
    let (undisturbed, crashes, _) = crash_every(u64::MAX, false).await;
    assert_eq!(crashes, 0);
    let Outcome::Succeeded { output } = &undisturbed.outcome else { panic!("{:?}", undisturbed.outcome) };
    assert_eq!(output.get("asked").and_then(Value::as_str), Some("yes"));
    assert_eq!(undisturbed.children.len(), 3);
    let (eager, _, world) = crash_every(u64::MAX, true).await;
    assert_eq!(eager, undisturbed);
    let (parked, saved) = (world.parked.load(Ordering::SeqCst), world.saved.load(Ordering::SeqCst));
    assert!(parked > 10 && saved > 30, "parked {parked} times, written out {saved} times");

    for eager in [false, true] {
        let mut commits = 0;
        loop {
            let (end, crashed) = crash_once(commits, eager).await;
            assert_eq!(end, undisturbed, "after a crash at commit {commits}");
            if !crashed {
                break;
            }
            commits += 1;
        }
        assert!(commits > 30, "only {commits} moments to crash at");
    }
}

#[tokio::test]
async fn a_full_disk_at_any_moment_changes_nothing() {
    // Without the callback: who waits for the disk may miss the moment at which its token can be brought back.
    let program = compiled(false);
    let world = World::new(false);
    let undisturbed = world.play(&world.engine(Arc::new(MemoryJournal::default())), &program).await;
    assert!(matches!(&undisturbed, Some(End { outcome: Outcome::Succeeded { .. }, .. })), "{undisturbed:?}");
    let mut commits = 0;
    loop {
        let world = World::new(false);
        let (journal, seen) = World::full_once(Arc::new(MemoryJournal::default()), commits);
        let end = world.play(&world.engine(journal), &program).await;
        assert_eq!(end, undisturbed, "with a full disk at commit {commits}");
        if seen.load(Ordering::SeqCst) <= commits {
            break;
        }
        commits += 1;
    }
    assert!(commits > 20, "only {commits} moments for a full disk");
}

#[tokio::test]
async fn many_crashes_change_nothing() {
    let (undisturbed, _, world) = crash_every(u64::MAX, false).await;
    let mut asked = world.asked.lock().unwrap().clone();
    asked.sort();
    for (commits, eager) in [(2, false), (3, false), (5, false), (8, false), (3, true), (5, true), (8, true)] {
        let (end, crashes, world) = crash_every(commits, eager).await;
        assert!(crashes > 3, "{crashes}");
        assert_eq!(end, undisturbed, "with a crash every {commits} commits");
        // Tasks are asked for at least once, and never under another id.
        let mut again = world.asked.lock().unwrap().clone();
        again.sort();
        again.dedup();
        assert_eq!(again, asked);
    }
}

#[tokio::test]
async fn an_execution_that_replays_differently_is_not_continued() {
    let world = World::new(false);
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::default());
    let engine = world.engine(journal.clone());
    engine.start(program(), start()).await.unwrap();
    let kept = journal.find(ARN).unwrap().unwrap();
    let at = engine.now();
    let event = asl_engine::machine::Event::Resumed;
    let foreign = Happened { at, digest: 1, event };
    journal.commit(&[Entry::Happened { sequence: kept.birth.sequence, number: 1, happened: foreign }]).unwrap();
    drop(engine);
    let engine = world.engine(journal);
    assert_eq!(engine.recover().await, Ok(0));
    let refused = engine.history(ARN).await.unwrap_err();
    assert_eq!(refused, JournalError::Diverged { execution_arn: ARN.into(), number: 1 });
    assert_eq!(engine.execution(ARN).unwrap().status(), Status::Running);
}

#[tokio::test]
async fn a_job_that_was_submitted_is_not_submitted_again() {
    let definition = r#"{"StartAt": "Job", "States": {"Job": {"Type": "Task", "End": true,
        "Resource": "arn:aws:states:::glue:startJobRun.sync", "Parameters": {"JobName": "J"}}}}"#;
    let program = Definition::parse(definition, &Default::default()).program.unwrap();
    // Read from its events, and from a snapshot.
    for snapshot_every in [1_000, 1] {
        let journal = Arc::new(MemoryJournal::default());
        let submits = |request: TaskRequest| async move {
            assert_eq!(request.submitted, None);
            request.progress.submitted(object! { "JobRunId" => "jr_1" });
            std::future::pending().await
        };
        let builder = || Engine::builder().journal(journal.clone()).snapshot_every(snapshot_every);
        let engine = builder().dispatcher(Arc::new(submits)).build();
        engine.start(program.clone(), start()).await.unwrap();
        let is_submitted = |event: &HistoryEvent| matches!(event.detail, HistoryDetail::TaskSubmitted { .. });
        while !engine.history(ARN).await.unwrap().unwrap().iter().any(is_submitted) {
            tokio::task::yield_now().await;
        }
        drop(engine);
        let goes_on = |request: TaskRequest| async move {
            request.submitted.ok_or_else(|| StatesError::new("Twice", "the job was submitted again"))
        };
        let engine = builder().dispatcher(Arc::new(goes_on)).build();
        assert_eq!(engine.recover().await, Ok(1));
        let execution = engine.finished(ARN).await.unwrap();
        assert_eq!(execution.outcome, Some(Outcome::Succeeded { output: object! { "JobRunId" => "jr_1" } }));
    }
}
