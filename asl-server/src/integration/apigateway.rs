//! `apigateway:invoke`: a Task that calls an API behind API Gateway (Developer Guide, *Create API Gateway REST APIs with Step
//! Functions*). Where the API is answered is said as for `http:invoke`: on this machine, or where `--http-endpoint` leads.

use super::Services;
use super::http_invoke::encoding;
use super::http_invoke::response::{Received, receive};
use super::metadata;
use crate::aws::Unsigned;
use crate::http_client::reason;
use asl_engine::limits::CAUSE_CHARS_MAX;
use asl_engine::task::{TaskRequest, TaskResult};
use asl_engine::value::{Array, Object};
use asl_engine::{StatesError, Value, object};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use std::time::Duration;

/// API Gateway itself gives up after 29 seconds (API Gateway quotas, "Integration timeout").
const TIMEOUT: Duration = Duration::from_secs(30);

/// Headers that the state must not give; a name that ends with `-` stands for all that begin so.
const FORBIDDEN_HEADERS: [&str; 17] = [
    "authorization",
    "connection",
    "content-md5",
    "expect",
    "host",
    "max-forwards",
    "proxy-authenticate",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "www-authenticate",
    "x-amz-",
    "x-amzn-",
    "x-forwarded-",
];

pub(super) async fn invoke(services: &Services, request: &TaskRequest) -> TaskResult {
    let parameters = &request.input;
    let method = method(parameters)?;
    let url = services.http.locate(&address(parameters)?).map_err(invalid)?;
    let body = body(parameters, &method);
    let mut headers = headers(parameters)?;
    if body.is_some() && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    match text(parameters, "AuthType")? {
        None | Some("NO_AUTH") => {}
        Some("IAM_ROLE" | "RESOURCE_POLICY") => {
            let body = body.as_deref().unwrap_or_default().as_bytes();
            let unsigned = Unsigned { method: &method, url: &url, body };
            services.aws.sign("execute-api", super::region(request), &unsigned, &mut headers).map_err(invalid)?;
        }
        Some(other) => {
            return Err(invalid(format!("'{other}' is no AuthType. Use NO_AUTH, IAM_ROLE or RESOURCE_POLICY")));
        }
    }
    let client = services.clients.of(&url).map_err(invalid)?;
    let mut call = client.request(method, url.clone()).headers(headers).timeout(TIMEOUT);
    if let Some(body) = body {
        call = call.body(body);
    }
    let failed = |error: reqwest::Error| unanswered(&url, &error);
    let response = call.send().await.map_err(failed)?;
    answer(receive(response).await.map_err(failed)?)
}

fn method(parameters: &Value) -> Result<Method, StatesError> {
    match text(parameters, "Method")?.unwrap_or_default() {
        method @ ("GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "HEAD" | "OPTIONS") => {
            Method::from_bytes(method.as_bytes()).map_err(|_| invalid("'Method' is none"))
        }
        other => Err(invalid(format!("'{other}' is no Method. Use GET, POST, PUT, DELETE, PATCH, HEAD or OPTIONS"))),
    }
}

/// `https://ApiEndpoint/Stage/Path?QueryParameters`
fn address(parameters: &Value) -> Result<String, StatesError> {
    let endpoint = text(parameters, "ApiEndpoint")?.unwrap_or_default().trim_end_matches('/');
    // AWS takes a host's name. An API on this machine may be given as a URL.
    let mut address = if endpoint.contains("://") { endpoint.to_owned() } else { format!("https://{endpoint}") };
    for part in ["Stage", "Path"] {
        if let Some(part) = text(parameters, part)? {
            address = address + "/" + part.trim_start_matches('/');
        }
    }
    let query = encoding::pairs("QueryParameters", parameters.get("QueryParameters"))?;
    Ok(if query.is_empty() { address } else { address + "?" + &encoding::form(&query) })
}

fn headers(parameters: &Value) -> Result<HeaderMap, StatesError> {
    let mut headers = HeaderMap::new();
    for (name, value) in encoding::pairs("Headers", parameters.get("Headers"))? {
        let wrong = || invalid(format!("the header '{name}' has a name or a value that no header can have"));
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        let forbidden = |forbidden: &&str| match forbidden.ends_with('-') {
            true => header.as_str().starts_with(*forbidden),
            false => header.as_str() == *forbidden,
        };
        if FORBIDDEN_HEADERS.iter().any(forbidden) {
            return Err(invalid(format!("the header '{name}' cannot be given")));
        }
        headers.append(header, HeaderValue::from_str(&value).map_err(|_| wrong())?);
    }
    Ok(headers)
}

/// The request's body: a text as it is, all else as JSON. Its null members are left out, unless AllowNullValues is true.
fn body(parameters: &Value, method: &Method) -> Option<String> {
    let body = parameters.get("RequestBody").filter(|body| !body.is_null())?;
    let with_nulls = parameters.get("AllowNullValues").and_then(Value::as_bool).unwrap_or_default();
    let body = if with_nulls { body.clone() } else { without_nulls(body) };
    match body {
        Value::String(text) => Some(text.to_string()),
        // The guide's own example of a GET has an empty one.
        Value::Object(members) if members.is_empty() && matches!(*method, Method::GET | Method::HEAD) => None,
        body => Some(body.to_json()),
    }
}

/// Recursion over a value whose depth is bounded when it is read.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().filter(|(_, value)| !value.is_null());
            members.map(|(name, value)| (name.clone(), without_nulls(value))).collect::<Object>().into()
        }
        Value::Array(items) => Value::Array(items.iter().map(without_nulls).collect::<Array>()),
        other => other.clone(),
    }
}

fn answer(received: Received) -> TaskResult {
    let Received { status, headers, body } = received;
    let text = String::from_utf8_lossy(&body);
    let status_text = status.canonical_reason().unwrap_or_default();
    if !status.is_success() {
        let cause = if text.is_empty() { status_text.to_owned() } else { text.chars().take(CAUSE_CHARS_MAX).collect() };
        return Err(StatesError::new(format!("ApiGateway.{}", status.as_u16()), cause));
    }
    let is_json =
        headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(|kind| kind.contains("json"));
    let json = if is_json { Value::parse(&text).ok() } else { None };
    Ok(object! {
        "Headers" => metadata::lists("ApiGateway", &headers),
        "ResponseBody" => json.unwrap_or_else(|| text.into_owned().into()),
        "StatusCode" => u64::from(status.as_u16()),
        "StatusText" => status_text,
    })
}

fn text<'a>(parameters: &'a Value, name: &str) -> Result<Option<&'a str>, StatesError> {
    match parameters.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(format!("'{name}' is no string"))),
    }
}

/// No answer, or half of one: "If the HTTP status code is not available, then the error will be returned in the format
/// ApiGateway.<Exception>."
fn unanswered(url: &Url, error: &reqwest::Error) -> StatesError {
    let origin = url.origin().ascii_serialization();
    match error.is_timeout() && !error.is_connect() {
        true => {
            let cause = format!("{origin} did not answer within {} seconds", TIMEOUT.as_secs());
            StatesError::new("ApiGateway.SocketTimeoutException", cause)
        }
        false => {
            let cause = format!("Unable to execute HTTP request: {origin}: {}", reason(error));
            StatesError::new("ApiGateway.SdkClientException", cause)
        }
    }
}

/// The state asks for what cannot be sent.
fn invalid(problem: impl std::fmt::Display) -> StatesError {
    StatesError::runtime(format!("apigateway:invoke: {problem}."))
}
