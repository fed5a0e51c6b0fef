//! Whether an expected text with placeholders fits the text of an answer.

use crate::placeholder::{Piece, pieces};
use std::collections::{BTreeMap, HashSet};

/// What `<<ref:…>>`, `<<account>>` and `<<region>>` were found to stand for, by placeholder name.
pub type Bindings = BTreeMap<String, String>;

/// Whether `actual` fits `expected`; then the placeholders seen for the first time are bound.
///
/// The recordings hold the word `date` where an answer has an ISO-8601 time inside a longer text.
pub fn fits(expected: &str, actual: &str, bindings: &mut Bindings) -> bool {
    let pieces = pieces(expected);
    let dated = || expected.contains("date").then(|| dates_named(actual));
    match pieces.as_slice() {
        [] | [Piece::Text(_)] => expected == actual || dated().is_some_and(|actual| expected == actual),
        [Piece::Placeholder("iso")] => is_iso_time(actual),
        [Piece::Placeholder("time")] => is_iso_time(actual) || is_epoch(actual),
        pieces => match captures(pieces, actual, bindings)
            .or_else(|| dated().and_then(|actual| captures(pieces, &actual, bindings)))
        {
            Some(found) => bind(found, bindings),
            None => false,
        },
    }
}

/// Numbered placeholders of one family (`ref:uuid:1`, `ref:uuid:2`) stand for different values.
fn bind(found: Vec<(String, String)>, bindings: &mut Bindings) -> bool {
    for (name, value) in found {
        let family = name.rsplit_once(':').filter(|(family, number)| {
            family.starts_with("ref:") && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        if let Some((family, _)) = family {
            let taken = |(other, known): (&String, &String)| {
                *known == value
                    && *other != name
                    && other.strip_prefix(family).is_some_and(|number| number.starts_with(':'))
            };
            if bindings.iter().any(taken) {
                return false;
            }
        }
        bindings.insert(name, value);
    }
    true
}

/// The times inside a text replaced by the word `date`.
pub fn dates_named(text: &str) -> String {
    let mut named = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match iso_time(rest) {
            Some(length) => {
                named.push_str("date");
                rest = &rest[length..];
            }
            None => {
                named.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    named
}

fn is_iso_time(text: &str) -> bool {
    iso_time(text) == Some(text.len())
}

fn is_epoch(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// The length of the ISO-8601 time that a text starts with.
fn iso_time(text: &str) -> Option<usize> {
    /// One letter a character: `d` any digit, `1` 0–1, `2` 0–2, `3` 0–3, `5` 0–5, else itself.
    fn shape(bytes: &[u8], at: usize, shape: &[u8]) -> Option<usize> {
        let part = bytes.get(at..at + shape.len())?;
        let fits = part.iter().zip(shape).all(|(byte, shape)| match shape {
            b'd' => byte.is_ascii_digit(),
            b'1' | b'2' | b'3' | b'5' => (b'0'..=*shape).contains(byte),
            same => byte == same,
        });
        fits.then_some(at + shape.len())
    }
    let bytes = text.as_bytes();
    let mut at = shape(bytes, 0, b"dddd-1d-3dT2d:5d:5d")?;
    if bytes.get(at) == Some(&b'.') {
        let digits = bytes[at + 1..].iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
        at = if digits > 0 { at + 1 + digits } else { return None };
    }
    match bytes.get(at)? {
        b'Z' => Some(at + 1),
        b'+' | b'-' => shape(bytes, at + 1, b"1d:5d").or_else(|| shape(bytes, at + 1, b"1d5d")),
        _ => None,
    }
}

/// A step of a match, left to right.
enum Part<'a> {
    Text(&'a str),
    /// An ISO-8601 time or the word `date`.
    Time,
    Partition,
    /// Anything, as short as possible.
    Anything,
    /// A placeholder seen for the first time.
    Capture(&'a str),
    /// The same text as an earlier capture of this match.
    Again(&'a str),
}

/// Finds what the placeholders stand for; `None` when the text does not fit.
fn captures(pieces: &[Piece<'_>], actual: &str, bindings: &Bindings) -> Option<Vec<(String, String)>> {
    let mut seen = HashSet::new();
    let parts: Vec<Part<'_>> = pieces
        .iter()
        .map(|piece| match *piece {
            Piece::Text(text) => Part::Text(text),
            Piece::Placeholder("iso") => Part::Time,
            Piece::Placeholder("partition") => Part::Partition,
            Piece::Placeholder(name) if name.starts_with("ref:") || name == "account" || name == "region" => {
                match bindings.get(name) {
                    Some(bound) => Part::Text(bound),
                    None if seen.insert(name) => Part::Capture(name),
                    None => Part::Again(name),
                }
            }
            Piece::Placeholder(_) => Part::Anything,
        })
        .collect();
    // Whether the rest fits depends on the captures only when one of them comes again.
    let independent = !parts.iter().any(|part| matches!(part, Part::Again(_)));
    let mut search = Search { parts: &parts, actual, found: Vec::new(), failed: HashSet::new(), independent };
    search.from(0, 0).then(|| search.found.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect())
}

struct Search<'a> {
    parts: &'a [Part<'a>],
    actual: &'a str,
    found: Vec<(&'a str, &'a str)>,
    /// Parts and positions from which nothing fits, so that many placeholders cost no exponential time.
    failed: HashSet<(usize, usize)>,
    independent: bool,
}

impl<'a> Search<'a> {
    /// Depth: at most one call a part.
    fn from(&mut self, part: usize, at: usize) -> bool {
        let Some(step) = self.parts.get(part) else { return at == self.actual.len() };
        if self.independent && self.failed.contains(&(part, at)) {
            return false;
        }
        let rest = &self.actual[at..];
        let fits = match step {
            Part::Text(text) => rest.starts_with(text) && self.from(part + 1, at + text.len()),
            Part::Time => {
                iso_time(rest).is_some_and(|length| self.from(part + 1, at + length))
                    || (rest.starts_with("date") && self.from(part + 1, at + 4))
            }
            Part::Partition => rest.strip_prefix("aws").is_some_and(|tail| {
                let letters = tail.bytes().take_while(|byte| byte.is_ascii_lowercase() || *byte == b'-').count();
                (0..=letters).rev().any(|length| self.from(part + 1, at + 3 + length))
            }),
            Part::Anything => self.shortest(part, at, None, |_| true, 0),
            Part::Capture("account") => {
                let account = rest.get(..12).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
                account.is_some_and(|account| {
                    self.found.push(("account", account));
                    self.from(part + 1, at + 12) || self.forget()
                })
            }
            Part::Capture(name @ "region") => {
                let region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                self.shortest(part, at, Some(name), region, 1)
            }
            Part::Capture(name) => self.shortest(part, at, Some(name), |_| true, 1),
            Part::Again(name) => {
                let earlier = self.found.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
                earlier.is_some_and(|text| rest.starts_with(text) && self.from(part + 1, at + text.len()))
            }
        };
        if !fits && self.independent {
            self.failed.insert((part, at));
        }
        fits
    }

    /// Tries the shortest text of allowed characters first.
    fn shortest(
        &mut self,
        part: usize,
        at: usize,
        name: Option<&'a str>,
        allowed: fn(char) -> bool,
        least: usize,
    ) -> bool {
        let rest = &self.actual[at..];
        let allowed = rest.char_indices().find(|(_, c)| !allowed(*c)).map_or(rest.len(), |(end, _)| end);
        let ends = rest[..allowed].char_indices().map(|(end, _)| end).chain([allowed]).skip(least);
        // The last part takes all that is left.
        let last = part + 1 == self.parts.len();
        for end in ends {
            if last && end < rest.len() {
                continue;
            }
            if let Some(name) = name {
                self.found.push((name, &rest[..end]));
            }
            if self.from(part + 1, at + end) {
                return true;
            }
            if name.is_some() {
                self.forget();
            }
        }
        false
    }

    /// Takes back the last capture; always false.
    fn forget(&mut self) -> bool {
        self.found.pop();
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_fit_as_the_rules_say() {
        for (expected, actual, fit) in [
            ("abc", "abc", true),
            ("abc", "abd", false),
            ("", "", true),
            ("at date.", "at 2024-01-31T10:00:00.123Z.", true),
            ("at day.", "at 2024-01-31T10:00:00.123Z.", false),
            ("<<time>>", "1704067200.5", true),
            ("<<time>>", "2024-01-31T10:00:00+01:00", true),
            ("<<time>>", "soon", false),
            ("<<iso>>", "2024-01-31T10:00:00.123456789Z", true),
            ("<<iso>>", "2024-01-31T10:00:00.1234567890Z", false),
            ("<<iso>>", "1704067200", false),
            ("<<iso>>", "2024-01-31T10:00:00", false),
            ("t <<iso>>!", "t 2024-01-31T10:00:00-0130!", true),
            ("t <<iso>>!", "t date!", true),
            ("a<<any:x>>b", "ab", true),
            ("a<<any:x>>b", "a\nb-b", true),
            ("a<<any:x>>b", "a-c", false),
            ("<<ref:x>>", "", false),
            ("<<ref:x>>-<<ref:x>>", "1-2-1-2", true),
            ("<<ref:x>>-<<ref:x>>", "1-2-1", false),
            ("arn:<<partition>>:s:<<region>>:<<account>>:x", "arn:aws-cn:s:eu-west-1:123456789012:x", true),
            ("arn:<<partition>>:s:<<region>>:<<account>>:x", "arn:aws:s:eu-west-1:12345678901:x", false),
            ("arn:<<partition>>:s:<<region>>", "arn:aws:s:EU", false),
            ("<<ref:uuid:1>>/<<ref:uuid:2>>", "a/b", true),
            ("<<ref:uuid:1>>/<<ref:uuid:2>>", "a/a", false),
            ("<<ref:a>>/<<ref:b>>", "a/a", true),
            ("é<<any:x>>é", "éüé", true),
        ] {
            assert_eq!(fits(expected, actual, &mut Bindings::new()), fit, "{expected} : {actual}");
        }
    }

    #[test]
    fn a_reference_means_the_same_in_the_whole_case() {
        let mut bindings = Bindings::new();
        assert!(fits("<<ref:arn>>:1", "x:1", &mut bindings));
        assert!(fits("<<ref:arn>>", "x", &mut bindings));
        assert!(!fits("<<ref:arn>>", "y", &mut bindings));
        assert!(fits("<<ref:id:1>>", "x", &mut bindings));
        assert!(!fits("<<ref:id:2>>", "x", &mut bindings));
    }

    #[test]
    fn many_placeholders_take_no_exponential_time() {
        let expected = "<<any:x>>a".repeat(60) + "!";
        assert!(!fits(&expected, &"a".repeat(400), &mut Bindings::new()));
    }

    proptest! {
        #[test]
        fn every_text_fits_itself_and_anything(text in "[^<>]*") {
            prop_assert!(fits(&text, &text, &mut Bindings::new()));
            prop_assert!(fits("<<any:x>>", &text, &mut Bindings::new()));
        }

        #[test]
        fn what_was_filled_in_fits(before in "[a-z:/ ]*", value in "[0-9A-Z]{1,9}", after in "[a-z:/ ]*") {
            let expected = format!("{before}<<ref:x>>{after}");
            let mut bindings = Bindings::new();
            let actual = format!("{before}{value}{after}");
            prop_assert!(fits(&expected, &actual, &mut bindings));
            prop_assert_eq!(bindings.get("ref:x"), Some(&value));
        }
    }
}
