//! Order-by: a stable merge sort whose comparison may fail.

use super::operators::order;
use super::{Env, Evaluator, Frame};
use crate::jsonata::ast::SortTerm;
use crate::jsonata::error::{Fallible, Fault};
use crate::jsonata::item::{Item, Kind, Tuple};
use std::cmp::Ordering;

/// What is sorted: where its terms are evaluated.
trait Sortable: Clone {
    fn context(&self, env: &Env) -> (Item, Env);
}

impl Sortable for Item {
    fn context(&self, env: &Env) -> (Item, Env) {
        (self.clone(), env.clone())
    }
}

impl Sortable for Tuple {
    fn context(&self, env: &Env) -> (Item, Env) {
        (self.value.clone(), Frame::new(Some(env), self.variables.clone()))
    }
}

impl Evaluator<'_> {
    pub(super) fn sort_items(&mut self, terms: &[SortTerm], position: usize, input: Item, env: &Env) -> Fallible<Item> {
        let items = input.into_items();
        if items.len() <= 1 {
            return Ok(Item::sequence(items));
        }
        Ok(Item::array(self.sort_by_terms(terms, position, items, env)?))
    }

    pub(super) fn sort_tuples(
        &mut self,
        terms: &[SortTerm],
        position: usize,
        tuples: Vec<Tuple>,
        env: &Env,
    ) -> Fallible<Vec<Tuple>> {
        self.sort_by_terms(terms, position, tuples, env)
    }

    fn sort_by_terms<T: Sortable>(
        &mut self,
        terms: &[SortTerm],
        position: usize,
        items: Vec<T>,
        env: &Env,
    ) -> Fallible<Vec<T>> {
        // Each term is evaluated once an item, and only when it is needed to decide.
        let mut keys: Vec<Option<Item>> = vec![None; items.len() * terms.len()];
        // A level of its own, because of the stack that sorting needs.
        let order = self.nested(|evaluator| {
            evaluator.merge_sort(items.len(), &mut |evaluator, a, b| {
                for (index, term) in terms.iter().enumerate() {
                    for item in [a, b] {
                        let key = item * terms.len() + index;
                        if keys[key].is_none() {
                            let (context, env) = items[item].context(env);
                            keys[key] = Some(evaluator.eval(&term.expression, &context, &env)?);
                        }
                    }
                    let (a, b) = (&keys[a * terms.len() + index], &keys[b * terms.len() + index]);
                    let (Some(a), Some(b)) = (a, b) else { continue };
                    match compare(a, b, term.descending, position)? {
                        Ordering::Equal => {}
                        order => return Ok(order == Ordering::Greater),
                    }
                }
                Ok(false)
            })
        })?;
        Ok(order.into_iter().map(|index| items[index].clone()).collect())
    }

    /// The order of `count` things as a list of their indices; `after(a, b)`: must a come after b?
    pub(in crate::jsonata) fn merge_sort(
        &mut self,
        count: usize,
        after: &mut dyn FnMut(&mut Self, usize, usize) -> Fallible<bool>,
    ) -> Fallible<Vec<usize>> {
        let mut order: Vec<usize> = (0..count).collect();
        self.merge_sort_slice(&mut order, after)?;
        Ok(order)
    }

    /// Splits in the middle like the reference, so that comparisons with side effects happen alike.
    fn merge_sort_slice(
        &mut self,
        order: &mut [usize],
        after: &mut dyn FnMut(&mut Self, usize, usize) -> Fallible<bool>,
    ) -> Fallible<()> {
        if order.len() <= 1 {
            return Ok(());
        }
        self.charge(order.len())?;
        let (left, right) = order.split_at_mut(order.len() / 2);
        self.merge_sort_slice(left, after)?;
        self.merge_sort_slice(right, after)?;
        let mut merged = Vec::with_capacity(left.len() + right.len());
        let (mut l, mut r) = (left.iter().copied().peekable(), right.iter().copied().peekable());
        loop {
            let next = match (l.peek(), r.peek()) {
                (Some(a), Some(b)) if after(self, *a, *b)? => r.next(),
                (Some(_), _) => l.next(),
                (None, _) => r.next(),
            };
            match next {
                Some(index) => merged.push(index),
                None => break,
            }
        }
        order.copy_from_slice(&merged);
        Ok(())
    }
}

/// What has no value comes last, in either direction.
fn compare(a: &Item, b: &Item, descending: bool, position: usize) -> Fallible<Ordering> {
    match (a.is_undefined(), b.is_undefined()) {
        (true, true) => return Ok(Ordering::Equal),
        (true, false) => return Ok(Ordering::Greater),
        (false, true) => return Ok(Ordering::Less),
        (false, false) => {}
    }
    let sortable = |item: &Item| matches!(item.kind(), Kind::String | Kind::Number);
    if !sortable(a) || !sortable(b) {
        return Err(Fault::new("T2008").at(position).value(if sortable(a) { b } else { a }));
    }
    if a.kind() != b.kind() {
        return Err(Fault::new("T2007").at(position).value(a).value2(b));
    }
    let order = order(a, b).unwrap_or(Ordering::Greater);
    Ok(if descending { order.reverse() } else { order })
}
