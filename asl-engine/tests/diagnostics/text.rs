//! Text that is no definition.

use crate::{Case, Snippet::*, diagnose, json};
use asl_engine::definition::{Definition, ParseOptions};

pub const CASES: &[Case] = &[
    ("syntax::not_an_object", Machine(""), &["1:1 SCHEMA_VALIDATION_FAILED : Definition must be a valid JSON object"]),
    (
        "syntax::not_an_object",
        Machine("[]"),
        &["1:1 SCHEMA_VALIDATION_FAILED : Definition must be a valid JSON object"],
    ),
    (
        "syntax::invalid_json",
        Machine(
            r#"{"a": 1,
 "b": x}"#,
        ),
        &[r#"2:7 INVALID_JSON_DESCRIPTION [Source: (String)"{"a": 1,
 "b": x}"; line: 2, column: 8]: Unrecognized token 'x': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
 at [Source: (String)"{"a": 1,
 "b": x}"; line: 2, column: 8]"#],
    ),
    (
        "syntax::invalid_json",
        Machine(r#"{"a" 1}"#),
        &[
            r#"1:6 INVALID_JSON_DESCRIPTION [Source: (String)"{"a" 1}"; line: 1, column: 7]: Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value
 at [Source: (String)"{"a" 1}"; line: 1, column: 7]"#,
        ],
    ),
    (
        "syntax::invalid_json",
        Machine(r#"{"a": 1,}"#),
        &[
            r#"1:9 INVALID_JSON_DESCRIPTION [Source: (String)"{"a": 1,}"; line: 1, column: 10]: Unexpected character ('}' (code 125)): was expecting double-quote to start field name
 at [Source: (String)"{"a": 1,}"; line: 1, column: 10]"#,
        ],
    ),
    (
        "syntax::invalid_json",
        Machine(r#"{"StartAt": "é", "States": {"é": é}}"#),
        &[
            r#"1:34 INVALID_JSON_DESCRIPTION [Source: (String)"{"StartAt": "é", "States": {"é": é}}"; line: 1, column: 35]: Unexpected character ('é' (code 233)): was expecting a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
 at [Source: (String)"{"StartAt": "é", "States": {"é": é}}"; line: 1, column: 35]"#,
        ],
    ),
    (
        "syntax::duplicate_field",
        Machine(
            r#"{"StartAt": "A", "StartAt": "B", "States": {
"B": {"Type": "Succeed"}}}"#,
        ),
        &["1:18 DUPLICATE_FIELD /StartAt: Field 'StartAt' appears more than once; the last one counts"],
    ),
    (
        "syntax::invalid_yaml",
        Yaml(
            r"StartAt: A
 States: {}
",
        ),
        &["2:8 INVALID_YAML_DESCRIPTION : mapping values are not allowed in this context"],
    ),
    (
        "syntax::invalid_yaml",
        Yaml(
            r"Output: {% 1 %}
",
        ),
        &["1:10 INVALID_YAML_DESCRIPTION : unexpected character: `%'"],
    ),
    (
        "syntax::tag",
        Yaml(
            r"StartAt: !Ref A
States: {}
",
        ),
        &["1:10 INVALID_YAML_DESCRIPTION : the tag `!Ref` is not supported in a definition"],
    ),
    (
        "syntax::leading_zero",
        Yaml(
            r"StartAt: A
States:
  A:
    Type: Pass
    Result: 0123
    End: true
",
        ),
        &["5:13 AMBIGUOUS_SCALAR : `0123` is read as a string because of its leading zero"],
    ),
    (
        "substitution::missing",
        Substituted(
            r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "End": true,
"Resource": "${Arn}"}}}"#,
        ),
        &["2:14 MISSING_SUBSTITUTION /States/T/Resource: the placeholder `${Arn}` has no value"],
    ),
];

/// Cases that are too long to write down.
pub fn made() -> [(&'static str, String, ParseOptions); 4] {
    let name = "n".repeat(81);
    let long_name = format!(r#"{{"StartAt": "{name}", "States": {{"{name}": {{"Type": "Succeed"}}}}}}"#);
    let levels =
        (1..=9).map(|level| format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", ")));
    let bomb = format!("a0: &a0 [x, x, x, x, x, x, x, x, x]\n{}", levels.collect::<String>());
    [
        ("syntax::too_deep", "[".repeat(200_000), json()),
        ("syntax::too_large", " ".repeat(2_000_000), json()),
        ("syntax::alias_bomb", bomb, ParseOptions::default()),
        ("graph::long_state_name", long_name, json()),
    ]
}

#[test]
fn json_is_read_strictly() {
    for wrong in [
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":+1}",
        "{\"a\":NaN}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\u12\"}",
        "{'a':1}",
        "{\"a\":\"",
        "{\"a\":\"\\",
        "{}{}",
        "{\"a\":[1 2]}",
        "{\"a\":1e}",
        "{\"a\":--1}",
        "{\"é\":é}",
        "{\"a\":\"\\ud800\\u0020\"}",
    ] {
        let lines = diagnose(wrong, &json());
        assert!(lines.len() == 1 && lines[0].contains("INVALID_JSON_DESCRIPTION"), "{wrong}: {lines:?}");
    }
}

#[test]
fn an_unquoted_expression_in_yaml_is_explained() {
    let definition = Definition::parse("Output: {% 1 %}\n", &ParseOptions::default());
    let [found] = &definition.diagnostics[..] else { panic!("{:?}", definition.diagnostics) };
    assert!(found.help.as_deref().is_some_and(|help| help.contains("in quotes")), "{found:?}");
}
