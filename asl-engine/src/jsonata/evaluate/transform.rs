//! `| pattern | update, delete |`: a copy of a value with the matched objects changed.
//!
//! Values are shared and immutable. So the copy is made of objects that are nobody else's, the pattern's matches are
//! recognised by their identity, and the changed copy is put together from what was found.

use super::{Env, Evaluator};
use crate::jsonata::ast::Transform;
use crate::jsonata::error::{Fallible, Fault, value_too_deep};
use crate::jsonata::item::{DEPTH_MAX, Function, Item};
use crate::value::{Array, Object, Str, Value};
use std::collections::BTreeMap;

/// The changed members of objects, by the identity of the object in the copy.
type Changes = BTreeMap<usize, Vec<(Str, Item)>>;

impl Evaluator<'_> {
    pub(super) fn transform(&mut self, definition: &Transform, env: &Env, input: Item) -> Fallible<Item> {
        if input.is_undefined() {
            return Ok(input);
        }
        let input = self.cloned(definition, env, input)?.into_json();
        let copy = Item::Json(self.own_copy(&input)?);
        let matches = self.eval(&definition.pattern, &copy, env)?;
        let mut changes = Changes::new();
        for matched in matches.elements_or_self().iter() {
            let Item::Json(Value::Object(object)) = &matched else {
                // Only objects can be changed; still, the clauses must be right.
                if !matched.is_undefined() {
                    self.update(definition, &matched, env)?;
                    self.deletions(definition, &matched, env)?;
                }
                continue;
            };
            let current = match changes.is_empty() {
                true => matched.clone(),
                false => Item::Json(self.applied(&Value::Object(object.clone()), &changes, 0)?),
            };
            // A change must not refer to the object it changes: that would be a cycle.
            let context = match &current {
                Item::Json(Value::Object(same)) if same.ptr_eq(object) => Item::Json(Value::Object(
                    same.iter().map(|(name, value)| (name.clone(), value.clone())).collect::<Object>(),
                )),
                other => other.clone(),
            };
            if let Some(update) = self.update(definition, &context, env)? {
                let members = own_members(&mut changes, object);
                for (name, item) in update {
                    match members.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, slot)) => *slot = item,
                        None => members.push((name, item)),
                    }
                }
            }
            let context = if changes.is_empty() {
                context
            } else {
                Item::Json(self.applied(&Value::Object(object.clone()), &changes, 0)?)
            };
            let deletions = self.deletions(definition, &context, env)?;
            if !deletions.is_empty() {
                own_members(&mut changes, object).retain(|(name, _)| !deletions.contains(name));
            }
        }
        let Item::Json(copy) = copy else { return Ok(Item::Undefined) };
        Ok(Item::Json(self.applied(&copy, &changes, 0)?))
    }

    /// The input as the `$clone` in scope gives it.
    fn cloned(&mut self, definition: &Transform, env: &Env, input: Item) -> Fallible<Item> {
        let own = env.lookup("clone").or_else(|| self.bindings.variable("clone").map(Item::Json));
        match own {
            None | Some(Item::Function(Function::Builtin(_))) => Ok(input),
            Some(Item::Function(clone)) => self.apply(&clone, vec![input], &Item::Undefined, env),
            Some(_) => Err(Fault::new("T2013").at(definition.position)),
        }
    }

    /// A copy whose objects are shared with nothing.
    fn own_copy(&mut self, value: &Value) -> Fallible<Value> {
        self.charge(1)?;
        Ok(match value {
            Value::Array(array) => {
                Value::Array(array.iter().map(|item| self.own_copy(item)).collect::<Fallible<Array>>()?)
            }
            Value::Object(object) => Value::Object(
                object
                    .iter()
                    .map(|(name, item)| Ok((name.clone(), self.own_copy(item)?)))
                    .collect::<Fallible<Object>>()?,
            ),
            scalar => scalar.clone(),
        })
    }

    fn update(&mut self, definition: &Transform, context: &Item, env: &Env) -> Fallible<Option<Vec<(Str, Item)>>> {
        let update = self.eval(&definition.update, context, env)?;
        if update.is_undefined() {
            return Ok(None);
        }
        match update.members() {
            Some(members) => Ok(Some(members)),
            None => Err(Fault::new("T2011").at(definition.update.position).value(&update)),
        }
    }

    fn deletions(&mut self, definition: &Transform, context: &Item, env: &Env) -> Fallible<Vec<Str>> {
        let Some(delete) = &definition.delete else { return Ok(Vec::new()) };
        let names = self.eval(delete, context, env)?;
        if names.is_undefined() {
            return Ok(Vec::new());
        }
        let texts: Option<Vec<Str>> = names.elements_or_self().iter().map(|name| name.as_text().cloned()).collect();
        texts.ok_or_else(|| Fault::new("T2012").at(delete.position).value(&names))
    }

    /// The value with the changes so far.
    fn applied(&mut self, value: &Value, changes: &Changes, depth: usize) -> Fallible<Value> {
        self.charge(1)?;
        if depth > DEPTH_MAX {
            return Err(value_too_deep());
        }
        Ok(match value {
            Value::Array(array) => Value::Array(
                array.iter().map(|item| self.applied(item, changes, depth + 1)).collect::<Fallible<Array>>()?,
            ),
            Value::Object(object) => match changes.get(&object.identity()) {
                Some(members) => Value::Object(
                    members
                        .iter()
                        .map(|(name, item)| {
                            let value = item.clone().into_json();
                            Ok((name.clone(), self.applied(&value, changes, depth + 1)?))
                        })
                        .collect::<Fallible<Object>>()?,
                ),
                None => Value::Object(
                    object
                        .iter()
                        .map(|(name, item)| Ok((name.clone(), self.applied(item, changes, depth + 1)?)))
                        .collect::<Fallible<Object>>()?,
                ),
            },
            scalar => scalar.clone(),
        })
    }
}

/// The members of an object of the copy, to be changed.
fn own_members<'c>(changes: &'c mut Changes, object: &Object) -> &'c mut Vec<(Str, Item)> {
    changes
        .entry(object.identity())
        .or_insert_with(|| object.iter().map(|(name, value)| (name.clone(), Item::Json(value.clone()))).collect())
}
