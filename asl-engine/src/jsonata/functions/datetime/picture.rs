//! Date and time picture strings, such as `[Y0001]-[M01]-[D01]`.

use super::super::integer::{Case, Decimal, Picture as IntegerPicture, Primary, parse_int};
use crate::jsonata::error::{Fallible, Fault};

pub(super) struct Picture {
    pub(super) parts: Vec<Part>,
}

pub(super) enum Part {
    Literal(String),
    Marker(Marker),
}

/// A `[…]`: a component and how it is shown.
pub(super) struct Marker {
    pub(super) component: char,
    pub(super) width_max: Option<usize>,
    /// `t` among the modifiers: UTC is `Z`.
    pub(super) zulu: bool,
    pub(super) style: Style,
}

pub(super) enum Style {
    /// As a name (`N`, `n`, `Nn`).
    Names(Case),
    /// As an integer; a year is cut to so many digits.
    Integer { picture: IntegerPicture, year_digits: Option<usize> },
}

/// The presentation of a component that gives none.
fn default_presentation(component: char) -> Option<&'static str> {
    Some(match component {
        'Y' | 'M' | 'D' | 'd' | 'W' | 'w' | 'X' | 'x' | 'H' | 'h' | 'f' => "1",
        'F' | 'P' | 'C' | 'E' => "n",
        'm' | 's' => "01",
        'Z' | 'z' => "01:01",
        _ => return None,
    })
}

fn decimal(style: &mut Style) -> Option<&mut Decimal> {
    match style {
        Style::Integer { picture: IntegerPicture { primary: Primary::Decimal(decimal), .. }, .. } => Some(decimal),
        _ => None,
    }
}

impl Picture {
    pub(super) fn parse(picture: &str) -> Fallible<Picture> {
        let mut parts: Vec<Part> = Vec::new();
        let mut rest = picture;
        while let Some((before, after)) = rest.split_once('[') {
            literal(&mut parts, before);
            if let Some(after) = after.strip_prefix('[') {
                parts.push(Part::Literal("[".to_owned()));
                rest = after;
                continue;
            }
            let Some((marker, after)) = after.split_once(']') else { return Err(Fault::new("D3135")) };
            let marker = Marker::parse(marker)?;
            if "YMDdFWwXxHhmsf".contains(marker.component) && matches!(marker.style, Style::Integer { .. }) {
                // Two integers in a row: the first must know where it ends.
                if let Some(Part::Marker(previous)) = parts.last_mut()
                    && let Some(decimal) = decimal(&mut previous.style)
                {
                    decimal.parse_width = Some(decimal.mandatory);
                }
            }
            parts.push(Part::Marker(marker));
            rest = after;
        }
        literal(&mut parts, rest);
        Ok(Picture { parts })
    }
}

fn literal(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Literal(text.replace("]]", "]")));
    }
}

impl Marker {
    fn parse(text: &str) -> Fallible<Marker> {
        let text: String = text.split_whitespace().collect();
        let (modifiers, width) = match text.rsplit_once(',') {
            Some((modifiers, width)) => (modifiers, Some(width)),
            None => (text.as_str(), None),
        };
        let component = text.chars().next();
        let presentation = modifiers.get(component.map_or(0, char::len_utf8)..).unwrap_or_default();
        let unknown = || {
            let name = component.map_or(String::new(), |c| c.to_string());
            Fault::new("D3132").text_value(&name)
        };
        let component = component.ok_or_else(unknown)?;
        let default = default_presentation(component).ok_or_else(unknown)?;
        let (width_min, width_max) = width.map_or((None, None), widths);
        // A second modifier follows a first: `1o` is an ordinal.
        let last = presentation.chars().next_back().filter(|c| presentation.chars().count() > 1 && "atco".contains(*c));
        let first = match last {
            Some(last) => &presentation[..presentation.len() - last.len_utf8()],
            None if presentation.is_empty() => default,
            None => presentation,
        };
        let style = if first.starts_with('n') {
            Style::Names(Case::Lower)
        } else if first.starts_with("Nn") {
            Style::Names(Case::Title)
        } else if first.starts_with('N') {
            Style::Names(Case::Upper)
        } else if "PCE".contains(component) {
            // They have no numbers.
            Style::Names(Case::Lower)
        } else {
            let mut picture = IntegerPicture::parse(first)?;
            let zone = matches!(component, 'Z' | 'z');
            picture.ordinal |= last == Some('o') && !zone;
            let mut style = Style::Integer { picture, year_digits: None };
            if !zone {
                fit_width(&mut style, component, width_min, width_max);
            }
            style
        };
        Ok(Marker { component, width_max, zulu: last == Some('t'), style })
    }
}

/// `min-max`, `min` or `*`.
fn widths(text: &str) -> (Option<usize>, Option<usize>) {
    let width = |text: &str| {
        let number = parse_int(text);
        // Wider than any number is.
        (number >= 0.0).then_some(number.min(1000.0) as usize)
    };
    match text.split_once('-') {
        Some((min, max)) => (width(min), width(max)),
        None => (width(text), None),
    }
}

fn fit_width(style: &mut Style, component: char, min: Option<usize>, max: Option<usize>) {
    let mut digits = None;
    if let Some(decimal) = decimal(style) {
        decimal.mandatory = decimal.mandatory.max(min.unwrap_or(0));
        if component == 'Y' {
            match max {
                Some(max) => decimal.mandatory = max,
                None => digits = Some(decimal.mandatory + decimal.optional).filter(|digits| *digits >= 2),
            }
        }
    }
    if let Style::Integer { year_digits, .. } = style {
        *year_digits = if component == 'Y' { max.or(digits) } else { None };
    }
}
