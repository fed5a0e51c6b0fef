//! The interpreter: a value that takes the time and an event, and returns what should be done.

mod event;

pub use event::{Command, Effects, Event, MachineType, MapItem, Outcome, Start, TaskCommand, TaskId, TimerId};
