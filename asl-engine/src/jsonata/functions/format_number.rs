//! `$formatNumber`: decimal picture strings (XPath functions and operators 3.1, section 4.7).

use super::numeric::rounded;
use super::{Args, Context};
use crate::jsonata::error::{Fallible, Fault};
use crate::jsonata::evaluate::Evaluator;
use crate::jsonata::item::Item;

/// The characters of a picture, which options may replace.
struct Symbols {
    decimal: String,
    grouping: String,
    exponent: String,
    minus: String,
    percent: String,
    per_mille: String,
    zero: char,
    digit: String,
    separator: String,
}

impl Symbols {
    fn new(options: &Item) -> Symbols {
        let option = |name: &str, default: &str| {
            options
                .member(name)
                .and_then(|value| value.as_text().cloned())
                .map_or(default.to_owned(), |text| text.to_string())
        };
        Symbols {
            decimal: option("decimal-separator", "."),
            grouping: option("grouping-separator", ","),
            exponent: option("exponent-separator", "e"),
            minus: option("minus-sign", "-"),
            percent: option("percent", "%"),
            per_mille: option("per-mille", "\u{2030}"),
            zero: option("zero-digit", "0").chars().next().unwrap_or('0'),
            digit: option("digit", "#"),
            separator: option("pattern-separator", ";"),
        }
    }

    fn is_digit(&self, c: char) -> bool {
        let offset = (c as u32).checked_sub(self.zero as u32);
        offset.is_some_and(|offset| offset < 10)
    }

    fn is_optional(&self, c: char) -> bool {
        is(&self.digit, c)
    }

    fn is_active(&self, c: char) -> bool {
        self.is_digit(c)
            || [&self.decimal, &self.exponent, &self.grouping, &self.digit, &self.separator].iter().any(|s| is(s, c))
    }

    /// A digit of this family.
    fn digit(&self, c: char) -> char {
        c.to_digit(10).and_then(|digit| char::from_u32(self.zero as u32 + digit)).unwrap_or(c)
    }
}

fn is(symbol: &str, c: char) -> bool {
    let mut chars = symbol.chars();
    chars.next() == Some(c) && chars.next().is_none()
}

/// One half of a picture, taken apart.
struct Parts {
    picture: Vec<char>,
    prefix: String,
    suffix: String,
    active: Vec<char>,
    mantissa: Vec<char>,
    exponent: Option<Vec<char>>,
    integer: Vec<char>,
    fraction: Vec<char>,
}

fn find(chars: &[char], symbol: &str) -> Option<usize> {
    let symbol: Vec<char> = symbol.chars().collect();
    if symbol.is_empty() { None } else { chars.windows(symbol.len()).position(|window| window == symbol) }
}

fn count(chars: &[char], symbol: &str) -> usize {
    let symbol: Vec<char> = symbol.chars().collect();
    if symbol.is_empty() { 0 } else { chars.windows(symbol.len()).filter(|window| *window == symbol).count() }
}

fn split(picture: &str, symbols: &Symbols) -> Parts {
    let picture: Vec<char> = picture.chars().collect();
    let starts = |c: &char| symbols.is_active(*c) && !is(&symbols.exponent, *c);
    let start = picture.iter().position(starts).unwrap_or(0);
    let end = picture.iter().rposition(starts).map_or(picture.len(), |last| last + 1);
    let (start, end) = (start.min(end), end);
    let active = picture[start..end].to_vec();
    let exponent_at = find(&picture[start..], &symbols.exponent).filter(|at| start + at <= end);
    let (mantissa, exponent) = match exponent_at {
        // As in the reference, the place counts from the picture's start.
        Some(at) => {
            let at = (start + at).min(active.len());
            (active[..at].to_vec(), Some(active.get(at + 1..).unwrap_or_default().to_vec()))
        }
        None => (active.clone(), None),
    };
    let suffix: String = picture[end..].iter().collect();
    let (integer, fraction) = match find(&mantissa, &symbols.decimal) {
        Some(at) => (mantissa[..at].to_vec(), mantissa[at + 1..].to_vec()),
        None => (mantissa.clone(), suffix.chars().collect()),
    };
    Parts { prefix: picture[..start].iter().collect(), suffix, active, mantissa, exponent, integer, fraction, picture }
}

/// The last rule broken, as in the reference.
fn validate(parts: &Parts, symbols: &Symbols) -> Fallible<()> {
    let has = |symbol: &str| find(&parts.picture, symbol).is_some();
    let grouping = |index: Option<usize>| {
        index.and_then(|index| parts.picture.get(index)).is_some_and(|c| is(&symbols.grouping, *c))
    };
    let decimal = find(&parts.picture, &symbols.decimal);
    let digit_or_optional = |c: &char| symbols.is_digit(*c) || symbols.is_optional(*c);
    let mut broken = None;
    let mut rule = |code: &'static str, broke: bool| {
        if broke {
            broken = Some(code);
        }
    };
    rule("D3081", count(&parts.picture, &symbols.decimal) > 1);
    rule("D3082", count(&parts.picture, &symbols.percent) > 1);
    rule("D3083", count(&parts.picture, &symbols.per_mille) > 1);
    rule("D3084", has(&symbols.percent) && has(&symbols.per_mille));
    rule("D3085", !parts.mantissa.iter().any(digit_or_optional));
    rule("D3086", parts.active.iter().any(|c| !symbols.is_active(*c)));
    match decimal {
        Some(at) => rule("D3087", grouping(at.checked_sub(1)) || grouping(Some(at + 1))),
        None => rule("D3088", parts.integer.last().is_some_and(|c| is(&symbols.grouping, *c))),
    }
    rule("D3089", has(&symbols.grouping.repeat(2)));
    let optional = parts.integer.iter().position(|c| symbols.is_optional(*c)).unwrap_or(0);
    rule("D3090", parts.integer[..optional].iter().any(|c| symbols.is_digit(*c)));
    let optional = parts.fraction.iter().rposition(|c| symbols.is_optional(*c)).unwrap_or(parts.fraction.len());
    rule("D3091", parts.fraction[optional..].iter().any(|c| symbols.is_digit(*c)));
    if let Some(exponent) = &parts.exponent {
        rule("D3092", !exponent.is_empty() && (has(&symbols.percent) || has(&symbols.per_mille)));
        rule("D3093", exponent.is_empty() || exponent.iter().any(|c| !symbols.is_digit(*c)));
    }
    broken.map_or(Ok(()), |code| Err(Fault::new(code)))
}

/// What a half of the picture asks for.
#[derive(Clone)]
struct Format {
    prefix: String,
    suffix: String,
    grouping: Vec<usize>,
    regular_grouping: usize,
    fraction_grouping: Vec<usize>,
    integer_min: usize,
    scaling: usize,
    fraction_min: usize,
    fraction_max: usize,
    exponent_min: usize,
    percent: bool,
    per_mille: bool,
    decimal: bool,
}

fn analyse(parts: &Parts, symbols: &Symbols) -> Format {
    let places = |chars: &[char]| chars.iter().filter(|c| symbols.is_digit(**c) || symbols.is_optional(**c)).count();
    let digits = |chars: &[char]| chars.iter().filter(|c| symbols.is_digit(**c)).count();
    let separators = |chars: &[char]| -> Vec<usize> {
        chars.iter().enumerate().filter(|(_, c)| is(&symbols.grouping, **c)).map(|(at, _)| at).collect()
    };
    let grouping: Vec<usize> = separators(&parts.integer).into_iter().map(|at| places(&parts.integer[at..])).collect();
    let fraction_grouping = separators(&parts.fraction).into_iter().map(|at| places(&parts.fraction[..at])).collect();
    let mut integer_min = digits(&parts.integer);
    let scaling = integer_min;
    let mut fraction_min = digits(&parts.fraction);
    let mut fraction_max = places(&parts.fraction);
    if integer_min == 0 && fraction_max == 0 {
        if parts.exponent.is_some() {
            fraction_min = 1;
            fraction_max = 1;
        } else {
            integer_min = 1;
        }
    }
    if parts.exponent.is_some() && integer_min == 0 && parts.integer.iter().any(|c| symbols.is_optional(*c)) {
        integer_min = 1;
    }
    if integer_min == 0 && fraction_min == 0 {
        fraction_min = 1;
    }
    let has = |symbol: &str| find(&parts.picture, symbol).is_some();
    Format {
        prefix: parts.prefix.clone(),
        suffix: parts.suffix.clone(),
        regular_grouping: regular(&grouping),
        grouping,
        fraction_grouping,
        integer_min,
        scaling,
        fraction_min,
        fraction_max,
        exponent_min: parts.exponent.as_deref().map_or(0, digits),
        percent: has(&symbols.percent),
        per_mille: has(&symbols.per_mille),
        decimal: has(&symbols.decimal),
    }
}

/// The interval of separators that stand at every multiple of it; 0: they do not.
pub(super) fn regular(positions: &[usize]) -> usize {
    let gcd = |mut a: usize, mut b: usize| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let Some(factor) = positions.iter().copied().reduce(gcd) else { return 0 };
    let everywhere = (1..=positions.len()).all(|index| positions.contains(&(index * factor)));
    if everywhere { factor } else { 0 }
}

/// More decimal places than a double has serve no one.
const PLACES_MAX: usize = 100;

pub(super) fn format_number(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let (Some(value), Some(picture)) = (args.number(0), args.text(1)) else { return Ok(Item::Undefined) };
    evaluator.charge(picture.len())?;
    let symbols = Symbols::new(args.get(2));
    let halves: Vec<&str> =
        if symbols.separator.is_empty() { vec![picture.as_str()] } else { picture.split(&symbols.separator).collect() };
    if halves.len() > 2 {
        return Err(Fault::new("D3080"));
    }
    let parts: Vec<Parts> = halves.into_iter().map(|half| split(half, &symbols)).collect();
    parts.iter().try_for_each(|parts| validate(parts, &symbols))?;
    let mut formats: Vec<Format> = parts.iter().map(|parts| analyse(parts, &symbols)).collect();
    if let [format] = formats.as_slice() {
        let mut negative = format.clone();
        negative.prefix.insert_str(0, &symbols.minus);
        formats.push(negative);
    }
    let Some(format) = formats.into_iter().nth(usize::from(value < 0.0)) else { return Ok(Item::Undefined) };
    Ok(Item::from(write(value, &format, &symbols)))
}

fn write(value: f64, format: &Format, symbols: &Symbols) -> String {
    let scaled = match (format.percent, format.per_mille) {
        (true, _) => value * 100.0,
        (_, true) => value * 1000.0,
        _ => value,
    };
    let (mantissa, exponent) = if format.exponent_min == 0 { (scaled, None) } else { scale(scaled, format.scaling) };
    let places = format.fraction_max.min(PLACES_MAX);
    let plain = to_fixed(rounded(mantissa, places as f64).abs(), places);
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = |text: &str| text.chars().map(|c| symbols.digit(c)).collect::<Vec<char>>();
    let mut whole = digits(whole.trim_start_matches('0'));
    let mut fraction = digits(fraction.trim_end_matches('0'));
    if whole.len() < format.integer_min {
        let missing = format.integer_min - whole.len();
        whole.splice(0..0, std::iter::repeat_n(symbols.zero, missing));
    }
    if fraction.len() < format.fraction_min {
        fraction.resize(format.fraction_min, symbols.zero);
    }
    let mut out = format.prefix.clone();
    group_whole(&whole, format, &symbols.grouping, &mut out);
    if !fraction.is_empty() {
        out.push_str(&symbols.decimal);
        if !format.decimal {
            // As in the reference: without a point in the picture, the last character goes, whatever it is.
            fraction.pop();
        }
    }
    for (index, c) in fraction.iter().enumerate() {
        // As in the reference, a separator counts as a place for those after it.
        let before = format.fraction_grouping.iter().enumerate().filter(|(n, at)| **at == index + n).count();
        (0..before).for_each(|_| out.push_str(&symbols.grouping));
        out.push(*c);
    }
    if let Some(exponent) = exponent {
        out.push_str(&symbols.exponent);
        if exponent < 0 {
            out.push_str(&symbols.minus);
        }
        let width = format.exponent_min;
        out.extend(format!("{:0width$}", exponent.unsigned_abs()).chars().map(|c| symbols.digit(c)));
    }
    out.push_str(&format.suffix);
    out
}

/// So many decimal places; halves go up, as in JavaScript.
fn to_fixed(value: f64, places: usize) -> String {
    const MORE: usize = 30;
    let exact = format!("{value:.*}", places + MORE);
    let rest = &exact[exact.len().saturating_sub(MORE)..];
    let half = rest.starts_with('5') && rest[1..].bytes().all(|digit| digit == b'0');
    format!("{:.places$}", if half { value.next_up() } else { value })
}

fn group_whole(whole: &[char], format: &Format, separator: &str, out: &mut String) {
    for (index, c) in whole.iter().enumerate() {
        let right = whole.len() - index;
        let here = match format.regular_grouping {
            0 => format.grouping.contains(&right),
            every => right.is_multiple_of(every),
        };
        if here && index > 0 {
            out.push_str(separator);
        }
        out.push(*c);
    }
}

/// A mantissa with as many integer digits as asked for, and the exponent it needs.
fn scale(value: f64, digits: usize) -> (f64, Option<i32>) {
    let digits = digits.min(PLACES_MAX) as i32;
    let (most, least) = (10f64.powi(digits), 10f64.powi(digits - 1));
    let (mut mantissa, mut exponent) = (value, 0);
    if mantissa != 0.0 && mantissa.is_finite() {
        while mantissa.abs() < least {
            mantissa *= 10.0;
            exponent -= 1;
        }
        while mantissa.abs() > most {
            mantissa /= 10.0;
            exponent += 1;
        }
    }
    (mantissa, Some(exponent))
}
