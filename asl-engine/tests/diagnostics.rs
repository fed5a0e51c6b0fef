//! What is wrong with a definition, and where: snippet → code, place, line:column and message.

use asl_engine::definition::{Definition, Format, MachineType, ParseOptions, Substitutions};
use asl_engine::diagnostic::aws_message;

/// Reads a definition and lists its diagnostics as `line:column CODE location: message`.
fn diagnose(text: &str, options: &ParseOptions) -> Vec<String> {
    let definition = Definition::parse(text, options);
    let runnable = definition.errors().next().is_none();
    assert_eq!(definition.program.is_some(), runnable, "a program exactly when there is no error: {text}");
    let lines = definition.diagnostics.iter().map(|d| {
        let (line, column) = definition.line_column(d.span);
        format!("{line}:{column} {} {}: {}", d.code, d.location, d.message)
    });
    lines.collect()
}

fn json() -> ParseOptions {
    ParseOptions { format: Format::Json, ..ParseOptions::default() }
}

/// Checks a table of definitions.
#[track_caller]
fn check(cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(diagnose(text, &json()), *expected, "{text}");
    }
}

/// Checks a table of single states, each within a machine that begins with it on line 1.
#[track_caller]
fn check_states(cases: &[(&str, &[&str])]) {
    for (state, expected) in cases {
        let text =
            format!("{{\"StartAt\": \"S\", \"States\": {{\"S\":\n{state},\n\"E\": {{\"Type\": \"Succeed\"}}}}}}");
        let ours: Vec<String> = diagnose(&text, &json()).into_iter().filter(|line| !line.starts_with("3:")).collect();
        assert_eq!(ours, *expected, "{state}");
    }
}

#[test]
fn text_that_is_no_definition() {
    check(&[
        ("", &["1:1 SCHEMA_VALIDATION_FAILED : Definition must be a valid JSON object"]),
        ("[]", &["1:1 SCHEMA_VALIDATION_FAILED : Definition must be a valid JSON object"]),
        ("{}", &["1:1 SCHEMA_VALIDATION_FAILED /: These fields are required: [States, StartAt]"]),
        (
            "{\"a\": 1,\n \"b\": x}",
            &[
                "2:7 INVALID_JSON_DESCRIPTION [Source: (String)\"{\"a\": 1,\n \"b\": x}\"; line: 2, column: 8]: Unrecognized token 'x': \
               was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n \
               at [Source: (String)\"{\"a\": 1,\n \"b\": x}\"; line: 2, column: 8]",
            ],
        ),
        (
            "{\"a\" 1}",
            &[
                "1:6 INVALID_JSON_DESCRIPTION [Source: (String)\"{\"a\" 1}\"; line: 1, column: 7]: Unexpected character ('1' (code 49)): \
               was expecting a colon to separate field name and value\n at [Source: (String)\"{\"a\" 1}\"; line: 1, column: 7]",
            ],
        ),
    ]);
    let deep = "[".repeat(200_000);
    assert!(diagnose(&deep, &json())[0].contains("TOO_DEEPLY_NESTED"));
    let large = " ".repeat(2_000_000);
    assert!(diagnose(&large, &json())[0].contains("2000000 bytes; the limit is 1048576"));
}

#[test]
fn strict_json() {
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
fn the_graph() {
    check(&[
        (
            "{\"StartAt\": \"X\",\n \"States\": {\"A\": {\"Type\": \"Succeed\"}}}",
            &[
                "1:13 MISSING_TRANSITION_TARGET /StartAt: Missing 'Next' target: X",
                "2:13 MISSING_TRANSITION_TARGET /States/A: State \"A\" is not reachable.",
            ],
        ),
        (
            "{\"StartAt\": \"A\", \"States\": {\n\"A\": {\"Type\": \"Pass\", \"Next\": \"B\"},\n\"B\": {\"Type\": \"Pass\", \"Next\": \"A\"},\n\"C\": {\"Type\": \"Pass\", \"Next\": \"A\"}}}",
            &["2:1 MISSING_END_STATE : Workflow has no terminal state"],
        ),
        (
            "{\"StartAt\": \"A\", \"States\": {\n\"A\": {\"Type\": \"Pass\", \"Next\": \"B\"},\n\"B\": {\"Type\": \"Pass\", \"Next\": \"A\"},\n\"C\": {\"Type\": \"Pass\", \"End\": true}}}",
            &["4:1 MISSING_TRANSITION_TARGET /States/C: State \"C\" is not reachable."],
        ),
        (
            "{\"StartAt\": \"A\", \"States\": {\n\"A\": {\"Type\": \"Pass\", \"Next\": \"NOPE\"}}}",
            &[
                "2:31 MISSING_TRANSITION_TARGET /States/A/Next: Missing 'Next' target: NOPE",
                "2:1 MISSING_END_STATE : Workflow has no terminal state",
            ],
        ),
        (
            "{\"StartAt\": \"A\", \"States\": {\n\"A\": {\"Type\": \"Succeed\"},\n\"A\": {\"Type\": \"Fail\"}}}",
            &[
                "3:1 DUPLICATE_FIELD /States/A: Field 'A' appears more than once; the last one counts",
                "3:1 DUPLICATE_STATE_NAME /States/A: Duplicate State name: A",
            ],
        ),
        (
            "{\"StartAt\": \"A\", \"States\": {}}",
            &["1:28 SCHEMA_VALIDATION_FAILED /States: The field 'States' should be non-empty"],
        ),
        (
            "{\"StartAt\": \"P\", \"States\": {\"P\": {\"Type\": \"Parallel\", \"End\": true, \"Branches\": [\n{\"StartAt\": \"P\", \"States\": {\"P\": {\"Type\": \"Succeed\"}}},\n{\"StartAt\": \"B\", \"States\": {\"B\": {\"Type\": \"Pass\", \"Next\": \"P\"}}}]}}}",
            &[
                "2:29 DUPLICATE_STATE_NAME /States/P/Branches[0]/States/P: Duplicate State name: P",
                "3:59 MISSING_TRANSITION_TARGET /States/P/Branches[1]/States/B/Next: Missing 'Next' target: P",
                "3:29 MISSING_END_STATE : Workflow has no terminal state",
            ],
        ),
    ]);
    let name = "n".repeat(81);
    let long = format!("{{\"StartAt\": \"{name}\", \"States\": {{\"{name}\": {{\"Type\": \"Succeed\"}}}}}}");
    assert!(diagnose(&long, &json())[0].contains("INVALID_STATE_NAME"));
}

#[test]
fn fields_of_states() {
    const S: &str = "SCHEMA_VALIDATION_FAILED /States/S";
    let cases: &[(&str, Vec<String>)] = &[
        (r#"{"Next": "E"}"#, vec![format!("1:29 {S}: These fields are required: [Type]")]),
        (
            r#"{"Type": "Tusk"}"#,
            vec![format!(
                "2:10 {S}/Type: Value must be one of: [Pass, Task, Choice, Wait, Succeed, Fail, Parallel, Map]"
            )],
        ),
        (r#"{"Type": "Pass"}"#, vec![format!("1:29 {S}: One of these fields is required: [Next, End]")]),
        (r#"{"Type": "Pass", "End": false}"#, vec![format!("1:29 {S}: One of these fields is required: [Next, End]")]),
        (
            r#"{"Type": "Pass", "Next": "E", "End": true}"#,
            vec![format!("2:38 {S}: There should only be one of the following fields: [Next, End]")],
        ),
        (r#"{"Type": "Pass", "End": "yes"}"#, vec![format!("2:25 {S}/End: Expected value of type Boolean")]),
        (r#"{"Type": "Pass", "End": true, "Foo": 1}"#, vec![format!("2:31 {S}: Field 'Foo' is not supported")]),
        (
            r#"{"Type": "Map", "End": true, "TimeoutSeconds": 1, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}"#,
            vec![format!("2:30 {S}: Field 'TimeoutSeconds' is not supported")],
        ),
        (r#"{"Type": "Map", "End": true}"#, vec![format!("2:1 {S}: These fields are required: [ItemProcessor]")]),
        (
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"QueryLanguage": "JSONata", "StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}"#,
            vec![format!("2:48 {S}/ItemProcessor: Field 'QueryLanguage' is not supported")],
        ),
        (
            r#"{"Type": "Parallel", "End": true, "Branches": []}"#,
            vec![format!("2:47 {S}/Branches: The field 'Branches' should be non-empty")],
        ),
        (r#"{"Type": "Succeed", "End": true}"#, vec![format!("2:21 {S}: Field 'End' is not supported")]),
        (r#"{"Type": "Task", "End": true}"#, vec![format!("2:1 {S}: These fields are required: [Resource]")]),
        (
            r#"{"Type": "Task", "End": true, "Resource": "hello"}"#,
            vec![format!("2:43 {S}/Resource: Value is not a valid resource ARN")],
        ),
        (
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "TimeoutSeconds": 0}"#,
            vec![format!("2:93 {S}/TimeoutSeconds: Minimum value is 1")],
        ),
        (
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "TimeoutSeconds": 100000000}"#,
            vec![format!("2:93 {S}/TimeoutSeconds: Maximum value is 99999999")],
        ),
        (
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "TimeoutSeconds": 5, "HeartbeatSeconds": 5}"#,
            vec![format!("2:116 {S}/HeartbeatSeconds: HeartbeatSeconds must be smaller than TimeoutSeconds")],
        ),
        (
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "TimeoutSeconds": 5, "TimeoutSecondsPath": "$.t"}"#,
            vec![format!(
                "2:96 {S}: There should only be one of the following fields: [TimeoutSeconds, TimeoutSecondsPath]"
            )],
        ),
        (
            r#"{"Type": "Wait", "End": true}"#,
            vec![format!("2:1 {S}: One of these fields is required: [Seconds, SecondsPath, Timestamp, TimestampPath]")],
        ),
        (
            r#"{"Type": "Wait", "End": true, "Seconds": 1, "Timestamp": "2016-03-14T01:59:00Z"}"#,
            vec![format!(
                "2:45 {S}: There should only be one of the following fields: [Seconds, SecondsPath, Timestamp, TimestampPath]"
            )],
        ),
        (r#"{"Type": "Wait", "End": true, "Seconds": -1}"#, vec![format!("2:42 {S}/Seconds: Minimum value is 0")]),
        (
            r#"{"Type": "Wait", "End": true, "Seconds": "1"}"#,
            vec![format!("2:42 {S}/Seconds: Expected value of type Integer")],
        ),
        (
            r#"{"Type": "Wait", "End": true, "Timestamp": "2016-03-14 01:59:00"}"#,
            vec![format!("2:44 {S}/Timestamp: String does not match RFC3339 timestamp")],
        ),
        (
            r#"{"Type": "Fail", "Cause": "c", "CausePath": "$.c"}"#,
            vec![format!("2:32 {S}: There should only be one of the following fields: [Cause, CausePath]")],
        ),
        (
            r#"{"Type": "Fail", "Cause": "$.c"}"#,
            vec!["2:27 NO_PATH /States/S/Cause: Field 'Cause' has a value that looks like a path".into()],
        ),
        (r#"{"Type": "Choice"}"#, vec![format!("2:1 {S}: These fields are required: [Choices]")]),
    ];
    for (state, expected) in cases {
        check_states(&[(state, &expected.iter().map(String::as_str).collect::<Vec<_>>())]);
    }
}

#[test]
fn choice_rules() {
    const RULE: &str = "SCHEMA_VALIDATION_FAILED /States/S/Choices[0]";
    let cases: &[(&str, Vec<String>)] = &[
        (
            r#"{"Variable": "$.a", "StringEquals": "x"}"#,
            vec![format!("2:32 {RULE}: These fields are required: [Next]")],
        ),
        (r#"{"Next": "S", "StringEquals": "x"}"#, vec![format!("2:32 {RULE}: These fields are required: [Variable]")]),
        (r#"{"Next": "S", "Variable": "$.a"}"#, vec![format!("2:32 {RULE}: Choice Rule has no comparison operator")]),
        (
            r#"{"Next": "S", "Variable": "$.a", "StringEqual": "x"}"#,
            vec![
                format!("2:65 {RULE}: Field 'StringEqual' is not supported"),
                format!("2:32 {RULE}: Choice Rule has no comparison operator"),
            ],
        ),
        (
            r#"{"Next": "S", "Variable": "$.a", "IsNull": true, "IsPresent": true}"#,
            vec![format!("2:81 {RULE}: Choice Rule has more than one comparison operator: [IsNull, IsPresent]")],
        ),
        (
            r#"{"Next": "S", "Variable": "$.a", "NumericEquals": "1"}"#,
            vec![format!("2:82 {RULE}/NumericEquals: Expected value of type Number")],
        ),
        (
            r#"{"Next": "S", "Variable": "a", "IsNull": true}"#,
            vec![format!("2:58 {RULE}/Variable: Value must be a valid JSONPath.")],
        ),
        (
            r#"{"Next": "S", "Variable": "$.a", "StringEqualsPath": "b"}"#,
            vec![format!("2:85 {RULE}/StringEqualsPath: Value must be a valid JSONPath.")],
        ),
        (
            r#"{"Next": "S", "Not": {"Variable": "$.a", "IsNull": true, "Next": "S"}}"#,
            vec![format!("2:89 {RULE}/Not: Field 'Next' is not supported")],
        ),
        (r#"{"Next": "S", "And": []}"#, vec![format!("2:53 {RULE}/And: The field 'And' should be non-empty")]),
        (
            r#"{"Next": "S", "Condition": "{% true %}"}"#,
            vec![
                format!(
                    "2:46 {RULE}: The QueryLanguage is set to 'JSONPath', but field 'Condition' is only supported for the 'JSONata' QueryLanguage"
                ),
                format!("2:32 {RULE}: Choice Rule has no comparison operator"),
            ],
        ),
        (
            r#"{"Next": "X", "Variable": "$.a", "IsNull": true}"#,
            vec!["2:41 MISSING_TRANSITION_TARGET /States/S/Choices[0]/Next: Missing 'Next' target: X".into()],
        ),
    ];
    for (rule, expected) in cases {
        let state = format!(r#"{{"Type": "Choice", "Choices": [{rule}]}}"#);
        check_states(&[(&state, &expected.iter().map(String::as_str).collect::<Vec<_>>())]);
    }
}

#[test]
fn retriers_and_catchers() {
    const RETRY: &str = "SCHEMA_VALIDATION_FAILED /States/S/Retry";
    const CATCH: &str = "SCHEMA_VALIDATION_FAILED /States/S/Catch";
    let cases: &[(&str, Vec<String>)] = &[
        (r#""Retry": [{}]"#, vec![format!("2:12 {RETRY}[0]: These fields are required: [ErrorEquals]")]),
        (
            r#""Retry": [{"ErrorEquals": []}]"#,
            vec![format!("2:28 {RETRY}[0]/ErrorEquals: The field 'ErrorEquals' should be non-empty")],
        ),
        (
            r#""Retry": [{"ErrorEquals": ["States.ALL", "X"]}]"#,
            vec![format!("2:29 {RETRY}[0]/ErrorEquals[0]: States.ALL must appear alone in an ErrorEquals array")],
        ),
        (
            r#""Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["X"]}]"#,
            vec![format!("2:29 {RETRY}[0]/ErrorEquals[0]: States.ALL must appear in the last element of Retry")],
        ),
        (
            r#""Retry": [{"ErrorEquals": ["X"], "MaxAttempts": -1}]"#,
            vec![format!("2:50 {RETRY}[0]/MaxAttempts: Minimum value is 0")],
        ),
        (
            r#""Retry": [{"ErrorEquals": ["X"], "IntervalSeconds": 0}]"#,
            vec![format!("2:54 {RETRY}[0]/IntervalSeconds: Minimum value is 1")],
        ),
        (
            r#""Retry": [{"ErrorEquals": ["X"], "BackoffRate": 0.5}]"#,
            vec![format!("2:50 {RETRY}[0]/BackoffRate: Minimum value is 1.0")],
        ),
        (
            r#""Retry": [{"ErrorEquals": ["X"], "JitterStrategy": "SOME"}]"#,
            vec![format!("2:53 {RETRY}[0]/JitterStrategy: Value must be one of: [FULL, NONE]")],
        ),
        (
            r#""Retry": [{"ErrorEquals": ["X"], "IntervalSeconds": 9, "MaxDelaySeconds": 9}]"#,
            vec![format!("2:76 {RETRY}[0]/MaxDelaySeconds: MaxDelaySeconds must be greater than IntervalSeconds")],
        ),
        (r#""Catch": [{"ErrorEquals": ["X"]}]"#, vec![format!("2:12 {CATCH}[0]: These fields are required: [Next]")]),
        (
            r#""Catch": [{"ErrorEquals": ["X"], "Next": "S", "ResultPath": "$$.x"}]"#,
            vec![format!("2:63 {CATCH}[0]/ResultPath: Value is not a Reference Path")],
        ),
    ];
    for (rule, expected) in cases {
        let state =
            format!("{{{rule}, \"Type\": \"Task\", \"End\": true, \"Resource\": \"arn:aws:states:::sns:publish\"}}");
        check_states(&[(&state, &expected.iter().map(String::as_str).collect::<Vec<_>>())]);
    }
}

#[test]
fn paths_and_templates() {
    check_states(&[
        (
            r#"{"Type": "Pass", "End": true, "OutputPath": "Test"}"#,
            &["2:45 SCHEMA_VALIDATION_FAILED /States/S/OutputPath: Value must be a valid JSONPath."],
        ),
        (
            r#"{"Type": "Pass", "End": true, "Parameters": {"a": [{"b.$": "x"}]}}"#,
            &[
                "2:61 SCHEMA_VALIDATION_FAILED /States/S/Parameters/a[0]: The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call",
            ],
        ),
        (
            r#"{"Type": "Pass", "End": true, "Parameters": {"b.$": 1}}"#,
            &[
                "2:53 SCHEMA_VALIDATION_FAILED /States/S/Parameters: The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call",
            ],
        ),
        (
            r#"{"Type": "Pass", "End": true, "Parameters": {"b": "$.x"}}"#,
            &[
                "2:51 NO_DOLLAR /States/S/Parameters/b: Field 'b' has a value that looks like a path or intrinsic function",
            ],
        ),
        (
            r#"{"Type": "Pass", "End": true, "Result": {"b.$": "$.x"}}"#,
            &[
                "2:49 PASS_RESULT_IS_STATIC /States/S/Result/b.$: The Result of a Pass state is static; 'b.$' is not evaluated",
            ],
        ),
        (
            r#"{"Type": "Pass", "End": true, "Assign": {"states": 1, "2x": 1}}"#,
            &[
                "2:42 SCHEMA_VALIDATION_FAILED /States/S/Assign: Invalid variable name 'states'",
                "2:55 SCHEMA_VALIDATION_FAILED /States/S/Assign: Invalid variable name '2x'",
            ],
        ),
    ]);
}

#[test]
fn query_languages() {
    const MACHINE: &str = r#"{"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": "#;
    let jsonata = |state: &str| diagnose(&format!("{MACHINE}\n{state}}}}}"), &json());
    assert_eq!(
        jsonata(r#"{"Type": "Pass", "End": true, "InputPath": "$"}"#),
        [
            "2:31 SCHEMA_VALIDATION_FAILED /States/S: The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage"
        ]
    );
    assert_eq!(
        jsonata(r#"{"QueryLanguage": "JSONPath", "Type": "Pass", "End": true}"#),
        [
            "2:1 SCHEMA_VALIDATION_FAILED /States/S: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
        ]
    );
    assert_eq!(
        jsonata(r#"{"Type": "Pass", "End": true, "Output": {"a": [" {% 1 %}", "{% 1"]}}"#),
        [
            "2:48 SCHEMA_VALIDATION_FAILED /States/S/Output/a[0]: JSONata expression must be enclosed by '{%' and '%}'",
            "2:60 SCHEMA_VALIDATION_FAILED /States/S/Output/a[1]: JSONata expression must be enclosed by '{%' and '%}'",
        ]
    );
    assert_eq!(
        jsonata(r#"{"Type": "Choice", "Choices": [{"Condition": "x", "Next": "S"}]}"#)[0],
        "2:46 SCHEMA_VALIDATION_FAILED /States/S/Choices[0]/Condition: Value must be a JSONata expression"
    );
    check_states(&[(
        r#"{"Type": "Pass", "End": true, "Output": 1}"#,
        &[
            "2:31 SCHEMA_VALIDATION_FAILED /States/S: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage",
        ],
    )]);
}

/// A string is an expression when it begins with `{%` and ends with `%}` (Developer Guide, *Transforming data with
/// JSONata*); one that only begins or only ends so is refused. With text on both sides it is plain text (recorded).
#[test]
fn what_is_a_jsonata_expression() {
    const REFUSED: &str = "JSONata expression must be enclosed by '{%' and '%}'";
    for (text, refusal) in [
        ("{% 1 %}", None),
        ("{%1%}", None),
        ("{%\\n1\\n%}", None),
        (" {% 1 %} ", None),
        ("a {% 1 %} b", None),
        ("{ % 1 % }", None),
        ("", None),
        ("{% 1", Some(REFUSED)),
        ("1 %}", Some(REFUSED)),
        ("{%}", Some(REFUSED)),
        (" {% 1 %}", Some(REFUSED)),
        ("{% 1 %} ", Some(REFUSED)),
        ("{% 1 %}\\n", Some(REFUSED)),
        ("{% 1 %} and {% 2", Some(REFUSED)),
        ("{%%}", Some("Invalid JSONata expression: S0207: Unexpected end of expression")),
        (
            "{% 1 %} {% 2 %}",
            Some("Invalid JSONata expression: S0211: The symbol \"}\" cannot be used as a unary operator"),
        ),
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
fn a_jsonata_error_points_into_its_expression() {
    const SYNTAX: &str = "SCHEMA_VALIDATION_FAILED /States/S/Output: Invalid JSONata expression: S0211: The symbol \")\" cannot be used as a unary operator";
    for (output, place) in [
        (r#""{% $sum(a.(qty*) %}""#, "6:29"),
        (r#""{% \"x\" & ) %}""#, "6:25"),
        (r#""{% \u0022é\u0022 & ) %}""#, "6:33"),
        ("'{% ''x'' & ) %}'", "6:25"),
        ("\"{% $a\n        + ) %}\"", "7:11"),
        (">-\n        {% $a\n        + ) %}", "8:11"),
        ("|-\n        {% (\n          $a := 1;\n          $a + ) %}", "9:16"),
    ] {
        let yaml =
            format!("QueryLanguage: JSONata\nStartAt: S\nStates:\n  S:\n    Type: Succeed\n    Output: {output}\n");
        assert_eq!(diagnose(&yaml, &ParseOptions::default()), [format!("{place} {SYNTAX}")], "{yaml}");
    }
    let json_text = r#"{"QueryLanguage": "JSONata", "StartAt": "S", "States": {
        "S": {"Type": "Succeed", "Output": "{% \"é\" &\n ) %}"}}}"#;
    assert_eq!(diagnose(json_text, &json()), [format!("2:58 {SYNTAX}")]);
}

#[test]
fn an_unquoted_expression_in_yaml_is_explained() {
    let definition = Definition::parse("Output: {% 1 %}\n", &ParseOptions::default());
    let [found] = &definition.diagnostics[..] else { panic!("{:?}", definition.diagnostics) };
    assert_eq!(definition.line_column(found.span), (1, 10));
    assert!(found.help.as_deref().is_some_and(|help| help.contains("in quotes")), "{found:?}");
}

#[test]
fn express_machines() {
    let options = ParseOptions { kind: MachineType::Express, ..json() };
    for (resource, message) in [
        ("arn:aws:states:us-east-1:1:activity:A", "Express state machine does not support Activity ARN"),
        ("arn:aws:states:::ecs:runTask.sync", "Express state machine does not support '.sync' service integration"),
        (
            "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Express state machine does not support '.waitForTaskToken' service integration ",
        ),
    ] {
        let text = format!(
            r#"{{"StartAt": "T", "States": {{"T": {{"Type": "Task", "End": true, "Resource": "{resource}"}}}}}}"#
        );
        let definition = Definition::parse(&text, &options);
        assert_eq!(
            aws_message(&definition.diagnostics),
            format!("Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: {message} at /States/T/Resource'")
        );
        assert!(Definition::parse(&text, &json()).program.is_some());
    }
}

#[test]
fn distributed_maps() {
    let map = |config: &str, fields: &str| {
        format!(
            r#"{{"StartAt": "M", "States": {{"M": {{"Type": "Map", "End": true, {fields}
"ItemProcessor": {{{config} "StartAt": "I", "States": {{"I": {{"Type": "Succeed"}}}}}}}}}}}}"#
        )
    };
    let distributed = r#""ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},"#;
    for (config, fields, expected) in [
        (
            distributed,
            r#""Label": "a b","#,
            "1:74 INVALID_LABEL_NAME /States/M/Label: Label contains invalid character: ' '",
        ),
        (
            distributed,
            r#""ItemBatcher": {},"#,
            "1:78 SCHEMA_VALIDATION_FAILED /States/M/ItemBatcher: One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]",
        ),
        (
            distributed,
            r#""ItemReader": {"Resource": "x"},"#,
            "1:90 SCHEMA_VALIDATION_FAILED /States/M/ItemReader/Resource: Value is not a valid resource ARN",
        ),
        (
            distributed,
            r#""ToleratedFailurePercentage": 101,"#,
            "1:93 SCHEMA_VALIDATION_FAILED /States/M/ToleratedFailurePercentage: Maximum value is 100.0",
        ),
        (
            "",
            r#""ItemBatcher": {"MaxItemsPerBatch": 2},"#,
            "1:63 SCHEMA_VALIDATION_FAILED /States/M: Field 'ItemBatcher' is only supported for Map states in DISTRIBUTED mode",
        ),
        (
            r#""ProcessorConfig": {"Mode": "DISTRIBUTED"},"#,
            "",
            "2:38 SCHEMA_VALIDATION_FAILED /States/M/ItemProcessor/ProcessorConfig: These fields are required: [ExecutionType]",
        ),
    ] {
        assert_eq!(diagnose(&map(config, fields), &json()), [expected]);
    }
}

#[test]
fn placeholders() {
    let text = r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "End": true, "Resource": "${Arn}", "Comment": "${2} ${\"a\": 1} ${Na me}"}}}"#;
    assert_eq!(
        diagnose(text, &json()),
        ["1:76 SCHEMA_VALIDATION_FAILED /States/T/Resource: Value is not a valid resource ARN"]
    );
    let options = ParseOptions { substitutions: Substitutions::new(), ..json() };
    assert_eq!(
        diagnose(text, &options),
        ["1:77 MISSING_SUBSTITUTION /States/T/Resource: the placeholder `${Arn}` has no value",]
    );
    let rendered = Definition::parse(text, &options).render("m.asl.json", false);
    assert!(rendered.contains("m.asl.json:1:77") && rendered.contains("--set Arn=value"), "{rendered}");
    let options =
        ParseOptions { substitutions: [("Arn", "arn:aws:states:::sns:publish")].into_iter().collect(), ..json() };
    assert_eq!(diagnose(text, &options), Vec::<String>::new());
}

#[test]
fn rendering_points_at_the_place() {
    let definition =
        Definition::parse("StartAt: A\nStates:\n  A:\n    Type: Pass\n    Nxt: B\n", &ParseOptions::default());
    assert_eq!(
        definition.render("saga.asl.yaml", false),
        "error[SCHEMA_VALIDATION_FAILED]: Field 'Nxt' is not supported\n \
         --> saga.asl.yaml:5:5\n  |\n5 |     Nxt: B\n  |     ^^^ /States/A\n  |\n  = help: did you mean `Next`?\n\n\
         error[SCHEMA_VALIDATION_FAILED]: One of these fields is required: [Next, End]\n \
         --> saga.asl.yaml:3:3\n  |\n3 |   A:\n  |   ^ /States/A\n\n"
    );
}
