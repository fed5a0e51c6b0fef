//! When nothing can be kept for a while, starts are refused, what runs waits, and nothing is lost.
#![cfg(feature = "runtime")]

#[path = "support/journal.rs"]
mod journal;

use asl_engine::machine::{Outcome, Start};
use asl_engine::runtime::{Engine, Journal, JournalError, MemoryJournal, StartError, Status};
use asl_engine::task::TaskRequest;
use asl_engine::{Definition, Program, Value};
use journal::Gated;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Semaphore;

fn program() -> Arc<Program> {
    let text = r#"{"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Ask", "Next": "B"},
        "B": {"Type": "Pass", "End": true}}}"#;
    Definition::parse(text, &Default::default()).program.unwrap()
}

fn start(name: &str) -> Start {
    let execution_arn = format!("arn:aws:states:us-east-1:123456789012:execution:M:{name}").into();
    Start { execution_arn, execution_name: name.into(), seed: 7, ..Start::default() }
}

fn no_room() -> JournalError {
    JournalError::Access { table: "log", action: "written", reason: "no space left on the disk".to_owned() }
}

#[tokio::test]
async fn while_the_disk_is_full_starts_are_refused_and_what_runs_waits() {
    let inner = Arc::new(MemoryJournal::default());
    let full = Arc::new(AtomicBool::new(false));
    let gate = {
        let full = full.clone();
        move |_: &[_]| if full.load(Ordering::SeqCst) { Err(no_room()) } else { Ok(()) }
    };
    let journal: Arc<dyn Journal> = Arc::new(Gated { inner: inner.clone(), gate: Box::new(gate), blocks: true });
    let answer = Arc::new(Semaphore::new(0));
    let ask = {
        let answer = answer.clone();
        move |_: TaskRequest| {
            let answer = answer.clone();
            async move {
                answer.acquire().await.unwrap().forget();
                Ok(Value::from("done"))
            }
        }
    };
    let engine = Engine::builder().shards(1).journal(journal).function("Ask", Arc::new(ask)).build();
    engine.start(program(), start("acknowledged")).await.unwrap();

    full.store(true, Ordering::SeqCst);
    // It is in the shard's hands when the trouble begins: whether it is kept in the end nobody can say yet.
    let refused = engine.start(program(), start("unsure")).await.unwrap_err();
    assert!(matches!(&refused, StartError::Unavailable(error) if *error == no_room()), "{refused}");
    assert_eq!(engine.trouble(), Some(no_room()));
    for name in ["refused", "too"] {
        assert!(matches!(engine.start(program(), start(name)).await, Err(StartError::Unavailable(_))));
    }
    assert!(engine.put(vec![("key".to_owned(), None)]).await.is_err());
    // A task of what runs ends meanwhile.
    answer.add_permits(1);
    let acknowledged = start("acknowledged").execution_arn;
    assert_eq!(engine.execution(&acknowledged).unwrap().status(), Status::Running);
    assert!(inner.find(&start("refused").execution_arn).unwrap().is_none());

    full.store(false, Ordering::SeqCst);
    let ended = engine.finished(&acknowledged).await.unwrap();
    assert_eq!(ended.outcome, Some(Outcome::Succeeded { output: "done".into() }));
    assert_eq!(engine.trouble(), None);
    // To start the same again is safe, whatever became of it.
    match engine.start(program(), start("unsure")).await {
        Ok(_) | Err(StartError::AlreadyExists(_)) => {}
        Err(error) => panic!("{error}"),
    }
    engine.start(program(), start("refused")).await.unwrap();
    answer.add_permits(2);
    for name in ["unsure", "refused"] {
        let ended = engine.finished(&start(name).execution_arn).await;
        assert_eq!(ended.unwrap().status(), Status::Succeeded);
    }
}
