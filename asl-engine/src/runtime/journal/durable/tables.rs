//! What is kept under which keys.
//!
//! Keys of executions are their sequence numbers, big-endian, so that the store's order is the order in which they started.
//! For an ARN stands its [`Name`]: ARNs are long and begin alike, and every execution has some of them in its keys.

use super::codec;
use super::programs::Programs;
use super::table::Table;
use crate::machine::Start;
use crate::runtime::journal::{Entry, JournalError, Kept, Parent, lists};
use crate::runtime::record::Status;
use crate::time::Timestamp;
use ::fjall::{Database, Slice};
use std::collections::HashMap;

pub(super) struct Tables {
    /// Sequence → how it came to be.
    pub(super) births: Table,
    /// Sequence and number → what happened.
    pub(super) events: Table,
    /// Sequence, length of the history and number of events → the machine then.
    pub(super) snapshots: Table,
    /// Sequence → how it ended.
    pub(super) ends: Table,
    /// Sequence → how often it was redriven, when it was.
    pub(super) redrives: Table,
    /// [`Name`] of the ARN → sequence.
    pub(super) arns: Table,
    /// [`Name`] of the list, status (or [`ANY`]) and sequence → nothing.
    pub(super) lists: Table,
    /// Sequence → nothing. What is parked is not here.
    pub(super) unfinished: Table,
    /// Sequence → what a parked execution waits for.
    pub(super) parked: Table,
    /// Time of the end and sequence → nothing; behind them [`TOTAL`] → how many they are.
    pub(super) ended: Table,
    /// `R` and a Map Run → its execution; `E`, an execution and a Map Run → nothing.
    pub(super) map_runs: Table,
    /// Key → what is kept.
    pub(super) put: Table,
    /// Hash → what the program is compiled of.
    pub(super) sources: Table,
}

/// Stands for every status in the lists' keys.
pub(super) const ANY: u8 = 0xff;

/// The key of a number that would take a look at all of them otherwise. It comes after all times.
pub(super) const TOTAL: [u8; 1] = [0xff];

impl Tables {
    pub(super) fn open(database: &Database) -> Result<Tables, ::fjall::Error> {
        let (table, index) = (|name| Table::open(database, name), |name| Table::open_index(database, name));
        Ok(Tables {
            births: table("births")?,
            events: table("events")?,
            snapshots: table("snapshots")?,
            ends: table("ends")?,
            redrives: table("redrives")?,
            arns: index("arns_by_hash")?,
            lists: index("lists_by_hash")?,
            unfinished: index("unfinished")?,
            parked: index("parked")?,
            ended: index("ended")?,
            map_runs: table("map_runs")?,
            put: table("put")?,
            sources: table("sources")?,
        })
    }

    pub(super) fn all(&self) -> [&Table; 13] {
        let Tables { births, events, snapshots, ends, redrives, arns, lists, unfinished, parked, ended, .. } = self;
        let Tables { map_runs, put, sources, .. } = self;
        [births, events, snapshots, ends, redrives, arns, lists, unfinished, parked, ended, map_runs, put, sources]
    }

    /// How many executions have ended.
    pub(super) fn ended_count(&self) -> Result<u64, ::fjall::Error> {
        match self.ended.get(TOTAL)? {
            Some(total) => Ok(number(&total)),
            // None has, or the journal is of a time when nobody counted.
            None => Ok(self.ended.len()? as u64),
        }
    }

    /// What the batch changes in the number of ended executions.
    pub(super) fn write<'a>(
        &'a self,
        entry: &Entry,
        programs: &mut Programs,
        batch: &mut Batch<'a>,
    ) -> Result<i64, JournalError> {
        let tables = self;
        match entry {
            Entry::Born(birth) => {
                let key = birth.sequence.to_be_bytes();
                let program = programs.key(&birth.program, self, batch)?;
                batch.insert(&tables.births, key, codec::write_birth(birth, &program).map_err(written("executions"))?);
                batch.insert(&tables.unfinished, key, []);
                self.index(birth.sequence, &birth.start, birth.parent.as_ref(), Status::Running, batch);
            }
            Entry::Happened { sequence, number, happened } => {
                let event = codec::write_event(happened).map_err(written("events"))?;
                batch.events.push((event_key(*sequence, *number), event.into()));
            }
            Entry::Snapshot { sequence, saved } => {
                let snapshot = codec::write_snapshot(saved).map_err(written("snapshots"))?;
                batch.insert(&tables.snapshots, snapshot_key(*sequence, saved.history, saved.events), snapshot);
            }
            Entry::Parked(parked) => {
                let key = parked.sequence.to_be_bytes();
                batch.remove(&tables.unfinished, key);
                batch.insert(&tables.parked, key, codec::write(parked).map_err(written("parked executions"))?);
            }
            Entry::Awake { sequence } => {
                batch.insert(&tables.unfinished, sequence.to_be_bytes(), []);
                batch.remove(&tables.parked, sequence.to_be_bytes());
            }
            Entry::Ended(birth, end) => {
                let key = birth.sequence.to_be_bytes();
                batch.insert(&tables.ends, key, codec::write(end).map_err(written("ends"))?);
                batch.insert(&tables.ended, ended_key(end.at, birth.sequence), []);
                let new = batch.has(&tables.births, key);
                batch.take_back(&tables.unfinished, key, new);
                let status = Status::of(Some(&end.outcome)) as u8;
                for list in birth.lists().map(|list| name(list)) {
                    batch.take_back(&tables.lists, list_key(list, Status::Running as u8, birth.sequence), new);
                    batch.insert(&tables.lists, list_key(list, status, birth.sequence), []);
                }
                return Ok(1);
            }
            Entry::Redriven { kept, redrives } => {
                let birth = &kept.birth;
                let key = birth.sequence.to_be_bytes();
                batch.insert(&tables.redrives, key, codec::write(&**redrives).map_err(written("redrives"))?);
                batch.insert(&tables.unfinished, key, []);
                for list in birth.lists().map(|list| name(list)) {
                    batch.remove(&tables.lists, list_key(list, kept.status() as u8, birth.sequence));
                    batch.insert(&tables.lists, list_key(list, Status::Running as u8, birth.sequence), []);
                }
                let Some(end) = &kept.end else { return Ok(0) };
                batch.remove(&tables.ends, key);
                batch.remove(&tables.ended, ended_key(end.at, birth.sequence));
                return Ok(-1);
            }
            Entry::Forgotten(kept) => return self.forget(kept, batch),
            Entry::MapRun { map_run_arn, execution_arn } => {
                batch.insert(&tables.map_runs, format!("R{map_run_arn}"), execution_arn.as_bytes());
                batch.insert(&tables.map_runs, format!("E{execution_arn}\0{map_run_arn}"), []);
            }
            Entry::Put { key, bytes: Some(bytes) } => batch.insert(&tables.put, key.as_str(), bytes.as_slice()),
            Entry::Put { key, bytes: None } => batch.remove(&tables.put, key.as_str()),
        }
        Ok(0)
    }

    /// Lets an execution be found by its ARN and on its lists.
    pub(super) fn index<'a>(
        &'a self,
        sequence: u64,
        start: &Start,
        parent: Option<&Parent>,
        status: Status,
        batch: &mut Batch<'a>,
    ) {
        batch.insert(&self.arns, name(&start.execution_arn), sequence.to_be_bytes());
        for list in lists(start, parent).map(|list| name(list)) {
            for status in [ANY, status as u8] {
                batch.insert(&self.lists, list_key(list, status, sequence), []);
            }
        }
    }

    fn forget<'a>(&'a self, kept: &Kept, batch: &mut Batch<'a>) -> Result<i64, JournalError> {
        let (tables, Kept { birth, end, .. }) = (self, kept);
        let key = birth.sequence.to_be_bytes();
        if end.is_some() {
            let redriven = batch.has(&tables.redrives, key);
            if redriven || tables.ends.get(key).map_err(read("ends"))?.is_none() {
                return Ok(0);
            }
        }
        for event in tables.events.prefix(key) {
            batch.remove(&tables.events, event.key().map_err(read("events"))?);
        }
        for snapshot in tables.snapshots.prefix(key) {
            batch.remove(&tables.snapshots, snapshot.key().map_err(read("snapshots"))?);
        }
        for list in birth.lists().map(|list| name(list)) {
            for status in [ANY, kept.status() as u8] {
                batch.remove(&tables.lists, list_key(list, status, birth.sequence));
            }
        }
        let prefix = format!("E{}\0", birth.start.execution_arn);
        for map_run in tables.map_runs.prefix(&prefix) {
            let of_execution = map_run.key().map_err(read("Map Runs"))?;
            let map_run = [b"R", of_execution.get(prefix.len()..).unwrap_or_default()].concat();
            batch.remove(&tables.map_runs, map_run);
            batch.remove(&tables.map_runs, of_execution);
        }
        batch.remove(&tables.arns, name(&birth.start.execution_arn));
        batch.remove(&tables.births, key);
        batch.remove(&tables.unfinished, key);
        batch.remove(&tables.redrives, key);
        let Some(end) = end else { return Ok(0) };
        batch.remove(&tables.ends, key);
        batch.remove(&tables.ended, ended_key(end.at, birth.sequence));
        Ok(-1)
    }
}

/// What a commit writes.
///
/// INVARIANT: every key is written once. The store gives all writes of a batch the same age, so of two to one key either
/// could win: an execution that starts and ends in one batch would stay unfinished.
#[derive(Default)]
pub(super) struct Batch<'a> {
    /// Every event has a key of its own.
    pub(super) events: Vec<(Slice, Slice)>,
    pub(super) last: HashMap<(&'static str, Slice), (&'a Table, Option<Slice>), foldhash::fast::RandomState>,
}

impl<'a> Batch<'a> {
    pub(super) fn insert(&mut self, table: &'a Table, key: impl Into<Slice>, value: impl Into<Slice>) {
        self.last.insert((table.name(), key.into()), (table, Some(value.into())));
    }

    pub(super) fn remove(&mut self, table: &'a Table, key: impl Into<Slice>) {
        self.last.insert((table.name(), key.into()), (table, None));
    }

    fn has(&self, table: &Table, key: impl Into<Slice>) -> bool {
        self.last.contains_key(&(table.name(), key.into()))
    }

    /// As [`Self::remove`], but writes nothing when the key is `new`: only this batch has it.
    fn take_back(&mut self, table: &'a Table, key: impl Into<Slice>, new: bool) {
        let key = (table.name(), key.into());
        if new {
            self.last.remove(&key);
        } else {
            self.last.insert(key, (table, None));
        }
    }
}

/// The storage engine's error in words for people.
pub(super) fn reason(error: &::fjall::Error) -> String {
    match error {
        ::fjall::Error::Io(error) => error.to_string(),
        ::fjall::Error::Storage(::fjall::LsmError::Io(error)) => error.to_string(),
        ::fjall::Error::InvalidVersion(_) => "it was written by another version of the storage engine".to_owned(),
        ::fjall::Error::Poisoned => "an earlier write failed; start again after checking the disk".to_owned(),
        error => format!("its files are damaged ({error:?}); restore them from a copy, or choose another directory"),
    }
}

pub(super) fn read(table: &'static str) -> impl Fn(::fjall::Error) -> JournalError {
    move |error| JournalError::Access { table, action: "read", reason: reason(&error) }
}

pub(super) fn written(table: &'static str) -> impl Fn(String) -> JournalError {
    move |reason| JournalError::Access { table, action: "written", reason }
}

/// A big-endian number of up to eight bytes.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

pub(super) fn event_key(sequence: u64, number: u32) -> Slice {
    [&sequence.to_be_bytes()[..], &number.to_be_bytes()].concat().into()
}

pub(super) fn snapshot_key(sequence: u64, history: u64, events: u32) -> Slice {
    [&sequence.to_be_bytes()[..], &history.to_be_bytes(), &events.to_be_bytes()].concat().into()
}

pub(super) fn ended_key(at: Timestamp, sequence: u64) -> Slice {
    [at.as_millis().to_be_bytes(), sequence.to_be_bytes()].concat().into()
}

pub(super) fn list_key(of: Name, status: u8, sequence: u64) -> Slice {
    [&of[..], &[status], &sequence.to_be_bytes()].concat().into()
}

/// What stands for an ARN in keys: the first half of its SHA-256, so that nobody can choose two that are alike.
pub(super) type Name = [u8; 16];

pub(super) fn name(arn: &str) -> Name {
    use sha2::Digest;
    let hash = sha2::Sha256::digest(arn);
    let mut name = Name::default();
    name.copy_from_slice(&hash[..16]);
    name
}
