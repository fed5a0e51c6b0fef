//! Dates and times: `$now`, `$millis`, `$fromMillis`, `$toMillis`, with picture strings (XPath functions and operators
//! 3.1, section 9.8).

mod calendar;
mod format;
mod parse;
mod picture;

use super::{Args, Context};
use crate::jsonata::error::{Fallible, Fault};
use crate::jsonata::evaluate::Evaluator;
use crate::jsonata::item::Item;
use picture::Picture;

/// The largest time that JavaScript's dates reach, in milliseconds.
const MILLIS_MAX: f64 = 8.64e15;

/// The picture of ISO 8601, the default.
const ISO_8601: &str = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]";

fn formatted(evaluator: &mut Evaluator<'_>, millis: f64, picture: &Item, timezone: &Item) -> Fallible<Item> {
    if millis.is_nan() || millis.abs() > MILLIS_MAX {
        return Err(Fault::new("D1001").value(&Item::Number(millis)));
    }
    if picture.is_undefined() && timezone.is_undefined() {
        return Ok(Item::from(format::iso_8601(millis as i64)));
    }
    let picture = picture.as_str().unwrap_or(ISO_8601);
    evaluator.charge(picture.len())?;
    let picture = Picture::parse(picture)?;
    format::format(millis as i64, &picture, timezone.as_str()).map(Item::from)
}

pub(super) fn now(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let now = evaluator.bindings.now_millis() as f64;
    formatted(evaluator, now, args.get(0), args.get(1))
}

pub(super) fn millis(evaluator: &mut Evaluator<'_>, _: Args, _: Context<'_>) -> Fallible<Item> {
    Ok(Item::Number(evaluator.bindings.now_millis() as f64))
}

pub(super) fn from_millis(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    match args.number(0) {
        Some(millis) => formatted(evaluator, millis, args.get(1), args.get(2)),
        None => Ok(Item::Undefined),
    }
}

pub(super) fn to_millis(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let Some(text) = args.text(0) else { return Ok(Item::Undefined) };
    let Some(picture) = args.text(1) else {
        return match parse::iso_8601(&text) {
            Some(millis) => Ok(Item::Number(millis)),
            None => Err(Fault::new("D3110").text_value(&text)),
        };
    };
    evaluator.charge(picture.len() + text.len())?;
    let picture = Picture::parse(&picture)?;
    // Where parts may end in many places, each pair of part and place may be tried.
    evaluator.charge(picture.parts.len().saturating_mul(text.len()))?;
    let now = evaluator.bindings.now_millis();
    Ok(parse::parse(&text, &picture, now)?.map_or(Item::Undefined, Item::Number))
}
