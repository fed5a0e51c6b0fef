//! What the engine keeps of every execution: how it began, what happened to it, how it ended.

use super::clock::Clock;
use super::map_run::{MapRun, MapRuns};
use crate::definition::Program;
use crate::history::HistoryEvent;
use crate::machine::{ChildId, Effects, Event, Machine, MapRunNews, Outcome, Start};
use crate::time::Timestamp;
use crate::value::Str;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::Notify;

/// A finished or running execution, as it was when it was asked for. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Execution {
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
    /// The Map Run it is a child of.
    pub map_run_arn: Option<Str>,
    /// How many items of the Map Run it processes; 0 for executions that are no children.
    pub items: u64,
}

/// The status of an execution, as DescribeExecution tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the API reference's own words")]
pub enum Status {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

impl Execution {
    /// Where it stands.
    pub fn status(&self) -> Status {
        match self.outcome {
            None => Status::Running,
            Some(Outcome::Succeeded { .. }) => Status::Succeeded,
            Some(Outcome::Failed(_)) => Status::Failed,
            Some(Outcome::TimedOut(_)) => Status::TimedOut,
            Some(Outcome::Aborted(_)) => Status::Aborted,
        }
    }
}

/// The record of one execution: its journal, from which everything else can be derived again.
pub(super) struct Record {
    pub(super) start: Arc<Start>,
    pub(super) program: Arc<Program>,
    pub(super) started: Timestamp,
    /// Whose child it is, when it is one.
    pub(super) parent: Option<Parent>,
    /// Which shard it lives in. Children live with their parents.
    pub(super) shard: usize,
    sequence: u64,
    life: Mutex<Life>,
    pub(super) ended: Notify,
    /// Handlers that wait for the end; virtual time may pass until then, and not a moment longer.
    patient: Patient,
    running: Arc<AtomicUsize>,
}

/// What a child execution knows of where it comes from.
pub(super) struct Parent {
    pub(super) execution_arn: Str,
    pub(super) child: ChildId,
    pub(super) map_run_arn: Str,
    /// How many items it processes.
    pub(super) items: u64,
}

#[derive(Default)]
struct Life {
    journal: Vec<(Timestamp, Event)>,
    end: Option<(Timestamp, Outcome)>,
}

impl Record {
    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down an event, before anything follows from it.
    pub(super) fn append(&self, at: Timestamp, event: Event) {
        self.life().journal.push((at, event));
    }

    pub(super) fn finish(&self, at: Timestamp, outcome: Outcome) {
        self.life().end = Some((at, outcome));
        self.running.fetch_sub(1, Ordering::Relaxed);
        // First: from here on, who waited is busy again.
        self.patient.release(usize::MAX);
        self.ended.notify_waiters();
    }

    pub(super) fn snapshot(&self) -> Execution {
        let (stopped, outcome) = self.life().end.clone().unzip();
        let (start, program) = (self.start.clone(), self.program.clone());
        let map_run_arn = self.parent.as_ref().map(|parent| parent.map_run_arn.clone());
        let items = self.parent.as_ref().map_or(0, |parent| parent.items);
        Execution { start, program, started: self.started, stopped, outcome, map_run_arn, items }
    }

    /// The history, derived from the journal.
    pub(super) fn history(&self) -> Vec<HistoryEvent> {
        let journal = self.life().journal.clone();
        let mut machine = Machine::new(self.program.clone(), (*self.start).clone());
        let mut effects = Effects::with_history();
        for (at, event) in journal {
            machine.step(at, event, &mut effects);
            effects.commands.clear();
        }
        effects.history.unwrap_or_default()
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
        if record.life().end.is_some() {
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

/// Every execution, by ARN and by state machine.
#[derive(Default)]
pub(super) struct Records {
    tables: RwLock<Tables>,
    running: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Tables {
    map_runs: MapRuns,
    by_arn: HashMap<Str, Arc<Record>>,
    /// In the order they started.
    by_state_machine: HashMap<Str, Vec<Arc<Record>>>,
    last_sequence: u64,
}

impl Records {
    /// Takes the ARN for a new execution, or gives the execution that has it.
    pub(super) fn insert(
        &self,
        program: Arc<Program>,
        start: Start,
        started: Timestamp,
        clock: Clock,
        shard: usize,
        parent: Option<Parent>,
    ) -> Result<Arc<Record>, Arc<Record>> {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(existing) = tables.by_arn.get(&start.execution_arn) {
            return Err(existing.clone());
        }
        tables.last_sequence += 1;
        let sequence = tables.last_sequence;
        let record = Arc::new(Record {
            start: Arc::new(start),
            program,
            started,
            parent,
            shard,
            sequence,
            life: Mutex::default(),
            ended: Notify::new(),
            patient: Patient { clock, waiting: AtomicUsize::new(0) },
            running: self.running.clone(),
        });
        self.running.fetch_add(1, Ordering::Relaxed);
        if let Some(parent) = &record.parent {
            tables.map_runs.add_child(&parent.map_run_arn, record.clone());
        }
        tables.by_arn.insert(record.start.execution_arn.clone(), record.clone());
        tables.by_state_machine.entry(record.start.state_machine_arn.clone()).or_default().push(record.clone());
        Ok(record)
    }

    /// How many executions have not ended.
    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    pub(super) fn get(&self, execution_arn: &str) -> Option<Arc<Record>> {
        self.tables().by_arn.get(execution_arn).cloned()
    }

    fn tables(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes down what a machine tells of a Map Run.
    pub(super) fn map_run_news(&self, execution_arn: &Str, map_run_arn: Str, at: Timestamp, news: MapRunNews) {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        tables.map_runs.tell(execution_arn, map_run_arn, at, news);
    }

    pub(super) fn map_run(&self, map_run_arn: &str) -> Option<MapRun> {
        self.tables().map_runs.get(map_run_arn)
    }

    pub(super) fn map_runs(&self, execution_arn: &str) -> Vec<MapRun> {
        self.tables().map_runs.of_execution(execution_arn)
    }

    /// The executions of a state machine, or the children of a Map Run: newest first, after the execution `after`.
    pub(super) fn list(&self, of: &str, status: Option<Status>, after: Option<&str>, limit: usize) -> Vec<Execution> {
        let tables = self.tables();
        let children = tables.map_runs.children(of);
        let Some(all) = children.or_else(|| tables.by_state_machine.get(of).map(Vec::as_slice)) else {
            return Vec::new();
        };
        let end = match after.and_then(|arn| tables.by_arn.get(arn)) {
            Some(after) => all.partition_point(|record| record.sequence < after.sequence),
            None => all.len(),
        };
        let newest_first = all[..end].iter().rev().map(|record| record.snapshot());
        newest_first.filter(|execution| status.is_none_or(|status| execution.status() == status)).take(limit).collect()
    }
}
