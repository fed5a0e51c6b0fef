//! Which variables an expression reads that it does not bind itself.

use super::ast::{Kind, Node, Stage};
use crate::value::Str;
use std::collections::BTreeSet;

/// The names of the free variables; neither built-in functions nor `$` and `$$` are any.
pub(super) fn free_variables(expression: &Node) -> BTreeSet<Str> {
    let mut walk = Walk::default();
    walk.node(expression);
    walk.free
}

#[derive(Default)]
struct Walk {
    /// What is bound where the walk stands, innermost last.
    bound: Vec<Str>,
    free: BTreeSet<Str>,
}

impl Walk {
    // Recursion over the tree, whose height the parser bounds.
    fn node(&mut self, node: &Node) {
        let outside = self.bound.len();
        self.kind(&node.kind);
        // A step's bindings hold for the rest of its path.
        self.bound.extend(node.step.focus.clone());
        self.bound.extend(node.step.index.clone());
        for stage in &node.step.stages {
            match stage {
                Stage::Filter(filter) => self.node(filter),
                Stage::Index(name) => self.bound.push(name.clone()),
            }
        }
        node.predicates.iter().for_each(|predicate| self.node(predicate));
        node.group.iter().for_each(|pairs| pairs.parts(&mut |part| self.node(part)));
        if matches!(node.kind, Kind::Path { .. } | Kind::Block { .. }) {
            self.bound.truncate(outside);
        }
    }

    fn kind(&mut self, kind: &Kind) {
        match kind {
            Kind::Variable(name, None) if !matches!(name.as_str(), "" | "$") => {
                if !self.bound.contains(name) {
                    self.free.insert(name.clone());
                }
            }
            Kind::Bind(name, value) => {
                // A function may call itself by the name it gets; any other value is there before its name is.
                if matches!(value.kind, Kind::Lambda(_)) {
                    self.bound.push(name.clone());
                    self.node(value);
                } else {
                    self.node(value);
                    self.bound.push(name.clone());
                }
            }
            Kind::Lambda(lambda) => {
                let outside = self.bound.len();
                self.bound.extend(lambda.parameters.iter().cloned());
                self.node(&lambda.body);
                self.bound.truncate(outside);
            }
            other => other.parts(&mut |part, _| self.node(part)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::jsonata::Expression;

    #[test]
    fn what_an_expression_binds_itself_is_not_free() {
        for (expression, free) in [
            ("$a + $b.c[$d]", "a b d"),
            ("$states.input.x", "states"),
            ("$sum($prices)", "prices"),
            ("($x := $y; $x + $z)", "y z"),
            ("($x := $x + 1; $x)", "x"),
            ("[($x := 1), $x]", "x"),
            ("function($v){ $v + $w }(1)", "w"),
            ("($f := function($n){ $n < 1 ? 1 : $n * $f($n - 1) }; $f($k))", "k"),
            ("$items@$i.{'a': $i.id, 'b': $other}", "items other"),
            ("$items#$p[$p > $from]", "from items"),
            ("$orders{ $key: $value }", "key orders value"),
            ("$list^(>$by)", "by list"),
            ("$o ~> |$|{'n': $new}|", "new o"),
            ("$map($items, $fn)", "fn items"),
            ("$ & $$ & 'text $no'", ""),
        ] {
            let parsed = Expression::parse(expression).unwrap();
            let found: Vec<String> = parsed.free_variables().iter().map(ToString::to_string).collect();
            assert_eq!(found.join(" "), free, "{expression}");
        }
    }
}
