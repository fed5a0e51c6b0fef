//! Text as a moment.

use super::super::integer::{Case, Picture as IntegerPicture, Primary, parse_int, word_value};
use super::calendar::{Moment, utc};
use super::format::{DAYS, MONTHS, component, no_names};
use super::picture::{Marker, Part, Picture, Style};
use crate::jsonata::error::{Fallible, Fault};

/// An ISO 8601 timestamp as the reference takes it: anything after the year may be missing.
pub(super) fn iso_8601(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut digits = |count: usize| -> Option<f64> {
        let number = rest.get(..count).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
        rest = &rest[count..];
        number.parse().ok()
    };
    let year = digits(4)?;
    let mut field = |separator: char, count: usize| -> Option<Option<f64>> {
        let Some(after) = rest.strip_prefix(separator) else { return Some(None) };
        let number = after.get(..count).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        // A sign may also start the time zone.
        match number {
            Some(number)
                if separator != '-' || !after[count..].starts_with(|c: char| c.is_ascii_digit() || c == ':') =>
            {
                rest = &after[count..];
                Some(number.parse().ok())
            }
            _ if separator == '-' => Some(None),
            _ => None,
        }
    };
    let month = field('-', 2)?;
    let day = if month.is_some() { field('-', 2)? } else { None };
    let hour = field('T', 2)?;
    let (minute, second) = match hour {
        Some(_) => (Some(field(':', 2)??), Some(field(':', 2)??)),
        None => (None, None),
    };
    let mut millis = 0.0;
    if let Some(after) = rest.strip_prefix('.') {
        let count = after.bytes().take_while(u8::is_ascii_digit).count();
        hour.filter(|_| count > 0)?;
        millis = format!("{:0<3}", &after[..count.min(3)]).parse().ok()?;
        rest = &after[count..];
    }
    let zone = match rest {
        "" | "Z" => 0.0,
        _ => zone(rest)?,
    };
    let (month, day, hour) = (month.unwrap_or(1.0), day.unwrap_or(1.0), hour.unwrap_or(0.0));
    let (minute, second) = (minute.unwrap_or(0.0), second.unwrap_or(0.0));
    let in_range = (1.0..=12.0).contains(&month)
        && (1.0..=31.0).contains(&day)
        && (hour < 24.0 || (hour == 24.0 && minute + second + millis == 0.0))
        && minute < 60.0
        && second < 60.0;
    if !in_range {
        return None;
    }
    // Years of two digits mean themselves here.
    let shift = if year < 100.0 { 400.0 } else { 0.0 };
    let moment = utc(year + shift, month - 1.0, [day, hour, minute, second, millis])?;
    // 400 years are 146,097 days.
    Some(moment - shift / 400.0 * 146_097.0 * 86_400_000.0 - zone * 60_000.0)
}

/// `+hh:mm` or `+hhmm` in minutes.
fn zone(text: &str) -> Option<f64> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1.0,
        b'-' => -1.0,
        _ => return None,
    };
    let digits = text[1..].replacen(':', "", 1);
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (f64, f64) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    (hours < 30.0 && minutes < 60.0).then_some(sign * (hours * 60.0 + minutes))
}

/// The values of the components that a text gives, by their letters.
#[derive(Default)]
struct Components(Vec<(char, f64)>);

impl Components {
    fn get(&self, name: char) -> Option<f64> {
        self.0.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// Is it given, and not zero? (So the reference asks which components a text has.)
    fn truthy(&self, name: char) -> bool {
        self.get(name).is_some_and(|value| value != 0.0 && !value.is_nan())
    }

    fn set(&mut self, name: char, value: f64) {
        self.0.push((name, value));
    }
}

/// Among the components of `all` that are given: are some of `wanted`, and no other?
fn is_type(components: &Components, all: &str, wanted: &str) -> bool {
    let given = |c: &char| components.truthy(*c);
    all.chars().filter(given).all(|c| wanted.contains(c)) && wanted.chars().any(|c| given(&c))
}

/// The moment in milliseconds; `None`: the text does not match, or says nothing about time.
pub(super) fn parse(text: &str, picture: &Picture, now: i64) -> Fallible<Option<f64>> {
    check(picture)?;
    let mut lengths = Vec::with_capacity(picture.parts.len());
    if !fit(text, &picture.parts, &mut lengths) {
        return Ok(None);
    }
    let mut components = Components::default();
    let mut rest = text;
    let mut any = false;
    for (part, length) in picture.parts.iter().zip(lengths) {
        let (matched, after) = rest.split_at(length);
        rest = after;
        if let Part::Marker(marker) = part {
            any = true;
            if let Some(value) = read(marker, matched)? {
                components.set(marker.component, value);
            }
        }
    }
    if any { complete(components, now) } else { Ok(None) }
}

/// What is missing left of the given components is now, what is missing right of them is zero, and between there must
/// be no gap.
fn complete(mut components: Components, now: i64) -> Fallible<Option<f64>> {
    const DATE: &str = "YXMxWwdD";
    const TIME: &str = "PHhmsf";
    let date_a = is_type(&components, DATE, "YMD");
    let date_b = !date_a && is_type(&components, DATE, "Yd");
    let date_c = is_type(&components, DATE, "Xxw");
    let date_d = !date_c && is_type(&components, DATE, "XW");
    let time_b = !is_type(&components, TIME, "Hmsf") && is_type(&components, TIME, "Phmsf");
    let date = match (date_b, date_c, date_d) {
        (true, ..) => "YD",
        (_, true, _) => "XxwF",
        (_, _, true) => "XWF",
        _ => "YMD",
    };
    let time = if time_b { "Phmsf" } else { "Hmsf" };
    let now = Moment::new(now);
    let (mut started, mut ended) = (false, false);
    for name in date.chars().chain(time.chars()) {
        if components.get(name).is_some() {
            started = true;
            if ended {
                return Err(Fault::new("D3136"));
            }
        } else if started {
            components.set(name, if "MDd".contains(name) { 1.0 } else { 0.0 });
            ended = true;
        } else {
            components.set(name, component(&now, name).unwrap_or(0) as f64);
        }
    }
    // As in the reference, dates by week cannot be read.
    if date_c || date_d {
        return Err(Fault::new("D3136"));
    }
    let part = |name| components.get(name).unwrap_or(f64::NAN);
    let (mut month0, mut day) = ((part('M') - 1.0).max(0.0), part('D'));
    if date_b {
        month0 = 0.0;
        day = part('d');
    }
    let hour = if time_b {
        (if part('h') == 12.0 { 0.0 } else { part('h') }) + if part('P') == 1.0 { 12.0 } else { 0.0 }
    } else {
        part('H')
    };
    let millis = utc(part('Y'), month0, [day, hour, part('m'), part('s'), part('f')]);
    let zone = ['Z', 'z'].into_iter().find(|name| components.truthy(*name)).map_or(0.0, part);
    Ok(millis.map(|millis| millis - zone * 60_000.0))
}

/// Can every part be read?
fn check(picture: &Picture) -> Fallible<()> {
    for part in &picture.parts {
        let Part::Marker(marker) = part else { continue };
        match &marker.style {
            Style::Names(_) if !"MxFP".contains(marker.component) => return Err(no_names(marker.component)),
            Style::Integer { picture: IntegerPicture { primary: Primary::Sequence(token), .. }, .. } => {
                return Err(Fault::new("D3130").text_value(token));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Finds how much of the text each part takes: as much as possible, from the left.
fn fit(text: &str, parts: &[Part], lengths: &mut Vec<usize>) -> bool {
    // A part that failed at a place fails there again, so each place is tried once.
    let mut failed = std::collections::BTreeSet::new();
    let mut open: Vec<Vec<usize>> = Vec::new();
    let mut at = 0;
    loop {
        let index = lengths.len();
        if index == parts.len() && at == text.len() {
            return true;
        }
        // The choices are tried from the end of the list.
        let choices = match parts.get(index) {
            Some(part) if !failed.contains(&(index, at)) => candidates(&text[at..], part),
            _ => Vec::new(),
        };
        open.push(choices);
        loop {
            let Some(choices) = open.last_mut() else { return false };
            if let Some(length) = choices.pop() {
                lengths.push(length);
                at += length;
                break;
            }
            open.pop();
            failed.insert((lengths.len(), at));
            let Some(length) = lengths.pop() else { return false };
            at -= length;
        }
    }
}

/// How many bytes a part may take of a text, the least first.
fn candidates(text: &str, part: &Part) -> Vec<usize> {
    let marker = match part {
        Part::Literal(literal) => {
            let matches = text.get(..literal.len()).is_some_and(|start| start.to_lowercase() == literal.to_lowercase());
            return if matches { vec![literal.len()] } else { Vec::new() };
        }
        Part::Marker(marker) => marker,
    };
    let run = |text: &str, accepts: fn(u8) -> bool| text.bytes().take_while(|b| accepts(*b)).count();
    let digits = |text: &str| run(text, |b| b.is_ascii_digit());
    match (&marker.style, marker.component) {
        (Style::Integer { picture, .. }, 'Z' | 'z') => zone_candidates(text, marker, picture),
        (_, 'f') => (1..=digits(text)).collect(),
        (Style::Names(_), _)
        | (Style::Integer { picture: IntegerPicture { primary: Primary::Letters(_), .. }, .. }, _) => {
            (1..=run(text, |b| b.is_ascii_alphabetic())).collect()
        }
        (Style::Integer { picture, .. }, _) => match &picture.primary {
            Primary::Roman(_) => (1..=run(text, |b| b"mdclxviMDCLXVI".contains(&b))).collect(),
            Primary::Words(_) => word_candidates(text),
            Primary::Decimal(decimal) => {
                let count = digits(text);
                let mut lengths: Vec<usize> = match decimal.parse_width {
                    Some(width) => (width..=width).filter(|width| *width <= count).collect(),
                    None => (1..=count).collect(),
                };
                if picture.ordinal {
                    lengths.retain(|length| {
                        text.get(*length..length + 2).is_some_and(|suffix| {
                            ["th", "st", "nd", "rd"].iter().any(|s| s.eq_ignore_ascii_case(suffix))
                        })
                    });
                    lengths.iter_mut().for_each(|length| *length += 2);
                }
                lengths
            }
            Primary::Letters(_) | Primary::Sequence(_) => Vec::new(),
        },
    }
}

fn separator(picture: &IntegerPicture) -> Option<char> {
    match &picture.primary {
        Primary::Decimal(decimal) if decimal.interval > 0 => decimal.separators.first().map(|(_, c)| *c),
        _ => None,
    }
}

fn zone_candidates(text: &str, marker: &Marker, picture: &IntegerPicture) -> Vec<usize> {
    let prefix = if marker.component == 'z' { 3 } else { 0 };
    if prefix > 0 && !text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("GMT")) {
        return Vec::new();
    }
    let signed = &text[prefix..];
    if !signed.starts_with(['-', '+']) {
        return Vec::new();
    }
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let hours = digits(&signed[1..]);
    let start = prefix + 1;
    match separator(picture) {
        None => (1..=hours).map(|count| start + count).collect(),
        Some(separator) => match signed[1 + hours..].strip_prefix(separator) {
            Some(minutes) if hours > 0 => {
                let start = start + hours + separator.len_utf8();
                (1..=digits(minutes)).map(|count| start + count).collect()
            }
            _ => Vec::new(),
        },
    }
}

/// English number words, with their separators, in any order.
fn word_candidates(text: &str) -> Vec<usize> {
    let lower = text.to_ascii_lowercase();
    let mut ends = Vec::new();
    let mut at = 0;
    loop {
        let rest = &lower[at..];
        if rest.starts_with([' ', ',', '-']) {
            at += 1;
        } else {
            let letters = rest.bytes().take_while(u8::is_ascii_lowercase).count();
            let word = (1..=letters).rev().find(|end| rest[..*end] == *"and" || word_value(&rest[..*end]).is_some());
            let Some(length) = word else { return ends };
            at += length;
        }
        ends.push(at);
    }
}

/// The value of a component's text; `None`: a name that is none.
fn read(marker: &Marker, text: &str) -> Fallible<Option<f64>> {
    let index = |names: &[&str]| {
        let width = marker.width_max.filter(|width| *width > 0);
        let position = names.iter().position(|name| name.get(..width.unwrap_or(name.len())).unwrap_or(name) == text);
        position.map(|index| (index + 1) as f64)
    };
    Ok(match (&marker.style, marker.component) {
        (Style::Integer { picture, .. }, 'Z' | 'z') => {
            let text = if marker.component == 'z' { text.get(3..).unwrap_or_default() } else { text };
            let (hours, minutes) = match separator(picture) {
                Some(separator) => text.split_once(separator).unwrap_or((text, "0")),
                None if text.len() <= 3 => (text, "0"),
                None => text.split_at(3),
            };
            Some(parse_int(hours) * 60.0 + parse_int(minutes))
        }
        (_, 'f') => {
            let digits = text.get(..text.len().min(3)).unwrap_or_default();
            Some(format!("0.{digits}").parse::<f64>().unwrap_or(0.0) * 1000.0)
        }
        (Style::Names(_), 'F') => index(&DAYS),
        (Style::Names(_), 'P') => match text {
            "am" | "AM" => Some(0.0),
            "pm" | "PM" => Some(1.0),
            _ => None,
        },
        (Style::Names(_), _) => index(&MONTHS),
        (Style::Integer { picture, .. }, _) => {
            // Letters are matched in either case.
            let cased = match &picture.primary {
                Primary::Letters(Case::Upper) => text.to_ascii_uppercase(),
                Primary::Letters(_) => text.to_ascii_lowercase(),
                _ => text.to_owned(),
            };
            Some(picture.read(&cased)?)
        }
    })
}
