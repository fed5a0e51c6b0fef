//! Which variables each scope has (Developer Guide, *Variable scope*): those that its own states assign, and those of the
//! scopes around it.

use super::super::variable_references::referenced_by;
use super::{Compiler, ScopeRecord};
use crate::diagnostic::{Finding, Span, variable};
use crate::value::Str;
use std::collections::BTreeSet;

/// The variables that the states of one `States` object assign.
#[derive(Default)]
pub(super) struct Variables {
    /// The scope whose variables can be read from here. The item processor of a Distributed Map reads none from outside.
    outer: Option<usize>,
    assigned: BTreeSet<Str>,
    /// Those that its Catchers assign.
    caught: BTreeSet<Str>,
}

/// One member of an `Assign`.
struct Assignment {
    scope: usize,
    name: Str,
    location: String,
    span: Span,
}

/// All scopes of a definition.
pub(super) struct Scopes {
    scopes: Vec<Variables>,
    /// The scope of the state that is being compiled.
    pub(super) here: usize,
    assignments: Vec<Assignment>,
}

impl Default for Scopes {
    fn default() -> Self {
        Scopes { scopes: vec![Variables::default()], here: 0, assignments: Vec::new() }
    }
}

impl Scopes {
    /// Enters a new scope; returns the one that it left.
    pub(super) fn enter(&mut self, reads_outer: bool) -> usize {
        let left = self.here;
        self.scopes.push(Variables { outer: reads_outer.then_some(left), ..Variables::default() });
        self.here = self.scopes.len() - 1;
        left
    }

    /// A state of this scope assigns a variable.
    pub(super) fn assign(&mut self, name: Str, location: String, span: Span) {
        self.scopes[self.here].assigned.insert(name.clone());
        self.assignments.push(Assignment { scope: self.here, name, location, span });
    }

    /// A Catcher of a state of this scope assigns a variable. Recorded: AWS takes a variable of the same name in a branch.
    pub(super) fn catch(&mut self, name: Str) {
        self.scopes[self.here].caught.insert(name);
    }

    /// The scope and those around it.
    fn outwards(&self, scope: usize) -> impl Iterator<Item = &Variables> {
        std::iter::successors(self.scopes.get(scope), |variables| self.scopes.get(variables.outer?))
    }

    fn is_assigned(&self, scope: usize, name: &str) -> bool {
        self.outwards(scope).any(|variables| variables.assigned.contains(name) || variables.caught.contains(name))
    }
}

impl Compiler<'_, '_> {
    /// Checks what is assigned and read, once all states are known.
    pub(super) fn check_variables(&mut self, records: &[ScopeRecord]) {
        let scopes = std::mem::take(&mut self.variables);
        for Assignment { scope, name, location, span } in &scopes.assignments {
            if scopes.outwards(*scope).skip(1).any(|outer| outer.assigned.contains(name)) {
                self.push(variable::shadowed(name), location.clone(), *span);
            }
        }
        for record in records {
            for (id, node, span) in &record.states {
                let Some(Some(state)) = self.states.get(id.0 as usize) else { continue };
                let unknown: Vec<Finding> = referenced_by(state)
                    .iter()
                    .filter(|name| !scopes.is_assigned(record.variables, name))
                    .map(|name| variable::unassigned(name))
                    .collect();
                for finding in unknown {
                    self.push(finding, self.root.location(*node), *span);
                }
            }
        }
    }

    fn push(&mut self, finding: Finding, location: String, span: Span) {
        if !self.is_full() {
            self.diagnostics.push(finding.at(location, span));
        }
    }
}
