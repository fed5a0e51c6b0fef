//! JSONata expressions.

use crate::{Case, Snippet::*, json};
use asl_engine::definition::Definition;

pub const CASES: &[Case] = &[
    (
        "jsonata::delimiters",
        Jsonata(r#"{"Type": "Pass", "End": true, "Output": {"a": [" {% 1 %}", "{% 1"]}}"#),
        &[
            "2:48 SCHEMA_VALIDATION_FAILED /States/S/Output/a[0]: JSONata string must start with {% and end with %}",
            "2:60 SCHEMA_VALIDATION_FAILED /States/S/Output/a[1]: JSONata string must start with {% and end with %}",
        ],
    ),
    (
        "jsonata::delimiters",
        Jsonata(
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}, 
"Items": "a"}"#,
        ),
        &["3:10 SCHEMA_VALIDATION_FAILED /States/S/Items: JSONata string must start with {% and end with %}"],
    ),
    (
        "jsonata::invalid",
        Jsonata(r#"{"Type": "Pass", "End": true, "Output": "{% 1 + %}"}"#),
        &["2:49 INVALID_JSONATA_EXPRESSION /States/S/Output: Unexpected end of expression"],
    ),
    (
        "jsonata::invalid",
        Jsonata(r#"{"Type": "Pass", "End": true, "Output": {"v": "{% $x[1,2) %}"}}"#),
        &[r#"2:55 INVALID_JSONATA_EXPRESSION /States/S/Output/v: Expected "]", got ",""#],
    ),
    (
        "jsonata::invalid",
        Jsonata(r#"{"Type": "Pass", "End": true, "Assign": {"v": "{% \"unterminated %}"}}"#),
        &["2:66 INVALID_JSONATA_EXPRESSION /States/S/Assign/v: String literal must be terminated by a matching quote"],
    ),
    (
        "jsonata::invalid",
        Jsonata(r#"{"Type": "Pass", "End": true, "Output": "{% {\"a\":} %}"}"#),
        &[r#"2:52 INVALID_JSONATA_EXPRESSION /States/S/Output: The symbol "}" cannot be used as a unary operator"#],
    ),
    (
        "jsonata::invalid",
        Jsonata(r#"{"Type": "Pass", "End": true, "Output": "{% $match(\"a\", /abc %}"}"#),
        &["2:64 INVALID_JSONATA_EXPRESSION /States/S/Output: No terminating / in regular expression"],
    ),
    (
        "jsonata::top_level_reference",
        Jsonata(r#"{"Type": "Pass", "End": true, "Output": {"v": "{% phone.number %}"}}"#),
        &[
            "2:51 UNSUPPORTED_JSONATA_EXPRESSION /States/S/Output/v: Reference to 'phone' at the top level is not supported.",
        ],
    ),
    (
        "jsonata::top_level_reference",
        Jsonata(r#"{"Type": "Choice", "Choices": [{"Next": "E", "Condition": "{% $x > price %}"}]}"#),
        &[
            "2:68 UNSUPPORTED_JSONATA_EXPRESSION /States/S/Choices[0]/Condition: Reference to 'price' at the top level is not supported.",
            "1:57 UNASSIGNED_VARIABLE /States/S: Variable 'x' is never assigned in a scope that this state can read",
        ],
    ),
    (
        "jsonata::root_reference",
        Jsonata(r#"{"Type": "Pass", "End": true, "Output": "{% $$ %}"}"#),
        &["2:45 UNSUPPORTED_JSONATA_EXPRESSION /States/S/Output: Reference to '$$' is not supported."],
    ),
    (
        "jsonata::no_error_output",
        Jsonata(r#"{"Type": "Pass", "End": true, "Output": "{% $states.errorOutput.Error %}"}"#),
        &["2:45 UNSUPPORTED_JSONATA_EXPRESSION /States/S/Output: Field '$states.errorOutput' does not exist."],
    ),
];

/// A string is an expression when it begins with `{%` and ends with `%}` (Developer Guide, *Transforming data with
/// JSONata*); one that only begins or only ends so is refused. With text on both sides it is plain text (recorded).
#[test]
fn what_is_an_expression() {
    const REFUSED: Option<&str> = Some("JSONata string must start with {% and end with %}");
    for (text, refusal) in [
        ("{% 1 %}", None),
        ("{%1%}", None),
        ("{%\\n1\\n%}", None),
        (" {% 1 %} ", None),
        ("a {% 1 %} b", None),
        ("{ % 1 % }", None),
        ("", None),
        ("{% 1", REFUSED),
        ("1 %}", REFUSED),
        ("{%}", REFUSED),
        (" {% 1 %}", REFUSED),
        ("{% 1 %} ", REFUSED),
        ("{% 1 %}\\n", REFUSED),
        ("{% 1 %} and {% 2", REFUSED),
        ("{%%}", Some("Unexpected end of expression")),
        ("{% 1 %} {% 2 %}", Some("The symbol \"}\" cannot be used as a unary operator")),
    ] {
        let definition = format!(
            r#"{{"QueryLanguage": "JSONata", "StartAt": "S", "States": {{"S": {{"Type": "Succeed", "Output": ["{text}"]}}}}}}"#
        );
        let found = Definition::parse(&definition, &json());
        let messages: Vec<&str> = found.diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
        assert_eq!(messages, refusal.into_iter().collect::<Vec<_>>(), "{text}");
    }
}

#[test]
fn a_catcher_reads_the_error() {
    let state = r#"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:f", "End": true, "Catch": [{"ErrorEquals": ["E"],
        "Assign": {"e": "{% $states.errorOutput.Error %}"}, "Output": "{% $states.errorOutput %}", "Next": "E"}]}"#;
    assert_eq!(Jsonata(state).diagnose(), Vec::<String>::new());
}
