//! Tries one state alone, as the API's TestState does: with a mocked result or error, or with real tasks, and shows what
//! its data flow did on the way. Pure, as the machine is: who drives it owns time and tasks.
//!
//! ```
//! use asl_engine::test_state::{Progress, StateTest, Status, Subject};
//! use asl_engine::{Definition, Timestamp, Value};
//! let state = r#"{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "F"}, "ResultPath": "$.price", "Next": "Pay"}"#;
//! let program = Definition::parse_state(state, "Price", &Default::default()).program.unwrap();
//! let subject = Subject { mock: Some(Ok(Value::from(42))), ..Subject::default() };
//! let mut test = StateTest::new(program, subject).unwrap();
//! let Progress::Done(report) = test.run(Timestamp::default()) else { panic!("the task is mocked") };
//! assert_eq!((report.status, report.next_state.as_deref()), (Status::Succeeded, Some("Pay")));
//! assert_eq!(report.output.unwrap().to_json(), r#"{"price":42}"#);
//! ```

use crate::definition::Program;
use crate::definition::program::{StateId, StateKind};
use crate::error::StatesError;
use crate::machine::{
    Command, Effects, Event, Inspection, Machine, MachineType, Outcome, Start, TaskCommand, TaskId, TimerId, Trial,
};
use crate::query::QueryLanguage;
use crate::task::TaskResult;
use crate::time::Timestamp;
use crate::value::{Object, Str, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// What is tried, and in which circumstances.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// The state; the program's first when `None`.
    pub state: Option<StateId>,
    /// The state's input, and what the context object tells of the execution and the state machine. A test is always that of
    /// an EXPRESS execution, and so lasts five minutes at most.
    pub start: Start,
    /// The whole context object, instead.
    pub context: Option<Value>,
    /// The variables in scope.
    pub variables: Object,
    /// What the task, the branches or the iterations of the state amount to. Without it, a task is asked for.
    pub mock: Option<TaskResult>,
    /// How often the retrier that matches the state's error was used before.
    pub retrier_retry_count: u64,
    /// How many iterations of a Map state failed.
    pub map_iteration_failure_count: u64,
    /// What the ItemReader of a Map state reads: the text of the object.
    pub map_item_reader_data: Option<Str>,
}

/// A Parallel or Map state cannot be tried without a mock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a Parallel or Map state can only be tested with a mock, because a test executes no other state")]
pub struct MockMissing;

/// The test of one state.
#[derive(Debug)]
pub struct StateTest {
    machine: Machine,
    mock: Option<TaskResult>,
    task: Option<TaskId>,
    timers: BTreeSet<(Timestamp, TimerId)>,
}

/// How a test goes on.
#[derive(Debug)]
pub enum Progress {
    /// It needs the answer of this task ([`StateTest::answer`]), unless [`StateTest::deadline`] is reached before.
    Asks(Box<TaskCommand>),
    /// It is over.
    Done(Box<Report>),
}

/// How a tested state ended (API reference, TestState: *status*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It succeeded.
    Succeeded,
    /// It failed for good.
    Failed,
    /// It failed, and a retrier would try again.
    Retriable,
    /// It failed, and a catcher leads on.
    CaughtError,
}

/// What came of a test.
#[derive(Clone, Debug)]
pub struct Report {
    /// How the state ended.
    pub status: Status,
    /// Its output, when it was left.
    pub output: Option<Value>,
    /// Its error, caught or not.
    pub error: Option<StatesError>,
    /// The state it leads to.
    pub next_state: Option<Str>,
    /// The state's query language: some of the inspected values have other names in each.
    pub query_language: QueryLanguage,
    /// The values between the steps of the data flow.
    pub inspection: Inspection,
}

impl StateTest {
    /// A test that has not begun.
    ///
    /// # Errors
    /// When the state is a Parallel or Map state and there is no mock.
    pub fn new(program: Arc<Program>, subject: Subject) -> Result<Self, MockMissing> {
        let id = subject.state.unwrap_or(program.start_at);
        let has_body = matches!(program.state(id).kind, StateKind::Parallel(_) | StateKind::Map(_));
        if has_body && subject.mock.is_none() {
            return Err(MockMissing);
        }
        let start = Start { start_at: Some(id), machine_type: MachineType::Express, ..subject.start };
        let trial = Trial {
            context: subject.context,
            variables: subject.variables,
            retries: subject.retrier_retry_count,
            body: subject.mock.clone().filter(|_| has_body),
            failed_iterations: subject.map_iteration_failure_count,
            item_reader_data: subject.map_item_reader_data,
            ..Trial::default()
        };
        let machine = Machine::with_trial(program, start, trial);
        Ok(StateTest { machine, mock: subject.mock, task: None, timers: BTreeSet::new() })
    }

    /// Begins the test.
    pub fn run(&mut self, now: Timestamp) -> Progress {
        self.happen(now, Event::Started)
    }

    /// The task that was asked for is done.
    pub fn answer(&mut self, now: Timestamp, result: TaskResult) -> Progress {
        match self.task.take() {
            Some(task) => self.happen(now, ended(task, result)),
            None => Progress::Done(Box::new(self.report())),
        }
    }

    /// Until when the task that was asked for may be answered.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// The deadline was reached before the task was answered.
    pub fn deadline_reached(&mut self) -> Progress {
        match self.timers.pop_first() {
            Some((at, timer)) => self.happen(at, Event::DeadlineReached { timer }),
            None => Progress::Done(Box::new(self.report())),
        }
    }

    /// Waits take no time: nothing can be seen of them.
    fn happen(&mut self, mut now: Timestamp, mut event: Event) -> Progress {
        loop {
            let mut effects = Effects::default();
            self.machine.step(now, event, &mut effects);
            let mut asked = None;
            for command in effects.commands {
                match command {
                    Command::Schedule(command) => asked = Some(command),
                    Command::Wake { timer, at } => _ = self.timers.insert((at, timer)),
                    _ => {}
                }
            }
            if self.machine.outcome().is_some() {
                return Progress::Done(Box::new(self.report()));
            }
            if let Some(command) = asked {
                match self.mock.take() {
                    Some(result) => event = ended(command.task, result),
                    None => {
                        self.task = Some(command.task);
                        return Progress::Asks(command);
                    }
                }
                continue;
            }
            match self.timers.pop_first() {
                Some((at, timer)) => {
                    now = at;
                    event = Event::DeadlineReached { timer };
                }
                None => return Progress::Done(Box::new(self.report())),
            }
        }
    }

    fn report(&self) -> Report {
        let inspection = self.machine.trial().map(Trial::inspection).unwrap_or_default();
        let start_at = self.machine.start().start_at.unwrap_or(self.machine.program().start_at);
        let retriable = inspection.retrier.is_some_and(|retrier| retrier.backoff_seconds.is_some());
        let (status, output, error) = match (self.machine.outcome().cloned(), &inspection.caught) {
            (Some(Outcome::Succeeded { output }), None) => (Status::Succeeded, Some(output), None),
            (Some(Outcome::Succeeded { output }), Some((_, error))) => {
                (Status::CaughtError, Some(output), Some(error.clone()))
            }
            (Some(Outcome::Failed(error) | Outcome::TimedOut(error) | Outcome::Aborted(error)), _) => {
                (if retriable { Status::Retriable } else { Status::Failed }, None, Some(error))
            }
            (None, _) => (Status::Failed, None, None),
        };
        Report {
            status,
            output,
            error,
            next_state: inspection.next_state.clone(),
            query_language: self.machine.program().state(start_at).query_language,
            inspection,
        }
    }
}

fn ended(task: TaskId, result: TaskResult) -> Event {
    match result {
        Ok(output) => Event::TaskSucceeded { task, output },
        Err(error) => Event::TaskFailed { task, error },
    }
}
