//! What an API answered, as the task's output or its error.

use asl_engine::limits;
use asl_engine::task::TaskResult;
use asl_engine::value::{Object, Str};
use asl_engine::{StatesError, Value, object};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};

/// Content types that fail the task (Developer Guide, *Call HTTPS APIs*, "Unsupported HTTP Task responses").
const UNSUPPORTED: [&str; 4] = ["application/octet-stream", "image/", "video/", "audio/"];

/// Characters of a cause.
const CAUSE_CHARS_MAX: usize = limits::CAUSE_CHARS_MAX;

/// A response, read whole.
pub(in crate::integration) struct Received {
    pub(in crate::integration) status: StatusCode,
    pub(in crate::integration) headers: HeaderMap,
    pub(in crate::integration) body: Vec<u8>,
}

/// Reads a response; of its body at most a byte more than an output may have. The state then fails as with any task's output
/// that is too large.
pub(in crate::integration) async fn receive(mut response: reqwest::Response) -> reqwest::Result<Received> {
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    while body.len() <= limits::PAYLOAD_BYTES_MAX {
        match response.chunk().await? {
            Some(chunk) => body.extend_from_slice(&chunk),
            None => break,
        }
    }
    body.truncate(limits::PAYLOAD_BYTES_MAX + 1);
    Ok(Received { status, headers, body })
}

impl Received {
    /// The task's output or its error.
    pub(super) fn answer(self) -> TaskResult {
        let Received { status, headers, body } = self;
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let content_type = content_type.to_ascii_lowercase();
        if UNSUPPORTED.iter().any(|unsupported| content_type.starts_with(unsupported)) {
            return Err(StatesError::runtime(format!(
                "The response has the content type '{content_type}', which is not supported."
            )));
        }
        let text = String::from_utf8(body)
            .map_err(|_| StatesError::runtime("The response can't be read as a valid string."))?;
        let status_text = status.canonical_reason().unwrap_or_default();
        if !status.is_success() {
            let cause =
                if text.is_empty() { status_text.to_owned() } else { text.chars().take(CAUSE_CHARS_MAX).collect() };
            return Err(StatesError::new(format!("States.Http.StatusCode.{}", status.as_u16()), cause));
        }
        let json = if content_type.contains("json") { Value::parse(&text).ok() } else { None };
        Ok(object! {
            "Headers" => headers_of(&headers),
            "ResponseBody" => json.unwrap_or_else(|| text.into()),
            "StatusCode" => u64::from(status.as_u16()),
            "StatusText" => status_text,
        })
    }
}

/// Each header with the list of its values.
fn headers_of(headers: &HeaderMap) -> Value {
    let mut all = Object::default();
    for name in headers.keys() {
        let values = headers.get_all(name).iter();
        let values: Vec<Value> =
            values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned().into()).collect();
        all.insert(Str::from(name.as_str()), values.into());
    }
    Value::Object(all)
}
