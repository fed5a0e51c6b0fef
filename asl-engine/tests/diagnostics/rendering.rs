//! Diagnostics for people, and as AWS puts them into an error.

use crate::json;
use asl_engine::definition::{Definition, ParseOptions, Substitutions};
use asl_engine::diagnostic::aws_message;

#[test]
fn the_excerpt_points_at_the_place() {
    let definition =
        Definition::parse("StartAt: A\nStates:\n  A:\n    Type: Pass\n    Nxt: B\n", &ParseOptions::default());
    assert_eq!(
        definition.render("saga.asl.yaml", false),
        "error[SCHEMA_VALIDATION_FAILED]: Field 'Nxt' is not supported\n \
         --> saga.asl.yaml:5:5\n  |\n5 |     Nxt: B\n  |     ^^^ /States/A\n  |\n  = help: did you mean `Next`?\n\n\
         error[SCHEMA_VALIDATION_FAILED]: This object should have only one of the following fields: [Next, End]\n \
         --> saga.asl.yaml:3:3\n  |\n3 |   A:\n  |   ^ /States/A\n  |\n  = help: add one of them\n\n"
    );
}

#[test]
fn aws_lists_the_errors_in_one_message() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"a.$": "$.b"}}, "B": {"Type": "Succeed", "Next": "A"}}}"#;
    assert_eq!(
        aws_message(&Definition::parse(text, &json()).diagnostics),
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: This object should have only one of the following \
         fields: [Next, End] at /States/A, SCHEMA_VALIDATION_FAILED: Field 'Next' is not supported at /States/B'"
    );
}

#[test]
fn a_placeholder_without_a_value_is_shown_with_what_to_type() {
    let text = r#"{"StartAt": "T", "States": {"T": {"Type": "Task", "End": true, "Resource": "${Arn}", "Parameters": {"Message": "m"}, "Comment": "${2} ${\"a\": 1} ${Na me}"}}}"#;
    let options = ParseOptions { substitutions: Substitutions::new(), ..json() };
    let rendered = Definition::parse(text, &options).render("m.asl.json", false);
    assert!(rendered.contains("m.asl.json:1:77") && rendered.contains("--set Arn=value"), "{rendered}");
    let substitutions = [("Arn", "arn:aws:states:::sns:publish")].into_iter().collect();
    let definition = Definition::parse(text, &ParseOptions { substitutions, ..json() });
    assert_eq!(definition.diagnostics, []);
}
