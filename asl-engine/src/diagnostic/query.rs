//! Paths, payload templates and intrinsic functions.

use super::Finding;

fn failed(message: impl Into<String>) -> Finding {
    Finding::error("SCHEMA_VALIDATION_FAILED", message)
}

/// A field that must be a path is none; `why` is what the parser says.
pub(crate) fn invalid_path(why: &str) -> Finding {
    failed("Value must be a valid JSONPath.").help(why)
}

/// A field that must be a path or an intrinsic function is neither.
pub(crate) fn invalid_path_or_intrinsic(why: &str) -> Finding {
    failed("Value must be a valid JSONPath or a valid intrinsic function call.").help(why)
}

/// A `….$` member of a payload template whose value is neither path nor intrinsic function.
pub(crate) fn invalid_template_member(field: &str, why: &str) -> Finding {
    failed(format!("The value for the field '{field}' must be a valid JSONPath or a valid intrinsic function call"))
        .help(why)
}

/// A path where only a Reference Path may be (spec, "Reference Paths"). `text` is what is there.
pub(crate) fn not_a_reference_path(text: &str, why: &str) -> Finding {
    match text.starts_with('$') {
        true => failed("Value is not a Reference Path").help(why),
        false => failed("Value is not a Reference Path: Reference path didn't start with '$'"),
    }
}

/// AWS: `NO_DOLLAR`.
pub(crate) fn no_dollar(field: &str) -> Finding {
    Finding::warning("NO_DOLLAR", format!("Field '{field}' has a value that looks like a path or intrinsic function"))
        .help(format!("the value is taken literally; name the field `{field}.$` to have it evaluated"))
}

/// AWS: `NO_PATH`.
pub(crate) fn no_path(field: &str) -> Finding {
    Finding::warning("NO_PATH", format!("Field '{field}' has a value that looks like a path"))
        .help(format!("the value is taken literally; use `{field}Path` to have it evaluated"))
}

/// AWS: `PASS_RESULT_IS_STATIC`.
pub(crate) fn pass_result_is_static(field: &str) -> Finding {
    Finding::warning(
        "PASS_RESULT_IS_STATIC",
        format!("The Result of a Pass state is static; '{field}' is not evaluated"),
    )
    .help("use `Parameters` instead of `Result`")
}
