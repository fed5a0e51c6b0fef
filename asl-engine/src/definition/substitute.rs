//! `${Name}` placeholders, as AWS SAM's `DefinitionSubstitutions` fill them in.

use super::source::{Kind, Node, Places};
use crate::diagnostic::{Diagnostic, substitution};
use crate::value::{Str, Value};
use std::collections::BTreeMap;

/// Values for `${Name}` placeholders.
///
/// By default there are none and `${Name}` is ordinary text, as in AWS's API. With [`Substitutions::new`], or once
/// collected from pairs, every placeholder must have a value.
#[derive(Clone, Debug, Default)]
pub struct Substitutions(Option<BTreeMap<Str, Value>>);

impl Substitutions {
    /// No values yet; a placeholder without one is an error.
    pub fn new() -> Substitutions {
        Substitutions(Some(BTreeMap::new()))
    }

    /// Is `${Name}` ordinary text?
    pub(super) fn are_none(&self) -> bool {
        self.0.is_none()
    }

    /// Gives a placeholder its value. A string that is nothing but the placeholder becomes the value; within longer
    /// text, a value that is no string is written as JSON.
    pub fn set(&mut self, name: impl Into<Str>, value: impl Into<Value>) {
        self.0.get_or_insert_default().insert(name.into(), value.into());
    }
}

impl<N: Into<Str>, V: Into<Value>> FromIterator<(N, V)> for Substitutions {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(values: I) -> Self {
        let mut substitutions = Substitutions::new();
        for (name, value) in values {
            substitutions.set(name, value);
        }
        substitutions
    }
}

/// Fills in the placeholders of a tree. Recursion over a tree whose depth is bounded when it is read.
pub(super) fn substitute(root: &mut Node, substitutions: &Substitutions, diagnostics: &mut Vec<Diagnostic>) {
    let Some(values) = &substitutions.0 else { return };
    let mut missing = Vec::new();
    fill(root, values, &mut missing);
    for (id, span, name) in missing {
        diagnostics.push(substitution::missing(&name).at(root.location(id), span));
    }
}

type Missing = Vec<(u32, crate::diagnostic::Span, Str)>;

fn fill(node: &mut Node, values: &BTreeMap<Str, Value>, missing: &mut Missing) {
    match &mut node.kind {
        Kind::Array(items) => items.iter_mut().for_each(|item| fill(item, values, missing)),
        Kind::Object(members) => {
            for member in members {
                if let Some(Kind::String(name)) = fill_text(&member.name, values, |name, _| {
                    missing.push((member.value.id, member.name_span, name.into()));
                }) {
                    member.name = name;
                }
                fill(&mut member.value, values, missing);
            }
        }
        Kind::String(text) => {
            let text = text.clone();
            let filled = fill_text(&text, values, |name, offset| {
                let mut span = node.span_at(offset);
                span.end = span.end.min(span.start + name.len() + 3);
                missing.push((node.id, span, name.into()));
            });
            if let Some(kind) = filled {
                node.kind = kind;
                node.places = Places::Unknown;
            }
        }
        _ => {}
    }
}

/// The text with its placeholders filled in; `None` when there is none to fill in.
fn fill_text(text: &str, values: &BTreeMap<Str, Value>, mut missing: impl FnMut(&str, usize)) -> Option<Kind> {
    let (mut out, mut done, mut search) = (String::new(), 0, 0);
    while let Some(found) = text[search..].find("${") {
        let start = search + found;
        search = start + 2;
        let Some(name) = placeholder(&text[search..]) else { continue };
        let Some(value) = values.get(name) else {
            missing(name, start);
            continue;
        };
        let end = search + name.len() + 1;
        if let (0, true, false) = (start, end == text.len(), matches!(value, Value::String(_))) {
            return Some(scalar_or_text(value));
        }
        out.push_str(&text[done..start]);
        match value {
            Value::String(value) => out.push_str(value),
            other => out.push_str(&other.to_json()),
        }
        (done, search) = (end, end);
    }
    if done == 0 {
        return None;
    }
    out.push_str(&text[done..]);
    Some(Kind::String(out.into()))
}

fn scalar_or_text(value: &Value) -> Kind {
    match value {
        Value::Null => Kind::Null,
        Value::Bool(value) => Kind::Bool(*value),
        Value::Number(number) => Kind::Number(number.clone()),
        Value::String(text) => Kind::String(text.clone()),
        Value::Array(_) | Value::Object(_) => Kind::String(value.to_json().into()),
    }
}

/// The name of a placeholder whose `${` is read already. Identifiers only: JSONata's `${…}` grouping has none.
fn placeholder(text: &str) -> Option<&str> {
    let name = &text[..text.find('}')?];
    let first = name.bytes().next()?;
    let fits =
        (first.is_ascii_alphabetic() || first == b'_') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    fits.then_some(name)
}
