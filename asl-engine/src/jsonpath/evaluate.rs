//! Steps to the nodes they lead to.

use super::step::{self, Step};
use crate::error;
use crate::query::java_text;
use crate::value::{Object, Str, Value};
use std::cell::Cell;

/// The nodes that one evaluation may visit, within its filters too. Ours: `$..*..*` multiplies, and a turn of the
/// machine does bounded work.
const VISITS_MAX: usize = 1_000_000;

/// What is left of the visits.
pub(super) struct Work(Cell<usize>);

impl Work {
    /// Takes visits away; false when there are none left.
    pub(super) fn spend(&self, visits: usize) -> bool {
        self.0.set(self.0.get().saturating_sub(visits));
        self.0.get() > 0
    }
}

/// The value that the steps lead to, or why a definite path matches nothing, in the words of AWS's library.
pub(super) fn find(root: &Value, steps: &[Step]) -> Result<Value, String> {
    find_from(root, root, steps, &Work(Cell::new(VISITS_MAX)))
}

/// The same from a node (`@`) of the document `root`.
pub(super) fn find_from(node: &Value, root: &Value, steps: &[Step], work: &Work) -> Result<Value, String> {
    let definite = step::are_definite(steps);
    let (reached, rest) = match walk(node, steps) {
        Ok(reached) => reached,
        Err(miss) if definite => return Err(miss.words(steps)),
        // An indefinite path that cannot even be begun matches nothing: an empty list.
        Err(_) => return Ok(Vec::new().into_iter().collect()),
    };
    let no_results = || error::no_results(&step::canonical(steps));
    match rest {
        [] => Ok(reached.clone()),
        [Step::Function(function)] => function.apply(reached).ok_or_else(no_results),
        [Step::Members(names)] => match reached {
            Value::Object(object) => Ok(merged(object, names)),
            other => Err(error::not_an_object(&rest[0].to_string(), &parent(steps), java_text::class(other))),
        },
        [middle @ .., Step::Function(function)] => {
            let nodes = select(reached, root, middle, work)?;
            if definite {
                function.apply(&nodes.into_iter().cloned().collect()).ok_or_else(no_results)
            } else {
                Ok(nodes.into_iter().filter_map(|node| function.apply(node)).collect())
            }
        }
        [middle @ .., Step::Members(names)] => {
            let scanned = matches!(middle.last(), Some(Step::Descendants));
            let nodes = select(reached, root, middle, work)?.into_iter().filter_map(Value::as_object);
            // `..` stops only where all the names are.
            let fitting = nodes.filter(|object| !scanned || names.iter().all(|name| object.contains_key(name)));
            Ok(fitting.map(|object| merged(object, names)).collect())
        }
        _ => Ok(select(reached, root, rest, work)?.into_iter().cloned().collect()),
    }
}

/// Is there something at the steps? (A filter's `@.a` alone.)
pub(super) fn exists(node: &Value, root: &Value, steps: &[Step], work: &Work) -> bool {
    walk(node, steps).is_ok_and(|(_, rest)| rest.is_empty() || find_from(node, root, steps, work).is_ok())
}

/// The name or index at which a definite path fails within an object or array; `None` when it fails at a scalar.
pub(super) fn failing_step(root: &Value, steps: &[Step]) -> Option<String> {
    let miss = walk(root, steps).err()?;
    let within_container = !matches!(miss.found, Some(found) if found.depth() == 0);
    within_container.then(|| match &steps[miss.position] {
        Step::Member(name) => name.to_string(),
        Step::Index(index) => index.to_string(),
        other => other.to_string(),
    })
}

/// Follows members and indexes as far as they go; nothing is allocated. Yields the node and the steps that remain.
fn walk<'v, 's>(root: &'v Value, steps: &'s [Step]) -> Result<(&'v Value, &'s [Step]), Miss<'v>> {
    let mut node = root;
    for (position, step) in steps.iter().enumerate() {
        node = match step {
            Step::Member(name) => match node {
                Value::Object(object) => object.get(name).ok_or(Miss { position, found: None })?,
                other => return Err(Miss { position, found: Some(other) }),
            },
            Step::Index(index) => match node {
                Value::Array(items) => item(items, *index).ok_or(Miss { position, found: None })?,
                other => return Err(Miss { position, found: Some(other) }),
            },
            _ => return Ok((node, &steps[position..])),
        };
    }
    Ok((node, &[]))
}

fn item(items: &[Value], index: i64) -> Option<&Value> {
    let index = if index < 0 { index + items.len() as i64 } else { index };
    items.get(usize::try_from(index).ok()?)
}

/// Where a definite path went astray.
struct Miss<'v> {
    /// Which step could not be made.
    position: usize,
    /// What was there instead of an object or array; `None` when that had no such member or item.
    found: Option<&'v Value>,
}

impl Miss<'_> {
    fn words(&self, steps: &[Step]) -> String {
        let step = &steps[self.position];
        match (step, self.found) {
            (Step::Member(_), None) if self.position + 1 < steps.len() => {
                error::missing_property(&step::canonical(&steps[..=self.position]))
            }
            (_, None) => error::no_results(&step::canonical(steps)),
            (Step::Index(_), Some(Value::Null)) => error::path_is_null(&parent(&steps[..=self.position])),
            (Step::Index(_), Some(found)) => {
                let canonical = step::canonical(&steps[self.position..]);
                error::not_an_array(&canonical[1..], &java_text::print(found))
            }
            (_, Some(found)) => {
                error::not_an_object(&step.to_string(), &parent(&steps[..=self.position]), java_text::class(found))
            }
        }
    }
}

/// The canonical path without its last step.
fn parent(steps: &[Step]) -> String {
    step::canonical(&steps[..steps.len().saturating_sub(1)])
}

/// One object of those members that exist.
fn merged(object: &Object, names: &[Str]) -> Value {
    let members = names.iter().filter_map(|name| Some((name.clone(), object.get(name)?.clone())));
    Value::Object(members.collect())
}

/// The nodes that indefinite steps lead to, in document order.
fn select<'v>(start: &'v Value, root: &Value, steps: &[Step], work: &Work) -> Result<Vec<&'v Value>, String> {
    let mut nodes = vec![start];
    let mut scanned = false;
    for step in steps {
        let mut next = Vec::new();
        for node in nodes {
            let before = next.len();
            match step {
                Step::Filter(filter) if scanned => {
                    // `..` offers the items of an array one by one already: they are not filtered again.
                    match node {
                        Value::Object(_) if filter.accepts(node, root, work) => next.push(node),
                        Value::Array(items) if filter.accepts(node, root, work) => {
                            next.extend(items.iter().filter(|item| filter.accepts(item, root, work)));
                        }
                        _ => {}
                    }
                }
                step => apply(step, node, root, work, &mut next),
            }
            if !work.spend(1 + next.len() - before) {
                return Err(format!("the path visits more than {VISITS_MAX} values; use a narrower one"));
            }
        }
        scanned = matches!(step, Step::Descendants);
        nodes = next;
    }
    Ok(nodes)
}

fn apply<'v>(step: &Step, node: &'v Value, root: &Value, work: &Work, out: &mut Vec<&'v Value>) {
    match (step, node) {
        (Step::Member(name), Value::Object(object)) => out.extend(object.get(name)),
        (Step::Members(names), Value::Object(object)) => out.extend(names.iter().filter_map(|name| object.get(name))),
        (Step::Index(index), Value::Array(items)) => out.extend(item(items, *index)),
        (Step::Indexes(indexes), Value::Array(items)) => {
            out.extend(indexes.iter().filter_map(|index| item(items, *index)));
        }
        (Step::Slice(from, to), Value::Array(items)) => slice(items, *from, *to, out),
        (Step::Wildcard, Value::Array(items)) => out.extend(items.iter()),
        (Step::Wildcard, Value::Object(object)) => out.extend(object.values()),
        (Step::Filter(filter), Value::Array(items)) => {
            out.extend(items.iter().filter(|item| filter.accepts(item, root, work)));
        }
        (Step::Filter(filter), Value::Object(_)) if filter.accepts(node, root, work) => out.push(node),
        (Step::Descendants, _) => descendants(node, out),
        _ => {}
    }
}

/// `[from:to]`. With both ends given, AWS's library counts from the one to the other and takes each as an index, so
/// that a negative `from` with a positive `to` wraps around.
fn slice<'v>(items: &'v [Value], from: Option<i64>, to: Option<i64>, out: &mut Vec<&'v Value>) {
    let len = items.len() as i64;
    let from_end = |end: i64| if end < 0 { end + len } else { end };
    let (from, to) = match (from, to) {
        (Some(from), Some(to)) => (from.max(-len), to.min(len)),
        (Some(from), None) => (from_end(from).max(0), len),
        (None, Some(to)) => (0, from_end(to).min(len)),
        (None, None) => (0, len),
    };
    out.extend((from..to).filter_map(|index| item(items, index)));
}

/// The node and all arrays and objects below it, parents first.
fn descendants<'v>(node: &'v Value, out: &mut Vec<&'v Value>) {
    let mut stack = vec![node];
    while let Some(node) = stack.pop() {
        match node {
            Value::Array(items) => stack.extend(items.iter().rev()),
            Value::Object(object) => stack.extend(object.values().rev()),
            _ => continue,
        }
        out.push(node);
    }
}
