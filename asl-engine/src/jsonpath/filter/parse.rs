//! The text of a filter to its condition.

use super::{Filter, Operand, Operator};
use crate::jsonpath::parse;
use crate::query::ExpressionError;
use crate::query::cursor::Cursor;
use crate::value::{Object, Value};

/// How deep parentheses, negations and filters within filters may nest. Ours: it bounds every recursion over a filter.
const DEPTH_MAX: usize = 32;

/// Steps that a pattern with lookaround or backreferences may take back on one text. Ours; other patterns take none.
const BACKTRACKS_MAX: usize = 100_000;

/// Parses the condition between `[?(` and `)]`.
pub(in crate::jsonpath) fn parse(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, ExpressionError> {
    if depth > DEPTH_MAX {
        return Err(cursor.error(format!("a filter nests at most {DEPTH_MAX} deep")));
    }
    let mut parts = vec![conjunction(cursor, depth)?];
    while taken(cursor, "||") {
        parts.push(conjunction(cursor, depth)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::Or(parts) })
}

fn conjunction(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, ExpressionError> {
    let mut parts = vec![term(cursor, depth)?];
    while taken(cursor, "&&") {
        parts.push(term(cursor, depth)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::And(parts) })
}

fn term(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, ExpressionError> {
    if depth > DEPTH_MAX {
        return Err(cursor.error(format!("a filter nests at most {DEPTH_MAX} deep")));
    }
    if taken(cursor, "!") {
        return Ok(Filter::Not(Box::new(term(cursor, depth + 1)?)));
    }
    if taken(cursor, "(") {
        let filter = parse(cursor, depth + 1)?;
        cursor.expect(")")?;
        return Ok(filter);
    }
    comparison(cursor, depth)
}

fn comparison(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, ExpressionError> {
    cursor.skip_spaces();
    let begin = cursor.clone();
    let left = operand(cursor, depth)?;
    cursor.skip_spaces();
    let rest = cursor.rest();
    if rest.starts_with(')') || rest.starts_with("&&") || rest.starts_with("||") {
        return match left {
            Operand::Node(_) | Operand::Root(_) => Ok(Filter::Exists(left)),
            Operand::Literal(_) | Operand::Pattern(_) => Err(begin.error("a condition compares a path with something")),
        };
    }
    let operator = operator(cursor)?;
    cursor.skip_spaces();
    let place = cursor.clone();
    let right = operand(cursor, depth)?;
    let patterns = [&left, &right].into_iter().filter(|side| matches!(side, Operand::Pattern(_))).count();
    match (operator, patterns) {
        (Operator::Matches, 1) => {}
        (Operator::Matches, _) => return Err(place.error("`=~` needs one pattern such as `/abc.*/i`")),
        (_, 0) => {}
        _ => return Err(place.error("a pattern is compared with `=~` only")),
    }
    if operator == Operator::Empty && !matches!(right, Operand::Literal(Value::Bool(_))) {
        return Err(place.error("`empty` is followed by `true` or `false`"));
    }
    Ok(Filter::Comparison(left, operator, right))
}

fn operator(cursor: &mut Cursor<'_>) -> Result<Operator, ExpressionError> {
    const SYMBOLS: [(&str, Operator); 9] = [
        ("===", Operator::SameTypeEqual),
        ("!==", Operator::SameTypeNotEqual),
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("=~", Operator::Matches),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ];
    if let Some((_, operator)) = SYMBOLS.iter().find(|(symbol, _)| cursor.take(symbol)) {
        return Ok(*operator);
    }
    let begin = cursor.clone();
    let word = cursor.take_while(|c| c.is_ascii_alphabetic()).to_ascii_lowercase();
    Ok(match word.as_str() {
        "in" => Operator::In,
        "nin" => Operator::NotIn,
        "subsetof" => Operator::SubsetOf,
        "anyof" => Operator::AnyOf,
        "noneof" => Operator::NoneOf,
        "all" => Operator::All,
        "contains" => Operator::Contains,
        "size" => Operator::Size,
        "empty" => Operator::Empty,
        _ => {
            return Err(begin.error(
                "an operator is expected: ==, !=, <, <=, >, >=, =~, in, nin, subsetof, anyof, noneof, all, contains, \
                 size or empty",
            ));
        }
    })
}

fn operand(cursor: &mut Cursor<'_>, depth: usize) -> Result<Operand, ExpressionError> {
    cursor.skip_spaces();
    match cursor.peek() {
        Some('@') => {
            cursor.take("@");
            Ok(Operand::Node(parse::steps_at(cursor, depth)?))
        }
        Some('$') => {
            cursor.take("$");
            Ok(Operand::Root(parse::steps_at(cursor, depth)?))
        }
        Some('/') => pattern(cursor),
        _ => literal(cursor, depth).map(Operand::Literal),
    }
}

/// A literal: JSON, with either kind of quotes.
fn literal(cursor: &mut Cursor<'_>, depth: usize) -> Result<Value, ExpressionError> {
    if depth > DEPTH_MAX {
        return Err(cursor.error(format!("a filter nests at most {DEPTH_MAX} deep")));
    }
    cursor.skip_spaces();
    let begin = cursor.clone();
    match cursor.peek() {
        Some('\'' | '"') => Ok(Value::String(cursor.quoted()?.into())),
        Some('[') => {
            cursor.take("[");
            let mut items = Vec::new();
            until(cursor, "]", |cursor| {
                items.push(literal(cursor, depth + 1)?);
                Ok(())
            })?;
            Ok(items.into_iter().collect())
        }
        Some('{') => {
            cursor.take("{");
            let mut object = Object::default();
            until(cursor, "}", |cursor| {
                let name = cursor.quoted()?;
                cursor.expect(":")?;
                object.insert(name, literal(cursor, depth + 1)?);
                Ok(())
            })?;
            Ok(Value::Object(object))
        }
        _ => {
            let word = cursor.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'));
            match Value::parse(word) {
                Ok(value) => Ok(value),
                Err(_) => Err(begin.error("a path, a number, a quoted text, `true`, `false` or `null` is expected")),
            }
        }
    }
}

/// Reads what stands between commas up to `close`.
fn until<'t>(
    cursor: &mut Cursor<'t>,
    close: &str,
    mut item: impl FnMut(&mut Cursor<'t>) -> Result<(), ExpressionError>,
) -> Result<(), ExpressionError> {
    if taken(cursor, close) {
        return Ok(());
    }
    loop {
        cursor.skip_spaces();
        item(cursor)?;
        if !taken(cursor, ",") {
            return cursor.expect(close);
        }
    }
}

/// `/…/flags`
fn pattern(cursor: &mut Cursor<'_>) -> Result<Operand, ExpressionError> {
    let begin = cursor.clone();
    cursor.take("/");
    let mut body = String::new();
    loop {
        match cursor.next() {
            None => return Err(begin.error("the pattern is never closed with `/`")),
            Some('/') => break,
            Some('\\') if cursor.take("/") => body.push('/'),
            Some('\\') => {
                body.push('\\');
                body.extend(cursor.next());
            }
            Some(c) => body.push(c),
        }
    }
    let flags = cursor.take_while(|c| c.is_ascii_alphabetic());
    if let Some(flag) = flags.chars().find(|flag| !"imsxuUd".contains(*flag)) {
        return Err(begin.error(format!("`{flag}` is no flag of patterns; there are i, m, s and x")));
    }
    // Unicode (`u`, `U`) is always on, and Java's `d` has no meaning here.
    let flags: String = flags.chars().filter(|flag| "imsx".contains(*flag)).collect();
    let flags = if flags.is_empty() { flags } else { format!("(?{flags})") };
    let regex =
        fancy_regex::RegexBuilder::new(&format!(r"\A(?:{flags}{body})\z")).backtrack_limit(BACKTRACKS_MAX).build();
    match regex {
        Ok(regex) => Ok(Operand::Pattern(regex)),
        Err(error) => Err(begin.error(format!("the pattern `{body}` is none: {error}"))),
    }
}

fn taken(cursor: &mut Cursor<'_>, token: &str) -> bool {
    cursor.skip_spaces();
    cursor.take(token)
}
