//! The members of an object, in order.
//!
//! Most objects have few members: those are compared one by one, which is faster than hashing and takes half the memory. Only
//! larger objects have an index.

use super::{Str, Value};
use std::collections::HashMap;

/// So many members are searched one by one.
const UNINDEXED: usize = 12;

/// INVARIANT: no name twice; `index` holds the place of every member when there are more than [`UNINDEXED`], else it is `None`.
#[derive(Clone, Default)]
pub(super) struct Members {
    members: Vec<(Str, Value)>,
    index: Option<Box<Index>>,
}

#[derive(Clone)]
struct Index(HashMap<Str, usize, foldhash::fast::RandomState>);

/// Members in order.
pub type Iter<'a> = std::iter::Map<std::slice::Iter<'a, (Str, Value)>, fn(&'a (Str, Value)) -> (&'a Str, &'a Value)>;

impl Members {
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.0.get(name).copied(),
            None => self.members.iter().position(|(other, _)| other == name),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.place(name).map(|place| &self.members[place].1)
    }

    pub(super) fn at(&self, place: usize) -> Option<(&Str, &Value)> {
        self.members.get(place).map(|(name, value)| (name, value))
    }

    /// The value of a member; a new one is null and comes last.
    pub(super) fn entry(&mut self, name: &str) -> &mut Value {
        let place = self.place(name).unwrap_or_else(|| self.push(name.into(), Value::Null));
        &mut self.members[place].1
    }

    /// Sets a member: an existing one keeps its place, a new one comes last.
    pub(super) fn insert(&mut self, name: Str, value: Value) {
        match self.place(&name) {
            Some(place) => self.members[place].1 = value,
            None => _ = self.push(name, value),
        }
    }

    /// Appends a member that is not there.
    fn push(&mut self, name: Str, value: Value) -> usize {
        let place = self.members.len();
        if let Some(index) = &mut self.index {
            index.0.insert(name.clone(), place);
        }
        self.members.push((name, value));
        if self.index.is_none() {
            self.make_index();
        }
        place
    }

    /// Removes a member, keeping the order of the others.
    pub(super) fn remove(&mut self, name: &str) -> Option<Value> {
        let place = self.place(name)?;
        let (_, value) = self.members.remove(place);
        self.make_index();
        Some(value)
    }

    fn make_index(&mut self) {
        let places = || self.members.iter().zip(0..).map(|((name, _), place)| (name.clone(), place)).collect();
        self.index = (self.members.len() > UNINDEXED).then(|| Box::new(Index(places())));
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn iter(&self) -> Iter<'_> {
        self.members.iter().map(|(name, value)| (name, value))
    }
}

impl FromIterator<(Str, Value)> for Members {
    fn from_iter<I: IntoIterator<Item = (Str, Value)>>(members: I) -> Self {
        let members = members.into_iter();
        let mut all = Members { members: Vec::with_capacity(members.size_hint().0), index: None };
        members.for_each(|(name, value)| all.insert(name, value));
        all
    }
}

/// Whatever the order.
impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same changes of a small and of a large object, beside a list that is searched.
    #[test]
    fn members_are_found_where_they_were_put() {
        for size in [0, 1, UNINDEXED, UNINDEXED + 1, 100] {
            let name = |i: usize| Str::from(format!("member {i}"));
            let mut members: Members = (0..size).map(|i| (name(i), Value::from(i as i64))).collect();
            let mut listed: Vec<(Str, Value)> = (0..size).map(|i| (name(i), Value::from(i as i64))).collect();
            let check = |members: &Members, listed: &[(Str, Value)]| {
                assert!(members.iter().eq(listed.iter().map(|(name, value)| (name, value))), "{size}");
                assert_eq!(members.len(), listed.len());
                assert_eq!(members.index.is_some(), listed.len() > UNINDEXED);
                for (place, (name, value)) in listed.iter().enumerate() {
                    assert_eq!((members.place(name), members.get(name)), (Some(place), Some(value)), "{size}");
                    assert_eq!(members.at(place), Some((name, value)));
                }
                assert_eq!((members.get("none"), members.at(listed.len())), (None, None));
            };
            check(&members, &listed);
            for i in [0, size / 2, size.saturating_sub(1)] {
                let removed =
                    listed.iter().position(|(other, _)| *other == name(i)).map(|place| listed.remove(place).1);
                assert_eq!(members.remove(&name(i)), removed, "{size}: {i}");
                check(&members, &listed);
            }
            for i in [size + 1, size / 3] {
                members.insert(name(i), Value::Null);
                match listed.iter_mut().find(|(other, _)| *other == name(i)) {
                    Some((_, value)) => *value = Value::Null,
                    None => listed.push((name(i), Value::Null)),
                }
                check(&members, &listed);
            }
            *members.entry("last") = Value::from(7);
            listed.push(("last".into(), Value::from(7)));
            check(&members, &listed);
        }
    }

    #[test]
    fn the_order_does_not_matter_for_equality() {
        let numbers = |numbers: &[i64]| -> Members {
            numbers.iter().map(|n| (Str::from(n.to_string()), Value::from(*n))).collect()
        };
        assert!(numbers(&[1, 2]) == numbers(&[2, 1]));
        assert!(numbers(&[1, 2]) != numbers(&[1, 3]));
        assert!(numbers(&[1, 2]) != numbers(&[1]));
    }
}
