//! ValidateStateMachineDefinition

use super::{definition, settings};
use crate::service::{Caller, Service};
use crate::wire::ApiError;
use crate::wire::validate::Constraints;
use asl_engine::diagnostic::{Diagnostic, Severity};
use serde::{Deserialize, Serialize};

/// Findings an answer has at most (API reference: "The default value is 100").
const MAX_RESULTS: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    definition: Option<String>,
    r#type: Option<String>,
    severity: Option<String>,
    max_results: Option<i64>,
}

#[derive(Serialize)]
pub(super) struct Response {
    result: &'static str,
    diagnostics: Vec<Finding>,
    truncated: bool,
}

#[derive(Serialize)]
struct Finding {
    severity: &'static str,
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    location: String,
}

pub(super) async fn run(_: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let text = constraints.secret_text("definition", request.definition, settings::DEFINITION);
    constraints.one_of("type", request.r#type.as_deref(), definition::TYPES);
    constraints.one_of("severity", request.severity.as_deref(), &["ERROR", "WARNING"]);
    constraints.range("maxResults", request.max_results, 0..=100);
    constraints.check()?;
    let warnings = request.severity.as_deref() == Some("WARNING");
    let found = definition::parse(&text, definition::type_named(request.r#type.as_deref()));
    let result = if found.program.is_some() { "OK" } else { "FAIL" };
    let wanted = found.diagnostics.into_iter().filter(|found| warnings || found.severity == Severity::Error);
    let mut diagnostics: Vec<Finding> = wanted.map(finding).collect();
    let limit = request.max_results.and_then(|max| usize::try_from(max).ok()).filter(|max| *max > 0);
    let limit = limit.unwrap_or(MAX_RESULTS);
    let truncated = diagnostics.len() > limit;
    diagnostics.truncate(limit);
    Ok(Response { result, diagnostics, truncated })
}

fn finding(diagnostic: Diagnostic) -> Finding {
    let Diagnostic { severity, code, message, location, .. } = diagnostic;
    Finding { severity: severity.as_str(), code, message, location }
}
