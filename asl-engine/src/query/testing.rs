//! What the tests of this layer need around an expression.

use super::{Environment, Scope};
use crate::time::Timestamp;
use crate::value::Value;
use std::cell::Cell;

/// An environment with a fixed context object and one variable, whose random sequence counts.
pub(crate) struct Fixed {
    context: Value,
    variable: (&'static str, Value),
    random: Cell<u64>,
}

impl Default for Fixed {
    fn default() -> Self {
        Fixed {
            context: json(r#"{"Execution":{"Name":"e1"},"StateMachine":{"Id":"arn:m","Name":"m"}}"#),
            variable: ("order", json(r#"{"id":7,"lines":[{"sku":"x"}]}"#)),
            random: Cell::new(0),
        }
    }
}

impl Environment for Fixed {
    fn context(&self) -> &Value {
        &self.context
    }
    fn variable(&self, name: &str) -> Option<&Value> {
        (name == self.variable.0).then_some(&self.variable.1)
    }
    fn now(&self) -> Timestamp {
        Timestamp::default()
    }
    fn random(&self) -> u64 {
        // An odd multiplier: all 64 bits change.
        self.random.set(self.random.get().wrapping_add(0x9E37_79B9_7F4A_7C15));
        self.random.get()
    }
}

pub(crate) fn json(text: &str) -> Value {
    Value::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Calls `run` with a scope in which `$` is `input`.
pub(crate) fn with_input<T>(input: &Value, run: impl FnOnce(&Scope<'_>) -> T) -> T {
    let environment = Fixed::default();
    run(&Scope { input, result: None, error_output: None, environment: &environment })
}
