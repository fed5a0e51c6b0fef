//! Payload templates (JSONPath) and JSONata templates: JSON with expressions at some places.

use super::{Expression, QueryError, Scope};
use crate::error::{self, StatesError};
use crate::jsonpath::Path;
use crate::value::{Object, Str, Value};

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
    /// AWS tells it, with the path below it, when a JSONata expression fails. When a path fails, AWS tells the name of
    /// the nearest member.
    ///
    /// # Errors
    /// When an expression has no value.
    pub fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Result<Value, QueryError> {
        // Recursion over the definition, whose depth is bounded when it is read.
        match self {
            Template::Constant(value) => Ok(value.clone()),
            Template::Expression(Expression::Path(path)) => {
                path.find(scope).ok_or_else(|| not_found(path, scope, field).into())
            }
            Template::Expression(expression) => expression.evaluate(scope),
            Template::Object(members) => members
                .iter()
                .map(|(name, member)| Ok((name.clone(), member.evaluate(scope, name)?)))
                .collect::<Result<Object, QueryError>>()
                .map(Value::Object),
            Template::Array(items) => items.iter().map(|item| item.evaluate(scope, field)).collect(),
        }
    }

    /// Has the template the same value in every scope?
    pub fn is_constant(&self) -> bool {
        matches!(self, Template::Constant(_))
    }
}

fn not_found(path: &Path, scope: &Scope<'_>, member: &str) -> StatesError {
    if path.reads_input() && scope.input.is_null() {
        return error::null_input();
    }
    error::template_path_not_found(path.source(), member, path.root_value(scope).unwrap_or(&Value::Null))
}
