//! Scopes: the variables of a block or call, and the scope around it.

use crate::jsonata::item::Item;
use crate::value::Str;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A scope, shared by the closures made in it.
pub(in crate::jsonata) type Env = Rc<Frame>;

#[derive(Default)]
pub(in crate::jsonata) struct Frame {
    variables: RefCell<Vec<(Str, Item)>>,
    parent: Option<Env>,
    /// Is it on the evaluator's list of frames that closures hold?
    pub(super) captured: Cell<bool>,
}

impl Frame {
    pub(in crate::jsonata) fn new(parent: Option<&Env>, variables: Vec<(Str, Item)>) -> Env {
        Rc::new(Frame { variables: RefCell::new(variables), parent: parent.cloned(), captured: Cell::new(false) })
    }

    pub(in crate::jsonata) fn bind(&self, name: &Str, item: Item) {
        let mut variables = self.variables.borrow_mut();
        let old = match variables.iter_mut().find(|(known, _)| known == name) {
            Some((_, slot)) => std::mem::replace(slot, item),
            None => {
                variables.push((name.clone(), item));
                Item::Undefined
            }
        };
        // The old value may hold the last reference to something that looks here when it is dropped.
        drop(variables);
        drop(old);
    }

    pub(in crate::jsonata) fn lookup(&self, name: &str) -> Option<Item> {
        let mut frame = self;
        loop {
            if let Some((_, item)) = frame.variables.borrow().iter().find(|(known, _)| known == name) {
                return Some(item.clone());
            }
            frame = frame.parent.as_deref()?;
        }
    }

    /// The items of a frame that only holds a list.
    pub(in crate::jsonata) fn items(&self) -> Vec<Item> {
        self.variables.borrow().iter().map(|(_, item)| item.clone()).collect()
    }

    /// Forgets all variables: closures that refer to themselves would keep themselves alive.
    pub(super) fn clear(&self) {
        let variables = std::mem::take(&mut *self.variables.borrow_mut());
        drop(variables);
    }
}

/// What a frame held: variables and the frame around.
type Remains = (Vec<(Str, Item)>, Option<Env>);

thread_local! {
    /// What dropped frames held, while somebody up the stack is dropping it.
    static REMAINS: RefCell<Option<Vec<Remains>>> = const { RefCell::new(None) };
}

/// Closures may hold closures that hold closures, as many as the expression made: dropping them must not recurse.
impl Drop for Frame {
    fn drop(&mut self) {
        let remains = (std::mem::take(self.variables.get_mut()), self.parent.take());
        if remains.0.is_empty() && remains.1.is_none() {
            return;
        }
        let mut own = Some(remains);
        let nested = REMAINS.try_with(|queue| match &mut *queue.borrow_mut() {
            Some(queue) => queue.extend(own.take()),
            none => *none = Some(Vec::new()),
        });
        if nested.is_err() {
            return;
        }
        while let Some(remains) = own {
            drop(remains);
            own = REMAINS.with(|queue| {
                let mut queue = queue.borrow_mut();
                let next = queue.as_mut().and_then(Vec::pop);
                if next.is_none() {
                    *queue = None;
                }
                next
            });
        }
    }
}
