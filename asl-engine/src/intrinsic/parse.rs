//! The text of a call to its functions and arguments.

use super::{Apply, Argument, Call, FUNCTIONS};
use crate::jsonpath::Path;
use crate::limits::INTRINSIC_DEPTH_MAX;
use crate::query::ExpressionError;
use crate::query::cursor::Cursor;
use crate::value::{Str, Value};

/// Parses one call that takes up the whole text.
pub(super) fn call(text: &str) -> Result<Call, ExpressionError> {
    let mut cursor = Cursor::new(text, 0);
    let call = call_at(&mut cursor, 1)?;
    cursor.skip_spaces();
    if cursor.is_at_end() { Ok(call) } else { Err(cursor.error("nothing follows the call of a function")) }
}

fn call_at(cursor: &mut Cursor<'_>, depth: usize) -> Result<Call, ExpressionError> {
    let begin = cursor.clone();
    if depth > INTRINSIC_DEPTH_MAX {
        return Err(begin.error(format!("intrinsic functions nest at most {INTRINSIC_DEPTH_MAX} deep")));
    }
    let name = cursor.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'));
    let function = FUNCTIONS
        .iter()
        .find(|function| function.name == name)
        .ok_or_else(|| begin.error(format!("`{name}` is no intrinsic function")))?;
    cursor.expect("(")?;
    let mut arguments = Vec::new();
    cursor.skip_spaces();
    if !cursor.take(")") {
        loop {
            cursor.skip_spaces();
            let is_template = matches!(function.apply, Apply::Format) && arguments.is_empty();
            arguments.push(argument(cursor, depth, is_template)?);
            cursor.skip_spaces();
            if cursor.take(")") {
                break;
            }
            if !cursor.take(",") {
                return Err(cursor.error("`,` or `)` is expected after an argument"));
            }
        }
    }
    if !function.arity.contains(&arguments.len()) {
        let (least, most) = (function.arity.start(), function.arity.end());
        let expected = match most {
            _ if least == most => format!("{least}"),
            &super::ANY => format!("{least} or more"),
            _ => format!("{least} to {most}"),
        };
        return Err(begin.error(format!("`{name}` takes {expected} arguments, not {}", arguments.len())));
    }
    Ok(Call { function, arguments })
}

fn argument(cursor: &mut Cursor<'_>, depth: usize, is_template: bool) -> Result<Argument, ExpressionError> {
    match cursor.peek() {
        Some('\'') => {
            let texts = literal_text(cursor)?;
            Ok(if is_template {
                Argument::Template(texts)
            } else {
                Argument::Literal(Value::String(texts.join("{}").into()))
            })
        }
        Some('$') => path(cursor).map(Argument::Path),
        Some('S') => call_at(cursor, depth + 1).map(Argument::Call),
        _ => {
            let begin = cursor.clone();
            let word = cursor.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'));
            match Value::parse(word) {
                Ok(value) => Ok(Argument::Literal(value)),
                Err(_) => Err(begin.error(
                    "an argument is a path, a text in single quotes, a number, `true`, `false`, `null` or a function",
                )),
            }
        }
    }
}

/// A text in single quotes, cut at each `{}` that is not escaped. The characters `'`, `{`, `}` and `\` may be escaped
/// with a backslash; `{` and `}` that are no place need not be.
fn literal_text(cursor: &mut Cursor<'_>) -> Result<Vec<Str>, ExpressionError> {
    let begin = cursor.clone();
    cursor.take("'");
    let mut texts = Vec::new();
    let mut text = String::new();
    loop {
        if cursor.take("{}") {
            texts.push(std::mem::take(&mut text).into());
            continue;
        }
        let here = cursor.clone();
        match cursor.next() {
            None => return Err(begin.error("the quote is never closed")),
            Some('\'') => break,
            Some('\\') => match cursor.next() {
                Some(escaped @ ('\'' | '{' | '}' | '\\')) => text.push(escaped),
                _ => return Err(here.error("a backslash escapes only `'`, `{`, `}` or `\\`; write `\\\\` for itself")),
            },
            Some(c) => text.push(c),
        }
    }
    texts.push(text.into());
    Ok(texts)
}

/// A path goes to the `,` or `)` outside of its brackets and parentheses.
fn path(cursor: &mut Cursor<'_>) -> Result<Path, ExpressionError> {
    let begin = cursor.clone();
    let mut quote = None;
    let mut open = 0_usize;
    while let Some(c) = cursor.peek() {
        match (quote, c) {
            (Some(_), '\\') => {
                cursor.next();
            }
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') if open > 0 => quote = Some(c),
            (None, '[' | '(') => open += 1,
            (None, ',' | ')') if open == 0 => break,
            (None, ']' | ')') => open = open.saturating_sub(1),
            _ => {}
        }
        cursor.next();
    }
    let text = begin.rest()[..cursor.offset() - begin.offset()].trim_end();
    Path::parse(text).map_err(|error| ExpressionError { offset: begin.offset() + error.offset, ..error })
}
