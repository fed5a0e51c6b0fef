//! What a definition becomes: the program, whatever it is written in.

use asl_engine::Value;
use asl_engine::definition::program::{Dynamic, Items, Program, ReadPath, ResultPath, StateKind, Transition, Wait};
use asl_engine::definition::{Definition, Format, ParseOptions, Substitutions};
use asl_engine::query::{Condition, Operand, QueryLanguage, Template};
use proptest::prelude::*;
use std::sync::Arc;

#[track_caller]
fn program(text: &str) -> Arc<Program> {
    let definition = Definition::parse(text, &ParseOptions::default());
    definition.program.clone().unwrap_or_else(|| panic!("{}", definition.render("definition", false)))
}

/// A machine of one state named `S` that leads to a Succeed state `E`.
#[track_caller]
fn state(fields: &str) -> Arc<Program> {
    let text = format!(r#"{{"StartAt": "S", "States": {{"S": {{{fields}}}, "E": {{"Type": "Succeed"}}}}}}"#);
    program(&text)
}

#[test]
fn names_become_ids_in_one_arena() {
    let program = program(
        r#"{"Comment": "c", "Version": "1.0", "TimeoutSeconds": 60, "StartAt": "B", "States": {
            "A": {"Type": "Succeed"},
            "B": {"Type": "Parallel", "Next": "A", "Branches": [
                {"StartAt": "C", "States": {"C": {"Type": "Pass", "Next": "D"}, "D": {"Type": "Fail"}}},
                {"StartAt": "E", "States": {"E": {"Type": "Pass", "End": true}}}]}}}"#,
    );
    let names: Vec<&str> = program.states.iter().map(|state| state.name.as_str()).collect();
    assert_eq!(names, ["A", "B", "C", "D", "E"]);
    assert_eq!(program.state(program.start_at).name, "B");
    assert_eq!(program.timeout_seconds, Some(60));
    let StateKind::Parallel(parallel) = &program.state(program.start_at).kind else { panic!("a Parallel state") };
    let starts: Vec<&str> = parallel.branches.iter().map(|id| program.state(*id).name.as_str()).collect();
    assert_eq!(starts, ["C", "E"]);
    assert_eq!(program.state(parallel.branches[0]).next, Transition::Next(program.find("D").unwrap()));
}

#[test]
fn data_flow_fields_have_their_defaults() {
    let program = state(r#""Type": "Pass", "Next": "E""#);
    let pass = program.state(program.start_at);
    assert!(matches!((&pass.input_path, &pass.output_path), (ReadPath::Whole, ReadPath::Whole)));
    assert!(
        matches!(&pass.kind, StateKind::Pass(pass) if pass.result.is_none() && matches!(pass.result_path, ResultPath::Replace))
    );
    assert_eq!(pass.query_language, QueryLanguage::JsonPath);

    let program = state(
        r#""Type": "Pass", "Next": "E", "InputPath": null, "OutputPath": "$.a", "ResultPath": null, "Result": null"#,
    );
    let pass = program.state(program.start_at);
    assert!(matches!((&pass.input_path, &pass.output_path), (ReadPath::Discard, ReadPath::At(_))));
    assert!(
        matches!(&pass.kind, StateKind::Pass(pass) if pass.result == Some(Value::Null) && matches!(pass.result_path, ResultPath::Discard))
    );
}

#[test]
fn templates_without_expressions_are_constants() {
    let program = state(
        r#""Type": "Pass", "Next": "E", "Parameters": {"a": [1.0, {"b": "x"}], "c.$": "$.d", "e": {"f.$": "$$.g"}}"#,
    );
    let StateKind::Pass(pass) = &program.state(program.start_at).kind else { panic!("a Pass state") };
    let Some(Template::Object(members)) = &pass.parameters else { panic!("an object with an expression") };
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "c", "e"]);
    assert!(matches!(&members[0].1, Template::Constant(value) if value.to_json() == r#"[1.0,{"b":"x"}]"#));
    assert!(matches!(&members[1].1, Template::Expression(path) if path.source() == "$.d"));
    assert!(matches!(&members[2].1, Template::Object(inner) if inner[0].0 == "f"));
}

#[test]
fn retriers_have_their_defaults() {
    let program = state(
        r#""Type": "Task", "Next": "E", "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"},
           "Retry": [{"ErrorEquals": ["A", "B"]}, {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 0,
                      "BackoffRate": 1.5, "MaxDelaySeconds": 9, "JitterStrategy": "FULL"}],
           "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "E", "ResultPath": "$.error"}]"#,
    );
    let StateKind::Task(task) = &program.state(program.start_at).kind else { panic!("a Task state") };
    let [first, second] = task.recovery.retry.as_slice() else { panic!("two retriers") };
    assert_eq!((first.interval_seconds, first.max_attempts, first.backoff_rate), (1, 3, 2.0));
    assert_eq!((first.max_delay_seconds, first.full_jitter), (None, false));
    assert_eq!((second.interval_seconds, second.max_attempts, second.backoff_rate), (2, 0, 1.5));
    assert_eq!((second.max_delay_seconds, second.full_jitter), (Some(9), true));
    assert!(matches!(&task.recovery.catch[0].result_path, ResultPath::At(path) if path.source() == "$.error"));
}

#[test]
fn choice_rules_nest() {
    let program = state(
        r#""Type": "Choice", "Default": "E", "Choices": [
            {"Next": "E", "And": [{"Variable": "$.a", "NumericGreaterThanPath": "$.b"}, {"Not": {"Variable": "$.c", "IsPresent": true}}]}]"#,
    );
    let StateKind::Choice(choice) = &program.state(program.start_at).kind else { panic!("a Choice state") };
    assert_eq!(choice.default, program.find("E"));
    let Condition::And(parts) = &choice.rules[0].condition else { panic!("And") };
    assert!(
        matches!(&parts[0], Condition::Comparison(c) if matches!(&c.operand, Operand::Path(path) if path.source() == "$.b"))
    );
    assert!(matches!(&parts[1], Condition::Not(part) if matches!(part.as_ref(), Condition::Comparison(_))));
}

#[test]
fn waits_and_fails() {
    for (fields, expected) in [
        (r#""Seconds": 5"#, "Seconds(Literal(5))"),
        (r#""Seconds": 5.0"#, "Seconds(Literal(5))"),
        (r#""Timestamp": "2016-03-14T01:59:00Z""#, r#"Timestamp(Literal("2016-03-14T01:59:00Z"))"#),
    ] {
        let program = state(&format!(r#""Type": "Wait", "Next": "E", {fields}"#));
        let StateKind::Wait(wait) = &program.state(program.start_at).kind else { panic!("a Wait state") };
        assert_eq!(format!("{wait:?}"), expected);
    }
    let program = state(r#""Type": "Wait", "Next": "E", "SecondsPath": "$.s""#);
    assert!(
        matches!(&program.states[0].kind, StateKind::Wait(Wait::Seconds(Dynamic::Query(path))) if path.source() == "$.s")
    );
    let program = program_of_fail(r#""Error": "E1", "CausePath": "States.Format('{}', $.x)""#);
    let StateKind::Fail(fail) = &program.states[0].kind else { panic!("a Fail state") };
    assert!(matches!(&fail.error, Some(Dynamic::Literal(error)) if error == "E1"));
    assert!(matches!(&fail.cause, Some(Dynamic::Query(call)) if call.source().starts_with("States.Format")));
}

fn program_of_fail(fields: &str) -> Arc<Program> {
    program(&format!(r#"{{"StartAt": "F", "States": {{"F": {{"Type": "Fail", {fields}}}}}}}"#))
}

#[test]
fn maps_inline_and_distributed() {
    let inner = r#""StartAt": "I", "States": {"I": {"Type": "Succeed"}}"#;
    let inline = state(&format!(r#""Type": "Map", "Next": "E", "ItemsPath": "$.items", "Iterator": {{{inner}}}"#));
    let StateKind::Map(map) = &inline.states[0].kind else { panic!("a Map state") };
    assert!(map.distributed.is_none() && matches!(map.max_concurrency, Dynamic::Literal(0)));
    assert!(matches!(&map.items, Some(Items::Path(path)) if path.source() == "$.items"));
    let distributed = state(&format!(
        r#""Type": "Map", "Next": "E", "Label": "L", "MaxConcurrencyPath": "$.n",
           "ItemReader": {{"Resource": "arn:aws:states:::s3:getObject", "Parameters": {{"Key.$": "$.k"}},
                           "ReaderConfig": {{"InputType": "JSON", "MaxItems": 7}}}},
           "ItemBatcher": {{"MaxItemsPerBatch": 3, "BatchInput": {{"x": 1}}}},
           "ResultWriter": {{"WriterConfig": {{"OutputType": "JSON"}}}},
           "ToleratedFailurePercentage": 12.5,
           "ItemProcessor": {{"ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}}, {inner}}}"#
    ));
    let StateKind::Map(map) = &distributed.states[0].kind else { panic!("a Map state") };
    let run = map.distributed.as_ref().expect("a Distributed Map");
    assert!(run.express && run.label.as_deref() == Some("L"));
    let reader = run.item_reader.as_ref().expect("an ItemReader");
    assert_eq!(reader.config.to_json(), r#"{"InputType":"JSON"}"#);
    assert!(matches!(reader.max_items, Some(Dynamic::Literal(7))));
    assert!(matches!(map.tolerated_failure_percentage, Some(Dynamic::Literal(percentage)) if percentage == 12.5));
    assert!(matches!(map.max_concurrency, Dynamic::Query(_)));
}

#[test]
fn a_state_alone() {
    let text = r#"{"Type": "Choice", "Default": "Elsewhere", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "Other"}]}"#;
    let definition = Definition::parse_state(text, "Named", &ParseOptions::default());
    let program = definition.program.as_ref().expect("a program");
    let names: Vec<&str> = program.states.iter().map(|state| state.name.as_str()).collect();
    assert_eq!(names, ["Named", "Elsewhere", "Other"]);
    assert_eq!(program.state(program.start_at).name, "Named");
}

/// The same machine in JSON, in YAML as people write it, and in YAML as generators do.
const EQUAL: [&str; 3] = [
    r#"{"Comment": "on", "StartAt": "S", "States": {
        "S": {"Type": "Pass", "Result": {"n": 10, "f": 1.50, "big": 123456789012345678901234567890, "t": true, "z": null,
              "words": ["y", "off", "2016-03-14", "012", "1_000", "0b1", "<<", "é"], "o": 15, "x": 255, "half": 0.5}, "Next": "T"},
        "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:F", "Parameters": {"a.$": "$.a"},
              "Retry": [{"ErrorEquals": ["X"], "BackoffRate": 2.0}], "Next": "U"},
        "U": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:F",
              "Retry": [{"ErrorEquals": ["X"], "BackoffRate": 2.0}], "End": true}}}"#,
    "
Comment: on
StartAt: S
States:
  S:
    Type: Pass
    Result:
      n: 10 # a comment
      f: 1.50
      big: 123456789012345678901234567890
      t: true
      z: ~
      words: [y, off, 2016-03-14, 012, 1_000, 0b1, '<<', é]
      o: 0o17
      x: 0xFF
      half: .5
    Next: T
  T:
    Type: Task
    Resource: &function arn:aws:lambda:us-east-1:123456789012:function:F
    Parameters: {a.$: $.a}
    Retry: &retry
      - ErrorEquals: [X]
        BackoffRate: 2.0
    Next: U
  U:
    Type: Task
    Resource: *function
    Retry: *retry
    End: true
",
    "
---
\"Comment\": !!str on
\"StartAt\": \"S\"
\"States\":
  \"S\": {\"Type\": \"Pass\", \"Result\": {\"n\": 10, \"f\": 1.50, \"big\": 123456789012345678901234567890, \"t\": true, \"z\": null,
     \"words\": [\"y\", \"off\", \"2016-03-14\", \"012\", \"1_000\", \"0b1\", \"<<\", \"\\u00e9\"], \"o\": 15, \"x\": 255, \"half\": 0.5}, \"Next\": \"T\"}
  \"T\":
    \"Type\": \"Task\"
    \"Resource\": >-
      arn:aws:lambda:us-east-1:123456789012:function:F
    \"Parameters\":
      \"a.$\": |-
        $.a
    \"Retry\": [{\"ErrorEquals\": [\"X\"], \"BackoffRate\": 2.0}]
    \"Next\": \"U\"
  \"U\":
    \"Type\": \"Task\"
    \"Resource\": 'arn:aws:lambda:us-east-1:123456789012:function:F'
    \"Retry\": [{\"ErrorEquals\": [\"X\"], \"BackoffRate\": 2.0}]
    \"End\": true
...
",
];

#[test]
fn json_and_yaml_mean_the_same() {
    let [json, people, generated] = EQUAL.map(|text| format!("{:#?}", program(text)));
    assert_eq!(json, people);
    assert_eq!(json, generated);
}

#[test]
fn yaml_that_is_refused() {
    for (text, expected) in [
        (
            "StartAt: A\nStates: {A: {Type: Task, Resource: !GetAtt F.Arn, End: true}}",
            "2:36 the tag `!GetAtt` is not supported in a definition",
        ),
        ("StartAt: A\n---\nStates: {}", "2:1 a definition is one document"),
        ("StartAt: *nowhere", "1:10 "),
        ("a: &a [*a]", "1:8 an alias cannot stand inside its own anchor"),
        ("? [a, b]\n: c", "1:3 a field name must be a string"),
        ("a: .inf", "1:4 JSON has no number `.inf`"),
        ("a: [1, 2", "1:4 unclosed bracket"),
    ] {
        let definition = Definition::parse(text, &ParseOptions { format: Format::Yaml, ..ParseOptions::default() });
        let error = definition.errors().next().unwrap_or_else(|| panic!("{text} is refused"));
        let (line, column) = definition.line_column(error.span);
        assert_eq!(error.code, "INVALID_YAML_DESCRIPTION", "{text}");
        assert!(
            format!("{line}:{column} {}", error.message).starts_with(expected),
            "{text}: {line}:{column} {}",
            error.message
        );
    }
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = String::from("l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..20 {
        let alias = format!("*l{}", level - 1);
        text.push_str(&format!("l{level}: &l{level} [{}]\n", [alias.as_str(); 10].join(", ")));
    }
    let definition = Definition::parse(&text, &ParseOptions::default());
    assert_eq!(definition.diagnostics[0].message, "the aliases expand to too large a document");
}

#[test]
fn substitutions_fill_in_text_and_values() {
    let text = "
StartAt: S
States:
  S:
    Type: Pass
    Result: {text: 'a ${Word} b ${Word}', number: '${Number}', inside: 'n=${Number}', not: '${Word', twice: '$${Word}'}
    Next: ${End}
  ${End}: {Type: Succeed}
";
    let mut substitutions = Substitutions::new();
    substitutions.set("Word", "${Number}");
    substitutions.set("Number", 7);
    substitutions.set("End", "Done");
    let definition = Definition::parse(text, &ParseOptions { substitutions, ..ParseOptions::default() });
    let program = definition.program.as_ref().unwrap_or_else(|| panic!("{}", definition.render("d", false)));
    let StateKind::Pass(pass) = &program.states[0].kind else { panic!("a Pass state") };
    assert_eq!(
        pass.result.as_ref().map(Value::to_json).as_deref(),
        // What is filled in is not looked at again.
        Some(r#"{"text":"a ${Number} b ${Number}","number":7,"inside":"n=7","not":"${Word","twice":"$${Number}"}"#)
    );
    assert_eq!(program.states[1].name, "Done");
}

/// Trees with the language's own words in them, right and wrong.
fn arbitrary_definition() -> impl Strategy<Value = serde_json::Value> {
    const WORDS: &[&str] = &[
        "StartAt",
        "States",
        "Type",
        "Next",
        "End",
        "Pass",
        "Task",
        "Choice",
        "Wait",
        "Succeed",
        "Fail",
        "Parallel",
        "Map",
        "Choices",
        "Default",
        "Branches",
        "ItemProcessor",
        "Iterator",
        "Retry",
        "Catch",
        "ErrorEquals",
        "States.ALL",
        "Parameters",
        "Resource",
        "a",
        "a.$",
        "$.a",
        "$$.a",
        "$a",
        "States.UUID()",
        "{% 1 %}",
        "QueryLanguage",
        "JSONata",
        "JSONPath",
        "Assign",
        "Output",
        "Arguments",
        "Seconds",
        "SecondsPath",
        "Timestamp",
        "And",
        "Or",
        "Not",
        "Variable",
        "StringEquals",
        "Condition",
        "ResultPath",
        "Result",
        "ProcessorConfig",
        "Mode",
        "DISTRIBUTED",
        "ItemReader",
        "ItemBatcher",
        "ResultWriter",
        "Label",
        "Credentials",
        "MaxConcurrency",
        "TimeoutSeconds",
        "HeartbeatSeconds",
        "MaxItems",
        "ReaderConfig",
        "IntervalSeconds",
        "${a}",
        "A",
        "B",
        "arn:aws:states:::lambda:invoke",
        "arn:aws:states:::ecs:runTask.sync",
    ];
    let word = || prop::sample::select(WORDS).prop_map(str::to_owned);
    let leaf = prop_oneof![
        word().prop_map(serde_json::Value::from),
        ".*".prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::vec((word(), inner), 0..8)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Reads the text in all ways and renders what is wrong: nothing panics, and every place is in the text.
fn survives(text: &str) {
    for format in [Format::Json, Format::Yaml, Format::Detect] {
        for substitutions in [Substitutions::default(), Substitutions::new()] {
            let options = ParseOptions { format, substitutions, ..ParseOptions::default() };
            for definition in [Definition::parse(text, &options), Definition::parse_state(text, "S", &options)] {
                assert_eq!(definition.program.is_some(), definition.errors().next().is_none());
                let _ = definition.render("definition", true);
            }
        }
    }
}

/// Escapes what YAML does not allow in its text (and every second other character beyond ASCII, pairs included).
fn escape_unprintable(json: &str) -> String {
    let mut out = String::new();
    for c in json.chars() {
        if c.is_ascii() && !c.is_control() || c.is_alphabetic() && u32::from(c) % 2 == 0 {
            out.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
    }
    out
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn no_text_like_json_or_yaml_panics(text in "[\\[\\]{}:,\"'a-c0-9 \n\\\\!&*|>%$#?.é\u{1F600}-]{0,80}") {
        survives(&text);
    }

    #[test]
    fn no_tree_panics(tree in arbitrary_definition()) {
        survives(&tree.to_string());
    }

    #[test]
    fn no_states_panic(states in prop::collection::vec(arbitrary_definition(), 1..4)) {
        let states: serde_json::Map<_, _> = states.into_iter().enumerate().map(|(i, state)| (["A", "B", "C"][i].into(), state)).collect();
        survives(&serde_json::json!({"StartAt": "A", "States": states}).to_string());
    }

    /// Any JSON whose unprintable characters are escaped is YAML, and means the same there.
    #[test]
    fn json_read_as_yaml_is_the_same(tree in arbitrary_definition()) {
        let text = serde_json::json!({"StartAt": "S", "States": {"S": {"Type": "Pass", "End": true, "Result": tree}}}).to_string();
        let text = escape_unprintable(&text);
        let read = |format| {
            let definition = Definition::parse(&text, &ParseOptions { format, ..ParseOptions::default() });
            definition.program.map(|program| format!("{:?}", program.states))
        };
        prop_assert_eq!(read(Format::Json), read(Format::Yaml));
    }
}

#[test]
fn what_was_accepted_before_is_still_executed() {
    use asl_engine::definition::{MachineType, program::ProgramSource};
    let state = |state: &str| {
        let text = format!(r#"{{"StartAt": "A", "States": {{"A": {state}}}}}"#).as_str().into();
        ProgramSource { text, kind: MachineType::Standard }.compile()
    };
    // Refused today, but what it means is clear.
    assert!(state(r#"{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true}"#).is_some());
    assert!(state(r#"{"Type": "Succeed", "Assign": {"_x": 1}}"#).is_some());
    assert!(state(r#"{"Type": "Pass", "Next": "B"}"#).is_none());
    assert!(state(r#"{"Type": "Pass"}"#).is_none());
}
