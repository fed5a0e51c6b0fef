//! The Pass state (spec, "Pass State").

use super::super::source::{Kind, Node};
use super::template::looks_like_path;
use super::{Compiler, Fields};
use crate::definition::program::Pass;
use crate::diagnostic::query;
use crate::query::QueryLanguage;

impl<'a> Compiler<'a, '_> {
    pub(super) fn pass(&mut self, fields: &Fields<'a>, language: QueryLanguage) -> Option<Pass> {
        if let Some(node) = fields.get("Result") {
            self.warn_of_static_result(node);
        }
        Some(Pass {
            result: fields.get("Result").map(Node::value),
            parameters: self.template_field(fields, "Parameters", language),
            result_path: self.result_path(fields),
        })
    }

    /// Recursion over a tree whose depth is bounded when it is read.
    fn warn_of_static_result(&mut self, node: &Node) {
        match &node.kind {
            Kind::Object(members) => {
                for member in members {
                    if member.name.ends_with(".$") && member.value.string().is_some_and(|text| looks_like_path(text)) {
                        self.report(&member.value, query::pass_result_is_static(&member.name));
                    }
                    self.warn_of_static_result(&member.value);
                }
            }
            Kind::Array(items) => items.iter().for_each(|item| self.warn_of_static_result(item)),
            _ => {}
        }
    }
}
