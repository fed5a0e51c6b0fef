//! Texts: `States.Format`, `States.StringSplit`.

use crate::error;
use crate::query::java_text;
use crate::value::{Str, Value};

/// The texts with the arguments between them. Without `texts` the first argument is the template.
pub(super) fn format(texts: Option<&[Str]>, arguments: &[Value]) -> Result<Value, String> {
    match texts {
        Some(texts) => fill(texts.iter().map(Str::as_str), texts.len() - 1, arguments),
        None => match arguments.split_first() {
            Some((Value::String(template), arguments)) => {
                fill(template.split("{}"), template.matches("{}").count(), arguments)
            }
            _ => Err(error::invalid_arguments("States.Format")),
        },
    }
}

fn fill<'t>(texts: impl Iterator<Item = &'t str>, places: usize, arguments: &[Value]) -> Result<Value, String> {
    if places != arguments.len() {
        return Err(error::format_count());
    }
    let mut arguments = arguments.iter();
    let mut filled = String::new();
    for text in texts {
        filled.push_str(text);
        match arguments.next() {
            Some(Value::String(argument)) => filled.push_str(argument),
            Some(argument) => filled.push_str(&java_text::print(argument)),
            None => {}
        }
    }
    Ok(Value::String(filled.into()))
}

/// The parts of a text between any of the characters of the second argument; empty parts are left out.
pub(super) fn split(arguments: &[Value]) -> Option<Value> {
    let (text, separators) = (arguments[0].as_str()?, arguments[1].as_str()?);
    let parts = text.split(|c| separators.contains(c)).filter(|part| !part.is_empty());
    Some(parts.map(Value::from).collect())
}
