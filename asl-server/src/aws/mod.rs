//! Calls of AWS's services: their models, the protocols they speak, and where and how calls are sent.
//!
//! Knows nothing of states and tasks; `integration/` makes tasks of it.

pub(crate) mod model;
pub(crate) mod protocol;
pub(crate) mod shape;
