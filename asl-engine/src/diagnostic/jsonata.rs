//! JSONata expressions.

use super::Finding;

/// A string that is no expression, although it begins with `{%` or ends with `%}`, or stands where only an expression may.
pub(crate) fn delimiters() -> Finding {
    Finding::error("SCHEMA_VALIDATION_FAILED", "JSONata string must start with {% and end with %}")
        .help("nothing may stand before `{%` or after `%}`, not even white space or the end of a line (in YAML write `|-`, not `|`)")
}

/// An expression that cannot be parsed; `why` is what the parser says.
pub(crate) fn invalid(why: &str) -> Finding {
    Finding::error("INVALID_JSONATA_EXPRESSION", why)
}

/// A path that begins with a name: there is no document that it could be a member of.
pub(crate) fn top_level_reference(name: &str) -> Finding {
    unsupported(format!("Reference to '{name}' at the top level is not supported.")).help(format!(
        "the state's input is `$states.input`: write `$states.input.{name}`, or `${name}` for a variable"
    ))
}

/// `$$`, the document that there is none of.
pub(crate) fn root_reference() -> Finding {
    unsupported("Reference to '$$' is not supported.").help("the state's input is `$states.input`")
}

/// `$states.errorOutput` elsewhere than in a Catcher.
pub(crate) fn no_error_output() -> Finding {
    unsupported("Field '$states.errorOutput' does not exist.")
        .help("only `Output` and `Assign` of a Catcher can read the error that was caught")
}

fn unsupported(message: impl Into<String>) -> Finding {
    Finding::error("UNSUPPORTED_JSONATA_EXPRESSION", message)
}
