//! The journal that ends with the process.

use super::{Birth, End, Entry, Happened, Journal, JournalError, Kept, Parked, Saved};
use crate::error::StatesError;
use crate::machine::{Event, Outcome};
use crate::runtime::record::Status;
use crate::runtime::redrive::Redrives;
use crate::time::Timestamp;
use crate::value::Str;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keeps executions in memory.
pub struct MemoryJournal {
    tables: Mutex<Tables>,
    last_sequence: AtomicU64,
    keeping: usize,
    keeping_bytes: usize,
}

#[derive(Default)]
struct Tables {
    executions: HashMap<u64, Execution>,
    by_arn: HashMap<Str, u64>,
    /// Of each state machine and Map Run.
    lists: HashMap<Str, List>,
    unfinished: BTreeSet<u64>,
    parked: BTreeMap<u64, Parked>,
    ended: BTreeSet<(Timestamp, u64)>,
    map_runs: HashMap<Str, Str>,
    map_runs_of: HashMap<Str, Vec<Str>>,
    put: BTreeMap<String, Vec<u8>>,
    /// What those weigh that have ended.
    ended_bytes: usize,
}

/// A list of executions, whole and by status: a page costs what it holds, also of a status that is rare.
#[derive(Default)]
struct List {
    all: BTreeSet<u64>,
    by_status: BTreeMap<Status, BTreeSet<u64>>,
}

impl List {
    fn insert(&mut self, status: Status, sequence: u64) {
        self.all.insert(sequence);
        self.by_status.entry(status).or_default().insert(sequence);
    }

    fn change(&mut self, from: Status, to: Status, sequence: u64) {
        self.remove(from, sequence);
        self.insert(to, sequence);
    }

    fn remove(&mut self, status: Status, sequence: u64) {
        self.all.remove(&sequence);
        if let Some(of) = self.by_status.get_mut(&status) {
            of.remove(&sequence);
        }
    }

    fn of(&self, status: Option<Status>) -> Option<&BTreeSet<u64>> {
        status.map_or(Some(&self.all), |status| self.by_status.get(&status))
    }
}

struct Execution {
    birth: Arc<Birth>,
    events: Vec<Happened>,
    /// In the order they were taken.
    snapshots: Vec<Arc<Saved>>,
    end: Option<End>,
    redrives: Arc<Redrives>,
    /// About how many bytes it takes.
    bytes: usize,
}

/// What an execution or an event takes beside its values, and how many times its text a value takes at most: about that.
const ENTRY_BYTES: usize = 512;
const VALUE_BYTES: usize = 8;

/// The numbers of executions that nobody keeps begin here: they never meet those of executions that are kept.
const PASSING: u64 = 1 << 63;

impl Default for MemoryJournal {
    fn default() -> Self {
        MemoryJournal::keeping(usize::MAX)
    }
}

impl MemoryJournal {
    /// A journal that forgets finished executions, the earliest first, when there are more than so many.
    pub fn keeping(keeping: usize) -> Self {
        MemoryJournal { tables: Mutex::default(), last_sequence: AtomicU64::new(0), keeping, keeping_bytes: usize::MAX }
    }

    /// As [`Self::keeping`], for executions that are not kept; it forgets also when they take more than so many bytes. The
    /// last one to end can always be looked at.
    pub(super) fn passing(keeping: usize, keeping_bytes: usize) -> Self {
        MemoryJournal { last_sequence: AtomicU64::new(PASSING), keeping_bytes, ..MemoryJournal::keeping(keeping) }
    }

    fn is_full(&self, tables: &Tables) -> bool {
        let ended = tables.ended.len();
        ended > self.keeping || (ended > 1 && tables.ended_bytes > self.keeping_bytes)
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn take_down(&mut self, entry: &Entry) {
        match entry {
            Entry::Born(birth) => {
                for list in birth.lists() {
                    self.lists.entry(list.clone()).or_default().insert(Status::Running, birth.sequence);
                }
                self.by_arn.insert(birth.start.execution_arn.clone(), birth.sequence);
                self.unfinished.insert(birth.sequence);
                let execution = Execution {
                    birth: birth.clone(),
                    events: Vec::new(),
                    snapshots: Vec::new(),
                    end: None,
                    redrives: Arc::default(),
                    bytes: ENTRY_BYTES
                        + VALUE_BYTES * birth.start.input.json_len()
                        + birth.start.input_text.as_ref().map_or(0, Str::len),
                };
                self.executions.insert(birth.sequence, execution);
            }
            Entry::Happened { sequence, happened, .. } => {
                if let Some(execution) = self.executions.get_mut(sequence) {
                    execution.bytes += ENTRY_BYTES + VALUE_BYTES * value_len(&happened.event);
                    execution.events.push(happened.clone());
                }
            }
            Entry::Snapshot { sequence, saved } => {
                if let Some(execution) = self.executions.get_mut(sequence) {
                    // An earlier one at the same place of the history is not looked for any more.
                    execution.snapshots.pop_if(|earlier| earlier.history == saved.history);
                    execution.snapshots.push(saved.clone());
                }
            }
            Entry::Parked(parked) => {
                self.unfinished.remove(&parked.sequence);
                self.parked.insert(parked.sequence, parked.clone());
            }
            Entry::Awake { sequence } => {
                self.parked.remove(sequence);
                self.unfinished.insert(*sequence);
            }
            Entry::Ended(birth, end) => {
                if let Some(execution) = self.executions.get_mut(&birth.sequence) {
                    execution.bytes += VALUE_BYTES * outcome_len(&end.outcome);
                    execution.end = Some(end.clone());
                    execution.events.shrink_to_fit();
                    self.ended_bytes += execution.bytes;
                    self.unfinished.remove(&birth.sequence);
                    self.ended.insert((end.at, birth.sequence));
                    self.change_status(birth, Status::Running, Status::of(Some(&end.outcome)));
                }
            }
            Entry::Redriven { kept, redrives } => {
                let sequence = kept.birth.sequence;
                if let Some(execution) = self.executions.get_mut(&sequence) {
                    execution.redrives = redrives.clone();
                    if let Some(end) = execution.end.take() {
                        self.ended_bytes -= execution.bytes;
                        self.ended.remove(&(end.at, sequence));
                    }
                    self.unfinished.insert(sequence);
                    self.change_status(&kept.birth, kept.status(), Status::Running);
                }
            }
            Entry::Forgotten(kept) => {
                let sequence = kept.birth.sequence;
                let has_ended = |execution: &Execution| execution.end.is_some();
                if kept.end.is_none() || self.executions.get(&sequence).is_some_and(has_ended) {
                    self.forget(sequence);
                }
            }
            Entry::MapRun { map_run_arn, execution_arn } => {
                self.map_runs.insert(map_run_arn.clone(), execution_arn.clone());
                self.map_runs_of.entry(execution_arn.clone()).or_default().push(map_run_arn.clone());
            }
            Entry::Put { key, bytes: Some(bytes) } => _ = self.put.insert(key.clone(), bytes.clone()),
            Entry::Put { key, bytes: None } => _ = self.put.remove(key),
        }
    }

    fn change_status(&mut self, birth: &Birth, from: Status, to: Status) {
        for list in birth.lists() {
            if let Some(of) = self.lists.get_mut(list) {
                of.change(from, to, birth.sequence);
            }
        }
    }

    fn forget(&mut self, sequence: u64) {
        let Some(Execution { birth, end, bytes, .. }) = self.executions.remove(&sequence) else { return };
        let status = Status::of(end.as_ref().map(|end| &end.outcome));
        for list in birth.lists() {
            if let Some(of) = self.lists.get_mut(list) {
                of.remove(status, sequence);
                if of.all.is_empty() {
                    self.lists.remove(list);
                }
            }
        }
        for map_run in self.map_runs_of.remove(&birth.start.execution_arn).into_iter().flatten() {
            self.map_runs.remove(&map_run);
        }
        self.by_arn.remove(&birth.start.execution_arn);
        self.unfinished.remove(&sequence);
        self.parked.remove(&sequence);
        if let Some(end) = end {
            self.ended_bytes -= bytes;
            self.ended.remove(&(end.at, sequence));
        }
    }

    fn kept(&self, sequence: &u64) -> Option<Kept> {
        let Execution { birth, end, redrives, .. } = self.executions.get(sequence)?;
        Some(Kept { birth: birth.clone(), end: end.clone(), redrives: redrives.clone() })
    }
}

/// The length of the texts of the values that an event brings.
fn value_len(event: &Event) -> usize {
    match event {
        Event::TaskSubmitted { output, .. } | Event::TaskSucceeded { output, .. } => output.json_len(),
        Event::TaskFailed { error, .. } | Event::StopRequested { error } => error_len(error),
        Event::ChildFinished { outcome, .. } => outcome_len(outcome),
        _ => 0,
    }
}

fn outcome_len(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Succeeded { output } => output.json_len(),
        Outcome::Failed(error) | Outcome::TimedOut(error) | Outcome::Aborted(error) => error_len(error),
    }
}

fn error_len(StatesError { error, cause }: &StatesError) -> usize {
    [error, cause].into_iter().flatten().map(|text| text.len()).sum()
}

impl Journal for MemoryJournal {
    fn commit(&self, entries: &[Entry]) -> Result<(), JournalError> {
        let mut tables = self.tables();
        entries.iter().for_each(|entry| tables.take_down(entry));
        while self.is_full(&tables)
            && let Some((_, earliest)) = tables.ended.first().copied()
        {
            tables.forget(earliest);
        }
        Ok(())
    }

    fn blocks(&self) -> bool {
        false
    }

    fn next_sequence(&self) -> u64 {
        self.last_sequence.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn find(&self, execution_arn: &str) -> Result<Option<Kept>, JournalError> {
        let tables = self.tables();
        Ok(tables.by_arn.get(execution_arn).and_then(|sequence| tables.kept(sequence)))
    }

    fn get(&self, sequence: u64) -> Result<Option<Kept>, JournalError> {
        Ok(self.tables().kept(&sequence))
    }

    fn events(&self, sequence: u64, from: u32, limit: usize) -> Result<Vec<Happened>, JournalError> {
        let tables = self.tables();
        let events = tables.executions.get(&sequence).map_or(&[][..], |execution| &execution.events);
        Ok(events.iter().skip(from as usize).take(limit).cloned().collect())
    }

    fn snapshot(&self, sequence: u64, history: u64) -> Result<Option<Arc<Saved>>, JournalError> {
        let tables = self.tables();
        let snapshots = tables.executions.get(&sequence).map_or(&[][..], |execution| &execution.snapshots);
        Ok(snapshots.iter().rfind(|saved| saved.history <= history).cloned())
    }

    fn unfinished(&self) -> Result<Vec<Kept>, JournalError> {
        let tables = self.tables();
        Ok(tables.unfinished.iter().filter_map(|sequence| tables.kept(sequence)).collect())
    }

    fn parked(&self, tell: &mut dyn FnMut(Parked)) -> Result<(), JournalError> {
        let parked: Vec<Parked> = self.tables().parked.values().cloned().collect();
        parked.into_iter().for_each(tell);
        Ok(())
    }

    fn list(
        &self,
        of: &str,
        status: Option<Status>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Kept>, JournalError> {
        let tables = self.tables();
        let list = tables.lists.get(of).and_then(|list| list.of(status));
        let older = list.into_iter().flat_map(|list| list.range(..before.unwrap_or(u64::MAX)).rev());
        Ok(older.filter_map(|sequence| tables.kept(sequence)).take(limit).collect())
    }

    fn ended_first(&self, limit: usize) -> Result<Vec<(Timestamp, u64)>, JournalError> {
        Ok(self.tables().ended.iter().take(limit).copied().collect())
    }

    fn ended_count(&self) -> u64 {
        self.tables().ended.len() as u64
    }

    fn map_run_of(&self, map_run_arn: &str) -> Result<Option<Str>, JournalError> {
        Ok(self.tables().map_runs.get(map_run_arn).cloned())
    }

    fn scan(&self) -> Result<Vec<(String, Vec<u8>)>, JournalError> {
        Ok(self.tables().put.clone().into_iter().collect())
    }
}
