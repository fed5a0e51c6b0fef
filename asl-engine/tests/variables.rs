//! Variables (Developer Guide, *Passing data between states with variables*): scopes, order, names and limits.

mod support;

use asl_engine::Definition;
use asl_engine::simulation::Answer;
use support::{compile, outcome, result, run};

/// The codes and messages of what is wrong with a definition.
fn findings(definition: &str) -> Vec<String> {
    let definition = Definition::parse(definition, &Default::default());
    definition.diagnostics.iter().map(|d| format!("{} at {}", d.message, d.location)).collect()
}

fn two_states(first: &str, second: &str) -> String {
    format!(
        r#"{{"QueryLanguage": "JSONata", "StartAt": "A", "States": {{"A": {{{first}, "Next": "B"}}, "B": {{{second}, "End": true}}}}}}"#
    )
}

#[test]
fn every_expression_of_a_state_sees_the_variables_as_they_were_before_it() {
    let program = compile(&two_states(
        r#""Type": "Pass", "Assign": {"x": 1, "y": 2}"#,
        r#""Type": "Pass", "Assign": {"x": "{% $y %}", "y": "{% $x %}"}, "Output": "{% [$x, $y] %}""#,
    ));
    assert_eq!(result(&program, "{}"), "[1,2]");
}

#[test]
fn a_variable_is_shared_by_both_query_languages() {
    let program = compile(
        r#"{"StartAt": "A", "States": {
            "A": {"Type": "Pass", "Assign": {"order": {"lines.$": "$.lines"}}, "Next": "B"},
            "B": {"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"total": "{% $sum($order.lines.qty) %}"}, "Next": "C"},
            "C": {"Type": "Pass", "Parameters": {"total.$": "$total", "first.$": "$order.lines[0].qty",
                "text.$": "States.Format('{} in all', $total)"}, "End": true}}}"#,
    );
    assert_eq!(result(&program, r#"{"lines":[{"qty":2},{"qty":3}]}"#), r#"{"total":5,"first":2,"text":"5 in all"}"#);
}

#[test]
fn branches_read_what_is_outside_and_keep_their_own_to_themselves() {
    let program = compile(
        r#"{"QueryLanguage": "JSONata", "StartAt": "A", "States": {
            "A": {"Type": "Pass", "Assign": {"outer": 1}, "Next": "M"},
            "M": {"Type": "Map", "Items": [10, 20], "Next": "B", "Output": "{% $states.result %}",
                "ItemProcessor": {"StartAt": "I", "States": {
                    "I": {"Type": "Pass", "Assign": {"mine": "{% $states.input + $outer %}"}, "Next": "J"},
                    "J": {"Type": "Pass", "Output": "{% $mine %}", "End": true}}}},
            "B": {"Type": "Pass", "Output": "{% [$states.input, $exists($mine)] %}", "End": true}}}"#,
    );
    assert_eq!(result(&program, "{}"), "[11,21,false]");
}

#[test]
fn a_catcher_assigns_in_the_scope_of_its_state() {
    let program = compile(
        r#"{"QueryLanguage": "JSONata", "StartAt": "P", "States": {
            "P": {"Type": "Parallel", "Next": "End", "Branches": [{"StartAt": "F", "States": {
                    "F": {"Type": "Fail", "Error": "Broken", "Cause": "so"}}}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "End", "Assign": {"why": "{% $states.errorOutput.Error %}"}}]},
            "End": {"Type": "Pass", "Output": "{% $why %}", "End": true}}}"#,
    );
    assert_eq!(result(&program, "{}"), r#""Broken""#);
}

#[test]
fn no_scope_assigns_what_an_outer_one_assigns() {
    let inner = |outside: &str, mode: &str| {
        format!(
            r#"{{"QueryLanguage": "JSONata", "StartAt": "M", "States": {{"M": {{"Type": "Map", "Items": [1], {outside} "End": true,
                "ItemProcessor": {{{mode} "StartAt": "I", "States": {{"I": {{"Type": "Pass", "Assign": {{"x": 1}}, "End": true}}}}}}}}}}}}"#
        )
    };
    let assign = r#""Assign": {"x": 2},"#;
    assert_eq!(
        findings(&inner(assign, "")),
        ["Variable 'x' is already assigned in an outer scope at /States/M/ItemProcessor/States/I/Assign"]
    );
    assert_eq!(findings(&inner("", "")), [""; 0]);
    // A Distributed Map's children are executions of their own.
    let distributed = r#""ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},"#;
    assert_eq!(findings(&inner(assign, distributed)), [""; 0]);
    // Recorded: AWS takes it when the outer one is a Catcher's.
    let caught = r#""Catch": [{"ErrorEquals": ["States.ALL"], "Assign": {"x": 1}, "Next": "E"}],"#;
    let with_catch = inner(caught, "").replace(r#""States": {"M""#, r#""States": {"E": {"Type": "Succeed"}, "M""#);
    assert_eq!(findings(&with_catch), [""; 0]);
}

#[test]
fn what_is_never_assigned_is_pointed_out() {
    let reads = |name: &str| {
        two_states(r#""Type": "Pass", "Assign": {"x": 1}"#, &format!(r#""Type": "Pass", "Output": "{{% {name} %}}""#))
    };
    assert_eq!(findings(&reads("$x + $sum([1]) + ($local := 2; $local)")), [""; 0]);
    let never = "Variable 'y' is never assigned in a scope that this state can read at /States/B";
    assert_eq!(findings(&reads("$x + $y")), [never]);
    // A warning only: AWS finds out when the state runs.
    assert!(
        result(&compile(&reads("$y")), "{}")
            .starts_with("States.QueryEvaluationError: An error occurred while executing the state 'B'")
    );
    let eval = Definition::parse(&reads("$eval('1')"), &Default::default());
    assert!(eval.diagnostics[0].help.as_ref().is_some_and(|help| help.contains("$parse")));
    let distributed = r#"{"QueryLanguage": "JSONata", "StartAt": "M", "States": {"M": {"Type": "Map", "Items": [1], "Assign": {"out": 1}, "End": true,
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I", "States":
            {"I": {"Type": "Pass", "Output": "{% $out %}", "End": true}}}}}}"#;
    assert_eq!(findings(distributed).len(), 1);
}

#[test]
fn names_are_identifiers_of_at_most_80_characters() {
    let assigns = |name: &str| {
        findings(&two_states(&format!(r#""Type": "Pass", "Assign": {{"{name}": 1}}"#), r#""Type": "Pass""#))
    };
    let long = "a".repeat(80);
    for name in ["a", "a_1", "größe", "変数", &long] {
        assert_eq!(assigns(name), [""; 0], "{name}");
    }
    for name in ["", "1a", "_a", "a-b", "a.b", "a b", "states", "$a", &format!("{long}a")] {
        assert_eq!(assigns(name).len(), 1, "{name}");
    }
}

#[test]
fn an_assign_has_256_kib_and_an_execution_10_mib() {
    let program = compile(
        r#"{"QueryLanguage": "JSONata", "StartAt": "A", "States": {
            "A": {"Type": "Pass", "Assign": {"a": "{% $pad('', $states.input[0], 'x') %}", "b": "{% $pad('', $states.input[1], 'x') %}"}, "End": true}}}"#,
    );
    // Two strings with their quotes.
    assert_eq!(result(&program, "[131070,131070]"), "[131070,131070]");
    let told = result(&program, "[131070,131071]");
    assert!(told.starts_with("States.DataLimitExceeded: "), "{told}");
    assert!(
        told.ends_with("The variables assigned in the state 'A' exceed the service limit of 262144 bytes."),
        "{told}"
    );

    // 41 variables of 256 KiB are more than 10 MiB; a loop that overwrites one is not.
    let chain = |names: &dyn Fn(usize) -> String| {
        let states: Vec<String> = (0..45)
            .map(|i| {
                let next = if i < 44 { format!(r#""Next": "S{}""#, i + 1) } else { r#""End": true"#.to_owned() };
                format!(r#""S{i}": {{"Type": "Pass", "Assign": {{"{}": "{{% $states.input %}}"}}, {next}}}"#, names(i))
            })
            .collect();
        compile(&format!(r#"{{"QueryLanguage": "JSONata", "StartAt": "S0", "States": {{{}}}}}"#, states.join(",")))
    };
    let input = format!("{:?}", "x".repeat(262_142));
    let told = result(&chain(&|i| format!("v{i}")), &input);
    assert!(told.contains("the state 'S40'") && told.contains("10485760"), "{told}");
    assert_eq!(result(&chain(&|_| "v".to_owned()), &input), input);
}

#[test]
fn the_history_tells_what_was_assigned() {
    use asl_engine::history::HistoryDetail;
    let program = compile(&two_states(
        r#""Type": "Pass", "Assign": {"x": {"a": "{% 1 + 1 %}"}, "y": null}"#,
        r#""Type": "Pass""#,
    ));
    let simulation = run(&program, "{}", |_| Answer::Never);
    assert_eq!(outcome(&simulation), "{}");
    let assigned: Vec<_> = simulation
        .history()
        .iter()
        .filter_map(|event| match &event.detail {
            HistoryDetail::StateExited { assigned, .. } => Some(assigned.as_ref().map(ToString::to_string)),
            _ => None,
        })
        .collect();
    assert_eq!(assigned, [Some(r#"{"x":{"a":2},"y":null}"#.to_owned()), None]);
}
