//! Values as the Java program behind AWS prints and orders them.
//!
//! It holds JSON as maps, lists, strings, integers, doubles and booleans, and where a text is asked for it takes what
//! Java's `toString` gives: recorded for `States.Format` (`{Arg1=1, Arg2=[]}`).

use crate::value::{Number, Value};
use std::cmp::Ordering;
use std::fmt::Write;

/// What `String.valueOf` gives.
pub(crate) fn print(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

// Recursion over a value, whose depth is bounded by limits::VALUE_DEPTH_MAX.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => out.push_str(text),
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                out.push_str(if position > 0 { ", " } else { "" });
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            for (position, (name, member)) in object.iter().enumerate() {
                out.push_str(if position > 0 { ", " } else { "" });
                out.push_str(name);
                out.push('=');
                write(member, out);
            }
            out.push('}');
        }
    }
}

/// `Double.toString`: plain between 10^-3 and 10^7, else `1.0E10`; always with a digit after the point.
fn write_number(number: &Number, out: &mut String) {
    let _ = match number {
        Number::Float(value) if *value != 0.0 && !(1e-3..1e7).contains(&value.abs()) => {
            let text = format!("{value:E}");
            match text.split_once('E') {
                Some((digits, exponent)) if !digits.contains('.') => write!(out, "{digits}.0E{exponent}"),
                _ => out.write_str(&text),
            }
        }
        Number::Float(value) => write!(out, "{value:?}"),
        Number::Int(_) | Number::Big(_) => write!(out, "{number}"),
    };
}

/// The class that holds a value.
pub(crate) fn class(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "java.lang.Boolean",
        Value::Number(Number::Int(value)) if i32::try_from(*value).is_ok() => "java.lang.Integer",
        Value::Number(Number::Int(_)) => "java.lang.Long",
        Value::Number(Number::Float(_)) => "java.lang.Double",
        Value::Number(Number::Big(_)) => "java.math.BigInteger",
        Value::String(_) => "java.lang.String",
        Value::Array(_) => "java.util.ArrayList",
        Value::Object(_) => "java.util.LinkedHashMap",
    }
}

/// `String.compareTo`: the order of UTF-16 code units.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_java_does() {
        for (json, text) in [
            (r#""a b""#, "a b"),
            ("null", "null"),
            ("1", "1"),
            ("1.0", "1.0"),
            ("1.1", "1.1"),
            ("-0.5", "-0.5"),
            ("10000000.0", "1.0E7"),
            ("1.25e10", "1.25E10"),
            ("0.0001", "1.0E-4"),
            ("0.001", "0.001"),
            ("[]", "[]"),
            (r#"[1,"a",[true]]"#, "[1, a, [true]]"),
            (r#"{"Arg1":1,"Arg2":[],"Arg3":{"x":"y"}}"#, "{Arg1=1, Arg2=[], Arg3={x=y}}"),
        ] {
            assert_eq!(print(&Value::parse(json).unwrap()), text);
        }
    }

    #[test]
    fn orders_as_java_does() {
        assert_eq!(compare("a", "b"), Ordering::Less);
        // A character beyond the first plane begins with a surrogate, which is less than U+FF61.
        assert_eq!(compare("\u{1F600}", "\u{FF61}"), Ordering::Less);
    }
}
