//! Paths: steps, predicates, wildcards.

use super::{Env, Evaluator};
use crate::jsonata::ast::{Kind, Node, Stage};
use crate::jsonata::error::{Fallible, Fault, too_deep};
use crate::jsonata::item::{Elements, Item, Marks, Tuple};
use crate::value::{Str, Value};
use std::rc::Rc;

/// The value of a name in an object, or in each item of an array.
pub(in crate::jsonata) fn lookup(input: &Item, name: &str) -> Item {
    match input {
        Item::Json(Value::Object(object)) => object.get(name).cloned().map_or(Item::Undefined, Item::Json),
        Item::Record(_) => input.member(name).unwrap_or_default(),
        _ => {
            let Some(elements) = input.elements() else { return Item::Undefined };
            let mut found = Vec::new();
            match elements {
                Elements::Values(values) => lookup_all(values, name, &mut found),
                Elements::Items(items) => {
                    for item in items {
                        match lookup(item, name) {
                            Item::Undefined => {}
                            value if value.is_array() => found.extend(value.into_items()),
                            value => found.push(value),
                        }
                    }
                }
            }
            Item::sequence(found)
        }
    }
}

fn lookup_all(values: &[Value], name: &str, found: &mut Vec<Item>) {
    for value in values {
        match value {
            Value::Object(object) => match object.get(name) {
                None => {}
                Some(Value::Array(array)) => found.extend(array.iter().cloned().map(Item::Json)),
                Some(value) => found.push(Item::Json(value.clone())),
            },
            Value::Array(array) => lookup_all(array, name, found),
            _ => {}
        }
    }
}

/// The name of a step that does nothing but look a name up.
fn plain_name(step: &Node) -> Option<&Str> {
    match &step.kind {
        Kind::Name(name) if !step.step.tuple && step.step.stages.is_empty() => Some(name),
        _ => None,
    }
}

fn is_plain_variable(step: &Node) -> bool {
    matches!(step.kind, Kind::Variable(..))
        && !step.step.tuple
        && step.step.stages.is_empty()
        && step.predicates.is_empty()
        && step.group.is_none()
}

impl Evaluator<'_> {
    pub(super) fn path(
        &mut self,
        node: &Node,
        steps: &[Node],
        keep_singleton: bool,
        input: &Item,
        env: &Env,
    ) -> Fallible<Item> {
        if self.depth >= self.depth_max {
            return Err(too_deep());
        }
        let Some(first) = steps.first() else { return Ok(Item::Undefined) };
        if node.group.is_none() && !node.step.tuple {
            let variable = is_plain_variable(first);
            let start = if variable { Some(self.variable(first, input, env)) } else { None };
            let start_index = usize::from(variable);
            if let Item::Json(value) = start.as_ref().unwrap_or(input) {
                let (index, value) = match walk(&steps[start_index..], value) {
                    Some((count, value)) => (start_index + count, value),
                    None => return Ok(Item::Undefined),
                };
                self.charge(index)?;
                if index == steps.len() {
                    let whole = Item::Json(value.clone());
                    if keep_singleton && !whole.is_array() {
                        let marks = Marks { sequence: true, keep_singleton: true, ..Marks::default() };
                        return Ok(Item::marked(vec![whole], marks));
                    }
                    return Ok(whole);
                }
                if index > 0 {
                    let sequence = match value {
                        Value::Array(array) if array.is_empty() => return Ok(Item::Undefined),
                        Value::Array(_) => Item::Json(value.clone()),
                        _ => Item::sequence(vec![Item::Json(value.clone())]),
                    };
                    return self.steps(node, steps, index, sequence, keep_singleton, env);
                }
            }
        }
        let sequence = if input.is_array() && !matches!(first.kind, Kind::Variable(..)) {
            input.clone()
        } else {
            Item::sequence(vec![input.clone()])
        };
        self.steps(node, steps, 0, sequence, keep_singleton, env)
    }

    /// The steps from `from` on, over a sequence of context values.
    fn steps(
        &mut self,
        node: &Node,
        steps: &[Node],
        from: usize,
        mut sequence: Item,
        keep_singleton: bool,
        env: &Env,
    ) -> Fallible<Item> {
        let mut tuples: Option<Vec<Tuple>> = None;
        let mut tuple_stream = false;
        let mut result = Item::Undefined;
        for (index, step) in steps.iter().enumerate().skip(from) {
            tuple_stream |= step.step.tuple;
            if index == 0 && step.step.constructs_array {
                result = self.eval(step, &sequence, env)?;
                if step.step.focus.is_some() {
                    // As the reference: `[1..4]@$x.step` neither binds the variable nor moves the context.
                    continue;
                }
            } else if tuple_stream {
                // A level of its own, because of the stack that tuples need.
                let before = tuples.take();
                tuples = Some(self.nested(|evaluator| evaluator.tuple_step(step, &sequence, before, env))?);
                continue;
            } else {
                result = self.step(step, &sequence, index == steps.len() - 1, env)?;
            }
            if result.elements().is_some_and(|elements| elements.len() == 0) || result.is_undefined() {
                break;
            }
            sequence = result.clone();
        }
        if let Some(tuples) = tuples {
            return self.finish_tuples(node, tuples, keep_singleton, env);
        }
        drop(sequence);
        if keep_singleton {
            result = keep_singletons(result);
        }
        match &node.group {
            Some(group) => self.group(group, &result, env),
            None => Ok(result),
        }
    }

    fn finish_tuples(&mut self, node: &Node, tuples: Vec<Tuple>, keep_singleton: bool, env: &Env) -> Fallible<Item> {
        if let Some(group) = &node.group {
            return self.group(group, &Item::Tuples(Rc::new(tuples)), env);
        }
        if node.step.tuple {
            return Ok(Item::Tuples(Rc::new(tuples)));
        }
        let values = Item::sequence(tuples.into_iter().map(|tuple| tuple.value).collect());
        Ok(if keep_singleton { keep_singletons(values) } else { values })
    }

    /// One step: its value for each context item, flattened.
    fn step(&mut self, step: &Node, input: &Item, last: bool, env: &Env) -> Fallible<Item> {
        if let Kind::Sort(terms) = &step.kind {
            let mut result = self.sort_items(terms, step.position, input.clone(), env)?;
            for stage in &step.step.stages {
                if let Stage::Filter(predicate) = stage {
                    result = self.filter(predicate, result, env)?;
                }
            }
            return Ok(result);
        }
        let Some(elements) = input.elements() else { return Ok(Item::Undefined) };
        let mut results = Vec::with_capacity(elements.len());
        for index in 0..elements.len() {
            let mut value = match (&step.kind, elements) {
                (Kind::Name(name), Elements::Values(values)) => self.name(name, step.keep_array, &values[index])?,
                _ => self.eval(step, &elements.get(index).unwrap_or_default(), env)?,
            };
            for stage in &step.step.stages {
                if let Stage::Filter(predicate) = stage {
                    value = self.filter(predicate, value, env)?;
                }
            }
            if !value.is_undefined() {
                results.push(value);
            }
        }
        if last && results.len() == 1 && results[0].is_array() && !results[0].marks().sequence {
            return Ok(results.pop().unwrap_or_default());
        }
        let size: usize = results.iter().map(|item| item.elements_or_self().len()).sum();
        self.charge(size / 4)?;
        Ok(Item::sequence(flattened(results)))
    }

    /// A name step on a context item that need not be copied first.
    fn name(&mut self, name: &str, keep_array: bool, value: &Value) -> Fallible<Item> {
        self.charge(1)?;
        match value {
            Value::Object(object) => Ok(object.get(name).cloned().map_or(Item::Undefined, Item::Json)),
            Value::Array(values) => {
                let mut found = Vec::new();
                lookup_all(values, name, &mut found);
                self.charge(values.len() + found.len())?;
                self.collapse(Item::sequence(found), keep_array)
            }
            _ => Ok(Item::Undefined),
        }
    }

    /// A predicate: the items it picks by position, or for which it is true.
    pub(super) fn filter(&mut self, predicate: &Node, input: Item, env: &Env) -> Fallible<Item> {
        if let Item::Tuples(tuples) = &input {
            return Ok(Item::Tuples(Rc::new(self.filter_tuples(predicate, tuples, env)?)));
        }
        let elements = input.elements_or_self();
        if let Kind::Number(number) = predicate.kind {
            let picked = position(number, elements.len()).and_then(|index| elements.get(index)).unwrap_or_default();
            return Ok(match picked {
                Item::Undefined => Item::sequence(Vec::new()),
                array if array.is_array() => array,
                item => Item::sequence(vec![item]),
            });
        }
        let mut results = Vec::new();
        for (index, item) in elements.iter().enumerate() {
            let verdict = self.eval(predicate, &item, env)?;
            for _ in 0..self.picks(&verdict, index, elements.len())? {
                // As in the reference, a predicate may pick what is not there; in JSON that is null.
                results.push(item.clone());
            }
        }
        Ok(Item::sequence(results))
    }

    /// How often a predicate's value picks the item at an index.
    pub(super) fn picks(&mut self, verdict: &Item, index: usize, length: usize) -> Fallible<usize> {
        if let Some(number) = numeric(verdict)? {
            return Ok(usize::from(position(number, length) == Some(index)));
        }
        if let Some(elements) = verdict.elements() {
            self.charge(elements.len())?;
            let mut picks = Some(0);
            for item in elements.iter() {
                match numeric(&item)? {
                    Some(number) => {
                        picks = picks.map(|count| count + usize::from(position(number, length) == Some(index)));
                    }
                    None => picks = None,
                }
            }
            if let Some(picks) = picks {
                return Ok(picks);
            }
        }
        Ok(usize::from(self.truth(verdict)?))
    }

    pub(super) fn wildcard(&mut self, input: &Item) -> Fallible<Item> {
        let input = match input {
            Item::List(list) if list.marks.outer_wrapper => list.items.first().cloned().unwrap_or_default(),
            other => other.clone(),
        };
        // The members of an array are its items.
        let members: Vec<Item> = match (&input, input.members()) {
            (_, Some(members)) => members.into_iter().map(|(_, item)| item).collect(),
            _ if input.is_array() => input.into_items(),
            _ => return Ok(Item::sequence(Vec::new())),
        };
        let mut results = Vec::new();
        let mut appended = false;
        for member in members {
            if member.is_array() {
                appended = true;
                self.flatten(member, &mut results)?;
            } else {
                self.charge(1)?;
                results.push(member);
            }
        }
        // As in the reference: what was appended to is no sequence any more, and does not collapse.
        Ok(if appended { Item::array(results) } else { Item::sequence(results) })
    }

    fn flatten(&mut self, item: Item, out: &mut Vec<Item>) -> Fallible<()> {
        self.charge(1)?;
        if !item.is_array() {
            out.push(item);
            return Ok(());
        }
        for inner in item.into_items() {
            self.flatten(inner, out)?;
        }
        Ok(())
    }

    pub(super) fn descendants(&mut self, input: &Item) -> Fallible<Item> {
        let mut found = Vec::new();
        if !input.is_undefined() {
            self.descend(input, &mut found)?;
        }
        // A single one is no sequence, which `[]` could keep.
        if found.len() == 1 {
            return Ok(found.pop().unwrap_or_default());
        }
        Ok(Item::sequence(found))
    }

    fn descend(&mut self, item: &Item, found: &mut Vec<Item>) -> Fallible<()> {
        self.charge(1)?;
        if let Some(elements) = item.elements() {
            return elements.iter().try_for_each(|member| self.descend(&member, found));
        }
        found.push(item.clone());
        match item {
            Item::Json(Value::Object(object)) => {
                object.values().try_for_each(|member| self.descend(&Item::Json(member.clone()), found))
            }
            Item::Record(record) => record.members.iter().try_for_each(|(_, member)| self.descend(member, found)),
            _ => Ok(()),
        }
    }
}

/// Follows plain names through objects: how many, and where it got. `None`: there is nothing.
fn walk<'v>(steps: &[Node], mut value: &'v Value) -> Option<(usize, &'v Value)> {
    let mut count = 0;
    while let Some(name) = steps.get(count).and_then(plain_name) {
        match value {
            Value::Object(object) => value = object.get(name)?,
            Value::Array(_) => break,
            _ => return None,
        }
        count += 1;
    }
    Some((count, value))
}

/// Sequences among the results become part of the whole; arrays made by a constructor step stay.
fn flattened(results: Vec<Item>) -> Vec<Item> {
    if results.iter().all(|item| !item.is_array() || item.marks().constructed) {
        return results;
    }
    let mut flat = Vec::with_capacity(results.len());
    for item in results {
        if item.is_array() && !item.marks().constructed {
            flat.extend(item.into_items());
        } else {
            flat.push(item);
        }
    }
    flat
}

/// `[]` in the path: what it yields stays an array.
fn keep_singletons(result: Item) -> Item {
    let marks = result.marks();
    match result {
        Item::List(_) if marks.constructed && !marks.sequence => {
            Item::marked(vec![result], Marks { sequence: true, keep_singleton: true, ..Marks::default() })
        }
        Item::List(mut list) => {
            Rc::make_mut(&mut list).marks.keep_singleton = true;
            Item::List(list)
        }
        other => other,
    }
}

/// The number that a predicate may be; infinite ones are an error.
pub(super) fn numeric(item: &Item) -> Fallible<Option<f64>> {
    match item.as_f64() {
        Some(number) if number.is_infinite() => Err(Fault::new("D1001").value(item)),
        Some(number) if number.is_nan() => Ok(None),
        number => Ok(number),
    }
}

/// The index that a number means: rounded down, from the end when negative.
fn position(number: f64, length: usize) -> Option<usize> {
    let index = number.floor();
    let index = if index < 0.0 { index + length as f64 } else { index };
    (index >= 0.0 && index < length as f64).then_some(index as usize)
}
