//! What Task states name as their resource.

use crate::{Case, Snippet::*, diagnose, json};
use asl_engine::definition::ParseOptions;

pub const CASES: &[Case] = &[
    (
        "resource::invalid",
        State(r#"{"Type": "Task", "End": true, "Resource": "hello"}"#),
        &["2:43 SCHEMA_VALIDATION_FAILED /States/S/Resource: Value is not a valid resource ARN"],
    ),
    (
        "resource::invalid",
        State(r#"{"Type": "Task", "End": true, "Resource": "arn:aws:iam::1:role/r"}"#),
        &["2:43 SCHEMA_VALIDATION_FAILED /States/S/Resource: Value is not a valid resource ARN"],
    ),
    (
        "resource::invalid",
        State(r#"{"Type": "Task", "End": true, "Resource": "${Arn}"}"#),
        &["2:43 SCHEMA_VALIDATION_FAILED /States/S/Resource: Value is not a valid resource ARN"],
    ),
    // Seen in reports of users, as the two kinds that follow.
    (
        "resource::not_recognized",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::glue:startJobRun.sync:2", "Parameters": {}}"#,
        ),
        &[
            "2:43 SCHEMA_VALIDATION_FAILED /States/S/Resource: The resource provided arn:aws:states:::glue:startJobRun.sync:2 is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.",
        ],
    ),
    (
        "resource::not_recognized",
        State(r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::nosuch:thing", "Parameters": {}}"#),
        &[
            "2:43 SCHEMA_VALIDATION_FAILED /States/S/Resource: The resource provided arn:aws:states:::nosuch:thing is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.",
        ],
    ),
    (
        "resource::not_recognized",
        State(r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::aws-sdk:nosuch:act", "Parameters": {}}"#),
        &[
            "2:43 SCHEMA_VALIDATION_FAILED /States/S/Resource: The resource provided arn:aws:states:::aws-sdk:nosuch:act is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.",
        ],
    ),
    (
        "resource::parameter_unsupported",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"message": "m", "Message.$": "$.m"}}"#,
        ),
        &[
            "2:90 SCHEMA_VALIDATION_FAILED /States/S/Parameters: The field \"message\" is not supported by Step Functions",
        ],
    ),
    (
        "schema::field_missing",
        Jsonata(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sqs:sendMessage", "Arguments": {"MessageBody": "m"}}"#,
        ),
        &["2:92 SCHEMA_VALIDATION_FAILED /States/S/Arguments: The field 'QueueUrl' is required but was missing"],
    ),
    (
        "resource::arguments_missing",
        State(r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::lambda:invoke"}"#),
        &[
            "2:1 SCHEMA_VALIDATION_FAILED /States/S: Parameters field is required for resource ARN: arn:aws:states:::lambda:invoke",
        ],
    ),
    (
        "resource::arguments_missing",
        Jsonata(r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::aws-sdk:s3:listBuckets"}"#),
        &[
            "2:1 SCHEMA_VALIDATION_FAILED /States/S: Arguments field is required for resource ARN: arn:aws:states:::aws-sdk:s3:listBuckets",
        ],
    ),
    (
        "resource::credentials_of_activity",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:us-east-1:1:activity:A", "Credentials": {"RoleArn": "r"}}"#,
        ),
        &[
            "2:99 SCHEMA_VALIDATION_FAILED /States/S/Credentials: The field 'Credentials' is not supported for activities",
        ],
    ),
    (
        "schema::field_missing",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"Credentials": {"Role": "r"}}"#,
        ),
        &["3:16 SCHEMA_VALIDATION_FAILED /States/S/Credentials: The field 'RoleArn' is required but was missing"],
    ),
    (
        "resource::express_activity",
        Express(r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:us-east-1:1:activity:A"}"#),
        &["2:43 SCHEMA_VALIDATION_FAILED /States/S/Resource: Express state machine does not support Activity ARN"],
    ),
    (
        "resource::express_sync",
        Express(r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": {}}"#),
        &[
            "2:43 SCHEMA_VALIDATION_FAILED /States/S/Resource: Express state machine does not support '.sync' service integration",
        ],
    ),
    (
        "resource::express_sync",
        Express(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::states:startExecution.sync:2", "Parameters": {"StateMachineArn": "m"}}"#,
        ),
        &[
            "2:43 SCHEMA_VALIDATION_FAILED /States/S/Resource: Express state machine does not support '.sync' service integration",
        ],
    ),
    (
        "resource::express_wait_for_task_token",
        Express(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Parameters": {"QueueUrl": "q", "MessageBody": "m"}}"#,
        ),
        &[
            "2:43 SCHEMA_VALIDATION_FAILED /States/S/Resource: Express state machine does not support '.waitForTaskToken' service integration ",
        ],
    ),
];

#[test]
fn actions_of_the_sdk_are_looked_up_by_who_knows_them() {
    let sdk_actions = |service: &str, action: &str| match (service, action) {
        ("s3", "listBuckets") => Ok(()),
        _ => Err("there is only s3:listBuckets".to_owned()),
    };
    for (resource, recognized) in [
        ("aws-sdk:s3:listBuckets", true),
        ("aws-sdk:s3:listBuckets.waitForTaskToken", true),
        ("aws-sdk:s3:listBuckets.sync", false),
        ("aws-sdk:s3:listBasins", false),
        ("aws-sdk:s4:listBuckets", false),
        ("dynamodb:getItem", true),
    ] {
        let text = format!(
            r#"{{"StartAt": "T", "States": {{"T": {{"Type": "Task", "End": true, "Resource": "arn:aws:states:::{resource}",
                "Parameters": {{"TableName": "t", "Key": {{}}}}}}}}}}"#
        );
        let found = diagnose(&text, &ParseOptions { sdk_actions: Some(sdk_actions), ..json() });
        assert_eq!(found.is_empty(), recognized, "{resource}: {found:?}");
        assert!(recognized || found[0].contains(&format!("{resource} is not recognized")), "{found:?}");
    }
}
