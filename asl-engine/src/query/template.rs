//! Payload templates (JSONPath) and JSONata templates: JSON with expressions at some places.

use super::{Expression, QueryError, Scope};
use crate::value::{Str, Value};

/// A compiled template. Parts without expressions are constants, shared by every result.
#[derive(Clone, Debug)]
pub enum Template {
    /// No expression below here.
    Constant(Value),
    /// An object with an expression somewhere in it; the `.$` of JSONPath member names is removed already.
    Object(Vec<(Str, Template)>),
    /// An array with an expression somewhere in it.
    Array(Vec<Template>),
    /// An expression.
    Expression(Expression),
}

impl Template {
    /// The value of the template. `field` is the name of the state's field that holds it (`Arguments`, `Output`);
    /// AWS tells it, with the path below it, when a JSONata expression fails.
    ///
    /// # Errors
    /// When an expression has no value.
    pub fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Result<Value, QueryError> {
        // Recursion over the definition, whose depth is bounded when it is read.
        match self {
            Template::Constant(value) => Ok(value.clone()),
            Template::Expression(expression) => expression.evaluate(scope),
            Template::Object(members) => members
                .iter()
                .map(|(name, member)| Ok((name.clone(), member.evaluate(scope, field)?)))
                .collect::<Result<crate::value::Object, QueryError>>()
                .map(Value::Object),
            Template::Array(items) => items.iter().map(|item| item.evaluate(scope, field)).collect(),
        }
    }
}
