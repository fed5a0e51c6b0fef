//! Choice rules.

use super::{Expression, QueryError, Scope};
use crate::value::Value;

/// When a choice rule matches.
#[derive(Clone, Debug)]
pub enum Condition {
    /// JSONPath `And`
    And(Vec<Condition>),
    /// JSONPath `Or`
    Or(Vec<Condition>),
    /// JSONPath `Not`
    Not(Box<Condition>),
    /// JSONPath `Variable` with a comparison operator
    Comparison(Comparison),
    /// JSONata `Condition`
    Expression(Expression),
    /// JSONata `Condition` given as `true` or `false`
    Constant(bool),
}

/// A data test expression (spec, "Choice rules"): `Variable` and its comparison.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// `Variable`
    pub variable: Expression,
    /// What to compare.
    pub operator: Operator,
    /// What to compare with.
    pub operand: Operand,
}

/// The right side of a comparison.
#[derive(Clone, Debug)]
pub enum Operand {
    /// A literal.
    Literal(Value),
    /// The `…Path` form.
    Path(Expression),
}

/// The comparison operators, without the `Path` of their path forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the specification's own words")]
pub enum Operator {
    StringEquals,
    StringLessThan,
    StringGreaterThan,
    StringLessThanEquals,
    StringGreaterThanEquals,
    StringMatches,
    NumericEquals,
    NumericLessThan,
    NumericGreaterThan,
    NumericLessThanEquals,
    NumericGreaterThanEquals,
    BooleanEquals,
    TimestampEquals,
    TimestampLessThan,
    TimestampGreaterThan,
    TimestampLessThanEquals,
    TimestampGreaterThanEquals,
    IsNull,
    IsPresent,
    IsNumeric,
    IsString,
    IsBoolean,
    IsTimestamp,
}

impl Operator {
    /// The operator of that name, and whether the name is that of its `…Path` form (`StringEqualsPath`).
    pub fn from_name(name: &str) -> Option<(Operator, bool)> {
        let (name, is_path) = name.strip_suffix("Path").map_or((name, false), |name| (name, true));
        let operator = match name {
            "StringEquals" => Operator::StringEquals,
            "StringLessThan" => Operator::StringLessThan,
            "StringGreaterThan" => Operator::StringGreaterThan,
            "StringLessThanEquals" => Operator::StringLessThanEquals,
            "StringGreaterThanEquals" => Operator::StringGreaterThanEquals,
            "StringMatches" => Operator::StringMatches,
            "NumericEquals" => Operator::NumericEquals,
            "NumericLessThan" => Operator::NumericLessThan,
            "NumericGreaterThan" => Operator::NumericGreaterThan,
            "NumericLessThanEquals" => Operator::NumericLessThanEquals,
            "NumericGreaterThanEquals" => Operator::NumericGreaterThanEquals,
            "BooleanEquals" => Operator::BooleanEquals,
            "TimestampEquals" => Operator::TimestampEquals,
            "TimestampLessThan" => Operator::TimestampLessThan,
            "TimestampGreaterThan" => Operator::TimestampGreaterThan,
            "TimestampLessThanEquals" => Operator::TimestampLessThanEquals,
            "TimestampGreaterThanEquals" => Operator::TimestampGreaterThanEquals,
            "IsNull" => Operator::IsNull,
            "IsPresent" => Operator::IsPresent,
            "IsNumeric" => Operator::IsNumeric,
            "IsString" => Operator::IsString,
            "IsBoolean" => Operator::IsBoolean,
            "IsTimestamp" => Operator::IsTimestamp,
            _ => return None,
        };
        (!is_path || operator.has_path_form()).then_some((operator, is_path))
    }

    /// Comparisons have a `…Path` form; type tests and `StringMatches` have none (spec, "Choice rules").
    fn has_path_form(self) -> bool {
        use Operator::*;
        !matches!(self, StringMatches | IsNull | IsPresent | IsNumeric | IsString | IsBoolean | IsTimestamp)
    }
}

impl Condition {
    /// Does the rule match?
    ///
    /// # Errors
    /// When an expression in it fails.
    pub fn matches(&self, scope: &Scope<'_>) -> Result<bool, QueryError> {
        match self {
            Condition::And(parts) => {
                for part in parts {
                    if !part.matches(scope)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Condition::Or(parts) => {
                for part in parts {
                    if part.matches(scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Condition::Not(part) => Ok(!part.matches(scope)?),
            Condition::Constant(value) => Ok(*value),
            Condition::Comparison(comparison) => comparison.matches(scope),
            Condition::Expression(expression) => Ok(expression.evaluate(scope)?.as_bool() == Some(true)),
        }
    }
}

impl Comparison {
    fn matches(&self, scope: &Scope<'_>) -> Result<bool, QueryError> {
        let left = self.variable.evaluate(scope)?;
        let right = match &self.operand {
            Operand::Literal(value) => value.clone(),
            Operand::Path(path) => path.evaluate(scope)?,
        };
        Ok(left == right)
    }
}
