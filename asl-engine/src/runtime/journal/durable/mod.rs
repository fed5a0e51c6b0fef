//! The journal in an embedded store: a log-structured merge tree (`fjall`), whose own log is synced once a commit.

mod codec;
mod programs;
mod store;
mod table;
mod tables;
mod tail;
mod upgrade;

use self::programs::Programs;
use self::store::{Store, Stores};
use self::tables::{ANY, Batch, TOTAL, event_key, list_key, name, number, read, snapshot_key};
use super::{Entry, Happened, Journal, JournalError, Kept, Parked, Saved};
use crate::runtime::record::Status;
use crate::time::Timestamp;
use crate::value::Str;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// When a commit returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Once it is on the disk: it survives the end of the process, of the system, and of the power.
    #[default]
    Commit,
    /// Once the system has it: it survives the end of the process. The disk is synced this often, and what was committed
    /// since the last time is lost when the system or the power fails.
    Interval(Duration),
}

/// Keeps executions in a directory.
pub struct DurableJournal {
    store: Stores,
    programs: Mutex<Programs>,
    /// Held while a commit is written.
    writing: Mutex<()>,
    last_sequence: AtomicU64,
    ended: AtomicU64,
}

impl DurableJournal {
    /// The journal in that directory, made when it is not there.
    ///
    /// # Errors
    /// When another process has it open, or the directory cannot be read and written.
    pub fn open(directory: impl AsRef<Path>, durability: Durability) -> Result<Self, JournalError> {
        let store = Stores::open(directory.as_ref(), durability)?;
        let tables = &store.get()?.tables;
        let last = match tables.births.iter().next_back() {
            Some(last) => number(&last.key().map_err(read("executions"))?),
            None => 0,
        };
        let ended = tables.ended_count().map_err(read("ends"))?;
        Ok(DurableJournal {
            store,
            programs: Mutex::default(),
            writing: Mutex::default(),
            last_sequence: AtomicU64::new(last),
            ended: AtomicU64::new(ended),
        })
    }

    /// Brings everything to the disk that was committed.
    ///
    /// # Errors
    /// When that fails.
    pub fn flush(&self) -> Result<(), JournalError> {
        self.store.get()?.flush()
    }

    /// As [`Self::flush`], and lets nothing be committed any more, for the end of the process: a commit that is cut in two would
    /// have to be repaired by the next start. Who commits later waits for ever.
    ///
    /// # Errors
    /// As [`Self::flush`].
    pub fn close(&self) -> Result<(), JournalError> {
        std::mem::forget(self.writing());
        self.flush()
    }

    fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn programs(&self) -> MutexGuard<'_, Programs> {
        self.programs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self, store: &Store, sequence: u64) -> Result<Option<Kept>, JournalError> {
        let key = sequence.to_be_bytes();
        let Some(birth) = store.tables.births.get(key).map_err(read("executions"))? else { return Ok(None) };
        let birth = codec::read_birth(sequence, &birth, |key| self.programs().get(key, &store.tables))?;
        let end = store.tables.ends.get(key).map_err(read("ends"))?;
        let end = end.map(|end| codec::read("ends", &sequence.to_string(), &end)).transpose()?;
        let redrives = store.tables.redrives.get(key).map_err(read("redrives"))?;
        let redrives =
            redrives.map(|redrives| codec::read("redrives", &sequence.to_string(), &redrives)).transpose()?;
        Ok(Some(Kept { birth: Arc::new(birth), end, redrives: Arc::new(redrives.unwrap_or_default()) }))
    }
}

impl Journal for DurableJournal {
    fn commit(&self, entries: &[Entry]) -> Result<(), JournalError> {
        let _writing = self.writing();
        let store = self.store.for_writing()?;
        let mut batch = Batch::default();
        let mut ended = 0;
        let outcome = {
            let mut programs = self.programs();
            let written = entries.iter().try_for_each(|entry| {
                ended += store.tables.write(entry, &mut programs, &mut batch)?;
                Ok(())
            });
            drop(programs);
            if ended != 0 {
                let total = self.ended.load(Ordering::Relaxed).saturating_add_signed(ended);
                batch.insert(&store.tables.ended, TOTAL, total.to_be_bytes());
            }
            written.and_then(|()| store.commit(batch).inspect_err(|_| self.store.broken()))
        };
        self.programs().settle(outcome.is_ok());
        if outcome.is_ok() {
            self.ended.fetch_add(ended as u64, Ordering::Relaxed);
        }
        outcome
    }

    fn blocks(&self) -> bool {
        true
    }

    fn next_sequence(&self) -> u64 {
        self.last_sequence.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn find(&self, execution_arn: &str) -> Result<Option<Kept>, JournalError> {
        let store = self.store.get()?;
        match store.tables.arns.get(name(execution_arn)).map_err(read("executions"))? {
            Some(sequence) => self.kept(&store, number(&sequence)),
            None => Ok(None),
        }
    }

    fn get(&self, sequence: u64) -> Result<Option<Kept>, JournalError> {
        self.kept(&*self.store.get()?, sequence)
    }

    fn events(&self, sequence: u64, from: u32, limit: usize) -> Result<Vec<Happened>, JournalError> {
        let store = self.store.get()?;
        let events = store.tables.events.range(event_key(sequence, from)..=event_key(sequence, u32::MAX));
        let event = |event: ::fjall::Guard| {
            let (key, event) = event.into_inner().map_err(read("events"))?;
            codec::read_event(&format!("{sequence}/{}", number(key.get(8..).unwrap_or_default())), &event)
        };
        events.take(limit).map(event).collect()
    }

    fn snapshot(&self, sequence: u64, history: u64) -> Result<Option<Arc<Saved>>, JournalError> {
        let store = self.store.get()?;
        let range = snapshot_key(sequence, 0, 0)..=snapshot_key(sequence, history, u32::MAX);
        for snapshot in store.tables.snapshots.range(range).rev() {
            let (key, snapshot) = snapshot.into_inner().map_err(read("snapshots"))?;
            let name = format!("{sequence}/{}", number(key.get(8..).unwrap_or_default()));
            match codec::read_snapshot(&name, &snapshot) {
                Ok(Some(saved)) => return Ok(Some(Arc::new(saved))),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a snapshot is passed over: the events tell the same"),
            }
        }
        Ok(None)
    }

    fn unfinished(&self) -> Result<Vec<Kept>, JournalError> {
        let store = self.store.get()?;
        let kept =
            |entry: ::fjall::Guard| self.kept(&store, number(&entry.key().map_err(read("unfinished executions"))?));
        store.tables.unfinished.iter().filter_map(|entry| kept(entry).transpose()).collect()
    }

    fn parked(&self, tell: &mut dyn FnMut(Parked)) -> Result<(), JournalError> {
        let store = self.store.get()?;
        for entry in store.tables.parked.iter() {
            let (key, parked) = entry.into_inner().map_err(read("parked executions"))?;
            tell(codec::read("parked executions", &number(&key).to_string(), &parked)?);
        }
        Ok(())
    }

    fn list(
        &self,
        of: &str,
        status: Option<Status>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Kept>, JournalError> {
        let store = self.store.get()?;
        let status = status.map_or(ANY, |status| status as u8);
        let of = name(of);
        let range = list_key(of, status, 0)..list_key(of, status, before.unwrap_or(u64::MAX));
        let kept = |entry: ::fjall::Guard| {
            let key = entry.key().map_err(read("lists"))?;
            self.kept(&store, number(key.get(key.len().saturating_sub(8)..).unwrap_or_default()))
        };
        let newest_first = store.tables.lists.range(range).rev();
        newest_first.filter_map(|entry| kept(entry).transpose()).take(limit).collect()
    }

    fn ended_first(&self, limit: usize) -> Result<Vec<(Timestamp, u64)>, JournalError> {
        let store = self.store.get()?;
        let ended = |entry: ::fjall::Guard| {
            let key = entry.key().map_err(read("ends"))?;
            Ok(key
                .split_at_checked(8)
                .map(|(at, sequence)| (Timestamp::from_millis(number(at) as i64), number(sequence))))
        };
        store.tables.ended.iter().filter_map(|entry| ended(entry).transpose()).take(limit).collect()
    }

    fn disk_space(&self) -> u64 {
        self.store.get().map_or(0, |store| store.disk_space())
    }

    fn compact(&self) -> Result<(), JournalError> {
        self.store.get()?.compact()
    }

    fn ended_count(&self) -> u64 {
        self.ended.load(Ordering::Relaxed)
    }

    fn map_run_of(&self, map_run_arn: &str) -> Result<Option<Str>, JournalError> {
        let store = self.store.get()?;
        let found = store.tables.map_runs.get(format!("R{map_run_arn}")).map_err(read("Map Runs"))?;
        Ok(found.map(|execution| String::from_utf8_lossy(&execution).as_ref().into()))
    }

    fn scan(&self) -> Result<Vec<(String, Vec<u8>)>, JournalError> {
        let store = self.store.get()?;
        let put = |entry: ::fjall::Guard| {
            let (key, bytes) = entry.into_inner().map_err(read("settings"))?;
            Ok((String::from_utf8_lossy(&key).into_owned(), bytes.to_vec()))
        };
        store.tables.put.iter().map(put).collect()
    }
}

impl Drop for DurableJournal {
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            tracing::error!(%error, "the journal's last entries may not be on the disk");
        }
    }
}
