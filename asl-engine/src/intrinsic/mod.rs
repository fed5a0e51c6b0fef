//! Intrinsic functions: `States.Format('{}', $.name)` (spec, appendix B; Developer Guide, *Intrinsic functions*).

mod array;
mod encoding;
mod json;
mod math;
mod parse;
mod string;
#[cfg(test)]
mod tests;
mod unique;

pub(crate) use unique::format_uuid;

use crate::error;
use crate::jsonpath::Path;
use crate::query::{ExpressionError, QueryError, Scope};
use crate::value::{Number, Str, Value};
use std::ops::RangeInclusive;

/// A call of an intrinsic function, with the calls nested in it.
#[derive(Clone, Debug)]
pub struct Intrinsic {
    source: Str,
    call: Call,
}

#[derive(Clone, Debug)]
struct Call {
    function: &'static Function,
    arguments: Vec<Argument>,
}

#[derive(Clone, Debug)]
enum Argument {
    Literal(Value),
    /// The literal template of `States.Format`: the texts between its places.
    Template(Vec<Str>),
    Path(Path),
    Call(Call),
}

/// What is known of a function.
#[derive(Debug)]
struct Function {
    name: &'static str,
    /// How many arguments it takes.
    arity: RangeInclusive<usize>,
    apply: Apply,
}

/// `None` as result: the function cannot take these arguments. AWS says no more than that.
#[derive(Debug)]
enum Apply {
    Pure(fn(&[Value]) -> Option<Value>),
    /// With the execution's random sequence.
    Random(fn(&[Value], &dyn Fn() -> u64) -> Option<Value>),
    /// `States.Format`, whose first argument is a template.
    Format,
}

const ANY: usize = usize::MAX;

static FUNCTIONS: [Function; 18] = [
    Function { name: "States.Format", arity: 1..=ANY, apply: Apply::Format },
    Function { name: "States.StringSplit", arity: 2..=2, apply: Apply::Pure(string::split) },
    Function { name: "States.StringToJson", arity: 1..=1, apply: Apply::Pure(json::string_to_json) },
    Function { name: "States.JsonToString", arity: 1..=1, apply: Apply::Pure(json::json_to_string) },
    Function { name: "States.JsonMerge", arity: 3..=3, apply: Apply::Pure(json::merge) },
    Function { name: "States.Array", arity: 0..=ANY, apply: Apply::Pure(array::array) },
    Function { name: "States.ArrayPartition", arity: 2..=2, apply: Apply::Pure(array::partition) },
    Function { name: "States.ArrayContains", arity: 2..=2, apply: Apply::Pure(array::contains) },
    Function { name: "States.ArrayRange", arity: 3..=3, apply: Apply::Pure(array::range) },
    Function { name: "States.ArrayGetItem", arity: 2..=2, apply: Apply::Pure(array::get_item) },
    Function { name: "States.ArrayLength", arity: 1..=1, apply: Apply::Pure(array::length) },
    Function { name: "States.ArrayUnique", arity: 1..=1, apply: Apply::Pure(array::unique) },
    Function { name: "States.Base64Encode", arity: 1..=1, apply: Apply::Pure(encoding::base64_encode) },
    Function { name: "States.Base64Decode", arity: 1..=1, apply: Apply::Pure(encoding::base64_decode) },
    Function { name: "States.Hash", arity: 2..=2, apply: Apply::Pure(encoding::hash) },
    Function { name: "States.MathRandom", arity: 2..=3, apply: Apply::Random(math::random) },
    Function { name: "States.MathAdd", arity: 2..=2, apply: Apply::Pure(math::add) },
    Function { name: "States.UUID", arity: 0..=0, apply: Apply::Random(unique::uuid) },
];

impl Intrinsic {
    /// Parses a call; the number of arguments is checked here.
    ///
    /// # Errors
    /// When the text is no call of a known function, or calls nest deeper than
    /// [`crate::limits::INTRINSIC_DEPTH_MAX`].
    pub fn parse(text: &str) -> Result<Intrinsic, ExpressionError> {
        Ok(Intrinsic { source: text.into(), call: parse::call(text)? })
    }

    /// The call as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The paths among the arguments, those of nested calls included.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let mut calls = vec![&self.call];
        let mut paths = Vec::new();
        while let Some(call) = calls.pop() {
            for argument in &call.arguments {
                match argument {
                    Argument::Path(path) => paths.push(path),
                    Argument::Call(call) => calls.push(call),
                    Argument::Literal(_) | Argument::Template(_) => {}
                }
            }
        }
        paths.into_iter()
    }

    /// The value of the call.
    ///
    /// # Errors
    /// When a path among the arguments matches nothing, or the function cannot take the arguments.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, QueryError> {
        self.call.evaluate(scope).map_err(|reason| error::intrinsic_failure(&self.source, &reason).into())
    }
}

impl Call {
    // The depth of the recursion is that of the call's text: at most limits::INTRINSIC_DEPTH_MAX.
    fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, String> {
        let (template, arguments) = match self.arguments.split_first() {
            Some((Argument::Template(texts), rest)) => (Some(texts), rest),
            _ => (None, &self.arguments[..]),
        };
        let arguments =
            arguments.iter().map(|argument| argument.evaluate(scope)).collect::<Result<Vec<Value>, String>>()?;
        let result = match self.function.apply {
            Apply::Pure(apply) => apply(&arguments),
            Apply::Random(apply) => apply(&arguments, &|| scope.environment.random()),
            Apply::Format => return string::format(template.map(Vec::as_slice), &arguments),
        };
        result.ok_or_else(|| error::invalid_arguments(self.function.name))
    }
}

impl Argument {
    fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, String> {
        match self {
            Argument::Literal(value) => Ok(value.clone()),
            Argument::Template(texts) => Ok(Value::String(texts.join("{}").into())),
            Argument::Call(call) => call.evaluate(scope),
            Argument::Path(path) => path.find(scope).ok_or_else(|| {
                error::argument_not_found(path.source(), path.root_value(scope).unwrap_or(&Value::Null))
            }),
        }
    }
}

/// A number as an integer; a fraction is rounded to the nearest one (Developer Guide), halves upwards.
fn whole(value: &Value) -> Option<i64> {
    match value.as_number()? {
        Number::Int(value) => Some(*value),
        Number::Float(value) if value.abs() < 9e15 => Some((value + 0.5).floor() as i64),
        _ => None,
    }
}
