//! Text to tokens. A `/` starts a regular expression where a value may start, and divides elsewhere.

use super::error::{Fallible, Fault};
use super::regex::Regex;
use crate::value::{Str, Value};
use std::sync::Arc;

/// A token and where it starts.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) position: usize,
}

#[derive(Clone)]
pub(super) enum TokenKind {
    Operator(&'static str),
    Name(Str),
    Variable(Str),
    String(Str),
    Number(f64),
    Value(Value),
    Regex(Arc<Regex>),
    End,
}

/// Operators, the longer ones first. All of them end a name.
const OPERATORS: [&str; 33] = [
    "..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??", ".", "[", "]", "{", "}", "(", ")", ",", "@", "#", ";", ":",
    "?", "+", "-", "*", "/", "%", "|", "=", "<", ">", "^", "&",
];

fn is_space(c: u8) -> bool {
    matches!(c, b' ' | b'\t' | b'\n' | b'\r' | 0x0b)
}

fn ends_name(c: u8) -> bool {
    is_space(c) || b".[]{}(),@#;:?+-*/%|=<>^&!~".contains(&c)
}

pub(super) struct Lexer<'a> {
    source: &'a str,
    position: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Lexer { source, position: 0 }
    }

    fn rest(&self) -> &'a str {
        self.source.get(self.position..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.position).copied()
    }

    /// The next token; `infix`: an operator is expected, so `/` divides.
    pub(super) fn next(&mut self, infix: bool) -> Fallible<Token> {
        self.skip_space_and_comments()?;
        let position = self.position;
        let token = |kind| Token { kind, position };
        let Some(first) = self.peek() else { return Ok(token(TokenKind::End)) };
        if first == b'/' && !infix {
            self.position += 1;
            return Ok(token(TokenKind::Regex(self.regex()?)));
        }
        if let Some(operator) = OPERATORS.iter().find(|operator| self.rest().starts_with(*operator)) {
            self.position += operator.len();
            return Ok(token(TokenKind::Operator(operator)));
        }
        match first {
            // They end a name, but are no operators by themselves.
            b'!' | b'~' => Err(Fault::new("S0204").at(position).token(char::from(first).to_string())),
            b'"' | b'\'' => Ok(token(TokenKind::String(self.string(first)?))),
            b'0'..=b'9' => Ok(token(TokenKind::Number(self.number()?))),
            b'`' => {
                let quoted = &self.rest()[1..];
                let Some(end) = quoted.find('`') else {
                    return Err(Fault::new("S0105").at(self.source.len()));
                };
                self.position += end + 2;
                Ok(token(TokenKind::Name(quoted[..end].into())))
            }
            _ => Ok(token(self.name())),
        }
    }

    fn skip_space_and_comments(&mut self) -> Fallible<()> {
        loop {
            while self.peek().is_some_and(is_space) {
                self.position += 1;
            }
            let Some(comment) = self.rest().strip_prefix("/*") else { return Ok(()) };
            let Some(end) = comment.find("*/") else { return Err(Fault::new("S0106").at(self.position)) };
            self.position += end + 4;
        }
    }

    fn name(&mut self) -> TokenKind {
        let rest = self.rest();
        let end = rest.bytes().position(ends_name).unwrap_or(rest.len());
        let name = &rest[..end];
        self.position += end;
        if let Some(variable) = name.strip_prefix('$') {
            return TokenKind::Variable(variable.into());
        }
        match name {
            "or" => TokenKind::Operator("or"),
            "in" => TokenKind::Operator("in"),
            "and" => TokenKind::Operator("and"),
            "true" => TokenKind::Value(Value::Bool(true)),
            "false" => TokenKind::Value(Value::Bool(false)),
            "null" => TokenKind::Value(Value::Null),
            _ => TokenKind::Name(name.into()),
        }
    }

    fn number(&mut self) -> Fallible<f64> {
        let bytes = self.rest().as_bytes();
        let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        let mut end = if bytes[0] == b'0' { 1 } else { digits(0) };
        if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let count = bytes.get(end + 1 + sign..).map_or(0, |_| digits(end + 1 + sign));
            if count > 0 {
                end += 1 + sign + count;
            }
        }
        let text = &self.rest()[..end];
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => {
                self.position += end;
                Ok(number)
            }
            _ => Err(Fault::new("S0102").at(self.position).token(text)),
        }
    }

    fn string(&mut self, quote: u8) -> Fallible<Str> {
        self.position += 1;
        let rest = self.rest();
        // Most strings have no escapes.
        if let Some(end) = rest.bytes().position(|b| b == quote || b == b'\\')
            && rest.as_bytes()[end] == quote
        {
            self.position += end + 1;
            return Ok(rest[..end].into());
        }
        let mut out = String::new();
        let mut high_surrogate = None;
        while let Some(c) = self.rest().chars().next() {
            let unit = if c == '\\' {
                self.position += 1;
                match self.escape()? {
                    Ok(c) => {
                        out.push(c);
                        high_surrogate = None;
                        continue;
                    }
                    Err(surrogate) => surrogate,
                }
            } else {
                self.position += c.len_utf8();
                if c as u32 == u32::from(quote) {
                    return Ok(out.into());
                }
                out.push(c);
                high_surrogate = None;
                continue;
            };
            // Two escapes that are a surrogate pair are one character; a lone surrogate cannot be kept in UTF-8.
            match high_surrogate.take() {
                Some(high) if (0xdc00..0xe000).contains(&unit) => {
                    out.pop();
                    let code = 0x1_0000u32 + ((high - 0xd800) << 10) + (unit - 0xdc00);
                    out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                _ => {
                    out.push(char::REPLACEMENT_CHARACTER);
                    high_surrogate = (unit < 0xdc00).then_some(unit);
                }
            }
        }
        Err(Fault::new("S0101").at(self.position))
    }

    /// What follows a backslash: a character, or (`Err`) one half of a surrogate pair.
    fn escape(&mut self) -> Fallible<Result<char, u32>> {
        let Some(c) = self.rest().chars().next() else { return Err(Fault::new("S0103").at(self.position).token("")) };
        let plain = match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let hex = self.rest().get(1..5).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
                let Some(unit) = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()) else {
                    return Err(Fault::new("S0104").at(self.position));
                };
                self.position += 5;
                return Ok(char::from_u32(unit).ok_or(unit));
            }
            _ => return Err(Fault::new("S0103").at(self.position).token(c.to_string())),
        };
        self.position += 1;
        Ok(Ok(plain))
    }

    /// The regular expression after its opening slash.
    fn regex(&mut self) -> Fallible<Arc<Regex>> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let mut depth = 0i32;
        for (index, byte) in bytes.iter().enumerate() {
            let escaped = || bytes[..index].iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1;
            let after_backslash = index > 0 && bytes[index - 1] == b'\\';
            match byte {
                b'/' if depth == 0 && !escaped() => {
                    let pattern = &rest[..index];
                    if pattern.is_empty() {
                        return Err(Fault::new("S0301").at(self.position));
                    }
                    let flags = rest[index + 1..].bytes().take_while(|b| matches!(b, b'i' | b'm')).count();
                    let regex = Regex::new(pattern, &rest[index + 1..index + 1 + flags])
                        .map_err(|why| Fault::new("S0303").at(self.position).text(why))?;
                    self.position += index + 1 + flags;
                    return Ok(Arc::new(regex));
                }
                b'(' | b'[' | b'{' if !after_backslash => depth += 1,
                b')' | b']' | b'}' if !after_backslash => depth -= 1,
                _ => {}
            }
        }
        Err(Fault::new("S0302").at(self.source.len()))
    }
}
