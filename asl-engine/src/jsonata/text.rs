//! How JavaScript writes numbers and JSON: part of the language, because `$string` and `&` show it.

use super::item::Item;
use crate::value::{Number, Value};
use std::fmt::Write;
use std::sync::Arc;

/// A double as JavaScript prints it: shortest digits, exponents only below 1e-6 and from 1e21.
pub(super) fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return (value as i64).to_string();
    }
    let shortest = format!("{:e}", value.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let count = digits.len() as i32;
    let mut out = String::with_capacity(24);
    if value < 0.0 {
        out.push('-');
    }
    match exponent {
        -6..0 => {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', (-exponent - 1) as usize));
            out.push_str(&digits);
        }
        0..21 if exponent + 1 >= count => {
            out.push_str(&digits);
            out.extend(std::iter::repeat_n('0', (exponent + 1 - count) as usize));
        }
        0..21 => {
            let (whole, fraction) = digits.split_at((exponent + 1) as usize);
            let _ = write!(out, "{whole}.{fraction}");
        }
        _ => {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            let sign = if exponent < 0 { '-' } else { '+' };
            let _ = write!(out, "{first}{point}{rest}e{sign}{}", exponent.abs());
        }
    }
    out
}

/// The JSON number of a double; integers keep JavaScript's digits. `None`: JSON has no such number.
pub(super) fn to_number(value: f64) -> Option<Number> {
    if !value.is_finite() {
        return None;
    }
    if value.fract() == 0.0 && (9_007_199_254_740_992.0..1e21).contains(&value.abs()) {
        let digits = number(value);
        return Some(digits.parse().map_or_else(|_| Number::Big(Arc::new(digits)), Number::Int));
    }
    Some(Number::from_f64_shortest(value))
}

/// At most 15 significant digits, as `$string` shows fractions.
fn number_15_digits(value: f64) -> String {
    if value.fract() == 0.0 {
        return number(value);
    }
    number(format!("{value:.14e}").parse().unwrap_or(value))
}

/// A string as JSON text.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    quote(&mut out, text);
    out
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// JSON for error texts: full numbers, `undefined` for what is not JSON.
pub(super) fn to_json(item: &Item) -> String {
    match item {
        Item::Undefined | Item::Function(_) | Item::TailCall(_) => "undefined".to_owned(),
        _ => {
            let mut writer = Writer { out: String::new(), indent: None, level: 0, short: false };
            writer.item(item);
            writer.out
        }
    }
}

/// JSON for `$string`: fractions of at most 15 digits, functions as empty strings.
pub(super) fn to_string(item: &Item, pretty: bool) -> String {
    let mut writer = Writer { out: String::new(), indent: pretty.then_some(2), level: 0, short: true };
    writer.item(item);
    writer.out
}

struct Writer {
    out: String,
    indent: Option<usize>,
    level: usize,
    short: bool,
}

impl Writer {
    fn item(&mut self, item: &Item) {
        match item {
            Item::Json(value) => self.value(value),
            Item::Number(value) => self.number(*value),
            Item::List(list) => self.group('[', ']', &list.items, |writer, item| writer.item(item)),
            Item::Record(record) => self.group('{', '}', &record.members, |writer, (name, item)| {
                writer.name(name);
                writer.item(item);
            }),
            Item::Tuples(tuples) => {
                self.group('[', ']', tuples.iter(), |writer, tuple| writer.item(&tuple.value));
            }
            Item::Function(_) => self.out.push_str(if self.short { "\"\"" } else { "null" }),
            Item::Undefined | Item::TailCall(_) => self.out.push_str("null"),
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Value::Number(Number::Int(value)) if value.unsigned_abs() < 1 << 53 => {
                let _ = write!(self.out, "{value}");
            }
            Value::Number(number) => self.number(number.as_f64()),
            Value::String(text) => quote(&mut self.out, text),
            Value::Array(array) => self.group('[', ']', array.iter(), |writer, value| writer.value(value)),
            Value::Object(object) => self.group('{', '}', object, |writer, (name, value)| {
                writer.name(name);
                writer.value(value);
            }),
        }
    }

    fn number(&mut self, value: f64) {
        if !value.is_finite() {
            self.out.push_str("null");
        } else if self.short {
            self.out.push_str(&number_15_digits(value));
        } else {
            self.out.push_str(&number(value));
        }
    }

    fn name(&mut self, name: &str) {
        quote(&mut self.out, name);
        self.out.push_str(if self.indent.is_some() { ": " } else { ":" });
    }

    fn group<T>(
        &mut self,
        open: char,
        close: char,
        parts: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.out.push(open);
        self.level += 1;
        let mut empty = true;
        for part in parts {
            if !empty {
                self.out.push(',');
            }
            empty = false;
            self.new_line();
            write(self, part);
        }
        self.level -= 1;
        if !empty {
            self.new_line();
        }
        self.out.push(close);
    }

    fn new_line(&mut self) {
        if let Some(indent) = self.indent {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', indent * self.level));
        }
    }
}
