//! Shared arrays and objects that remember their measure.

use super::members::{Iter, Members};
use super::{Str, Value, string_json_len};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Serialised length and nesting depth of a value.
#[derive(Clone, Copy)]
pub(super) struct Measure {
    pub(super) bytes: usize,
    pub(super) depth: usize,
}

/// A container and what is known of its measure.
///
/// INVARIANT: `measure` is 0 (not known) or that of `items`; every mutable access resets it.
struct Node<T> {
    measure: AtomicU64,
    items: T,
}

impl<T> Node<T> {
    fn new(items: T) -> Arc<Self> {
        Arc::new(Node { measure: AtomicU64::new(0), items })
    }

    fn measure(&self, compute: impl FnOnce(&T) -> Measure) -> Measure {
        // 16 bits of depth above 48 bits of length; a container is at least 2 bytes long, so 0 means unknown.
        let known = self.measure.load(Ordering::Relaxed);
        if known != 0 {
            return Measure { bytes: (known & ((1 << 48) - 1)) as usize, depth: (known >> 48) as usize };
        }
        let measure = compute(&self.items);
        let depth = measure.depth.min(usize::from(u16::MAX)) as u64;
        self.measure.store(depth << 48 | measure.bytes as u64, Ordering::Relaxed);
        measure
    }
}

impl<T: Clone> Node<T> {
    fn make_mut(this: &mut Arc<Self>) -> &mut T {
        let node = Arc::make_mut(this);
        *node.measure.get_mut() = 0;
        &mut node.items
    }
}

impl<T: Clone> Clone for Node<T> {
    fn clone(&self) -> Self {
        Node { measure: AtomicU64::new(self.measure.load(Ordering::Relaxed)), items: self.items.clone() }
    }
}

/// A shared JSON array. Dereferences to a slice; [`Array::make_mut`] copies it first when it is shared.
#[derive(Clone)]
pub struct Array(Arc<Node<Vec<Value>>>);

impl Array {
    /// The items, to be changed; copied first when another value shares them.
    pub fn make_mut(&mut self) -> &mut Vec<Value> {
        Node::make_mut(&mut self.0)
    }

    pub(super) fn measure(&self) -> Measure {
        self.0.measure(|items| {
            let mut measure = Measure { bytes: 2 + items.len().saturating_sub(1), depth: 0 };
            for item in items {
                let inner = item.measure();
                measure.bytes += inner.bytes;
                measure.depth = measure.depth.max(inner.depth);
            }
            measure.depth += 1;
            measure
        })
    }

    /// Do both share the same memory? (A cheap proof of equality.)
    pub fn ptr_eq(&self, other: &Array) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for Array {
    type Target = [Value];
    fn deref(&self) -> &[Value] {
        &self.0.items
    }
}
impl Default for Array {
    fn default() -> Self {
        Array(Node::new(Vec::new()))
    }
}
impl From<Vec<Value>> for Array {
    fn from(items: Vec<Value>) -> Self {
        Array(Node::new(items))
    }
}
impl FromIterator<Value> for Array {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        Vec::from_iter(items).into()
    }
}
impl PartialEq for Array {
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other) || **self == **other
    }
}
impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// A shared JSON object whose members keep their order.
#[derive(Clone)]
pub struct Object(Arc<Node<Members>>);

impl Object {
    /// The value of a member.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.items.get(name)
    }

    /// Has it a member of that name?
    pub fn contains_key(&self, name: &str) -> bool {
        self.0.items.place(name).is_some()
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.0.items.len()
    }

    /// Has it no member?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its members, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Str, &Value)> + ExactSizeIterator {
        self.0.items.iter()
    }

    /// The names of its members, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Str> + ExactSizeIterator {
        self.iter().map(|(name, _)| name)
    }

    /// The values of its members, in order.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator {
        self.iter().map(|(_, value)| value)
    }

    /// The member at a position.
    pub fn get_index(&self, index: usize) -> Option<(&Str, &Value)> {
        self.0.items.at(index)
    }

    /// Sets a member: an existing one keeps its place, a new one comes last.
    pub fn insert(&mut self, name: impl Into<Str>, value: Value) {
        Node::make_mut(&mut self.0).insert(name.into(), value);
    }

    /// Removes a member, keeping the order of the others.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        if !self.contains_key(name) {
            return None;
        }
        Node::make_mut(&mut self.0).remove(name)
    }

    /// The value of a member, to be changed; set to null first when there is none. Copies the object when it is shared.
    pub fn entry_mut(&mut self, name: &str) -> &mut Value {
        Node::make_mut(&mut self.0).entry(name)
    }

    pub(super) fn measure(&self) -> Measure {
        self.0.measure(|members| {
            let mut measure = Measure { bytes: 2 + members.len().saturating_sub(1), depth: 0 };
            for (name, item) in members.iter() {
                let inner = item.measure();
                measure.bytes += string_json_len(name) + 1 + inner.bytes;
                measure.depth = measure.depth.max(inner.depth);
            }
            measure.depth += 1;
            measure
        })
    }

    /// Tells this object from every other that is alive: values that share memory have the same number.
    pub fn identity(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Do both share the same memory? (A cheap proof of equality.)
    pub fn ptr_eq(&self, other: &Object) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Default for Object {
    fn default() -> Self {
        Object(Node::new(Members::default()))
    }
}
impl FromIterator<(Str, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (Str, Value)>>(members: I) -> Self {
        Object(Node::new(members.into_iter().collect()))
    }
}
impl<'a> IntoIterator for &'a Object {
    type Item = (&'a Str, &'a Value);
    type IntoIter = Iter<'a>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.items.iter()
    }
}
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other) || self.0.items == other.0.items
    }
}
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl serde::Serialize for Array {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
impl<'de> serde::Deserialize<'de> for Array {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Array::from)
    }
}
impl serde::Serialize for Object {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, value)| (name.as_str(), value)))
    }
}
