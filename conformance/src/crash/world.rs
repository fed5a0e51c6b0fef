//! The world outside the server, which is never killed: functions, answering as Lambda does.

use anyhow::Result;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
struct Seen {
    /// Function and payload, but for tokens.
    calls: BTreeSet<String>,
    /// Tokens that nobody has brought back yet, and what they were given for.
    tokens: Vec<(String, Value)>,
}

#[derive(Clone)]
pub(super) struct World {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl World {
    pub(super) async fn start() -> Result<World> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let world = World { address: listener.local_addr()?, seen: Arc::default() };
        let router =
            Router::new().route("/2015-03-31/functions/{name}/invocations", post(invoke)).with_state(world.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(world)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn calls(&self) -> BTreeSet<String> {
        self.seen().calls.clone()
    }

    /// A token to be brought back, with what it was given for.
    pub(super) fn token(&self) -> Option<(String, Value)> {
        self.seen().tokens.pop()
    }

    /// It is too early to bring the token back.
    pub(super) fn put_back(&self, token: String, payload: Value) {
        self.seen().tokens.insert(0, (token, payload));
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `Work` fails now and then, depending on its payload alone; `Until` fails until it is redriven often enough; `Ask` keeps the
/// token.
async fn invoke(State(world): State<World>, Path(name): Path<String>, Json(mut payload): Json<Value>) -> Response {
    let token = payload.as_object_mut().and_then(|payload| payload.remove("token"));
    let text = payload.to_string();
    let mut seen = world.seen();
    seen.calls.insert(format!("{name} {text}"));
    if let Some(Value::String(token)) = token {
        seen.tokens.push((token, payload.clone()));
    }
    drop(seen);
    let sum = text.bytes().fold(7u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let number = |name: &str| payload[name].as_u64().unwrap_or_default();
    let failure = match name.as_str() {
        "Work" if sum.is_multiple_of(3) => Some("Busy"),
        "Until" if number("redrives") < number("least") => Some("Broken"),
        _ => None,
    };
    if let Some(failure) = failure {
        let error = json!({"errorType": failure, "errorMessage": "try again"});
        return (StatusCode::OK, [("x-amz-function-error", "Unhandled")], Json(error)).into_response();
    }
    Json(json!({"did": payload, "sum": sum})).into_response()
}
