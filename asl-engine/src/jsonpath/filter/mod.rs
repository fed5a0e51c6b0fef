//! Filters: `[?(@.price < 10 && !(@.sold))]`.

mod parse;

pub(super) use parse::parse;

use super::evaluate::{self, Work};
use super::step::Step;
use crate::query::java_text;
use crate::value::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

/// What matching one text with a pattern counts, in visits of a node.
const PATTERN_VISITS: usize = 100;

/// A condition on one node (`@`) of a document (`$`).
#[derive(Clone, Debug)]
pub(super) enum Filter {
    Or(Vec<Filter>),
    And(Vec<Filter>),
    Not(Box<Filter>),
    /// A path alone: is there something?
    Exists(Operand),
    Comparison(Operand, Operator, Operand),
}

#[derive(Clone, Debug)]
pub(super) enum Operand {
    Literal(Value),
    /// `/…/flags`, made to match a whole text.
    Pattern(fancy_regex::Regex),
    /// `@…`
    Node(Vec<Step>),
    /// `$…`
    Root(Vec<Step>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    SameTypeEqual,
    SameTypeNotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    In,
    NotIn,
    SubsetOf,
    AnyOf,
    NoneOf,
    All,
    Contains,
    Size,
    Empty,
}

impl Filter {
    /// Does the condition hold for `node`? (The depth of the recursion is that of the filter's text, which is bounded.)
    pub(super) fn accepts(&self, node: &Value, root: &Value, work: &Work) -> bool {
        if !work.spend(1) {
            return false;
        }
        match self {
            Filter::Or(parts) => parts.iter().any(|part| part.accepts(node, root, work)),
            Filter::And(parts) => parts.iter().all(|part| part.accepts(node, root, work)),
            Filter::Not(part) => !part.accepts(node, root, work),
            Filter::Exists(Operand::Node(steps)) => evaluate::exists(node, root, steps, work),
            Filter::Exists(Operand::Root(steps)) => evaluate::exists(root, root, steps, work),
            Filter::Exists(_) => true,
            Filter::Comparison(left, operator, right) => match (left, right) {
                (text, Operand::Pattern(pattern)) | (Operand::Pattern(pattern), text) => {
                    work.spend(PATTERN_VISITS)
                        && text.value(node, root, work).is_some_and(|text| matches(pattern, &text))
                }
                _ => operator.holds(left.value(node, root, work).as_deref(), right.value(node, root, work).as_deref()),
            },
        }
    }
}

impl Operand {
    fn value<'v>(&'v self, node: &Value, root: &Value, work: &Work) -> Option<Cow<'v, Value>> {
        match self {
            Operand::Literal(value) => Some(Cow::Borrowed(value)),
            Operand::Node(steps) => evaluate::find_from(node, root, steps, work).ok().map(Cow::Owned),
            Operand::Root(steps) => evaluate::find_from(root, root, steps, work).ok().map(Cow::Owned),
            Operand::Pattern(_) => None,
        }
    }
}

impl Operator {
    /// Does the comparison hold? `None` is the value of a path that matches nothing: it equals nothing, not even itself.
    fn holds(self, left: Option<&Value>, right: Option<&Value>) -> bool {
        match self {
            Operator::NotEqual => !Operator::Equal.holds(left, right),
            Operator::SameTypeNotEqual => !Operator::SameTypeEqual.holds(left, right),
            Operator::NotIn => !Operator::In.holds(left, right),
            Operator::NoneOf => list(left).is_some() && list(right).is_some() && !Operator::AnyOf.holds(left, right),
            _ => match (left, right) {
                (Some(left), Some(right)) => self.holds_between(left, right),
                _ => false,
            },
        }
    }

    fn holds_between(self, left: &Value, right: &Value) -> bool {
        let order = |accepted: fn(Ordering) -> bool| compare(left, right).is_some_and(accepted);
        match self {
            Operator::Equal => equal(left, right),
            Operator::SameTypeEqual => {
                std::mem::discriminant(left) == std::mem::discriminant(right) && equal(left, right)
            }
            Operator::Less => order(Ordering::is_lt),
            Operator::LessOrEqual => order(Ordering::is_le),
            Operator::Greater => order(Ordering::is_gt),
            Operator::GreaterOrEqual => order(Ordering::is_ge),
            Operator::In => has(right, left),
            Operator::SubsetOf => list(Some(left)).is_some_and(|items| items.iter().all(|item| has(right, item))),
            Operator::AnyOf => list(Some(left)).is_some_and(|items| items.iter().any(|item| has(right, item))),
            Operator::All => list(Some(right)).is_some_and(|items| items.iter().all(|item| has(left, item))),
            Operator::Contains => match (left, right) {
                (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
                _ => has(left, right),
            },
            Operator::Size => length(left).is_some_and(|length| right.as_i64() == i64::try_from(length).ok()),
            Operator::Empty => length(left).is_some_and(|length| right.as_bool() == Some(length == 0)),
            // Patterns are no values; without one on either side nothing matches.
            Operator::Matches => false,
            Operator::NotEqual | Operator::SameTypeNotEqual | Operator::NotIn | Operator::NoneOf => {
                self.holds(Some(left), Some(right))
            }
        }
    }
}

/// Equality across types as AWS's library has it: a text equals a number that is written so.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.compare(right).is_eq(),
        (Value::String(text), Value::Number(_)) => java_text::print(right) == *text,
        (Value::Number(number), Value::String(text)) => match Value::parse(text) {
            Ok(Value::Number(parsed)) => number.compare(&parsed).is_eq(),
            _ => false,
        },
        _ => left == right,
    }
}

fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => Some(left.compare(right)),
        (Value::String(left), Value::String(right)) => Some(java_text::compare(left, right)),
        _ => None,
    }
}

fn list(value: Option<&Value>) -> Option<&[Value]> {
    value.and_then(Value::as_array).map(|items| &**items)
}

fn has(list_value: &Value, item: &Value) -> bool {
    list(Some(list_value)).is_some_and(|items| items.iter().any(|candidate| equal(item, candidate)))
}

/// Characters of a text, items of an array, members of an object.
fn length(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.encode_utf16().count()),
        Value::Array(items) => Some(items.len()),
        Value::Object(object) => Some(object.len()),
        _ => None,
    }
}

/// A pattern matches a text, a number, a boolean, or an array of which one item matches. A pattern that backtracks
/// without end matches nothing.
fn matches(pattern: &fancy_regex::Regex, value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| !matches!(item, Value::Array(_)) && matches(pattern, item)),
        Value::String(text) => pattern.is_match(text.as_str()).unwrap_or(false),
        Value::Number(_) | Value::Bool(_) => pattern.is_match(java_text::print(value).as_str()).unwrap_or(false),
        Value::Null | Value::Object(_) => pattern.is_match("").unwrap_or(false),
    }
}
