//! Payload templates (JSONPath) and JSONata templates: JSON with expressions at some places.

use super::{Expression, Location, QueryError, Scope};
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
    /// The value of the template. `location` is where it stands in its state (`Arguments`, `Output`): AWS tells it, with
    /// the path below it, when a JSONata expression fails. When a path fails, AWS tells the name of the nearest member.
    ///
    /// # Errors
    /// When an expression has no value.
    pub fn evaluate(&self, scope: &Scope<'_>, location: &Location<'_>) -> Result<Value, QueryError> {
        // Recursion over the definition, whose depth is bounded when it is read.
        match self {
            Template::Constant(value) => Ok(value.clone()),
            Template::Expression(Expression::Path(path)) => {
                path.find(scope).ok_or_else(|| not_found(path, scope, location.nearest_member()).into())
            }
            Template::Expression(expression) => expression.evaluate(scope, location),
            Template::Object(members) => members
                .iter()
                .map(|(name, member)| Ok((name.clone(), member.evaluate(scope, &location.member(name))?)))
                .collect::<Result<Object, QueryError>>()
                .map(Value::Object),
            Template::Array(items) => {
                items.iter().enumerate().map(|(index, item)| item.evaluate(scope, &location.item(index))).collect()
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::testing::{json, with_input};

    /// A template as the definition's compiler makes it.
    fn compile(value: &Value) -> Template {
        match value {
            Value::Object(object) => Template::Object(
                object
                    .iter()
                    .map(|(name, member)| match (name.strip_suffix(".$"), member) {
                        (Some(name), Value::String(text)) => {
                            (name.into(), Template::Expression(Expression::parse_jsonpath(text).unwrap()))
                        }
                        _ => (name.clone(), compile(member)),
                    })
                    .collect(),
            ),
            Value::Array(items) => Template::Array(items.iter().map(compile).collect()),
            scalar => Template::Constant(scalar.clone()),
        }
    }

    fn evaluate(template: &str, input: &str) -> Result<String, StatesError> {
        let (template, input) = (compile(&json(template)), json(input));
        with_input(&input, |scope| template.evaluate(scope, &Location::field("Parameters")))
            .map(|value| value.to_json())
            .map_err(|error| error.error)
    }

    #[test]
    fn members_with_paths_and_calls_are_replaced() {
        let template = r#"{"flagged":true,"parts":[{"first.$":"$.vals[0]","last3.$":"$.vals[3:]"}],"name.$":"$$.Execution.Name",
            "id.$":"$order.id","text.$":"States.Format('{}', $.flagged)","none.$":"$.none[*]","all.$":"$"}"#;
        let input = r#"{"flagged":7,"vals":[0,10,20,30,40,50]}"#;
        assert_eq!(
            evaluate(template, input).unwrap(),
            r#"{"flagged":true,"parts":[{"first":0,"last3":[30,40,50]}],"name":"e1","id":7,"text":"7","none":[],"all":{"flagged":7,"vals":[0,10,20,30,40,50]}}"#
        );
    }

    #[test]
    fn a_path_that_matches_nothing_is_told_with_its_member() {
        for (template, input, cause) in [
            (
                r#"{"address.$":"$.application.address"}"#,
                r#"{"flagged":false}"#,
                "The JSONPath '$.application.address' specified for the field 'address.$' could not be found in the input '{\"flagged\":false}'",
            ),
            (
                r#"{"a":{"b":[{"c.$":"$$.Nope"}]}}"#,
                "{}",
                "The JSONPath '$$.Nope' specified for the field 'c.$' could not be found in the input '{\"Execution\":{\"Name\":\"e1\"},\"StateMachine\":{\"Id\":\"arn:m\",\"Name\":\"m\"}}'",
            ),
            (r#"{"a.$":"$.b"}"#, "null", "Unable to apply Path transformation to null or empty input."),
        ] {
            assert_eq!(evaluate(template, input), Err(StatesError::runtime(cause)));
        }
    }
}
