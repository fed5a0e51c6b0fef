//! Checks of the finished graph: does it end, and is every state reached?

use super::super::program::{StateId, StateKind, Transition};
use super::{Compiler, ScopeRecord};
use crate::diagnostic::{Span, graph};

impl Compiler<'_, '_> {
    /// As AWS does: a machine that has no terminal state is not looked at further, and one whose fields are wrong is
    /// not looked at at all (its transitions are not known).
    pub(super) fn check_graph(&mut self) {
        if self.states.iter().any(Option::is_none) {
            return;
        }
        let mut reached = vec![false; self.states.len()];
        let scopes = std::mem::take(&mut self.scopes);
        self.check_variables(&scopes);
        for scope in scopes {
            if scope.states.iter().any(|(id, ..)| self.is_terminal(*id)) {
                self.report_unreachable(&scope, &mut reached);
            } else {
                let span = scope.states.first().map_or(Span::default(), |(_, _, span)| *span);
                self.diagnostics.push(graph::no_terminal_state().at(String::new(), span));
            }
        }
    }

    fn is_terminal(&self, id: StateId) -> bool {
        let Some(Some(state)) = self.states.get(id.0 as usize) else { return false };
        match state.kind {
            StateKind::Choice(_) => false,
            StateKind::Succeed | StateKind::Fail(_) => true,
            _ => state.next == Transition::End,
        }
    }

    /// `reached` is shared: no transition leads out of a scope.
    fn report_unreachable(&mut self, scope: &ScopeRecord, reached: &mut [bool]) {
        let mut open = vec![scope.start];
        while let Some(id) = open.pop() {
            // A transition to nowhere is reported already.
            if let Some(seen) = reached.get_mut(id.0 as usize)
                && !std::mem::replace(seen, true)
            {
                self.targets(id, &mut open);
            }
        }
        for (id, node, span) in &scope.states {
            if !reached[id.0 as usize]
                && let Some(Some(state)) = self.states.get(id.0 as usize)
            {
                let finding = graph::unreachable(&state.name);
                if !self.is_full() {
                    self.diagnostics.push(finding.at(self.root.location(*node), *span));
                }
            }
        }
    }

    /// The states that one may lead to.
    fn targets(&self, id: StateId, out: &mut Vec<StateId>) {
        let Some(Some(state)) = self.states.get(id.0 as usize) else { return };
        if let Transition::Next(next) = state.next {
            out.push(next);
        }
        let recovery = match &state.kind {
            StateKind::Choice(choice) => {
                out.extend(choice.rules.iter().map(|rule| rule.next));
                out.extend(choice.default);
                return;
            }
            StateKind::Task(task) => &task.recovery,
            StateKind::Parallel(parallel) => &parallel.recovery,
            StateKind::Map(map) => &map.recovery,
            _ => return,
        };
        out.extend(recovery.catch.iter().map(|catcher| catcher.next));
    }
}
