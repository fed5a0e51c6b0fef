//! Findings point at the right line and column (in characters), whatever the text looks like.

use crate::{diagnose, json};
use asl_engine::definition::ParseOptions;

/// The marker `^` stands before the place that must be pointed at.
fn check(text: &str, options: &ParseOptions, message: &str) {
    let (before, after) = text.split_once('^').unwrap();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    let found = diagnose(&format!("{before}{after}"), options);
    let expected = format!("{line}:{column} ");
    assert!(found.iter().any(|found| found.starts_with(&expected) && found.ends_with(message)), "{text}: {found:#?}");
}

const UNSUPPORTED: &str = "Field 'Nxt' is not supported";

#[test]
fn in_json() {
    let long = format!(
        r#"{{"Comment": "{}", "StartAt": "A", "States": {{"A": {{"Type": "Succeed", ^"Nxt": 1}}}}}}"#,
        "x".repeat(5_000)
    );
    for text in [
        r#"{"StartAt": "A", "States": {"A": {"Type": "Succeed", ^"Nxt": 1}}}"#,
        "{\"StartAt\": \"A\",\n\t\"States\": {\n\t\t\"A\": {\n\t\t\t\"Type\": \"Succeed\",\n\t\t\t^\"Nxt\": 1}}}",
        "{\"StartAt\": \"A\",\r\n \"States\": {\r\n  \"A\": {\"Type\": \"Succeed\",\r\n ^\"Nxt\": 1}}}",
        r#"{"StartAt": "Größe 🚀", "States": {"Größe 🚀": {"Type": "Succeed", "Comment": "日本語", ^"Nxt": 1}}}"#,
        &long,
    ] {
        check(text, &json(), UNSUPPORTED);
    }
}

#[test]
fn in_yaml() {
    for text in [
        "StartAt: A\nStates:\n  A:\n    Type: Succeed\n    ^Nxt: 1\n",
        "# größer\nStartAt: Größe 🚀\nStates:\n  Größe 🚀: {Type: Succeed, Comment: 日本語, ^Nxt: 1}\n",
        "StartAt: A\r\nStates:\r\n  A:\r\n    Type: Succeed\r\n    ^Nxt: 1\r\n",
        "---\nStartAt: \"A\"\nStates:\n  ? A\n  : Type: Succeed\n    ^Nxt: 1\n...\n",
        "StartAt: A\nStates:\n  A:\n    Type: Succeed\n    Comment: |\n      one\n\n      two\n    ^Nxt: 1\n",
        // An alias is where the anchor is: that is the text to mend.
        "StartAt: A\nStates:\n  A: &a\n    Type: Succeed\n    ^Nxt: 1\n  B: *a\n",
    ] {
        check(text, &ParseOptions::default(), UNSUPPORTED);
    }
}

#[test]
fn of_a_path_within_a_string() {
    let why = "Value must be a valid JSONPath.";
    check(r#"{"StartAt": "A", "States": {"A": {"Type": "Succeed", "InputPath": "$.ä[^x]"}}}"#, &json(), why);
    check("StartAt: A\nStates:\n  A:\n    Type: Succeed\n    InputPath: $.ä[^x]\n", &ParseOptions::default(), why);
    check("StartAt: A\nStates:\n  A:\n    Type: Succeed\n    InputPath: '$.ä[^x]'\n", &ParseOptions::default(), why);
}

#[test]
fn of_an_error_within_a_jsonata_expression() {
    const SYNTAX: &str = "The symbol \")\" cannot be used as a unary operator";
    for output in [
        r#""{% $sum($a.(qty*^) %}""#,
        r#""{% \"x\" & ^) %}""#,
        r#""{% \u0022é\u0022 & ^) %}""#,
        "'{% ''x'' & ^) %}'",
        "\"{% $a\n        + ^) %}\"",
        ">-\n        {% $a\n        + ^) %}",
        "|-\n        {% (\n          $a := 1;\n          $a + ^) %}",
    ] {
        let yaml =
            format!("QueryLanguage: JSONata\nStartAt: S\nStates:\n  S:\n    Type: Succeed\n    Output: {output}\n");
        check(&yaml, &ParseOptions::default(), SYNTAX);
    }
    let text = r#"{"QueryLanguage": "JSONata", "StartAt": "S", "States": {
        "S": {"Type": "Succeed", "Output": "{% \"é\" &\n ^) %}"}}}"#;
    check(text, &json(), SYNTAX);
    let text = r#"{"QueryLanguage": "JSONata", "StartAt": "S", "States": {
        "S": {"Type": "Succeed", "Output": "{% \"é\" & ^phone %}"}}}"#;
    check(text, &json(), "Reference to 'phone' at the top level is not supported.");
}
