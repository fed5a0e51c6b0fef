//! Array and object constructors, and grouping, which is an object constructor over a sequence.

use super::{Env, Evaluator, Frame};
use crate::jsonata::ast::{Kind, Node, Pairs};
use crate::jsonata::error::{Fallible, Fault, value_too_deep};
use crate::jsonata::item::{DEPTH_MAX, Item, Marks, Tuple};
use crate::value::Str;

type Groups<T> = indexmap::IndexMap<Str, (usize, T), foldhash::fast::RandomState>;

impl Evaluator<'_> {
    pub(super) fn array(&mut self, node: &Node, parts: &[Node], input: &Item, env: &Env) -> Fallible<Item> {
        let mut items = Vec::with_capacity(parts.len());
        for part in parts {
            let value = self.eval(part, input, env)?;
            if value.is_undefined() {
                continue;
            }
            if value.is_array() && !matches!(part.kind, Kind::Array(_)) {
                let mut more = value.into_items();
                self.charge(more.len() / 4)?;
                if items.is_empty() {
                    items = more;
                } else {
                    items.append(&mut more);
                }
            } else {
                items.push(value);
            }
        }
        Ok(Item::marked(items, Marks { constructed: node.step.constructs_array, ..Marks::default() }))
    }

    pub(super) fn object(&mut self, pairs: &Pairs, input: &Item, env: &Env) -> Fallible<Item> {
        if input.is_array() {
            return self.group(pairs, input, env);
        }
        // All names come first: a name given twice is an error whatever the values are.
        let mut members: Vec<(Str, Item)> = Vec::with_capacity(pairs.pairs.len());
        let mut values = Vec::with_capacity(pairs.pairs.len());
        for (name, value) in &pairs.pairs {
            let Some(key) = self.key(name, pairs.position, input, env)? else { continue };
            if pairs.pairs.len() <= 16 && members.iter().any(|(known, _)| *known == key) {
                return Err(duplicate(pairs.position, &key));
            }
            members.push((key, Item::Undefined));
            values.push(value);
        }
        if members.len() > 16 {
            let mut seen = std::collections::BTreeSet::new();
            if let Some((key, _)) = members.iter().find(|(key, _)| !seen.insert(key.as_str())) {
                return Err(duplicate(pairs.position, key));
            }
        }
        for ((_, member), value) in members.iter_mut().zip(values) {
            *member = self.eval(value, input, env)?;
        }
        self.finished(members)
    }

    /// The object, without the members that have no value.
    fn finished(&mut self, mut members: Vec<(Str, Item)>) -> Fallible<Item> {
        members.retain(|(_, item)| !item.is_undefined());
        for (_, item) in &members {
            if item.depth() >= DEPTH_MAX {
                return Err(value_too_deep());
            }
            self.charge(item.own_weight())?;
        }
        Ok(Item::object(members))
    }

    /// The name of a member; `None`: the pair is left out.
    fn key(&mut self, name: &Node, position: usize, input: &Item, env: &Env) -> Fallible<Option<Str>> {
        let key = match &name.kind {
            Kind::String(text) if name.predicates.is_empty() && name.group.is_none() => text.clone(),
            _ => match self.eval(name, input, env)? {
                Item::Undefined => return Ok(None),
                value => match value.as_text() {
                    Some(text) => text.clone(),
                    None => return Err(Fault::new("T1003").at(position).value(&value)),
                },
            },
        };
        if key == "_jsonata_lambda" || key == "_jsonata_function" {
            return Err(Fault::new("D1013").at(position).text_value(&key));
        }
        Ok(Some(key))
    }

    pub(super) fn group(&mut self, pairs: &Pairs, input: &Item, env: &Env) -> Fallible<Item> {
        if let Item::Tuples(tuples) = input {
            return self.group_tuples(pairs, tuples, env);
        }
        let elements = input.elements_or_self();
        let mut groups: Groups<Vec<Item>> = Groups::default();
        // An empty sequence still makes an object: its pairs are evaluated once, about nothing.
        for index in 0..elements.len().max(1) {
            let item = elements.get(index).unwrap_or_default();
            self.charge(1)?;
            for (pair, (name, _)) in pairs.pairs.iter().enumerate() {
                let Some(key) = self.key(name, pairs.position, &item, env)? else { continue };
                let (known, data) = groups.entry(key.clone()).or_insert_with(|| (pair, Vec::new()));
                if *known != pair {
                    return Err(duplicate(pairs.position, &key));
                }
                data.push(item.clone());
            }
        }
        let mut members = Vec::with_capacity(groups.len());
        for (key, (pair, mut data)) in groups {
            let context = if data.len() == 1 { data.pop().unwrap_or_default() } else { appended(data) };
            let Some((_, value)) = pairs.pairs.get(pair) else { continue };
            members.push((key, self.eval(value, &context, env)?));
        }
        self.finished(members)
    }

    fn group_tuples(&mut self, pairs: &Pairs, tuples: &[Tuple], env: &Env) -> Fallible<Item> {
        let mut groups: Groups<Vec<Tuple>> = Groups::default();
        for tuple in tuples {
            let env = Frame::new(Some(env), tuple.variables.clone());
            for (pair, (name, _)) in pairs.pairs.iter().enumerate() {
                let Some(key) = self.key(name, pairs.position, &tuple.value, &env)? else { continue };
                let (known, data) = groups.entry(key.clone()).or_insert_with(|| (pair, Vec::new()));
                if *known != pair {
                    return Err(duplicate(pairs.position, &key));
                }
                data.push(tuple.clone());
            }
        }
        let mut members = Vec::with_capacity(groups.len());
        for (key, (pair, data)) in groups {
            let Some((_, value)) = pairs.pairs.get(pair) else { continue };
            let merged = merged(data);
            let env = Frame::new(Some(env), merged.variables);
            members.push((key, self.eval(value, &merged.value, &env)?));
        }
        self.finished(members)
    }
}

fn duplicate(position: usize, key: &str) -> Box<Fault> {
    Fault::new("D1009").at(position).text_value(key)
}

/// Several values as one array; arrays among them are taken apart.
fn appended(data: Vec<Item>) -> Item {
    if data.iter().any(Item::is_array) {
        return Item::array(data.into_iter().flat_map(Item::into_items).collect());
    }
    Item::array(data)
}

/// The tuples of a group as one: each variable has the values of all.
fn merged(tuples: Vec<Tuple>) -> Tuple {
    if tuples.len() == 1 {
        return tuples.into_iter().next().unwrap_or_default();
    }
    let mut values = Vec::with_capacity(tuples.len());
    let mut variables: Vec<(Str, Vec<Item>)> = Vec::new();
    for tuple in tuples {
        if !tuple.value.is_undefined() {
            values.push(tuple.value);
        }
        for (name, item) in tuple.variables {
            match variables.iter_mut().find(|(known, _)| *known == name) {
                Some((_, items)) => items.push(item),
                None => variables.push((name, vec![item])),
            }
        }
    }
    let variables = variables
        .into_iter()
        .map(|(name, mut items)| match items.len() {
            1 => (name, items.pop().unwrap_or_default()),
            _ => (name, appended(items)),
        })
        .collect();
    Tuple { value: appended(values), variables }
}
