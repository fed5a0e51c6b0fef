//! The raw tree to the tree that is evaluated: paths become lists of steps, each `%` finds its step, calls in tail
//! position are marked.

use super::ast::{Call, Kind, Lambda, Node, Pairs, Raw, RawKind, SortTerm, Stage, Transform};
use super::error::{Fallible, Fault};
use super::functions::{self, Dialect};
use super::item::Item;
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

impl Processor {
    fn node(&mut self, raw: Raw) -> Fallible<Node> {
        let keep_array = raw.keep_array;
        let mut node = self.kind(raw.kind, raw.position, keep_array)?;
        node.keep_array |= keep_array;
        Ok(node)
    }

    fn nodes(&mut self, raws: Vec<Raw>, whole: &mut Node) -> Fallible<Vec<Node>> {
        raws.into_iter().map(|raw| self.part(raw, whole)).collect()
    }

    /// Processes a part whose `%` may look for their step beyond the whole.
    fn part(&mut self, raw: Raw, whole: &mut Node) -> Fallible<Node> {
        let part = self.node(raw)?;
        inherit_seeking(whole, &part);
        Ok(part)
    }

    fn pairs(&mut self, raws: Vec<(Raw, Raw)>, whole: &mut Node) -> Fallible<Vec<(Node, Node)>> {
        raws.into_iter().map(|(name, value)| Ok((self.part(name, whole)?, self.part(value, whole)?))).collect()
    }

    fn kind(&mut self, kind: RawKind, position: usize, keep_array: bool) -> Fallible<Node> {
        let leaf = |kind| Ok(Node::new(kind, position));
        // The whole, to be completed: parts leave their marks on it.
        let mut whole = Node::new(Kind::Placeholder, position);
        match kind {
            RawKind::Name(name) => {
                let mut step = Node::new(Kind::Name(name), position);
                step.keep_array = keep_array;
                return leaf(Kind::Path { steps: vec![step], keep_singleton: keep_array });
            }
            RawKind::Variable(name) => {
                let builtin = functions::find(&name, self.dialect);
                return leaf(Kind::Variable(name, builtin));
            }
            RawKind::String(text) => return leaf(Kind::String(text)),
            RawKind::Number(number) => return leaf(Kind::Number(number)),
            RawKind::Value(value) => return leaf(Kind::Value(value)),
            RawKind::Regex(regex) => return leaf(Kind::Regex(regex)),
            RawKind::Wildcard => return leaf(Kind::Wildcard),
            RawKind::Descendant => return leaf(Kind::Descendant),
            RawKind::Placeholder => return leaf(Kind::Placeholder),
            RawKind::Parent => {
                self.levels.push(1);
                let slot = self.levels.len() - 1;
                return leaf(Kind::Parent(slot, Str::from(format!("!{slot}"))));
            }
            RawKind::End => return Err(Fault::new("S0207").at(position).token("(end)")),
            RawKind::Path(left, right) => return self.path(*left, *right),
            RawKind::Filter(left, predicate) => return self.filter(*left, *predicate, position),
            RawKind::Group(left, pairs) => return self.group(*left, pairs, position),
            RawKind::Sort(left, terms) => return self.sort(*left, terms, position),
            RawKind::Focus(left, name) => return self.focus(*left, name, keep_array, position),
            RawKind::Index(left, name) => return self.index(*left, name),
            RawKind::Negate(operand) => {
                let operand = self.part(*operand, &mut whole)?;
                if let Kind::Number(number) = operand.kind {
                    return Ok(Node { kind: Kind::Number(-number), ..operand });
                }
                whole.kind = Kind::Negate(Box::new(operand));
            }
            RawKind::Array(items) => whole.kind = Kind::Array(self.nodes(items, &mut whole)?),
            RawKind::Object(pairs) => {
                let pairs = self.pairs(pairs, &mut whole)?;
                whole.kind = Kind::Object(Box::new(Pairs { pairs, position }));
            }
            RawKind::Block(expressions) => {
                let outer = std::mem::replace(&mut self.binds, false);
                let expressions = self.nodes(expressions, &mut whole)?;
                whole.step.constructs_array = expressions.iter().any(|part| {
                    part.step.constructs_array
                        || matches!(&part.kind, Kind::Path { steps, .. }
                            if steps.first().is_some_and(|step| step.step.constructs_array))
                });
                let binds = std::mem::replace(&mut self.binds, outer);
                whole.kind = Kind::Block { expressions, binds };
            }
            RawKind::Binary(operator, left, right) => {
                let left = self.part(*left, &mut whole)?;
                let right = self.part(*right, &mut whole)?;
                whole.kind = Kind::Binary(operator, Box::new(left), Box::new(right));
            }
            RawKind::Bind(name, value) => {
                let value = self.part(*value, &mut whole)?;
                self.binds = true;
                whole.kind = Kind::Bind(name, Box::new(value));
            }
            RawKind::Apply(left, right) => {
                let (left, right) = (self.node(*left)?, self.node(*right)?);
                whole.keep_array = left.keep_array || right.keep_array;
                whole.kind = Kind::Apply(Box::new(left), Box::new(right));
            }
            RawKind::Call { procedure, arguments, partial } => {
                let arguments = self.nodes(arguments, &mut whole)?;
                let procedure = self.node(*procedure)?;
                // What `$eval` evaluates may bind variables where it stands.
                self.binds |= matches!(&procedure.kind, Kind::Variable(name, _) if name == "eval");
                let call = Box::new(Call { procedure, arguments });
                whole.kind = if partial { Kind::Partial(call) } else { Kind::Call(call) };
            }
            RawKind::Lambda { parameters, signature, body } => {
                let outer = std::mem::replace(&mut self.binds, false);
                let body = tail_calls(self.node(*body)?);
                self.binds = outer;
                whole.kind = Kind::Lambda(Arc::new(Lambda { parameters, signature, body }));
            }
            RawKind::Condition { condition, then, otherwise } => {
                let condition = self.part(*condition, &mut whole)?;
                let then = self.part(*then, &mut whole)?;
                let otherwise = match otherwise {
                    Some(raw) => Some(Box::new(self.part(*raw, &mut whole)?)),
                    None => None,
                };
                whole.kind = Kind::Condition(Box::new([condition, then]), otherwise);
            }
            RawKind::Default(left, right) => {
                whole.kind = Kind::Default(Box::new([self.part(*left, &mut whole)?, self.part(*right, &mut whole)?]));
            }
            RawKind::Coalesce(left, right) => {
                whole.kind = Kind::Coalesce(Box::new([self.part(*left, &mut whole)?, self.part(*right, &mut whole)?]));
            }
            RawKind::Transform { pattern, update, delete } => {
                let pattern = self.node(*pattern)?;
                let update = self.node(*update)?;
                let delete = delete.map(|raw| self.node(*raw)).transpose()?;
                whole.kind = Kind::Transform(Arc::new(Transform { pattern, update, delete, position }));
            }
        }
        Ok(whole)
    }

    fn path(&mut self, left: Raw, right: Raw) -> Fallible<Node> {
        let mut path = into_path(self.node(left)?);
        let mut right = self.node(right)?;
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

    fn filter(&mut self, left: Raw, predicate: Raw, position: usize) -> Fallible<Node> {
        let mut result = self.node(left)?;
        let mut predicate = self.node(predicate)?;
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

    fn group(&mut self, left: Raw, pairs: Vec<(Raw, Raw)>, position: usize) -> Fallible<Node> {
        let mut result = self.node(left)?;
        if result.group.is_some() {
            return Err(Fault::new("S0210").at(position));
        }
        let mut ignored = Node::new(Kind::Placeholder, position);
        let pairs = self.pairs(pairs, &mut ignored)?;
        result.group = Some(Box::new(Pairs { pairs, position }));
        Ok(result)
    }

    fn sort(&mut self, left: Raw, terms: Vec<(bool, Raw)>, position: usize) -> Fallible<Node> {
        let mut path = self.node(left)?;
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

    fn focus(&mut self, left: Raw, name: Str, keep_array: bool, position: usize) -> Fallible<Node> {
        let mut result = self.node(left)?;
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

    fn index(&mut self, left: Raw, name: Str) -> Fallible<Node> {
        let mut result = self.node(left)?;
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
fn tail_calls(mut node: Node) -> Node {
    if !node.predicates.is_empty() || node.group.is_some() || node.keep_array {
        return node;
    }
    node.kind = match node.kind {
        Kind::Call(call) => Kind::TailCall(call),
        Kind::Condition(parts, otherwise) => {
            let [condition, then] = *parts;
            Kind::Condition(
                Box::new([condition, tail_calls(then)]),
                otherwise.map(|otherwise| Box::new(tail_calls(*otherwise))),
            )
        }
        Kind::Default(parts) => {
            let [left, right] = *parts;
            Kind::Default(Box::new([left, tail_calls(right)]))
        }
        Kind::Coalesce(parts) => {
            let [left, right] = *parts;
            Kind::Coalesce(Box::new([left, tail_calls(right)]))
        }
        Kind::Block { mut expressions, binds } => {
            if let Some(last) = expressions.pop() {
                expressions.push(tail_calls(last));
            }
            Kind::Block { expressions, binds }
        }
        other => other,
    };
    node
}

