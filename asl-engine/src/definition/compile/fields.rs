//! Fields of an object, read as what they must be. Every reader reports what does not fit and returns `None`.

use super::super::source::{Kind, Member, Node};
use super::Compiler;
use super::table::{self, Table};
use crate::definition::program::{Dynamic, ReadPath, ResultPath};
use crate::diagnostic::{Span, jsonata, query, schema};
use crate::jsonata::{Reference, ReferenceKind};
use crate::jsonpath::{Path, ReferencePath};
use crate::query::{Expression, QueryLanguage};
use crate::value::{Number, Str};

/// The members of an object.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) node: &'a Node,
    pub(super) members: &'a [Member],
}

impl<'a> Fields<'a> {
    pub(super) fn new(node: &'a Node) -> Option<Fields<'a>> {
        Some(Fields { node, members: node.object()? })
    }

    /// The value of a field.
    pub(super) fn get(&self, name: &str) -> Option<&'a Node> {
        self.node.get(name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

impl<'a> Compiler<'a, '_> {
    /// Reports the fields that the table does not know, or that belong to the other query language.
    pub(super) fn check_fields(&mut self, fields: &Fields<'a>, table: Table, language: QueryLanguage) {
        for member in fields.members {
            if self.is_full() {
                return;
            }
            let finding = match table::find(table, &member.name) {
                None => schema::unsupported(&member.name, table.iter().copied().flatten().map(|(name, _)| *name)),
                Some((_, Some(needed))) if needed != language => {
                    schema::wrong_language(&member.name, name_of(language), name_of(needed))
                }
                Some(_) => continue,
            };
            self.report_at(fields.node, member.name_span, finding);
        }
    }

    pub(super) fn string(&mut self, node: &'a Node) -> Option<&'a Str> {
        if node.string().is_none() {
            self.report(node, schema::expected("String"));
        }
        node.string()
    }

    pub(super) fn boolean(&mut self, node: &Node) -> Option<bool> {
        let Kind::Bool(value) = node.kind else {
            self.report(node, schema::expected("Boolean"));
            return None;
        };
        Some(value)
    }

    pub(super) fn array(&mut self, node: &'a Node) -> Option<&'a [Node]> {
        if node.array().is_none() {
            self.report(node, schema::expected("Array"));
        }
        node.array()
    }

    pub(super) fn object(&mut self, node: &'a Node) -> Option<Fields<'a>> {
        let fields = Fields::new(node);
        if fields.is_none() {
            self.report(node, schema::expected("Object"));
        }
        fields
    }

    /// A whole number within bounds. `3.0` is one, too.
    pub(super) fn integer(&mut self, node: &Node, minimum: u64, maximum: u64) -> Option<u64> {
        let value = match &node.kind {
            Kind::Number(Number::Int(value)) => Some(i128::from(*value)),
            Kind::Number(Number::Float(value)) if value.fract() == 0.0 => Some(*value as i128),
            Kind::Number(Number::Big(digits)) if digits.starts_with('-') => Some(i128::MIN),
            Kind::Number(Number::Big(_)) => Some(i128::MAX),
            _ => None,
        };
        let Some(value) = value else {
            self.report(node, schema::expected("Integer"));
            return None;
        };
        if value < i128::from(minimum) {
            self.report(node, schema::minimum(minimum));
            return None;
        }
        if value > i128::from(maximum) {
            self.report(node, schema::maximum(maximum));
            return None;
        }
        u64::try_from(value).ok()
    }

    /// A number within bounds.
    pub(super) fn float(&mut self, node: &Node, minimum: f64, maximum: f64) -> Option<f64> {
        let Kind::Number(number) = &node.kind else {
            self.report(node, schema::expected("Number"));
            return None;
        };
        let value = number.as_f64();
        if value < minimum {
            self.report(node, schema::minimum(format!("{minimum:.1}")));
            return None;
        }
        if value > maximum {
            self.report(node, schema::maximum(format!("{maximum:.1}")));
            return None;
        }
        Some(value)
    }

    pub(super) fn string_field(&mut self, fields: &Fields<'a>, name: &str) -> Option<&'a Str> {
        fields.get(name).and_then(|node| self.string(node))
    }

    pub(super) fn object_field(&mut self, fields: &Fields<'a>, name: &str) -> Option<Fields<'a>> {
        fields.get(name).and_then(|node| self.object(node))
    }

    pub(super) fn array_field(&mut self, fields: &Fields<'a>, name: &str) -> Option<&'a [Node]> {
        fields.get(name).and_then(|node| self.array(node))
    }

    pub(super) fn integer_field(&mut self, fields: &Fields<'a>, name: &str, min: u64, max: u64) -> Option<u64> {
        fields.get(name).and_then(|node| self.integer(node, min, max))
    }

    /// Reports fields that are there together with others that exclude them.
    pub(super) fn at_most_one(&mut self, fields: &Fields<'a>, names: &[&'static str]) {
        let present: Vec<&Member> = fields.members.iter().filter(|m| names.contains(&m.name.as_str())).collect();
        if let [_, second, ..] = present.as_slice() {
            self.report_at(fields.node, second.name_span, schema::only_one(names));
        }
    }

    /// A path to read: into the input, the context object or a variable.
    pub(super) fn path(&mut self, node: &'a Node) -> Option<Expression> {
        let text = self.string(node)?;
        if !text.starts_with('$') {
            self.report(node, query::invalid_path("a path begins with `$`"));
            return None;
        }
        match Expression::parse_jsonpath(text) {
            Ok(path) => Some(path),
            Err(error) => {
                self.report_at(node, node.span_at(error.offset), query::invalid_path(&error.message));
                None
            }
        }
    }

    /// A path to read that must identify one place: also one in the context object or in a variable.
    pub(super) fn reference_to_read(&mut self, node: &'a Node) -> Option<Expression> {
        let path = self.path(node)?;
        if !path.as_path().is_some_and(Path::is_reference) {
            self.report(node, query::not_a_reference_path(path.source(), "only names and indexes identify one place"));
        }
        Some(path)
    }

    /// A path to read or an intrinsic function.
    pub(super) fn path_or_intrinsic(&mut self, node: &'a Node) -> Option<Expression> {
        let text = self.string(node)?;
        match Expression::parse_jsonpath(text) {
            Ok(expression) => Some(expression),
            Err(error) => {
                let finding = query::invalid_path_or_intrinsic(&error.message);
                self.report_at(node, node.span_at(error.offset), finding);
                None
            }
        }
    }

    /// `InputPath` and `OutputPath`.
    pub(super) fn read_path(&mut self, fields: &Fields<'a>, name: &str) -> ReadPath {
        match fields.get(name) {
            None => ReadPath::Whole,
            Some(node) if matches!(node.kind, Kind::Null) => ReadPath::Discard,
            Some(node) if node.string().is_some_and(|text| text == "$") => ReadPath::Whole,
            Some(node) => self.path(node).map_or(ReadPath::Whole, ReadPath::At),
        }
    }

    /// `ResultPath`.
    pub(super) fn result_path(&mut self, fields: &Fields<'a>) -> ResultPath {
        let Some(node) = fields.get("ResultPath") else { return ResultPath::Replace };
        if matches!(node.kind, Kind::Null) {
            return ResultPath::Discard;
        }
        let Some(text) = self.string(node) else { return ResultPath::Replace };
        if text == "$" {
            return ResultPath::Replace;
        }
        match ReferencePath::parse(text) {
            Ok(path) => ResultPath::At(path),
            Err(error) => {
                self.report_at(node, node.span_at(error.offset), query::not_a_reference_path(text, &error.message));
                ResultPath::Replace
            }
        }
    }

    /// A field that is a literal (read by `literal`), a JSONata expression, or a path in its `…Path` form.
    pub(super) fn dynamic<T>(
        &mut self,
        fields: &Fields<'a>,
        names: [&'static str; 2],
        language: QueryLanguage,
        literal: impl FnOnce(&mut Self, &'a Node) -> Option<T>,
    ) -> Option<Dynamic<T>> {
        self.at_most_one(fields, &names);
        let [name, path_name] = names;
        if let Some(node) = fields.get(path_name) {
            return self.path(node).map(Dynamic::Query);
        }
        let node = fields.get(name)?;
        if language == QueryLanguage::Jsonata && node.string().is_some_and(|text| is_jsonata(text)) {
            return self.jsonata(node).map(Dynamic::Query);
        }
        literal(self, node).map(Dynamic::Literal)
    }

    /// [`Self::dynamic`] for a whole number.
    pub(super) fn dynamic_integer(
        &mut self,
        fields: &Fields<'a>,
        names: [&'static str; 2],
        language: QueryLanguage,
        [minimum, maximum]: [u64; 2],
    ) -> Option<Dynamic<u64>> {
        self.dynamic(fields, names, language, |compiler, node| compiler.integer(node, minimum, maximum))
    }

    /// A JSONata expression between its delimiters.
    pub(super) fn jsonata(&mut self, node: &'a Node) -> Option<Expression> {
        let text = self.string(node)?;
        let Some(inner) = text.strip_prefix("{%").and_then(|text| text.strip_suffix("%}")) else {
            self.report(node, jsonata::delimiters());
            return None;
        };
        match Expression::parse_jsonata(inner) {
            Ok(expression) => {
                self.check_references(node, &expression);
                Some(expression)
            }
            Err(error) => {
                self.report_at(node, node.point_at(2 + error.offset), jsonata::invalid(&error.message));
                None
            }
        }
    }

    /// Reports what the expression reads that is never there.
    fn check_references(&mut self, node: &Node, expression: &Expression) {
        let Expression::Jsonata(expression) = expression else { return };
        for Reference { kind, position } in expression.references() {
            let (length, finding) = match kind {
                ReferenceKind::TopLevel(name) => (name.len(), jsonata::top_level_reference(&name)),
                ReferenceKind::Root => ("$$".len(), jsonata::root_reference()),
                ReferenceKind::ErrorOutput if self.in_catcher => continue,
                ReferenceKind::ErrorOutput => ("$states".len(), jsonata::no_error_output()),
            };
            let [begin, end] = [position, position + length].map(|offset| node.point_at(2 + offset).start);
            self.report_at(node, Span::new(begin, end.max(begin)), finding);
        }
    }

    /// A string field with few possible values.
    pub(super) fn choice_of(&mut self, fields: &Fields<'a>, name: &str, values: &[&str]) -> Option<&'a Str> {
        let node = fields.get(name)?;
        let text = node.string().filter(|text| values.contains(&text.as_str()));
        if text.is_none() {
            self.report(node, schema::one_of(values));
        }
        text
    }
}

/// Is the string meant as a JSONata expression?
pub(super) fn is_jsonata(text: &str) -> bool {
    text.starts_with("{%") || text.ends_with("%}")
}

fn name_of(language: QueryLanguage) -> &'static str {
    match language {
        QueryLanguage::JsonPath => "JSONPath",
        QueryLanguage::Jsonata => "JSONata",
    }
}
