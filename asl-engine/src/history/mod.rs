//! The history of an execution, in AWS's terms. Derived: the machine tells it to a [`Recorder`] while it runs.

mod event;

pub use event::{HistoryDetail, HistoryEvent};

/// Listens to what happens in an execution.
///
/// A recorder that wants nothing costs nothing: the machine builds an event's detail only when asked to.
pub trait Recorder {
    /// One event. `detail` builds what only a history needs.
    fn record(&mut self, event: HistoryStamp, detail: &mut dyn FnMut() -> HistoryDetail);
}

/// Number, order and time of a history event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryStamp {
    /// Counts from 1 in each execution.
    pub id: u64,
    /// The id of the event that led to this one; 0 for the first.
    pub previous: u64,
    /// When.
    pub timestamp: crate::time::Timestamp,
}

/// Keeps no history.
pub struct NoHistory;

impl Recorder for NoHistory {
    fn record(&mut self, _: HistoryStamp, _: &mut dyn FnMut() -> HistoryDetail) {}
}

/// Keeps the whole history.
impl Recorder for Vec<HistoryEvent> {
    fn record(&mut self, stamp: HistoryStamp, detail: &mut dyn FnMut() -> HistoryDetail) {
        self.push(HistoryEvent {
            id: stamp.id,
            previous: stamp.previous,
            timestamp: stamp.timestamp,
            detail: detail(),
        });
    }
}
