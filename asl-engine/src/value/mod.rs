//! JSON values as the machine holds them: immutable, shared, cheap to clone.
//!
//! A payload that only passes through a state is never copied: [`Array`] and [`Object`] are reference-counted, and
//! changing one copies only the container that changes (copy on write). Each container remembers its serialised length
//! and its depth once they were asked for, so that checking a payload limit at every state costs nothing for the parts
//! that did not change.

mod container;
mod members;
mod number;
mod parse;

pub use container::{Array, Object};
pub use number::Number;
pub use parse::JsonError;

use std::fmt;

/// Text: inline up to 23 bytes, reference-counted above. Cloning never copies more than 24 bytes.
pub type Str = smol_str::SmolStr;

/// A JSON value.
///
/// Equality is that of JSON trees: same shape, same text, same numbers with the same spelling class (`1` and `1.0` are
/// different values; compare numerically with [`Number::compare`]). Objects are equal whatever the order of their keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Str),
    /// An array.
    Array(Array),
    /// An object; its keys keep their order.
    Object(Object),
}

// A value is three words: it is moved and cloned on every transition.
const _: () = assert!(size_of::<Value>() == 24);

impl Value {
    /// Parses JSON text.
    ///
    /// # Errors
    /// When the text is not one JSON value, or nests deeper than [`crate::limits::VALUE_DEPTH_MAX`].
    pub fn parse(text: &str) -> Result<Value, JsonError> {
        parse::parse(text)
    }

    /// An empty object, the default input of an execution.
    pub fn empty_object() -> Value {
        Value::Object(Object::default())
    }

    /// The value at a member name, when this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_object()?.get(name)
    }

    /// The object, when this is one.
    pub fn as_object(&self) -> Option<&Object> {
        if let Value::Object(object) = self { Some(object) } else { None }
    }

    /// The array, when this is one.
    pub fn as_array(&self) -> Option<&Array> {
        if let Value::Array(array) = self { Some(array) } else { None }
    }

    /// The text, when this is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = self { Some(text) } else { None }
    }

    /// The truth value, when this is a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(value) = self { Some(*value) } else { None }
    }

    /// The number, when this is one.
    pub fn as_number(&self) -> Option<&Number> {
        if let Value::Number(number) = self { Some(number) } else { None }
    }

    /// The integer, when this is a number written without fraction that fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }

    /// The number as a double, when this is a number.
    pub fn as_f64(&self) -> Option<f64> {
        self.as_number().map(Number::as_f64)
    }

    /// Is this `null`?
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The length in bytes of the compact JSON text of this value. Remembered by containers: O(what changed).
    pub fn json_len(&self) -> usize {
        self.measure().bytes
    }

    /// How deep arrays and objects nest: 0 for a scalar, 1 for `{}`.
    pub fn depth(&self) -> usize {
        self.measure().depth
    }

    fn measure(&self) -> container::Measure {
        let bytes = match self {
            Value::Null => 4,
            Value::Bool(true) => 4,
            Value::Bool(false) => 5,
            Value::Number(number) => number.json_len(),
            Value::String(text) => string_json_len(text),
            Value::Array(array) => return array.measure(),
            Value::Object(object) => return object.measure(),
        };
        container::Measure { bytes, depth: 0 }
    }

    /// The compact JSON text of this value.
    pub fn to_json(&self) -> String {
        let mut out = Vec::with_capacity(64);
        // Writing into memory cannot fail, and a value has no non-string keys.
        serde_json::to_writer(&mut out, self).unwrap_or_default();
        String::from_utf8(out).unwrap_or_default()
    }

    /// The JSON type's name as AWS writes it in causes: `null`, `boolean`, `number`, `string`, `array`, `object`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        }
    }
}

/// The length of a string as JSON text, quotes and escapes included, as `serde_json` writes it.
fn string_json_len(text: &str) -> usize {
    let escapes: usize = text
        .bytes()
        .map(|b| match b {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
            0..=0x1f => 5,
            _ => 0,
        })
        .sum();
    text.len() + 2 + escapes
}

/// Prints the compact JSON text.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

impl serde::Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(number) => number.serialize(serializer),
            Value::String(text) => serializer.serialize_str(text),
            Value::Array(array) => array.serialize(serializer),
            Value::Object(object) => object.serialize(serializer),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(parse::ValueVisitor)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}
impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Number(Number::from(value))
    }
}
impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Value::Number(Number::from(value))
    }
}
impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Value::Number(Number::from(i64::from(value)))
    }
}
impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Value::Number(Number::from(i64::from(value)))
    }
}
impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Value::Number(Number::from(value as u64))
    }
}
impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::Number(Number::from(value))
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::String(value.into())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::String(value.into())
    }
}
impl From<Str> for Value {
    fn from(value: Str) -> Self {
        Value::String(value)
    }
}
impl From<Number> for Value {
    fn from(value: Number) -> Self {
        Value::Number(value)
    }
}
impl From<Array> for Value {
    fn from(value: Array) -> Self {
        Value::Array(value)
    }
}
impl From<Object> for Value {
    fn from(value: Object) -> Self {
        Value::Object(value)
    }
}
impl From<Vec<Value>> for Value {
    fn from(value: Vec<Value>) -> Self {
        Value::Array(value.into())
    }
}
impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        Value::Array(items.into_iter().collect())
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match value {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(value),
            Json::Number(number) => Value::Number(Number::from(&number)),
            Json::String(text) => Value::String(text.into()),
            Json::Array(items) => items.into_iter().map(Value::from).collect(),
            Json::Object(members) => {
                Value::Object(members.into_iter().map(|(name, item)| (Str::from(name), Value::from(item))).collect())
            }
        }
    }
}

/// Builds an object [`Value`] from `name => value` pairs, in that order.
///
/// ```
/// let value = asl_engine::object! { "Error" => "States.Timeout", "Attempts" => 3 };
/// assert_eq!(value.to_json(), r#"{"Error":"States.Timeout","Attempts":3}"#);
/// ```
#[macro_export]
macro_rules! object {
    ($($name:expr => $value:expr),* $(,)?) => {
        $crate::value::Value::Object(
            [$(($crate::value::Str::from($name), $crate::value::Value::from($value))),*].into_iter().collect::<$crate::value::Object>(),
        )
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Value {
        Value::parse(text).unwrap()
    }

    #[test]
    fn text_survives_a_round_trip() {
        for text in [
            "null",
            "true",
            "-0.5",
            "1.0",
            "0.0",
            "3.3",
            "9007199254740993",
            "18446744073709551615",
            r#""a\"b\n\u0001é""#,
            r#"{"b":1,"a":[{},[],{"x":null}]}"#,
            "-9223372036854775808",
            "-9223372036854775809",
            "123456789012345678901234567890",
        ] {
            let value = parse(text);
            assert_eq!(value.to_json(), text);
            assert_eq!(value.json_len(), text.len(), "{text}");
        }
    }

    #[test]
    fn changing_a_container_forgets_its_measure() {
        let value = parse(r#"{"a":[1,2]}"#);
        assert_eq!((value.json_len(), value.depth()), (11, 2));
        let Value::Object(mut object) = value.clone() else { unreachable!() };
        object.insert("b", parse("[[[]]]"));
        let changed = Value::Object(object);
        assert_eq!((changed.json_len(), changed.depth()), (22, 4));
        assert_eq!((value.json_len(), value.depth()), (11, 2));
    }

    #[test]
    fn what_is_written_otherwise_than_we_write_it() {
        for (text, json) in [
            (" [ 1 , 2 ]\r\n", "[1,2]"),
            (r#" { "a" : { } , "b":[ ] } "#, r#"{"a":{},"b":[]}"#),
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
            (r#""\u00e9\/\ud83d\ude00\b\f\n\r\t\\\"""#, r#""é/😀\b\f\n\r\t\\\"""#),
            ("-0", "0"),
            ("1E2", "100.0"),
            ("1.50", "1.5"),
            ("1e-2", "0.01"),
        ] {
            assert_eq!(parse(text).to_json(), json, "{text}");
        }
    }

    #[test]
    fn too_deep_or_broken_text_is_refused_with_the_place() {
        assert!(Value::parse(&"[".repeat(100_000)).is_err());
        assert_eq!(parse(&format!("{}{}", "[".repeat(512), "]".repeat(512))).depth(), 512);
        for (text, message) in [
            ("", "the text ends before its value does at line 1, column 1"),
            ("{} {}", "more text after the end of the value at line 1, column 4"),
            ("[1,\n 2", "the text ends before its value does at line 2, column 3"),
            ("{", "the text ends before its value does at line 1, column 2"),
            (r#"{"a":1,"#, "the text ends before its value does at line 1, column 8"),
            ("[1,]", "a JSON value is expected here at line 1, column 4"),
            ("[1 2]", "`,` or `]` is expected here at line 1, column 4"),
            (r#"{a:1}"#, "a member's name, in double quotes, is expected here at line 1, column 2"),
            (r#"{"a" 1}"#, "`:` is expected here at line 1, column 6"),
            (r#""a"#, "a string is never closed at line 1, column 3"),
            ("\"a\nb\"", "a control character in a string must be escaped at line 1, column 3"),
            (r#""\x""#, "an escape sequence is not valid at line 1, column 2"),
            (r#""\u12g4""#, "an escape sequence is not valid at line 1, column 2"),
            (r#""\ud83d""#, "an escape sequence is half of a surrogate pair at line 1, column 8"),
            (r#""\ude00""#, "an escape sequence is half of a surrogate pair at line 1, column 8"),
            ("01", "a number must not begin with 0 at line 1, column 3"),
            ("-", "a digit is expected here at line 1, column 2"),
            ("1.", "a digit is expected here at line 1, column 3"),
            ("1e400", "a number is too large for a double at line 1, column 6"),
            ("nul", "a JSON value is expected here at line 1, column 1"),
            ("NaN", "a JSON value is expected here at line 1, column 1"),
        ] {
            assert_eq!(Value::parse(text).unwrap_err().to_string(), message, "{text}");
        }
    }
}
