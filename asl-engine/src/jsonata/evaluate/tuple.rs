//! Tuple streams: steps that bind their context (`@`), position (`#`) or ancestors (`%`) to variables that travel on.

use super::{Env, Evaluator, Frame};
use crate::jsonata::ast::{Kind, Node, Stage};
use crate::jsonata::error::Fallible;
use crate::jsonata::item::{Item, Tuple};

impl Evaluator<'_> {
    pub(super) fn tuple_step(
        &mut self,
        step: &Node,
        input: &Item,
        tuples: Option<Vec<Tuple>>,
        env: &Env,
    ) -> Fallible<Vec<Tuple>> {
        let result = match (&step.kind, tuples) {
            (Kind::Sort(terms), Some(tuples)) => self.sort_tuples(terms, step.position, tuples, env)?,
            (Kind::Sort(terms), None) => {
                let sorted = self.sort_items(terms, step.position, input.clone(), env)?;
                let index = step.step.index.as_ref();
                let numbered = sorted.into_items().into_iter().enumerate();
                numbered.map(|(position, value)| tuple(value, index.map(|name| (name.clone(), position)))).collect()
            }
            (_, tuples) => {
                let tuples = tuples.unwrap_or_else(|| {
                    input.elements_or_self().iter().map(|value| Tuple { value, variables: Vec::new() }).collect()
                });
                let mut result = Vec::new();
                for tuple in tuples {
                    self.spread_tuple(step, tuple, env, &mut result)?;
                }
                result
            }
        };
        self.stages(&step.step.stages, result, env)
    }

    /// The tuples that one tuple becomes.
    fn spread_tuple(&mut self, step: &Node, tuple: Tuple, env: &Env, out: &mut Vec<Tuple>) -> Fallible<()> {
        let env = Frame::new(Some(env), tuple.variables.clone());
        let value = self.eval(step, &tuple.value, &env)?;
        if let Item::Tuples(inner) = &value {
            self.charge(inner.len())?;
            for inner in inner.iter() {
                let mut merged = Tuple { value: inner.value.clone(), variables: tuple.variables.clone() };
                for (name, item) in &inner.variables {
                    merged.bind(name, item.clone());
                }
                out.push(merged);
            }
            return Ok(());
        }
        if value.is_undefined() {
            return Ok(());
        }
        let elements = value.elements_or_self();
        self.charge(elements.len())?;
        for (position, item) in elements.iter().enumerate() {
            let mut next = Tuple { value: tuple.value.clone(), variables: tuple.variables.clone() };
            match &step.step.focus {
                Some(name) => next.bind(name, item),
                None => next.value = item,
            }
            if let Some(name) = &step.step.index {
                next.bind(name, Item::from(position));
            }
            for label in &step.step.ancestors {
                next.bind(label, tuple.value.clone());
            }
            out.push(next);
        }
        Ok(())
    }

    fn stages(&mut self, stages: &[Stage], mut tuples: Vec<Tuple>, env: &Env) -> Fallible<Vec<Tuple>> {
        for stage in stages {
            match stage {
                Stage::Filter(predicate) => tuples = self.filter_tuples(predicate, &tuples, env)?,
                Stage::Index(name) => {
                    for (position, tuple) in tuples.iter_mut().enumerate() {
                        tuple.bind(name, Item::from(position));
                    }
                }
            }
        }
        Ok(tuples)
    }

    pub(super) fn filter_tuples(&mut self, predicate: &Node, tuples: &[Tuple], env: &Env) -> Fallible<Vec<Tuple>> {
        let mut results = Vec::new();
        for (index, tuple) in tuples.iter().enumerate() {
            let verdict = match &predicate.kind {
                Kind::Number(number) => Item::Number(*number),
                _ => {
                    let env = Frame::new(Some(env), tuple.variables.clone());
                    self.eval(predicate, &tuple.value, &env)?
                }
            };
            for _ in 0..self.picks(&verdict, index, tuples.len())? {
                results.push(tuple.clone());
            }
        }
        Ok(results)
    }
}

fn tuple(value: Item, index: Option<(crate::value::Str, usize)>) -> Tuple {
    let variables = index.into_iter().map(|(name, position)| (name, Item::from(position))).collect();
    Tuple { value, variables }
}
