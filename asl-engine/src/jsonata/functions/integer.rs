//! Integers as text: `$formatInteger`, `$parseInteger`, and the integers in dates. Words, roman numerals, letters, and
//! digits of any Unicode family with grouping (XPath functions and operators 3.1, section 4.6).

use super::format_number::regular;
use super::{Args, Context};
use crate::jsonata::error::{Fallible, Fault};
use crate::jsonata::evaluate::Evaluator;
use crate::jsonata::item::Item;
use crate::jsonata::text;

/// How letters are cased.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Lower,
    Title,
}

/// A picture of an integer, analysed.
#[derive(Clone)]
pub(super) struct Picture {
    pub(super) primary: Primary,
    pub(super) ordinal: bool,
}

#[derive(Clone)]
pub(super) enum Primary {
    Letters(Case),
    Roman(Case),
    Words(Case),
    Decimal(Decimal),
    /// A numbering sequence: not supported, as in the reference.
    Sequence(String),
}

#[derive(Clone)]
pub(super) struct Decimal {
    /// The zero of the family of digits.
    zero: u32,
    pub(super) mandatory: usize,
    pub(super) optional: usize,
    /// Separators at every multiple of this many digits; 0: at the places given.
    pub(super) interval: usize,
    pub(super) separators: Vec<(usize, char)>,
    /// How many digits are read, when another integer follows at once.
    pub(super) parse_width: Option<usize>,
}

const FAMILIES: [u32; 37] = [
    0x30, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
];

impl Picture {
    pub(super) fn parse(picture: &str) -> Fallible<Picture> {
        let (primary, modifier) = picture.rsplit_once(';').unwrap_or((picture, ""));
        let primary = match primary {
            "A" => Primary::Letters(Case::Upper),
            "a" => Primary::Letters(Case::Lower),
            "I" => Primary::Roman(Case::Upper),
            "i" => Primary::Roman(Case::Lower),
            "W" => Primary::Words(Case::Upper),
            "Ww" => Primary::Words(Case::Title),
            "w" => Primary::Words(Case::Lower),
            _ => Primary::decimal(primary)?,
        };
        Ok(Picture { primary, ordinal: modifier.starts_with('o') })
    }

    pub(super) fn format(&self, value: f64) -> Fallible<String> {
        let size = value.abs();
        let formatted = match &self.primary {
            Primary::Letters(case) => letters(size, *case),
            Primary::Roman(case) => cased(roman(size), *case),
            Primary::Words(Case::Title) => words(size, self.ordinal),
            Primary::Words(case) => cased(words(size, self.ordinal), *case),
            Primary::Decimal(decimal) => decimal.format(size, self.ordinal),
            Primary::Sequence(token) => return Err(Fault::new("D3130").text_value(token)),
        };
        Ok(if value < 0.0 { format!("-{formatted}") } else { formatted })
    }

    /// The integer that a text of this picture says; not a number when it says none.
    pub(super) fn read(&self, text: &str) -> Fallible<f64> {
        Ok(match &self.primary {
            Primary::Letters(case) => {
                let base = if *case == Case::Upper { 'A' } else { 'a' } as i64;
                text.chars().fold(0.0, |total, c| total * 26.0 + (c as i64 - base + 1) as f64)
            }
            Primary::Roman(_) => read_roman(&text.to_uppercase()),
            Primary::Words(_) => read_words(&text.to_lowercase()),
            Primary::Decimal(decimal) => decimal.read(text, self.ordinal),
            Primary::Sequence(token) => return Err(Fault::new("D3130").text_value(token)),
        })
    }
}

impl Primary {
    fn decimal(picture: &str) -> Fallible<Primary> {
        let mut decimal =
            Decimal { zero: 0, mandatory: 0, optional: 0, interval: 0, separators: Vec::new(), parse_width: None };
        let mut family = None;
        let mut places = 0;
        // Separators count from the right.
        for c in picture.chars().rev() {
            if let Some(zero) = FAMILIES.iter().find(|zero| (**zero..**zero + 10).contains(&(c as u32))) {
                if *family.get_or_insert(*zero) != *zero {
                    return Err(Fault::new("D3131"));
                }
                decimal.mandatory += 1;
                places += 1;
            } else if c == '#' {
                decimal.optional += 1;
                places += 1;
            } else {
                decimal.separators.push((places, c));
            }
        }
        let Some(zero) = family else { return Ok(Primary::Sequence(picture.to_owned())) };
        decimal.zero = zero;
        let positions: Vec<usize> = decimal.separators.iter().map(|(at, _)| *at).collect();
        let same = decimal.separators.windows(2).all(|pair| pair[0].1 == pair[1].1);
        decimal.interval = if same { regular(&positions) } else { 0 };
        Ok(Primary::Decimal(decimal))
    }
}

impl Decimal {
    fn format(&self, size: f64, ordinal: bool) -> String {
        let written = text::number(size);
        let zeros = std::iter::repeat_n('0', self.mandatory.saturating_sub(written.chars().count()));
        let digits: Vec<char> = zeros
            .chain(written.chars())
            .map(|c| match c.to_digit(10) {
                Some(digit) => char::from_u32(self.zero + digit).unwrap_or(c),
                None => c,
            })
            .collect();
        let mut out = String::with_capacity(digits.len() + 4);
        for (index, c) in digits.iter().enumerate() {
            let right = digits.len() - index;
            if self.interval > 0 {
                if index > 0 && right.is_multiple_of(self.interval) {
                    out.extend(self.separators.first().map(|(_, separator)| *separator));
                }
            } else {
                // The leftmost of several at one place comes first.
                let here = self.separators.iter().rev().filter(|(at, _)| *at == right);
                out.extend(here.map(|(_, separator)| *separator));
            }
            out.push(*c);
        }
        if self.interval == 0 {
            out.extend(self.separators.iter().rev().filter(|(at, _)| *at == 0).map(|(_, separator)| *separator));
        }
        if ordinal {
            let teen = digits.len() > 1 && digits[digits.len() - 2] == '1';
            out.push_str(match digits.last() {
                Some('1') if !teen => "st",
                Some('2') if !teen => "nd",
                Some('3') if !teen => "rd",
                _ => "th",
            });
        }
        out
    }

    fn read(&self, text: &str, ordinal: bool) -> f64 {
        let mut chars: Vec<char> = text.chars().collect();
        if ordinal {
            chars.truncate(chars.len().saturating_sub(2));
        }
        let digits: String = chars
            .into_iter()
            .filter(|c| match self.interval {
                0 => !self.separators.iter().any(|(_, separator)| separator == c),
                _ => *c != ',',
            })
            .map(|c| match (c as u32).checked_sub(self.zero) {
                Some(digit) if digit < 10 => char::from_digit(digit, 10).unwrap_or(c),
                _ => c,
            })
            .collect();
        parse_int(&digits)
    }
}

/// The integer that a text starts with, as JavaScript's `parseInt` reads it.
pub(super) fn parse_int(text: &str) -> f64 {
    let text = text.trim_start();
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (-1.0, unsigned),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    unsigned[..digits].parse::<f64>().map_or(f64::NAN, |number| sign * number)
}

fn cased(text: String, case: Case) -> String {
    match case {
        Case::Upper => text.to_uppercase(),
        Case::Lower => text.to_lowercase(),
        Case::Title => text,
    }
}

fn letters(mut value: f64, case: Case) -> String {
    let base = if case == Case::Upper { b'A' } else { b'a' };
    let mut letters = Vec::new();
    while value > 0.0 && value.is_finite() {
        letters.push(char::from(base + ((value - 1.0) % 26.0) as u8));
        value = ((value - 1.0) / 26.0).floor();
    }
    letters.into_iter().rev().collect()
}

const ROMAN: [(f64, &str); 13] = [
    (1000.0, "m"),
    (900.0, "cm"),
    (500.0, "d"),
    (400.0, "cd"),
    (100.0, "c"),
    (90.0, "xc"),
    (50.0, "l"),
    (40.0, "xl"),
    (10.0, "x"),
    (9.0, "ix"),
    (5.0, "v"),
    (4.0, "iv"),
    (1.0, "i"),
];

/// Larger numbers are not written in roman numerals: they would be a thousand times `m`.
const ROMAN_MAX: f64 = 1e6;

fn roman(mut value: f64) -> String {
    let mut out = String::new();
    if value > ROMAN_MAX {
        return text::number(value);
    }
    for (size, numeral) in ROMAN {
        while value >= size {
            out.push_str(numeral);
            value -= size;
        }
    }
    out
}

fn read_roman(text: &str) -> f64 {
    let (mut total, mut most) = (0.0, 1.0);
    for c in text.chars().rev() {
        let value = match c {
            'M' => 1000.0,
            'D' => 500.0,
            'C' => 100.0,
            'L' => 50.0,
            'X' => 10.0,
            'V' => 5.0,
            'I' => 1.0,
            _ => return f64::NAN,
        };
        if value < most {
            total -= value;
        } else {
            most = value;
            total += value;
        }
    }
    total
}

const FEW: [&str; 20] = [
    "Zero",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
    "Thirteen",
    "Fourteen",
    "Fifteen",
    "Sixteen",
    "Seventeen",
    "Eighteen",
    "Nineteen",
];
const ORDINALS: [&str; 20] = [
    "Zeroth",
    "First",
    "Second",
    "Third",
    "Fourth",
    "Fifth",
    "Sixth",
    "Seventh",
    "Eighth",
    "Ninth",
    "Tenth",
    "Eleventh",
    "Twelfth",
    "Thirteenth",
    "Fourteenth",
    "Fifteenth",
    "Sixteenth",
    "Seventeenth",
    "Eighteenth",
    "Nineteenth",
];
const DECADES: [&str; 9] = ["Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety", "Hundred"];
const MAGNITUDES: [&str; 4] = ["Thousand", "Million", "Billion", "Trillion"];

/// English words. Beyond trillions, trillions are counted in words again.
pub(super) fn words(value: f64, ordinal: bool) -> String {
    if !value.is_finite() {
        return text::number(value);
    }
    let mut out = String::new();
    write_words(value, false, ordinal, &mut out);
    out
}

fn write_words(value: f64, follows: bool, ordinal: bool, out: &mut String) {
    if value < 100.0 {
        if follows {
            out.push_str(" and ");
        }
        return write_tens(value as usize, ordinal, out);
    }
    if follows {
        out.push_str(", ");
    }
    let remainder = if value < 1000.0 {
        out.push_str(FEW[(value / 100.0) as usize % 20]);
        out.push_str(" Hundred");
        value % 100.0
    } else {
        let magnitude = (value.log10().floor() / 3.0).floor().clamp(1.0, MAGNITUDES.len() as f64);
        let factor = 10f64.powf(magnitude * 3.0);
        let mantissa = (value / factor).floor();
        write_words(mantissa, false, false, out);
        out.push(' ');
        out.push_str(MAGNITUDES[magnitude as usize - 1]);
        (value - mantissa * factor).max(0.0)
    };
    if remainder > 0.0 {
        write_words(remainder, true, ordinal, out);
    } else if ordinal {
        out.push_str("th");
    }
}

fn write_tens(value: usize, ordinal: bool, out: &mut String) {
    let few = if ordinal { &ORDINALS } else { &FEW };
    if value < 20 {
        return out.push_str(few[value]);
    }
    let decade = DECADES[value / 10 - 2];
    if !value.is_multiple_of(10) {
        out.push_str(decade);
        out.push('-');
        out.push_str(few[value % 10]);
    } else if ordinal {
        out.push_str(&decade[..decade.len() - 1]);
        out.push_str("ieth");
    } else {
        out.push_str(decade);
    }
}

/// The value of one English number word, in lower case.
pub(super) fn word_value(word: &str) -> Option<f64> {
    let is = |known: &str| known.eq_ignore_ascii_case(word);
    if let Some(index) = FEW.iter().position(|few| is(few)).or_else(|| ORDINALS.iter().position(|few| is(few))) {
        return Some(index as f64);
    }
    let cardinal = word.strip_suffix("ieth").map(|stem| format!("{stem}y"));
    let decade = |word: &str| DECADES.iter().position(|decade| decade.eq_ignore_ascii_case(word));
    if let Some(index) = decade(word).or_else(|| decade(cardinal.as_deref()?)) {
        return Some((index + 2) as f64 * 10.0);
    }
    if word == "hundredth" {
        return Some(100.0);
    }
    let stem = word.strip_suffix("th").unwrap_or(word);
    let magnitude = MAGNITUDES.iter().position(|magnitude| magnitude.eq_ignore_ascii_case(stem))?;
    Some(10f64.powi((magnitude as i32 + 1) * 3))
}

fn read_words(text: &str) -> f64 {
    let text = text.replace(", ", " ").replace(" and ", " ");
    let mut segments = vec![0.0];
    for word in text.split([' ', '\t', '\n', '-', '\\']) {
        let value = word_value(word).unwrap_or(f64::NAN);
        let top: f64 = segments.pop().unwrap_or(0.0);
        if value < 100.0 {
            if top >= 1000.0 {
                segments.extend([top, value]);
            } else {
                segments.push(top + value);
            }
        } else {
            segments.push(top * value);
        }
    }
    segments.into_iter().sum()
}

pub(super) fn format_integer(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let (Some(value), Some(picture)) = (args.number(0), args.text(1)) else { return Ok(Item::Undefined) };
    evaluator.charge_text(picture.len() * 16)?;
    Picture::parse(&picture)?.format(value.floor()).map(Item::from)
}

pub(super) fn parse_integer(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let (Some(text), Some(picture)) = (args.text(0), args.text(1)) else { return Ok(Item::Undefined) };
    evaluator.charge_text((picture.len() + text.len()) * 16)?;
    Picture::parse(&picture)?.read(&text).map(Item::Number)
}
