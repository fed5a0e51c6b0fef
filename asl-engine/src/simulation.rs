//! Runs a machine in memory, with a virtual clock and scripted answers: no thread, no I/O, no waiting.
//!
//! ```
//! use asl_engine::{Definition, StatesError, simulation::{Answer, Simulation}};
//! let definition = Definition::parse(r#"{"StartAt": "Charge", "States": {"Charge": {"Type": "Task", "End": true,
//!     "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Charge",
//!     "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 3600, "MaxAttempts": 30, "BackoffRate": 1}]}}}"#,
//!     &Default::default());
//! let mut simulation = Simulation::new(definition.program.unwrap(), Default::default());
//! let mut calls = 0;
//! simulation.run(|_| {
//!     calls += 1;
//!     Answer::Now(if calls <= 24 { Err(StatesError::named("Busy")) } else { Ok("paid".into()) })
//! });
//! assert_eq!(simulation.elapsed().as_secs(), 24 * 3600);
//! ```

use crate::definition::Program;
use crate::history::HistoryEvent;
use crate::machine::{Command, Effects, Event, Machine, Outcome, Start, TaskCommand, TaskId, TimerId};
use crate::task::TaskResult;
use crate::time::Timestamp;
use crate::value::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How a scripted task goes.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It ends at once.
    Now(TaskResult),
    /// It ends after this time.
    After(Duration, TaskResult),
    /// Its service accepts it at once, and it ends after this time (`.sync`, `.waitForTaskToken`).
    Submitted(Value, Duration, TaskResult),
    /// It never ends by itself.
    Never,
}

/// One execution in virtual time.
pub struct Simulation {
    machine: Machine,
    now: Timestamp,
    started: Timestamp,
    agenda: BTreeMap<(Timestamp, u64), Event>,
    next: u64,
    scheduled: VecDeque<TaskCommand>,
    journal: Vec<(Timestamp, Event)>,
    history: Option<Vec<HistoryEvent>>,
}

impl Simulation {
    /// An execution that starts when it is first run, at a fixed time: 2024-01-01T00:00:00Z.
    pub fn new(program: Arc<Program>, start: Start) -> Self {
        let now = Timestamp::from_millis(1_704_067_200_000);
        Simulation {
            machine: Machine::new(program, start),
            now,
            started: now,
            agenda: BTreeMap::from([((now, 0), Event::Started)]),
            next: 1,
            scheduled: VecDeque::new(),
            journal: Vec::new(),
            history: Some(Vec::new()),
        }
    }

    /// Keeps neither journal nor history, to measure the machine alone.
    pub fn without_history(mut self) -> Self {
        self.history = None;
        self
    }

    /// Runs until the execution ends, or until nothing more will happen by itself. `answer` says how each task goes.
    pub fn run(&mut self, mut answer: impl FnMut(&TaskCommand) -> Answer) -> Option<&Outcome> {
        while self.step(&mut answer) {}
        self.machine.outcome()
    }

    /// Does the next thing that happens; false when there is none.
    pub fn step(&mut self, answer: &mut impl FnMut(&TaskCommand) -> Answer) -> bool {
        while let Some(command) = self.scheduled.pop_front() {
            let task = command.task;
            let (submitted, pause, result) = match answer(&command) {
                Answer::Now(result) => (None, Duration::ZERO, result),
                Answer::After(pause, result) => (None, pause, result),
                Answer::Submitted(output, pause, result) => (Some(output), pause, result),
                Answer::Never => continue,
            };
            if let Some(output) = submitted {
                self.plan(self.now, Event::TaskSubmitted { task, output });
            }
            let at = self.now.plus_millis(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX));
            self.plan(at, ended(task, result));
        }
        let Some(((at, _), event)) = self.agenda.pop_first() else { return false };
        if self.machine.outcome().is_some() {
            return false;
        }
        self.now = self.now.max(at);
        self.happen(event);
        true
    }

    /// Makes something happen now.
    pub fn happen(&mut self, event: Event) {
        let mut effects = Effects { commands: Vec::new(), history: self.history.take() };
        if effects.history.is_some() {
            self.journal.push((self.now, event.clone()));
        }
        self.machine.step(self.now, event, &mut effects);
        self.history = effects.history;
        for command in effects.commands {
            match command {
                Command::Schedule(command) => self.scheduled.push_back(*command),
                Command::Wake { timer, at } => self.wake(timer, at),
                Command::Resume => self.plan(self.now, Event::Resumed),
                Command::Abandon { .. } | Command::Finish(_) => {}
            }
        }
    }

    fn wake(&mut self, timer: TimerId, at: Timestamp) {
        self.plan(at, Event::DeadlineReached { timer });
    }

    fn plan(&mut self, at: Timestamp, event: Event) {
        self.agenda.insert((at, self.next), event);
        self.next += 1;
    }

    /// The execution.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// How it ended; `None` while it has not.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.machine.outcome()
    }

    /// Virtual time passed since the start.
    pub fn elapsed(&self) -> Duration {
        Duration::from_millis((self.now.as_millis() - self.started.as_millis()).unsigned_abs())
    }

    /// The history so far.
    pub fn history(&self) -> &[HistoryEvent] {
        self.history.as_deref().unwrap_or_default()
    }

    /// What happened so far: another machine that is told the same does the same.
    pub fn journal(&self) -> &[(Timestamp, Event)] {
        &self.journal
    }

    /// The names of the states entered, in order.
    pub fn path(&self) -> Vec<&str> {
        use crate::history::HistoryDetail::StateEntered;
        self.history()
            .iter()
            .filter_map(|event| match &event.detail {
                StateEntered { name, .. } => Some(name.as_str()),
                _ => None,
            })
            .collect()
    }
}

fn ended(task: TaskId, result: TaskResult) -> Event {
    match result {
        Ok(output) => Event::TaskSucceeded { task, output },
        Err(error) => Event::TaskFailed { task, error },
    }
}
