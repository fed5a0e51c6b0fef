//! In-process functions, called as Lambda functions are: by ARN, or through `lambda:invoke`.

use crate::error::StatesError;
use crate::object;
use crate::task::{Resource, TaskFuture, TaskHandler, TaskRequest};
use crate::value::{Str, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// The functions of an engine, and who answers everything else.
#[derive(Clone, Default)]
pub(super) struct Functions {
    pub(super) by_name: HashMap<String, Arc<dyn TaskHandler>>,
    pub(super) fallback: Option<Arc<dyn TaskHandler>>,
}

impl TaskHandler for Functions {
    fn call(&self, mut request: TaskRequest) -> TaskFuture {
        match &request.resource {
            Resource::LambdaFunction { arn } => {
                if let Some(function) = function_name(arn).and_then(|name| self.by_name.get(name)) {
                    return function.call(request);
                }
            }
            Resource::Service { service, action, .. } if service == "lambda" && action == "invoke" => {
                let function = request.input.get("FunctionName").and_then(Value::as_str).and_then(function_name);
                if let Some(function) = function.and_then(|name| self.by_name.get(name)) {
                    // Recorded: a function whose payload is null gets `{}`.
                    let payload = request.input.get("Payload").filter(|payload| !payload.is_null());
                    let payload = payload.cloned().unwrap_or_else(Value::empty_object);
                    let request_id = request.request_id();
                    request.input = payload;
                    let answer = function.call(request);
                    return Box::pin(async move {
                        match answer.await {
                            Ok(payload) => Ok(invoke_answer(payload, &request_id)),
                            Err(error) => Err(invoke_error(error)),
                        }
                    });
                }
            }
            _ => {}
        }
        match &self.fallback {
            Some(fallback) => fallback.call(request),
            None => {
                let error = nobody_answers(&request.resource);
                Box::pin(async move { Err(error) })
            }
        }
    }
}

/// The name in a function's ARN, a partial ARN (`account:function:name`) or a plain name, without its qualifier.
pub fn function_name(function: &str) -> Option<&str> {
    let name = match function.split_once("function:") {
        Some((_, rest)) => rest,
        None => function,
    };
    name.split(':').next().filter(|name| !name.is_empty())
}

/// The result of `lambda:invoke`, as AWS shapes it (Developer Guide, *Invoke a Lambda function with Step Functions*).
pub fn invoke_answer(payload: Value, request_id: &str) -> Value {
    let length = payload.json_len().to_string();
    let headers = [
        ("X-Amz-Executed-Version", "$LATEST"),
        ("x-amzn-Remapped-Content-Length", "0"),
        ("Connection", "keep-alive"),
        ("x-amzn-RequestId", request_id),
        ("Content-Length", &length),
        ("Content-Type", "application/json"),
    ];
    let one = headers.iter().map(|(name, value)| (Str::from(*name), Value::from(*value)));
    let all = headers.iter().map(|(name, value)| (Str::from(*name), Value::from(vec![Value::from(*value)])));
    object! {
        "ExecutedVersion" => "$LATEST",
        "Payload" => payload,
        "SdkHttpMetadata" => object! {
            "AllHttpHeaders" => Value::Object(all.collect()),
            "HttpHeaders" => Value::Object(one.collect()),
            "HttpStatusCode" => 200,
        },
        "SdkResponseMetadata" => object! { "RequestId" => request_id },
        "StatusCode" => 200,
    }
}

/// The error of `lambda:invoke`: a function's report is told compactly there, while a Task whose Resource is the function
/// tells the report as the function wrote it (recorded).
pub fn invoke_error(error: StatesError) -> StatesError {
    let report = error.cause.as_deref().and_then(|cause| Value::parse(cause).ok());
    match report {
        Some(report @ Value::Object(_)) => StatesError { cause: Some(report.to_json().into()), ..error },
        _ => error,
    }
}

fn nobody_answers(resource: &Resource) -> StatesError {
    let arn = resource.arn();
    match resource {
        Resource::LambdaFunction { .. } => StatesError::new(
            "Lambda.ResourceNotFoundException",
            format!("Function not found: {arn}. No function of that name is registered."),
        ),
        _ => StatesError::new("States.TaskFailed", format!("No handler is configured for the resource '{arn}'.")),
    }
}
