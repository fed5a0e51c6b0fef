//! Functions of strings. Characters are Unicode code points, as in the reference.

use super::{Args, Context};
use crate::jsonata::error::{Fallible, Fault};
use crate::jsonata::evaluate::Evaluator;
use crate::jsonata::item::{Function, Item};
use crate::jsonata::text;
use crate::value::{Str, Value};

/// The item as text; `None` for nothing.
pub(in crate::jsonata) fn cast(item: &Item, pretty: bool) -> Fallible<Option<Str>> {
    Ok(Some(match item {
        Item::Undefined | Item::TailCall(_) => return Ok(None),
        Item::Json(Value::String(text)) => text.clone(),
        Item::Function(_) => Str::default(),
        Item::Number(number) if !number.is_finite() => return Err(Fault::new("D3001").value(item)),
        Item::List(list) if list.marks.outer_wrapper => {
            text::to_string(list.items.first().unwrap_or(&Item::Undefined), pretty).into()
        }
        _ if item.has_infinity() => return Err(Fault::new("D1001").value(&Item::Json(Value::Null))),
        _ => text::to_string(item, pretty).into(),
    }))
}

pub(super) fn string(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let pretty = evaluator.truth(args.get(1))?;
    let Some(text) = cast(args.get(0), pretty)? else { return Ok(Item::Undefined) };
    evaluator.charge_text(text.len())?;
    Ok(Item::string(text))
}

/// Applies a function to the first argument when it is given.
fn with_text(args: &Args, apply: impl FnOnce(&str) -> Item) -> Fallible<Item> {
    Ok(args.get(0).as_str().map_or(Item::Undefined, apply))
}

pub(super) fn length(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    evaluator.charge(args.get(0).weight())?;
    with_text(&args, |text| Item::from(text.chars().count()))
}

pub(super) fn lowercase(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    evaluator.charge(args.get(0).weight())?;
    with_text(&args, |text| Item::from(text.to_lowercase()))
}

pub(super) fn uppercase(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    evaluator.charge(args.get(0).weight())?;
    with_text(&args, |text| Item::from(text.to_uppercase()))
}

pub(super) fn substring(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let Some(text) = args.text(0) else { return Ok(Item::Undefined) };
    evaluator.charge_text(text.len())?;
    let count = text.chars().count() as f64;
    let mut start = args.number(1).unwrap_or(0.0);
    if count + start < 0.0 {
        start = 0.0;
    }
    let end = match args.number(2) {
        Some(length) if length <= 0.0 => return Ok(Item::string("")),
        Some(length) if start >= 0.0 => start + length,
        Some(length) => count + start + length,
        None => f64::INFINITY,
    };
    // Slices count from the end when negative, and ignore fractions.
    let absolute = |index: f64| {
        let index = index.trunc();
        if index < 0.0 { (count + index).max(0.0) } else { index.min(count) }
    };
    let (start, end) = (absolute(start) as usize, absolute(end) as usize);
    let part: String = text.chars().skip(start).take(end.saturating_sub(start)).collect();
    Ok(Item::from(part))
}

pub(super) fn substring_before(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    evaluator.charge(args.get(0).weight())?;
    let Some(part) = args.text(1) else { return Ok(args.get(0).clone()) };
    with_text(&args, |text| Item::string(text.split_once(part.as_str()).map_or(text, |(before, _)| before)))
}

pub(super) fn substring_after(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    evaluator.charge(args.get(0).weight())?;
    let Some(part) = args.text(1) else { return Ok(args.get(0).clone()) };
    with_text(&args, |text| Item::string(text.split_once(part.as_str()).map_or(text, |(_, after)| after)))
}

pub(super) fn trim(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    evaluator.charge(args.get(0).weight())?;
    with_text(&args, |text| {
        let words: Vec<&str> = text.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty()).collect();
        Item::from(words.join(" "))
    })
}

pub(super) fn pad(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let Some(text) = args.text(0) else { return Ok(Item::Undefined) };
    let width = args.number(1).unwrap_or(0.0).trunc();
    let filler = args.text(2).filter(|filler| !filler.is_empty()).unwrap_or_else(|| " ".into());
    let missing = width.abs() - text.chars().count() as f64;
    if missing.is_nan() || missing <= 0.0 {
        return Ok(Item::Json(Value::String(text)));
    }
    let missing = missing.min(u32::MAX.into()) as usize;
    evaluator.charge_text(missing.saturating_mul(filler.len().min(4)))?;
    let padding: String = filler.chars().cycle().take(missing).collect();
    Ok(Item::from(if width > 0.0 { format!("{text}{padding}") } else { format!("{padding}{text}") }))
}

pub(super) fn join(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let Some(elements) = args.get(0).elements() else { return Ok(Item::Undefined) };
    let separator = args.text(1).unwrap_or_default();
    let mut out = String::new();
    for (index, item) in elements.iter().enumerate() {
        let part = item.as_str().unwrap_or_default();
        evaluator.charge(1 + (part.len() + separator.len()) / 16)?;
        if index > 0 {
            out.push_str(&separator);
        }
        out.push_str(part);
    }
    Ok(Item::from(out))
}

/// Is it a function that an argument asks for?
pub(super) fn function(args: &Args, index: usize) -> Option<Function> {
    args.get(index).as_function().cloned()
}
