//! The text of a definition as a tree that remembers where everything stands.

mod json;
mod places;
mod yaml;

use crate::diagnostic::{DIAGNOSTICS_MAX, Diagnostic, Finding, Span, syntax};
use crate::value::{Number, Object, Str, Value};
pub(crate) use places::Places;

/// How the text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// JSON, as AWS's API takes it.
    Json,
    /// YAML 1.2.
    Yaml,
    /// JSON when the first character is `{` or `[`, else YAML.
    #[default]
    Detect,
}

/// One value of the tree.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Its number in document order: the nodes below it have the numbers that follow.
    pub(crate) id: u32,
    pub(crate) span: Span,
    /// Where the bytes of a string stand.
    pub(crate) places: Places,
    pub(crate) kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    String(Str),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) name: Str,
    pub(crate) name_span: Span,
    pub(crate) value: Node,
}

/// Reads the text. What is wrong is added to `diagnostics`; `None` when there is no tree at all.
pub(crate) fn read(text: &str, format: Format, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let whole = Span::new(0, text.len());
    let mut refuse = |finding: Finding| {
        diagnostics.push(finding.at(String::new(), Span::new(0, 0)));
        None
    };
    if text.len() > crate::limits::DEFINITION_BYTES_MAX {
        return refuse(syntax::too_large(text.len()));
    }
    let start = text.trim_start().chars().next();
    if start.is_none() {
        return refuse(syntax::not_an_object());
    }
    let json = match format {
        Format::Json => true,
        Format::Yaml => false,
        Format::Detect => matches!(start, Some('{' | '[')),
    };
    let mut root = if json { json::read(text, diagnostics) } else { yaml::read(text, diagnostics) }?;
    root.number(&mut 0);
    root.report_duplicates(&root, diagnostics);
    if root.object().is_none() {
        diagnostics.push(syntax::not_an_object().at(String::new(), whole));
        return None;
    }
    Some(root)
}

/// Reads any JSON text, be it no definition. What is wrong is added to `diagnostics`.
pub(crate) fn read_json(text: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut root = json::read(text, diagnostics)?;
    root.number(&mut 0);
    root.report_duplicates(&root, diagnostics);
    Some(root)
}

impl Node {
    fn new(span: Span, kind: Kind) -> Node {
        Node { id: 0, span, places: Places::Unknown, kind }
    }

    /// Gives the nodes their numbers. Recursion over a tree whose depth is bounded when it is read.
    fn number(&mut self, next: &mut u32) {
        self.id = *next;
        *next += 1;
        match &mut self.kind {
            Kind::Array(items) => items.iter_mut().for_each(|item| item.number(next)),
            Kind::Object(members) => members.iter_mut().for_each(|member| member.value.number(next)),
            _ => {}
        }
    }

    /// Warns of names that occur twice in one object. Recursion over a tree whose depth is bounded when it is read.
    fn report_duplicates(&self, root: &Node, diagnostics: &mut Vec<Diagnostic>) {
        match &self.kind {
            Kind::Array(items) => items.iter().for_each(|item| item.report_duplicates(root, diagnostics)),
            Kind::Object(members) => {
                let mut seen = std::collections::BTreeSet::new();
                for member in members {
                    if !seen.insert(&member.name) && diagnostics.len() < DIAGNOSTICS_MAX {
                        let finding = syntax::duplicate_field(&member.name);
                        diagnostics.push(finding.at(root.location(member.value.id), member.name_span));
                    }
                    member.value.report_duplicates(root, diagnostics);
                }
            }
            _ => {}
        }
    }

    /// The members, when this is an object.
    pub(crate) fn object(&self) -> Option<&[Member]> {
        if let Kind::Object(members) = &self.kind { Some(members) } else { None }
    }

    /// The items, when this is an array.
    pub(crate) fn array(&self) -> Option<&[Node]> {
        if let Kind::Array(items) = &self.kind { Some(items) } else { None }
    }

    /// The text, when this is a string.
    pub(crate) fn string(&self) -> Option<&Str> {
        if let Kind::String(text) = &self.kind { Some(text) } else { None }
    }

    /// The value of a member; the last one of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        self.object()?.iter().rev().find(|member| member.name == name).map(|member| &member.value)
    }

    /// The tree as a value.
    pub(crate) fn value(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::String(text) => Value::String(text.clone()),
            Kind::Array(items) => items.iter().map(Node::value).collect(),
            Kind::Object(members) => {
                Value::Object(members.iter().map(|m| (m.name.clone(), m.value.value())).collect::<Object>())
            }
        }
    }

    /// From a byte of a string to its end, when it is known where they stand; else the whole node.
    pub(crate) fn span_at(&self, offset: usize) -> Span {
        self.part(offset, usize::MAX)
    }

    /// The character of a string at a byte, when it is known where it stands; else the whole node.
    pub(crate) fn point_at(&self, offset: usize) -> Span {
        let rest = self.string().and_then(|text| text.get(offset..));
        self.part(offset, rest.and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8))
    }

    fn part(&self, offset: usize, length: usize) -> Span {
        let Some(text) = self.string().filter(|text| offset < text.len()) else { return self.span };
        let Some(start) = self.places.find(offset) else { return self.span };
        let end = match length.min(text.len() - offset) {
            rest if offset + rest < text.len() => start + rest,
            rest => self.places.find(offset + rest).unwrap_or(start),
        };
        Span::new(start, end.max(start))
    }

    /// The place of the node with that number, as AWS writes it; `/` for the root.
    pub(crate) fn location(&self, id: u32) -> String {
        let mut place = String::new();
        let mut node = self;
        while node.id != id {
            // Children are in document order: the last one that begins at or before `id` holds it.
            match &node.kind {
                Kind::Array(items) => {
                    let index = items.partition_point(|item| item.id <= id).saturating_sub(1);
                    let Some(item) = items.get(index) else { break };
                    place.push_str(&format!("[{index}]"));
                    node = item;
                }
                Kind::Object(members) => {
                    let index = members.partition_point(|member| member.value.id <= id).saturating_sub(1);
                    let Some(member) = members.get(index) else { break };
                    place.push('/');
                    place.push_str(&member.name);
                    node = &member.value;
                }
                _ => break,
            }
        }
        if place.is_empty() { "/".into() } else { place }
    }
}
