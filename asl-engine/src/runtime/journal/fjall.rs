//! The journal in an embedded store: a log-structured merge tree (`fjall`), whose own log is synced once a commit.
//!
//! Keys of executions are their sequence numbers, big-endian, so that the store's order is the order in which they started.

use super::codec::{self, ProgramKey};
use super::{Entry, Happened, Journal, JournalError, Kept, Parked, Saved};
use crate::definition::{Program, ProgramSource};
use crate::runtime::record::Status;
use crate::time::Timestamp;
use crate::value::Str;
use ::fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Slice};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
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
    database: Database,
    mode: PersistMode,
    /// Ends the thread that syncs, when there is one.
    _syncing: Option<mpsc::Sender<()>>,
    tables: Tables,
    programs: Mutex<Programs>,
    last_sequence: AtomicU64,
    ended: AtomicU64,
}

struct Tables {
    /// Sequence → how it came to be.
    births: Keyspace,
    /// Sequence and number → what happened.
    events: Keyspace,
    /// Sequence, length of the history and number of events → the machine then.
    snapshots: Keyspace,
    /// Sequence → how it ended.
    ends: Keyspace,
    /// ARN → sequence.
    arns: Keyspace,
    /// List, status (or [`ANY`]) and sequence → nothing.
    lists: Keyspace,
    /// Sequence → nothing. What is parked is not here.
    unfinished: Keyspace,
    /// Sequence → what a parked execution waits for.
    parked: Keyspace,
    /// Time of the end and sequence → ARN.
    ended: Keyspace,
    /// `R` and a Map Run → its execution; `E`, an execution and a Map Run → nothing.
    map_runs: Keyspace,
    /// Key → what is kept.
    put: Keyspace,
    /// Hash → what the program is compiled of.
    sources: Keyspace,
}

/// The programs of executions. Each is compiled once.
#[derive(Default)]
struct Programs {
    by_key: HashMap<ProgramKey, Arc<Program>>,
    /// By address: the program held beside it keeps that address taken.
    keys: HashMap<usize, (ProgramKey, Arc<Program>)>,
}

/// How many programs are held compiled, and how many have their keys remembered.
const PROGRAMS_HELD: usize = 1000;

/// Stands for every status in the lists' keys.
const ANY: u8 = 0xff;

impl DurableJournal {
    /// The journal in that directory, made when it is not there.
    ///
    /// # Errors
    /// When another process has it open, or the directory cannot be read and written.
    pub fn open(directory: impl AsRef<Path>, durability: Durability) -> Result<Self, JournalError> {
        let directory = directory.as_ref();
        DurableJournal::try_open(directory, durability).map_err(|error| match error {
            ::fjall::Error::Locked => JournalError::InUse { directory: directory.to_owned() },
            error => JournalError::Open { directory: directory.to_owned(), reason: reason(&error) },
        })
    }

    fn try_open(directory: &Path, durability: Durability) -> Result<Self, ::fjall::Error> {
        std::fs::create_dir_all(directory)?;
        let database = Database::builder(directory).worker_threads(1).open()?;
        let table = |name| database.keyspace(name, KeyspaceCreateOptions::default);
        let tables = Tables {
            births: table("births")?,
            events: table("events")?,
            snapshots: table("snapshots")?,
            ends: table("ends")?,
            arns: table("arns")?,
            lists: table("lists")?,
            unfinished: table("unfinished")?,
            parked: table("parked")?,
            ended: table("ended")?,
            map_runs: table("map_runs")?,
            put: table("put")?,
            sources: table("sources")?,
        };
        let last = match tables.births.last_key_value() {
            Some(last) => number(&last.key()?),
            None => 0,
        };
        let ended = tables.ended.len()? as u64;
        let (mode, syncing) = match durability {
            Durability::Commit => (PersistMode::SyncData, None),
            Durability::Interval(interval) => (PersistMode::Buffer, Some(sync_every(&database, interval)?)),
        };
        Ok(DurableJournal {
            database,
            mode,
            _syncing: syncing,
            tables,
            programs: Mutex::default(),
            last_sequence: AtomicU64::new(last),
            ended: AtomicU64::new(ended),
        })
    }

    /// Brings everything to the disk that was committed.
    ///
    /// # Errors
    /// When that fails.
    pub fn flush(&self) -> Result<(), JournalError> {
        self.database.persist(PersistMode::SyncAll).map_err(|error| written("log")(reason(&error)))
    }

    /// How many bytes the journal takes on the disk.
    pub fn disk_space(&self) -> u64 {
        self.database.disk_space().unwrap_or_default()
    }

    /// The key of a program; its source is written with the first execution of it.
    fn program_key(&self, program: &Arc<Program>, batch: &mut Batch) -> Result<ProgramKey, JournalError> {
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        let address = Arc::as_ptr(program) as usize;
        if let Some((key, _)) = programs.keys.get(&address) {
            return Ok(*key);
        }
        let not_kept = |reason: &str| written("programs")(reason.to_owned());
        let source = program.source.as_ref().ok_or_else(|| not_kept("the program has no definition of its own"))?;
        let key = codec::program_key(source);
        batch.insert(&self.tables.sources, key, codec::write(source).map_err(written("programs"))?);
        if programs.keys.len() >= PROGRAMS_HELD {
            programs.keys.clear();
        }
        programs.keys.insert(address, (key, program.clone()));
        programs.hold(key, program.clone());
        Ok(key)
    }

    fn program(&self, key: &ProgramKey) -> Result<Arc<Program>, JournalError> {
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = programs.by_key.get(key) {
            return Ok(program.clone());
        }
        let name = key.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let damaged =
            |reason: &str| JournalError::Damaged { table: "programs", key: name.clone(), reason: reason.to_owned() };
        let bytes = self.tables.sources.get(key).map_err(read("programs"))?;
        let bytes = bytes.ok_or_else(|| damaged("it is missing"))?;
        let source: ProgramSource = codec::read("programs", &name, &bytes)?;
        let program = source.compile().ok_or_else(|| damaged("this interpreter refuses the definition"))?;
        programs.hold(*key, program.clone());
        Ok(program)
    }

    fn kept(&self, sequence: u64) -> Result<Option<Kept>, JournalError> {
        let key = sequence.to_be_bytes();
        let Some(birth) = self.tables.births.get(key).map_err(read("executions"))? else { return Ok(None) };
        let birth = codec::read_birth(sequence, &birth, |key| self.program(key))?;
        let end = self.tables.ends.get(key).map_err(read("ends"))?;
        let end = end.map(|end| codec::read("ends", &sequence.to_string(), &end)).transpose()?;
        Ok(Some(Kept { birth: Arc::new(birth), end }))
    }

    /// What the batch changes in the number of ended executions.
    fn write(&self, entry: &Entry, batch: &mut Batch) -> Result<i64, JournalError> {
        let tables = &self.tables;
        match entry {
            Entry::Born(birth) => {
                let key = birth.sequence.to_be_bytes();
                let program = self.program_key(&birth.program, batch)?;
                batch.insert(&tables.births, key, codec::write_birth(birth, &program).map_err(written("executions"))?);
                batch.insert(&tables.arns, birth.start.execution_arn.as_bytes(), key);
                batch.insert(&tables.unfinished, key, []);
                for list in birth.lists() {
                    for status in [ANY, Status::Running as u8] {
                        batch.insert(&tables.lists, list_key(list, status, birth.sequence), []);
                    }
                }
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
                batch.insert(&tables.ended, ended_key(end.at, birth.sequence), birth.start.execution_arn.as_bytes());
                batch.remove(&tables.unfinished, key);
                let status = Status::of(Some(&end.outcome)) as u8;
                for list in birth.lists() {
                    batch.remove(&tables.lists, list_key(list, Status::Running as u8, birth.sequence));
                    batch.insert(&tables.lists, list_key(list, status, birth.sequence), []);
                }
                return Ok(1);
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

    fn forget(&self, kept: &Kept, batch: &mut Batch) -> Result<i64, JournalError> {
        let (tables, Kept { birth, end }) = (&self.tables, kept);
        let key = birth.sequence.to_be_bytes();
        for event in tables.events.prefix(key) {
            batch.remove(&tables.events, event.key().map_err(read("events"))?);
        }
        for snapshot in tables.snapshots.prefix(key) {
            batch.remove(&tables.snapshots, snapshot.key().map_err(read("snapshots"))?);
        }
        for list in birth.lists() {
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
        batch.remove(&tables.arns, birth.start.execution_arn.as_bytes());
        batch.remove(&tables.births, key);
        batch.remove(&tables.unfinished, key);
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
struct Batch {
    /// Every event has a key of its own.
    events: Vec<(Slice, Slice)>,
    last: HashMap<(u64, Slice), (Keyspace, Option<Slice>)>,
}

impl Batch {
    fn insert(&mut self, table: &Keyspace, key: impl Into<Slice>, value: impl Into<Slice>) {
        self.last.insert((table.id(), key.into()), (table.clone(), Some(value.into())));
    }

    fn remove(&mut self, table: &Keyspace, key: impl Into<Slice>) {
        self.last.insert((table.id(), key.into()), (table.clone(), None));
    }
}

impl Programs {
    fn hold(&mut self, key: ProgramKey, program: Arc<Program>) {
        if self.by_key.len() >= PROGRAMS_HELD {
            self.by_key.clear();
        }
        self.by_key.insert(key, program);
    }
}

impl Journal for DurableJournal {
    fn commit(&self, entries: &[Entry]) -> Result<(), JournalError> {
        let mut batch = Batch::default();
        let mut ended = 0;
        for entry in entries {
            ended += self.write(entry, &mut batch)?;
        }
        let mut writes = self.database.batch().durability(Some(self.mode));
        for (key, event) in batch.events {
            writes.insert(&self.tables.events, key, event);
        }
        for ((_, key), (table, value)) in batch.last {
            match value {
                Some(value) => writes.insert(&table, key, value),
                None => writes.remove(&table, key),
            }
        }
        writes.commit().map_err(|error| written("log")(reason(&error)))?;
        self.ended.fetch_add(ended as u64, Ordering::Relaxed);
        Ok(())
    }

    fn blocks(&self) -> bool {
        true
    }

    fn next_sequence(&self) -> u64 {
        self.last_sequence.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn find(&self, execution_arn: &str) -> Result<Option<Kept>, JournalError> {
        match self.tables.arns.get(execution_arn).map_err(read("executions"))? {
            Some(sequence) => self.kept(number(&sequence)),
            None => Ok(None),
        }
    }

    fn get(&self, sequence: u64) -> Result<Option<Kept>, JournalError> {
        self.kept(sequence)
    }

    fn events(&self, sequence: u64, from: u32, limit: usize) -> Result<Vec<Happened>, JournalError> {
        let events = self.tables.events.range(event_key(sequence, from)..=event_key(sequence, u32::MAX));
        let event = |event: ::fjall::Guard| {
            let (key, event) = event.into_inner().map_err(read("events"))?;
            codec::read_event(&format!("{sequence}/{}", number(key.get(8..).unwrap_or_default())), &event)
        };
        events.take(limit).map(event).collect()
    }

    fn snapshot(&self, sequence: u64, history: u64) -> Result<Option<Arc<Saved>>, JournalError> {
        let range = snapshot_key(sequence, 0, 0)..=snapshot_key(sequence, history, u32::MAX);
        for snapshot in self.tables.snapshots.range(range).rev() {
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
        let kept = |entry: ::fjall::Guard| self.kept(number(&entry.key().map_err(read("unfinished executions"))?));
        self.tables.unfinished.iter().filter_map(|entry| kept(entry).transpose()).collect()
    }

    fn parked(&self, tell: &mut dyn FnMut(Parked)) -> Result<(), JournalError> {
        for entry in self.tables.parked.iter() {
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
        let status = status.map_or(ANY, |status| status as u8);
        let range = list_key(of, status, 0)..list_key(of, status, before.unwrap_or(u64::MAX));
        let kept = |entry: ::fjall::Guard| {
            let key = entry.key().map_err(read("lists"))?;
            self.kept(number(key.get(key.len().saturating_sub(8)..).unwrap_or_default()))
        };
        let newest_first = self.tables.lists.range(range).rev();
        newest_first.filter_map(|entry| kept(entry).transpose()).take(limit).collect()
    }

    fn ended_first(&self, limit: usize) -> Result<Vec<(Timestamp, Str)>, JournalError> {
        let ended = |entry: ::fjall::Guard| {
            let (key, arn) = entry.into_inner().map_err(read("ends"))?;
            let at = Timestamp::from_millis(number(key.get(..8).unwrap_or_default()) as i64);
            Ok((at, String::from_utf8_lossy(&arn).as_ref().into()))
        };
        self.tables.ended.iter().take(limit).map(ended).collect()
    }

    fn ended_count(&self) -> u64 {
        self.ended.load(Ordering::Relaxed)
    }

    fn map_run_of(&self, map_run_arn: &str) -> Result<Option<Str>, JournalError> {
        let found = self.tables.map_runs.get(format!("R{map_run_arn}")).map_err(read("Map Runs"))?;
        Ok(found.map(|execution| String::from_utf8_lossy(&execution).as_ref().into()))
    }

    fn scan(&self) -> Result<Vec<(String, Vec<u8>)>, JournalError> {
        let put = |entry: ::fjall::Guard| {
            let (key, bytes) = entry.into_inner().map_err(read("settings"))?;
            Ok((String::from_utf8_lossy(&key).into_owned(), bytes.to_vec()))
        };
        self.tables.put.iter().map(put).collect()
    }
}

impl Drop for DurableJournal {
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            tracing::error!(%error, "the journal's last entries may not be on the disk");
        }
    }
}

/// Syncs the disk this often, until the answer is dropped.
fn sync_every(database: &Database, interval: Duration) -> std::io::Result<mpsc::Sender<()>> {
    let (alive, ended) = mpsc::channel();
    let database = database.clone();
    std::thread::Builder::new().name("journal-sync".to_owned()).spawn(move || {
        while let Err(mpsc::RecvTimeoutError::Timeout) = ended.recv_timeout(interval) {
            if let Err(error) = database.persist(PersistMode::SyncData) {
                tracing::error!(error = reason(&error), "the journal cannot be synced to the disk");
                return;
            }
        }
    })?;
    Ok(alive)
}

/// The storage engine's error in words for people.
fn reason(error: &::fjall::Error) -> String {
    match error {
        ::fjall::Error::Io(error) => error.to_string(),
        ::fjall::Error::Storage(::fjall::LsmError::Io(error)) => error.to_string(),
        ::fjall::Error::InvalidVersion(_) => "it was written by another version of the storage engine".to_owned(),
        ::fjall::Error::Poisoned => "an earlier write failed; start again after checking the disk".to_owned(),
        error => format!("its files are damaged ({error:?}); restore them from a copy, or choose another directory"),
    }
}

fn read(table: &'static str) -> impl Fn(::fjall::Error) -> JournalError {
    move |error| JournalError::Access { table, action: "read", reason: reason(&error) }
}

fn written(table: &'static str) -> impl Fn(String) -> JournalError {
    move |reason| JournalError::Access { table, action: "written", reason }
}

/// A big-endian number of up to eight bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn event_key(sequence: u64, number: u32) -> Slice {
    [&sequence.to_be_bytes()[..], &number.to_be_bytes()].concat().into()
}

fn snapshot_key(sequence: u64, history: u64, events: u32) -> Slice {
    [&sequence.to_be_bytes()[..], &history.to_be_bytes(), &events.to_be_bytes()].concat().into()
}

fn ended_key(at: Timestamp, sequence: u64) -> Slice {
    [at.as_millis().to_be_bytes(), sequence.to_be_bytes()].concat().into()
}

fn list_key(of: &str, status: u8, sequence: u64) -> Slice {
    [of.as_bytes(), &[0, status], &sequence.to_be_bytes()].concat().into()
}
