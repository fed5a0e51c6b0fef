//! What Task states and Distributed Maps name as their resource.

use super::Finding;
use crate::integration;
use crate::task::{Pattern, Resource};

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

/// A service integration that Step Functions does not have, or that cannot end that way. `help` is for one of AWS's SDK.
pub(crate) fn not_recognized(resource: &Resource, help: Option<String>) -> Finding {
    let arn = resource.arn();
    let finding = failed(format!(
        "The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region."
    ));
    if let Some(help) = help {
        return finding.help(help);
    }
    let Resource::Service { service, action, .. } = resource else { return finding };
    match integration::of(service, action) {
        Some(known) => {
            let without = arn.strip_suffix(".sync:2").or(arn.strip_suffix(".sync")).or(arn.strip_suffix(".waitForTaskToken"));
            let base = without.unwrap_or(arn);
            let suffix = |pattern: &Pattern| match pattern {
                Pattern::RequestResponse => format!("`{base}`"),
                Pattern::Sync => format!("`{base}.sync`"),
                Pattern::Sync2 => format!("`{base}.sync:2`"),
                Pattern::WaitForTaskToken => format!("`{base}.waitForTaskToken`"),
            };
            let ways: Vec<String> = known.patterns.iter().map(suffix).collect();
            finding.help(format!("there is: {}", ways.join(", ")))
        }
        None if service.starts_with("aws-sdk:") && !integration::is_recognized(resource) => {
            finding.help("the integrations of AWS's SDK take no `.sync`: start the job, then poll it with another Task")
        }
        None if service.starts_with("aws-sdk:") => finding.help(
            "no service of AWS's SDK has such an action; both are written as in the SDK for Java, as in \
             `aws-sdk:dynamodb:batchGetItem`",
        ),
        None => match integration::actions(service).as_slice() {
            [] => finding.help(format!(
                "there is no such optimised integration; the integration of AWS's SDK may have it: `arn:aws:states:::aws-sdk:{service}:{action}`"
            )),
            known => finding.help(format!(
                "`{service}` has {}; the integration of AWS's SDK has the service's other actions: `arn:aws:states:::aws-sdk:{service}:…`",
                known.iter().map(|action| format!("`{action}`")).collect::<Vec<_>>().join(", ")
            )),
        },
    }
}

/// A parameter that the service integration does not take.
pub(crate) fn parameter_unsupported<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Finding {
    let known: Vec<&str> = known.collect();
    failed(format!("The field \"{name}\" is not supported by Step Functions"))
        .help(format!("it takes: {}; names are case-sensitive", known.join(", ")))
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
