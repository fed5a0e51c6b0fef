//! `${Name}` placeholders.

use super::Finding;

/// A placeholder without a value.
pub(crate) fn missing(name: &str) -> Finding {
    Finding::error("MISSING_SUBSTITUTION", format!("the placeholder `${{{name}}}` has no value"))
        .help(format!("give it one with `--set {name}=value`"))
}
