//! SQS's JSON protocol, for clients: `POST /` with `X-Amz-Target: AmazonSQS.OPERATION`.

use super::{Asker, QueueError};
use crate::http::{AMZ_JSON, REQUEST_ID, body, caller};
use crate::service::Service;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// How `X-Amz-Target` begins.
pub(crate) const TARGET_PREFIX: &str = "AmazonSQS.";
/// The code and who is to blame, in the spelling of SQS's former protocol. SDKs tell this code.
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

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
    let outcome = match body(request).await {
        Ok(body) => service.dispatcher().queues().call(operation, &body, &asker).await,
        Err(error) => {
            let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
            return (status, headers, error.body()).into_response();
        }
    };
    tracing::debug!(operation, refused = ?outcome.as_ref().err(), "SQS answered");
    match outcome {
        Ok(answer) => (headers, answer.to_string()).into_response(),
        Err(QueueError { shape, code, message, .. }) => {
            let body = json!({ "__type": format!("com.amazonaws.sqs#{shape}"), "message": message });
            let status = StatusCode::from_u16(QueueError::STATUS).unwrap_or(StatusCode::BAD_REQUEST);
            (status, headers, [(QUERY_ERROR, format!("{code};Sender"))], body.to_string()).into_response()
        }
    }
}
