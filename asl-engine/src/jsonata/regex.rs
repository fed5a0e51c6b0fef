//! Regular expressions in JavaScript's syntax, run by `fancy-regex` with a backtrack limit.

use super::error::{Fallible, Fault};
use std::fmt::Write;

/// Steps of backtracking before a match is given up. Patterns without lookaround or backreferences never backtrack.
const BACKTRACK_MAX: usize = 1_000_000;

/// A compiled regular expression.
pub(super) struct Regex {
    regex: fancy_regex::Regex,
}

/// One match: offsets in bytes.
pub(super) struct Match {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) groups: Vec<Option<String>>,
}

impl Regex {
    /// Compiles a pattern with the flags `i` and `m`; the error says what is wrong.
    pub(super) fn new(pattern: &str, flags: &str) -> Result<Regex, String> {
        let mut translated = String::with_capacity(pattern.len() + 8);
        if !flags.is_empty() {
            let _ = write!(translated, "(?{flags})");
        }
        translate(pattern, &mut translated);
        fancy_regex::RegexBuilder::new(&translated)
            .backtrack_limit(BACKTRACK_MAX)
            .build()
            .map(|regex| Regex { regex })
            .map_err(|_| format!("/{pattern}/{flags}"))
    }

    /// The first match at or after an offset.
    pub(super) fn find(&self, text: &str, from: usize) -> Fallible<Option<Match>> {
        if from > text.len() {
            return Ok(None);
        }
        let captures = self.regex.captures_from_pos(text, from).map_err(|_| {
            Fault::new("U1001").text("The regular expression backtracks too much on this text; simplify the expression")
        })?;
        let Some(captures) = captures else { return Ok(None) };
        let Some(whole) = captures.get(0) else { return Ok(None) };
        let groups = captures.iter().skip(1).map(|group| group.map(|group| group.as_str().to_owned())).collect();
        Ok(Some(Match { start: whole.start(), end: whole.end(), groups }))
    }
}

/// JavaScript's classes are about ASCII, except for space.
const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str = r"\t\n\x0b\x0c\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}";

/// Between a word character and another.
const BOUNDARY: &str = "(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))";

/// Rewrites what the two syntaxes spell differently.
fn translate(pattern: &str, out: &mut String) {
    let mut rest = pattern;
    let mut in_class = false;
    let mut class_start = false;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let at_class_start = std::mem::replace(&mut class_start, false);
        match c {
            '\\' => rest = escape(rest, in_class, out),
            ']' if in_class && !at_class_start => {
                in_class = false;
                out.push(']');
            }
            // Rust would read these as nested classes and set operations.
            '[' | ']' | '&' | '~' if in_class => {
                out.push('\\');
                out.push(c);
            }
            _ if in_class => out.push(c),
            '[' if rest.starts_with("^]") => {
                rest = &rest[2..];
                out.push_str(r"(?s:.)");
            }
            '[' if rest.starts_with(']') => {
                rest = &rest[1..];
                out.push_str(r"(?!)");
            }
            '[' => {
                in_class = true;
                out.push('[');
                if let Some(after) = rest.strip_prefix('^') {
                    rest = after;
                    out.push('^');
                }
            }
            '.' => out.push_str(r"[^\n\r\x{2028}\x{2029}]"),
            '{' if !is_quantifier(rest) => out.push_str(r"\{"),
            '{' => {
                let end = rest.find('}').map_or(rest.len(), |end| end + 1);
                out.push('{');
                out.push_str(&rest[..end]);
                rest = &rest[end..];
            }
            '}' | ']' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
}

fn is_quantifier(after_brace: &str) -> bool {
    let Some(end) = after_brace.find('}') else { return false };
    let body = &after_brace[..end];
    let (low, high) = body.split_once(',').unwrap_or((body, ""));
    !low.is_empty() && low.bytes().chain(high.bytes()).all(|b| b.is_ascii_digit())
}

/// Translates the escape after a backslash; gives what follows it.
fn escape<'a>(rest: &'a str, in_class: bool, out: &mut String) -> &'a str {
    let Some(c) = rest.chars().next() else {
        out.push_str(r"\\");
        return rest;
    };
    let after = &rest[c.len_utf8()..];
    let class = |out: &mut String, negated: bool, set: &str| {
        let _ = match (in_class, negated) {
            (true, false) => write!(out, "{set}"),
            (_, true) => write!(out, "[^{set}]"),
            (false, false) => write!(out, "[{set}]"),
        };
    };
    let hex = |digits: usize| {
        after
            .get(..digits)
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|hex| u32::from_str_radix(hex, 16).ok())
    };
    match c {
        'd' | 'D' => class(out, c == 'D', DIGIT),
        'w' | 'W' => class(out, c == 'W', WORD),
        's' | 'S' => class(out, c == 'S', SPACE),
        'b' if in_class => out.push_str(r"\x08"),
        'b' => out.push_str(BOUNDARY),
        'B' if !in_class => {
            let _ = write!(out, "(?!{BOUNDARY})");
        }
        't' | 'n' | 'r' | 'f' | 'v' => {
            out.push('\\');
            out.push(c);
        }
        '0' => out.push_str(r"\x00"),
        '1'..='9' if !in_class => {
            out.push('\\');
            out.push(c);
        }
        'k' if !in_class && after.starts_with('<') => out.push_str(r"\k"),
        'c' if after.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            let control = after.as_bytes()[0] & 0x1f;
            let _ = write!(out, "\\x{control:02x}");
            return &after[1..];
        }
        'x' if hex(2).is_some() => {
            let _ = write!(out, "\\x{{{}}}", &after[..2]);
            return &after[2..];
        }
        'u' if hex(4).is_some() => {
            let unit = hex(4).unwrap_or_default();
            let low = after[4..].strip_prefix("\\u").and_then(|low| low.get(..4));
            let low =
                low.and_then(|low| u32::from_str_radix(low, 16).ok()).filter(|low| (0xdc00..0xe000).contains(low));
            if let (0xd800..0xdc00, Some(low)) = (unit, low) {
                let _ = write!(out, "\\x{{{:x}}}", 0x1_0000u32 + ((unit - 0xd800) << 10) + (low - 0xdc00));
                return &after[10..];
            }
            // Half a pair matches nothing that UTF-8 can hold but the replacement character.
            let unit = char::from_u32(unit).map_or(0xfffd, u32::from);
            let _ = write!(out, "\\x{{{unit:x}}}");
            return &after[4..];
        }
        _ if c.is_ascii_alphanumeric() || !c.is_ascii() || c == '_' || c == ' ' => out.push(c),
        '/' | '"' | '\'' | ',' | ':' | ';' | '<' | '>' | '=' | '!' | '@' | '`' | '%' => out.push(c),
        _ => {
            out.push('\\');
            out.push(c);
        }
    }
    after
}
