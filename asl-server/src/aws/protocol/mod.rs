//! The protocols of AWS: from parameters to an HTTP request, and from its answer to a result.
//!
//! Parameters and results are in Step Functions' spelling.

use crate::aws::model::{Model, Operation};
use asl_engine::Value;
use axum::http::{HeaderMap, Method};

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
    /// As the wire says, without namespace and `:…`.
    pub(crate) code: String,
    /// The modelled error that it is.
    pub(crate) shape: Option<String>,
    pub(crate) message: String,
}

/// Parameters that the operation does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub(crate) struct ParameterError {
    /// Which: `Item.id`, `Entries[0].Detail`.
    pub(crate) path: String,
    pub(crate) problem: String,
}

/// An answer that is not one of this protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer cannot be read: {0}")]
pub(crate) struct Unreadable(pub(crate) String);

/// The request of a call. `token` is the value of an idempotency token that the parameters leave out.
///
/// # Errors
/// The first parameter that the operation does not take.
pub(crate) fn request(
    _model: &Model,
    operation: &Operation<'_>,
    _parameters: &Value,
    _token: &str,
) -> Result<WireRequest, ParameterError> {
    Err(ParameterError { path: String::new(), problem: format!("{} has no protocol yet", operation.name) })
}

/// The result in a call's answer, or the error that the service gave.
///
/// # Errors
/// When the answer is not one of this protocol.
pub(crate) fn answer(
    _model: &Model,
    operation: &Operation<'_>,
    _answer: &WireAnswer,
) -> Result<Result<Value, Refusal>, Unreadable> {
    Err(Unreadable(format!("{} has no protocol yet", operation.name)))
}
