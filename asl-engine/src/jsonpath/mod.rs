//! Paths: Reference Paths (read and write) and general paths in AWS's dialect.
//!
//! AWS evaluates paths as the Jayway library does, so this module does too, where it differs from RFC 9535: a definite
//! path that matches nothing is an error while an indefinite one yields an empty list, `['a','b']` yields one merged
//! object, a filter applies to an object itself, and `2 == '2'`.

mod evaluate;
mod filter;
mod function;
mod parse;
mod reference;
mod step;
#[cfg(test)]
mod tests;

pub use reference::ReferencePath;

use crate::error::{self, StatesError};
use crate::query::{ExpressionError, QueryError, Scope};
use crate::value::{Str, Value};
use step::Step;

/// A path to read: into the input (`$.a`), the context object (`$$.a`) or a variable (`$name.a`).
#[derive(Clone, Debug)]
pub struct Path {
    source: Str,
    root: Root,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
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
            if end == 0 { (Root::Input, rest) } else { (Root::Variable(variable_name(&rest[..end])?), &rest[end..]) }
        } else {
            return Err(error("a path begins with `$`", 0));
        };
        let steps = parse::steps(text, text.len() - rest.len())?;
        Ok(Path { source: text.into(), root, steps })
    }

    /// The path as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The path as it applies to its own root: `$.a` for `$$.a`. AWS writes context paths so in some causes.
    pub fn within_root(&self) -> &str {
        if self.root == Root::Context { &self.source[1..] } else { &self.source }
    }

    /// Does the path read the state's input (and not the context object or a variable)?
    pub fn reads_input(&self) -> bool {
        self.root == Root::Input
    }

    /// The name of the variable that the path reads, when it reads one.
    pub fn variable(&self) -> Option<&str> {
        if let Root::Variable(name) = &self.root { Some(name) } else { None }
    }

    /// Can the path match at most one node? Such a path yields that node; any other yields a list.
    pub fn is_definite(&self) -> bool {
        step::are_definite(&self.steps)
    }

    /// Does the path have names and indexes only? Then it is a Reference Path, or would be one if its root were the input.
    pub fn is_reference(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Step::Member(_) | Step::Index(_)))
    }

    /// The value at the path; `None` when it is definite and matches nothing.
    pub fn find(&self, scope: &Scope<'_>) -> Option<Value> {
        evaluate::find(self.root_value(scope)?, &self.steps).ok()
    }

    /// The value at the path, for a field of a state that is a path (`InputPath`, `OutputPath`).
    ///
    /// # Errors
    /// `States.Runtime` with `Invalid path '…' : …` when a definite path matches nothing. Where AWS words a miss in
    /// another way, use [`Path::find`].
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, QueryError> {
        let found = match self.root_value(scope) {
            Some(Value::Null) if self.reads_input() && !self.steps.is_empty() => return Err(error::null_input().into()),
            Some(root) => evaluate::find(root, &self.steps),
            None => Err(error::no_results(&step::canonical(&self.steps))),
        };
        found.map_err(|reason| StatesError::runtime(error::invalid_path(&self.source, &reason)).into())
    }

    /// The value at the path, for a field that takes a Reference Path (`ItemsPath`).
    ///
    /// # Errors
    /// `States.ReferencePathConflict` when the path matches nothing.
    pub fn evaluate_reference(&self, scope: &Scope<'_>) -> Result<Value, QueryError> {
        let root = self.root_value(scope).unwrap_or(&Value::Null);
        evaluate::find(root, &self.steps).map_err(|_| {
            let conflict = match evaluate::failing_step(root, &self.steps) {
                Some(step) => error::reference_step_conflict(&step, root),
                None => error::reference_path_conflict(self.within_root(), root),
            };
            conflict.into()
        })
    }

    /// The document that the path applies to.
    pub(crate) fn root_value<'a>(&self, scope: &Scope<'a>) -> Option<&'a Value> {
        match &self.root {
            Root::Input => Some(scope.input),
            Root::Context => Some(scope.environment.context()),
            Root::Variable(name) => scope.environment.variable(name),
        }
    }
}

/// A variable's name: letters, digits and `_`, not beginning with a digit (Developer Guide, "Variable name syntax").
fn variable_name(text: &str) -> Result<Str, ExpressionError> {
    let mut chars = text.chars();
    let begins = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if begins && chars.all(|c| c.is_alphanumeric() || c == '_') {
        Ok(text.into())
    } else {
        Err(ExpressionError { message: format!("`{text}` is no variable name, and `.` or `[` is expected"), offset: 1 })
    }
}
