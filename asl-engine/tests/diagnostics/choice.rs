//! Choice Rules.

use crate::{Case, Snippet::*};

pub const CASES: &[Case] = &[
    (
        "schema::required",
        State(r#"{"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true}]}"#),
        &["2:32 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]: These fields are required: [Next]"],
    ),
    (
        "schema::choice_rule",
        State(r#"{"Type": "Choice", "Choices": [{"Next": "E"}]}"#),
        &[
            "2:32 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]: The object must have only one of the following fields, [And, Or, Not, Variable, Condition]",
        ],
    ),
    (
        "schema::choice_rule",
        State(r#"{"Type": "Choice", "Choices": [{"Next": "E", "StringEquals": "x"}]}"#),
        &[
            "2:32 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]: The object must have only one of the following fields, [And, Or, Not, Variable, Condition]",
        ],
    ),
    (
        "schema::choice_rule",
        State(r#"{"Type": "Choice", "Choices": [{"Next": "E", "Not": {}, "And": []}]}"#),
        &[
            "2:57 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]: The object must have only one of the following fields, [And, Or, Not, Variable, Condition]",
        ],
    ),
    (
        "schema::choice_rule",
        Jsonata(r#"{"Type": "Choice", "Choices": [{"Next": "E"}]}"#),
        &[
            "2:32 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]: The object must have only one of the following fields, [And, Or, Not, Variable, Condition]",
        ],
    ),
    (
        "schema::one_required",
        State(r#"{"Type": "Choice", "Choices": [{"Next": "E", "Variable": "$.a"}]}"#),
        &[
            "2:32 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]: This object should have only one of the following fields: [StringEquals, StringEqualsPath, StringLessThan, StringLessThanPath, StringGreaterThan, StringGreaterThanPath, StringLessThanEquals, StringLessThanEqualsPath, StringGreaterThanEquals, StringGreaterThanEqualsPath, StringMatches, NumericEquals, NumericEqualsPath, NumericLessThan, NumericLessThanPath, NumericGreaterThan, NumericGreaterThanPath, NumericLessThanEquals, NumericLessThanEqualsPath, NumericGreaterThanEquals, NumericGreaterThanEqualsPath, BooleanEquals, BooleanEqualsPath, TimestampEquals, TimestampEqualsPath, TimestampLessThan, TimestampLessThanPath, TimestampGreaterThan, TimestampGreaterThanPath, TimestampLessThanEquals, TimestampLessThanEqualsPath, TimestampGreaterThanEquals, TimestampGreaterThanEqualsPath, IsNull, IsPresent, IsNumeric, IsString, IsBoolean, IsTimestamp]",
        ],
    ),
    (
        "schema::only_one",
        State(
            r#"{"Type": "Choice", "Choices": [{"Next": "E", "Variable": "$.a", "IsNull": true, "IsPresent": true}]}"#,
        ),
        &[
            "2:81 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]: There should only be one of the following fields: [IsNull, IsPresent]",
        ],
    ),
    (
        "schema::unsupported",
        State(r#"{"Type": "Choice", "Choices": [{"Next": "E", "Variable": "$.a", "StringEqual": "x"}]}"#),
        &[
            "2:65 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]: Field 'StringEqual' is not supported",
            "2:32 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]: This object should have only one of the following fields: [StringEquals, StringEqualsPath, StringLessThan, StringLessThanPath, StringGreaterThan, StringGreaterThanPath, StringLessThanEquals, StringLessThanEqualsPath, StringGreaterThanEquals, StringGreaterThanEqualsPath, StringMatches, NumericEquals, NumericEqualsPath, NumericLessThan, NumericLessThanPath, NumericGreaterThan, NumericGreaterThanPath, NumericLessThanEquals, NumericLessThanEqualsPath, NumericGreaterThanEquals, NumericGreaterThanEqualsPath, BooleanEquals, BooleanEqualsPath, TimestampEquals, TimestampEqualsPath, TimestampLessThan, TimestampLessThanPath, TimestampGreaterThan, TimestampGreaterThanPath, TimestampLessThanEquals, TimestampLessThanEqualsPath, TimestampGreaterThanEquals, TimestampGreaterThanEqualsPath, IsNull, IsPresent, IsNumeric, IsString, IsBoolean, IsTimestamp]",
        ],
    ),
    (
        "schema::unsupported",
        State(
            r#"{"Type": "Choice", "Choices": [{"Next": "E", "Not": {"Variable": "$.a", "IsNull": true, "Next": "E"}}]}"#,
        ),
        &["2:89 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]/Not: Field 'Next' is not supported"],
    ),
    (
        "schema::unsupported",
        State(
            r#"{"Type": "Choice", "Choices": [{"Next": "E", "And": [{"Variable": "$.a", "IsNull": true}], "IsNull": true}]}"#,
        ),
        &["2:92 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]: Field 'IsNull' is not supported"],
    ),
    (
        "schema::unsupported",
        State(r#"{"Type": "Choice", "Choices": [{"Next": "E", "Variable": "$.a", "StringMatchesPath": "$.b"}]}"#),
        &[
            "2:65 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]: Field 'StringMatchesPath' is not supported",
            "2:32 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]: This object should have only one of the following fields: [StringEquals, StringEqualsPath, StringLessThan, StringLessThanPath, StringGreaterThan, StringGreaterThanPath, StringLessThanEquals, StringLessThanEqualsPath, StringGreaterThanEquals, StringGreaterThanEqualsPath, StringMatches, NumericEquals, NumericEqualsPath, NumericLessThan, NumericLessThanPath, NumericGreaterThan, NumericGreaterThanPath, NumericLessThanEquals, NumericLessThanEqualsPath, NumericGreaterThanEquals, NumericGreaterThanEqualsPath, BooleanEquals, BooleanEqualsPath, TimestampEquals, TimestampEqualsPath, TimestampLessThan, TimestampLessThanPath, TimestampGreaterThan, TimestampGreaterThanPath, TimestampLessThanEquals, TimestampLessThanEqualsPath, TimestampGreaterThanEquals, TimestampGreaterThanEqualsPath, IsNull, IsPresent, IsNumeric, IsString, IsBoolean, IsTimestamp]",
        ],
    ),
    (
        "schema::expected",
        State(r#"{"Type": "Choice", "Choices": [{"Next": "E", "Variable": "$.a", "NumericEquals": "1"}]}"#),
        &["2:82 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]/NumericEquals: Expected value of type Number"],
    ),
    (
        "schema::expected",
        State(r#"{"Type": "Choice", "Choices": [{"Next": "E", "Variable": "$.a", "IsPresent": "yes"}]}"#),
        &["2:78 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]/IsPresent: Expected value of type Boolean"],
    ),
    (
        "schema::expected",
        State(r#"{"Type": "Choice", "Choices": [{"Next": "E", "Variable": "$.a", "StringEquals": 1}]}"#),
        &["2:81 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]/StringEquals: Expected value of type String"],
    ),
    (
        "schema::empty",
        State(r#"{"Type": "Choice", "Choices": [{"Next": "E", "And": []}]}"#),
        &["2:53 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]/And: Value cannot be empty"],
    ),
    (
        "query::not_a_reference_path",
        State(r#"{"Type": "Choice", "Choices": [{"Next": "E", "Variable": "a", "IsNull": true}]}"#),
        &[
            "2:58 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]/Variable: Value is not a Reference Path: Reference path didn't start with '$'",
        ],
    ),
    (
        "query::not_a_reference_path",
        State(r#"{"Type": "Choice", "Choices": [{"Next": "E", "Variable": "$.a", "StringEqualsPath": "b"}]}"#),
        &[
            "2:85 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]/StringEqualsPath: Value is not a Reference Path: Reference path didn't start with '$'",
        ],
    ),
    (
        "query::invalid_path",
        State(r#"{"Type": "Choice", "Choices": [{"Next": "E", "Variable": "$.a[", "IsNull": true}]}"#),
        &["2:62 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]/Variable: Value must be a valid JSONPath."],
    ),
    (
        "schema::wrong_language",
        State(r#"{"Type": "Choice", "Choices": [{"Next": "E", "Condition": "{% true %}"}]}"#),
        &[
            "2:46 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]: The QueryLanguage is set to 'JSONPath', but field 'Condition' is only supported for the 'JSONata' QueryLanguage",
        ],
    ),
    (
        "schema::wrong_language",
        Jsonata(
            r#"{"Type": "Choice", "Choices": [{"Next": "E", "Condition": "{% true %}", "Variable": "$.a", "IsNull": true}]}"#,
        ),
        &[
            "2:73 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]: The QueryLanguage is set to 'JSONata', but field 'Variable' is only supported for the 'JSONPath' QueryLanguage",
            "2:92 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]: The QueryLanguage is set to 'JSONata', but field 'IsNull' is only supported for the 'JSONPath' QueryLanguage",
        ],
    ),
    (
        "jsonata::delimiters",
        Jsonata(r#"{"Type": "Choice", "Choices": [{"Next": "E", "Condition": "x"}]}"#),
        &[
            "2:59 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]/Condition: JSONata string must start with {% and end with %}",
        ],
    ),
];
