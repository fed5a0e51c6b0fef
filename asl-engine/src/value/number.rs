//! Numbers that keep the spelling AWS keeps: `1.0` stays `1.0`, an integer of any length stays that integer.

use std::cmp::Ordering;
use std::sync::Arc;

/// A JSON number.
#[derive(Clone, Debug, PartialEq)]
pub enum Number {
    /// Written without fraction or exponent, and it fits.
    Int(i64),
    /// Written with a fraction or an exponent, or the result of an arithmetic that yields doubles. Always finite.
    Float(f64),
    /// An integer beyond 64 bits: its digits, as written. (Behind a thin pointer: a value stays three words.)
    Big(Arc<String>),
}

impl Number {
    /// A double as JavaScript would print it: without fraction where it has none (`3.0` becomes `3`).
    pub fn from_f64_shortest(value: f64) -> Number {
        // 2^53: up to here every integer is exactly a double.
        if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 {
            Number::Int(value as i64)
        } else {
            Number::from(value)
        }
    }

    /// The value as a double (rounded when it has more digits than a double holds).
    pub fn as_f64(&self) -> f64 {
        match self {
            Number::Int(value) => *value as f64,
            Number::Float(value) => *value,
            Number::Big(digits) => digits.parse().unwrap_or(f64::MAX),
        }
    }

    /// The integer, when it is written as one and fits in 64 bits.
    pub fn as_i64(&self) -> Option<i64> {
        if let Number::Int(value) = self { Some(*value) } else { None }
    }

    /// Numeric order, whatever the spelling.
    pub fn compare(&self, other: &Number) -> Ordering {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => a.cmp(b),
            _ => self.as_f64().partial_cmp(&other.as_f64()).unwrap_or(Ordering::Equal),
        }
    }

    pub(super) fn json_len(&self) -> usize {
        match self {
            Number::Int(value) => {
                let digits = value.unsigned_abs().checked_ilog10().map_or(1, |log| log as usize + 1);
                digits + usize::from(*value < 0)
            }
            Number::Float(_) => self.to_string().len(),
            Number::Big(digits) => digits.len(),
        }
    }
}

/// Prints the number as JSON.
impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Number::Int(value) => write!(f, "{value}"),
            Number::Float(value) => match serde_json::Number::from_f64(*value) {
                Some(number) => write!(f, "{number}"),
                None => f.write_str("null"),
            },
            Number::Big(digits) => f.write_str(digits.as_str()),
        }
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Number::Int(value)
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or_else(|_| Number::Big(Arc::new(value.to_string())), Number::Int)
    }
}

impl From<f64> for Number {
    /// JSON has no infinities: what is not finite becomes the largest double of its sign, and not-a-number becomes 0.
    fn from(value: f64) -> Self {
        Number::Float(if value.is_nan() { 0.0 } else { value.clamp(f64::MIN, f64::MAX) })
    }
}

impl From<&serde_json::Number> for Number {
    fn from(number: &serde_json::Number) -> Self {
        if let Some(value) = number.as_i64() {
            Number::Int(value)
        } else if let Some(value) = number.as_u64() {
            Number::from(value)
        } else {
            Number::from(number.as_f64().unwrap_or_default())
        }
    }
}

impl serde::Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Number::Int(value) => serializer.serialize_i64(*value),
            Number::Float(value) => serializer.serialize_f64(*value),
            // The journal's format has bytes, which no JSON value is.
            Number::Big(digits) if !serializer.is_human_readable() => serializer.serialize_bytes(digits.as_bytes()),
            Number::Big(digits) => match digits.parse::<u64>() {
                Ok(value) => serializer.serialize_u64(value),
                // Only serde_json can write digits as they are; any other format gets the nearest double.
                Err(_) => match serde_json::value::RawValue::from_string(digits.as_ref().clone()) {
                    Ok(raw) => raw.serialize(serializer),
                    Err(_) => serializer.serialize_f64(self.as_f64()),
                },
            },
        }
    }
}
