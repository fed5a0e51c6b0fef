//! What the engine keeps of every execution: how it began, what happened to it, how it ended.

use super::clock::Clock;
use crate::definition::Program;
use crate::history::HistoryEvent;
use crate::machine::{Effects, Event, Machine, Outcome, Start};
use crate::time::Timestamp;
use crate::value::Str;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
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
    sequence: u64,
    life: Mutex<Life>,
    pub(super) ended: Notify,
    /// Handlers that wait for the end; virtual time may pass until then, and not a moment longer.
    patient: Patient,
    running: Arc<AtomicUsize>,
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
        Execution { start, program, started: self.started, stopped, outcome }
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
            sequence,
            life: Mutex::default(),
            ended: Notify::new(),
            patient: Patient { clock, waiting: AtomicUsize::new(0) },
            running: self.running.clone(),
        });
        self.running.fetch_add(1, Ordering::Relaxed);
        tables.by_arn.insert(record.start.execution_arn.clone(), record.clone());
        tables.by_state_machine.entry(record.start.state_machine_arn.clone()).or_default().push(record.clone());
        Ok(record)
    }

    /// How many executions have not ended.
    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    pub(super) fn get(&self, execution_arn: &str) -> Option<Arc<Record>> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner).by_arn.get(execution_arn).cloned()
    }

    /// Newest first, after the execution `after`.
    pub(super) fn list(
        &self,
        state_machine_arn: &str,
        status: Option<Status>,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<Execution> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        let Some(all) = tables.by_state_machine.get(state_machine_arn) else { return Vec::new() };
        let end = match after.and_then(|arn| tables.by_arn.get(arn)) {
            Some(after) => all.partition_point(|record| record.sequence < after.sequence),
            None => all.len(),
        };
        let newest_first = all[..end].iter().rev().map(|record| record.snapshot());
        newest_first.filter(|execution| status.is_none_or(|status| execution.status() == status)).take(limit).collect()
    }
}
