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
use crate::error::StatesError;
use crate::history::HistoryEvent;
use crate::machine::{ChildCommand, ChildId, Command, Effects, Event, Machine, Outcome, Start, TaskCommand, TaskId};
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

/// One execution in virtual time, with the child executions of its Map Runs.
pub struct Simulation {
    /// The execution itself, then its children and theirs, in the order they started.
    executions: Vec<Hosted>,
    now: Timestamp,
    started: Timestamp,
    agenda: BTreeMap<(Timestamp, u64), (usize, Event)>,
    next: u64,
    scheduled: VecDeque<(usize, TaskCommand)>,
    keeps_history: bool,
}

struct Hosted {
    machine: Machine,
    /// Whose child it is, and which.
    parent: Option<(usize, ChildId)>,
    children: BTreeMap<ChildId, usize>,
    journal: Vec<(Timestamp, Event)>,
    history: Vec<HistoryEvent>,
}

impl Simulation {
    /// An execution that starts when it is first run, at a fixed time: 2024-01-01T00:00:00Z.
    pub fn new(program: Arc<Program>, start: Start) -> Self {
        let now = Timestamp::from_millis(1_704_067_200_000);
        let mut simulation = Simulation {
            executions: Vec::new(),
            now,
            started: now,
            agenda: BTreeMap::new(),
            next: 0,
            scheduled: VecDeque::new(),
            keeps_history: true,
        };
        simulation.host(program, start, None);
        simulation
    }

    /// Keeps neither journal nor history, to measure the machine alone.
    pub fn without_history(mut self) -> Self {
        self.keeps_history = false;
        self
    }

    /// A new execution, about to start.
    fn host(&mut self, program: Arc<Program>, start: Start, parent: Option<(usize, ChildId)>) -> usize {
        let machine = Machine::new(program, start);
        let (children, journal, history) = (BTreeMap::new(), Vec::new(), Vec::new());
        self.executions.push(Hosted { machine, parent, children, journal, history });
        let execution = self.executions.len() - 1;
        self.plan(self.now, execution, Event::Started);
        execution
    }

    /// Runs until the execution ends, or until nothing more will happen by itself. `answer` says how each task goes, those
    /// of child executions, too.
    pub fn run(&mut self, mut answer: impl FnMut(&TaskCommand) -> Answer) -> Option<&Outcome> {
        while self.step(&mut answer) {}
        self.outcome()
    }

    /// Does the next thing that happens; false when there is none.
    pub fn step(&mut self, answer: &mut impl FnMut(&TaskCommand) -> Answer) -> bool {
        while let Some((execution, command)) = self.scheduled.pop_front() {
            let task = command.task;
            let (submitted, pause, result) = match answer(&command) {
                Answer::Now(result) => (None, Duration::ZERO, result),
                Answer::After(pause, result) => (None, pause, result),
                Answer::Submitted(output, pause, result) => (Some(output), pause, result),
                Answer::Never => continue,
            };
            if let Some(output) = submitted {
                self.plan(self.now, execution, Event::TaskSubmitted { task, output });
            }
            let at = self.now.plus_millis(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX));
            self.plan(at, execution, ended(task, result));
        }
        // When the execution is over, its children still hear at once that they are stopped; nothing later happens.
        let over = self.outcome().is_some();
        let Some(next) = self.agenda.first_entry().filter(|next| !over || next.key().0 <= self.now) else {
            return false;
        };
        let ((at, _), (execution, event)) = next.remove_entry();
        self.now = self.now.max(at);
        self.happen_to(execution, event);
        true
    }

    /// Makes something happen to the execution now.
    pub fn happen(&mut self, event: Event) {
        self.happen_to(0, event);
    }

    fn happen_to(&mut self, execution: usize, event: Event) {
        let now = self.now;
        let Hosted { machine, history, journal, .. } = &mut self.executions[execution];
        let mut effects =
            Effects { commands: Vec::new(), history: self.keeps_history.then(|| std::mem::take(history)) };
        if self.keeps_history {
            journal.push((now, event.clone()));
        }
        machine.step(now, event, &mut effects);
        *history = effects.history.unwrap_or_default();
        for command in effects.commands {
            self.perform(execution, command);
        }
    }

    fn perform(&mut self, execution: usize, command: Command) {
        match command {
            Command::Schedule(command) => self.scheduled.push_back((execution, *command)),
            Command::Wake { timer, at } => self.plan(at, execution, Event::DeadlineReached { timer }),
            Command::Resume => self.plan(self.now, execution, Event::Resumed),
            Command::StartChild(command) => {
                let ChildCommand { child, start, .. } = *command;
                let program = self.executions[execution].machine.program().clone();
                let hosted = self.host(program, start, Some((execution, child)));
                self.executions[execution].children.insert(child, hosted);
            }
            Command::RedriveChild { child, .. } => {
                let Some(hosted) = self.executions[execution].children.get(&child).copied() else { return };
                match self.executions[hosted].machine.outcome().cloned() {
                    // It was to be stopped, but had succeeded.
                    Some(outcome @ Outcome::Succeeded { .. }) => {
                        self.plan(self.now, execution, Event::ChildFinished { child, outcome });
                    }
                    _ => self.plan(self.now, hosted, Event::Redriven),
                }
            }
            Command::StopChild { child } => {
                if let Some(hosted) = self.executions[execution].children.get(&child) {
                    self.plan(self.now, *hosted, Event::StopRequested { error: StatesError::default() });
                }
            }
            Command::Finish(outcome) => {
                if let Some((parent, child)) = self.executions[execution].parent {
                    self.plan(self.now, parent, Event::ChildFinished { child, outcome });
                }
            }
            Command::Abandon { .. } | Command::MapRun { .. } => {}
        }
    }

    fn plan(&mut self, at: Timestamp, execution: usize, event: Event) {
        self.agenda.insert((at, self.next), (execution, event));
        self.next += 1;
    }

    /// The execution.
    pub fn machine(&self) -> &Machine {
        &self.executions[0].machine
    }

    /// How it ended; `None` while it has not.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.machine().outcome()
    }

    /// The child executions of Map Runs, those of children included, in the order they started: each with its history.
    pub fn children(&self) -> impl Iterator<Item = (&Machine, &[HistoryEvent])> {
        self.executions[1..].iter().map(|child| (&child.machine, child.history.as_slice()))
    }

    /// Virtual time passed since the start.
    pub fn elapsed(&self) -> Duration {
        Duration::from_millis((self.now.as_millis() - self.started.as_millis()).unsigned_abs())
    }

    /// The history so far.
    pub fn history(&self) -> &[HistoryEvent] {
        &self.executions[0].history
    }

    /// What happened so far: another machine that is told the same does the same.
    pub fn journal(&self) -> &[(Timestamp, Event)] {
        &self.executions[0].journal
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
