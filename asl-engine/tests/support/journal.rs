//! A journal in memory that can refuse what it is given.

use asl_engine::Timestamp;
use asl_engine::runtime::{Entry, Happened, Journal, JournalError, Kept, Parked, Saved, Status};
use asl_engine::value::Str;
use std::sync::Arc;

/// Asked before each commit: `Err` is what the commit fails with.
pub type Gate = Box<dyn Fn(&[Entry]) -> Result<(), JournalError> + Send + Sync>;

/// Hands everything on to another journal, when it may.
pub struct Gated {
    pub inner: Arc<dyn Journal>,
    pub gate: Gate,
    /// Does it write in a thread of its own, as a journal on disk does?
    pub blocks: bool,
}

impl Journal for Gated {
    fn commit(&self, entries: &[Entry]) -> Result<(), JournalError> {
        (self.gate)(entries)?;
        self.inner.commit(entries)
    }
    fn blocks(&self) -> bool {
        self.blocks
    }
    fn next_sequence(&self) -> u64 {
        self.inner.next_sequence()
    }
    fn find(&self, execution_arn: &str) -> Result<Option<Kept>, JournalError> {
        self.inner.find(execution_arn)
    }
    fn get(&self, sequence: u64) -> Result<Option<Kept>, JournalError> {
        self.inner.get(sequence)
    }
    fn events(&self, sequence: u64, from: u32, limit: usize) -> Result<Vec<Happened>, JournalError> {
        self.inner.events(sequence, from, limit)
    }
    fn snapshot(&self, sequence: u64, history: u64) -> Result<Option<Arc<Saved>>, JournalError> {
        self.inner.snapshot(sequence, history)
    }
    fn parked(&self, tell: &mut dyn FnMut(Parked)) -> Result<(), JournalError> {
        self.inner.parked(tell)
    }
    fn unfinished(&self) -> Result<Vec<Kept>, JournalError> {
        self.inner.unfinished()
    }
    fn list(
        &self,
        of: &str,
        status: Option<Status>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Kept>, JournalError> {
        self.inner.list(of, status, before, limit)
    }
    fn ended_first(&self, limit: usize) -> Result<Vec<(Timestamp, u64)>, JournalError> {
        self.inner.ended_first(limit)
    }
    fn ended_count(&self) -> u64 {
        self.inner.ended_count()
    }
    fn map_run_of(&self, map_run_arn: &str) -> Result<Option<Str>, JournalError> {
        self.inner.map_run_of(map_run_arn)
    }
    fn scan(&self) -> Result<Vec<(String, Vec<u8>)>, JournalError> {
        self.inner.scan()
    }
}
