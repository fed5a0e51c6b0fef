//! Where the bytes of a string stand in the definition's text, which may spell them with escapes and on several lines.

/// The places of a string's bytes.
#[derive(Clone, Debug, Default)]
pub(crate) enum Places {
    /// The string is not in the text: it was filled in, or stands there for another node.
    #[default]
    Unknown,
    /// The string stands in the text as it is, from this byte on.
    Verbatim(usize),
    /// From each of these bytes of the string (the first of the pairs) to the next it stands as it is.
    Bent(Vec<(usize, usize)>),
}

impl Places {
    /// The place of a byte of the string.
    pub(super) fn find(&self, byte: usize) -> Option<usize> {
        match self {
            Places::Unknown => None,
            Places::Verbatim(start) => Some(start + byte),
            Places::Bent(bends) => {
                let next = bends.partition_point(|(from, _)| *from <= byte);
                let (from, place) = *bends.get(next.checked_sub(1)?)?;
                let found = place + (byte - from);
                // Between two bends there may be white space of which the text has less than the string.
                Some(bends.get(next).map_or(found, |(_, end)| found.min(*end)))
            }
        }
    }

    /// Finds the bytes of `string` in its `source`, which begins at `start` of the text, with the quote if it has one.
    ///
    /// White space is where the two differ in ways of many styles (YAML folds lines and strips indentation), so it is
    /// skipped on both sides: all other characters follow each other in the same order.
    pub(super) fn align(source: &str, start: usize, string: &str, quote: Option<char>) -> Places {
        let mut at = usize::from(quote.is_some());
        let mut bends = vec![(0, start + at)];
        let mut ahead = at as isize;
        for (byte, wanted) in string.char_indices().filter(|(_, c)| !c.is_whitespace()) {
            let length = loop {
                let Some((character, length)) = spelled(&source[at..], quote) else { return Places::Unknown };
                match character {
                    Some(character) if character == wanted => break length,
                    Some(character) if !character.is_whitespace() => return Places::Unknown,
                    _ => at += length,
                }
            };
            if at as isize - byte as isize != ahead {
                ahead = at as isize - byte as isize;
                bends.push((byte, start + at));
            }
            at += length;
        }
        Places::Bent(bends)
    }
}

/// The character that the source begins with, and how many bytes spell it; a line that is continued spells none.
fn spelled(source: &str, quote: Option<char>) -> Option<(Option<char>, usize)> {
    let first = source.chars().next()?;
    match (first, quote) {
        ('\'', Some('\'')) if source.starts_with("''") => Some((Some('\''), 2)),
        ('\\', Some('"')) => escape(source),
        _ => Some((Some(first), first.len_utf8())),
    }
}

/// An escape sequence of JSON or YAML (whose escapes of the same letter mean the same).
fn escape(source: &str) -> Option<(Option<char>, usize)> {
    let letter = source[1..].chars().next()?;
    let code = |digits: usize| u32::from_str_radix(source.get(2..2 + digits)?, 16).ok();
    let (character, length) = match letter {
        'x' => (char::from_u32(code(2)?), 4),
        'U' => (char::from_u32(code(8)?), 10),
        'u' => match (code(4)?, source.get(6..12).and_then(|low| low.strip_prefix("\\u"))) {
            (high @ 0xd800..0xdc00, Some(low)) => {
                let low = u32::from_str_radix(low, 16).ok()?.checked_sub(0xdc00)?;
                (char::from_u32(0x10000 + ((high - 0xd800) << 10) + low), 12)
            }
            (code, _) => (char::from_u32(code), 6),
        },
        '0' => (Some('\0'), 2),
        'a' => (Some('\u{7}'), 2),
        'b' => (Some('\u{8}'), 2),
        'e' => (Some('\u{1b}'), 2),
        // White space and ends of lines: skipped, whatever they mean.
        'n' | 'r' | 't' | 'v' | 'f' | 'N' | '_' | 'L' | 'P' => (None, 2),
        other => (Some(other), 1 + other.len_utf8()),
    };
    Some((character, length))
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn finds_every_visible_character_of_a_string_in_its_source() {
        for (source, string) in [
            ("plain", "plain"),
            (r#""a\"b\\c\/d""#, r#"a"b\c/d"#),
            (r#""\u00e9x\ud83d\ude00y""#, "éx😀y"),
            (r#""a\nb\tc""#, "a\nb\tc"),
            (r#""\x41\U0001F600b""#, "A😀b"),
            ("'it''s ''x'''", "it's 'x'"),
            ("\"one\n   two\n\n   three\"", "one two\nthree"),
            ("\"one\\\n   two\"", "onetwo"),
            ("first\n      second\n    third\n", "first\n  second\nthird\n"),
            ("folded\n    line\n\n    next", "folded line\nnext"),
        ] {
            let quote = source.chars().next().filter(|first| matches!(first, '"' | '\''));
            let places = Places::align(source, 100, string, quote);
            for (byte, character) in string.char_indices().filter(|(_, c)| !c.is_whitespace()) {
                let place = places.find(byte).unwrap() - 100;
                let begins = &source[place..];
                assert!(
                    begins.starts_with(character) || begins.starts_with('\\'),
                    "{source}: {character} is not at {begins}"
                );
            }
        }
        assert_eq!(Places::align("abc", 0, "abd", None).find(0), None);
    }

    #[test]
    fn tells_the_exact_bytes() {
        let places = Places::align(r#""x\"y z""#, 10, "x\"y z", Some('"'));
        let found: Vec<usize> = (0..5).filter_map(|byte| places.find(byte)).collect();
        assert_eq!(found, [11, 12, 14, 15, 16]);
    }
}
