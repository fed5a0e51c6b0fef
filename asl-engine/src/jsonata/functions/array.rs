//! Functions of arrays.

use super::{Args, Context};
use crate::jsonata::error::Fallible;
use crate::jsonata::evaluate::Evaluator;
use crate::jsonata::item::{Item, Marks};

pub(super) fn append(evaluator: &mut Evaluator<'_>, mut args: Args, _: Context<'_>) -> Fallible<Item> {
    let (first, second) = (args.take(0), args.take(1));
    if first.is_undefined() {
        return Ok(second);
    }
    if second.is_undefined() {
        return Ok(first);
    }
    let mut items = first.into_items();
    let mut more = second.into_items();
    evaluator.charge((items.len() + more.len()) / 4)?;
    items.append(&mut more);
    Ok(Item::array(items))
}

pub(super) fn reverse(evaluator: &mut Evaluator<'_>, mut args: Args, _: Context<'_>) -> Fallible<Item> {
    let array = args.take(0);
    let length = array.elements().map_or(0, |elements| elements.len());
    if length <= 1 {
        return Ok(array);
    }
    evaluator.charge(length / 4)?;
    let mut items = array.into_items();
    items.reverse();
    Ok(Item::array(items))
}

pub(super) fn shuffle(evaluator: &mut Evaluator<'_>, mut args: Args, _: Context<'_>) -> Fallible<Item> {
    let array = args.take(0);
    let length = array.elements().map_or(0, |elements| elements.len());
    if length <= 1 {
        return Ok(array);
    }
    evaluator.charge(length)?;
    let mut items = array.into_items();
    for last in (1..items.len()).rev() {
        let other = (super::numeric::unit(evaluator.bindings.random()) * (last + 1) as f64) as usize;
        items.swap(last, other.min(last));
    }
    Ok(Item::array(items))
}

pub(super) fn distinct(evaluator: &mut Evaluator<'_>, mut args: Args, _: Context<'_>) -> Fallible<Item> {
    let array = args.take(0);
    if array.elements().is_none_or(|elements| elements.len() <= 1) {
        return Ok(array);
    }
    let marks = Marks { sequence: array.marks().sequence, ..Marks::default() };
    let mut seen: Vec<Item> = Vec::new();
    // Strings are the common case, and need no comparison with every other.
    let mut texts = std::collections::BTreeSet::new();
    for item in array.into_items() {
        if let Some(text) = item.as_text() {
            evaluator.charge(1)?;
            if texts.insert(text.clone()) {
                seen.push(item);
            }
            continue;
        }
        evaluator.charge(1 + seen.len() * (1 + item.weight()) / 4)?;
        if !seen.iter().any(|known| known.equals(&item)) {
            seen.push(item);
        }
    }
    Ok(Item::marked(seen, marks))
}

pub(super) fn zip(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let arrays = args.all();
    let length = arrays.iter().map(|array| array.elements().map_or(0, |elements| elements.len())).min().unwrap_or(0);
    evaluator.charge(length.saturating_mul(arrays.len()))?;
    let tuple = |index: usize| {
        let items = arrays.iter().map(|array| array.elements().and_then(|e| e.get(index)).unwrap_or_default());
        Item::array(items.collect())
    };
    Ok(Item::array((0..length).map(tuple).collect()))
}
