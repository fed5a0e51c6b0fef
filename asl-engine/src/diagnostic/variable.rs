//! Variables: their names, and where they can be assigned and read.

use super::Finding;
use crate::limits::VARIABLE_NAME_CHARS_MAX;

/// A name that no variable can have (Developer Guide, *Naming variables*).
pub(crate) fn invalid_name(name: &str) -> Finding {
    let why = match name.chars().count() > VARIABLE_NAME_CHARS_MAX {
        true => format!("the variable name is longer than {VARIABLE_NAME_CHARS_MAX} characters."),
        false => "the variable name contains invalid characters.".to_owned(),
    };
    Finding::error("INVALID_VARIABLE_NAME", format!("Invalid variable name '{name}': {why}"))
        .help("a name begins with a letter and goes on with letters, digits and `_`")
}

/// `states` is JSONata's `$states`.
pub(crate) fn reserved_name(name: &str) -> Finding {
    Finding::error("RESERVED_VARIABLE_NAME", format!("Cannot assign to reserved variable '${name}'."))
        .help("give the variable another name")
}

/// A variable that a scope around this one assigns, too (Developer Guide, *Variable scope*: "a variable assigned in an
/// inner scope cannot have the same name as one assigned in an outer scope").
pub(crate) fn shadowed(name: &str) -> Finding {
    Finding::error("SCHEMA_VALIDATION_FAILED", format!("Variable '{name}' is already assigned in an outer scope"))
        .help("branches and iterations cannot change variables outside; give this one another name and hand its value out through the state's output")
}

/// A variable that no state assigns where it could be read. (AWS finds out when the state runs.)
pub(crate) fn unassigned(name: &str) -> Finding {
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
