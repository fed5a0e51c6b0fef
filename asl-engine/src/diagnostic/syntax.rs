//! The text is no JSON or YAML.

use super::Finding;

/// AWS: `INVALID_JSON_DESCRIPTION`, "JSON syntax problem found".
pub(crate) fn invalid_json(message: &str) -> Finding {
    Finding::error("INVALID_JSON_DESCRIPTION", message)
}

/// The same for YAML, which AWS's API does not take (its tools translate it to JSON first).
pub(crate) fn invalid_yaml(message: impl Into<String>) -> Finding {
    Finding::error("INVALID_YAML_DESCRIPTION", message)
}

/// A CloudFormation or other tag. They are resolved by the tool that deploys a template, so a definition that stands
/// for itself cannot have them.
pub(crate) fn tag(tag: &str) -> Finding {
    invalid_yaml(format!("the tag `{tag}` is not supported in a definition"))
        .help("write a placeholder such as `${FunctionArn}` and give its value with `--set FunctionArn=…`")
}

/// Aliases that make the document many times larger than its text.
pub(crate) fn alias_bomb() -> Finding {
    invalid_yaml("the aliases expand to too large a document").help("write the repeated parts out")
}

/// AWS: `TOO_DEEPLY_NESTED`.
pub(crate) fn too_deep() -> Finding {
    Finding::error(
        "TOO_DEEPLY_NESTED",
        format!("The definition nests deeper than {}", crate::limits::DEFINITION_DEPTH_MAX),
    )
}

/// Larger than the quota.
pub(crate) fn too_large(bytes: usize) -> Finding {
    schema_failed(format!("The definition has {bytes} bytes; the limit is {}", crate::limits::DEFINITION_BYTES_MAX))
        .help("move parts of the machine into machines of their own and start them with `states:startExecution`")
}

/// The text is JSON or YAML, but no object; or there is no text.
pub(crate) fn not_an_object() -> Finding {
    schema_failed("Definition must be a valid JSON object")
}

/// A member name that occurs twice in one object. The last one counts, as in AWS.
pub(crate) fn duplicate_field(name: &str) -> Finding {
    Finding::warning("DUPLICATE_FIELD", format!("Field '{name}' appears more than once; the last one counts"))
        .help("remove all but one of them")
}

/// YAML 1.1 and 1.2 read such a number differently (octal, decimal), and an account id would lose its zero.
pub(crate) fn leading_zero(text: &str) -> Finding {
    Finding::warning("AMBIGUOUS_SCALAR", format!("`{text}` is read as a string because of its leading zero"))
        .help(format!("write '{text}' for a string, or the number without the leading zero"))
}

fn schema_failed(message: impl Into<String>) -> Finding {
    Finding::error("SCHEMA_VALIDATION_FAILED", message)
}
