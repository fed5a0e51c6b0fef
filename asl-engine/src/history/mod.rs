//! The history of an execution, in AWS's terms. It is derived: the machine tells it while it runs, to whoever asked.

mod event;
mod usage;

pub use event::{HistoryDetail, HistoryEvent};
pub use usage::{Payload, Usage};
