//! The protocols of AWS: from parameters to an HTTP request, and from its answer to a result.
//!
//! Parameters and results are in Step Functions' spelling: members begin with a capital letter ("API naming conventions" in
//! "Learning to use AWS service SDK integrations"). A blob is its text; one that is no text is base64. A time is ISO 8601.

mod checksum;
mod json;
mod parameter;
mod query;
mod rest;
mod scalar;
mod xml;

#[cfg(test)]
mod tests;

use crate::aws::model::{Model, Operation, Protocol};
use asl_engine::Value;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
pub(crate) use parameter::ParameterError;

/// A request, not yet addressed and signed.
#[derive(Debug)]
pub(crate) struct WireRequest {
    pub(crate) method: Method,
    /// `/path?query`, encoded.
    pub(crate) path_and_query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// What goes before the host of AWS's own endpoints: `data.`.
    pub(crate) host_prefix: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct WireAnswer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// The error that a service answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// As the wire says, without namespace and `:…`. An answer that says none has its status here.
    pub(crate) code: String,
    /// The modelled error that it is, as Step Functions names it: `NoSuchKeyException`.
    pub(crate) shape: Option<String>,
    pub(crate) message: String,
}

/// An answer that is not one of this protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer cannot be read: {0}")]
pub(crate) struct Unreadable(pub(crate) String);

/// How deep a result may nest. (Values of the States Language nest no deeper, either.)
const DEPTH_MAX: usize = 200;

/// The request of a call. `token` is the value of an idempotency token that the parameters leave out.
///
/// # Errors
/// The first parameter that the operation does not take.
pub(crate) fn request(
    model: &Model,
    operation: &Operation<'_>,
    parameters: &Value,
    token: &str,
) -> Result<WireRequest, ParameterError> {
    if let Some(problem) = parameter::stream(model, operation) {
        return Err(ParameterError(problem));
    }
    let given = parameter::top(model, operation, parameters, token)?;
    let host_prefix = parameter::host_prefix(operation, &given)?;
    let mut request = match model.service.protocol {
        Protocol::Json => json::request(model, operation, &given),
        Protocol::Query | Protocol::Ec2 => query::request(model, operation, &given),
        Protocol::RestJson | Protocol::RestXml => rest::request(model, operation, &given),
    }?;
    request.host_prefix = host_prefix;
    if let Some((name, value)) = &model.service.header {
        let header = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
        request.headers.extend(header);
    }
    checksum::add(operation, &given, &mut request)?;
    Ok(request)
}

/// The result in a call's answer, or the error that the service gave.
///
/// # Errors
/// When the answer is not one of this protocol.
pub(crate) fn answer(
    model: &Model,
    operation: &Operation<'_>,
    answer: &WireAnswer,
) -> Result<Result<Value, Refusal>, Unreadable> {
    if answer.status >= 300 || rest::is_late_error(model, operation, answer) {
        return Ok(Err(refusal(model, operation, answer)));
    }
    let result = match model.service.protocol {
        Protocol::Json => json::result(model, operation, &answer.body),
        Protocol::Query | Protocol::Ec2 => query::result(model, operation, &answer.body),
        Protocol::RestJson | Protocol::RestXml => rest::result(model, operation, answer),
    };
    result.map(Ok)
}

/// The error in an answer. What cannot be read has at least a status.
fn refusal(model: &Model, operation: &Operation<'_>, answer: &WireAnswer) -> Refusal {
    let said = match model.service.protocol {
        Protocol::Json | Protocol::RestJson => json::error(&answer.headers, &answer.body),
        Protocol::Query | Protocol::Ec2 | Protocol::RestXml => xml::error(&answer.body),
    };
    let header = |name| answer.headers.get(name).and_then(|value| value.to_str().ok());
    // `com.amazonaws.dynamodb.v20120810#ResourceNotFoundException`, `ValidationException:http://internal.amazon.com/…`
    let mut code = said.code.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default().to_owned();
    if code.is_empty() {
        code = match (answer.status, operation.name) {
            // The answer to a HEAD has no body that could tell.
            (404, "HeadObject") => "NoSuchKey".to_owned(),
            (404, "HeadBucket") => "NoSuchBucket".to_owned(),
            (status, _) => status.to_string(),
        };
    }
    let mut shape = model.error(&code);
    // `AWS.SimpleQueueService.NonExistentQueue;Sender`: the code that the service's query protocol had.
    if model.service.query_compatible
        && let Some(old) = header("x-amzn-query-error").and_then(|text| text.split(';').next())
        && !old.is_empty()
    {
        shape = shape.or_else(|| model.error(old));
        code = old.to_owned();
    }
    Refusal { code, shape: shape.map(|error| error.exception.to_owned()), message: said.message }
}

/// What an answer says of its error.
#[derive(Debug, Default)]
struct Said {
    code: String,
    message: String,
}
