//! Functions that misbehave in every way, a thousand times: each call ends in the error that AWS names, and nothing of it
//! stays: no process, no open file, no memory.
#![cfg(target_os = "linux")]

#[path = "support/process.rs"]
mod process;

use process::{Connection, Process};
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

/// What a function does, by its name, and the error that the call ends in.
const KINDS: [(&str, &str); 9] = [
    ("refuses", "Lambda.SdkClientException"),
    ("hangs-up", "Lambda.SdkClientException"),
    ("half", "Lambda.SdkClientException"),
    ("no-http", "Lambda.SdkClientException"),
    ("broken", "Lambda.Unknown"),
    ("bytes", "Lambda.Unknown"),
    ("redirects", "Lambda.AWSLambdaException"),
    ("floods", "Function.ResponseSizeTooLarge"),
    ("stalls", "States.Timeout"),
];

/// Serves the endpoints until the test ends; returns with where.
fn world() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || misbehave(stream.unwrap()));
        }
    });
    address
}

/// One answer, or what stands for it.
fn misbehave(mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
    _ = reader.read_line(&mut first);
    while !matches!(line.as_str(), "\r\n") {
        line.clear();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
    }
    _ = reader.read_exact(&mut vec![0; length]);
    let answer = |status: &str, body: &[u8]| {
        [format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes(), body]
            .concat()
    };
    let bytes = match first.split(' ').nth(1).unwrap_or_default() {
        "/half" => b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"a\":".to_vec(),
        "/no-http" => b"what do you want?\r\n\r\n".to_vec(),
        "/broken" => answer("200 OK", br#"{"a": [1, 2"#),
        "/bytes" => answer("200 OK", b"\"\xff\xfe\x80\""),
        "/redirects" => answer("302 Found\r\nlocation: http://127.0.0.1:1/elsewhere", b""),
        "/floods" => answer("200 OK", &vec![b'x'; 7_000_000]),
        "/stalls" => {
            // Until the caller has had enough.
            _ = reader.read(&mut [0]);
            return;
        }
        _ => return,
    };
    _ = stream.write_all(&bytes);
}

/// The processes whose parent it is.
fn children(server: &Process) -> usize {
    let parent = format!("PPid:\t{}\n", server.id());
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let status = |entry: std::fs::DirEntry| std::fs::read_to_string(entry.path().join("status")).unwrap_or_default();
    processes.map(status).filter(|status| status.contains(&parent)).count()
}

#[test]
fn a_thousand_bad_calls_leave_nothing_behind() {
    let world = world();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut options = vec!["--ephemeral".to_owned()];
    for (kind, _) in KINDS {
        let at = if kind == "refuses" { format!("http://{nobody}/") } else { format!("http://{world}/{kind}") };
        options.extend(["--function".to_owned(), format!("{kind}={at}")]);
    }
    options.extend(["--function".to_owned(), "exits=sh -c 'exit 3'".to_owned()]);
    let server = Process::start(&options.iter().map(String::as_str).collect::<Vec<_>>());
    let machine = |kind: &str| {
        let resource = format!("arn:aws:lambda:us-east-1:123456789012:function:{kind}");
        let task = json!({ "Type": "Task", "Resource": resource, "TimeoutSeconds": 1, "End": true });
        let timely = json!({ "Type": "Task", "Resource": resource, "TimeoutSeconds": 60, "End": true });
        let task = if kind == "stalls" { task } else { timely };
        server.create(kind, "EXPRESS", json!({ "StartAt": "T", "States": { "T": task } }))
    };
    let mut kinds: Vec<(String, &str)> = KINDS.iter().map(|(kind, error)| (machine(kind), *error)).collect();
    kinds.push((machine("exits"), "Runtime.ExitError"));

    let address = server.address;
    // Eight clients, each with twenty rounds. What costs a second, a process or much memory is done by one of them, now and
    // then: how much is held at once must not be chance.
    let play = || {
        let clients: Vec<_> = (0..8)
            .map(|client| {
                let kinds = kinds.clone();
                std::thread::spawn(move || {
                    let mut connection = Connection::open(address);
                    for round in 0..20 {
                        for (machine, error) in &kinds {
                            let costly = ["stalls", "exits", "floods"].iter().any(|kind| machine.ends_with(kind));
                            if costly && (client != 0 || round % 8 != 0) {
                                continue;
                            }
                            let answer =
                                connection.call("StartSyncExecution", &json!({ "stateMachineArn": machine })).ok();
                            assert_eq!(
                                (&answer["status"], &answer["error"]),
                                (&json!("FAILED"), &json!(error)),
                                "{answer}"
                            );
                        }
                    }
                })
            })
            .collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
    };
    play();
    let (files, processes, memory) = (server.open_files(), children(&server), server.resident_kb());
    play();
    assert!(server.open_files() <= files + 8, "{} files are open, {files} were", server.open_files());
    assert!(children(&server) <= processes, "{} processes, {processes} before", children(&server));
    let grown = server.resident_kb().saturating_sub(memory);
    assert!(grown < 16_000, "{grown} KB more");
}
