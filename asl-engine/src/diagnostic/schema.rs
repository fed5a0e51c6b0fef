//! Fields: which there must be, which there may be, and of what type.

use super::Finding;
use crate::query::QueryLanguage;

fn failed(message: impl Into<String>) -> Finding {
    Finding::error("SCHEMA_VALIDATION_FAILED", message)
}

/// Fields that must be there are not.
pub(crate) fn required(fields: &[&str]) -> Finding {
    failed(format!("These fields are required: [{}]", fields.join(", ")))
}

/// One of some fields must be there, and none is.
pub(crate) fn one_required(fields: &[&str]) -> Finding {
    failed(format!("This object should have only one of the following fields: [{}]", fields.join(", ")))
        .help("add one of them")
}

/// At least one of some fields must be there.
pub(crate) fn some_required(fields: &[&str]) -> Finding {
    failed(format!("One of these fields is required: [{}]", fields.join(", ")))
}

/// Fields that exclude each other.
pub(crate) fn only_one(fields: &[&str]) -> Finding {
    failed(format!("There should only be one of the following fields: [{}]", fields.join(", ")))
        .help("remove all but one of them")
}

/// A field that this object does not have. `known` are those it has: a likely misspelling is pointed out.
pub(crate) fn unsupported<'a>(field: &str, known: impl Iterator<Item = &'a str>) -> Finding {
    let finding = failed(format!("Field '{field}' is not supported"));
    match known.map(|name| (distance(field, name), name)).min() {
        Some((distance, name)) if distance <= 2 && distance < name.len() / 2 => {
            finding.help(format!("did you mean `{name}`?"))
        }
        _ => finding,
    }
}

/// A field of the other query language.
pub(crate) fn wrong_language(field: &str, has: &str, needs: &str) -> Finding {
    failed(format!(
        "The QueryLanguage is set to '{has}', but field '{field}' is only supported for the '{needs}' QueryLanguage"
    ))
    .help(match counterpart(field) {
        Some(other) => format!("in {has}, use `{other}`"),
        None => format!("set `\"QueryLanguage\": \"{needs}\"` on the state"),
    })
}

/// The field of the other query language that does the same.
fn counterpart(field: &str) -> Option<&str> {
    Some(match field {
        "Parameters" => "Arguments",
        "Arguments" => "Parameters",
        "ResultSelector" | "OutputPath" | "ResultPath" | "Result" => "Output",
        "InputPath" => "$states.input",
        "Output" => "ResultSelector, ResultPath or OutputPath",
        "ItemsPath" => "Items",
        "Items" => "ItemsPath",
        "Condition" => "Variable",
        // `TimeoutSecondsPath` and the like: the plain field takes an expression.
        _ => return field.strip_suffix("Path"),
    })
}

/// A JSONPath state in a JSONata machine.
pub(crate) fn language_downgrade() -> Finding {
    failed("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine")
        .help("leave the machine at JSONPath and set `\"QueryLanguage\": \"JSONata\"` on single states")
}

/// A value of another type.
pub(crate) fn expected(type_name: &str) -> Finding {
    failed(format!("Expected value of type {type_name}"))
}

/// A value that is none of those allowed.
pub(crate) fn one_of(values: &[&str]) -> Finding {
    failed(format!("Value should be one of the following: [{}]", values.join(", ")))
}

/// A number below its minimum.
pub(crate) fn minimum(minimum: impl std::fmt::Display) -> Finding {
    failed(format!("Minimum value is {minimum}"))
}

/// A number above its maximum.
pub(crate) fn maximum(maximum: impl std::fmt::Display) -> Finding {
    failed(format!("Maximum value is {maximum}"))
}

/// An array or object that must not be empty.
pub(crate) fn empty() -> Finding {
    failed("Value cannot be empty")
}

/// A field within a field that must be there is not.
pub(crate) fn field_missing(field: &str) -> Finding {
    failed(format!("The field '{field}' is required but was missing"))
}

/// A timestamp that is not of the RFC 3339 profile (spec, "Timestamps").
pub(crate) fn timestamp() -> Finding {
    failed("String does not match RFC3339 timestamp")
        .help("write it as 2016-03-14T01:59:00Z: a capital `T`, and `Z` or an offset such as +01:00")
}

/// A heartbeat that can never be missed before the timeout (spec, "Timeouts").
pub(crate) fn heartbeat_not_below_timeout() -> Finding {
    failed("HeartbeatSeconds must be smaller than TimeoutSeconds")
}

/// `States.ALL` next to other names, or before other rules, which it would hide (spec, "Retrying after error").
pub(crate) fn all_not_alone_and_last() -> Finding {
    failed("States.ALL must appear alone and at end of list").help(
        "`States.ALL` matches every name, and rules are tried in order: give it a rule of its own, as the last one",
    )
}

/// A delay's upper bound that is already reached by the first one (spec: "MUST be greater than IntervalSeconds").
pub(crate) fn delay_not_above_interval() -> Finding {
    failed("MaxDelaySeconds must be greater than IntervalSeconds")
}

/// A Choice Rule that has none or several of the fields that make it one: `And`, `Or`, `Not`, `Variable`, `Condition`.
pub(crate) fn choice_rule(found: &[&str], language: QueryLanguage) -> Finding {
    let finding = failed("The object must have only one of the following fields, [And, Or, Not, Variable, Condition]");
    match found {
        [] if language == QueryLanguage::Jsonata => finding.help("add `Condition`: an expression, `true` or `false`"),
        [] => finding.help("add `Variable` with a comparison such as `\"StringEquals\": \"…\"`, or `And`, `Or`, `Not`"),
        _ => finding.help(format!("it has {}; combine several tests with `And` or `Or`", found.join(", "))),
    }
}

/// Levenshtein distance, for suggestions.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().take(80).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(!x.eq_ignore_ascii_case(&y));
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
