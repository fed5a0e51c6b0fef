//! Paths: Reference Paths (read and write) and general paths in AWS's dialect.

mod reference;

pub use reference::ReferencePath;

use crate::error::StatesError;
use crate::query::{ExpressionError, QueryError, Scope};
use crate::value::{Str, Value};
use reference::Step;

/// A path to read: into the input (`$.a`), the context object (`$$.a`) or a variable (`$name.a`).
#[derive(Clone, Debug)]
pub struct Path {
    source: Str,
    root: Root,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Root {
    Input,
    Context,
    Variable(Str),
}

impl Path {
    /// Parses a path.
    ///
    /// # Errors
    /// When the text is no path of AWS's dialect.
    pub fn parse(text: &str) -> Result<Path, ExpressionError> {
        let error = |message: &str, offset| ExpressionError { message: message.into(), offset };
        let (root, rest) = if let Some(rest) = text.strip_prefix("$$") {
            (Root::Context, rest)
        } else if let Some(rest) = text.strip_prefix('$') {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 { (Root::Input, rest) } else { (Root::Variable(rest[..end].into()), &rest[end..]) }
        } else {
            return Err(error("a path begins with `$`", 0));
        };
        let steps = reference::parse_steps(rest, text.len() - rest.len())?;
        Ok(Path { source: text.into(), root, steps })
    }

    /// The path as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The value at the path.
    ///
    /// # Errors
    /// When a definite path matches nothing.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, QueryError> {
        let root = match &self.root {
            Root::Input => Some(scope.input),
            Root::Context => Some(scope.environment.context()),
            Root::Variable(name) => scope.environment.variable(name),
        };
        root.and_then(|root| reference::walk(root, &self.steps))
            .cloned()
            .ok_or_else(|| StatesError::runtime(format!("Invalid path '{}'", self.source)).into())
    }
}
