//! The Choice state (spec, "Choice State").

use super::super::source::{Kind, Member, Node};
use super::{Compiler, Fields, Scope};
use crate::Timestamp;
use crate::definition::program::{Choice, ChoiceRule};
use crate::diagnostic::{query, schema};
use crate::query::{Comparison, Condition, Expression, Operand, Operator, QueryLanguage};

impl<'a> Compiler<'a, '_> {
    pub(super) fn choice(&mut self, fields: &Fields<'a>, language: QueryLanguage, scope: &Scope<'a>) -> Option<Choice> {
        let default = fields.get("Default").and_then(|node| self.target(node, scope));
        let Some(node) = fields.get("Choices") else {
            self.report(fields.node, schema::required(&["Choices"]));
            return None;
        };
        let items = self.array(node)?;
        if items.is_empty() {
            self.report(node, schema::empty());
        }
        let rules: Vec<Option<ChoiceRule>> = items.iter().map(|item| self.choice_rule(item, language, scope)).collect();
        Some(Choice { rules: rules.into_iter().collect::<Option<_>>()?, default })
    }

    /// One top-level rule.
    fn choice_rule(&mut self, node: &'a Node, language: QueryLanguage, scope: &Scope<'a>) -> Option<ChoiceRule> {
        let fields = self.object(node)?;
        let next = match fields.get("Next") {
            Some(next) => self.target(next, scope),
            None => {
                self.report(node, schema::required(&["Next"]));
                None
            }
        };
        let condition = match language {
            QueryLanguage::JsonPath => self.condition(&fields, true),
            QueryLanguage::Jsonata => self.jsonata_condition(&fields),
        };
        let assign = self.assign(&fields, language).unwrap_or_default();
        let output = self.template_field(&fields, "Output", language);
        Some(ChoiceRule { condition: condition?, next: next?, assign, output })
    }

    /// `Condition`: an expression, `true` or `false`.
    fn jsonata_condition(&mut self, fields: &Fields<'a>) -> Option<Condition> {
        for member in fields.members {
            let finding = match member.name.as_str() {
                "Condition" | "Next" | "Assign" | "Output" | "Comment" => continue,
                "Variable" | "And" | "Or" | "Not" => schema::wrong_language(&member.name, "JSONata", "JSONPath"),
                name if Operator::from_name(name).is_some() => schema::wrong_language(name, "JSONata", "JSONPath"),
                name => schema::unsupported(name, ["Condition", "Next", "Assign", "Output", "Comment"].into_iter()),
            };
            self.report_at(fields.node, member.name_span, finding);
        }
        let Some(node) = fields.get("Condition") else {
            self.report(fields.node, schema::choice_rule(&[], QueryLanguage::Jsonata));
            return None;
        };
        match node.kind {
            Kind::Bool(value) => Some(Condition::Constant(value)),
            _ => self.jsonata(node).map(Condition::Expression),
        }
    }

    /// A JSONPath rule: `And`, `Or`, `Not` or `Variable` with a comparison. Recursion over a tree whose depth is bounded
    /// when it is read.
    fn condition(&mut self, fields: &Fields<'a>, top: bool) -> Option<Condition> {
        let mut kinds: Vec<&'a Member> = Vec::new();
        let mut comparisons: Vec<&'a Member> = Vec::new();
        for member in fields.members {
            let name = member.name.as_str();
            match name {
                "Comment" => {}
                "Next" | "Assign" if top => {}
                "Condition" | "Output" if top => {
                    self.report_at(fields.node, member.name_span, schema::wrong_language(name, "JSONPath", "JSONata"));
                    if name == "Condition" {
                        return None;
                    }
                }
                "And" | "Or" | "Not" | "Variable" => kinds.push(member),
                _ if Operator::from_name(name).is_some() => comparisons.push(member),
                _ => {
                    let known = ["Variable", "And", "Or", "Not", "Comment", "Next"].into_iter();
                    let finding = schema::unsupported(name, known.chain(Operator::NAMES.iter().copied()));
                    self.report_at(fields.node, member.name_span, finding);
                }
            }
        }
        let &[kind] = kinds.as_slice() else {
            let found: Vec<&str> = kinds.iter().map(|member| member.name.as_str()).collect();
            let span = kinds.get(1).map_or(fields.node.span, |second| second.name_span);
            self.report_at(fields.node, span, schema::choice_rule(&found, QueryLanguage::JsonPath));
            return None;
        };
        match (kind.name.as_str(), comparisons.as_slice()) {
            ("Variable", [test]) => self.comparison(&kind.value, test).map(Condition::Comparison),
            ("Variable", []) => {
                self.report(fields.node, schema::one_required(Operator::NAMES));
                None
            }
            ("Variable", [_, second, ..]) => {
                let found: Vec<&str> = comparisons.iter().map(|member| member.name.as_str()).collect();
                self.report_at(fields.node, second.name_span, schema::only_one(&found));
                None
            }
            (_, [test, ..]) => {
                self.report_at(fields.node, test.name_span, schema::unsupported(&test.name, std::iter::empty()));
                None
            }
            ("And", _) => self.conditions(kind).map(Condition::And),
            ("Or", _) => self.conditions(kind).map(Condition::Or),
            _ => {
                let part = self.object(&kind.value)?;
                self.condition(&part, false).map(|part| Condition::Not(Box::new(part)))
            }
        }
    }

    fn conditions(&mut self, member: &'a Member) -> Option<Vec<Condition>> {
        let items = self.array(&member.value)?;
        if items.is_empty() {
            self.report(&member.value, schema::empty());
        }
        let parts: Vec<Option<Condition>> = items
            .iter()
            .map(|item| {
                let part = self.object(item)?;
                self.condition(&part, false)
            })
            .collect();
        parts.into_iter().collect()
    }

    /// `Variable` and its comparison operator.
    fn comparison(&mut self, variable: &'a Node, test: &'a Member) -> Option<Comparison> {
        let (operator, is_path) = Operator::from_name(&test.name)?;
        let variable = self.compared_path(variable);
        let operand = if is_path {
            self.compared_path(&test.value).map(Operand::Path)
        } else {
            self.operand(&test.name, &test.value).then(|| Operand::Literal(test.value.value()))
        };
        Some(Comparison { variable: variable?, operator, operand: operand? })
    }

    /// A path of a comparison. AWS words what is none as for a Reference Path, but takes any path.
    fn compared_path(&mut self, node: &'a Node) -> Option<Expression> {
        let text = self.string(node)?;
        if !text.starts_with('$') {
            self.report(node, query::not_a_reference_path(text, ""));
            return None;
        }
        self.path(node)
    }

    /// Is the literal of the type that the operator compares with?
    fn operand(&mut self, operator: &str, node: &'a Node) -> bool {
        let finding = if operator.starts_with("String") {
            node.string().is_none().then(|| schema::expected("String"))
        } else if operator.starts_with("Numeric") {
            (!matches!(node.kind, Kind::Number(_))).then(|| schema::expected("Number"))
        } else if operator.starts_with("Timestamp") {
            match node.string() {
                None => Some(schema::expected("String")),
                Some(text) => Timestamp::parse(text).is_none().then(schema::timestamp),
            }
        } else {
            (!matches!(node.kind, Kind::Bool(_))).then(|| schema::expected("Boolean"))
        };
        let fits = finding.is_none();
        if let Some(finding) = finding {
            self.report(node, finding);
        }
        fits
    }
}
