//! What an expression reads of its context item. The States Language gives an expression none: what it could read there
//! is always nothing.

use super::ast::{Kind, Node, Stage};
use crate::value::Str;

/// Something an expression reads that the States Language may not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What it reads.
    pub kind: ReferenceKind,
    /// Where, as a byte offset into the expression.
    pub position: usize,
}

/// What a [`Reference`] reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// A name that begins a path: a member of the context item.
    TopLevel(Str),
    /// `$$`, the context item of the whole expression.
    Root,
    /// `$states.errorOutput`, which only a Catcher has.
    ErrorOutput,
}

/// Those references, each kind and name once, in the order of the text.
pub(super) fn references(expression: &Node) -> Vec<Reference> {
    let mut walk = Walk::default();
    walk.node(expression, true);
    walk.found
}

#[derive(Default)]
struct Walk {
    found: Vec<Reference>,
}

impl Walk {
    /// `top`: is the context item that of the whole expression? Within predicates, later steps of a path and functions it
    /// is another. Recursion over the tree, whose height the parser bounds.
    fn node(&mut self, node: &Node, top: bool) {
        self.kind(node, top);
        for stage in &node.step.stages {
            if let Stage::Filter(filter) = stage {
                self.node(filter, false);
            }
        }
        node.predicates.iter().for_each(|predicate| self.node(predicate, false));
        node.group.iter().for_each(|pairs| pairs.parts(&mut |part| self.node(part, false)));
    }

    fn kind(&mut self, node: &Node, top: bool) {
        match &node.kind {
            Kind::Name(name) if top => self.note(ReferenceKind::TopLevel(name.clone()), node.position),
            Kind::Variable(name, None) if name == "$" => self.note(ReferenceKind::Root, node.position),
            Kind::Path { steps, .. } => {
                if let [first, second, ..] = steps.as_slice()
                    && matches!(&first.kind, Kind::Variable(name, None) if name == "states")
                    && matches!(&second.kind, Kind::Name(name) if name == "errorOutput")
                {
                    self.note(ReferenceKind::ErrorOutput, first.position);
                }
            }
            _ => {}
        }
        node.kind.parts(&mut |part, same| self.node(part, top && same));
    }

    fn note(&mut self, kind: ReferenceKind, position: usize) {
        if !self.found.iter().any(|reference| reference.kind == kind) {
            self.found.push(Reference { kind, position });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ReferenceKind;
    use crate::jsonata::Expression;

    #[test]
    fn what_is_read_of_the_context_item_of_the_whole_expression() {
        for (expression, expected) in [
            ("phone", "phone@0"),
            ("phone.number", "phone@0"),
            ("$states.input.phone", ""),
            ("$x[price > 3].name", ""),
            ("$x.{'a': b}", ""),
            ("{'a': b, 'c': [d, b]}", "b@6 d@15"),
            ("$x{ name: price }", ""),
            ("$x^(>price)", ""),
            ("$sum(prices) + $count($x)", "prices@5"),
            ("a ? b : (c; -d)", "a@0 b@4 c@9 d@13"),
            ("$map($x, function($v){ $v.name })", ""),
            ("$map($x, function($v){ name })", ""),
            ("$x ~> |a|{'b': c}|", ""),
            ("$$.a", "$$@0"),
            ("$x[$$.b = c]", "$$@3"),
            ("$ & 'text'", ""),
            ("$states.errorOutput.Error", "errorOutput@0"),
            ("$states.input.errorOutput", ""),
        ] {
            let found = Expression::parse(expression).unwrap().references();
            let found: Vec<String> = found
                .iter()
                .map(|reference| match &reference.kind {
                    ReferenceKind::TopLevel(name) => format!("{name}@{}", reference.position),
                    ReferenceKind::Root => format!("$$@{}", reference.position),
                    ReferenceKind::ErrorOutput => format!("errorOutput@{}", reference.position),
                })
                .collect();
            assert_eq!(found.join(" "), expected, "{expression}");
        }
    }
}
