//! The raw tree to the tree that is evaluated: paths become lists of steps, each `%` finds its step, calls in tail
//! position are marked.

use super::ast::{Call, Kind, Lambda, Node, Pairs, Raw, RawKind, SortTerm, Stage, Transform};
use super::error::{Fallible, Fault};
use super::functions::{self, Dialect};
use super::item::Item;
use super::signature::Signature;
use super::text;
use crate::value::Str;
use std::sync::Arc;

pub(super) fn process(raw: Raw, dialect: Dialect) -> Fallible<Node> {
    let mut processor = Processor { dialect, levels: Vec::new(), binds: false };
    let node = processor.node(raw)?;
    if matches!(node.kind, Kind::Parent(..)) || !node.step.seeking.is_empty() {
        return Err(Fault::new("S0217").at(node.position));
    }
    Ok(node)
}

struct Processor {
    dialect: Dialect,
    /// For each `%`, by its number: how many more steps up its step is.
    levels: Vec<usize>,
    /// Does the block being processed bind a variable?
    binds: bool,
}

/// The marks that `%` in a part leaves on the whole.
fn inherit_seeking(whole: &mut Node, part: &Node) {
    whole.step.seeking.extend_from_slice(&part.step.seeking);
    if let Kind::Parent(slot, _) = part.kind {
        whole.step.seeking.push(slot);
    }
}

fn is_array_constructor(node: &Node) -> bool {
    matches!(node.kind, Kind::Array(_))
}

/// A node to be completed: its parts leave their marks on it first.
fn whole(position: usize) -> Node {
    Node::new(Kind::Placeholder, position)
}

// Boxes are handed down as they are: unpacked, every tree on the way would lie on the stack.
#[allow(clippy::boxed_local)]
impl Processor {
    fn node(&mut self, raw: Raw) -> Fallible<Node> {
        let keep_array = raw.keep_array;
        let mut node = self.kind(raw.kind, raw.position, keep_array)?;
        node.keep_array |= keep_array;
        Ok(node)
    }

    fn boxed(&mut self, raw: Box<Raw>, whole: &mut Node) -> Fallible<Box<Node>> {
        self.part(*raw, whole).map(Box::new)
    }

    fn nodes(&mut self, raws: Vec<Raw>, whole: &mut Node) -> Fallible<Vec<Node>> {
        let mut nodes = Vec::with_capacity(raws.len());
        for raw in raws {
            nodes.push(self.part(raw, whole)?);
        }
        Ok(nodes)
    }

    /// Processes a part whose `%` may look for their step beyond the whole.
    fn part(&mut self, raw: Raw, whole: &mut Node) -> Fallible<Node> {
        let part = self.node(raw)?;
        inherit_seeking(whole, &part);
        Ok(part)
    }

    fn pairs(&mut self, raws: Vec<(Raw, Raw)>, whole: &mut Node) -> Fallible<Vec<(Node, Node)>> {
        let mut pairs = Vec::with_capacity(raws.len());
        for (name, value) in raws {
            let name = self.part(name, whole)?;
            pairs.push((name, self.part(value, whole)?));
        }
        Ok(pairs)
    }

    /// One arm a kind, each its own function: this recursion is the deepest, and frames of debug builds hold every arm.
    fn kind(&mut self, kind: RawKind, position: usize, keep_array: bool) -> Fallible<Node> {
        match kind {
            RawKind::Path(left, right) => self.path(left, right),
            RawKind::Filter(left, predicate) => self.filter(left, predicate, position),
            RawKind::Group(left, pairs) => self.group(left, pairs, position),
            RawKind::Sort(left, terms) => self.sort(left, terms, position),
            RawKind::Focus(left, name) => self.focus(left, name, keep_array, position),
            RawKind::Index(left, name) => self.index(left, name),
            RawKind::Negate(operand) => self.negate(operand, position),
            RawKind::Array(items) => self.array(items, position),
            RawKind::Object(pairs) => self.object(pairs, position),
            RawKind::Block(expressions) => self.block(expressions, position),
            RawKind::Binary(operator, left, right) => {
                self.two(left, right, position, |left, right| Kind::Binary(operator, left, right))
            }
            RawKind::Default(left, right) => {
                self.two(left, right, position, |left, right| Kind::Default(Box::new([*left, *right])))
            }
            RawKind::Coalesce(left, right) => {
                self.two(left, right, position, |left, right| Kind::Coalesce(Box::new([*left, *right])))
            }
            RawKind::Bind(name, value) => self.bind(name, value, position),
            RawKind::Apply(left, right) => self.apply(left, right, position),
            RawKind::Call { procedure, arguments, partial } => self.call(procedure, arguments, partial, position),
            RawKind::Lambda { parameters, signature, body } => self.lambda(parameters, signature, body, position),
            RawKind::Condition { condition, then, otherwise } => self.condition(condition, then, otherwise, position),
            RawKind::Transform { pattern, update, delete } => self.transform(pattern, update, delete, position),
            leaf => self.leaf(leaf, position, keep_array),
        }
    }

    fn leaf(&mut self, kind: RawKind, position: usize, keep_array: bool) -> Fallible<Node> {
        let kind = match kind {
            RawKind::Name(name) => {
                let mut step = Node::new(Kind::Name(name), position);
                step.keep_array = keep_array;
                Kind::Path { steps: vec![step], keep_singleton: keep_array }
            }
            RawKind::Variable(name) => {
                let builtin = functions::find(&name, self.dialect);
                Kind::Variable(name, builtin)
            }
            RawKind::String(text) => Kind::String(text),
            RawKind::Number(number) => Kind::Number(number),
            RawKind::Value(value) => Kind::Value(value),
            RawKind::Regex(regex) => Kind::Regex(regex),
            RawKind::Wildcard => Kind::Wildcard,
            RawKind::Descendant => Kind::Descendant,
            RawKind::Parent => {
                self.levels.push(1);
                let slot = self.levels.len() - 1;
                Kind::Parent(slot, Str::from(format!("!{slot}")))
            }
            RawKind::End => return Err(Fault::new("S0207").at(position).token("(end)")),
            _ => Kind::Placeholder,
        };
        Ok(Node::new(kind, position))
    }

    fn negate(&mut self, operand: Box<Raw>, position: usize) -> Fallible<Node> {
        let operand = self.node(*operand)?;
        if let Kind::Number(number) = operand.kind {
            return Ok(Node { kind: Kind::Number(-number), ..operand });
        }
        let mut whole = whole(position);
        inherit_seeking(&mut whole, &operand);
        whole.kind = Kind::Negate(Box::new(operand));
        Ok(whole)
    }

    fn array(&mut self, items: Vec<Raw>, position: usize) -> Fallible<Node> {
        let mut whole = whole(position);
        whole.kind = Kind::Array(self.nodes(items, &mut whole)?);
        Ok(whole)
    }

    fn object(&mut self, pairs: Vec<(Raw, Raw)>, position: usize) -> Fallible<Node> {
        let mut whole = whole(position);
        let pairs = self.pairs(pairs, &mut whole)?;
        whole.kind = Kind::Object(Box::new(Pairs { pairs, position }));
        Ok(whole)
    }

    fn block(&mut self, expressions: Vec<Raw>, position: usize) -> Fallible<Node> {
        let mut whole = whole(position);
        let outer = std::mem::replace(&mut self.binds, false);
        let expressions = self.nodes(expressions, &mut whole)?;
        let binds = std::mem::replace(&mut self.binds, outer);
        whole.step.constructs_array = expressions.iter().any(|part| {
            part.step.constructs_array
                || matches!(&part.kind, Kind::Path { steps, .. }
                    if steps.first().is_some_and(|step| step.step.constructs_array))
        });
        whole.kind = Kind::Block { expressions, binds };
        Ok(whole)
    }

    fn two(
        &mut self,
        left: Box<Raw>,
        right: Box<Raw>,
        position: usize,
        kind: impl FnOnce(Box<Node>, Box<Node>) -> Kind,
    ) -> Fallible<Node> {
        let mut whole = whole(position);
        let left = self.boxed(left, &mut whole)?;
        let right = self.boxed(right, &mut whole)?;
        whole.kind = kind(left, right);
        Ok(whole)
    }

    fn bind(&mut self, name: Str, value: Box<Raw>, position: usize) -> Fallible<Node> {
        let mut whole = whole(position);
        whole.kind = Kind::Bind(name, self.boxed(value, &mut whole)?);
        self.binds = true;
        Ok(whole)
    }

    fn apply(&mut self, left: Box<Raw>, right: Box<Raw>, position: usize) -> Fallible<Node> {
        let mut whole = whole(position);
        let mut apart = Node::new(Kind::Placeholder, position);
        let (left, right) = (self.boxed(left, &mut apart)?, self.boxed(right, &mut apart)?);
        whole.keep_array = left.keep_array || right.keep_array;
        whole.kind = Kind::Apply(left, right);
        Ok(whole)
    }

    fn call(&mut self, procedure: Box<Raw>, arguments: Vec<Raw>, partial: bool, position: usize) -> Fallible<Node> {
        let mut whole = whole(position);
        let arguments = self.nodes(arguments, &mut whole)?;
        let procedure = self.node(*procedure)?;
        // What `$eval` evaluates may bind variables where it stands.
        self.binds |= matches!(&procedure.kind, Kind::Variable(name, _) if name == "eval");
        let call = Box::new(Call { procedure, arguments });
        whole.kind = if partial { Kind::Partial(call) } else { Kind::Call(call) };
        Ok(whole)
    }

    fn lambda(
        &mut self,
        parameters: Vec<Str>,
        signature: Option<Signature>,
        body: Box<Raw>,
        position: usize,
    ) -> Fallible<Node> {
        let outer = std::mem::replace(&mut self.binds, false);
        let mut body = self.node(*body)?;
        self.binds = outer;
        mark_tail_calls(&mut body);
        Ok(Node::new(Kind::Lambda(Arc::new(Lambda { parameters, signature, body })), position))
    }

    fn condition(
        &mut self,
        condition: Box<Raw>,
        then: Box<Raw>,
        otherwise: Option<Box<Raw>>,
        position: usize,
    ) -> Fallible<Node> {
        let mut whole = whole(position);
        let condition = self.boxed(condition, &mut whole)?;
        let then = self.boxed(then, &mut whole)?;
        let otherwise = otherwise.map(|raw| self.boxed(raw, &mut whole)).transpose()?;
        whole.kind = Kind::Condition(condition, then, otherwise);
        Ok(whole)
    }

    fn transform(
        &mut self,
        pattern: Box<Raw>,
        update: Box<Raw>,
        delete: Option<Box<Raw>>,
        position: usize,
    ) -> Fallible<Node> {
        let pattern = self.node(*pattern)?;
        let update = self.node(*update)?;
        let delete = delete.map(|raw| self.node(*raw)).transpose()?;
        Ok(Node::new(Kind::Transform(Arc::new(Transform { pattern, update, delete, position })), position))
    }

    fn path(&mut self, left: Box<Raw>, right: Box<Raw>) -> Fallible<Node> {
        let mut path = into_path(self.node(*left)?);
        let mut right = self.node(*right)?;
        let Kind::Path { steps, keep_singleton } = &mut path.kind else { return Ok(path) };
        match &mut right.kind {
            Kind::Path { steps: more, .. } => steps.append(more),
            _ => {
                let predicates = std::mem::take(&mut right.predicates);
                right.step.stages.extend(predicates.into_iter().map(Stage::Filter));
                steps.push(right);
            }
        }
        for step in steps.iter_mut() {
            let literal = match &step.kind {
                Kind::Number(number) => text::number(*number),
                Kind::Value(value) => value.to_json(),
                Kind::String(name) => {
                    step.kind = Kind::Name(name.clone());
                    continue;
                }
                _ => continue,
            };
            return Err(literal_step(step.position, &literal));
        }
        *keep_singleton |= steps.iter().any(|step| step.keep_array);
        if let Some(first) = steps.first_mut().filter(|step| is_array_constructor(step)) {
            first.step.constructs_array = true;
        }
        if let Some(last) = steps.last_mut().filter(|step| is_array_constructor(step)) {
            last.step.constructs_array = true;
        }
        self.resolve_parents(&mut path)?;
        Ok(path)
    }

    fn filter(&mut self, left: Box<Raw>, predicate: Box<Raw>, position: usize) -> Fallible<Node> {
        let mut result = self.node(*left)?;
        let mut predicate = self.node(*predicate)?;
        let in_path = matches!(result.kind, Kind::Path { .. });
        let step = last_step(&mut result);
        if step.group.is_some() {
            return Err(Fault::new("S0209").at(position));
        }
        for slot in predicate.step.seeking.clone() {
            if self.levels[slot] == 1 {
                self.seek(step, slot)?;
            } else {
                self.levels[slot] = self.levels[slot].saturating_sub(1);
            }
        }
        let seeking = std::mem::take(&mut predicate.step.seeking);
        step.step.seeking.extend(seeking);
        if in_path {
            step.step.stages.push(Stage::Filter(predicate));
        } else {
            step.predicates.push(predicate);
        }
        Ok(result)
    }

    fn group(&mut self, left: Box<Raw>, pairs: Vec<(Raw, Raw)>, position: usize) -> Fallible<Node> {
        let mut result = self.node(*left)?;
        if result.group.is_some() {
            return Err(Fault::new("S0210").at(position));
        }
        let mut ignored = Node::new(Kind::Placeholder, position);
        let pairs = self.pairs(pairs, &mut ignored)?;
        result.group = Some(Box::new(Pairs { pairs, position }));
        Ok(result)
    }

    fn sort(&mut self, left: Box<Raw>, terms: Vec<(bool, Raw)>, position: usize) -> Fallible<Node> {
        let mut path = self.node(*left)?;
        if !matches!(path.kind, Kind::Path { .. }) {
            path = Node::new(Kind::Path { steps: vec![path], keep_singleton: false }, position);
        }
        let mut step = Node::new(Kind::Placeholder, position);
        let terms = terms
            .into_iter()
            .map(|(descending, raw)| Ok(SortTerm { descending, expression: self.part(raw, &mut step)? }))
            .collect::<Fallible<_>>()?;
        step.kind = Kind::Sort(terms);
        if let Kind::Path { steps, .. } = &mut path.kind {
            steps.push(step);
        }
        self.resolve_parents(&mut path)?;
        Ok(path)
    }

    fn focus(&mut self, left: Box<Raw>, name: Str, keep_array: bool, position: usize) -> Fallible<Node> {
        let mut result = self.node(*left)?;
        let step = last_step(&mut result);
        if !step.step.stages.is_empty() || !step.predicates.is_empty() {
            return Err(Fault::new("S0215").at(position));
        }
        if matches!(step.kind, Kind::Sort(_)) {
            return Err(Fault::new("S0216").at(position));
        }
        step.keep_array |= keep_array;
        step.step.focus = Some(name);
        step.step.tuple = true;
        Ok(result)
    }

    fn index(&mut self, left: Box<Raw>, name: Str) -> Fallible<Node> {
        let mut result = self.node(*left)?;
        if !matches!(result.kind, Kind::Path { .. }) {
            let predicates = std::mem::take(&mut result.predicates);
            result.step.stages.extend(predicates.into_iter().map(Stage::Filter));
            result = into_path(result);
        }
        let step = last_step(&mut result);
        if step.step.stages.is_empty() {
            step.step.index = Some(name);
        } else {
            step.step.stages.push(Stage::Index(name));
        }
        step.step.tuple = true;
        Ok(result)
    }

    /// Finds the steps that the `%` in the last step mean; those that lie before the path stay open.
    fn resolve_parents(&mut self, path: &mut Node) -> Fallible<()> {
        let Kind::Path { steps, .. } = &mut path.kind else { return Ok(()) };
        let Some((last, before)) = steps.split_last_mut() else { return Ok(()) };
        let mut slots = last.step.seeking.clone();
        if let Kind::Parent(slot, _) = last.kind {
            slots.push(slot);
        }
        for slot in slots {
            let mut index = before.len();
            while self.levels[slot] > 0 {
                if index == 0 {
                    path.step.seeking.push(slot);
                    break;
                }
                index -= 1;
                // Steps that bind their focus leave the context where it is: several of them count as one.
                while index > 0 && before[index].step.focus.is_some() && before[index - 1].step.focus.is_some() {
                    index -= 1;
                }
                self.seek(&mut before[index], slot)?;
            }
        }
        Ok(())
    }

    /// Goes up one step: the `%` means this step's context when its level reaches zero.
    fn seek(&mut self, node: &mut Node, slot: usize) -> Fallible<()> {
        let position = node.position;
        match &mut node.kind {
            Kind::Name(_) | Kind::Wildcard => {
                self.levels[slot] = self.levels[slot].saturating_sub(1);
                if self.levels[slot] == 0 {
                    node.step.ancestors.push(Str::from(format!("!{slot}")));
                    node.step.tuple = true;
                }
            }
            Kind::Parent(..) => self.levels[slot] += 1,
            Kind::Block { expressions, .. } => {
                if let Some(last) = expressions.last_mut() {
                    node.step.tuple = true;
                    self.seek(last, slot)?;
                }
            }
            Kind::Path { steps, .. } => {
                node.step.tuple = true;
                for (count, step) in steps.iter_mut().rev().enumerate() {
                    if count > 0 && self.levels[slot] == 0 {
                        break;
                    }
                    self.seek(step, slot)?;
                }
            }
            _ => return Err(Fault::new("S0217").at(position)),
        }
        Ok(())
    }
}

fn into_path(node: Node) -> Node {
    if matches!(node.kind, Kind::Path { .. }) {
        return node;
    }
    let position = node.position;
    let mut seeking = Vec::new();
    if let Kind::Parent(slot, _) = node.kind {
        seeking.push(slot);
    }
    let mut path = Node::new(Kind::Path { steps: vec![node], keep_singleton: false }, position);
    path.step.seeking = seeking;
    path
}

/// The step that a predicate after this node belongs to.
fn last_step(node: &mut Node) -> &mut Node {
    if !matches!(&node.kind, Kind::Path { steps, .. } if !steps.is_empty()) {
        return node;
    }
    let Node { kind: Kind::Path { steps, .. }, .. } = node else { unreachable!("checked above") };
    let last = steps.len() - 1;
    &mut steps[last]
}

fn literal_step(position: usize, literal: &str) -> Box<Fault> {
    let value = crate::value::Value::parse(literal).map_or(Item::Undefined, Item::Json);
    Fault::new("S0213").at(position).value(&value)
}

/// Marks calls whose value is the lambda's value: the caller makes them, so that recursion needs no stack.
fn mark_tail_calls(node: &mut Node) {
    if !node.predicates.is_empty() || node.group.is_some() || node.keep_array {
        return;
    }
    match &mut node.kind {
        Kind::Call(_) => {
            if let Kind::Call(call) = std::mem::replace(&mut node.kind, Kind::Placeholder) {
                node.kind = Kind::TailCall(call);
            }
        }
        Kind::Condition(_, then, otherwise) => {
            mark_tail_calls(then);
            if let Some(otherwise) = otherwise {
                mark_tail_calls(otherwise);
            }
        }
        Kind::Default(parts) | Kind::Coalesce(parts) => mark_tail_calls(&mut parts[1]),
        Kind::Block { expressions, .. } => {
            if let Some(last) = expressions.last_mut() {
                mark_tail_calls(last);
            }
        }
        _ => {}
    }
}
