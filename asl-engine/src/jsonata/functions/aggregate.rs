//! `$sum`, `$count`, `$max`, `$min`, `$average`.

use super::{Args, Context};
use crate::jsonata::error::Fallible;
use crate::jsonata::evaluate::Evaluator;
use crate::jsonata::item::Item;

/// Folds the numbers; nothing when there is none.
fn fold(evaluator: &mut Evaluator<'_>, args: &Args, combine: fn(f64, f64) -> f64) -> Fallible<Option<(f64, usize)>> {
    let Some(elements) = args.get(0).elements() else { return Ok(None) };
    evaluator.charge(elements.len() / 4)?;
    let total = elements.iter().map(|item| item.as_f64().unwrap_or(f64::NAN)).reduce(combine);
    Ok(total.map(|total| (total, elements.len())))
}

pub(super) fn sum(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    if args.get(0).is_undefined() {
        return Ok(Item::Undefined);
    }
    let total = fold(evaluator, &args, |a, b| a + b)?;
    Ok(Item::Number(total.map_or(0.0, |(total, _)| total)))
}

pub(super) fn count(_: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    Ok(Item::from(args.get(0).elements().map_or(0, |elements| elements.len())))
}

pub(super) fn max(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    Ok(fold(evaluator, &args, f64::max)?.map_or(Item::Undefined, |(most, _)| Item::Number(most)))
}

pub(super) fn min(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    Ok(fold(evaluator, &args, f64::min)?.map_or(Item::Undefined, |(least, _)| Item::Number(least)))
}

pub(super) fn average(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let total = fold(evaluator, &args, |a, b| a + b)?;
    Ok(total.map_or(Item::Undefined, |(total, count)| Item::Number(total / count as f64)))
}
