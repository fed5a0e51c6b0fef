//! A moment as text.

use super::super::integer::{Case, Picture as IntegerPicture, Primary, parse_int};
use super::calendar::Moment;
use super::picture::{Marker, Part, Picture, Style};
use crate::jsonata::error::{Fallible, Fault};
use crate::jsonata::item::Item;

pub(super) const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The default form, in UTC.
pub(super) fn iso_8601(millis: i64) -> String {
    let at = Moment::new(millis);
    let year = at.year % 10_000;
    let sign = if year < 0 { "-" } else { "" };
    format!(
        "{sign}{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        year.abs(),
        at.month,
        at.day,
        at.hour(),
        at.minute(),
        at.second(),
        at.milli()
    )
}

/// A time zone's distance from UTC. As in the reference, the minutes keep the sign of the whole.
struct Offset {
    hours: i64,
    minutes: i64,
}

impl Offset {
    fn parse(timezone: Option<&str>) -> Offset {
        let number = timezone.map_or(0.0, parse_int);
        // Zones beyond a few days do not exist; what is no number is none.
        let number = if number.is_nan() { 0 } else { number.clamp(-99_999.0, 99_999.0) as i64 };
        Offset { hours: number.div_euclid(100), minutes: number % 100 }
    }
}

pub(super) fn format(millis: i64, picture: &Picture, timezone: Option<&str>) -> Fallible<String> {
    let offset = Offset::parse(timezone);
    let at = Moment::new(millis + (60 * offset.hours + offset.minutes) * 60_000);
    let mut out = String::new();
    for part in &picture.parts {
        match part {
            Part::Literal(text) => out.push_str(text),
            Part::Marker(marker) => write(&at, &offset, marker, &mut out)?,
        }
    }
    Ok(out)
}

/// The number of a component that has one.
pub(super) fn component(at: &Moment, component: char) -> Option<i64> {
    Some(match component {
        'Y' => at.year,
        'M' => at.month,
        'D' => at.day,
        'd' => at.day_of_year(),
        'F' => at.weekday(),
        'W' => at.week_of_year(),
        'w' => at.week_of_month(),
        'X' => at.year_of_week(),
        'x' => at.month_of_week(),
        'H' => at.hour(),
        'h' => match at.hour() % 12 {
            0 => 12,
            hour => hour,
        },
        'm' => at.minute(),
        's' => at.second(),
        'f' => at.milli(),
        _ => return None,
    })
}

fn write(at: &Moment, offset: &Offset, marker: &Marker, out: &mut String) -> Fallible<()> {
    match (marker.component, &marker.style) {
        ('P', style) => {
            let half = if at.hour() >= 12 { "pm" } else { "am" };
            match style {
                Style::Names(Case::Upper) => out.push_str(&half.to_uppercase()),
                _ => out.push_str(half),
            }
        }
        ('C' | 'E', _) => out.push_str("ISO"),
        ('Z' | 'z', Style::Integer { picture, .. }) => write_zone(offset, marker, picture, out)?,
        (name, Style::Names(case)) => {
            let number = component(at, name).unwrap_or(0) as usize;
            let name = match name {
                'M' | 'x' => MONTHS.get(number.wrapping_sub(1)),
                'F' => DAYS.get(number.wrapping_sub(1)),
                _ => None,
            };
            let Some(name) = name else { return Err(no_names(marker.component)) };
            let cased = match case {
                Case::Upper => name.to_uppercase(),
                Case::Lower => name.to_lowercase(),
                Case::Title => (*name).to_owned(),
            };
            out.push_str(cased.get(..marker.width_max.unwrap_or(cased.len())).unwrap_or(&cased));
        }
        (name, Style::Integer { picture, year_digits }) => {
            let mut number = component(at, name).unwrap_or(0) as f64;
            if let Some(digits) = year_digits {
                number %= 10f64.powi((*digits).min(300) as i32);
            }
            out.push_str(&picture.format(number)?);
        }
    }
    Ok(())
}

pub(super) fn no_names(component: char) -> Box<Fault> {
    Fault::new("D3133").text_value(&component.to_string())
}

fn write_zone(offset: &Offset, marker: &Marker, picture: &IntegerPicture, out: &mut String) -> Fallible<()> {
    let whole = offset.hours * 100 + offset.minutes;
    if whole == 0 && marker.zulu {
        out.push('Z');
        return Ok(());
    }
    let digits = match &picture.primary {
        Primary::Decimal(decimal) if decimal.interval > 0 => 4,
        Primary::Decimal(decimal) => decimal.mandatory,
        _ => 0,
    };
    let text = match digits {
        1 | 2 => {
            let hours = picture.format(offset.hours as f64)?;
            if offset.minutes == 0 { hours } else { format!("{hours}:{:02}", offset.minutes) }
        }
        3 | 4 => picture.format(whole as f64)?,
        _ => return Err(Fault::new("D3134").value(&Item::from(digits))),
    };
    if marker.component == 'z' {
        out.push_str("GMT");
    }
    if whole >= 0 {
        out.push('+');
    }
    out.push_str(&text);
    Ok(())
}
