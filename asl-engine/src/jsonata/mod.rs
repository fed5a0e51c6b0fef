//! JSONata 2: the query and transformation language, evaluated directly over the engine's shared values.
//!
//! The module knows nothing of states. It follows the reference implementation (npm `jsonata` 2): results, error codes
//! and error texts. What differs is deliberate:
//! - an evaluation is stopped by a deterministic [`Budget`], not by a clock;
//! - JSON has no infinities: a result that is or contains one is the error D1001;
//! - members of objects stay in the order they were made in (JavaScript moves names that are integers to the front);
//! - text is UTF-8: half a surrogate pair cannot be held and becomes U+FFFD.

mod ast;
mod error;
mod evaluate;
mod free_variables;
mod functions;
mod item;
mod lexer;
mod parser;
mod process;
mod references;
mod regex;
mod signature;
mod text;

pub use error::Error;
pub use functions::Dialect;
pub use references::{Reference, ReferenceKind};

use crate::value::{Str, Value};
use error::Fault;
use item::Item;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// What an expression sees besides its input: variables, the time and chance.
pub trait Bindings {
    /// The value of `$name`. A variable hides a built-in function of that name.
    fn variable(&self, name: &str) -> Option<Value>;
    /// The time of this evaluation in milliseconds since 1970: the same at every call.
    fn now_millis(&self) -> i64;
    /// The next 64 random bits.
    fn random(&self) -> u64;
}

/// How much an evaluation may do before it ends with the error U1001.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Steps: one for each node visited, item made or 16 bytes of text made, about 20 to 100 ns each.
    pub steps: u64,
    /// How deep evaluations may nest; calls in tail position do not. At most [`DEPTH_LIMIT`], which fits a stack of 2 MB.
    pub depth: usize,
}

/// The largest [`Budget::depth`].
pub const DEPTH_LIMIT: usize = 512;

impl Default for Budget {
    fn default() -> Self {
        Budget { steps: 10_000_000, depth: DEPTH_LIMIT }
    }
}

/// What an evaluation gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Nothing matched (JSONata's undefined).
    Undefined,
    /// A JSON value.
    Value(Value),
    /// A function, or a value that contains one: no JSON.
    Function,
}

impl Outcome {
    /// The JSON value, when there is one.
    pub fn into_value(self) -> Option<Value> {
        if let Outcome::Value(value) = self { Some(value) } else { None }
    }
}

/// A compiled expression. Cloning shares it.
#[derive(Clone)]
pub struct Expression {
    source: Str,
    dialect: Dialect,
    tree: Arc<ast::Node>,
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.source.as_str()).finish()
    }
}

impl Expression {
    /// Compiles an expression with the functions that the States Language has.
    ///
    /// # Errors
    /// When the text is no expression.
    pub fn parse(source: &str) -> Result<Expression, Error> {
        Expression::parse_with(source, Dialect::StatesLanguage)
    }

    /// Compiles an expression with the functions of a dialect.
    ///
    /// # Errors
    /// When the text is no expression.
    pub fn parse_with(source: &str, dialect: Dialect) -> Result<Expression, Error> {
        let tree =
            parser::parse(source).and_then(|raw| process::process(raw, dialect)).map_err(|fault| fault.into_error())?;
        Ok(Expression { source: source.into(), dialect, tree: Arc::new(tree) })
    }

    /// The text as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The variables that the expression reads and does not bind itself, `states` among them.
    pub fn free_variables(&self) -> BTreeSet<Str> {
        free_variables::free_variables(&self.tree)
    }

    /// What the expression reads that it cannot have in the States Language, or not everywhere.
    pub fn references(&self) -> Vec<Reference> {
        references::references(&self.tree)
    }

    /// The expression's value. Values that only pass through are shared with the input.
    ///
    /// # Errors
    /// When the expression fails, or exceeds its budget.
    pub fn evaluate(
        &self,
        input: Option<&Value>,
        environment: &dyn Bindings,
        budget: Budget,
    ) -> Result<Outcome, Error> {
        let mut evaluator = evaluate::Evaluator::new(input, environment, self.dialect, budget);
        let item = evaluator.run(&self.tree).map_err(|fault| fault.into_error())?;
        match item {
            Item::Undefined => Ok(Outcome::Undefined),
            Item::Json(value) => Ok(Outcome::Value(value)),
            item if item.has_function() => Ok(Outcome::Function),
            Item::Number(number) if number.is_nan() => Err(infinite()),
            item if item.has_infinity() => Err(infinite()),
            item => Ok(Outcome::Value(item.into_json())),
        }
    }

    fn node(&self) -> &ast::Node {
        &self.tree
    }
}

/// JSON has no such number.
fn infinite() -> Error {
    Fault::new("D1001").value(&Item::Json(Value::Null)).into_error()
}
