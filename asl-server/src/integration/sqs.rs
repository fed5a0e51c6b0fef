//! `sqs:sendMessage` and `aws-sdk:sqs:ACTION`, answered by the local queues.

use super::optimised::{Service, caller};
use super::sfn::capitalised;
use super::{Services, metadata, unsupported};
use crate::queue::{Asker, OPERATIONS, QueueError};
use asl_engine::task::{TaskRequest, TaskResult};
use asl_engine::value::{Array, Object, Str};
use asl_engine::{StatesError, Value};

const SQS: Service = Service { prefix: "SQS", name: "AmazonSQS" };

/// The optimised integration: what is no string in `MessageBody` is sent as JSON text.
pub(super) async fn send_message(services: &Services, request: &TaskRequest) -> TaskResult {
    let mut parameters = request.input.clone();
    if let Value::Object(parameters) = &mut parameters
        && let Some(body) = parameters.get("MessageBody")
        && !matches!(body, Value::String(_) | Value::Null)
    {
        let text = Value::from(body.to_json());
        parameters.insert("MessageBody", text);
    }
    let id = request.request_id();
    let refused = |error: QueueError| {
        let shape = error.is_modelled().then_some(error.shape);
        SQS.refused(shape, error.code, &error.message, QueueError::STATUS, &id)
    };
    let answer = ask(services, "SendMessage", &parameters, request).await.map_err(refused)?;
    let length = answer.json_len();
    let mut result = Object::default();
    for (name, value) in answer.as_object().into_iter().flatten().filter(|(name, _)| *name != "SequenceNumber") {
        result.insert(name.clone(), value.clone());
    }
    metadata::add(&mut result, &id, "application/x-amz-json-1.0", length);
    if let Some(number) = answer.get("SequenceNumber") {
        result.insert("SequenceNumber", number.clone());
    }
    Ok(Value::Object(result))
}

/// The integration of the SDK: the operations as they are.
pub(super) async fn call(services: &Services, action: &str, request: &TaskRequest) -> TaskResult {
    let operation = capitalised(action);
    if !OPERATIONS.contains(&operation.as_str()) {
        return Err(unsupported(request.resource.arn()));
    }
    let id = request.request_id();
    let refused = |error: QueueError| {
        let kind = if error.is_modelled() { error.shape } else { "SqsException" };
        let suffix = if kind.ends_with("Exception") { "" } else { "Exception" };
        let QueueError { message, .. } = &error;
        let status = QueueError::STATUS;
        let cause = format!("{message} (Service: Sqs, Status Code: {status}, Request ID: {id}) (SDK Attempt Count: 1)");
        StatesError::new(format!("Sqs.{kind}{suffix}"), cause)
    };
    ask(services, &operation, &request.input, request).await.map(renamed).map_err(refused)
}

async fn ask(
    services: &Services,
    operation: &str,
    parameters: &Value,
    request: &TaskRequest,
) -> Result<Value, QueueError> {
    let asker = Asker { caller: &caller(request), base: None };
    services.queues.call(operation, parameters.to_json().as_bytes(), &asker).await.map(Value::from)
}

/// The answer with names as version 2 of the SDK for Java has them: `Md5OfBody`, not `MD5OfBody`.
///
/// Recursion over an answer of our own, which is a few levels deep.
fn renamed(answer: Value) -> Value {
    let name = |name: &Str| match name.strip_prefix("MD5Of") {
        Some(rest) => Str::from(format!("Md5Of{rest}")),
        None => name.clone(),
    };
    match answer {
        Value::Object(members) => {
            members.iter().map(|(key, value)| (name(key), renamed(value.clone()))).collect::<Object>().into()
        }
        Value::Array(items) => Value::Array(items.iter().cloned().map(renamed).collect::<Array>()),
        other => other,
    }
}
