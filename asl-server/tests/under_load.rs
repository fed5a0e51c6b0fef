//! More than the server takes: starts are refused as AWS refuses them, and everything else is answered.

#[path = "../../asl-engine/tests/support/journal.rs"]
mod journal;
#[path = "support/process.rs"]
mod process;
mod support;

use asl_engine::runtime::{Entry, MemoryJournal};
use asl_server::Service;
use journal::Gated;
use process::{Process, text};
use serde_json::json;
use std::sync::Arc;
use support::{call, create, pass, wait};
use tokio::sync::RwLock;
use tokio::task::JoinSet;

#[test]
fn past_the_bound_starts_are_refused_and_the_rest_is_answered() {
    let server = Process::start(&["--ephemeral", "--max-running", "3"]);
    let waits = server.create("Waits", "STANDARD", wait());
    let quick = server.create("Quick", "EXPRESS", pass());
    let mut client = server.connect();
    let mut arns = Vec::new();
    for _ in 0..3 {
        arns.push(text(&client.call("StartExecution", &json!({ "stateMachineArn": waits })).ok()["executionArn"]));
    }
    let refusal = json!({
        "__type": "ExecutionLimitExceeded",
        "message": "The maximum number of running executions has been reached.",
    });
    for (operation, machine) in [("StartExecution", &waits), ("StartExecution", &quick), ("StartSyncExecution", &quick)]
    {
        let answer = client.call(operation, &json!({ "stateMachineArn": machine }));
        assert_eq!((answer.status, answer.content_type.as_str()), (400, "application/x-amz-json-1.0"));
        assert_eq!(answer.body, refusal);
    }
    for (operation, request) in [
        ("DescribeExecution", json!({ "executionArn": arns[0] })),
        ("GetExecutionHistory", json!({ "executionArn": arns[0] })),
        ("ListExecutions", json!({ "stateMachineArn": waits })),
        ("DescribeStateMachine", json!({ "stateMachineArn": waits })),
        ("CreateActivity", json!({ "name": "A" })),
    ] {
        client.call(operation, &request).ok();
    }
    // When one ends there is room for one.
    client.call("StopExecution", &json!({ "executionArn": arns[0] })).ok();
    client.call("StartExecution", &json!({ "stateMachineArn": waits })).ok();
    assert_eq!(client.call("StartExecution", &json!({ "stateMachineArn": waits })).body, refusal);
}

#[tokio::test]
async fn starts_that_wait_to_be_recorded_are_bounded() {
    // The disk takes its time: whoever holds the lock holds up all commits.
    let disk = Arc::new(RwLock::new(()));
    let slow = disk.clone();
    let gate = move |_: &[Entry]| {
        drop(slow.blocking_read());
        Ok(())
    };
    let journal = Gated { inner: Arc::new(MemoryJournal::default()), gate: Box::new(gate), blocks: true };
    let service = Service::builder(support::ACCOUNT, "us-east-1").journal(Arc::new(journal)).build();
    let machine = create(&service, "Waits", wait(), "STANDARD").await;

    let holds_up = disk.write().await;
    let mut starts = JoinSet::new();
    for number in 0..4097 {
        let (service, request) = (service.clone(), json!({ "stateMachineArn": machine, "name": format!("e{number}") }));
        starts.spawn(async move { call(&service, "StartExecution", request).await });
    }
    let refused = starts.join_next().await.unwrap().unwrap();
    assert_eq!(refused.refusal(), (400, "ThrottlingException", "Rate exceeded"));
    // What needs no commit is answered meanwhile.
    call(&service, "DescribeStateMachine", json!({ "stateMachineArn": machine })).await.ok();
    call(&service, "ListExecutions", json!({ "stateMachineArn": machine })).await.ok();
    let refused = call(&service, "StartExecution", json!({ "stateMachineArn": machine })).await;
    assert_eq!(refused.refusal(), (400, "ThrottlingException", "Rate exceeded"));

    drop(holds_up);
    while let Some(answer) = starts.join_next().await {
        answer.unwrap().ok();
    }
    assert_eq!(service.engine().running().0, 4096);
    call(&service, "StartExecution", json!({ "stateMachineArn": machine })).await.ok();
}

#[cfg(target_os = "linux")]
#[test]
fn a_flood_does_not_grow_the_memory() {
    let data = tempfile::tempdir().unwrap();
    let server = Process::start(&["--data", data.path().to_str().unwrap(), "--max-running", "1"]);
    let waits = server.create("Waits", "STANDARD", wait());
    server.ok("StartExecution", json!({ "stateMachineArn": waits }));
    let request = json!({ "stateMachineArn": waits, "input": json!({ "text": "x".repeat(10_000) }).to_string() });
    let mut clients: Vec<_> = (0..8).map(|_| server.connect()).collect();
    let mut flood = |starts: usize| {
        for _ in 0..starts / clients.len() {
            clients.iter_mut().for_each(|client| client.send("StartExecution", &request));
            for client in &mut clients {
                assert_eq!(client.receive().unwrap().body["__type"], "ExecutionLimitExceeded");
            }
        }
    };
    // Allocators and buffers take what they need once.
    flood(2_000);
    let before = server.resident_kb();
    flood(8_000);
    let grown = server.resident_kb().saturating_sub(before);
    // 8,000 inputs of 10 KB are 80 MB; a byte in a hundred kept would show.
    assert!(grown < 4_000, "{grown} KB more after 8,000 refused starts");
}

#[cfg(unix)]
#[test]
fn with_few_files_to_open_connections_wait_and_the_journal_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let server = Process::start_with_files(128, &["--data", data.path().to_str().unwrap()]);
    let mut client = server.connect();
    let machine = server.create("Pass", "STANDARD", pass());
    // More than the 64 that there are places for; the others wait in the system's queue.
    let crowd: Vec<_> = (0..100).map(|_| server.connect()).collect();
    for _ in 0..20 {
        client.call("StartExecution", &json!({ "stateMachineArn": machine })).ok();
    }
    drop(crowd);
    server.ok("ListExecutions", json!({ "stateMachineArn": machine }));
    drop(client);
    server.terminate();
    let ended = server.ended();
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "stopped\n", ""));
}
