//! `${Name}` placeholders.

use super::Finding;

/// The code of [`missing`].
pub(crate) const MISSING: &str = "MISSING_SUBSTITUTION";

/// A placeholder without a value.
pub(crate) fn missing(name: &str) -> Finding {
    Finding::error(MISSING, format!("the placeholder `${{{name}}}` has no value"))
        .help(format!("give it one with `--set {name}=value`"))
}
