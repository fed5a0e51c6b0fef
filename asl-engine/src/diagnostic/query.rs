//! Paths, intrinsic functions and JSONata expressions.

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

/// A path where only a Reference Path may be (spec, "Reference Paths").
pub(crate) fn not_a_reference_path(why: &str) -> Finding {
    failed("Value is not a Reference Path").help(why)
}

/// A JSONata expression that cannot be parsed.
pub(crate) fn invalid_jsonata(why: &str) -> Finding {
    failed(format!("Invalid JSONata expression: {why}"))
}

/// A string that begins with `{%` or ends with `%}`, but not both.
pub(crate) fn jsonata_delimiters() -> Finding {
    failed("JSONata expression must be enclosed by '{%' and '%}'")
        .help("nothing may stand before `{%` or after `%}`, not even white space or the end of a line (in YAML write `|-`, not `|`)")
}

/// A field that must be an expression, but is a plain string.
pub(crate) fn expected_jsonata() -> Finding {
    failed("Value must be a JSONata expression").help("write it as `{% … %}`")
}

/// A variable's name that JSONata cannot read.
pub(crate) fn variable_name(name: &str) -> Finding {
    failed(format!("Invalid variable name '{name}'"))
        .help("a name begins with a letter, goes on with letters, digits and `_`, has at most 80 characters and is not `states`")
}

/// A variable that a scope around this one assigns, too (Developer Guide, *Variable scope*: "a variable assigned in an
/// inner scope cannot have the same name as one assigned in an outer scope").
pub(crate) fn shadowed_variable(name: &str) -> Finding {
    failed(format!("Variable '{name}' is already assigned in an outer scope"))
        .help("branches and iterations cannot change variables outside; give this one another name and hand its value out through the state's output")
}

/// A variable that no state assigns where it could be read. (AWS finds out when the state runs.)
pub(crate) fn unassigned_variable(name: &str) -> Finding {
    let finding = Finding::warning(
        "UNASSIGNED_VARIABLE",
        format!("Variable '{name}' is never assigned in a scope that this state can read"),
    );
    match name {
        "eval" => finding.help("`$eval` is not available in Step Functions; `$parse` reads JSON text"),
        "states" => finding.help("`$states` exists in JSONata only"),
        _ => finding.help(
            "assign it in a state before this one; variables of branches and iterations end with them, and a Distributed \
             Map's item processor sees none from outside: pass the value in through `ItemSelector`",
        ),
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
