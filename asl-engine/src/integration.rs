//! The optimised integrations of Step Functions: which there are, how their tasks may end, what their calls take.
//!
//! One table, for whoever checks a definition, a task's parameters or an answer. Sources: Developer Guide, *Integrating
//! optimized services* and the page of each service; the requests in the API reference of each service, because AWS takes
//! more of their members than its guide lists (recorded: `MessageGroupId` of `sns:publish`).

use crate::task::{Pattern, Resource};
use crate::value::Value;
use Pattern::{RequestResponse, Sync, Sync2, WaitForTaskToken};

/// An action of an optimised integration.
#[derive(Debug)]
pub struct Integration {
    /// As in `arn:aws:states:::SERVICE:ACTION`.
    pub service: &'static str,
    /// The action; `None`: each of the service's.
    pub action: Option<&'static str>,
    /// How a task of it may end.
    pub patterns: &'static [Pattern],
    /// What it takes, where that is known.
    pub parameters: Option<Parameters>,
}

/// The parameters of an action.
#[derive(Debug)]
pub struct Parameters {
    /// Those that must be there.
    pub required: &'static [&'static str],
    /// Those that may be.
    pub optional: &'static [&'static str],
    /// Does AWS refuse a definition with others? Where it does not, it fails the task.
    pub checked_at_creation: bool,
}

impl Parameters {
    /// Is there a parameter of this name?
    pub fn has(&self, name: &str) -> bool {
        self.required.contains(&name) || self.optional.contains(&name)
    }
}

const ANSWER: &[Pattern] = &[RequestResponse];
const JOB: &[Pattern] = &[RequestResponse, Sync];
const CALLBACK: &[Pattern] = &[RequestResponse, WaitForTaskToken];
const ALL_BUT_SYNC2: &[Pattern] = &[RequestResponse, Sync, WaitForTaskToken];

const fn known(service: &'static str, action: &'static str, patterns: &'static [Pattern]) -> Integration {
    Integration { service, action: Some(action), patterns, parameters: None }
}

/// A service whose actions are not listed here.
const fn any(service: &'static str, patterns: &'static [Pattern]) -> Integration {
    Integration { service, action: None, patterns, parameters: None }
}

impl Integration {
    const fn takes(mut self, required: &'static [&'static str], optional: &'static [&'static str]) -> Self {
        self.parameters = Some(Parameters { required, optional, checked_at_creation: true });
        self
    }

    /// Seen: ValidateStateMachineDefinition finds nothing wrong, and the task fails.
    const fn checked_when_it_runs(mut self) -> Self {
        if let Some(parameters) = &mut self.parameters {
            parameters.checked_at_creation = false;
        }
        self
    }
}

/// What `dynamodb:putItem` and `dynamodb:deleteItem` may be given.
const DYNAMODB_WRITE: &[&str] = &[
    "ConditionExpression",
    "ConditionalOperator",
    "Expected",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnConsumedCapacity",
    "ReturnItemCollectionMetrics",
    "ReturnValues",
    "ReturnValuesOnConditionCheckFailure",
];

/// The optimised integrations.
pub const INTEGRATIONS: &[Integration] = &[
    known("apigateway", "invoke", CALLBACK).takes(
        &["ApiEndpoint", "Method"],
        &["AllowNullValues", "AuthType", "Headers", "Path", "QueryParameters", "RequestBody", "Stage"],
    ),
    known("athena", "getQueryExecution", ANSWER),
    known("athena", "getQueryResults", ANSWER),
    known("athena", "startQueryExecution", JOB),
    known("athena", "stopQueryExecution", ANSWER),
    known("batch", "submitJob", JOB),
    any("bedrock", ALL_BUT_SYNC2),
    any("bedrock-agentcore", ANSWER),
    any("codebuild", JOB),
    any("databrew", JOB),
    known("dynamodb", "deleteItem", ANSWER).takes(&["TableName", "Key"], DYNAMODB_WRITE),
    known("dynamodb", "getItem", ANSWER).takes(
        &["TableName", "Key"],
        &[
            "AttributesToGet",
            "ConsistentRead",
            "ExpressionAttributeNames",
            "ProjectionExpression",
            "ReturnConsumedCapacity",
        ],
    ),
    known("dynamodb", "putItem", ANSWER).takes(&["TableName", "Item"], DYNAMODB_WRITE),
    known("dynamodb", "updateItem", ANSWER).takes(
        &["TableName", "Key"],
        &[
            "AttributeUpdates",
            "ConditionExpression",
            "ConditionalOperator",
            "Expected",
            "ExpressionAttributeNames",
            "ExpressionAttributeValues",
            "ReturnConsumedCapacity",
            "ReturnItemCollectionMetrics",
            "ReturnValues",
            "ReturnValuesOnConditionCheckFailure",
            "UpdateExpression",
        ],
    ),
    known("ecs", "runTask", ALL_BUT_SYNC2),
    any("eks", JOB),
    any("elasticmapreduce", JOB),
    any("emr-containers", JOB),
    any("emr-serverless", JOB),
    known("events", "putEvents", CALLBACK).takes(&["Entries"], &["EndpointId"]),
    known("glue", "startJobRun", JOB),
    known("http", "invoke", ANSWER),
    known("lambda", "invoke", CALLBACK)
        .takes(
            &["FunctionName"],
            &["ClientContext", "DurableExecutionName", "InvocationType", "LogType", "Payload", "Qualifier", "TenantId"],
        )
        .checked_when_it_runs(),
    known("mediaconvert", "createJob", JOB),
    any("s3", ANSWER),
    any("sagemaker", JOB),
    known("sns", "publish", CALLBACK).takes(
        &["Message"],
        &[
            "MessageAttributes",
            "MessageDeduplicationId",
            "MessageGroupId",
            "MessageStructure",
            "PhoneNumber",
            "Subject",
            "TargetArn",
            "TopicArn",
        ],
    ),
    known("sqs", "sendMessage", CALLBACK).takes(
        &["QueueUrl", "MessageBody"],
        &["DelaySeconds", "MessageAttributes", "MessageDeduplicationId", "MessageGroupId", "MessageSystemAttributes"],
    ),
    known("states", "startExecution", &[RequestResponse, Sync, Sync2, WaitForTaskToken])
        .takes(&["StateMachineArn"], &["Input", "Name", "TraceHeader"]),
];

/// The optimised integration of an action.
pub fn of(service: &str, action: &str) -> Option<&'static Integration> {
    INTEGRATIONS.iter().find(|known| known.service == service && known.action.is_none_or(|known| known == action))
}

/// The actions of a service that have an optimised integration; none for a service without, or with all of its actions.
pub(crate) fn actions(service: &str) -> Vec<&'static str> {
    INTEGRATIONS.iter().filter(|known| known.service == service).filter_map(|known| known.action).collect()
}

/// Can a task have this resource? AWS's SDK integrations, `aws-sdk:SERVICE:ACTION`, are not looked up.
pub fn is_recognized(resource: &Resource) -> bool {
    let Resource::Service { service, action, pattern, .. } = resource else { return true };
    match of(service, action) {
        Some(integration) => integration.patterns.contains(pattern),
        None => service.starts_with("aws-sdk:") && CALLBACK.contains(pattern),
    }
}

/// What is wrong with the parameters of a task that is about to start, in AWS's words.
pub(crate) fn problems(resource: &Resource, parameters: &Value) -> Vec<String> {
    let Resource::Service { service, action, .. } = resource else { return Vec::new() };
    let Some(known) = of(service, action).and_then(|integration| integration.parameters.as_ref()) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    let given = parameters.as_object();
    for name in given.into_iter().flat_map(|given| given.keys()).filter(|name| !known.has(name)) {
        problems.push(crate::error::parameter_unsupported(name));
    }
    for name in known.required.iter().filter(|name| parameters.get(name).is_none()) {
        problems.push(crate::error::parameter_missing(name));
    }
    if service == "apigateway" {
        let wrong = |name: &&&str| parameters.get(name).is_some_and(|value| !is_multi_map(value));
        let wrong =
            ["Headers", "QueryParameters"].iter().filter(wrong).map(|name| crate::error::parameter_format(name));
        problems.extend(wrong);
    }
    problems
}

/// Names, each with the list of its values.
fn is_multi_map(value: &Value) -> bool {
    let list = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(|item| item.as_str().is_some()));
    value.is_null() || value.as_object().is_some_and(|members| members.values().all(list))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(rest: &str) -> Resource {
        Resource::parse(&format!("arn:aws:states:::{rest}")).unwrap()
    }

    #[test]
    fn tasks_may_end_as_their_service_can() {
        for known in [
            "lambda:invoke",
            "lambda:invoke.waitForTaskToken",
            "states:startExecution.sync:2",
            "ecs:runTask.sync",
            "sagemaker:createTrainingJob.sync",
            "aws-sdk:s3:listBuckets",
            "aws-sdk:sfn:startExecution.waitForTaskToken",
        ] {
            assert!(is_recognized(&resource(known)), "{known}");
        }
        // Seen in reports of users: the second and third.
        for unknown in [
            "lambda:invoke.sync",
            "glue:startJobRun.sync:2",
            "dynamodb:putItem.waitForTaskToken",
            "dynamodb:query",
            "aws-sdk:glue:startJobRun.sync",
            "nosuch:thing",
        ] {
            assert!(!is_recognized(&resource(unknown)), "{unknown}");
        }
    }

    #[test]
    fn parameters_are_checked_before_the_task_starts() {
        for (rest, parameters, expected) in [
            ("sqs:sendMessage", r#"{"QueueUrl": "q", "MessageBody": null}"#, ""),
            ("sqs:sendMessage", r#"{"QueueUrl": "q"}"#, "The field 'MessageBody' is required but was missing"),
            (
                "lambda:invoke",
                r#"{"FunctionName": "f", "TaskToken": "t"}"#,
                r#"The field "TaskToken" is not supported by Step Functions"#,
            ),
            ("ecs:runTask", r#"{"Anything": 1}"#, ""),
            ("aws-sdk:sqs:sendMessage", r#"{"Anything": 1}"#, ""),
            (
                "apigateway:invoke",
                r#"{"ApiEndpoint": "a", "Method": "GET", "Headers": {"a": "b"}, "QueryParameters": {"a": ["b"]}}"#,
                "The value of the field 'Headers' has an invalid format",
            ),
            (
                "apigateway:invoke",
                r#"{"ApiEndpoint": "a", "Method": "GET", "QueryParameters": "?a=b"}"#,
                "The value of the field 'QueryParameters' has an invalid format",
            ),
        ] {
            let found = problems(&resource(rest), &Value::parse(parameters).unwrap()).join(", ");
            assert_eq!(found, expected, "{rest} {parameters}");
        }
    }
}
