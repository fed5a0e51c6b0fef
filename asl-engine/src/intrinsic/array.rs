//! Arrays: `States.Array` and its family.

use super::whole;
use crate::value::{Array, Number, Value};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher};

/// Items that `States.ArrayRange` may yield (Developer Guide: "the newly generated array can't contain more than 1000
/// items").
const RANGE_MAX: i128 = 1_000;

/// The arguments, as an array.
pub(super) fn array(arguments: &[Value]) -> Option<Value> {
    Some(arguments.iter().cloned().collect())
}

/// The array in parts of the given length; the last may be shorter.
pub(super) fn partition(arguments: &[Value]) -> Option<Value> {
    let size = usize::try_from(whole(&arguments[1])?).ok().filter(|size| *size > 0)?;
    Some(items(arguments)?.chunks(size).map(|part| part.iter().cloned().collect::<Value>()).collect())
}

/// Is the value among the items?
pub(super) fn contains(arguments: &[Value]) -> Option<Value> {
    Some(Value::Bool(items(arguments)?.contains(&arguments[1])))
}

/// The integers from the first to the last argument's, in the given steps.
pub(super) fn range(arguments: &[Value]) -> Option<Value> {
    let number = |position: usize| whole(&arguments[position]).map(i128::from);
    let (first, last, step) = (number(0)?, number(1)?, number(2)?);
    if step == 0 {
        return None;
    }
    let span = last - first;
    let leads_away = span.signum() * step.signum() < 0;
    let count = if leads_away { 0 } else { span / step + 1 };
    if count > RANGE_MAX {
        return None;
    }
    // Every number lies between the first and the last.
    (0..count).map(|position| i64::try_from(first + position * step).ok().map(Value::from)).collect()
}

/// The item at an index, counted from 0.
pub(super) fn get_item(arguments: &[Value]) -> Option<Value> {
    let index = usize::try_from(whole(&arguments[1])?).ok()?;
    items(arguments)?.get(index).cloned()
}

/// How many items there are.
pub(super) fn length(arguments: &[Value]) -> Option<Value> {
    Some(Value::from(items(arguments)?.len() as u64))
}

/// The items without repetitions, in order of their first appearance.
pub(super) fn unique(arguments: &[Value]) -> Option<Value> {
    let mut seen: HashMap<u64, Vec<&Value>, foldhash::fast::FixedState> = HashMap::default();
    let mut unique = Vec::new();
    for item in items(arguments)?.iter() {
        let alike = seen.entry(digest(item)).or_default();
        if !alike.contains(&item) {
            alike.push(item);
            unique.push(item.clone());
        }
    }
    Some(unique.into_iter().collect())
}

fn items(arguments: &[Value]) -> Option<&Array> {
    arguments.first()?.as_array()
}

/// The same for equal values: the order of members does not matter. (Recursion over a value, whose depth is bounded.)
fn digest(value: &Value) -> u64 {
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    std::mem::discriminant(value).hash(&mut hasher);
    match value {
        Value::Null => {}
        Value::Bool(value) => value.hash(&mut hasher),
        // Zero equals minus zero.
        Value::Number(Number::Float(value)) => (value + 0.0).to_bits().hash(&mut hasher),
        Value::Number(number) => number.to_string().hash(&mut hasher),
        Value::String(text) => text.hash(&mut hasher),
        Value::Array(items) => items.iter().for_each(|item| digest(item).hash(&mut hasher)),
        Value::Object(object) => {
            let state = foldhash::fast::FixedState::default();
            let members = object.iter().map(|(name, member)| state.hash_one((name, digest(member))));
            members.fold(0_u64, u64::wrapping_add).hash(&mut hasher);
        }
    }
    hasher.finish()
}
