//! Functions of objects and of values of any type.

use super::{Args, Context};
use crate::jsonata::error::{Fallible, Fault};
use crate::jsonata::evaluate::{Evaluator, lookup as lookup_in};
use crate::jsonata::item::{Item, Kind};
use crate::jsonata::text;
use crate::value::{Str, Value};

pub(super) fn keys(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let mut names = indexmap::IndexSet::<Str, foldhash::fast::RandomState>::default();
    collect_keys(evaluator, args.get(0), &mut names)?;
    Ok(Item::sequence(names.into_iter().map(Item::string).collect()))
}

fn collect_keys(
    evaluator: &mut Evaluator<'_>,
    item: &Item,
    names: &mut indexmap::IndexSet<Str, foldhash::fast::RandomState>,
) -> Fallible<()> {
    if let Some(elements) = item.elements() {
        return elements.iter().try_for_each(|item| collect_keys(evaluator, &item, names));
    }
    let members = item.members().unwrap_or_default();
    evaluator.charge(1 + members.len())?;
    names.extend(members.into_iter().map(|(name, _)| name));
    Ok(())
}

pub(super) fn lookup(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    evaluator.charge(args.get(0).elements().map_or(0, |elements| elements.len()))?;
    let Some(name) = args.text(1) else { return Ok(Item::Undefined) };
    Ok(lookup_in(args.get(0), &name))
}

pub(super) fn spread(evaluator: &mut Evaluator<'_>, mut args: Args, _: Context<'_>) -> Fallible<Item> {
    let mut out = Vec::new();
    let item = args.take(0);
    match item.kind() {
        Kind::Array => {
            spread_into(evaluator, &item, &mut out)?;
            // As in the reference: appending makes it a plain array.
            Ok(if out.is_empty() { Item::sequence(out) } else { Item::array(out) })
        }
        Kind::Object => {
            spread_into(evaluator, &item, &mut out)?;
            Ok(Item::sequence(out))
        }
        _ => Ok(item),
    }
}

fn spread_into(evaluator: &mut Evaluator<'_>, item: &Item, out: &mut Vec<Item>) -> Fallible<()> {
    evaluator.charge(1)?;
    if let Some(elements) = item.elements() {
        return elements.iter().try_for_each(|item| spread_into(evaluator, &item, out));
    }
    match item.members() {
        Some(members) => {
            evaluator.charge(members.len())?;
            out.extend(members.into_iter().map(|member| Item::object(vec![member])));
        }
        None => out.push(item.clone()),
    }
    Ok(())
}

pub(super) fn merge(evaluator: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let Some(elements) = args.get(0).elements() else { return Ok(Item::Undefined) };
    let mut merged = indexmap::IndexMap::<Str, Item, foldhash::fast::RandomState>::default();
    for item in elements.iter() {
        let members = item.members().unwrap_or_default();
        evaluator.charge(1 + members.len())?;
        merged.extend(members);
    }
    Ok(Item::object(merged.into_iter().collect()))
}

pub(super) fn exists(_: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    Ok(Item::boolean(!args.get(0).is_undefined()))
}

pub(super) fn type_of(_: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    let name = match args.get(0).kind() {
        Kind::Undefined => return Ok(Item::Undefined),
        Kind::Null => "null",
        Kind::Boolean => "boolean",
        Kind::Number => "number",
        Kind::String => "string",
        Kind::Array => "array",
        Kind::Object => "object",
        Kind::Function => "function",
    };
    Ok(Item::string(name))
}

fn message(args: &Args, index: usize, otherwise: &str) -> String {
    args.text(index).filter(|text| !text.is_empty()).map_or_else(|| otherwise.to_owned(), |text| text.to_string())
}

pub(super) fn error(_: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    Err(Fault::new("D3137").text(message(&args, 0, "$error() function evaluated")))
}

pub(super) fn assert(_: &mut Evaluator<'_>, args: Args, _: Context<'_>) -> Fallible<Item> {
    if matches!(args.get(0), Item::Json(Value::Bool(true))) {
        return Ok(Item::Undefined);
    }
    Err(Fault::new("D3141").text(message(&args, 1, "$assert() statement failed")))
}

pub(super) fn clone(evaluator: &mut Evaluator<'_>, mut args: Args, _: Context<'_>) -> Fallible<Item> {
    let item = args.take(0);
    if item.is_undefined() {
        return Ok(item);
    }
    // Values are immutable: a clone differs only where JSON cannot say what was there.
    if matches!(item, Item::Json(_)) {
        return Ok(item);
    }
    evaluator.charge(16)?;
    Ok(Item::Json(Value::parse(&text::to_string(&item, false)).unwrap_or_default()))
}

pub(super) fn eval(evaluator: &mut Evaluator<'_>, mut args: Args, context: Context<'_>) -> Fallible<Item> {
    let Some(source) = args.text(0) else { return Ok(Item::Undefined) };
    let focus = args.take(1);
    evaluator.eval_text(&source, focus, context)
}
