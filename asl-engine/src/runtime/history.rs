//! Histories, told again from the journal, page by page.

use super::journal::{Journal, JournalError, Kept};
use super::replay;
use crate::history::HistoryEvent;

/// Which part of a history is wanted; all of it by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistoryRange {
    /// The events that follow this one, in the order they are read; from the beginning without.
    pub after: Option<u64>,
    /// The latest first.
    pub backwards: bool,
    /// At most so many events.
    pub limit: Option<usize>,
}

/// A part of the history of an execution.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPage {
    /// The events, in the order they are read.
    pub events: Vec<HistoryEvent>,
    /// Are there more after these?
    pub more: bool,
}

impl HistoryPage {
    pub(super) fn read(journal: &dyn Journal, kept: &Kept, range: HistoryRange) -> Result<HistoryPage, JournalError> {
        let limit = range.limit.map_or(u64::MAX, |limit| limit as u64);
        if range.backwards {
            let last = match range.after {
                Some(after) => after.saturating_sub(1),
                None => replay::bring_back(journal, kept)?.machine.events(),
            };
            let first = last.saturating_sub(limit.saturating_sub(1)).max(1);
            let mut events = replay::history(journal, kept, first..=last)?;
            events.reverse();
            return Ok(HistoryPage { events, more: first > 1 });
        }
        let first = range.after.unwrap_or(0).saturating_add(1);
        let last = first.saturating_add(limit);
        let mut events = replay::history(journal, kept, first..=last)?;
        let more = events.len() as u64 > limit;
        events.truncate(range.limit.unwrap_or(usize::MAX));
        Ok(HistoryPage { events, more })
    }
}
