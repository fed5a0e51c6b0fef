//! Payload templates (JSONPath), JSONata templates, and `Assign`.

use super::super::source::{Kind, Node};
use super::Compiler;
use super::fields::{Fields, is_jsonata};
use super::variables::Scopes;
use crate::definition::program::Assign;
use crate::diagnostic::{Span, query, variable};
use crate::limits::VARIABLE_NAME_CHARS_MAX;
use crate::query::{Expression, QueryLanguage, Template};
use crate::value::{Object, Str, Value};

impl<'a> Compiler<'a, '_> {
    /// A field that holds a template.
    pub(super) fn template_field(
        &mut self,
        fields: &Fields<'a>,
        name: &str,
        language: QueryLanguage,
    ) -> Option<Template> {
        fields.get(name).and_then(|node| self.template(node, language))
    }

    /// A template. Recursion over a tree whose depth is bounded when it is read.
    pub(super) fn template(&mut self, node: &'a Node, language: QueryLanguage) -> Option<Template> {
        match &node.kind {
            Kind::String(text) if language == QueryLanguage::Jsonata && is_jsonata(text) => {
                self.jsonata(node).map(Template::Expression)
            }
            Kind::Object(_) => {
                let members = self.template_members(node, language)?;
                if !members.iter().all(|(_, member)| matches!(member, Template::Constant(_))) {
                    return Some(Template::Object(members));
                }
                let constants = members.into_iter().filter_map(|(name, member)| constant(member).map(|v| (name, v)));
                Some(Template::Constant(Value::Object(constants.collect::<Object>())))
            }
            Kind::Array(items) => {
                let items: Vec<Option<Template>> = items.iter().map(|item| self.template(item, language)).collect();
                let items = items.into_iter().collect::<Option<Vec<Template>>>()?;
                if !items.iter().all(|item| matches!(item, Template::Constant(_))) {
                    return Some(Template::Array(items));
                }
                Some(Template::Constant(items.into_iter().filter_map(constant).collect()))
            }
            _ => Some(Template::Constant(node.value())),
        }
    }

    /// The members of an object template, the `.$` of JSONPath names removed.
    fn template_members(&mut self, node: &'a Node, language: QueryLanguage) -> Option<Vec<(Str, Template)>> {
        let members = node.object()?;
        let mut out = Vec::with_capacity(members.len());
        let mut complete = true;
        for member in members {
            let entry = match member.name.strip_suffix(".$").filter(|_| language == QueryLanguage::JsonPath) {
                Some(name) => self
                    .template_expression(node, &member.name, &member.value)
                    .map(|e| (name.into(), Template::Expression(e))),
                None => {
                    if language == QueryLanguage::JsonPath {
                        self.warn_of_path(&member.name, &member.value);
                    }
                    self.template(&member.value, language).map(|template| (member.name.clone(), template))
                }
            };
            complete &= entry.is_some();
            out.extend(entry);
        }
        complete.then_some(out)
    }

    /// The value of a `….$` member.
    fn template_expression(&mut self, object: &Node, name: &str, node: &'a Node) -> Option<Expression> {
        let parsed = match node.string() {
            Some(text) => Expression::parse_jsonpath(text).map_err(|error| (error.message, node.span_at(error.offset))),
            None => Err(("a path or an intrinsic function is a string".to_owned(), node.span)),
        };
        match parsed {
            Ok(expression) => Some(expression),
            Err((why, span)) => {
                self.report_at(object, span, query::invalid_template_member(name, &why));
                None
            }
        }
    }

    fn warn_of_path(&mut self, name: &str, node: &Node) {
        if node.string().is_some_and(|text| looks_like_path(text)) {
            self.report(node, query::no_dollar(name));
        }
    }

    /// `Assign` of a state or of a choice rule.
    pub(super) fn assign(&mut self, fields: &Fields<'a>, language: QueryLanguage) -> Option<Assign> {
        self.assignments(fields, language, |scopes, name, location, span| scopes.assign(name, location, span))
    }

    /// `Assign` of a Catcher.
    pub(super) fn catch_assign(&mut self, fields: &Fields<'a>, language: QueryLanguage) -> Option<Assign> {
        self.assignments(fields, language, |scopes, name, _, _| scopes.catch(name))
    }

    fn assignments(
        &mut self,
        fields: &Fields<'a>,
        language: QueryLanguage,
        note: impl Fn(&mut Scopes, Str, String, Span),
    ) -> Option<Assign> {
        let node = fields.get("Assign")?;
        self.object(node)?;
        let assign = self.template_members(node, language)?;
        for (name, _) in &assign {
            let is_it = |written: &str| written.strip_suffix(".$").unwrap_or(written) == name;
            let span = node.object()?.iter().find(|member| is_it(&member.name)).map_or(node.span, |m| m.name_span);
            if name == "states" {
                self.report_at(node, span, variable::reserved_name(name));
            } else if !is_variable_name(name) {
                self.report_at(node, span, variable::invalid_name(name));
            }
            note(&mut self.variables, name.clone(), self.root.location(node.id), span);
        }
        Some(assign)
    }
}

/// The constant, when the template is one.
fn constant(template: Template) -> Option<Value> {
    if let Template::Constant(value) = template { Some(value) } else { None }
}

/// Does a literal look like it was meant to be evaluated?
pub(super) fn looks_like_path(text: &str) -> bool {
    text.starts_with("$.")
        || text.starts_with("$$.")
        || text.starts_with("$[")
        || text.starts_with("States.") && text.ends_with(')')
}

/// Spec, "Variables": Unicode identifiers (UAX #31, so none begins with `_`) of at most 80 characters.
fn is_variable_name(name: &str) -> bool {
    let first = name.chars().next().is_some_and(char::is_alphabetic);
    let rest = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    first && rest && name.chars().count() <= VARIABLE_NAME_CHARS_MAX
}
