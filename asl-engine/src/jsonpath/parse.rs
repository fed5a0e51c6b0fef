//! The text of a path to its steps.

use super::filter;
use super::function::Function;
use super::step::Step;
use crate::query::ExpressionError;
use crate::query::cursor::Cursor;

/// Parses the steps that begin at `offset` and go to the end of `text`.
pub(super) fn steps(text: &str, offset: usize) -> Result<Vec<Step>, ExpressionError> {
    let mut cursor = Cursor::new(text, offset);
    let steps = steps_at(&mut cursor, 0)?;
    if cursor.is_at_end() { Ok(steps) } else { Err(cursor.error("`.` or `[` is expected here")) }
}

/// Parses as many steps as follow. `depth` counts the filters around them.
pub(super) fn steps_at(cursor: &mut Cursor<'_>, depth: usize) -> Result<Vec<Step>, ExpressionError> {
    let mut steps = Vec::new();
    loop {
        let before = cursor.clone();
        let step = match cursor.peek() {
            Some('.') => {
                cursor.take(".");
                if cursor.take(".") {
                    steps.push(Step::Descendants);
                }
                match cursor.peek() {
                    None => return Err(before.error("a path does not end with `.`")),
                    Some('[') => bracket(cursor, depth)?,
                    Some('*') => {
                        cursor.take("*");
                        Step::Wildcard
                    }
                    Some(_) => dotted(cursor, depth)?,
                }
            }
            Some('[') => bracket(cursor, depth)?,
            _ => return Ok(steps),
        };
        if matches!(steps.last(), Some(Step::Function(_))) {
            return Err(before.error("nothing follows a function"));
        }
        steps.push(step);
    }
}

/// A name, or a function call, after `.`. Any character but `.`, `[`, `(` and white space belongs to a name; within a
/// filter the name also ends where an operator begins.
fn dotted(cursor: &mut Cursor<'_>, depth: usize) -> Result<Step, ExpressionError> {
    let begin = cursor.clone();
    let name = cursor.take_while(|c| {
        let ends = matches!(c, '.' | '[' | '(') || c.is_whitespace();
        let ends_in_filter = matches!(c, ']' | ')' | ',' | '=' | '!' | '<' | '>' | '&' | '|' | '\'' | '"');
        !(ends || depth > 0 && ends_in_filter)
    });
    if cursor.take("(") {
        return function(name, &begin, cursor);
    }
    if name.is_empty() {
        return Err(begin.error("a member name is missing after `.`; write `['…']` for a name with special characters"));
    }
    if depth == 0 && cursor.peek().is_some_and(char::is_whitespace) {
        return Err(cursor.error("write `['…']` around a name with spaces"));
    }
    Ok(Step::Member(name.into()))
}

fn function(name: &str, begin: &Cursor<'_>, cursor: &mut Cursor<'_>) -> Result<Step, ExpressionError> {
    let function = Function::from_name(name).ok_or_else(|| {
        begin.error(format!("`{name}` is no function of paths; there are {}", Function::NAMES.join(", ")))
    })?;
    cursor.skip_spaces();
    if !cursor.take(")") {
        return Err(cursor.error(format!("`{name}()` takes no arguments here; use an intrinsic function instead")));
    }
    Ok(Step::Function(function))
}

/// What stands between `[` and `]`.
fn bracket(cursor: &mut Cursor<'_>, depth: usize) -> Result<Step, ExpressionError> {
    let begin = cursor.clone();
    cursor.take("[");
    cursor.skip_spaces();
    let step = match cursor.peek() {
        Some('*') => {
            cursor.take("*");
            Step::Wildcard
        }
        Some('?') => {
            cursor.take("?");
            cursor.expect("(")?;
            let filter = filter::parse(cursor, depth + 1)?;
            cursor.expect(")")?;
            Step::Filter(filter)
        }
        Some('\'' | '"') => names(cursor)?,
        Some(_) => indexes(cursor)?,
        None => return Err(begin.error("`[` is never closed")),
    };
    cursor.expect("]")?;
    Ok(step)
}

fn names(cursor: &mut Cursor<'_>) -> Result<Step, ExpressionError> {
    let mut names = vec![cursor.quoted()?.into()];
    loop {
        cursor.skip_spaces();
        if !cursor.take(",") {
            break;
        }
        cursor.skip_spaces();
        names.push(cursor.quoted()?.into());
    }
    Ok(if names.len() == 1 { Step::Member(names.remove(0)) } else { Step::Members(names) })
}

fn indexes(cursor: &mut Cursor<'_>) -> Result<Step, ExpressionError> {
    let begin = cursor.clone();
    let from = if cursor.peek() == Some(':') { None } else { Some(cursor.integer()?) };
    cursor.skip_spaces();
    if cursor.take(":") {
        cursor.skip_spaces();
        let to = if matches!(cursor.peek(), Some(']' | ':')) { None } else { Some(cursor.integer()?) };
        cursor.skip_spaces();
        if cursor.peek() == Some(':') {
            return Err(cursor.error("a slice has no step; write `[from:to]`"));
        }
        if from.is_none() && to.is_none() {
            return Err(begin.error("a slice names its begin or its end; write `[*]` for all items"));
        }
        return Ok(Step::Slice(from, to));
    }
    let mut indexes: Vec<i64> = from.into_iter().collect();
    while cursor.take(",") {
        cursor.skip_spaces();
        indexes.push(cursor.integer()?);
        cursor.skip_spaces();
    }
    Ok(match indexes[..] {
        [index] => Step::Index(index),
        _ => Step::Indexes(indexes),
    })
}
