//! Paths, payload templates, intrinsic functions, and fields of the other query language.

use crate::{Case, Snippet::*};

pub const CASES: &[Case] = &[
    (
        "query::invalid_path",
        State(r#"{"Type": "Pass", "End": true, "OutputPath": "Test"}"#),
        &["2:45 SCHEMA_VALIDATION_FAILED /States/S/OutputPath: Value must be a valid JSONPath."],
    ),
    (
        "query::invalid_path",
        State(r#"{"Type": "Pass", "End": true, "InputPath": "$.a..[?("}"#),
        &["2:44 SCHEMA_VALIDATION_FAILED /States/S/InputPath: Value must be a valid JSONPath."],
    ),
    (
        "query::invalid_path_or_intrinsic",
        State(r#"{"Type": "Fail", "CausePath": "States.Nope()"}"#),
        &[
            "2:32 SCHEMA_VALIDATION_FAILED /States/S/CausePath: Value must be a valid JSONPath or a valid intrinsic function call.",
        ],
    ),
    (
        "query::invalid_path_or_intrinsic",
        State(r#"{"Type": "Fail", "ErrorPath": "x"}"#),
        &[
            "2:32 SCHEMA_VALIDATION_FAILED /States/S/ErrorPath: Value must be a valid JSONPath or a valid intrinsic function call.",
        ],
    ),
    (
        "query::invalid_template_member",
        State(r#"{"Type": "Pass", "End": true, "Parameters": {"a": [{"b.$": "x"}]}}"#),
        &[
            "2:61 SCHEMA_VALIDATION_FAILED /States/S/Parameters/a[0]: The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call",
        ],
    ),
    (
        "query::invalid_template_member",
        State(r#"{"Type": "Pass", "End": true, "Parameters": {"b.$": 1}}"#),
        &[
            "2:53 SCHEMA_VALIDATION_FAILED /States/S/Parameters: The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call",
        ],
    ),
    (
        "query::invalid_template_member",
        State(r#"{"Type": "Pass", "End": true, "Parameters": {"b.$": "States.Format('{}', $.a"}}"#),
        &[
            "2:53 SCHEMA_VALIDATION_FAILED /States/S/Parameters: The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call",
        ],
    ),
    (
        "query::invalid_template_member",
        State(r#"{"Type": "Pass", "End": true, "Parameters": {"b.$": "States.Array($.a, b)"}}"#),
        &[
            "2:72 SCHEMA_VALIDATION_FAILED /States/S/Parameters: The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call",
        ],
    ),
    (
        "query::invalid_template_member",
        State(r#"{"Type": "Pass", "End": true, "Assign": {"b.$": "x"}}"#),
        &[
            "2:50 SCHEMA_VALIDATION_FAILED /States/S/Assign: The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call",
        ],
    ),
    (
        "query::invalid_template_member",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"ResultSelector": {"b.$": "$$$"}}"#,
        ),
        &[
            "3:30 SCHEMA_VALIDATION_FAILED /States/S/ResultSelector: The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call",
        ],
    ),
    (
        "query::not_a_reference_path",
        State(r#"{"Type": "Pass", "End": true, "ResultPath": "$.a[*]"}"#),
        &["2:46 SCHEMA_VALIDATION_FAILED /States/S/ResultPath: Value is not a Reference Path"],
    ),
    (
        "query::not_a_reference_path",
        State(r#"{"Type": "Pass", "End": true, "ResultPath": "a"}"#),
        &[
            "2:46 SCHEMA_VALIDATION_FAILED /States/S/ResultPath: Value is not a Reference Path: Reference path didn't start with '$'",
        ],
    ),
    (
        "query::no_dollar",
        State(r#"{"Type": "Pass", "End": true, "Parameters": {"b": "$.x", "c": "States.UUID()"}}"#),
        &[
            "2:51 NO_DOLLAR /States/S/Parameters/b: Field 'b' has a value that looks like a path or intrinsic function",
            "2:63 NO_DOLLAR /States/S/Parameters/c: Field 'c' has a value that looks like a path or intrinsic function",
        ],
    ),
    (
        "query::no_path",
        State(r#"{"Type": "Fail", "Cause": "$.c"}"#),
        &["2:27 NO_PATH /States/S/Cause: Field 'Cause' has a value that looks like a path"],
    ),
    (
        "query::pass_result_is_static",
        State(r#"{"Type": "Pass", "End": true, "Result": {"b.$": "$.x"}}"#),
        &[
            "2:49 PASS_RESULT_IS_STATIC /States/S/Result/b.$: The Result of a Pass state is static; 'b.$' is not evaluated",
        ],
    ),
    (
        "schema::wrong_language",
        State(r#"{"Type": "Pass", "End": true, "Output": 1}"#),
        &[
            "2:31 SCHEMA_VALIDATION_FAILED /States/S: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage",
        ],
    ),
    (
        "schema::wrong_language",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, "Arguments": {}}"#,
        ),
        &[
            "2:107 SCHEMA_VALIDATION_FAILED /States/S: The QueryLanguage is set to 'JSONPath', but field 'Arguments' is only supported for the 'JSONata' QueryLanguage",
        ],
    ),
    (
        "schema::wrong_language",
        Jsonata(r#"{"Type": "Pass", "End": true, "InputPath": "$"}"#),
        &[
            "2:31 SCHEMA_VALIDATION_FAILED /States/S: The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage",
        ],
    ),
    (
        "schema::wrong_language",
        Jsonata(r#"{"Type": "Wait", "End": true, "SecondsPath": "$.s"}"#),
        &[
            "2:31 SCHEMA_VALIDATION_FAILED /States/S: The QueryLanguage is set to 'JSONata', but field 'SecondsPath' is only supported for the 'JSONPath' QueryLanguage",
        ],
    ),
    (
        "schema::language_downgrade",
        Jsonata(r#"{"QueryLanguage": "JSONPath", "Type": "Pass", "End": true}"#),
        &[
            "2:1 SCHEMA_VALIDATION_FAILED /States/S: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
        ],
    ),
];
