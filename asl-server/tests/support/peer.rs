//! Services of AWS's on loopback, which answer from a script and remember what they were asked.
#![allow(dead_code, reason = "every test file uses its own part")]

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// What is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    Json(u16, Value),
    Text(u16, &'static str),
    /// Nothing, for as long as the caller waits.
    Never,
}

/// An answer that all is well.
pub fn ok(body: Value) -> Reply {
    Reply::Json(200, body)
}

/// What was asked. Operations are named `StartJobRun` where a header names them, `POST /v1/submitjob` elsewhere.
#[derive(Clone, Debug)]
pub struct Asked {
    pub operation: String,
    pub body: Value,
}

pub struct Peer {
    pub url: String,
    shared: Arc<Shared>,
}

struct Shared {
    script: Mutex<HashMap<String, VecDeque<Reply>>>,
    asked: watch::Sender<Vec<Asked>>,
}

impl Peer {
    /// Each operation with its replies in turn, the last of which stays.
    pub async fn start(script: impl IntoIterator<Item = (&str, Vec<Reply>)>) -> Peer {
        let script = script.into_iter().map(|(operation, replies)| (operation.to_owned(), replies.into())).collect();
        let shared = Arc::new(Shared { script: Mutex::new(script), asked: watch::Sender::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        tokio::spawn(async { axum::serve(listener, router).await });
        Peer { url, shared }
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.borrow().clone()
    }

    /// How often an operation was asked for.
    pub fn count(&self, operation: &str) -> usize {
        self.asked().iter().filter(|asked| asked.operation == operation).count()
    }

    /// What an operation was asked last, once it is.
    pub async fn next(&self, operation: &str) -> Asked {
        let mut asked = self.shared.asked.subscribe();
        let is_there = |asked: &Vec<Asked>| asked.iter().any(|asked| asked.operation == operation);
        let asked = tokio::time::timeout(Duration::from_secs(60), asked.wait_for(is_there)).await;
        let asked = asked.unwrap_or_else(|_| panic!("{operation} was not asked for")).unwrap();
        asked.iter().rfind(|asked| asked.operation == operation).unwrap().clone()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1_000_000).await.unwrap();
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()?.rsplit('.').next());
    let operation = target.map_or_else(|| format!("{} {}", parts.method, parts.uri), str::to_owned);
    let reply = {
        let mut script = shared.script.lock().unwrap();
        match script.get_mut(&operation) {
            Some(replies) if replies.len() > 1 => replies.pop_front(),
            Some(replies) => replies.front().cloned(),
            None => None,
        }
    };
    let body = serde_json::from_slice(&body).unwrap_or_default();
    shared.asked.send_modify(|asked| asked.push(Asked { operation: operation.clone(), body }));
    let (status, content_type, body) = match reply {
        Some(Reply::Json(status, body)) => (status, "application/x-amz-json-1.1", body.to_string()),
        Some(Reply::Text(status, text)) => (status, "text/html", text.to_owned()),
        Some(Reply::Never) => std::future::pending().await,
        None => (501, "text/plain", format!("the script has no answer to {operation}")),
    };
    let status = StatusCode::from_u16(status).unwrap();
    (status, [("content-type", content_type), ("x-amzn-requestid", "11111111-2222-4333-8444-555555555555")], body)
        .into_response()
}
