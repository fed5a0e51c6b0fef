//! The functions that may end a path: `$.items.length()`.

use crate::value::{Number, Object, Value};

/// A function of the value that the path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Length,
    Min,
    Max,
    Avg,
    Stddev,
    Sum,
    Keys,
    Concat,
    First,
    Last,
}

impl Function {
    pub(super) const NAMES: [&str; 10] =
        ["length", "min", "max", "avg", "stddev", "sum", "keys", "concat", "first", "last"];
    const ALL: [Function; 10] = [
        Function::Length,
        Function::Min,
        Function::Max,
        Function::Avg,
        Function::Stddev,
        Function::Sum,
        Function::Keys,
        Function::Concat,
        Function::First,
        Function::Last,
    ];

    pub(super) fn from_name(name: &str) -> Option<Function> {
        // `size` is another name of `length`.
        let name = if name == "size" { "length" } else { name };
        Self::NAMES.iter().position(|known| *known == name).map(|position| Self::ALL[position])
    }

    pub(super) fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The function's value; `None` when there are no numbers to aggregate or no item to pick.
    pub(super) fn apply(self, value: &Value) -> Option<Value> {
        match self {
            Function::Length => Some(match value {
                Value::Array(items) => count(items.len()),
                Value::Object(object) => count(object.len()),
                _ => Value::Null,
            }),
            Function::Keys => {
                let keys = value.as_object().map(Object::keys)?;
                Some(keys.cloned().map(Value::String).collect())
            }
            Function::Concat => {
                let texts = value.as_array()?.iter().filter_map(Value::as_str);
                Some(Value::String(texts.collect::<String>().into()))
            }
            Function::First => value.as_array()?.first().cloned(),
            Function::Last => value.as_array()?.last().cloned(),
            Function::Min | Function::Max | Function::Avg | Function::Stddev | Function::Sum => {
                let numbers: Vec<f64> = value.as_array()?.iter().filter_map(Value::as_f64).collect();
                self.aggregate(&numbers).map(|value| Value::Number(Number::from(value)))
            }
        }
    }

    /// Aggregations calculate with doubles and yield one.
    fn aggregate(self, numbers: &[f64]) -> Option<f64> {
        if numbers.is_empty() {
            return None;
        }
        let count = numbers.len() as f64;
        let sum: f64 = numbers.iter().sum();
        Some(match self {
            Function::Min => numbers.iter().copied().fold(f64::INFINITY, f64::min),
            Function::Max => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Function::Avg => sum / count,
            Function::Stddev => {
                let squares: f64 = numbers.iter().map(|number| number * number).sum();
                (squares / count - (sum / count).powi(2)).max(0.0).sqrt()
            }
            _ => sum,
        })
    }
}

fn count(len: usize) -> Value {
    Value::from(len as u64)
}
