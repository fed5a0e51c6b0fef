//! A place in a text that is being parsed.

use super::ExpressionError;

/// Reads a text from left to right. Offsets are bytes into the whole text.
#[derive(Clone)]
pub(crate) struct Cursor<'t> {
    text: &'t str,
    offset: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str, offset: usize) -> Self {
        Cursor { text, offset }
    }

    /// Where the cursor is.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) fn rest(&self) -> &'t str {
        &self.text[self.offset..]
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.offset += next.len_utf8();
        Some(next)
    }

    /// Goes past `token` when it is next.
    pub(crate) fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.offset += token.len();
        }
        found
    }

    /// Takes characters as long as they belong.
    pub(crate) fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.offset += end;
        &rest[..end]
    }

    pub(crate) fn skip_spaces(&mut self) {
        self.take_while(|c| c.is_ascii_whitespace());
    }

    /// Goes past `token`, and white space before it.
    pub(crate) fn expect(&mut self, token: &str) -> Result<(), ExpressionError> {
        self.skip_spaces();
        if self.take(token) { Ok(()) } else { Err(self.error(format!("`{token}` is expected here"))) }
    }

    /// What is wrong here.
    pub(crate) fn error(&self, message: impl Into<String>) -> ExpressionError {
        ExpressionError { message: message.into(), offset: self.offset }
    }

    /// A quoted text, the quote being next. A backslash escapes the quote and itself; before any other character it
    /// stands for itself (recorded: `$['Test\""Name"']` finds the member `Test\""Name"`).
    pub(crate) fn quoted(&mut self) -> Result<String, ExpressionError> {
        let begin = self.clone();
        let quote =
            self.next().filter(|c| matches!(c, '\'' | '"')).ok_or_else(|| begin.error("a quote is expected"))?;
        let mut text = String::new();
        while let Some(c) = self.next() {
            match c {
                c if c == quote => return Ok(text),
                '\\' => match self.peek().filter(|next| *next == quote || *next == '\\') {
                    Some(escaped) => {
                        text.push(escaped);
                        self.next();
                    }
                    None => text.push('\\'),
                },
                c => text.push(c),
            }
        }
        Err(begin.error("the quote is never closed"))
    }

    /// An integer that fits in 32 bits.
    pub(crate) fn integer(&mut self) -> Result<i64, ExpressionError> {
        let begin = self.clone();
        self.take("-");
        self.take_while(|c| c.is_ascii_digit());
        let digits = &self.text[begin.offset..self.offset];
        digits.parse::<i32>().map(i64::from).map_err(|_| begin.error("an index is a whole number of 32 bits"))
    }
}
