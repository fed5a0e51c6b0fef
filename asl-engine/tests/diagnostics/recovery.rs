//! `Retry` and `Catch`.

use crate::{Case, Snippet::*};

pub const CASES: &[Case] = &[
    (
        "schema::required",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"Retry": [{}]}"#,
        ),
        &["3:11 SCHEMA_VALIDATION_FAILED /States/S/Retry[0]: These fields are required: [ErrorEquals]"],
    ),
    (
        "schema::required",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"Catch": [{"ErrorEquals": ["X"]}]}"#,
        ),
        &["3:11 SCHEMA_VALIDATION_FAILED /States/S/Catch[0]: These fields are required: [Next]"],
    ),
    (
        "schema::empty",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"Retry": [{"ErrorEquals": []}]}"#,
        ),
        &["3:27 SCHEMA_VALIDATION_FAILED /States/S/Retry[0]/ErrorEquals: Value cannot be empty"],
    ),
    (
        "schema::expected",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"Retry": [{"ErrorEquals": [1]}]}"#,
        ),
        &["3:28 SCHEMA_VALIDATION_FAILED /States/S/Retry[0]/ErrorEquals[0]: Expected value of type String"],
    ),
    (
        "schema::unsupported",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"Retry": [{"ErrorEquals": ["X"], "Next": "E"}]}"#,
        ),
        &["3:34 SCHEMA_VALIDATION_FAILED /States/S/Retry[0]: Field 'Next' is not supported"],
    ),
    (
        "schema::all_not_alone_and_last",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"Retry": [{"ErrorEquals": ["States.ALL", "X"]}]}"#,
        ),
        &[
            "3:28 SCHEMA_VALIDATION_FAILED /States/S/Retry[0]/ErrorEquals[0]: States.ALL must appear alone and at end of list",
        ],
    ),
    (
        "schema::all_not_alone_and_last",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["X"]}]}"#,
        ),
        &[
            "3:28 SCHEMA_VALIDATION_FAILED /States/S/Retry[0]/ErrorEquals[0]: States.ALL must appear alone and at end of list",
        ],
    ),
    (
        "schema::all_not_alone_and_last",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "E"}, {"ErrorEquals": ["X"], "Next": "E"}]}"#,
        ),
        &[
            "3:28 SCHEMA_VALIDATION_FAILED /States/S/Catch[0]/ErrorEquals[0]: States.ALL must appear alone and at end of list",
        ],
    ),
    (
        "schema::minimum",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"Retry": [{"ErrorEquals": ["X"], "MaxAttempts": -1, "BackoffRate": 0.5, "MaxDelaySeconds": 0}]}"#,
        ),
        &[
            "3:49 SCHEMA_VALIDATION_FAILED /States/S/Retry[0]/MaxAttempts: Minimum value is 0",
            "3:68 SCHEMA_VALIDATION_FAILED /States/S/Retry[0]/BackoffRate: Minimum value is 1.0",
            "3:92 SCHEMA_VALIDATION_FAILED /States/S/Retry[0]/MaxDelaySeconds: Minimum value is 1",
        ],
    ),
    (
        "schema::maximum",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"Retry": [{"ErrorEquals": ["X"], "MaxAttempts": 100000000, "MaxDelaySeconds": 31622401}]}"#,
        ),
        &[
            "3:49 SCHEMA_VALIDATION_FAILED /States/S/Retry[0]/MaxAttempts: Maximum value is 99999999",
            "3:79 SCHEMA_VALIDATION_FAILED /States/S/Retry[0]/MaxDelaySeconds: Maximum value is 31622400",
        ],
    ),
    (
        "schema::one_of",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"Retry": [{"ErrorEquals": ["X"], "JitterStrategy": "SOME"}]}"#,
        ),
        &[
            "3:52 SCHEMA_VALIDATION_FAILED /States/S/Retry[0]/JitterStrategy: Value should be one of the following: [NONE, FULL]",
        ],
    ),
    (
        "schema::delay_not_above_interval",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"Retry": [{"ErrorEquals": ["X"], "IntervalSeconds": 9, "MaxDelaySeconds": 9}]}"#,
        ),
        &[
            "3:75 SCHEMA_VALIDATION_FAILED /States/S/Retry[0]/MaxDelaySeconds: MaxDelaySeconds must be greater than IntervalSeconds",
        ],
    ),
    (
        "query::not_a_reference_path",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"Catch": [{"ErrorEquals": ["X"], "Next": "E", "ResultPath": "$$.x"}]}"#,
        ),
        &["3:62 SCHEMA_VALIDATION_FAILED /States/S/Catch[0]/ResultPath: Value is not a Reference Path"],
    ),
];
