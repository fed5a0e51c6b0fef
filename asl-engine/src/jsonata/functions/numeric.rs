//! Functions of numbers and truth.

use super::{Args, Context};
use crate::jsonata::error::{Fallible, Fault};
use crate::jsonata::evaluate::Evaluator;
use crate::jsonata::item::Item;
use crate::jsonata::text;
use crate::value::Value;

fn with_number(args: &Args, apply: impl FnOnce(f64) -> f64) -> Fallible<Item> {
    Ok(args.number(0).map_or(Item::Undefined, |number| Item::Number(apply(number))))
}

pub(super) fn number(_: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let refuse = || Err(Fault::new("D3030").value(args.get(0)));
    match args.get(0) {
        Item::Undefined => Ok(Item::Undefined),
        Item::Json(Value::Bool(value)) => Ok(Item::Number(f64::from(u8::from(*value)))),
        Item::Json(Value::String(text)) => parse(text).map_or_else(refuse, |number| Ok(Item::Number(number))),
        number if number.as_f64().is_some() => Ok(number.clone()),
        _ => refuse(),
    }
}

/// A number as JSON writes it, or an integer with a base prefix.
fn parse(text: &str) -> Option<f64> {
    let base = |prefix: &str| {
        let radix = match prefix {
            "0x" | "0X" => 16,
            "0o" | "0O" => 8,
            "0b" | "0B" => 2,
            _ => return None,
        };
        let digits = &text[2..];
        if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
            return None;
        }
        Some(digits.chars().fold(0.0, |total, c| total * f64::from(radix) + f64::from(c.to_digit(radix).unwrap_or(0))))
    };
    if let Some(number) = text.get(..2).and_then(base) {
        return Some(number);
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let valid = digits(whole) && fraction.is_none_or(digits) && exponent.is_none_or(digits);
    text.parse().ok().filter(|number: &f64| valid && number.is_finite())
}

pub(super) fn abs(_: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    with_number(&args, f64::abs)
}

pub(super) fn floor(_: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    with_number(&args, f64::floor)
}

pub(super) fn ceil(_: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    with_number(&args, f64::ceil)
}

pub(super) fn round(_: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let precision = args.number(1).unwrap_or(0.0);
    with_number(&args, |number| rounded(number, precision))
}

/// Rounds half to even at a number of decimal places.
pub(super) fn rounded(number: f64, precision: f64) -> f64 {
    if precision == 0.0 || !precision.is_finite() {
        return number.round_ties_even() + 0.0;
    }
    // Shifting the point in the text keeps the digits that multiplying would blur.
    shifted(shifted(number, precision).round_ties_even(), -precision) + 0.0
}

fn shifted(number: f64, places: f64) -> f64 {
    let written = text::number(number);
    let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let exponent = exponent.parse::<f64>().unwrap_or(0.0) + places;
    // Only whole places can be written; anything else is no number.
    format!("{mantissa}e{exponent}").parse().unwrap_or(f64::NAN)
}

pub(super) fn sqrt(_: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    match args.number(0) {
        Some(number) if number < 0.0 => Err(Fault::new("D3060").value(args.get(0))),
        _ => with_number(&args, f64::sqrt),
    }
}

pub(super) fn power(_: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let Some(base) = args.number(0) else { return Ok(Item::Undefined) };
    let result = args.number(1).map_or(f64::NAN, |exponent| base.powf(exponent));
    if !result.is_finite() {
        return Err(Fault::new("D3061").value(args.get(0)).value2(args.get(1)));
    }
    Ok(Item::Number(result))
}

/// A double in [0, 1) of 53 random bits.
pub(super) fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

pub(super) fn random(evaluator: &mut Evaluator<'_>, _: Args, _: Context<'_>) -> Fallible<Item> {
    Ok(Item::Number(unit(evaluator.bindings.random())))
}

pub(super) fn format_base(_: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let Some(value) = args.number(0) else { return Ok(Item::Undefined) };
    let radix = args.number(1).map_or(10.0, |radix| rounded(radix, 0.0));
    if !(2.0..=36.0).contains(&radix) {
        return Err(Fault::new("D3100").value(&Item::Number(radix)));
    }
    let value = rounded(value, 0.0);
    if radix == 10.0 || !value.is_finite() {
        return Ok(Item::from(text::number(value)));
    }
    let mut digits = Vec::new();
    let mut rest = value.abs();
    loop {
        let digit = (rest % radix) as u32;
        digits.push(char::from_digit(digit, radix as u32).unwrap_or('0'));
        rest = (rest / radix).floor();
        if rest < 1.0 {
            break;
        }
    }
    if value < 0.0 {
        digits.push('-');
    }
    Ok(Item::from(digits.into_iter().rev().collect::<String>()))
}

pub(super) fn boolean(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    if args.get(0).is_undefined() {
        return Ok(Item::Undefined);
    }
    Ok(Item::boolean(evaluator.truth(args.get(0))?))
}

pub(super) fn not(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    if args.get(0).is_undefined() {
        return Ok(Item::Undefined);
    }
    Ok(Item::boolean(!evaluator.truth(args.get(0))?))
}
