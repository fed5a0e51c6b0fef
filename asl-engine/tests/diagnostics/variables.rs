//! Variables: their names, and where they are assigned and read.

use crate::{Case, Snippet::*};

pub const CASES: &[Case] = &[
    (
        "variable::invalid_name",
        State(r#"{"Type": "Pass", "End": true, "Assign": {"2x": 1, "_x": 1, "a-b": 1}}"#),
        &[
            "2:42 INVALID_VARIABLE_NAME /States/S/Assign: Invalid variable name '2x': the variable name contains invalid characters.",
            "2:51 INVALID_VARIABLE_NAME /States/S/Assign: Invalid variable name '_x': the variable name contains invalid characters.",
            "2:60 INVALID_VARIABLE_NAME /States/S/Assign: Invalid variable name 'a-b': the variable name contains invalid characters.",
        ],
    ),
    (
        "variable::reserved_name",
        State(r#"{"Type": "Pass", "End": true, "Assign": {"states": 1}}"#),
        &["2:42 RESERVED_VARIABLE_NAME /States/S/Assign: Cannot assign to reserved variable '$states'."],
    ),
    (
        "variable::shadowed",
        Machine(
            r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "P"}, "P": {"Type": "Parallel", "End": true, "Branches": [
{"StartAt": "B", "States": {"B": {"Type": "Pass", "End": true, "Assign": {"x": 1}}}}]}}}"#,
        ),
        &[
            "2:75 SCHEMA_VALIDATION_FAILED /States/P/Branches[0]/States/B/Assign: Variable 'x' is already assigned in an outer scope",
        ],
    ),
    (
        "variable::unassigned",
        State(r#"{"Type": "Pass", "End": true, "Parameters": {"b.$": "$x.a"}}"#),
        &["1:29 UNASSIGNED_VARIABLE /States/S: Variable 'x' is never assigned in a scope that this state can read"],
    ),
    (
        "variable::unassigned",
        Jsonata(r#"{"Type": "Pass", "End": true, "Output": "{% $y %}"}"#),
        &["1:57 UNASSIGNED_VARIABLE /States/S: Variable 'y' is never assigned in a scope that this state can read"],
    ),
];
