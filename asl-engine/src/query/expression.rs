//! One expression of either query language, parsed once.

use super::{QueryError, Scope};
use crate::jsonpath::Path;
use crate::value::Value;

/// A compiled expression.
#[derive(Clone, Debug)]
pub enum Expression {
    /// A path into the input (`$.a`), the context object (`$$.a`) or a variable (`$name.a`).
    Path(Path),
}

/// Why a text is no expression: the position is a byte offset into the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub offset: usize,
}

impl Expression {
    /// Parses a JSONPath, context path, variable reference or intrinsic function call.
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn parse_jsonpath(text: &str) -> Result<Expression, ExpressionError> {
        Path::parse(text).map(Expression::Path)
    }

    /// Parses a JSONata expression, without its `{%` and `%}`.
    ///
    /// # Errors
    /// When the text is no JSONata expression.
    pub fn parse_jsonata(_text: &str) -> Result<Expression, ExpressionError> {
        Err(ExpressionError { message: "JSONata is not available in this build".into(), offset: 0 })
    }

    /// The text as written.
    pub fn source(&self) -> &str {
        match self {
            Expression::Path(path) => path.source(),
        }
    }

    /// The expression's value.
    ///
    /// # Errors
    /// When it has none: a path that matches nothing, a function that fails.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, QueryError> {
        match self {
            Expression::Path(path) => path.evaluate(scope),
        }
    }
}
