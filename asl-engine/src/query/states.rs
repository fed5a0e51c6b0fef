//! JSONata as the States Language has it: no input document, but the reserved variable `$states`.

use super::{Location, QueryError, Scope};
use crate::error;
use crate::jsonata::{self, Bindings, Budget, Outcome};
use crate::value::{Object, Str, Value};
use std::cell::OnceCell;

/// A JSONata expression of a state.
#[derive(Clone, Debug)]
pub struct JsonataExpression {
    expression: jsonata::Expression,
    /// May it read `$states.context`? Building the context object is worth avoiding.
    reads_context: bool,
}

impl JsonataExpression {
    pub(super) fn parse(text: &str) -> Result<Self, jsonata::Error> {
        Ok(JsonataExpression { expression: jsonata::Expression::parse(text)?, reads_context: may_read_context(text) })
    }

    /// The text as written, without `{%` and `%}`.
    pub fn source(&self) -> &str {
        self.expression.source().trim()
    }

    /// The variables that the expression reads.
    pub(super) fn variables(&self) -> impl Iterator<Item = Str> {
        self.expression.free_variables().into_iter().filter(|name| name != "states")
    }

    /// What it reads that it cannot have, or not everywhere.
    pub(crate) fn references(&self) -> Vec<jsonata::Reference> {
        self.expression.references()
    }

    /// The expression's value, which must be one that JSON has.
    pub(super) fn evaluate(&self, scope: &Scope<'_>, location: &Location<'_>) -> Result<Value, QueryError> {
        let bindings = StatesBindings { scope, reads_context: self.reads_context, states: OnceCell::new() };
        let failed = |error| QueryError { error, location: Some(location.to_string()) };
        match self.expression.evaluate(None, &bindings, Budget::default()) {
            Ok(Outcome::Value(value)) => Ok(value),
            Ok(Outcome::Undefined) => Err(failed(error::jsonata_undefined(self.source(), location))),
            Ok(Outcome::Function) => Err(failed(error::jsonata_unsupported_result(self.source(), location))),
            Err(reason) => Err(failed(error::jsonata_failed(self.source(), location, &reason))),
        }
    }
}

/// Does the text mention `context`, or take `$states` as a whole? (Saying yes too often costs time, never correctness.)
fn may_read_context(text: &str) -> bool {
    text.contains("context")
        || text.match_indices("$states").any(|(at, name)| {
            let rest = text[at + name.len()..].trim_start();
            !["input", "result", "errorOutput"]
                .iter()
                .any(|member| rest.strip_prefix('.').is_some_and(|rest| rest.trim_start().starts_with(member)))
        })
}

struct StatesBindings<'a> {
    scope: &'a Scope<'a>,
    reads_context: bool,
    states: OnceCell<Value>,
}

impl StatesBindings<'_> {
    /// `$states` (Developer Guide, *Reserved variable: $states*).
    fn states(&self) -> Value {
        let mut states = Object::default();
        states.insert("input", self.scope.input.clone());
        if self.reads_context {
            states.insert("context", self.scope.environment.context().clone());
        }
        for (name, value) in [("result", self.scope.result), ("errorOutput", self.scope.error_output)] {
            if let Some(value) = value {
                states.insert(name, value.clone());
            }
        }
        Value::Object(states)
    }
}

impl Bindings for StatesBindings<'_> {
    fn variable(&self, name: &str) -> Option<Value> {
        match name {
            "states" => Some(self.states.get_or_init(|| self.states()).clone()),
            _ => self.scope.environment.variable(name).cloned(),
        }
    }

    fn now_millis(&self) -> i64 {
        self.scope.environment.now().as_millis()
    }

    fn random(&self) -> u64 {
        self.scope.environment.random()
    }
}

#[cfg(test)]
mod tests {
    use super::may_read_context;

    #[test]
    fn the_context_is_built_only_when_it_may_be_read() {
        for (text, reads) in [
            ("$states.input.a + $states.result.b", false),
            ("$order.id", false),
            ("$states . input", false),
            ("$states", true),
            ("$states.context.Execution.Id", true),
            ("$lookup($states, 'con' & 'text')", true),
        ] {
            assert_eq!(may_read_context(text), reads, "{text}");
        }
    }
}
