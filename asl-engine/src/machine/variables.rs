//! The variables of one scope.

use crate::value::{Str, Value};
use serde::{Deserialize, Serialize};

/// Variables by name, and how many bytes their values have together.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Variables {
    /// Few enough that a search beats a map.
    entries: Vec<(Str, Value)>,
    /// INVARIANT: the sum of the entries' lengths as JSON text.
    bytes: usize,
}

impl Variables {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.entries.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(super) fn set(&mut self, name: Str, value: Value) {
        self.bytes += value.json_len();
        match self.entries.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => {
                self.bytes -= old.json_len();
                *old = value;
            }
            None => self.entries.push((name, value)),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Str, &Value)> {
        self.entries.iter().map(|(name, value)| (name, value))
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Extend<(Str, Value)> for Variables {
    fn extend<T: IntoIterator<Item = (Str, Value)>>(&mut self, variables: T) {
        variables.into_iter().for_each(|(name, value)| self.set(name, value));
    }
}
