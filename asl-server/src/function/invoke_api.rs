//! Lambda's Invoke (Lambda API Reference) for the functions that are local processes: `aws lambda invoke` tries a function
//! by itself, and functions call each other with their SDKs as they are.

use super::{Call, Functions, Report};
use crate::service::{Caller, Service};
use asl_engine::Value;
use asl_engine::runtime::function_name;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

/// Lambda's limit on the payload of a synchronous invocation.
const PAYLOAD_BYTES_MAX: usize = 6 * 1024 * 1024;

/// The route of Invoke.
pub fn routes() -> Router<Service> {
    Router::new().route("/2015-03-31/functions/{name}/invocations", post(invoke))
}

async fn invoke(State(service): State<Service>, Path(name): Path<String>, headers: HeaderMap, body: Body) -> Response {
    let request_id = uuid::Uuid::new_v4().to_string();
    let mut response =
        answer(service.dispatcher().functions(), service.caller(), &name, &headers, body, &request_id).await;
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

async fn answer(
    functions: &Functions,
    caller: &Caller,
    function: &str,
    headers: &HeaderMap,
    body: Body,
    request_id: &str,
) -> Response {
    let name = function_name(function).unwrap_or_default();
    let Caller { account, region } = caller;
    let arn = format!("arn:{}:lambda:{region}:{account}:function:{name}", caller.partition());
    let Ok(payload) = to_bytes(body, PAYLOAD_BYTES_MAX).await else {
        let message =
            format!("Request must be smaller than {PAYLOAD_BYTES_MAX} bytes for the InvokeFunction operation");
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", &message);
    };
    let payload = if payload.is_empty() { "{}".into() } else { payload };
    if !std::str::from_utf8(&payload).is_ok_and(|text| Value::parse(text).is_ok()) {
        let message = "Could not parse request body into json";
        return refusal(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message);
    }
    let client_context = Call::client_context(headers);
    let call = Call { request_id: request_id.to_owned(), payload, function_arn: arn.clone(), client_context };
    let Some(invocation) = functions.invoke(name, call) else {
        let message = format!("Function not found: {arn}");
        return refusal(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message);
    };
    match headers.get("x-amz-invocation-type").and_then(|kind| kind.to_str().ok()) {
        Some("DryRun") => return StatusCode::NO_CONTENT.into_response(),
        Some("Event") => {
            tokio::spawn(invocation);
            return StatusCode::ACCEPTED.into_response();
        }
        _ => (),
    }
    let version = ("x-amz-executed-version", "$LATEST");
    let json = ("content-type", "application/json");
    match invocation.await {
        Ok(payload) => ([version, json], payload).into_response(),
        Err(Report::Function(report)) => {
            ([version, json, ("x-amz-function-error", "Unhandled")], report).into_response()
        }
        Err(Report::Throttled) => refusal(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Rate Exceeded."),
    }
}

fn refusal(status: StatusCode, kind: &'static str, message: &str) -> Response {
    let body = serde_json::json!({ "Type": "User", "Message": message });
    (status, [("x-amzn-errortype", kind)], axum::Json(body)).into_response()
}
