//! What Task states and Distributed Maps name as their resource.

use super::Finding;

fn failed(message: impl Into<String>) -> Finding {
    Finding::error("SCHEMA_VALIDATION_FAILED", message)
}

/// Not an ARN that a Task may name.
pub(crate) fn invalid(resource: &str) -> Finding {
    let finding = failed("Value is not a valid resource ARN");
    if resource.contains("${") {
        return finding.help("a placeholder is left in it: give its value with `--set Name=value`");
    }
    finding.help(
        "name a Lambda function (`arn:aws:lambda:REGION:ACCOUNT:function:NAME`), an activity \
         (`arn:aws:states:REGION:ACCOUNT:activity:NAME`) or a service (`arn:aws:states:::SERVICE:ACTION`)",
    )
}

/// An activity in an EXPRESS machine.
pub(crate) fn express_activity() -> Finding {
    failed("Express state machine does not support Activity ARN")
}

/// `.sync` in an EXPRESS machine.
pub(crate) fn express_sync() -> Finding {
    failed("Express state machine does not support '.sync' service integration")
}

/// `.waitForTaskToken` in an EXPRESS machine. (The trailing space is AWS's.)
pub(crate) fn express_wait_for_task_token() -> Finding {
    failed("Express state machine does not support '.waitForTaskToken' service integration ")
}

/// A service integration without `Parameters` or `Arguments`.
pub(crate) fn arguments_missing(field: &str, resource: &str) -> Finding {
    failed(format!("{field} field is required for resource ARN: {resource}"))
        .help(format!("write `\"{field}\": {{}}` when there is nothing to say"))
}

/// An activity runs nowhere that a role could be assumed for.
pub(crate) fn credentials_of_activity() -> Finding {
    failed("The field 'Credentials' is not supported for activities")
}
