//! Finished executions are forgotten by age and by number.
#![cfg(feature = "runtime")]

use asl_engine::machine::Start;
use asl_engine::runtime::{Clock, Engine, Journal, MemoryJournal, Retention, VirtualClock};
use asl_engine::{Definition, Program, Timestamp};
use std::sync::Arc;
use std::time::Duration;

const DAY: u64 = 24 * 3600;

fn wait(seconds: u64) -> Arc<Program> {
    let text =
        format!(r#"{{"StartAt": "A", "States": {{"A": {{"Type": "Wait", "Seconds": {seconds}, "End": true}}}}}}"#);
    Definition::parse(&text, &Default::default()).program.unwrap()
}

fn arn(name: u64) -> String {
    format!("arn:aws:states:us-east-1:123456789012:execution:M:{name}")
}

async fn engine(retention: Retention, ends: impl IntoIterator<Item = u64>) -> (Engine, Arc<MemoryJournal>) {
    let journal = Arc::new(MemoryJournal::default());
    let clock = Clock::Virtual(VirtualClock::at(Timestamp::from_millis(1_704_067_200_000)));
    let engine = Engine::builder().clock(clock).journal(journal.clone()).retention(retention).build();
    for seconds in ends {
        let start = Start { execution_arn: arn(seconds).into(), ..Start::default() };
        engine.start(wait(seconds), start).await.unwrap();
    }
    (engine, journal)
}

#[tokio::test]
async fn what_ended_long_ago_is_forgotten() {
    let (engine, journal) = engine(Retention::default(), [DAY, 2 * DAY, 91 * DAY, 300 * DAY]).await;
    // Until the third has ended; the fourth still runs.
    while engine.execution(&arn(91 * DAY)).unwrap().outcome.is_none() {
        assert!(engine.advance().await);
    }
    assert_eq!(engine.sweep().await, Ok(0), "the first ended 90 days ago, and no longer");
    assert!(engine.advance().await);
    assert_eq!(engine.sweep().await, Ok(3));
    assert!(engine.execution(&arn(2 * DAY)).is_none());
    assert!(engine.history(&arn(2 * DAY)).await.unwrap().is_none());
    assert!(engine.execution(&arn(300 * DAY)).is_some());
    assert_eq!((engine.sweep().await, journal.ended_count()), (Ok(0), 1));
}

#[tokio::test]
async fn only_the_latest_are_kept() {
    let retention = Retention { age: Duration::MAX, count: 100 };
    let (engine, journal) = engine(retention, 1..=500).await;
    while engine.advance().await {}
    assert_eq!(engine.sweep().await, Ok(400));
    assert_eq!(journal.ended_count(), 100);
    assert!(engine.execution(&arn(400)).is_none() && engine.execution(&arn(401)).is_some());
}
