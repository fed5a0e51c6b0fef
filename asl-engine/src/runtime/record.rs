//! What the engine holds of executions while they run.

use super::clock::Clock;
use super::journal::{Birth, End, Kept};
use super::map_run::{MapRun, MapRuns};
use super::redrive::Redrives;
use crate::definition::Program;
use crate::machine::{MapRunNews, Outcome, Start};
use crate::time::Timestamp;
use crate::value::Str;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::Notify;

/// A finished or running execution, as it was when it was asked for. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Execution {
    /// Later executions have larger numbers.
    pub sequence: u64,
    /// How it began: ARN, name, input, role, state machine.
    pub start: Arc<Start>,
    /// What it executes.
    pub program: Arc<Program>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub stopped: Option<Timestamp>,
    /// How it ended; `None` while it runs.
    pub outcome: Option<Outcome>,
    /// How often it was redriven.
    pub redrives: Arc<Redrives>,
    /// How many events its history has, once it has ended; 0 while it runs.
    pub history: u64,
    /// The Map Run it is a child of.
    pub map_run_arn: Option<Str>,
    /// How many items of the Map Run it processes; 0 for executions that are no children.
    pub items: u64,
}

/// The status of an execution, as DescribeExecution tells it.
// The durable journal's indexes hold the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the API reference's own words")]
pub enum Status {
    Running = 0,
    Succeeded = 1,
    Failed = 2,
    TimedOut = 3,
    Aborted = 4,
}

impl Status {
    /// The status of an execution that ended so; `None`: it has not.
    pub fn of(outcome: Option<&Outcome>) -> Status {
        match outcome {
            None => Status::Running,
            Some(Outcome::Succeeded { .. }) => Status::Succeeded,
            Some(Outcome::Failed(_)) => Status::Failed,
            Some(Outcome::TimedOut(_)) => Status::TimedOut,
            Some(Outcome::Aborted(_)) => Status::Aborted,
        }
    }
}

impl Execution {
    /// Where it stands.
    pub fn status(&self) -> Status {
        Status::of(self.outcome.as_ref())
    }
}

impl From<Kept> for Execution {
    fn from(Kept { birth, end, redrives }: Kept) -> Execution {
        let history = end.as_ref().map_or(0, |end| end.history);
        let (stopped, outcome) = end.map(|End { at, outcome, .. }| (at, outcome)).unzip();
        Execution {
            sequence: birth.sequence,
            start: birth.start.clone(),
            program: birth.program.clone(),
            started: birth.started,
            stopped,
            outcome,
            redrives,
            history,
            map_run_arn: birth.parent.as_ref().map(|parent| parent.map_run_arn.clone()),
            items: birth.parent.as_ref().map_or(0, |parent| parent.items),
        }
    }
}

/// An execution that runs, and for those who wait for it its end.
pub(super) struct Record {
    pub(super) birth: Arc<Birth>,
    /// Tells which shard it lives in. Children live with their parents.
    pub(super) home: u64,
    /// Does the engine's journal keep it? Others end with the process.
    pub(super) kept: bool,
    /// Is its start recorded? Until then nobody may see it.
    public: AtomicBool,
    /// How often it was redriven.
    redrives: Arc<Redrives>,
    end: Mutex<Option<End>>,
    pub(super) ended: Notify,
    /// Handlers that wait for the end; virtual time may pass until then, and not a moment longer.
    patient: Patient,
}

impl Record {
    fn end(&self) -> MutexGuard<'_, Option<End>> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its start is recorded.
    pub(super) fn publish(&self) {
        self.public.store(true, Ordering::Release);
    }

    pub(super) fn snapshot(&self) -> Execution {
        Kept { birth: self.birth.clone(), end: self.end().clone(), redrives: self.redrives.clone() }.into()
    }
}

struct Patient {
    clock: Clock,
    waiting: AtomicUsize,
}

impl Patient {
    fn wait(&self) {
        if let Clock::Virtual(clock) = &self.clock {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            clock.wait_patiently(1);
        }
    }

    /// At most so many no longer wait.
    fn release(&self, most: usize) {
        let Clock::Virtual(clock) = &self.clock else { return };
        let mut released = 0;
        let _ = self.waiting.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |waiting| {
            released = waiting.min(most);
            Some(waiting - released)
        });
        clock.wait_patiently(-(released as isize));
    }
}

/// A handler's wait for the end of another execution.
pub(super) struct PatientWait(Arc<Record>);

impl PatientWait {
    pub(super) fn new(record: Arc<Record>) -> Self {
        record.patient.wait();
        if record.end().is_some() {
            record.patient.release(1);
        }
        PatientWait(record)
    }
}

impl Drop for PatientWait {
    fn drop(&mut self) {
        self.0.patient.release(1);
    }
}

/// The executions that run in memory, by ARN, and their Map Runs.
#[derive(Default)]
pub(super) struct Records {
    tables: RwLock<Tables>,
    running: AtomicUsize,
}

#[derive(Default)]
struct Tables {
    map_runs: MapRuns,
    by_arn: HashMap<Str, Arc<Record>>,
}

impl Records {
    /// A new execution. Its shard has made sure that its ARN is free.
    pub(super) fn insert(
        &self,
        birth: Arc<Birth>,
        home: u64,
        kept: bool,
        redrives: Arc<Redrives>,
        clock: Clock,
    ) -> Arc<Record> {
        let record = Arc::new(Record {
            birth,
            home,
            kept,
            public: AtomicBool::new(false),
            redrives,
            end: Mutex::default(),
            ended: Notify::new(),
            patient: Patient { clock, waiting: AtomicUsize::new(0) },
        });
        self.change().by_arn.insert(record.birth.start.execution_arn.clone(), record.clone());
        record
    }

    /// So many more executions run, in memory or parked.
    pub(super) fn count_running(&self, more: usize) {
        self.running.fetch_add(more, Ordering::Relaxed);
    }

    /// An execution leaves memory; the journal tells of it from now on.
    pub(super) fn leave(&self, record: &Record) {
        let execution_arn = &record.birth.start.execution_arn;
        let mut tables = self.change();
        tables.by_arn.remove(execution_arn);
        tables.map_runs.forget(execution_arn);
    }

    /// An execution has ended, and the journal has it.
    pub(super) fn finish(&self, record: &Record, end: End) {
        *record.end() = Some(end);
        let Birth { start, parent, .. } = &*record.birth;
        let mut tables = self.change();
        tables.by_arn.remove(&start.execution_arn);
        tables.map_runs.forget(&start.execution_arn);
        if let Some(parent) = parent {
            tables.map_runs.child_ended(&parent.map_run_arn, &record.snapshot());
        }
        drop(tables);
        self.running.fetch_sub(1, Ordering::Relaxed);
        // First: from here on, who waited is busy again.
        record.patient.release(usize::MAX);
        record.ended.notify_waiters();
    }

    /// How many executions have not ended.
    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// How many of them are in memory.
    pub(super) fn in_memory(&self) -> usize {
        self.tables().by_arn.len()
    }

    /// The running execution of that ARN.
    pub(super) fn get(&self, execution_arn: &str) -> Option<Arc<Record>> {
        self.get_unrecorded(execution_arn).filter(|record| record.public.load(Ordering::Acquire))
    }

    /// As [`Records::get`], also while its start is not recorded yet.
    pub(super) fn get_unrecorded(&self, execution_arn: &str) -> Option<Arc<Record>> {
        self.tables().by_arn.get(execution_arn).cloned()
    }

    fn tables(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Tables> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes down what a machine tells of a Map Run.
    pub(super) fn map_run_news(&self, execution_arn: &Str, map_run_arn: Str, at: Timestamp, news: MapRunNews) {
        self.change().map_runs.tell(execution_arn, map_run_arn, at, news);
    }

    /// A child of a Map Run begins; `again`: it, or one that it stands for, had ended without success.
    pub(super) fn map_run_child(&self, map_run_arn: &str, items: u64, again: bool) {
        let map_runs = &mut self.change().map_runs;
        if again { map_runs.child_again(map_run_arn, items) } else { map_runs.child_started(map_run_arn, items) }
    }

    /// A child of a Map Run is found in the journal.
    pub(super) fn map_run_child_known(&self, map_run_arn: &str, child: &Execution) {
        self.change().map_runs.child_known(map_run_arn, child);
    }

    pub(super) fn map_run(&self, map_run_arn: &str) -> Option<MapRun> {
        self.tables().map_runs.get(map_run_arn)
    }

    pub(super) fn map_runs(&self, execution_arn: &str) -> Vec<MapRun> {
        self.tables().map_runs.of_execution(execution_arn)
    }
}
