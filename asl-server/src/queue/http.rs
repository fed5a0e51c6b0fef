//! SQS's JSON protocol: for clients, as `POST /` with `X-Amz-Target: AmazonSQS.OPERATION`, and for this server's own tasks.

use super::{Asker, QueueError, Queues};
use crate::aws::protocol::WireAnswer;
use crate::http::{AMZ_JSON, REQUEST_ID, body, caller};
use crate::service::Service;
use crate::wire::timestamp::http_date;
use asl_engine::runtime::Clock;
use axum::extract::Request;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// How `X-Amz-Target` begins.
pub(crate) const TARGET_PREFIX: &str = "AmazonSQS.";
/// The code and who is to blame, in the spelling of SQS's former protocol. SDKs tell this code.
pub(crate) const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

/// An answer of SQS's, but for what every HTTP answer has.
pub(crate) struct QueueAnswer {
    pub(crate) status: StatusCode,
    /// In the spelling of SQS's former protocol: who is to blame, and for what.
    pub(crate) query_error: Option<String>,
    pub(crate) body: String,
}

impl QueueAnswer {
    /// The whole answer, as SQS itself gives it.
    pub(crate) fn into_wire(self) -> WireAnswer {
        let QueueAnswer { status, query_error, body } = self;
        let mut headers = HeaderMap::new();
        let given = [
            (REQUEST_ID, Some(uuid::Uuid::new_v4().to_string())),
            (CONNECTION, Some("keep-alive".to_owned())),
            (CONTENT_LENGTH, Some(body.len().to_string())),
            (DATE, Some(http_date(Clock::System.now()))),
            (CONTENT_TYPE, Some(AMZ_JSON.to_owned())),
            (QUERY_ERROR, query_error),
        ];
        for (name, text) in given {
            if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
                headers.insert(name, value);
            }
        }
        WireAnswer { status: status.as_u16(), headers, body: body.into_bytes() }
    }
}

impl Queues {
    /// Calls an operation with a request of SQS's JSON protocol.
    pub(crate) async fn respond(&self, operation: &str, request: &[u8], asker: &Asker<'_>) -> QueueAnswer {
        let outcome = self.call(operation, request, asker).await;
        tracing::debug!(operation, refused = ?outcome.as_ref().err(), "SQS answered");
        match outcome {
            Ok(answer) => QueueAnswer { status: StatusCode::OK, query_error: None, body: answer.to_string() },
            Err(QueueError { shape, code, message }) => {
                let body = json!({ "__type": format!("com.amazonaws.sqs#{shape}"), "message": message }).to_string();
                QueueAnswer { status: StatusCode::BAD_REQUEST, query_error: Some(format!("{code};Sender")), body }
            }
        }
    }
}

/// Answers a client.
pub(crate) async fn answer(service: &Service, operation: &str, request: Request) -> Response {
    let caller = caller(service.caller(), request.headers());
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let base = host.map(|host| format!("http://{host}"));
    let asker = Asker { caller: &caller, base: base.as_deref() };
    let id = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string());
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(AMZ_JSON)),
        (REQUEST_ID, id.unwrap_or_else(|_| HeaderValue::from_static("-"))),
    ];
    let body = match body(request).await {
        Ok(body) => body,
        Err(error) => {
            let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
            return (status, headers, error.body()).into_response();
        }
    };
    let QueueAnswer { status, query_error, body } =
        service.dispatcher().queues().respond(operation, &body, &asker).await;
    let query_error = query_error.map(|text| [(QUERY_ERROR, text)]);
    match query_error {
        Some(query_error) => (status, headers, query_error, body).into_response(),
        None => (status, headers, body).into_response(),
    }
}
