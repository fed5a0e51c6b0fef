//! `aws-sdk:sfn:ACTION`: this service's own API from within a state machine, in the spelling of the SDK integrations.

use super::{Services, unsupported};
use crate::aws::shape::{capital, uncapital};
use crate::operation;
use crate::wire::ApiError;
use asl_engine::task::{TaskRequest, TaskResult};
use asl_engine::value::{Array, Object, Str};
use asl_engine::{StatesError, Timestamp, Value};

pub(super) async fn call(services: &Services, action: &str, request: &TaskRequest) -> TaskResult {
    let operation = capital(action);
    if !operation::NAMES.contains(&operation.as_str()) {
        return Err(unsupported(request.resource.arn()));
    }
    let service = services.service()?;
    let parameters = parameters(&request.input).to_json();
    let answer = service.call(&operation, parameters.as_bytes(), service.caller()).await;
    let answer = answer.map_err(|error| refused(&error, &request.request_id()))?;
    Value::parse(&answer)
        .map(|answer| result("", &answer))
        .map_err(|_| StatesError::runtime("The answer is not valid JSON."))
}

/// The parameters as the API spells them: members begin small, and payloads are JSON text.
fn parameters(input: &Value) -> Value {
    let Value::Object(members) = input else { return input.clone() };
    let member = |(name, value): (&Str, &Value)| {
        let name = uncapital(name);
        let value = match (name.as_str(), value) {
            ("input" | "output" | "definition", Value::String(_)) => value.clone(),
            ("input" | "output" | "definition", _) => Value::from(value.to_json()),
            _ => nested_parameters(value),
        };
        (Str::from(name), value)
    };
    members.iter().filter(|(_, value)| !value.is_null()).map(member).collect::<Object>().into()
}

/// Recursion over a value whose depth is bounded when it is read.
fn nested_parameters(value: &Value) -> Value {
    match value {
        Value::Object(_) => parameters(value),
        Value::Array(items) => Value::Array(items.iter().map(nested_parameters).collect::<Array>()),
        other => other.clone(),
    }
}

/// An answer as the integration spells it: members begin with a capital, and times are text.
///
/// Recursion over an answer of our own, which is a few levels deep.
fn result(name: &str, value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let name = capital(name);
                let value = result(&name, value);
                (Str::from(name), value)
            })
            .collect::<Object>()
            .into(),
        Value::Array(items) => Value::Array(items.iter().map(|item| result("", item)).collect::<Array>()),
        Value::Number(number) if name.ends_with("Date") || name == "Timestamp" => {
            Value::from(Timestamp::from_millis((number.as_f64() * 1000.0).round() as i64).to_string())
        }
        other => other.clone(),
    }
}

/// The API's refusal as the SDK tells it.
fn refused(error: &ApiError, request_id: &str) -> StatesError {
    let ApiError { kind, message, status, .. } = error;
    let suffix = if kind.ends_with("Exception") { "" } else { "Exception" };
    let cause =
        format!("{message} (Service: Sfn, Status Code: {status}, Request ID: {request_id}) (SDK Attempt Count: 1)");
    StatesError::new(format!("Sfn.{kind}{suffix}"), cause)
}
