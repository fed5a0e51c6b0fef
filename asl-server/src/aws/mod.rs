//! Calls of AWS's services: their models, the protocols they speak, and where and how calls are sent.
//!
//! Knows nothing of states and tasks; `integration/` makes tasks of it.

mod client;
mod credentials;
pub mod endpoint;
mod host;
pub(crate) mod model;
pub(crate) mod protocol;
pub(crate) mod shape;
mod sign;

pub(crate) use client::{Answer, Aws, Body, Call, CallError, Refused, Unsigned};
pub use endpoint::ServiceEndpoints;
pub(crate) use model::check_action;
