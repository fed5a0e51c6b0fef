//! JSON text to values, without an intermediate tree.

use super::{Number, Object, Str, Value};
use crate::limits::VALUE_DEPTH_MAX;
use serde::de::{MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Why a text is not JSON: what is wrong and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at line {line}, column {column}")]
pub struct JsonError {
    /// What is wrong.
    pub message: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1.
    pub column: usize,
}

pub(super) fn parse(text: &str) -> Result<Value, JsonError> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    reader.skip_spaces();
    let value = reader.value().and_then(|value| {
        reader.skip_spaces();
        if reader.at == text.len() { Ok(value) } else { Err("more text after the end of the value".into()) }
    });
    value.map_err(|message| reader.error(message))
}

/// Reads RFC 8259, from left to right and without an intermediate tree.
///
/// Of a library's reader it has what payloads need and that one lacks: integers of any length keep their digits, and the
/// depth is bounded by a limit of ours.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

type Reading<T> = Result<T, Cow<'static, str>>;

impl<'t> Reader<'t> {
    fn error(&self, message: Cow<'static, str>) -> JsonError {
        let before = &self.text.as_bytes()[..self.at.min(self.text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        JsonError { message: message.into_owned(), line, column }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    /// Recursion is bounded by `VALUE_DEPTH_MAX`.
    fn value(&mut self) -> Reading<Value> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => Err("a JSON value is expected here".into()),
            None => Err("the text ends before its value does".into()),
        }
    }

    fn word(&mut self, word: &'static str, value: Value) -> Reading<Value> {
        if !self.text[self.at..].starts_with(word) {
            return Err("a JSON value is expected here".into());
        }
        self.at += word.len();
        Ok(value)
    }

    fn nested(&mut self, read: fn(&mut Self) -> Reading<Value>) -> Reading<Value> {
        if self.depth >= VALUE_DEPTH_MAX {
            return Err(format!("arrays and objects nest deeper than {VALUE_DEPTH_MAX} levels").into());
        }
        self.at += 1;
        self.depth += 1;
        self.skip_spaces();
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> Reading<Value> {
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(items.into()));
        }
        loop {
            items.push(self.value()?);
            if self.goes_on(b']')? {
                return Ok(Value::Array(items.into()));
            }
        }
    }

    fn object(&mut self) -> Reading<Value> {
        let mut members: Vec<(Str, Value)> = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::empty_object());
        }
        loop {
            match self.peek() {
                Some(b'"') => (),
                Some(_) => return Err("a member's name, in double quotes, is expected here".into()),
                None => return Err("the text ends before its value does".into()),
            }
            let name = self.string()?;
            self.skip_spaces();
            if self.peek() != Some(b':') {
                return Err("`:` is expected here".into());
            }
            self.at += 1;
            self.skip_spaces();
            let value = self.value()?;
            members.push((name, value));
            if self.goes_on(b'}')? {
                return Ok(Value::Object(members.into_iter().collect::<Object>()));
            }
        }
    }

    /// After an item: is this the end of the container? Otherwise goes past the comma.
    fn goes_on(&mut self, end: u8) -> Reading<bool> {
        self.skip_spaces();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.skip_spaces();
                Ok(false)
            }
            Some(byte) if byte == end => {
                self.at += 1;
                Ok(true)
            }
            Some(_) => Err(format!("`,` or `{}` is expected here", char::from(end)).into()),
            None => Err("the text ends before its value does".into()),
        }
    }

    /// What stands in the text until a byte that ends it: always at a character's boundary, as these bytes are ASCII.
    fn run(&mut self, ends: fn(u8) -> bool) -> &'t str {
        let rest = &self.text[self.at..];
        let length = rest.bytes().position(ends).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn string(&mut self) -> Reading<Str> {
        let ends = |byte| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        self.at += 1;
        let plain = self.run(ends);
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(plain.into());
        }
        let mut out = plain.to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out.into());
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err("a control character in a string must be escaped".into()),
                None => return Err("a string is never closed".into()),
            }
            out.push_str(self.run(ends));
        }
    }

    /// An escape sequence, its backslash being next.
    fn escape(&mut self) -> Reading<char> {
        let escaped = self.text.as_bytes().get(self.at + 1).copied();
        let plain = match escaped {
            Some(b'"' | b'\\' | b'/') => escaped.map(char::from),
            Some(b'b') => Some('\u{8}'),
            Some(b'f') => Some('\u{c}'),
            Some(b'n') => Some('\n'),
            Some(b'r') => Some('\r'),
            Some(b't') => Some('\t'),
            _ => None,
        };
        if let Some(plain) = plain {
            self.at += 2;
            return Ok(plain);
        }
        let mut code = self.code_unit().ok_or("an escape sequence is not valid")?;
        if (0xd800..0xdc00).contains(&code) {
            let low = self.code_unit().filter(|low| (0xdc00..0xe000).contains(low));
            let low = low.ok_or("an escape sequence is half of a surrogate pair")?;
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
        char::from_u32(code).ok_or_else(|| "an escape sequence is half of a surrogate pair".into())
    }

    /// `\u` and four hexadecimal digits.
    fn code_unit(&mut self) -> Option<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 6)?.strip_prefix(b"\\u")?;
        let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.at += 6;
        u32::from_str_radix(digits, 16).ok()
    }

    fn digits(&mut self) -> Reading<&'t str> {
        let digits = self.run(|byte| !byte.is_ascii_digit());
        if digits.is_empty() { Err("a digit is expected here".into()) } else { Ok(digits) }
    }

    fn number(&mut self) -> Reading<Number> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let whole = self.digits()?;
        if whole.len() > 1 && whole.starts_with('0') {
            return Err("a number must not begin with 0".into());
        }
        let mut integer = true;
        if self.peek() == Some(b'.') {
            integer = false;
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            integer = false;
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let written = &self.text[start..self.at];
        if integer {
            return Ok(match written.parse() {
                // JSON's `-0` is the integer 0, as Java has no other.
                Ok(value) => Number::Int(value),
                Err(_) => Number::Big(Arc::new(written.to_owned())),
            });
        }
        match written.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Number::Float(value)),
            _ => Err("a number is too large for a double".into()),
        }
    }
}

pub(super) struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }
    /// The digits of an integer beyond 64 bits, as [`Number`] writes them into formats that are not for people.
    fn visit_bytes<E: serde::de::Error>(self, digits: &[u8]) -> Result<Value, E> {
        match std::str::from_utf8(digits).map(parse) {
            Ok(Ok(number @ Value::Number(_))) => Ok(number),
            _ => Err(E::custom("bytes that are not the digits of an integer")),
        }
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(Number::from(value)))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.into()))
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value.into()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(4096));
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items.into()))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, item)) = map.next_entry::<Str, Value>()? {
            members.push((name, item));
        }
        Ok(Value::Object(members.into_iter().collect::<Object>()))
    }
}
