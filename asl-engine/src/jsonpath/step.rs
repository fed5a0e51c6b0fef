//! What a path consists of.

use super::filter::Filter;
use super::function::Function;
use crate::value::Str;
use std::fmt::{self, Write};

/// One step of a path.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// `.name`, `['name']`
    Member(Str),
    /// `['a','b']`: as last step one object with these members, else each of them.
    Members(Vec<Str>),
    /// `[0]`, `[-1]`: counted from the end when negative.
    Index(i64),
    /// `[0,2]`
    Indexes(Vec<i64>),
    /// `[1:3]`, `[1:]`, `[:3]`; at least one end is given.
    Slice(Option<i64>, Option<i64>),
    /// `.*`, `[*]`
    Wildcard,
    /// `..`: the node and all below it; another step follows.
    Descendants,
    /// `[?(…)]`
    Filter(Filter),
    /// `.length()`; nothing follows.
    Function(Function),
}

/// Do the steps lead to at most one node?
pub(super) fn are_definite(steps: &[Step]) -> bool {
    steps.iter().enumerate().all(|(position, step)| match step {
        Step::Member(_) | Step::Index(_) => true,
        Step::Members(_) => position + 1 == steps.len(),
        // A function over everything that `..` finds yields one value.
        Step::Function(_) => true,
        Step::Descendants => matches!(steps.last(), Some(Step::Function(_))),
        Step::Indexes(_) | Step::Slice(..) | Step::Wildcard | Step::Filter(_) => false,
    })
}

/// The path in the form in which AWS's library tells it: `$['a'][0]`.
pub(super) fn canonical(steps: &[Step]) -> String {
    let mut text = String::from("$");
    for step in steps {
        let _ = write!(text, "{step}");
    }
    text
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Member(name) => write!(f, "['{name}']"),
            Step::Members(names) => write!(f, "['{}']", names.join("','")),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Indexes(indexes) => {
                let indexes: Vec<String> = indexes.iter().map(i64::to_string).collect();
                write!(f, "[{}]", indexes.join(","))
            }
            Step::Slice(from, to) => {
                let end = |end: &Option<i64>| end.map(|end| end.to_string()).unwrap_or_default();
                write!(f, "[{}:{}]", end(from), end(to))
            }
            Step::Wildcard => f.write_str("[*]"),
            Step::Descendants => f.write_str(".."),
            Step::Filter(_) => f.write_str("[?]"),
            Step::Function(function) => write!(f, ".{}()", function.name()),
        }
    }
}
