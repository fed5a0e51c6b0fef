//! Refusals, worded as AWS words them.

use serde_json::{Map, Value, json};
use std::fmt::{self, Display};

/// An answer that is an error: `{"__type": …, "message": …}`.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The error's type, `__type`.
    pub kind: &'static str,
    /// `message`
    pub message: String,
    /// Further members, such as `reason`.
    pub extra: Map<String, Value>,
}

impl ApiError {
    /// An error that the caller can mend (status 400).
    pub fn new(kind: &'static str, message: impl Into<String>) -> Self {
        ApiError { status: 400, kind, message: message.into(), extra: Map::new() }
    }

    /// With one more member.
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(member.to_owned(), value.into());
        self
    }

    /// The body as AWS writes it.
    pub fn body(&self) -> String {
        let mut body = Map::new();
        body.insert("__type".to_owned(), json!(self.kind));
        body.insert("message".to_owned(), json!(self.message));
        body.extend(self.extra.clone());
        Value::Object(body).to_string()
    }

    /// There is no operation of that name.
    pub fn unknown_operation(operation: &str) -> Self {
        let message = if operation.is_empty() {
            "The header X-Amz-Target, which names the operation, is missing. GET / lists the operations.".to_owned()
        } else {
            format!("The operation `{operation}` is not one this server knows. GET / lists those it does.")
        };
        ApiError::new("UnknownOperationException", message)
    }

    /// The body is no JSON, or a member has the wrong JSON type.
    pub fn serialization(message: impl Into<String>) -> Self {
        ApiError::new("SerializationException", message)
    }

    /// The request is over its limit.
    pub fn request_too_large(limit: usize) -> Self {
        let message = format!("The request is larger than the limit of {limit} bytes.");
        ApiError { status: 413, ..ApiError::new("RequestEntityTooLargeException", message) }
    }

    /// The rest of the request does not come.
    pub fn request_too_slow(limit: std::time::Duration) -> Self {
        let message = format!("The request did not arrive within {} seconds.", limit.as_secs());
        ApiError { status: 408, ..ApiError::new("RequestTimeoutException", message) }
    }

    /// More is asked than can be done now.
    pub fn throttling() -> Self {
        ApiError::new("ThrottlingException", "Rate exceeded")
    }

    /// Our own trouble.
    pub fn internal(message: impl Into<String>) -> Self {
        ApiError { status: 500, ..ApiError::new("InternalFailure", message) }
    }

    /// Nothing can be kept at the moment. API reference, *Common Error Types*: "The request has failed due to a temporary
    /// failure of the server"; SDKs try again.
    pub fn service_unavailable(reason: impl Display) -> Self {
        let message = format!(
            "Nothing can be kept at the moment: {reason}. What runs waits, and goes on by itself once there is room; then try again."
        );
        ApiError { status: 503, ..ApiError::new("ServiceUnavailable", message) }
    }

    /// `ValidationException`
    pub fn validation(message: impl Into<String>) -> Self {
        ApiError::new("ValidationException", message)
    }

    /// The text is no ARN, or no ARN of the kind that is wanted.
    pub fn invalid_arn(reason: impl Display) -> Self {
        ApiError::new("InvalidArn", format!("Invalid Arn: '{reason}'"))
    }

    /// The text is no ARN of a role.
    pub fn invalid_role_arn(arn: &str) -> Self {
        ApiError::new("InvalidArn", format!("Invalid Role Arn: '{arn}'"))
    }

    /// The name has characters that names may not have.
    pub fn invalid_name(name: &str) -> Self {
        ApiError::new("InvalidName", format!("Invalid Name: '{name}'"))
    }

    /// The definition is wrong; `message` is AWS's text for its diagnostics ([`asl_engine::diagnostic::aws_message`]).
    pub fn invalid_definition(message: impl Into<String>) -> Self {
        ApiError::new("InvalidDefinition", message)
    }

    /// The input of an execution is no JSON, or too large.
    pub fn invalid_execution_input(reason: impl Display) -> Self {
        ApiError::new("InvalidExecutionInput", format!("Invalid State Machine Execution Input: '{reason}'"))
    }

    /// The output of a task is no JSON.
    pub fn invalid_output(reason: impl Display) -> Self {
        ApiError::new("InvalidOutput", format!("Invalid Output: '{reason}'"))
    }

    /// A page token or task token that was not made here.
    pub fn invalid_token() -> Self {
        ApiError::new("InvalidToken", "Invalid Token: 'Invalid token'")
    }

    /// The task is over.
    pub fn task_timed_out() -> Self {
        ApiError::new("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
    }

    /// TestState: no state of that name.
    pub fn state_not_found_in_definition() -> Self {
        ApiError::validation("State not found in definition")
    }

    /// TestState: a member that cannot go with a mock.
    pub fn not_with_a_mock(member: &str) -> Self {
        ApiError::validation(format!("TestState does not support {member} when a mock is specified."))
    }

    /// TestState: a member that needs a mock.
    pub fn only_with_a_mock(member: &str) -> Self {
        ApiError::validation(format!("TestState does not support {member} when a mock is not specified."))
    }

    /// TestState: a state that does nothing that could be mocked.
    pub fn state_type_without_mock(state_type: &str) -> Self {
        ApiError::validation(format!("State type '{state_type}' is not supported when a mock is specified"))
    }

    /// TestState: a Map or Parallel state without a mock.
    pub fn state_type_needs_mock() -> Self {
        ApiError::invalid_definition(
            "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, \
             Succeed, Fail, Choice]",
        )
    }

    /// TestState: the mocked result of a Map or Parallel state is no array.
    pub fn mocked_result_not_an_array() -> Self {
        ApiError::validation("Mocked result must be an array.")
    }

    /// TestState: the mocked result of a Parallel state has another length than its branches.
    pub fn mocked_result_of_other_length() -> Self {
        ApiError::validation("Mocked result must contain the same number of items as number of Parallel branches.")
    }

    /// TestState: the mocked result does not fit the service's answer.
    pub fn mocked_result_mismatch(field: &str, problem: &str) -> Self {
        ApiError::validation(format!("Mock result schema validation error: Field '{field}' {problem}"))
    }

    /// TestState: the context object is none.
    pub fn invalid_context_object(reason: impl Display) -> Self {
        ApiError::validation(format!("Invalid Context object provided: {reason}"))
    }

    /// `InvalidLoggingConfiguration`
    pub fn invalid_logging_configuration(reason: &str) -> Self {
        ApiError::new("InvalidLoggingConfiguration", format!("Invalid Logging Configuration: {reason}"))
    }

    /// `InvalidTracingConfiguration`
    pub fn invalid_tracing_configuration() -> Self {
        let message = "Invalid Tracing Configuration: 'enabled' must be true or false";
        ApiError::new("InvalidTracingConfiguration", message)
    }

    /// `InvalidEncryptionConfiguration`
    pub fn invalid_encryption_configuration(reason: &str) -> Self {
        ApiError::new("InvalidEncryptionConfiguration", format!("Invalid Encryption Configuration: {reason}"))
    }

    /// There is another state machine of that name.
    pub fn state_machine_already_exists(arn: impl Display) -> Self {
        ApiError::new("StateMachineAlreadyExists", format!("State Machine Already Exists: '{arn}'"))
    }

    /// There is no such state machine.
    pub fn state_machine_does_not_exist(arn: impl Display) -> Self {
        ApiError::new("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'"))
    }

    /// The state machine is about to go.
    pub fn state_machine_deleting(arn: impl Display) -> Self {
        ApiError::new("StateMachineDeleting", format!("State Machine is being deleted: '{arn}'"))
    }

    /// STANDARD where EXPRESS is wanted, or the reverse.
    pub fn state_machine_type_not_supported() -> Self {
        let message = "This operation is not supported by this type of state machine";
        ApiError::new("StateMachineTypeNotSupported", message)
    }

    /// There is no such execution.
    pub fn execution_does_not_exist(arn: impl Display) -> Self {
        ApiError::new("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'"))
    }

    /// There is another execution of that name.
    pub fn execution_already_exists(arn: impl Display) -> Self {
        ApiError::new("ExecutionAlreadyExists", format!("Execution Already Exists: '{arn}'"))
    }

    /// The account has as many state machines as it may have.
    pub fn state_machine_limit_exceeded(most: usize) -> Self {
        let message = format!("The maximum number of state machines has been reached: {most}");
        ApiError::new("StateMachineLimitExceeded", message)
    }

    /// The account has as many activities as it may have.
    pub fn activity_limit_exceeded(most: usize) -> Self {
        ApiError::new("ActivityLimitExceeded", format!("The maximum number of activities has been reached: {most}"))
    }

    /// As many workers wait for the activity's tasks as may.
    pub fn activity_worker_limit_exceeded(most: usize) -> Self {
        let message = "The maximum number of workers concurrently polling for activity tasks has been reached";
        ApiError::new("ActivityWorkerLimitExceeded", format!("{message}: {most}"))
    }

    /// There is another activity of that name.
    pub fn activity_already_exists(arn: &str) -> Self {
        ApiError::new("ActivityAlreadyExists", format!("Activity Already Exists: '{arn}'"))
    }

    /// The token names a task of an execution that is not kept any more.
    pub fn task_does_not_exist() -> Self {
        ApiError::new("TaskDoesNotExist", "Task Does Not Exist: 'Provided task does not exist'")
    }

    /// There is no such activity.
    pub fn activity_does_not_exist(arn: impl Display) -> Self {
        ApiError::new("ActivityDoesNotExist", format!("Activity Does Not Exist: '{arn}'"))
    }

    /// The request names a version or an alias that is not there.
    pub fn references_nothing() -> Self {
        ApiError::new("ResourceNotFound", "Request references a resource that does not exist.")
    }

    /// The execution cannot be redriven; the reason is what DescribeExecution tells as its `redriveStatusReason`.
    pub fn execution_not_redrivable(reason: &str) -> Self {
        ApiError::new("ExecutionNotRedrivable", reason)
    }

    /// Aliases lead to the version that is to be deleted.
    pub fn version_has_aliases(names: &[&str]) -> Self {
        let names = names.join(", ");
        let message = "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this \
                       version";
        ApiError::new("ConflictException", format!("{message}: [{names}]"))
    }

    /// There is another alias of that name.
    pub fn alias_already_exists() -> Self {
        let message = "Failed to create alias because an alias with the same name and a different routing configuration \
                       already exists.";
        ApiError::new("ConflictException", message)
    }

    /// The state machine has another revision than the one to be published.
    pub fn revision_mismatch(wanted: &str, current: &str) -> Self {
        let message = format!("Failed to publish the State Machine version for revision {wanted}. ");
        ApiError::new("ConflictException", message + &format!("The current State Machine revision is {current}."))
    }

    /// An alias must not lead there.
    pub fn invalid_routing_configuration(reason: impl Display) -> Self {
        ApiError::validation(reason.to_string()).with("reason", "INVALID_ROUTING_CONFIGURATION")
    }

    /// The ARN names a Distributed Map state, not the whole state machine.
    pub fn labelled_arn(arn: &str) -> Self {
        let message = format!("The ARN of a Distributed Map state is not supported here: '{arn}'");
        ApiError::validation(message).with("reason", "API_DOES_NOT_SUPPORT_LABELED_ARNS")
    }

    /// A resource has as many of something as it may have.
    pub fn quota_exceeded(what: &str, most: usize, arn: &str) -> Self {
        let message =
            format!("'{arn}' has {most} {what}, the most it can have. Delete those you do not need any more.");
        ApiError::new("ServiceQuotaExceededException", message)
    }

    /// There is nothing to tag under that ARN.
    pub fn resource_not_found(arn: &str) -> Self {
        ApiError::new("ResourceNotFound", format!("Resource not found: '{arn}'")).with("resourceName", arn)
    }

    /// More tags than a resource may have.
    pub fn too_many_tags(arn: &str) -> Self {
        ApiError::new("TooManyTags", format!("Too many tags: '{arn}'")).with("resourceName", arn)
    }
}

impl Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

impl std::error::Error for ApiError {}
