//! Limits of payloads (Quotas: 262,144 bytes of UTF-8), wherever a value enters or leaves a state.

mod support;

use asl_engine::simulation::Answer;
use asl_engine::{Value, limits};
use support::{alone, alone_in_jsonata, compile, outcome, result, run};

const TASK: &str = r#""Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:f", "End": true"#;

/// A string whose JSON text has so many bytes: two for each character between the quotes, and perhaps one more.
fn text(bytes: usize) -> Value {
    format!("{}{}", "é".repeat((bytes - 2) / 2), "x".repeat(bytes % 2)).into()
}

fn exceeded(what: &str) -> String {
    format!(
        "The state/task '{what}' returned a result with a size exceeding the maximum number of bytes service limit."
    )
}

#[test]
fn a_result_may_fill_the_limit_and_not_a_byte_more() {
    let task = alone(&format!(r#"{{{TASK}, "ResultSelector": {{"n": 1}}}}"#));
    let fits = run(&task, "{}", |_| Answer::Now(Ok(text(limits::PAYLOAD_BYTES_MAX))));
    assert_eq!(outcome(&fits), r#"{"n":1}"#);
    let over = run(&task, "{}", |_| Answer::Now(Ok(text(limits::PAYLOAD_BYTES_MAX + 1))));
    assert_eq!(
        outcome(&over),
        format!("States.DataLimitExceeded: {}", exceeded("arn:aws:lambda:us-east-1:1:function:f"))
    );
}

#[test]
fn arguments_outputs_and_items_are_within_it_too() {
    let half = text(limits::PAYLOAD_BYTES_MAX / 2).to_json();
    let told = |cause: String| {
        format!(
            "States.DataLimitExceeded: An error occurred while executing the state 'S' (entered at the event id #2). {cause}"
        )
    };
    let twice = r#"{"a.$": "$", "b.$": "$"}"#;
    let pass = r#"{"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}"#;
    for state in [
        format!(r#"{{"Type": "Pass", "Parameters": {twice}, "End": true}}"#),
        format!(r#"{{{TASK}, "Parameters": {twice}}}"#),
        format!(r#"{{"Type": "Parallel", "Parameters": {twice}, "End": true, "Branches": [{pass}]}}"#),
    ] {
        assert_eq!(result(&alone(&state), &half), told(exceeded("S")), "{state}");
    }
    let output = r#"{"Type": "Pass", "Output": "{% [$states.input, $states.input] %}", "End": true}"#;
    assert_eq!(result(&alone_in_jsonata(output), &half), told(exceeded("S")));
    let both = format!(r#"{{"Type": "Parallel", "End": true, "Branches": [{pass}, {}]}}"#, pass.replace('I', "J"));
    assert_eq!(result(&alone(&both), &half).split_once(')').unwrap().1, format!(". {}", exceeded("S")));
}

/// Recorded: States.ALL catches it, whatever the specification says.
#[test]
fn too_large_a_result_can_be_caught() {
    let program = compile(
        r#"{"StartAt": "S", "States": {"S": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:f", "Next": "E",
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "E"}]}, "E": {"Type": "Succeed"}}}"#,
    );
    let over = run(&program, "{}", |_| Answer::Now(Ok(text(limits::PAYLOAD_BYTES_MAX + 1))));
    assert!(outcome(&over).starts_with(r#"{"error":{"Error":"States.DataLimitExceeded""#));
}
