//! Lambda's Runtime API, version 2018-06-01 (Lambda Developer Guide, *Using the Lambda runtime API for custom runtimes*),
//! as one process sees it: at an address of its own, with one invocation at a time.

use super::log::Budget;
use super::report::{self, RESPONSE_BYTES_MAX, Report};
use asl_engine::Value;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};

/// A body that is too large is read to this length, so that its sender comes to read the refusal; then hung up on.
const DRAINED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// An error report that is longer is cut.
const REPORT_BYTES_MAX: usize = 256 * 1024;

/// One call of a function.
#[derive(Clone, Debug)]
pub struct Call {
    /// Names the invocation.
    pub request_id: String,
    /// JSON text.
    pub payload: Bytes,
    /// The function as it was invoked, with its qualifier if it has one.
    pub function_arn: String,
    /// `ClientContext`, as JSON text.
    pub client_context: Option<String>,
}

impl Call {
    /// The client context that the headers of an Invoke bring: JSON in base64.
    pub fn client_context(headers: &HeaderMap) -> Option<String> {
        use base64::Engine as _;
        let context = headers.get("x-amz-client-context")?;
        let context = base64::engine::general_purpose::STANDARD.decode(context).ok()?;
        String::from_utf8(context).ok().filter(|text| Value::parse(text).is_ok())
    }
}

/// What a process answered.
pub(super) type Answer = Result<Vec<u8>, Report>;

/// An invocation that waits for the process to fetch it.
struct Waiting {
    call: Call,
    timeout: Duration,
    fetched: oneshot::Sender<()>,
    answer: oneshot::Sender<Answer>,
}

/// An invocation on its way.
pub(super) struct Handed {
    /// Resolves when the process fetches it; fails when its initialisation did.
    pub(super) fetched: oneshot::Receiver<()>,
    /// Resolves when the process answers it.
    pub(super) answer: oneshot::Receiver<Answer>,
}

/// What a process and the pool tell each other.
#[derive(Default)]
pub(super) struct Session {
    slot: Mutex<Slot>,
    changed: Notify,
    pub(super) budget: Budget,
}

#[derive(Default)]
struct Slot {
    waiting: Option<Waiting>,
    /// The invocation that the process works on: its request id, and who waits for its answer.
    running: Option<(String, oneshot::Sender<Answer>)>,
}

impl Session {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        // INVARIANT: each change of the slot is one assignment, so a panic leaves it whole.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands in the next invocation.
    pub(super) fn hand_in(&self, call: Call, timeout: Duration) -> Handed {
        let ((fetched, on_fetched), (answer, on_answer)) = (oneshot::channel(), oneshot::channel());
        self.slot().waiting = Some(Waiting { call, timeout, fetched, answer });
        self.changed.notify_one();
        Handed { fetched: on_fetched, answer: on_answer }
    }

    /// Ends the invocation of that id, if it is the one that runs.
    fn answer(&self, request_id: &str, answer: Answer) -> Result<(), Refusal> {
        let mut slot = self.slot();
        match slot.running.take_if(|(running, _)| running == request_id) {
            Some((_, waits)) => {
                // Nobody may wait any more: its timeout has passed.
                _ = waits.send(answer);
                Ok(())
            }
            None => Err(Refusal::InvalidRequestId),
        }
    }
}

/// Why a request is refused: status, type and message are Lambda's.
enum Refusal {
    InvalidRequestId,
    InvalidStateTransition,
    TooLarge,
    /// The body did not arrive whole.
    Incomplete,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, kind, message) = match self {
            Refusal::InvalidRequestId => (StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID".to_owned()),
            Refusal::InvalidStateTransition => {
                let message = "State transition is not allowed: the last invocation is not answered yet".to_owned();
                (StatusCode::FORBIDDEN, "InvalidStateTransition", message)
            }
            Refusal::TooLarge => {
                let message = format!("Exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes).");
                (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
            }
            Refusal::Incomplete => (StatusCode::BAD_REQUEST, "InvalidRequest", "The body is not complete".to_owned()),
        };
        (status, Json(json!({ "errorMessage": message, "errorType": kind }))).into_response()
    }
}

/// The API of one process, until its `Server` is dropped.
pub(super) struct Server {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
    stop: Arc<Notify>,
}

impl Server {
    pub(super) async fn start(session: Arc<Session>) -> std::io::Result<Server> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            let served = axum::serve(listener, router(session)).with_graceful_shutdown(async move {
                stopped.notified().await;
            });
            _ = served.await;
        });
        Ok(Server { address, task, stop })
    }

    /// What `AWS_LAMBDA_RUNTIME_API` is set to.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes in what the process, which has ended, still sent.
    pub(super) async fn finish(&mut self) {
        self.stop.notify_one();
        _ = tokio::time::timeout(Duration::from_secs(1), &mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn router(session: Arc<Session>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .with_state(session)
}

/// Next invocation: answers as soon as there is one.
async fn next(State(session): State<Arc<Session>>) -> Response {
    let waiting = loop {
        let changed = session.changed.notified();
        {
            let mut slot = session.slot();
            if slot.running.is_some() {
                return Refusal::InvalidStateTransition.into_response();
            }
            if let Some(waiting) = slot.waiting.take() {
                slot.running = Some((waiting.call.request_id.clone(), waiting.answer));
                break (waiting.call, waiting.timeout, waiting.fetched);
            }
        }
        changed.await;
    };
    let (call, timeout, fetched) = waiting;
    session.budget.renew();
    _ = fetched.send(());
    let deadline = SystemTime::now() + timeout;
    let deadline = deadline.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let trace = trace_id(&call.request_id);
    for (name, value) in [
        ("lambda-runtime-aws-request-id", Some(&call.request_id)),
        ("lambda-runtime-deadline-ms", Some(&deadline.to_string())),
        ("lambda-runtime-invoked-function-arn", Some(&call.function_arn)),
        ("lambda-runtime-trace-id", Some(&trace)),
        ("lambda-runtime-client-context", call.client_context.as_ref()),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
    (headers, call.payload).into_response()
}

/// An X-Ray trace header in its form; nothing is traced.
fn trace_id(request_id: &str) -> String {
    let digits: String = request_id.chars().filter(char::is_ascii_hexdigit).chain("0".repeat(32).chars()).collect();
    format!("Root=1-{}-{};Parent={};Sampled=0", &digits[..8], &digits[8..32], &digits[..16])
}

/// Invocation response.
async fn response(State(session): State<Arc<Session>>, Path(id): Path<String>, body: Body) -> Response {
    let answered = match read(body, RESPONSE_BYTES_MAX).await {
        Err(Unread::Broken) => return Refusal::Incomplete.into_response(),
        Ok(payload) => session.answer(&id, Ok(payload)),
        Err(Unread::TooLarge(_)) => {
            let answered = session.answer(&id, Err(report::response_too_large()));
            answered.and(Err(Refusal::TooLarge))
        }
    };
    accepted(answered)
}

/// Invocation error.
async fn error(
    State(session): State<Arc<Session>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match told(&headers, body).await {
        Some(report) => accepted(session.answer(&id, Err(report))),
        None => Refusal::Incomplete.into_response(),
    }
}

/// Initialization error: the invocation that the process was started for fails with it.
async fn init_error(State(session): State<Arc<Session>>, headers: HeaderMap, body: Body) -> Response {
    let Some(report) = told(&headers, body).await else { return Refusal::Incomplete.into_response() };
    let mut slot = session.slot();
    let waits = slot.waiting.take().map(|waiting| waiting.answer);
    match waits {
        Some(waits) => {
            _ = waits.send(Err(report));
            accepted(Ok(()))
        }
        None => Refusal::InvalidStateTransition.into_response(),
    }
}

fn accepted(outcome: Result<(), Refusal>) -> Response {
    match outcome {
        Ok(()) => (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// The error that a runtime client tells; `None`: it did not arrive whole.
async fn told(headers: &HeaderMap, body: Body) -> Option<Report> {
    let body = match read(body, REPORT_BYTES_MAX).await {
        Ok(body) | Err(Unread::TooLarge(body)) => body,
        Err(Unread::Broken) => return None,
    };
    if !body.is_empty() {
        return Some(Report::Function(body));
    }
    // A client may tell the kind of error alone, in a header.
    let kind = headers.get("lambda-runtime-function-error-type").and_then(|kind| kind.to_str().ok());
    let report = json!({ "errorType": kind.unwrap_or("Runtime.Unknown"), "errorMessage": "" });
    Some(Report::Function(report.to_string().into_bytes()))
}

enum Unread {
    /// It is larger than the limit: its beginning.
    TooLarge(Vec<u8>),
    /// It ended early.
    Broken,
}

/// Reads a body in bounded memory, and to its end when it is not absurdly long.
async fn read(mut body: Body, limit: usize) -> Result<Vec<u8>, Unread> {
    let (mut bytes, mut length) = (Vec::new(), 0);
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(chunk) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        length += chunk.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(limit - bytes.len())]);
        if length > DRAINED_BYTES_MAX {
            break;
        }
    }
    if length > limit { Err(Unread::TooLarge(bytes)) } else { Ok(bytes) }
}
