//! Functions that take functions.

use super::string::function;
use super::{Args, Context};
use crate::jsonata::error::{Fallible, Fault};
use crate::jsonata::evaluate::{Evaluator, order};
use crate::jsonata::item::{Function, Item, Kind};
use std::cmp::Ordering;

/// Calls a function with as many of value, index (or name) and whole as it takes.
fn call(
    evaluator: &mut Evaluator<'_>,
    function: &Function,
    value: Item,
    index: impl FnOnce() -> Item,
    whole: &Item,
    context: Context<'_>,
) -> Fallible<Item> {
    let arity = function.arity();
    let mut arguments = Vec::with_capacity(arity.clamp(1, 3));
    arguments.push(value);
    if arity >= 2 {
        arguments.push(index());
    }
    if arity >= 3 {
        arguments.push(whole.clone());
    }
    evaluator.charge(1)?;
    evaluator.apply(function, arguments, context.input, context.env)
}

pub(super) fn map(evaluator: &mut Evaluator<'_>, args: Args, context: Context<'_>) -> Fallible<Item> {
    let (Some(elements), Some(function)) = (args.get(0).elements(), function(&args, 1)) else {
        return Ok(Item::Undefined);
    };
    let mut results = Vec::with_capacity(elements.len());
    for (index, item) in elements.iter().enumerate() {
        let result = call(evaluator, &function, item, || Item::from(index), args.get(0), context)?;
        if !result.is_undefined() {
            results.push(result);
        }
    }
    Ok(Item::sequence(results))
}

pub(super) fn filter(evaluator: &mut Evaluator<'_>, args: Args, context: Context<'_>) -> Fallible<Item> {
    let (Some(elements), Some(function)) = (args.get(0).elements(), function(&args, 1)) else {
        return Ok(Item::Undefined);
    };
    let mut results = Vec::new();
    for (index, item) in elements.iter().enumerate() {
        let verdict = call(evaluator, &function, item.clone(), || Item::from(index), args.get(0), context)?;
        if evaluator.truth(&verdict)? {
            results.push(item);
        }
    }
    Ok(Item::sequence(results))
}

pub(super) fn single(evaluator: &mut Evaluator<'_>, args: Args, context: Context<'_>) -> Fallible<Item> {
    let Some(elements) = args.get(0).elements() else { return Ok(Item::Undefined) };
    let function = function(&args, 1);
    let mut found = None;
    for (index, item) in elements.iter().enumerate() {
        let matches = match &function {
            Some(function) => {
                let verdict = call(evaluator, function, item.clone(), || Item::from(index), args.get(0), context)?;
                evaluator.truth(&verdict)?
            }
            None => true,
        };
        if matches && found.replace(item).is_some() {
            return Err(Fault::new("D3138").index(index));
        }
    }
    found.ok_or_else(|| Fault::new("D3139"))
}

pub(super) fn reduce(evaluator: &mut Evaluator<'_>, mut args: Args, context: Context<'_>) -> Fallible<Item> {
    let start = args.take(2);
    let (Some(elements), Some(function)) = (args.get(0).elements(), function(&args, 1)) else {
        return Ok(Item::Undefined);
    };
    let arity = function.arity();
    if arity < 2 {
        return Err(Fault::new("D3050").index(1));
    }
    let mut items = elements.iter().enumerate();
    let mut result = start;
    if result.is_undefined() {
        result = items.next().map(|(_, item)| item).unwrap_or_default();
    }
    for (index, item) in items {
        let mut arguments = vec![result, item];
        if arity >= 3 {
            arguments.push(Item::from(index));
        }
        if arity >= 4 {
            arguments.push(args.get(0).clone());
        }
        evaluator.charge(1)?;
        result = evaluator.apply(&function, arguments, context.input, context.env)?;
    }
    Ok(result)
}

pub(super) fn sift(evaluator: &mut Evaluator<'_>, args: Args, context: Context<'_>) -> Fallible<Item> {
    let (Some(members), Some(function)) = (args.get(0).members(), function(&args, 1)) else {
        return Ok(Item::Undefined);
    };
    let mut kept = Vec::new();
    for (name, item) in members {
        let verdict = call(evaluator, &function, item.clone(), || Item::string(name.clone()), args.get(0), context)?;
        if evaluator.truth(&verdict)? {
            kept.push((name, item));
        }
    }
    Ok(if kept.is_empty() { Item::Undefined } else { Item::object(kept) })
}

pub(super) fn each(evaluator: &mut Evaluator<'_>, args: Args, context: Context<'_>) -> Fallible<Item> {
    let Some(function) = function(&args, 1) else { return Ok(Item::Undefined) };
    let mut results = Vec::new();
    for (name, item) in args.get(0).members().unwrap_or_default() {
        let result = call(evaluator, &function, item, || Item::string(name), args.get(0), context)?;
        if !result.is_undefined() {
            results.push(result);
        }
    }
    Ok(Item::sequence(results))
}

pub(super) fn sort(evaluator: &mut Evaluator<'_>, mut args: Args, context: Context<'_>) -> Fallible<Item> {
    let array = args.take(0);
    let Some(elements) = array.elements() else { return Ok(Item::Undefined) };
    if elements.len() <= 1 {
        return Ok(array);
    }
    let comparator = function(&args, 1);
    if comparator.is_none() {
        let mut kinds = elements.iter().map(|item| item.kind());
        let first = kinds.next();
        if !matches!(first, Some(Kind::Number | Kind::String)) || kinds.any(|kind| Some(kind) != first) {
            return Err(Fault::new("D3070").index(1));
        }
    }
    let items = array.into_items();
    let order = evaluator.merge_sort(items.len(), &mut |evaluator, a, b| match &comparator {
        Some(function) => {
            let arguments = vec![items[a].clone(), items[b].clone()];
            let verdict = evaluator.apply(function, arguments, context.input, context.env)?;
            evaluator.truth(&verdict)
        }
        None => Ok(order(&items[a], &items[b]) == Some(Ordering::Greater)),
    })?;
    Ok(Item::array(order.into_iter().map(|index| items[index].clone()).collect()))
}
