//! What JSONata expressions may give in each field (Developer Guide, *Transforming data with JSONata*): of another type, out
//! of range or undefined, they fail the state with `States.QueryEvaluationError`, and EvaluationFailed tells the field.

mod support;

use asl_engine::history::{HistoryDetail, HistoryEvent};
use asl_engine::simulation::Answer;
use support::{alone_in_jsonata, outcome, run};

fn evaluation_failed(history: &[HistoryEvent]) -> Option<&str> {
    history.iter().find_map(|event| match &event.detail {
        HistoryDetail::EvaluationFailed { location, .. } => location.as_deref(),
        _ => None,
    })
}

const TASK: &str = r#""Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:f", "End": true"#;
const MAP: &str =
    r#""Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}"#;

#[test]
fn each_field_wants_its_type() {
    let wrong = |expression: &str, field: &str, expected: &str, found: &str, value: &str| {
        format!(
            "The JSONata expression '{expression}' specified for the field '{field}' returned an unexpected result type. \
             Expected '{expected}', but was '{found}' for value: {value}"
        )
    };
    let undefined = |field: &str| {
        format!(
            "The JSONata expression '$states.input.no' specified for the field '{field}' returned nothing (undefined)."
        )
    };
    let cases = [
        (r#""Type": "Wait", "End": true"#, "Seconds", "'5'", wrong("'5'", "Seconds", "number", "string", "\"5\"")),
        (r#""Type": "Wait", "End": true"#, "Seconds", "-1", "Seconds cannot be negative.".to_owned()),
        (r#""Type": "Wait", "End": true"#, "Timestamp", "1", wrong("1", "Timestamp", "string", "number", "1")),
        (TASK, "TimeoutSeconds", "true", wrong("true", "TimeoutSeconds", "number", "boolean", "true")),
        (TASK, "TimeoutSeconds", "-1", "TimeoutSeconds cannot be negative.".to_owned()),
        (TASK, "HeartbeatSeconds", "$states.input.no", undefined("HeartbeatSeconds")),
        (TASK, "Arguments", "$states.input.no", undefined("Arguments")),
        (TASK, "Arguments", "$sum", {
            "The JSONata expression '$sum' specified for the field 'Arguments' returned an unsupported result type."
                .to_owned()
        }),
        (MAP, "Items", "null", wrong("null", "Items", "array", "null", "null")),
        (MAP, "Items", "{'a': 1}", wrong("{'a': 1}", "Items", "array", "object", r#"{"a":1}"#)),
        (
            &format!(r#"{MAP}, "Items": [1]"#),
            "MaxConcurrency",
            "[]",
            wrong("[]", "MaxConcurrency", "number", "array", "[]"),
        ),
        (&format!(r#"{MAP}, "Items": [1]"#), "MaxConcurrency", "-1", "MaxConcurrency cannot be negative.".to_owned()),
        (r#""Type": "Fail""#, "Error", "1", wrong("1", "Error", "string", "number", "1")),
        (r#""Type": "Fail""#, "Cause", "$states.input.no", undefined("Cause")),
        (r#""Type": "Pass", "End": true"#, "Output", "$states.input.no", undefined("Output")),
        (r#""Type": "Succeed""#, "Output", "1 + 'a'", {
            "The JSONata expression '1 + 'a'' specified for the field 'Output' threw an error during evaluation. T2002: The right \
             side of the \"+\" operator must evaluate to a number"
                .to_owned()
        }),
    ];
    for (state, field, expression, cause) in cases {
        let program = alone_in_jsonata(&format!(r#"{{{state}, "{field}": "{{% {expression} %}}"}}"#));
        let simulation = run(&program, "{}", |_| Answer::Now(Ok("done".into())));
        let told = format!(
            "States.QueryEvaluationError: An error occurred while executing the state 'S' (entered at the event id #2). {cause}"
        );
        assert_eq!(outcome(&simulation), told, "{field} {expression}");
        assert_eq!(evaluation_failed(simulation.history()), Some(field), "{field} {expression}");
    }
}

#[test]
fn the_place_within_a_field_is_told() {
    for (output, location) in [
        (r#"{"a": {"b": ["x", "{% $no %}"]}}"#, "Output/a/b[1]"),
        (r#"["{% $no %}"]"#, "Output[0]"),
        (r#"{"a b/c": "{% $no %}"}"#, "Output/a b/c"),
    ] {
        let program = alone_in_jsonata(&format!(r#"{{"Type": "Pass", "End": true, "Output": {output}}}"#));
        let simulation = run(&program, "{}", |_| Answer::Never);
        assert_eq!(evaluation_failed(simulation.history()), Some(location));
        assert!(outcome(&simulation).contains(&format!("specified for the field '{location}' returned nothing")));
    }
}

#[test]
fn a_failed_evaluation_can_be_retried_and_caught() {
    let program = support::compile(
        r#"{"QueryLanguage": "JSONata", "StartAt": "S", "States": {
            "S": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:f", "Arguments": "{% $states.input.no %}", "Next": "E",
                "Retry": [{"ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 1}],
                "Catch": [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "E", "Output": "{% $states.errorOutput.Error %}"}]},
            "E": {"Type": "Succeed"}}}"#,
    );
    let simulation = run(&program, "{}", |_| Answer::Never);
    assert_eq!(outcome(&simulation), r#""States.QueryEvaluationError""#);
    let failed = |event: &&HistoryEvent| matches!(event.detail, HistoryDetail::EvaluationFailed { .. });
    assert_eq!(simulation.history().iter().filter(failed).count(), 2);
    assert_eq!(simulation.elapsed().as_secs(), 1);
}

/// `$states.result` and `$states.errorOutput` exist only where AWS defines them.
#[test]
fn states_has_the_members_that_the_field_defines() {
    let keys = "{% $join($keys($states), ' ') %}";
    let task = alone_in_jsonata(&format!(
        r#"{{{TASK}, "Arguments": "{keys}", "Output": ["{keys}", "{{% $states.result %}}"]}}"#
    ));
    let simulation = run(&task, "{}", |task| Answer::Now(Ok(task.input.clone())));
    assert_eq!(outcome(&simulation), r#"["input context result","input context"]"#);
    let pass = alone_in_jsonata(&format!(r#"{{"Type": "Pass", "End": true, "Output": "{keys}"}}"#));
    assert_eq!(support::result(&pass, "{}"), r#""input context""#);
    let program = support::compile(&format!(
        r#"{{"QueryLanguage": "JSONata", "StartAt": "S", "States": {{
            "S": {{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:f", "Next": "E",
                "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "E", "Output": "{keys}"}}]}}, "E": {{"Type": "Succeed"}}}}}}"#
    ));
    let simulation = run(&program, "{}", |_| Answer::Now(Err(asl_engine::StatesError::named("X"))));
    assert_eq!(outcome(&simulation), r#""input context errorOutput""#);
}
