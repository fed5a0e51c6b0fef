//! The Succeed state (spec, "Succeed State"): it has no fields of its own.

use super::{Compiler, Fields};
use crate::definition::program::StateKind;

impl<'a> Compiler<'a, '_> {
    pub(super) fn succeed(&mut self, _fields: &Fields<'a>) -> Option<StateKind> {
        Some(StateKind::Succeed)
    }
}
