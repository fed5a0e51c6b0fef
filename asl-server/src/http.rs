//! HTTP: AWS JSON 1.0 on `POST /`, the same operations for plain curl on `POST /OPERATION`, and a few pages for people.

use crate::function;
use crate::operation;
use crate::queue;
use crate::service::{Caller, Service};
use crate::wire::ApiError;
use asl_engine::limits::REQUEST_BYTES_MAX;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

pub(crate) const AMZ_JSON: &str = "application/x-amz-json-1.0";
/// How long the body of a request may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
const TARGET_PREFIX: &str = "AWSStepFunctions.";
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The routes. Any `Host` will do; signatures are not checked.
pub fn router(service: Service) -> Router {
    Router::new()
        .route("/", get(home).post(by_target))
        .route("/health", get(health))
        .route("/_local/journal", get(journal))
        .route("/_local/queues", get(queues))
        .route("/_local/topics", get(topics))
        .route("/{operation}", axum::routing::post(by_path))
        .merge(function::invoke_api::routes())
        .fallback(nothing_here)
        .method_not_allowed_fallback(nothing_here)
        .with_state(service)
}

/// The operation that the `X-Amz-Target` header names.
async fn by_target(State(service): State<Service>, request: Request) -> Response {
    let target = request.headers().get(TARGET).and_then(|target| target.to_str().ok()).unwrap_or_default();
    if let Some(operation) = target.strip_prefix(queue::http::TARGET_PREFIX) {
        let operation = operation.to_owned();
        return queue::http::answer(&service, &operation, request).await;
    }
    let operation = target.strip_prefix(TARGET_PREFIX).unwrap_or(target).to_owned();
    answer(&service, operation, request).await
}

/// The operation that the path names.
async fn by_path(State(service): State<Service>, Path(operation): Path<String>, request: Request) -> Response {
    answer(&service, operation, request).await
}

async fn answer(service: &Service, operation: String, request: Request) -> Response {
    let caller = caller(service.caller(), request.headers());
    let outcome = match body(request).await {
        Ok(body) => call(service, &operation, body, caller).await,
        Err(error) => Err(error),
    };
    let id = uuid::Uuid::new_v4().to_string();
    let (status, body) = match outcome {
        Ok(body) => (StatusCode::OK, body),
        Err(error) => {
            tracing::debug!(operation, %error, "refused");
            let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, error.body())
        }
    };
    tracing::debug!(operation, status = status.as_u16(), request_id = id, "answered");
    let id = HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("-"));
    let headers = [(CONTENT_TYPE, HeaderValue::from_static(AMZ_JSON)), (REQUEST_ID, id)];
    (status, headers, Body::from(body)).into_response()
}

/// A request's body, when it is not too large and does not take too long.
pub(crate) async fn body(request: Request) -> Result<Bytes, ApiError> {
    whole(request.into_body(), BODY_TIMEOUT).await
}

async fn whole(body: Body, patience: Duration) -> Result<Bytes, ApiError> {
    match tokio::time::timeout(patience, to_bytes(body, REQUEST_BYTES_MAX)).await {
        Ok(body) => body.map_err(|_| ApiError::request_too_large(REQUEST_BYTES_MAX)),
        Err(_) => Err(ApiError::request_too_slow(patience)),
    }
}

async fn call(service: &Service, operation: &str, body: Bytes, caller: Caller) -> Result<String, ApiError> {
    // A caller that hangs up stops waiting for a task, but must not leave anything else half-done.
    if operation == "GetActivityTask" {
        return service.call(operation, &body, &caller).await;
    }
    let (service, operation) = (service.clone(), operation.to_owned());
    Finished(Some(Box::pin(async move { service.call(&operation, &body, &caller).await }))).await
}

/// A call that goes on by itself when nobody waits for its answer any more. As long as somebody does, it costs no tokio task
/// of its own.
struct Finished(Option<Call>);

type Call = Pin<Box<dyn Future<Output = Result<String, ApiError>> + Send>>;

impl Future for Finished {
    type Output = Result<String, ApiError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(call) = &mut self.0 else { return Poll::Pending };
        let answer = std::task::ready!(call.as_mut().poll(context));
        self.0 = None;
        Poll::Ready(answer)
    }
}

impl Drop for Finished {
    fn drop(&mut self) {
        // Without a runtime the process is at its end.
        if let (Some(call), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(call);
        }
    }
}

/// Who calls: an access key of twelve digits is an account (so that tests can be several); all others are the default.
pub(crate) fn caller(default: &Caller, headers: &HeaderMap) -> Caller {
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = authorization.and_then(|text| text.split("Credential=").nth(1)).and_then(|text| text.split('/').next());
    match key {
        Some(key) if key.len() == 12 && key.bytes().all(|b| b.is_ascii_digit()) => {
            Caller { account: key.to_owned(), ..default.clone() }
        }
        _ => default.clone(),
    }
}

/// Can executions be started?
async fn health(State(service): State<Service>) -> Response {
    match service.engine().trouble() {
        None => "ok\n".into_response(),
        Some(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("nothing can be kept: {error}\n")).into_response(),
    }
}

/// What the journal holds.
async fn journal(State(service): State<Service>) -> Response {
    let engine = service.engine();
    let (running, in_memory) = engine.running();
    let (journal, trouble) = (engine.journal(), engine.trouble().map(|error| error.to_string()));
    axum::Json(serde_json::json!({
        "running": running,
        "inMemory": in_memory,
        "finished": journal.ended_count(),
        "diskBytes": journal.disk_space(),
        "trouble": trouble,
    }))
    .into_response()
}

/// The messages of the local topics.
async fn topics(State(service): State<Service>) -> Response {
    axum::Json(service.dispatcher().topics().messages()).into_response()
}

/// The messages in the local queues.
async fn queues(State(service): State<Service>) -> Response {
    axum::Json(service.dispatcher().queues().messages()).into_response()
}

/// What runs here, for people.
async fn home(State(service): State<Service>, headers: HeaderMap) -> String {
    let Caller { account, region } = service.caller();
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1:8083");
    let mut text = format!(
        "asl: AWS Step Functions on this machine (account {account}, region {region})\n\n\
         Operations, as POST / with the header X-Amz-Target: {TARGET_PREFIX}OPERATION, or as POST /OPERATION:\n\n"
    );
    for operation in operation::NAMES {
        _ = writeln!(text, "  {operation}");
    }
    _ = write!(
        text,
        "\nAlso: GET /health, GET /_local/topics (messages published to local SNS topics), GET /_local/queues (messages in local SQS\n\
         queues, which SQS clients create, send to and receive from at this same endpoint), GET /_local/journal,\n\
         POST /2015-03-31/functions/NAME/invocations (Lambda's Invoke, for functions that are local processes)\n\n\
         Try:\n\n  curl -X POST http://{host}/ListStateMachines\n  \
         aws stepfunctions list-state-machines --endpoint-url http://{host} --region {region} --no-sign-request\n"
    );
    text
}

async fn nothing_here(request: Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let text = match path.strip_prefix('/') {
        Some(name) if operation::NAMES.contains(&name) => {
            format!("{name} is called with POST: curl -X POST http://HOST{path} -d '{{}}'\n")
        }
        _ => format!("{method} {path} is nothing here; GET / tells what is\n"),
    };
    (StatusCode::NOT_FOUND, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::{Body, Bytes, Context, Duration, Pin, Poll, REQUEST_BYTES_MAX, whole};
    use hyper::body::Frame;
    use std::convert::Infallible;

    /// A body of which nothing comes.
    struct Never;

    impl hyper::body::Body for Never {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_body_comes_in_time_and_fits_or_is_refused() {
        let minute = Duration::from_secs(60);
        assert_eq!(whole(Body::from("{}"), minute).await.unwrap(), "{}");
        let refused = whole(Body::from(vec![b' '; REQUEST_BYTES_MAX + 1]), minute).await.unwrap_err();
        assert_eq!((refused.status, refused.kind), (413, "RequestEntityTooLargeException"));
        let refused = whole(Body::new(Never), Duration::from_millis(1)).await.unwrap_err();
        assert_eq!((refused.status, refused.kind), (408, "RequestTimeoutException"));
    }
}
