//! What the two query languages share: the scope an expression sees, and how it fails.

use crate::error::StatesError;
use crate::time::Timestamp;
use crate::value::Value;

/// The language a state's expressions are written in (spec, "QueryLanguage").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueryLanguage {
    /// Paths (`$.order.id`), payload templates (`"x.$"`) and intrinsic functions.
    #[default]
    JsonPath,
    /// Expressions between `{%` and `%}`.
    Jsonata,
}

/// What an expression can read.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// JSONPath's `$`: the value the field applies to. JSONata's `$states.input`: the state's input.
    pub input: &'a Value,
    /// JSONata's `$states.result`, where it is defined.
    pub result: Option<&'a Value>,
    /// JSONata's `$states.errorOutput`, where it is defined.
    pub error_output: Option<&'a Value>,
    /// Context object, variables, time and chance.
    pub environment: &'a dyn Environment,
}

/// What lies around a state: the context object, the variables, the time and chance of this turn.
pub trait Environment {
    /// The context object (`$$`, `$states.context`). Built on first use.
    fn context(&self) -> &Value;
    /// The value of a variable visible here.
    fn variable(&self, name: &str) -> Option<&Value>;
    /// The moment of this turn.
    fn now(&self) -> Timestamp;
    /// The next 64 bits of the execution's own random sequence.
    fn random(&self) -> u64;
}

/// Why an expression has no value: the error that the state fails with, and the place of the expression.
///
/// The cause is not prefixed yet with the state and event it happened at; the machine does that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// Name and cause.
    pub error: StatesError,
    /// The field, as AWS spells it in `EvaluationFailed` (`Output/FunctionResult`); JSONata only.
    pub location: Option<String>,
}

impl From<StatesError> for QueryError {
    fn from(error: StatesError) -> Self {
        QueryError { error, location: None }
    }
}

mod condition;
pub(crate) mod cursor;
mod expression;
pub(crate) mod java_text;
mod location;
mod states;
mod template;
#[cfg(test)]
pub(crate) mod testing;

pub use condition::{Comparison, Condition, Operand, Operator};
pub use expression::{Expression, ExpressionError};
pub use location::Location;
pub use states::JsonataExpression;
pub use template::Template;
