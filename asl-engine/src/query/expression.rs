//! One expression of either query language, parsed once.

use super::{JsonataExpression, Location, QueryError, Scope};
use crate::intrinsic::Intrinsic;
use crate::jsonpath::Path;
use crate::value::{Str, Value};
use std::collections::BTreeSet;

/// A compiled expression.
#[derive(Clone, Debug)]
pub enum Expression {
    /// A path into the input (`$.a`), the context object (`$$.a`) or a variable (`$name.a`).
    Path(Path),
    /// An intrinsic function call (`States.Format('{}', $.a)`).
    Intrinsic(Intrinsic),
    /// A JSONata expression.
    Jsonata(JsonataExpression),
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
        if text.starts_with("States.") {
            Intrinsic::parse(text).map(Expression::Intrinsic)
        } else if text.starts_with('$') {
            Path::parse(text).map(Expression::Path)
        } else {
            let message = "a path (`$.name`) or an intrinsic function (`States.Format(…)`) is expected".into();
            Err(ExpressionError { message, offset: 0 })
        }
    }

    /// Parses a JSONata expression, without its `{%` and `%}`.
    ///
    /// # Errors
    /// When the text is no JSONata expression.
    pub fn parse_jsonata(text: &str) -> Result<Expression, ExpressionError> {
        let parsed = JsonataExpression::parse(text);
        parsed
            .map(Expression::Jsonata)
            .map_err(|error| ExpressionError { offset: error.position, message: error.message })
    }

    /// The names of the variables that the expression reads.
    pub fn variables(&self) -> BTreeSet<Str> {
        let read = |path: &Path| path.variable().map(Str::from);
        match self {
            Expression::Path(path) => read(path).into_iter().collect(),
            Expression::Intrinsic(call) => call.paths().filter_map(read).collect(),
            Expression::Jsonata(expression) => expression.variables().collect(),
        }
    }

    /// The text as written.
    pub fn source(&self) -> &str {
        match self {
            Expression::Path(path) => path.source(),
            Expression::Intrinsic(call) => call.source(),
            Expression::Jsonata(expression) => expression.source(),
        }
    }

    /// The path, when the expression is one.
    pub fn as_path(&self) -> Option<&Path> {
        if let Expression::Path(path) = self { Some(path) } else { None }
    }

    /// The expression's value. `location` is where it stands in its state.
    ///
    /// # Errors
    /// When it has none: a path that matches nothing (worded as for `InputPath` and `OutputPath`), a function that
    /// fails.
    pub fn evaluate(&self, scope: &Scope<'_>, location: &Location<'_>) -> Result<Value, QueryError> {
        match self {
            Expression::Path(path) => path.evaluate(scope),
            Expression::Intrinsic(call) => call.evaluate(scope),
            Expression::Jsonata(expression) => expression.evaluate(scope, location),
        }
    }

    /// The expression's value, or `None` when it is a path that matches nothing: for fields where AWS has its own
    /// words for that (`SecondsPath`), or where it is no error (`IsPresent`).
    ///
    /// # Errors
    /// When a function fails.
    pub fn find(&self, scope: &Scope<'_>, location: &Location<'_>) -> Result<Option<Value>, QueryError> {
        match self {
            Expression::Path(path) => Ok(path.find(scope)),
            Expression::Intrinsic(call) => call.evaluate(scope).map(Some),
            Expression::Jsonata(expression) => expression.evaluate(scope, location).map(Some),
        }
    }
}
