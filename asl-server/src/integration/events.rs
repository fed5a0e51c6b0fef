//! `events:putEvents`: custom events for EventBridge.

use super::Services;
use super::optimised::{Service, as_text};
use asl_engine::task::{TaskRequest, TaskResult};
use asl_engine::value::Array;
use asl_engine::{StatesError, Value};

const EVENTS: Service = Service { prefix: "EventBridge", name: "AmazonEventBridge" };

/// "If the response from `PutEvents` contains a non-zero `FailedEntryCount` then the `Task` state fails with the error
/// `EventBridge.FailedEntry`." Recorded: the result has no metadata.
pub(super) async fn put_events(services: &Services, request: &TaskRequest) -> TaskResult {
    let answer = EVENTS.call(services, "eventbridge", "putEvents", &parameters(request), request).await?;
    match answer.output.get("FailedEntryCount").and_then(Value::as_i64) {
        None | Some(0) => Ok(answer.output),
        Some(_) => Err(StatesError::new("EventBridge.FailedEntry", answer.output.to_json())),
    }
}

/// "The execution ARN and the state machine ARN are automatically appended to the `Resources` field of each entry." A `Detail`
/// that is no string is sent as JSON text.
fn parameters(request: &TaskRequest) -> Value {
    let Value::Object(mut parameters) = request.input.clone() else { return request.input.clone() };
    let Some(Value::Array(entries)) = parameters.get("Entries") else { return Value::Object(parameters) };
    let about = [request.execution_arn.clone(), state_machine_of(&request.execution_arn).into()];
    let entry = |entry: &Value| {
        let Value::Object(entry) = entry else { return entry.clone() };
        let mut entry = entry.clone();
        as_text(&mut entry, "Detail");
        let resources = entry.get("Resources").and_then(Value::as_array).cloned().unwrap_or_default();
        let resources = resources.iter().cloned().chain(about.iter().cloned().map(Value::from));
        let resources = Value::Array(resources.collect::<Array>());
        entry.insert("Resources", resources);
        Value::Object(entry)
    };
    let entries = Value::Array(entries.iter().map(entry).collect::<Array>());
    parameters.insert("Entries", entries);
    Value::Object(parameters)
}

/// `arn:aws:states:us-east-1:123456789012:execution:M:name` → `arn:aws:states:us-east-1:123456789012:stateMachine:M`
fn state_machine_of(execution: &str) -> String {
    let parts: Vec<&str> = execution.splitn(8, ':').collect();
    let mut machine = parts.get(..7).unwrap_or(&parts).join(":");
    for kind in [":execution:", ":express:"] {
        machine = machine.replacen(kind, ":stateMachine:", 1);
    }
    machine
}

#[cfg(test)]
mod tests {
    use super::state_machine_of;

    #[test]
    fn executions_are_told_with_their_state_machine() {
        for (execution, machine) in [
            ("arn:aws:states:us-east-1:1:execution:M:e", "arn:aws:states:us-east-1:1:stateMachine:M"),
            ("arn:aws:states:us-east-1:1:express:M:e:id", "arn:aws:states:us-east-1:1:stateMachine:M"),
        ] {
            assert_eq!(state_machine_of(execution), machine);
        }
    }
}
