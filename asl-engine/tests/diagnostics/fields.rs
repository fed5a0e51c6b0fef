//! Fields: which there must be, which there may be, and of what type.

use crate::{Case, Snippet::*};

pub const CASES: &[Case] = &[
    (
        "schema::required",
        Machine("{}"),
        &["1:1 SCHEMA_VALIDATION_FAILED /: These fields are required: [States, StartAt]"],
    ),
    (
        "schema::required",
        State(r#"{"Next": "E"}"#),
        &["1:29 SCHEMA_VALIDATION_FAILED /States/S: These fields are required: [Type]"],
    ),
    (
        "schema::required",
        State(r#"{"Type": "Task", "End": true}"#),
        &["2:1 SCHEMA_VALIDATION_FAILED /States/S: These fields are required: [Resource]"],
    ),
    (
        "schema::required",
        State(r#"{"Type": "Choice"}"#),
        &["2:1 SCHEMA_VALIDATION_FAILED /States/S: These fields are required: [Choices]"],
    ),
    (
        "schema::required",
        State(r#"{"Type": "Parallel", "End": true}"#),
        &["2:1 SCHEMA_VALIDATION_FAILED /States/S: These fields are required: [Branches]"],
    ),
    (
        "schema::required",
        State(r#"{"Type": "Parallel", "End": true, "Branches": [{"StartAt": "B"}]}"#),
        &["2:48 SCHEMA_VALIDATION_FAILED /States/S/Branches[0]: These fields are required: [States]"],
    ),
    (
        "schema::one_required",
        State(r#"{"Type": "Pass"}"#),
        &[
            "1:29 SCHEMA_VALIDATION_FAILED /States/S: This object should have only one of the following fields: [Next, End]",
        ],
    ),
    (
        "schema::one_required",
        State(r#"{"Type": "Pass", "End": false}"#),
        &[
            "1:29 SCHEMA_VALIDATION_FAILED /States/S: This object should have only one of the following fields: [Next, End]",
        ],
    ),
    (
        "schema::one_required",
        State(r#"{"Type": "Map", "End": true}"#),
        &[
            "2:1 SCHEMA_VALIDATION_FAILED /States/S: This object should have only one of the following fields: [ItemProcessor, Iterator]",
        ],
    ),
    (
        "schema::one_required",
        State(r#"{"Type": "Wait", "End": true}"#),
        &[
            "2:1 SCHEMA_VALIDATION_FAILED /States/S: This object should have only one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp]",
        ],
    ),
    (
        "schema::one_required",
        Jsonata(r#"{"Type": "Wait", "End": true}"#),
        &[
            "2:1 SCHEMA_VALIDATION_FAILED /States/S: This object should have only one of the following fields: [Seconds, Timestamp]",
        ],
    ),
    (
        "schema::only_one",
        State(r#"{"Type": "Pass", "Next": "E", "End": true}"#),
        &["2:38 SCHEMA_VALIDATION_FAILED /States/S: There should only be one of the following fields: [Next, End]"],
    ),
    (
        "schema::only_one",
        State(r#"{"Type": "Wait", "End": true, "Seconds": 1, "Timestamp": "2016-03-14T01:59:00Z"}"#),
        &[
            "2:45 SCHEMA_VALIDATION_FAILED /States/S: There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp]",
        ],
    ),
    (
        "schema::only_one",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"TimeoutSeconds": 5, "TimeoutSecondsPath": "$.t"}"#,
        ),
        &[
            "3:22 SCHEMA_VALIDATION_FAILED /States/S: There should only be one of the following fields: [TimeoutSeconds, TimeoutSecondsPath]",
        ],
    ),
    (
        "schema::only_one",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"HeartbeatSecondsPath": "$.t", "HeartbeatSeconds": 5}"#,
        ),
        &[
            "3:32 SCHEMA_VALIDATION_FAILED /States/S: There should only be one of the following fields: [HeartbeatSeconds, HeartbeatSecondsPath]",
        ],
    ),
    (
        "schema::only_one",
        State(r#"{"Type": "Fail", "Error": "e", "ErrorPath": "$.e"}"#),
        &[
            "2:32 SCHEMA_VALIDATION_FAILED /States/S: There should only be one of the following fields: [Error, ErrorPath]",
        ],
    ),
    (
        "schema::only_one",
        State(r#"{"Type": "Fail", "CausePath": "$.c", "Cause": "c"}"#),
        &[
            "2:38 SCHEMA_VALIDATION_FAILED /States/S: There should only be one of the following fields: [Cause, CausePath]",
        ],
    ),
    (
        "schema::only_one",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}, 
"Iterator": {}}"#,
        ),
        &[
            "3:1 SCHEMA_VALIDATION_FAILED /States/S: There should only be one of the following fields: [ItemProcessor, Iterator]",
        ],
    ),
    (
        "schema::only_one",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}, 
"MaxConcurrency": 1, "MaxConcurrencyPath": "$.m"}"#,
        ),
        &[
            "3:22 SCHEMA_VALIDATION_FAILED /States/S: There should only be one of the following fields: [MaxConcurrency, MaxConcurrencyPath]",
        ],
    ),
    (
        "schema::only_one",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}, 
"ItemSelector": {}, "Parameters": {}}"#,
        ),
        &[
            "3:21 SCHEMA_VALIDATION_FAILED /States/S: There should only be one of the following fields: [ItemSelector, Parameters]",
        ],
    ),
    (
        "schema::unsupported",
        Machine(
            r#"{"StartAt": "A", "Startat": "A", "States": {
"A": {"Type": "Succeed"}}}"#,
        ),
        &["1:18 SCHEMA_VALIDATION_FAILED /: Field 'Startat' is not supported"],
    ),
    (
        "schema::unsupported",
        State(r#"{"Type": "Pass", "End": true, "Foo": 1}"#),
        &["2:31 SCHEMA_VALIDATION_FAILED /States/S: Field 'Foo' is not supported"],
    ),
    (
        "schema::unsupported",
        State(r#"{"Type": "Succeed", "End": true}"#),
        &["2:21 SCHEMA_VALIDATION_FAILED /States/S: Field 'End' is not supported"],
    ),
    (
        "schema::unsupported",
        State(r#"{"Type": "Succeed", "Assign": {}}"#),
        &["2:21 SCHEMA_VALIDATION_FAILED /States/S: Field 'Assign' is not supported"],
    ),
    (
        "schema::unsupported",
        State(r#"{"Type": "Fail", "OutputPath": "$"}"#),
        &["2:18 SCHEMA_VALIDATION_FAILED /States/S: Field 'OutputPath' is not supported"],
    ),
    (
        "schema::unsupported",
        State(r#"{"Type": "Wait", "Seconds": 1, "End": true, "Retry": []}"#),
        &["2:45 SCHEMA_VALIDATION_FAILED /States/S: Field 'Retry' is not supported"],
    ),
    (
        "schema::unsupported",
        State(
            r#"{"Type": "Choice", "Default": "E", "Choices": [{"Variable": "$", "IsNull": true, "Next": "E"}], "Catch": []}"#,
        ),
        &["2:97 SCHEMA_VALIDATION_FAILED /States/S: Field 'Catch' is not supported"],
    ),
    (
        "schema::unsupported",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}, 
"TimeoutSeconds": 1}"#,
        ),
        &["3:1 SCHEMA_VALIDATION_FAILED /States/S: Field 'TimeoutSeconds' is not supported"],
    ),
    (
        "schema::unsupported",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"QueryLanguage": "JSONata", "StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}"#,
        ),
        &["2:48 SCHEMA_VALIDATION_FAILED /States/S/ItemProcessor: Field 'QueryLanguage' is not supported"],
    ),
    (
        "schema::expected",
        State(r#"{"Type": "Pass", "End": "yes"}"#),
        &["2:25 SCHEMA_VALIDATION_FAILED /States/S/End: Expected value of type Boolean"],
    ),
    ("schema::expected", State("[]"), &["2:1 SCHEMA_VALIDATION_FAILED /States/S: Expected value of type Object"]),
    (
        "schema::expected",
        State(r#"{"Type": "Pass", "End": true, "Comment": 1}"#),
        &["2:42 SCHEMA_VALIDATION_FAILED /States/S/Comment: Expected value of type String"],
    ),
    (
        "schema::expected",
        State(r#"{"Type": "Wait", "End": true, "Seconds": "1"}"#),
        &["2:42 SCHEMA_VALIDATION_FAILED /States/S/Seconds: Expected value of type Integer"],
    ),
    (
        "schema::expected",
        State(r#"{"Type": "Wait", "End": true, "Seconds": 1.5}"#),
        &["2:42 SCHEMA_VALIDATION_FAILED /States/S/Seconds: Expected value of type Integer"],
    ),
    (
        "schema::expected",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, "Retry": {}}"#,
        ),
        &["2:116 SCHEMA_VALIDATION_FAILED /States/S/Retry: Expected value of type Array"],
    ),
    (
        "schema::expected",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}, "MaxConcurrency": "many"}"#,
        ),
        &["2:121 SCHEMA_VALIDATION_FAILED /States/S/MaxConcurrency: Expected value of type Integer"],
    ),
    (
        "schema::one_of",
        State(r#"{"Type": "Tusk"}"#),
        &[
            "2:10 SCHEMA_VALIDATION_FAILED /States/S/Type: Value should be one of the following: [Pass, Task, Choice, Wait, Succeed, Fail, Parallel, Map]",
        ],
    ),
    (
        "schema::one_of",
        State(r#"{"Type": "Pass", "End": true, "QueryLanguage": "jsonata"}"#),
        &[
            "2:48 SCHEMA_VALIDATION_FAILED /States/S/QueryLanguage: Value should be one of the following: [JSONPath, JSONata]",
        ],
    ),
    (
        "schema::one_of",
        Machine(
            r#"{"QueryLanguage": "JMESPath", "StartAt": "A", "States": {
"A": {"Type": "Succeed"}}}"#,
        ),
        &["1:19 SCHEMA_VALIDATION_FAILED /QueryLanguage: Value should be one of the following: [JSONPath, JSONata]"],
    ),
    (
        "schema::one_of",
        Machine(
            r#"{"Version": "2.0", "StartAt": "A", "States": {
"A": {"Type": "Succeed"}}}"#,
        ),
        &["1:13 SCHEMA_VALIDATION_FAILED /Version: Value should be one of the following: [1.0]"],
    ),
    (
        "schema::minimum",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"TimeoutSeconds": 0}"#,
        ),
        &["3:19 SCHEMA_VALIDATION_FAILED /States/S/TimeoutSeconds: Minimum value is 1"],
    ),
    (
        "schema::minimum",
        State(r#"{"Type": "Wait", "End": true, "Seconds": -1}"#),
        &["2:42 SCHEMA_VALIDATION_FAILED /States/S/Seconds: Minimum value is 0"],
    ),
    (
        "schema::minimum",
        State(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}, 
"MaxConcurrency": -1}"#,
        ),
        &["3:19 SCHEMA_VALIDATION_FAILED /States/S/MaxConcurrency: Minimum value is 0"],
    ),
    (
        "schema::minimum",
        Machine(
            r#"{"TimeoutSeconds": -1, "StartAt": "A", "States": {
"A": {"Type": "Succeed"}}}"#,
        ),
        &["1:20 SCHEMA_VALIDATION_FAILED /TimeoutSeconds: Minimum value is 0"],
    ),
    (
        "schema::maximum",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"HeartbeatSeconds": 100000000}"#,
        ),
        &["3:21 SCHEMA_VALIDATION_FAILED /States/S/HeartbeatSeconds: Maximum value is 99999999"],
    ),
    (
        "schema::maximum",
        State(r#"{"Type": "Wait", "End": true, "Seconds": 100000000000000000000}"#),
        &["2:42 SCHEMA_VALIDATION_FAILED /States/S/Seconds: Maximum value is 99999999"],
    ),
    (
        "schema::empty",
        Machine(r#"{"StartAt": "A", "States": {}}"#),
        &["1:28 SCHEMA_VALIDATION_FAILED /States: Value cannot be empty"],
    ),
    (
        "schema::empty",
        State(r#"{"Type": "Parallel", "End": true, "Branches": []}"#),
        &["2:47 SCHEMA_VALIDATION_FAILED /States/S/Branches: Value cannot be empty"],
    ),
    (
        "schema::empty",
        State(r#"{"Type": "Choice", "Choices": []}"#),
        &["2:31 SCHEMA_VALIDATION_FAILED /States/S/Choices: Value cannot be empty"],
    ),
    (
        "schema::timestamp",
        State(r#"{"Type": "Wait", "End": true, "Timestamp": "2016-03-14 01:59:00"}"#),
        &["2:44 SCHEMA_VALIDATION_FAILED /States/S/Timestamp: String does not match RFC3339 timestamp"],
    ),
    (
        "schema::timestamp",
        State(r#"{"Type": "Choice", "Choices": [{"Next": "E", "Variable": "$.a", "TimestampLessThan": "now"}]}"#),
        &[
            "2:86 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]/TimestampLessThan: String does not match RFC3339 timestamp",
        ],
    ),
    (
        "schema::heartbeat_not_below_timeout",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"TimeoutSeconds": 5, "HeartbeatSeconds": 5}"#,
        ),
        &[
            "3:42 SCHEMA_VALIDATION_FAILED /States/S/HeartbeatSeconds: HeartbeatSeconds must be smaller than TimeoutSeconds",
        ],
    ),
];
