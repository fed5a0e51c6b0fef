//! What Choice and Wait states do that no recorded execution shows.

mod support;

use asl_engine::history::HistoryDetail;
use asl_engine::simulation::Answer;
use support::{alone_in_jsonata, compile, result, run};

/// Developer Guide, *Error names*: told as States.Runtime, which no Catcher catches.
#[test]
fn a_choice_without_a_match_fails_the_execution() {
    let choices = [
        r#""Choices": [{"Variable": "$.a", "NumericEquals": 1, "Next": "P"}]"#,
        r#""QueryLanguage": "JSONata", "Choices": [{"Condition": "{% $states.input.a = 1 %}", "Next": "P"}]"#,
    ];
    for choices in choices {
        let program = compile(&format!(
            r#"{{"StartAt": "All", "States": {{
                "All": {{"Type": "Parallel", "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "Caught"}}], "End": true, "Branches": [
                    {{"StartAt": "C", "States": {{"C": {{"Type": "Choice", {choices}}}, "P": {{"Type": "Pass", "End": true}}}}}}]}},
                "Caught": {{"Type": "Pass", "End": true}}}}}}"#
        ));
        let failed = result(&program, r#"{"a": 2}"#);
        let cause = "Failed to transition out of the state. The state does not point to a next state.";
        assert!(failed.starts_with("States.Runtime: ") && failed.ends_with(cause), "{failed}");
        assert_eq!(result(&program, r#"{"a": 1}"#), r#"[{"a":1}]"#);
    }
}

/// Developer Guide, *Wait workflow state*: a time is considered up to seconds.
#[test]
fn a_wait_until_a_time_ends_with_a_second() {
    let program = alone_in_jsonata(
        r#"{"Type": "Wait", "Timestamp": "{% $fromMillis($toMillis($states.context.State.EnteredTime) + 2900) %}", "End": true}"#,
    );
    let simulation = run(&program, "{}", |_| Answer::Never);
    let exited = simulation.history().iter().find(|event| matches!(event.detail, HistoryDetail::StateExited { .. }));
    let began = simulation.history()[0].timestamp.as_millis();
    assert_eq!(exited.unwrap().timestamp.as_millis(), (began + 2900) / 1000 * 1000);
}
