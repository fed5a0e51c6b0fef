//! The API's operations, one file each: request, checks, effect, response.

use crate::service::{Caller, Service};
use crate::wire::ApiError;
use asl_engine::runtime::{TokenError, TokenReport};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) mod definition;
mod routing;
mod settings;

/// The operations by their names in the API.
macro_rules! operations {
    ($($name:literal => $module:ident),* $(,)?) => {
        $(pub(crate) mod $module;)*

        /// The names of the operations, sorted.
        pub const NAMES: &[&str] = &[$($name),*];

        /// Calls the operation of that name.
        ///
        /// # Errors
        /// `UnknownOperationException`, `SerializationException`, or the operation's own refusal.
        pub(crate) async fn call(
            service: &Service,
            operation: &str,
            request: &[u8],
            caller: &Caller,
        ) -> Result<String, ApiError> {
            match operation {
                $($name => write(&$module::run(service, caller, read(request)?).await?),)*
                _ => Err(ApiError::unknown_operation(operation)),
            }
        }
    };
}

/// Does the operation acknowledge something that has to be kept? (Not: starts see to that themselves, an EXPRESS execution
/// is not kept.)
pub(crate) fn changes_something(operation: &str) -> bool {
    let looks = ["Describe", "List", "Get", "Validate", "Test", "Start"];
    !looks.iter().any(|look| operation.starts_with(look))
}

operations! {
    "CreateActivity" => create_activity,
    "CreateStateMachine" => create_state_machine,
    "CreateStateMachineAlias" => create_state_machine_alias,
    "DeleteActivity" => delete_activity,
    "DeleteStateMachine" => delete_state_machine,
    "DeleteStateMachineAlias" => delete_state_machine_alias,
    "DeleteStateMachineVersion" => delete_state_machine_version,
    "DescribeActivity" => describe_activity,
    "DescribeExecution" => describe_execution,
    "DescribeMapRun" => describe_map_run,
    "DescribeStateMachine" => describe_state_machine,
    "DescribeStateMachineAlias" => describe_state_machine_alias,
    "DescribeStateMachineForExecution" => describe_state_machine_for_execution,
    "GetActivityTask" => get_activity_task,
    "GetExecutionHistory" => get_execution_history,
    "ListActivities" => list_activities,
    "ListExecutions" => list_executions,
    "ListMapRuns" => list_map_runs,
    "ListStateMachineAliases" => list_state_machine_aliases,
    "ListStateMachineVersions" => list_state_machine_versions,
    "ListStateMachines" => list_state_machines,
    "ListTagsForResource" => list_tags_for_resource,
    "PublishStateMachineVersion" => publish_state_machine_version,
    "RedriveExecution" => redrive_execution,
    "SendTaskFailure" => send_task_failure,
    "SendTaskHeartbeat" => send_task_heartbeat,
    "SendTaskSuccess" => send_task_success,
    "StartExecution" => start_execution,
    "StartSyncExecution" => start_sync_execution,
    "StopExecution" => stop_execution,
    "TagResource" => tag_resource,
    "TestState" => test_state,
    "UntagResource" => untag_resource,
    "UpdateMapRun" => update_map_run,
    "UpdateStateMachine" => update_state_machine,
    "UpdateStateMachineAlias" => update_state_machine_alias,
    "ValidateStateMachineDefinition" => validate_state_machine_definition,
}

/// The answer of an operation that has nothing to tell: `{}`.
#[derive(Serialize)]
struct Empty {}

/// Characters of a task token.
const TASK_TOKEN: std::ops::RangeInclusive<usize> = 1..=2048;

/// Tells the engine about the task that has this token.
async fn report(service: &Service, token: &str, report: TokenReport) -> Result<Empty, ApiError> {
    match service.engine().report(token, report).await {
        Ok(()) => Ok(Empty {}),
        Err(TokenError::Unknown) => Err(ApiError::invalid_token()),
        Err(TokenError::Gone) => Err(ApiError::task_does_not_exist()),
        Err(TokenError::TimedOut) => Err(ApiError::task_timed_out()),
    }
}

/// Reads a request. An empty body is an empty request, so that `curl -X POST …/ListStateMachines` works.
fn read<T: DeserializeOwned>(request: &[u8]) -> Result<T, ApiError> {
    let request = match request.trim_ascii_start().first() {
        None => b"{}",
        Some(b'[') => return Err(ApiError::serialization(LIST)),
        Some(_) => request,
    };
    serde_json::from_slice(request).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => ApiError::serialization(conversion(&error.to_string())),
        _ => ApiError::serialization(format!("The request is not valid JSON: {error}")),
    })
}

fn write<T: Serialize>(response: &T) -> Result<String, ApiError> {
    serde_json::to_string(response).map_err(|error| ApiError::internal(format!("the answer is no JSON: {error}")))
}

const LIST: &str = "Start of list found where not expected";

/// A member of the wrong JSON type, in AWS's words: `NUMBER_VALUE can not be converted to a String`.
fn conversion(message: &str) -> String {
    let found = |start: &str| message.starts_with(&format!("invalid type: {start}"));
    let expected = message.split("expected ").nth(1).unwrap_or_default();
    let wanted = match expected {
        _ if expected.starts_with("a string") => "a String",
        _ if expected.starts_with("a boolean") => "a Boolean",
        _ if expected.starts_with("i64") => "an Integer",
        _ if expected.starts_with("a sequence") => "a List",
        _ => "a Structure",
    };
    let token = match () {
        () if found("integer") || found("floating point") => "NUMBER_VALUE",
        () if found("string") => "STRING_VALUE",
        () if found("boolean `true`") => "TRUE_VALUE",
        () if found("boolean") => "FALSE_VALUE",
        () if found("sequence") || message.starts_with("invalid length") => return LIST.to_owned(),
        () if found("map") => return "Start of structure or map found where not expected.".to_owned(),
        () => return "Unexpected value found".to_owned(),
    };
    format!("{token} can not be converted to {wanted}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_names_are_sorted() {
        assert!(super::NAMES.is_sorted());
    }

    #[test]
    fn members_of_the_wrong_type_are_told_without_our_own_types() {
        #[derive(Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "only read")]
        struct Request {
            text: Option<String>,
            number: Option<i64>,
            inner: Option<Inner>,
        }
        #[derive(Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "only read")]
        struct Inner {
            a: bool,
            b: bool,
        }
        for (request, message) in [
            (r#"{"text":1.5}"#, "NUMBER_VALUE can not be converted to a String"),
            (r#"{"text":true}"#, "TRUE_VALUE can not be converted to a String"),
            (r#"{"text":["a"]}"#, "Start of list found where not expected"),
            (r#"{"text":{}}"#, "Start of structure or map found where not expected."),
            (r#"{"number":"1"}"#, "STRING_VALUE can not be converted to an Integer"),
            (r#"{"inner":"x"}"#, "STRING_VALUE can not be converted to a Structure"),
            (r#"{"inner":{"a":false,"b":"x"}}"#, "STRING_VALUE can not be converted to a Boolean"),
            (r#"{"inner":[]}"#, "Start of list found where not expected"),
            (r#"{"inner":{}}"#, "Unexpected value found"),
            ("[]", "Start of list found where not expected"),
        ] {
            let refusal = super::read::<Request>(request.as_bytes()).unwrap_err();
            assert_eq!((refusal.kind, refusal.message.as_str()), ("SerializationException", message), "{request}");
        }
    }
}
