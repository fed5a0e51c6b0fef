//! Map states: labels, modes, readers and writers.

use super::Finding;

fn failed(message: impl Into<String>) -> Finding {
    Finding::error("SCHEMA_VALIDATION_FAILED", message)
}

/// A label that is too long for a Map Run's ARN.
pub(crate) fn label_too_long(label: &str, max: usize) -> Finding {
    let message =
        format!("Invalid Label name: Label '{label}' exceeds the {max}-character limit allowed by the service");
    Finding::error("INVALID_LABEL_NAME", message)
}

/// A character that a Map Run's ARN cannot have.
pub(crate) fn label_character(bad: char) -> Finding {
    let message = format!("Label contains invalid character: '{}'", bad.escape_debug());
    Finding::error("INVALID_LABEL_NAME", message)
}

/// Two Map states with the same label.
pub(crate) fn duplicate_label(label: &str) -> Finding {
    Finding::error("DUPLICATE_LABEL_NAME", format!("Duplicate Label name: {label}"))
}

/// A field of Distributed Map in an inline Map.
pub(crate) fn distributed_only(field: &str) -> Finding {
    failed(format!("Field '{field}' is only supported for Map states in DISTRIBUTED mode")).help(
        "add `\"ProcessorConfig\": {\"Mode\": \"DISTRIBUTED\", \"ExecutionType\": \"STANDARD\"}` to ItemProcessor",
    )
}

/// A Distributed Map in an EXPRESS machine.
pub(crate) fn express() -> Finding {
    failed("The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines")
}

/// Another resource than an ItemReader or ResultWriter can have.
pub(crate) fn resource(known: &[&str]) -> Finding {
    failed("The field 'Resource' does not match any of the allowed values")
        .help(format!("use {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")))
}
