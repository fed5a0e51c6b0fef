//! Choice rules.

use super::{Expression, Location, QueryError, Scope, java_text};
use crate::error;
use crate::time::Timestamp;
use crate::value::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

/// When a choice rule matches.
#[derive(Clone, Debug)]
pub enum Condition {
    /// JSONPath `And`
    And(Vec<Condition>),
    /// JSONPath `Or`
    Or(Vec<Condition>),
    /// JSONPath `Not`
    Not(Box<Condition>),
    /// JSONPath `Variable` with a comparison operator
    Comparison(Comparison),
    /// JSONata `Condition`
    Expression(Expression),
    /// JSONata `Condition` given as `true` or `false`
    Constant(bool),
}

/// A data test expression (spec, "Choice rules"): `Variable` and its comparison.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// `Variable`
    pub variable: Expression,
    /// What to compare.
    pub operator: Operator,
    /// What to compare with.
    pub operand: Operand,
}

/// The right side of a comparison.
#[derive(Clone, Debug)]
pub enum Operand {
    /// A literal.
    Literal(Value),
    /// The `…Path` form.
    Path(Expression),
}

/// The comparison operators, without the `Path` of their path forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the specification's own words")]
pub enum Operator {
    StringEquals,
    StringLessThan,
    StringGreaterThan,
    StringLessThanEquals,
    StringGreaterThanEquals,
    StringMatches,
    NumericEquals,
    NumericLessThan,
    NumericGreaterThan,
    NumericLessThanEquals,
    NumericGreaterThanEquals,
    BooleanEquals,
    TimestampEquals,
    TimestampLessThan,
    TimestampGreaterThan,
    TimestampLessThanEquals,
    TimestampGreaterThanEquals,
    IsNull,
    IsPresent,
    IsNumeric,
    IsString,
    IsBoolean,
    IsTimestamp,
}

impl Operator {
    /// What [`Self::from_name`] knows, in the specification's order.
    #[rustfmt::skip]
    pub const NAMES: &'static [&'static str] = &[
        "StringEquals", "StringEqualsPath", "StringLessThan", "StringLessThanPath", "StringGreaterThan",
        "StringGreaterThanPath", "StringLessThanEquals", "StringLessThanEqualsPath", "StringGreaterThanEquals",
        "StringGreaterThanEqualsPath", "StringMatches", "NumericEquals", "NumericEqualsPath", "NumericLessThan",
        "NumericLessThanPath", "NumericGreaterThan", "NumericGreaterThanPath", "NumericLessThanEquals",
        "NumericLessThanEqualsPath", "NumericGreaterThanEquals", "NumericGreaterThanEqualsPath", "BooleanEquals",
        "BooleanEqualsPath", "TimestampEquals", "TimestampEqualsPath", "TimestampLessThan", "TimestampLessThanPath",
        "TimestampGreaterThan", "TimestampGreaterThanPath", "TimestampLessThanEquals", "TimestampLessThanEqualsPath",
        "TimestampGreaterThanEquals", "TimestampGreaterThanEqualsPath", "IsNull", "IsPresent", "IsNumeric", "IsString",
        "IsBoolean", "IsTimestamp",
    ];

    /// The operator of that name, and whether the name is that of its `…Path` form (`StringEqualsPath`).
    pub fn from_name(name: &str) -> Option<(Operator, bool)> {
        let (name, is_path) = name.strip_suffix("Path").map_or((name, false), |name| (name, true));
        let operator = match name {
            "StringEquals" => Operator::StringEquals,
            "StringLessThan" => Operator::StringLessThan,
            "StringGreaterThan" => Operator::StringGreaterThan,
            "StringLessThanEquals" => Operator::StringLessThanEquals,
            "StringGreaterThanEquals" => Operator::StringGreaterThanEquals,
            "StringMatches" => Operator::StringMatches,
            "NumericEquals" => Operator::NumericEquals,
            "NumericLessThan" => Operator::NumericLessThan,
            "NumericGreaterThan" => Operator::NumericGreaterThan,
            "NumericLessThanEquals" => Operator::NumericLessThanEquals,
            "NumericGreaterThanEquals" => Operator::NumericGreaterThanEquals,
            "BooleanEquals" => Operator::BooleanEquals,
            "TimestampEquals" => Operator::TimestampEquals,
            "TimestampLessThan" => Operator::TimestampLessThan,
            "TimestampGreaterThan" => Operator::TimestampGreaterThan,
            "TimestampLessThanEquals" => Operator::TimestampLessThanEquals,
            "TimestampGreaterThanEquals" => Operator::TimestampGreaterThanEquals,
            "IsNull" => Operator::IsNull,
            "IsPresent" => Operator::IsPresent,
            "IsNumeric" => Operator::IsNumeric,
            "IsString" => Operator::IsString,
            "IsBoolean" => Operator::IsBoolean,
            "IsTimestamp" => Operator::IsTimestamp,
            _ => return None,
        };
        (!is_path || operator.has_path_form()).then_some((operator, is_path))
    }

    /// Comparisons have a `…Path` form; type tests and `StringMatches` have none (spec, "Choice rules").
    fn has_path_form(self) -> bool {
        use Operator::*;
        !matches!(self, StringMatches | IsNull | IsPresent | IsNumeric | IsString | IsBoolean | IsTimestamp)
    }
}

impl Condition {
    /// Does the rule match?
    ///
    /// # Errors
    /// When an expression in it fails.
    pub fn matches(&self, scope: &Scope<'_>, location: &Location<'_>) -> Result<bool, QueryError> {
        match self {
            Condition::And(parts) => {
                for part in parts {
                    if !part.matches(scope, location)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Condition::Or(parts) => {
                for part in parts {
                    if part.matches(scope, location)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Condition::Not(part) => Ok(!part.matches(scope, location)?),
            Condition::Constant(value) => Ok(*value),
            Condition::Comparison(comparison) => comparison.matches(scope, location),
            Condition::Expression(expression) => {
                let value = expression.evaluate(scope, location)?;
                value.as_bool().ok_or_else(|| error::unexpected_type(expression, location, "boolean", &value))
            }
        }
    }
}

impl Comparison {
    fn matches(&self, scope: &Scope<'_>, location: &Location<'_>) -> Result<bool, QueryError> {
        let left = self.variable.find(scope, location)?;
        if self.operator == Operator::IsPresent {
            let expected = self.operand.value(scope, location)?;
            return Ok(expected.as_bool() == Some(left.is_some()));
        }
        let left = left.ok_or_else(|| error::choice_path_not_found(self.variable.source()))?;
        let right = self.operand.value(scope, location)?;
        Ok(self.operator.holds(&left, &right))
    }
}

impl Operand {
    fn value<'o>(&'o self, scope: &Scope<'_>, location: &Location<'_>) -> Result<Cow<'o, Value>, QueryError> {
        match self {
            Operand::Literal(value) => Ok(Cow::Borrowed(value)),
            Operand::Path(path) => {
                let found = path.find(scope, location)?.ok_or_else(|| error::choice_path_not_found(path.source()))?;
                Ok(Cow::Owned(found))
            }
        }
    }
}

impl Operator {
    /// Does the comparison hold? Values of other types than the operator's never do.
    fn holds(self, left: &Value, right: &Value) -> bool {
        use Operator::*;
        let strings = |accepted: fn(Ordering) -> bool| {
            left.as_str().zip(right.as_str()).is_some_and(|(left, right)| accepted(java_text::compare(left, right)))
        };
        let numbers = |accepted: fn(Ordering) -> bool| {
            left.as_number().zip(right.as_number()).is_some_and(|(left, right)| accepted(left.compare(right)))
        };
        let moments = |accepted: fn(Ordering) -> bool| {
            moment(left).zip(moment(right)).is_some_and(|(left, right)| accepted(left.cmp(&right)))
        };
        // A type test is asked for `true` or for `false`.
        let test = |is: bool| right.as_bool() == Some(is);
        match self {
            StringEquals => strings(Ordering::is_eq),
            StringLessThan => strings(Ordering::is_lt),
            StringGreaterThan => strings(Ordering::is_gt),
            StringLessThanEquals => strings(Ordering::is_le),
            StringGreaterThanEquals => strings(Ordering::is_ge),
            StringMatches => left.as_str().zip(right.as_str()).is_some_and(|(text, glob)| glob_matches(glob, text)),
            NumericEquals => numbers(Ordering::is_eq),
            NumericLessThan => numbers(Ordering::is_lt),
            NumericGreaterThan => numbers(Ordering::is_gt),
            NumericLessThanEquals => numbers(Ordering::is_le),
            NumericGreaterThanEquals => numbers(Ordering::is_ge),
            BooleanEquals => left.as_bool().zip(right.as_bool()).is_some_and(|(left, right)| left == right),
            TimestampEquals => moments(Ordering::is_eq),
            TimestampLessThan => moments(Ordering::is_lt),
            TimestampGreaterThan => moments(Ordering::is_gt),
            TimestampLessThanEquals => moments(Ordering::is_le),
            TimestampGreaterThanEquals => moments(Ordering::is_ge),
            IsNull => test(left.is_null()),
            IsPresent => test(true),
            IsNumeric => test(left.as_number().is_some()),
            IsString => test(left.as_str().is_some()),
            IsBoolean => test(left.as_bool().is_some()),
            IsTimestamp => test(moment(left).is_some()),
        }
    }
}

fn moment(value: &Value) -> Option<Timestamp> {
    Timestamp::parse(value.as_str()?)
}

/// `StringMatches`: `*` stands for any characters, `\\*` for an asterisk, `\\\\` for a backslash (spec, "Choice rules").
///
/// Takes at most |glob| × |text| steps: only the last `*` is ever tried again.
fn glob_matches(glob: &str, text: &str) -> bool {
    let glob = glob_parts(glob);
    let text: Vec<char> = text.chars().collect();
    let (mut g, mut t) = (0, 0);
    let mut retry = None;
    while t < text.len() {
        match glob.get(g) {
            Some(None) => {
                g += 1;
                retry = Some((g, t));
            }
            Some(Some(c)) if *c == text[t] => {
                g += 1;
                t += 1;
            }
            _ => match retry {
                // Let the last `*` take one character more.
                Some((after, taken)) => {
                    retry = Some((after, taken + 1));
                    (g, t) = (after, taken + 1);
                }
                None => return false,
            },
        }
    }
    glob[g..].iter().all(Option::is_none)
}

/// A glob's characters; `None` is the `*`.
fn glob_parts(glob: &str) -> Vec<Option<char>> {
    let mut chars = glob.chars().peekable();
    let mut parts = Vec::with_capacity(glob.len());
    while let Some(c) = chars.next() {
        parts.push(match c {
            '*' => None,
            '\\' => Some(chars.next_if(|next| matches!(next, '*' | '\\')).unwrap_or(c)),
            c => Some(c),
        });
    }
    parts
}

#[cfg(test)]
mod tests;
