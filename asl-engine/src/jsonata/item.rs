//! What an expression works on: JSON values, and what only exists during an evaluation (sequences, functions, tuples).

use super::ast::{Lambda as LambdaDefinition, Transform as TransformDefinition};
use super::evaluate::Env;
use super::functions::Builtin;
use super::regex::Regex;
use super::text;
use crate::value::{Array, Number, Object, Str, Value};
use std::rc::Rc;
use std::sync::Arc;

/// How deep values built by an expression may nest; deeper ones could exhaust the stack when they are walked or dropped.
pub(super) const DEPTH_MAX: usize = 256;

/// A value during an evaluation.
#[derive(Clone, Default)]
pub(super) enum Item {
    /// Nothing matched.
    #[default]
    Undefined,
    /// A JSON value, shared with the input or complete.
    Json(Value),
    /// A computed number; may be infinite or not a number until somebody looks.
    Number(f64),
    /// An array made by the expression.
    List(Rc<List>),
    /// An object with a member that is no JSON: a function.
    Record(Rc<Record>),
    /// A function.
    Function(Function),
    /// A stream of tuples (`@`, `#`, `%`): what the steps of a path hand on when variables travel along.
    Tuples(Rc<Vec<Tuple>>),
    /// A call in tail position, to be made by the caller's loop so that the stack does not grow.
    TailCall(Rc<TailCall>),
}

/// An array with the marks that decide whether it collapses to its only item.
#[derive(Clone, Default)]
pub(super) struct List {
    pub(super) items: Vec<Item>,
    pub(super) marks: Marks,
    pub(super) depth: usize,
}

/// What is special about an array.
#[derive(Clone, Copy, Default)]
pub(super) struct Marks {
    /// Made by a path or function: nothing when empty, its item when there is one.
    pub(super) sequence: bool,
    /// A sequence that stays an array when it has one item (`[]`).
    pub(super) keep_singleton: bool,
    /// Made by an array constructor as a path step: not flattened.
    pub(super) constructed: bool,
    /// Wraps an input that is an array.
    pub(super) outer_wrapper: bool,
}

/// An object that cannot be a JSON value.
pub(super) struct Record {
    pub(super) members: Vec<(Str, Item)>,
    pub(super) depth: usize,
}

/// A context value and the variables that travel with it.
#[derive(Clone, Default)]
pub(super) struct Tuple {
    pub(super) value: Item,
    pub(super) variables: Vec<(Str, Item)>,
}

impl Tuple {
    pub(super) fn bind(&mut self, name: &Str, item: Item) {
        match self.variables.iter_mut().find(|(known, _)| known == name) {
            Some((_, slot)) => *slot = item,
            None => self.variables.push((name.clone(), item)),
        }
    }
}

pub(super) struct TailCall {
    pub(super) function: Item,
    pub(super) arguments: Vec<Item>,
    pub(super) name: Option<Str>,
    pub(super) position: usize,
}

/// A function as a value.
#[derive(Clone)]
pub(super) enum Function {
    Builtin(&'static Builtin),
    Lambda(Rc<Lambda>),
    Regex(Arc<Regex>),
    /// The `next` function of a regular expression's match: the text and where to go on.
    NextMatch(Rc<(Arc<Regex>, Str, usize)>),
    Transform(Rc<(Arc<TransformDefinition>, Env)>),
    /// A function that is no lambda with some of its arguments given.
    Partial(Rc<Partial>),
    /// `f ~> g`: the two are the variables of a frame.
    Chain(Env),
}

/// A lambda and what it closes over.
pub(super) struct Lambda {
    pub(super) definition: Arc<LambdaDefinition>,
    pub(super) input: Item,
    pub(super) env: Env,
    /// Parameters still to be given, when it was partially applied (which also drops the signature).
    pub(super) unbound: Option<Vec<Str>>,
}

/// A partially applied function.
pub(super) struct Partial {
    /// Which arguments are still to be given.
    pub(super) open: Vec<bool>,
    /// The function and its arguments, in order. (In a frame, because frames are dropped without recursion.)
    pub(super) env: Env,
}

impl Function {
    /// How many arguments a higher-order function gives it.
    pub(super) fn arity(&self) -> usize {
        match self {
            Function::Builtin(builtin) => builtin.arity,
            Function::Lambda(lambda) => lambda.unbound.as_ref().map_or(lambda.definition.parameters.len(), Vec::len),
            Function::Regex(_) => 2,
            Function::NextMatch(_) => 0,
            Function::Transform(_) | Function::Chain(_) => 1,
            Function::Partial(partial) => partial.open.iter().filter(|open| **open).count(),
        }
    }

    fn same(&self, other: &Function) -> bool {
        match (self, other) {
            (Function::Builtin(a), Function::Builtin(b)) => std::ptr::eq(*a, *b),
            (Function::Lambda(a), Function::Lambda(b)) => Rc::ptr_eq(a, b),
            (Function::Regex(a), Function::Regex(b)) => Arc::ptr_eq(a, b),
            (Function::Transform(a), Function::Transform(b)) => Rc::ptr_eq(a, b),
            (Function::Partial(a), Function::Partial(b)) => Rc::ptr_eq(a, b),
            (Function::Chain(a), Function::Chain(b)) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }
}

/// The type of an item, as `$type` and signatures see it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Undefined,
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
    Function,
}

/// The items of an array, wherever they are kept.
#[derive(Clone, Copy)]
pub(super) enum Elements<'a> {
    Values(&'a [Value]),
    Items(&'a [Item]),
}

impl<'a> Elements<'a> {
    pub(super) fn len(self) -> usize {
        match self {
            Elements::Values(values) => values.len(),
            Elements::Items(items) => items.len(),
        }
    }

    pub(super) fn get(self, index: usize) -> Option<Item> {
        match self {
            Elements::Values(values) => values.get(index).cloned().map(Item::Json),
            Elements::Items(items) => items.get(index).cloned(),
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Item> + 'a {
        (0..self.len()).map(move |index| self.get(index).unwrap_or_default())
    }
}

impl Item {
    pub(super) fn string(text: impl Into<Str>) -> Item {
        Item::Json(Value::String(text.into()))
    }

    pub(super) fn boolean(value: bool) -> Item {
        Item::Json(Value::Bool(value))
    }

    /// A plain array.
    pub(super) fn array(items: Vec<Item>) -> Item {
        Item::marked(items, Marks::default())
    }

    /// A sequence: collapses when the expression that made it is done.
    pub(super) fn sequence(items: Vec<Item>) -> Item {
        Item::marked(items, Marks { sequence: true, ..Marks::default() })
    }

    pub(super) fn marked(items: Vec<Item>, marks: Marks) -> Item {
        let depth = 1 + items.iter().map(Item::depth).max().unwrap_or(0);
        Item::List(Rc::new(List { items, marks, depth }))
    }

    /// An object; a JSON one when its members are.
    pub(super) fn object(members: Vec<(Str, Item)>) -> Item {
        if members.iter().all(|(_, item)| item.is_json()) {
            let object: Object = members.into_iter().map(|(name, item)| (name, item.into_json())).collect();
            return Item::Json(Value::Object(object));
        }
        let depth = 1 + members.iter().map(|(_, item)| item.depth()).max().unwrap_or(0);
        Item::Record(Rc::new(Record { members, depth }))
    }

    pub(super) fn depth(&self) -> usize {
        match self {
            Item::Json(value @ (Value::Array(_) | Value::Object(_))) => value.depth(),
            Item::List(list) => list.depth,
            Item::Record(record) => record.depth,
            _ => 0,
        }
    }

    pub(super) fn is_undefined(&self) -> bool {
        matches!(self, Item::Undefined)
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Item::Undefined | Item::TailCall(_) => Kind::Undefined,
            Item::Json(Value::Null) => Kind::Null,
            Item::Json(Value::Bool(_)) => Kind::Boolean,
            Item::Json(Value::Number(_)) | Item::Number(_) => Kind::Number,
            Item::Json(Value::String(_)) => Kind::String,
            Item::Json(Value::Array(_)) | Item::List(_) | Item::Tuples(_) => Kind::Array,
            Item::Json(Value::Object(_)) | Item::Record(_) => Kind::Object,
            Item::Function(_) => Kind::Function,
        }
    }

    pub(super) fn is_array(&self) -> bool {
        self.kind() == Kind::Array
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        if let Item::Json(Value::String(text)) = self { Some(text) } else { None }
    }

    pub(super) fn as_text(&self) -> Option<&Str> {
        if let Item::Json(Value::String(text)) = self { Some(text) } else { None }
    }

    pub(super) fn as_f64(&self) -> Option<f64> {
        match self {
            Item::Number(number) => Some(*number),
            Item::Json(Value::Number(number)) => Some(number.as_f64()),
            _ => None,
        }
    }

    pub(super) fn as_function(&self) -> Option<&Function> {
        if let Item::Function(function) = self { Some(function) } else { None }
    }

    /// The items, when this is an array.
    pub(super) fn elements(&self) -> Option<Elements<'_>> {
        match self {
            Item::Json(Value::Array(array)) => Some(Elements::Values(array)),
            Item::List(list) => Some(Elements::Items(&list.items)),
            _ => None,
        }
    }

    /// The items of an array, or this alone.
    pub(super) fn elements_or_self(&self) -> Elements<'_> {
        self.elements().unwrap_or(Elements::Items(std::slice::from_ref(self)))
    }

    /// The items of an array, moved out where nobody else holds them; a single item otherwise.
    pub(super) fn into_items(self) -> Vec<Item> {
        match self {
            Item::List(list) => match Rc::try_unwrap(list) {
                Ok(list) => list.items,
                Err(list) => list.items.clone(),
            },
            Item::Json(Value::Array(array)) => array.iter().cloned().map(Item::Json).collect(),
            other => vec![other],
        }
    }

    /// The members, when this is an object.
    pub(super) fn members(&self) -> Option<Vec<(Str, Item)>> {
        match self {
            Item::Json(Value::Object(object)) => {
                Some(object.iter().map(|(name, value)| (name.clone(), Item::Json(value.clone()))).collect())
            }
            Item::Record(record) => Some(record.members.clone()),
            _ => None,
        }
    }

    /// The member of an object.
    pub(super) fn member(&self, name: &str) -> Option<Item> {
        match self {
            Item::Json(Value::Object(object)) => object.get(name).cloned().map(Item::Json),
            Item::Record(record) => {
                record.members.iter().find(|(known, _)| known == name).map(|(_, item)| item.clone())
            }
            _ => None,
        }
    }

    pub(super) fn marks(&self) -> Marks {
        if let Item::List(list) = self { list.marks } else { Marks::default() }
    }

    /// Is there no function and no number beyond JSON in it?
    pub(super) fn is_json(&self) -> bool {
        match self {
            Item::Json(_) => true,
            Item::Number(number) => number.is_finite(),
            Item::List(list) => list.items.iter().all(Item::is_json),
            Item::Undefined | Item::Record(_) | Item::Function(_) | Item::Tuples(_) | Item::TailCall(_) => false,
        }
    }

    /// About how many steps a walk over it takes. Containers of the input remember their size, so this is cheap.
    pub(super) fn weight(&self) -> usize {
        match self {
            Item::Json(Value::String(text)) => text.len() / 16,
            Item::Json(value @ (Value::Array(_) | Value::Object(_))) => value.json_len() / 8,
            _ => self.own_weight(),
        }
    }

    /// About how many steps it takes to turn what the expression made itself into JSON.
    pub(super) fn own_weight(&self) -> usize {
        match self {
            Item::List(list) => list.items.iter().map(|item| 1 + item.own_weight()).sum(),
            Item::Record(record) => record.members.iter().map(|(_, item)| 1 + item.own_weight()).sum(),
            _ => 0,
        }
    }

    /// Is its depth at hand, without a walk over the value?
    pub(super) fn depth_is_known(&self) -> bool {
        matches!(self, Item::List(_) | Item::Record(_))
    }

    /// Is there a number in it that is infinite?
    pub(super) fn has_infinity(&self) -> bool {
        match self {
            Item::Number(number) => number.is_infinite(),
            Item::List(list) => list.items.iter().any(Item::has_infinity),
            Item::Record(record) => record.members.iter().any(|(_, item)| item.has_infinity()),
            _ => false,
        }
    }

    /// Does it contain a function?
    pub(super) fn has_function(&self) -> bool {
        match self {
            Item::Function(_) => true,
            Item::List(list) => list.items.iter().any(Item::has_function),
            Item::Record(record) => record.members.iter().any(|(_, item)| item.has_function()),
            _ => false,
        }
    }

    /// The JSON value; what is none becomes null.
    pub(super) fn into_json(self) -> Value {
        match self {
            Item::Json(value) => value,
            Item::Number(number) => text::to_number(number).map_or(Value::Null, Value::Number),
            Item::List(_) => Value::Array(self.into_items().into_iter().map(Item::into_json).collect::<Array>()),
            Item::Record(record) => Value::Object(
                record.members.iter().map(|(name, item)| (name.clone(), item.clone().into_json())).collect::<Object>(),
            ),
            Item::Tuples(tuples) => tuples.iter().map(|tuple| tuple.value.clone().into_json()).collect(),
            Item::Undefined | Item::Function(_) | Item::TailCall(_) => Value::Null,
        }
    }

    /// `=`: the same JSON, whatever the order of members and the spelling of numbers.
    pub(super) fn equals(&self, other: &Item) -> bool {
        match (self, other) {
            (Item::Json(a), Item::Json(b)) => json_equals(a, b),
            (Item::Function(a), Item::Function(b)) => a.same(b),
            _ => match (self.kind(), other.kind()) {
                (Kind::Number, Kind::Number) => self.as_f64() == other.as_f64(),
                (Kind::Array, Kind::Array) => {
                    let (Some(a), Some(b)) = (self.elements(), other.elements()) else { return false };
                    a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.equals(&b))
                }
                (Kind::Object, Kind::Object) => {
                    let (Some(a), Some(b)) = (self.members(), other.members()) else { return false };
                    a.len() == b.len() && a.iter().all(|(name, a)| other.member(name).is_some_and(|b| a.equals(&b)))
                }
                _ => false,
            },
        }
    }

    /// `in`: scalars by value, containers and functions by identity.
    pub(super) fn identical(&self, other: &Item) -> bool {
        match (self, other) {
            (Item::Json(Value::Array(a)), Item::Json(Value::Array(b))) => a.ptr_eq(b),
            (Item::Json(Value::Object(a)), Item::Json(Value::Object(b))) => a.ptr_eq(b),
            (Item::List(a), Item::List(b)) => Rc::ptr_eq(a, b),
            (Item::Record(a), Item::Record(b)) => Rc::ptr_eq(a, b),
            _ if self.is_array() || self.kind() == Kind::Object => false,
            _ => self.equals(other),
        }
    }
}

fn json_equals(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => number_equals(a, b),
        (Value::Array(a), Value::Array(b)) => {
            a.ptr_eq(b) || a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| json_equals(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.ptr_eq(b)
                || a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| json_equals(a, b)))
        }
        _ => a == b,
    }
}

fn number_equals(a: &Number, b: &Number) -> bool {
    a.as_f64() == b.as_f64()
}

impl From<bool> for Item {
    fn from(value: bool) -> Self {
        Item::boolean(value)
    }
}
impl From<f64> for Item {
    fn from(value: f64) -> Self {
        Item::Number(value)
    }
}
impl From<usize> for Item {
    fn from(value: usize) -> Self {
        Item::Number(value as f64)
    }
}
impl From<Value> for Item {
    fn from(value: Value) -> Self {
        Item::Json(value)
    }
}
impl From<String> for Item {
    fn from(value: String) -> Self {
        Item::string(value)
    }
}
