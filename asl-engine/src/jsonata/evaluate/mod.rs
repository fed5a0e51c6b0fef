//! Walks the tree: one function a kind of node. Every level of recursion counts against the depth budget, every node
//! visited against the steps.

mod apply;
mod construct;
mod frame;
mod operators;
mod path;
mod sort;
mod transform;
mod tuple;

pub(super) use frame::{Env, Frame};
pub(super) use operators::order;
pub(super) use path::lookup;

use super::ast::{Kind, Node};
use super::error::{Fallible, too_deep, too_long, value_too_deep};
use super::functions::Dialect;
use super::item::{DEPTH_MAX, Function, Item, Lambda, List};
use super::{Bindings, Budget};
use crate::value::{Str, Value};
use std::rc::{Rc, Weak};

/// One evaluation: its surroundings, and how much it may still do.
pub(super) struct Evaluator<'e> {
    pub(super) bindings: &'e dyn Bindings,
    pub(super) dialect: Dialect,
    root: Item,
    steps: u64,
    depth: usize,
    depth_max: usize,
    /// Frames that closures hold: emptied at the end, because a recursive closure is a cycle.
    captured: Vec<Weak<Frame>>,
    sweep_at: usize,
}

impl Drop for Evaluator<'_> {
    fn drop(&mut self) {
        for frame in self.captured.drain(..).filter_map(|frame| frame.upgrade()) {
            frame.clear();
        }
    }
}

impl<'e> Evaluator<'e> {
    pub(super) fn new(input: Option<&Value>, bindings: &'e dyn Bindings, dialect: Dialect, budget: Budget) -> Self {
        Evaluator {
            bindings,
            dialect,
            root: input.cloned().map_or(Item::Undefined, Item::Json),
            steps: budget.steps,
            depth: 0,
            depth_max: budget.depth.min(super::DEPTH_LIMIT),
            captured: Vec::new(),
            sweep_at: 64,
        }
    }

    /// Evaluates a whole expression.
    pub(super) fn run(&mut self, node: &Node) -> Fallible<Item> {
        let input = self.root.clone();
        self.eval(node, &wrapped(input), &Frame::new(None, Vec::new()))
    }

    /// Pays for work: one step for about as much as visiting a node or copying an item takes.
    pub(super) fn charge(&mut self, steps: usize) -> Fallible<()> {
        match self.steps.checked_sub(steps as u64) {
            Some(rest) => {
                self.steps = rest;
                Ok(())
            }
            None => {
                // Nobody goes on after this, not even `$eval`.
                self.steps = 0;
                Err(too_long())
            }
        }
    }

    /// Pays for making a text.
    pub(super) fn charge_text(&mut self, bytes: usize) -> Fallible<()> {
        self.charge(bytes / 16)
    }

    /// Goes one level down for the time of a call.
    pub(super) fn nested<T>(&mut self, call: impl FnOnce(&mut Self) -> Fallible<T>) -> Fallible<T> {
        if self.depth >= self.depth_max {
            return Err(too_deep());
        }
        self.depth += 1;
        let result = call(self);
        self.depth -= 1;
        result
    }

    pub(super) fn eval(&mut self, node: &Node, input: &Item, env: &Env) -> Fallible<Item> {
        self.charge(1)?;
        if self.depth >= self.depth_max {
            return Err(too_deep());
        }
        self.depth += 1;
        let result = self.eval_whole(node, input, env);
        self.depth -= 1;
        result
    }

    /// The value of a node with its predicates and grouping.
    fn eval_whole(&mut self, node: &Node, input: &Item, env: &Env) -> Fallible<Item> {
        let result = self.eval_kind(node, input, env)?;
        if node.predicates.is_empty() && node.group.is_none() {
            return self.collapse(result, node.keep_array);
        }
        self.filter_and_group(node, result, env)
    }

    fn filter_and_group(&mut self, node: &Node, mut result: Item, env: &Env) -> Fallible<Item> {
        for predicate in &node.predicates {
            result = self.filter(predicate, result, env)?;
        }
        // A path groups by itself.
        if let (Some(group), false) = (&node.group, matches!(node.kind, Kind::Path { .. })) {
            result = self.group(group, &result, env)?;
        }
        self.collapse(result, node.keep_array)
    }

    fn eval_kind(&mut self, node: &Node, input: &Item, env: &Env) -> Fallible<Item> {
        match &node.kind {
            Kind::Path { steps, keep_singleton } => self.path(node, steps, *keep_singleton, input, env),
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right, node.position, input, env),
            Kind::Call(call) => self.call(call, node.position, None, input, env),
            Kind::TailCall(call) => self.tail_call(call, node.position, input, env),
            Kind::Condition(condition, then, otherwise) => {
                self.condition(condition, then, otherwise.as_deref(), input, env)
            }
            Kind::Default(parts) => self.default(parts, input, env),
            Kind::Coalesce(parts) => self.coalesce(parts, input, env),
            Kind::Block { expressions, binds } => self.block(expressions, *binds, input, env),
            Kind::Bind(name, value) => self.bind(name, value, input, env),
            Kind::Array(items) => self.array(node, items, input, env),
            Kind::Object(pairs) => self.object(pairs, input, env),
            Kind::Negate(operand) => self.negate(operand, node.position, input, env),
            Kind::Apply(left, right) => self.apply_operator(left, right, node.position, input, env),
            Kind::Partial(call) => self.partial(call, node.position, input, env),
            Kind::Name(name) => {
                self.charge(input.elements().map_or(0, |elements| elements.len()))?;
                Ok(path::lookup(input, name))
            }
            Kind::Wildcard => self.wildcard(input),
            Kind::Descendant => self.descendants(input),
            _ => Ok(self.eval_leaf(node, input, env)),
        }
    }

    /// What has a value without evaluating anything else.
    fn eval_leaf(&mut self, node: &Node, input: &Item, env: &Env) -> Item {
        match &node.kind {
            Kind::Variable(..) => self.variable(node, input, env),
            Kind::String(text) => Item::Json(Value::String(text.clone())),
            Kind::Number(number) => Item::Number(*number),
            Kind::Value(value) => Item::Json(value.clone()),
            Kind::Parent(_, label) => env.lookup(label).unwrap_or_default(),
            Kind::Regex(regex) => Item::Function(Function::Regex(regex.clone())),
            Kind::Lambda(definition) => {
                self.capture(env);
                let lambda =
                    Lambda { definition: definition.clone(), input: input.clone(), env: env.clone(), unbound: None };
                Item::Function(Function::Lambda(Rc::new(lambda)))
            }
            Kind::Transform(definition) => {
                self.capture(env);
                Item::Function(Function::Transform(Rc::new((definition.clone(), env.clone()))))
            }
            // Sorting only stands within a path, and a placeholder only among arguments.
            _ => Item::Undefined,
        }
    }

    fn bind(&mut self, name: &Str, value: &Node, input: &Item, env: &Env) -> Fallible<Item> {
        let value = self.eval(value, input, env)?;
        env.bind(name, value.clone());
        Ok(value)
    }

    fn variable(&self, node: &Node, input: &Item, env: &Env) -> Item {
        let Kind::Variable(name, builtin) = &node.kind else { return Item::Undefined };
        match name.as_str() {
            "" => match input {
                Item::List(list) if list.marks.outer_wrapper => list.items.first().cloned().unwrap_or_default(),
                _ => input.clone(),
            },
            "$" => self.root.clone(),
            _ => env
                .lookup(name)
                .or_else(|| self.bindings.variable(name).map(Item::Json))
                .or_else(|| builtin.map(|builtin| Item::Function(Function::Builtin(builtin))))
                .unwrap_or_default(),
        }
    }

    fn block(&mut self, expressions: &[Node], binds: bool, input: &Item, env: &Env) -> Fallible<Item> {
        let own = binds.then(|| Frame::new(Some(env), Vec::new()));
        let env = own.as_ref().unwrap_or(env);
        let mut result = Item::Undefined;
        for expression in expressions {
            result = self.eval(expression, input, env)?;
        }
        Ok(result)
    }

    fn condition(
        &mut self,
        condition: &Node,
        then: &Node,
        otherwise: Option<&Node>,
        input: &Item,
        env: &Env,
    ) -> Fallible<Item> {
        let value = self.eval(condition, input, env)?;
        if self.truth(&value)? {
            return self.eval(then, input, env);
        }
        otherwise.map_or(Ok(Item::Undefined), |otherwise| self.eval(otherwise, input, env))
    }

    fn default(&mut self, [left, right]: &[Node; 2], input: &Item, env: &Env) -> Fallible<Item> {
        let value = self.eval(left, input, env)?;
        if self.truth(&value)? { Ok(value) } else { self.eval(right, input, env) }
    }

    fn coalesce(&mut self, [left, right]: &[Node; 2], input: &Item, env: &Env) -> Fallible<Item> {
        let value = self.eval(left, input, env)?;
        if value.is_undefined() { self.eval(right, input, env) } else { Ok(value) }
    }

    /// Remembers that a closure holds this frame.
    fn capture(&mut self, env: &Env) {
        if env.captured.replace(true) {
            return;
        }
        if self.captured.len() >= self.sweep_at {
            self.captured.retain(|frame| frame.strong_count() > 0);
            self.sweep_at = 64 + 2 * self.captured.len();
        }
        self.captured.push(Rc::downgrade(env));
    }
}

/// An input that is an array counts as one item.
pub(super) fn wrapped(input: Item) -> Item {
    if !input.is_array() || input.marks().sequence {
        return input;
    }
    let marks = super::item::Marks { sequence: true, outer_wrapper: true, ..Default::default() };
    Item::marked(vec![input], marks)
}

impl Evaluator<'_> {
    /// A finished sequence: nothing when empty, its item when there is one that need not stay an array.
    fn collapse(&mut self, result: Item, keep_array: bool) -> Fallible<Item> {
        match result {
            Item::List(list) => self.collapse_list(list, keep_array),
            other => Ok(other),
        }
    }

    fn collapse_list(&mut self, mut list: Rc<List>, keep_array: bool) -> Fallible<Item> {
        if list.depth > DEPTH_MAX {
            return Err(value_too_deep());
        }
        if !list.marks.sequence {
            return Ok(Item::List(list));
        }
        if keep_array && !list.marks.keep_singleton {
            // Copied when somebody else holds it.
            self.charge(list.items.len() / 4)?;
            Rc::make_mut(&mut list).marks.keep_singleton = true;
        }
        match list.items.len() {
            0 => Ok(Item::Undefined),
            1 if !list.marks.keep_singleton => Ok(match Rc::try_unwrap(list) {
                Ok(List { mut items, .. }) => items.pop().unwrap_or_default(),
                Err(list) => list.items.first().cloned().unwrap_or_default(),
            }),
            _ => Ok(Item::List(list)),
        }
    }
}
