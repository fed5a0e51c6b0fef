//! Posting a payload to an endpoint: never hangs, never follows a redirect, never reads without bound.

use crate::http_client::{HttpClients, reason};
use asl_engine::error::names;
use asl_engine::{StatesError, Value};
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use std::time::Duration;

/// The largest answer that is read: that of a Lambda function (Lambda quotas: 6 MB for a synchronous response).
const ANSWER_BYTES_MAX: usize = 6 * 1024 * 1024;
/// How long an answer may take when the task has no timeout: as long as a Lambda function may run.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(900);

/// An endpoint's answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON, if it is.
    pub(super) fn json(&self) -> Option<Value> {
        json(&self.body)
    }

    /// The beginning of the body, for people.
    pub(super) fn excerpt(&self) -> String {
        excerpt(&self.body)
    }
}

/// JSON text as a value, if it is.
pub(super) fn json(text: &[u8]) -> Option<Value> {
    Value::parse(std::str::from_utf8(text).ok()?).ok()
}

/// The beginning of a text, for people.
pub(super) fn excerpt(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut excerpt: String = text.trim().chars().take(200).collect();
    if excerpt.len() < text.trim().len() {
        excerpt.push('…');
    }
    excerpt
}

/// Posts JSON and reads the answer, whatever its status.
///
/// # Errors
/// `States.Timeout`, `Function.ResponseSizeTooLarge`, or `Lambda.SdkClientException` when no answer came.
pub(super) async fn post(
    clients: &HttpClients,
    url: &str,
    headers: HeaderMap,
    body: String,
    timeout_seconds: Option<u64>,
) -> Result<Answer, StatesError> {
    let timeout = timeout_seconds.map_or(TIMEOUT_DEFAULT, Duration::from_secs);
    let address = Url::parse(url).map_err(|_| unsent(url, "it is no URL"))?;
    let client = clients.of(&address).map_err(|problem| unsent(url, &problem))?;
    let request =
        client.post(address).headers(headers).header(CONTENT_TYPE, "application/json").timeout(timeout).body(body);
    let failed = |error: reqwest::Error| failure(url, timeout, &error);
    let mut response = request.send().await.map_err(failed)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(too_large(url));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), body })
}

fn failure(url: &str, timeout: Duration, error: &reqwest::Error) -> StatesError {
    if error.is_timeout() && !error.is_connect() {
        let cause = format!("{url} did not answer within {} seconds", timeout.as_secs());
        return StatesError::new(names::TIMEOUT, cause);
    }
    unsent(url, &reason(error))
}

fn unsent(url: &str, reason: &str) -> StatesError {
    StatesError::new("Lambda.SdkClientException", format!("Unable to execute HTTP request: POST {url}: {reason}"))
}

fn too_large(url: &str) -> StatesError {
    let message =
        format!("Response payload size of {url} exceeded maximum allowed payload size ({ANSWER_BYTES_MAX} bytes).");
    let kind = "Function.ResponseSizeTooLarge";
    let cause = asl_engine::object! { "errorType" => kind, "errorMessage" => message };
    StatesError::new(kind, cause.to_json())
}
