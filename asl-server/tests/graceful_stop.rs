//! SIGTERM: what is under way is finished and kept, nobody holds the server up, and the next start loses nothing.
#![cfg(unix)]

#[path = "support/process.rs"]
mod process;

use process::{Connection, Ended, Process, request, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;

fn pass() -> Value {
    json!({ "StartAt": "P", "States": {
        "P": { "Type": "Pass", "Result": 1, "Next": "Q" }, "Q": { "Type": "Pass", "End": true } } })
}

fn assert_stopped(ended: &Ended) {
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "stopped\n", ""));
}

#[test]
fn polls_are_answered_and_silent_connections_closed() {
    let server = Process::start(&["--ephemeral"]);
    let activity = server.ok("CreateActivity", json!({ "name": "A" }))["activityArn"].take();
    let mut polls: Vec<Connection> = (0..5).map(|_| server.connect()).collect();
    for poll in &mut polls {
        poll.send("GetActivityTask", &json!({ "activityArn": activity }));
    }
    let _silent: Vec<Connection> = (0..5).map(|_| server.connect()).collect();
    let mut idle = server.connect();
    idle.call("ListStateMachines", &json!({})).ok();
    server.terminate();
    // A poll that is waited for takes a minute, and would be cut off long before.
    for poll in &mut polls {
        assert_eq!(poll.receive().expect("an answer").ok(), json!({}));
    }
    assert!(idle.receive().is_none());
    assert_stopped(&server.ended());
}

#[test]
fn what_was_acknowledged_is_there_after_the_next_start() {
    let data = tempfile::tempdir().unwrap();
    let options = ["--data", data.path().to_str().unwrap()];
    let server = Process::start(&options);
    let machine = server.create("Pass", "STANDARD", pass());
    let address = server.address;
    let (told, acknowledged) = mpsc::channel();
    let clients: Vec<_> = (0..4)
        .map(|client| {
            let (machine, told) = (machine.clone(), told.clone());
            std::thread::spawn(move || {
                let mut connection = Connection::open(address);
                for number in 0.. {
                    let name = format!("e-{client}-{number}");
                    connection.send("StartExecution", &json!({ "stateMachineArn": machine, "name": name }));
                    match connection.receive() {
                        Some(answer) => told.send(text(&answer.ok()["executionArn"])).unwrap(),
                        None => break,
                    }
                }
            })
        })
        .collect();
    drop(told);
    let mut arns: BTreeSet<String> = acknowledged.iter().take(100).collect();
    server.terminate();
    arns.extend(acknowledged);
    clients.into_iter().for_each(|client| client.join().unwrap());
    assert_stopped(&server.ended());

    let server = Process::start(&options);
    let mut client = server.connect();
    for arn in &arns {
        let status = loop {
            let description = client.call("DescribeExecution", &json!({ "executionArn": arn })).ok();
            match text(&description["status"]) {
                running if running == "RUNNING" => continue,
                ended => break ended,
            }
        };
        assert_eq!(status, "SUCCEEDED", "{arn}");
    }
    drop(client);
    server.terminate();
    // Nothing had to be repaired.
    assert_stopped(&server.ended());
}

#[test]
fn what_is_being_answered_is_answered() {
    let function = TcpListener::bind("127.0.0.1:0").unwrap();
    let answered_at = format!("F=http://{}", function.local_addr().unwrap());
    let server = Process::start(&["--ephemeral", "--function", &answered_at]);
    let task = json!({ "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:F", "End": true });
    let machine = server.create("Calls", "EXPRESS", json!({ "StartAt": "T", "States": { "T": task } }));
    let mut client = server.connect();
    client.send("StartSyncExecution", &json!({ "stateMachineArn": machine }));
    let (mut called, _) = function.accept().unwrap();
    read_request(&called);
    server.terminate();
    // It has heard: it listens no more.
    while TcpStream::connect(server.address).is_ok() {}
    called.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n\"ok\"").unwrap();
    assert_eq!(client.receive().expect("an answer").ok()["output"], "\"ok\"");
    assert_stopped(&server.ended());
}

/// Reads a request that has a body.
fn read_request(stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
}

#[test]
fn requests_that_never_come_whole_do_not_hold_it_up() {
    let server = Process::start(&["--ephemeral"]);
    let (head, body) = request("ListStateMachines", &json!({ "maxResults": 1 }));
    let mut half_a_head = server.connect();
    half_a_head.send_part(&head.as_bytes()[..20]);
    let mut half_a_body = server.connect();
    half_a_body.send_part((head + &body[..3]).as_bytes());
    server.ok("ListStateMachines", json!({}));
    server.terminate();
    let ended = server.ended();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "stopped\n"));
    assert!(ended.stderr.contains("some requests were still being answered"), "{}", ended.stderr);
}
