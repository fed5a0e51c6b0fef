//! The built `asl` as a server, and clients that speak HTTP to it over sockets of their own.
#![allow(dead_code, reason = "every test file uses its own part")]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

const ROLE: &str = "arn:aws:iam::123456789012:role/r";

/// A server that runs; killed when dropped.
pub struct Process {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub address: SocketAddr,
}

/// How a server ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    /// What it printed since it listened.
    pub stdout: String,
    /// What it logged.
    pub stderr: String,
}

impl Process {
    /// Starts it with these options on a free port.
    pub fn start(options: &[&str]) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_asl"));
        command.arg("serve").args(options);
        Process::spawn(command)
    }

    /// Starts it with at most so many open files.
    pub fn start_with_files(files: u32, options: &[&str]) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -n {files}; exec \"$0\" serve \"$@\""), env!("CARGO_BIN_EXE_asl")]);
        command.args(options);
        Process::spawn(command)
    }

    fn spawn(mut command: Command) -> Process {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.args(["--listen", "127.0.0.1:0"]).env_clear().env("ASL_LOG", "warn").env("PATH", path);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "it ended before it listened");
            if let Some((_, rest)) = line.split_once(" on http://") {
                break rest.split(' ').next().unwrap().parse().unwrap();
            }
        };
        while !line.starts_with("Ctrl-C") {
            line.clear();
            assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "it ended before it was ready");
        }
        Process { child, stdout, address }
    }

    /// A connection that stays.
    pub fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    /// Calls an operation that must succeed, over a connection of its own.
    pub fn ok(&self, operation: &str, request: Value) -> Value {
        self.connect().call(operation, &request).ok()
    }

    /// A state machine; returns its ARN.
    pub fn create(&self, name: &str, kind: &str, definition: Value) -> String {
        let request = json!({ "name": name, "type": kind, "roleArn": ROLE, "definition": definition.to_string() });
        text(&self.ok("CreateStateMachine", request)["stateMachineArn"])
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Memory in use, in KB.
    #[cfg(target_os = "linux")]
    pub fn resident_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// How many files it has open.
    #[cfg(target_os = "linux")]
    pub fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Tells it to end, as a service manager does.
    #[cfg(unix)]
    pub fn terminate(&self) {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
    }

    /// Waits for its end.
    pub fn ended(mut self) -> Ended {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        Ended { code: self.child.wait().unwrap().code(), stdout, stderr }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// A connection that stays.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub body: Value,
}

impl Answer {
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }
}

impl Connection {
    pub fn open(address: SocketAddr) -> Connection {
        Connection { stream: BufReader::new(TcpStream::connect(address).unwrap()) }
    }

    pub fn call(&mut self, operation: &str, request: &Value) -> Answer {
        self.send(operation, request);
        self.receive().expect("an answer")
    }

    pub fn send(&mut self, operation: &str, request: &Value) {
        let (head, body) = self::request(operation, request);
        // The server may be gone: then there will be no answer.
        _ = self.stream.get_mut().write_all((head + &body).as_bytes());
    }

    /// Sends bytes that are no whole request.
    pub fn send_part(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// The next answer; `None`: the server hung up instead.
    pub fn receive(&mut self) -> Option<Answer> {
        let status = self.line()?;
        let status = status.split(' ').nth(1)?.parse().ok()?;
        let (mut length, mut content_type) = (0, String::new());
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                Some(("content-length", value)) => length = value.parse().ok()?,
                Some(("content-type", value)) => content_type = value.to_owned(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        Some(Answer { status, content_type, body: serde_json::from_slice(&body).ok()? })
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(length) if length > 0 => Some(line.trim_end().to_owned()),
            _ => None,
        }
    }
}

/// The head and the body of a request.
pub fn request(operation: &str, request: &Value) -> (String, String) {
    let body = request.to_string();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: AWSStepFunctions.{operation}\r\n\
         content-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    (head, body)
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
