//! States and the transitions between them.

use crate::{Case, Snippet::*};

pub const CASES: &[Case] = &[
    (
        "graph::missing_target",
        Machine(
            r#"{"StartAt": "X",
 "States": {"A": {"Type": "Succeed"}}}"#,
        ),
        &[
            "1:13 MISSING_TRANSITION_TARGET /StartAt: Missing 'Next' target: X",
            r#"2:13 MISSING_TRANSITION_TARGET /States/A: State "A" is not reachable."#,
        ],
    ),
    (
        "graph::missing_target",
        Machine(
            r#"{"StartAt": "A", "States": {
"A": {"Type": "Pass", "Next": "NOPE"},
"B": {"Type": "Succeed"}}}"#,
        ),
        &[
            "2:31 MISSING_TRANSITION_TARGET /States/A/Next: Missing 'Next' target: NOPE",
            r#"3:1 MISSING_TRANSITION_TARGET /States/B: State "B" is not reachable."#,
        ],
    ),
    (
        "graph::missing_target",
        State(r#"{"Type": "Choice", "Choices": [{"Next": "X", "Variable": "$.a", "IsNull": true}], "Default": "Y"}"#),
        &[
            "2:94 MISSING_TRANSITION_TARGET /States/S/Default: Missing 'Next' target: Y",
            "2:41 MISSING_TRANSITION_TARGET /States/S/Choices[0]/Next: Missing 'Next' target: X",
        ],
    ),
    (
        "graph::missing_target",
        State(
            r#"{"Type": "Task", "End": true, "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}, 
"Catch": [{"ErrorEquals": ["X"], "Next": "X"}]}"#,
        ),
        &["3:42 MISSING_TRANSITION_TARGET /States/S/Catch[0]/Next: Missing 'Next' target: X"],
    ),
    (
        "graph::missing_target",
        Machine(
            r#"{"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
{"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "P"}, "C": {"Type": "Succeed"}}}]}}}"#,
        ),
        &[
            "2:59 MISSING_TRANSITION_TARGET /States/P/Branches[0]/States/B/Next: Missing 'Next' target: P",
            r#"2:65 MISSING_TRANSITION_TARGET /States/P/Branches[0]/States/C: State "C" is not reachable."#,
        ],
    ),
    (
        "graph::unreachable",
        Machine(
            r#"{"StartAt": "A", "States": {
"A": {"Type": "Pass", "Next": "B"},
"B": {"Type": "Pass", "Next": "A"},
"C": {"Type": "Pass", "End": true}}}"#,
        ),
        &[r#"4:1 MISSING_TRANSITION_TARGET /States/C: State "C" is not reachable."#],
    ),
    (
        "graph::no_terminal_state",
        Machine(
            r#"{"StartAt": "A", "States": {
"A": {"Type": "Pass", "Next": "B"},
"B": {"Type": "Pass", "Next": "A"},
"C": {"Type": "Pass", "Next": "A"}}}"#,
        ),
        &["2:1 MISSING_END_STATE : Workflow has no terminal state"],
    ),
    (
        "graph::no_terminal_state",
        Machine(
            r#"{"StartAt": "A", "States": {
"A": {"Type": "Pass", "Next": "NOPE"}}}"#,
        ),
        &[
            "2:31 MISSING_TRANSITION_TARGET /States/A/Next: Missing 'Next' target: NOPE",
            "2:1 MISSING_END_STATE : Workflow has no terminal state",
        ],
    ),
    (
        "graph::duplicate_state",
        Machine(
            r#"{"StartAt": "A", "States": {
"A": {"Type": "Succeed"},
"A": {"Type": "Fail"}}}"#,
        ),
        &[
            "3:1 DUPLICATE_FIELD /States/A: Field 'A' appears more than once; the last one counts",
            "3:1 DUPLICATE_STATE_NAME /States/A: Duplicate State name: A",
        ],
    ),
    (
        "graph::duplicate_state",
        Machine(
            r#"{"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
{"StartAt": "P", "States": {"P": {"Type": "Succeed"}}}]}}}"#,
        ),
        &["2:29 DUPLICATE_STATE_NAME /States/P/Branches[0]/States/P: Duplicate State name: P"],
    ),
    (
        "graph::empty_state_name",
        Machine(
            r#"{"StartAt": "", "States": {
"": {"Type": "Succeed"}}}"#,
        ),
        &["2:1 INVALID_STATE_NAME /States/: Invalid State name: State name cannot be empty"],
    ),
];
