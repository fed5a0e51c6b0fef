//! JSON (RFC 8259), strictly. Errors are worded as AWS's parser (Jackson) words them where its words are known.

use super::{Kind, Member, Node, Places};
use crate::diagnostic::{Diagnostic, Span, line_column, syntax};
use crate::limits::DEFINITION_DEPTH_MAX;
use crate::value::{Number, Value};

/// Reads JSON text.
pub(super) fn read(text: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let node = reader.value().and_then(|node| {
        reader.skip_space();
        match reader.peek() {
            None => Ok(node),
            Some(_) => Err(reader.unexpected("only one value is allowed: end of text")),
        }
    });
    match node {
        Ok(node) => Some(node),
        Err(Refusal::TooDeep(span)) => {
            diagnostics.push(syntax::too_deep().at(String::new(), span));
            None
        }
        Err(Refusal::Syntax { message, span, after }) => {
            let source = source_location(text, after);
            let finding = syntax::invalid_json(&format!("{message}\n at {source}"));
            diagnostics.push(finding.at(source, span));
            None
        }
    }
}

/// `[Source: (String)"…"; line: 1, column: 4]`, as Jackson writes it: at most 500 characters of the text, and the
/// place after what it has read.
fn source_location(text: &str, after: usize) -> String {
    let (line, column) = line_column(text, Span::new(after, after));
    let total = text.chars().count();
    let shown: String = text.chars().take(500).collect();
    let truncated = if total > 500 { format!("[truncated {} chars]", total - 500) } else { String::new() };
    format!("[Source: (String)\"{shown}\"{truncated}; line: {line}, column: {column}]")
}

enum Refusal {
    TooDeep(Span),
    Syntax { message: String, span: Span, after: usize },
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn unexpected(&self, wanted: &str) -> Refusal {
        match self.text[self.at..].chars().next() {
            None => self.end_of_input(wanted),
            Some(found) => {
                let end = self.at + found.len_utf8();
                let message =
                    format!("Unexpected character ('{found}' (code {})): was expecting {wanted}", u32::from(found));
                Refusal::Syntax { message, span: Span::new(self.at, end), after: end }
            }
        }
    }

    fn end_of_input(&self, wanted: &str) -> Refusal {
        let end = self.text.len();
        let message = format!("Unexpected end-of-input: was expecting {wanted}");
        Refusal::Syntax { message, span: Span::new(end, end), after: end }
    }

    fn syntax(&self, start: usize, message: impl Into<String>) -> Refusal {
        Refusal::Syntax { message: message.into(), span: Span::new(start, self.at), after: self.at }
    }

    /// One value. Recursion is bounded by `DEFINITION_DEPTH_MAX`.
    fn value(&mut self) -> Result<Node, Refusal> {
        self.skip_space();
        let start = self.at;
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => {
                let (text, verbatim) = self.string()?;
                let places = match verbatim {
                    true => Places::Verbatim(start + 1),
                    false => Places::align(&self.text[start..self.at], start, &text, Some('"')),
                };
                let mut node = Node::new(Span::new(start, self.at), Kind::String(text.into()));
                node.places = places;
                Ok(node)
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' || byte == b'$' => self.word(),
            _ => Err(self
                .unexpected("a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Kind, Refusal>) -> Result<Node, Refusal> {
        let start = self.at;
        if self.depth >= DEFINITION_DEPTH_MAX {
            return Err(Refusal::TooDeep(Span::new(start, start + 1)));
        }
        self.at += 1;
        self.depth += 1;
        let kind = read(self)?;
        self.depth -= 1;
        Ok(Node::new(Span::new(start, self.at), kind))
    }

    fn object(&mut self) -> Result<Kind, Refusal> {
        let mut members = Vec::new();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Kind::Object(members));
        }
        loop {
            self.skip_space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("double-quote to start field name"));
            }
            let (name, _) = self.string()?;
            let name_span = Span::new(start, self.at);
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("a colon to separate field name and value"));
            }
            self.at += 1;
            let value = self.value()?;
            members.push(Member { name: name.into(), name_span, value });
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.unexpected("comma to separate Object entries")),
            }
        }
        self.at += 1;
        Ok(Kind::Object(members))
    }

    fn array(&mut self) -> Result<Kind, Refusal> {
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Kind::Array(items));
        }
        loop {
            items.push(self.value()?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.unexpected("comma to separate Array entries")),
            }
        }
        self.at += 1;
        Ok(Kind::Array(items))
    }

    /// A string, and whether it stands in the text as it is (no escapes).
    fn string(&mut self) -> Result<(String, bool), Refusal> {
        let start = self.at;
        self.at += 1;
        let plain = self.text[self.at..].bytes().take_while(|b| !matches!(b, b'"' | b'\\' | 0..=0x1f)).count();
        let mut out = self.text[self.at..self.at + plain].to_owned();
        self.at += plain;
        let mut verbatim = true;
        loop {
            let Some(found) = self.text[self.at..].chars().next() else {
                self.at = self.text.len();
                return Err(
                    self.syntax(start, "Unexpected end-of-input: was expecting closing quote for a string value")
                );
            };
            self.at += found.len_utf8();
            match found {
                '"' => return Ok((out, verbatim)),
                '\\' => {
                    verbatim = false;
                    out.push(self.escape()?);
                }
                '\0'..='\x1f' => {
                    let code = u32::from(found);
                    let message = format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {code})): has to be escaped using backslash to be included in string value"
                    );
                    return Err(self.syntax(self.at - 1, message));
                }
                _ => out.push(found),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Refusal> {
        let start = self.at - 1;
        let Some(found) = self.text[self.at..].chars().next() else {
            return Err(self.end_of_input("an escape sequence"));
        };
        self.at += found.len_utf8();
        Ok(match found {
            '"' | '\\' | '/' => found,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let first = self.hex4(start)?;
                let mut code = first;
                if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u") {
                    self.at += 2;
                    let second = self.hex4(start)?;
                    if (0xdc00..0xe000).contains(&second) {
                        code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                    }
                }
                char::from_u32(code).ok_or_else(|| self.syntax(start, "Unpaired surrogate in an escape sequence"))?
            }
            _ => {
                let message = format!("Unrecognized character escape '{found}' (code {})", u32::from(found));
                return Err(self.syntax(start, message));
            }
        })
    }

    fn hex4(&mut self, start: usize) -> Result<u32, Refusal> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at = (self.at + 4).min(self.text.len());
        code.ok_or_else(|| self.syntax(start, "A Unicode escape has four hexadecimal digits"))
    }

    fn number(&mut self) -> Result<Node, Refusal> {
        let start = self.at;
        let length = self.text[start..]
            .bytes()
            .take_while(|b| matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'))
            .count();
        self.at += length;
        match parse_number(&self.text[start..self.at]) {
            Some(number) => Ok(Node::new(Span::new(start, self.at), Kind::Number(number))),
            None => Err(self.syntax(start, format!("Invalid numeric value: '{}'", &self.text[start..self.at]))),
        }
    }

    fn word(&mut self) -> Result<Node, Refusal> {
        let start = self.at;
        let length = self.text[start..]
            .char_indices()
            .find(|(_, c)| !c.is_alphanumeric() && *c != '_' && *c != '$')
            .map_or(self.text.len() - start, |(index, _)| index);
        self.at += length;
        let kind = match &self.text[start..self.at] {
            "null" => Kind::Null,
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            word => {
                let message = format!(
                    "Unrecognized token '{word}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
                );
                return Err(self.syntax(start, message));
            }
        };
        Ok(Node::new(Span::new(start, self.at), kind))
    }
}

/// A number in JSON's spelling, kept as spelled.
pub(super) fn parse_number(text: &str) -> Option<Number> {
    match Value::parse(text) {
        Ok(Value::Number(number)) => Some(number),
        _ => None,
    }
}
