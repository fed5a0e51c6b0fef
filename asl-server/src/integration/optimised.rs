//! What the optimised integrations share. AWS made most of them with version 1 of its SDK for Java, and so they tell errors in
//! its words.

use super::{Services, aws_sdk, metadata};
use crate::aws::{Answer, Call, CallError};
use asl_engine::task::{TaskRequest, TaskResult};
use asl_engine::value::{Object, Str};
use asl_engine::{StatesError, Value};
use std::time::Duration;

/// A service as the SDK names it.
pub(super) struct Service {
    /// How its errors begin: `SQS`.
    pub(super) prefix: &'static str,
    /// Its name in causes, and in the exception of all that its model does not name: `AmazonSQS`.
    pub(super) name: &'static str,
}

impl Service {
    /// Calls an operation of the service, which the integration of the SDK names `model`.
    pub(super) async fn call(
        &self,
        services: &Services,
        model: &str,
        operation: &str,
        parameters: &Value,
        request: &TaskRequest,
    ) -> Result<Answer, StatesError> {
        let call = Call {
            region: super::region(request),
            timeout: request.timeout_seconds.map(Duration::from_secs),
            token: &request.request_id(),
            own_names: true,
            role: aws_sdk::role(request)?,
            ..Call::new(model, operation, parameters)
        };
        services.aws.call(call).await.map_err(|error| self.failed(error))
    }

    /// What it answered, with what the HTTP answer says beside it.
    pub(super) fn result(&self, answer: Answer) -> TaskResult {
        let Answer { output, status, headers, request_id } = answer;
        let Value::Object(mut result) = output else { return Ok(output) };
        metadata::add_headers(&mut result, self.prefix, status, &headers, &request_id);
        // AWS writes the members in alphabetical order.
        let mut members: Vec<(Str, Value)> = result.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Value::Object(members.into_iter().collect()))
    }

    /// Why a call has no result, as the task's error.
    pub(super) fn failed(&self, error: CallError) -> StatesError {
        let cause = error.to_string();
        match error {
            CallError::Refused(refused) => {
                let shape = refused.refusal.shape.as_deref();
                let (code, message) = (&refused.refusal.code, refused.refusal.message.as_str());
                let message = if message.is_empty() { "null" } else { message };
                self.refused(shape, code, message, refused.status, &refused.request_id)
            }
            CallError::Unreachable(_) | CallError::TimedOut { .. } | CallError::TooLarge | CallError::Unreadable(_) => {
                StatesError::new(format!("{}.SdkClientException", self.prefix), cause)
            }
            CallError::Parameters(_)
            | CallError::NotConfigured { .. }
            | CallError::NoCredentials
            | CallError::UnknownService(_)
            | CallError::UnknownOperation { .. } => StatesError::runtime(cause),
        }
    }

    /// What it refused, as a task's error. `shape` is the exception when the service's model has it.
    pub(super) fn refused(
        &self,
        shape: Option<&str>,
        code: &str,
        message: &str,
        status: u16,
        request_id: &str,
    ) -> StatesError {
        let Service { prefix, name } = self;
        // The SDK's exception of all that a model does not name: DynamoDB's, `AmazonDynamoDBv2`, has no `v2` in it.
        let kind = shape.unwrap_or(name.trim_end_matches("v2"));
        let suffix = if kind.ends_with("Exception") { "" } else { "Exception" };
        let cause = format!(
            "{message} (Service: {name}; Status Code: {status}; Error Code: {code}; Request ID: {request_id}; Proxy: null)"
        );
        StatesError::new(format!("{prefix}.{kind}{suffix}"), cause)
    }
}

/// The parameters, one of which is sent as JSON text when it is no string.
pub(super) fn with_text(parameters: &Value, name: &str) -> Value {
    let mut parameters = parameters.clone();
    if let Value::Object(members) = &mut parameters {
        as_text(members, name);
    }
    parameters
}

/// A member that is no string becomes JSON text.
pub(super) fn as_text(members: &mut Object, name: &str) {
    if let Some(value) = members.get(name).filter(|value| !matches!(value, Value::String(_) | Value::Null)) {
        let text = Value::from(value.to_json());
        members.insert(name, text);
    }
}
