//! The engine: starts executions and answers for them.

use super::activity::{Activities, ActivityTask};
use super::clock::Clock;
use super::functions::Functions;
use super::map_run::MapRun;
use super::record::{Execution, PatientWait, Record, Records, Status};
use super::shard::{INBOX, Message, Shard, Shared};
use super::task_future::Guarded;
use crate::definition::Program;
use crate::error::StatesError;
use crate::history::HistoryEvent;
use crate::machine::{Event, MapRunLimits, Outcome, Start, token};
use crate::mock::MockConfig;
use crate::task::{TaskHandler, TaskRequest, TaskResult};
use crate::time::Timestamp;
use crate::value::{Str, Value};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{mpsc, oneshot};

/// Executes state machines. Clones are the same engine; it ends when the last of them is gone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    shards: Vec<mpsc::Sender<Message>>,
    running_max: usize,
    anonymous: AtomicU64,
}

/// How an [`Engine`] is made.
#[derive(Default)]
pub struct EngineBuilder {
    clock: Clock,
    functions: Functions,
    mocks: MockConfig,
    shards: Option<usize>,
    running_max: Option<usize>,
}

/// Why an execution was not started.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StartError {
    /// The ARN is taken, by this execution; the caller decides what that means.
    #[error("an execution with the ARN `{}` exists already", .0.start.execution_arn)]
    AlreadyExists(Box<Execution>),
    /// The engine was told to keep no more executions.
    #[error("too many executions are running; let some finish, or raise the engine's limit")]
    Overloaded,
    /// The tokio runtime that the engine was built in is gone.
    #[error("the engine has stopped")]
    Stopped,
}

/// What a worker or a callback says about a task by its token.
#[derive(Clone, Debug)]
pub enum TokenReport {
    /// It is done.
    Success(Value),
    /// It failed.
    Failure(StatesError),
    /// It is still being worked on.
    Heartbeat,
}

/// Why a token was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is no token of this engine.
    #[error("the token names no task")]
    Unknown,
    /// The task, or its whole execution, is over.
    #[error("the task is over already")]
    TimedOut,
}

impl EngineBuilder {
    /// The clock; the system's unless told otherwise.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// An in-process function by its name: it answers `arn:aws:lambda:…:function:NAME`, and `lambda:invoke` of it.
    pub fn function(mut self, name: impl Into<String>, handler: Arc<dyn TaskHandler>) -> Self {
        self.functions.by_name.insert(name.into(), handler);
        self
    }

    /// Who answers the tasks that no in-process function answers: endpoints, service integrations, mocks.
    pub fn dispatcher(mut self, handler: Arc<dyn TaskHandler>) -> Self {
        self.functions.fallback = Some(handler);
        self
    }

    /// The mocked responses of executions that start with a test case ([`Start::test_case`]). They come before everything
    /// else that could answer a task.
    pub fn mocks(mut self, mocks: MockConfig) -> Self {
        self.mocks = mocks;
        self
    }

    /// How many shards the executions are spread over; one a core unless told otherwise. Virtual time has one.
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards = Some(shards);
        self
    }

    /// How many executions may wait to be started in each shard before [`StartError::Overloaded`].
    pub fn running_max(mut self, running_max: usize) -> Self {
        self.running_max = Some(running_max);
        self
    }

    /// The engine.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn build(self) -> Engine {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let shards = match self.clock {
            Clock::Virtual(_) => 1,
            Clock::System => self.shards.unwrap_or_else(cores).max(1),
        };
        let shared = Arc::new(Shared {
            clock: self.clock,
            handler: Arc::new(self.functions),
            mocks: self.mocks,
            activities: Activities::default(),
            records: Records::default(),
        });
        let shards = (0..shards)
            .map(|_| {
                let (sender, receiver) = mpsc::channel(INBOX);
                tokio::spawn(Shard::new(shared.clone(), &sender, receiver).run());
                sender
            })
            .collect();
        Engine(Arc::new(Inner {
            shared,
            shards,
            running_max: self.running_max.unwrap_or(usize::MAX),
            anonymous: AtomicU64::new(0),
        }))
    }
}

impl Engine {
    /// An engine to be made.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The engine's time.
    pub fn now(&self) -> Timestamp {
        self.0.shared.clock.now()
    }

    /// The engine's clock.
    pub fn clock(&self) -> &Clock {
        &self.0.shared.clock
    }

    /// Starts an execution. When this returns, the start is recorded: it will not be lost.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(&self, program: Arc<Program>, start: Start) -> Result<Execution, StartError> {
        if self.0.shared.records.running() >= self.0.running_max {
            return Err(StartError::Overloaded);
        }
        let hash = foldhash::fast::FixedState::default().hash_one(&start.execution_arn);
        let shard = hash as usize % self.0.shards.len();
        let inserted = self.0.shared.records.insert(program, start, self.now(), self.clock().clone(), shard, None);
        let record = inserted.map_err(|existing| StartError::AlreadyExists(Box::new(existing.snapshot())))?;
        let (recorded, acknowledged) = oneshot::channel();
        self.send(&record, Message::Start { record: record.clone(), recorded }).await;
        acknowledged.await.map_err(|_| StartError::Stopped)?;
        Ok(record.snapshot())
    }

    /// Runs a program to its end, under a made-up name: the short way for programs that embed the engine. With a virtual
    /// clock, waits take no time.
    pub async fn run(&self, program: Arc<Program>, input: Value) -> Outcome {
        let number = self.0.anonymous.fetch_add(1, Ordering::Relaxed) + 1;
        let name: Str = format!("run-{number}").into();
        let start = Start {
            input,
            execution_arn: format!("arn:aws:states:local:000000000000:execution:embedded:{name}").into(),
            execution_name: name,
            role_arn: "arn:aws:iam::000000000000:role/embedded".into(),
            state_machine_arn: "arn:aws:states:local:000000000000:stateMachine:embedded".into(),
            state_machine_name: "embedded".into(),
            seed: std::collections::hash_map::RandomState::new().hash_one(number),
            ..Start::default()
        };
        let arn = start.execution_arn.clone();
        let stopped = || Outcome::Aborted(StatesError::runtime("the engine has stopped"));
        if self.start(program, start).await.is_err() {
            return stopped();
        }
        if let Clock::Virtual(_) = self.clock() {
            while self.execution(&arn).is_some_and(|execution| execution.outcome.is_none()) && self.advance().await {}
        }
        self.finished(&arn).await.and_then(|execution| execution.outcome).unwrap_or_else(stopped)
    }

    /// Stops an execution. `None`: there is no such execution. One that has ended stays as it ended.
    pub async fn stop(&self, execution_arn: &str, error: StatesError) -> Option<Execution> {
        let record = self.0.shared.records.get(execution_arn)?;
        let (told, over) = oneshot::channel();
        let event = Event::StopRequested { error };
        self.send(&record, Message::Tell { execution_arn: execution_arn.into(), event, told }).await;
        // An answer that never comes means that the engine is going down.
        let _ = over.await;
        Some(record.snapshot())
    }

    /// An execution, as it is now.
    pub fn execution(&self, execution_arn: &str) -> Option<Execution> {
        Some(self.0.shared.records.get(execution_arn)?.snapshot())
    }

    /// The executions of a state machine, newest first, after the execution `after` of an earlier page.
    pub fn executions(
        &self,
        state_machine_arn: &str,
        status: Option<Status>,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<Execution> {
        self.0.shared.records.list(state_machine_arn, status, after, limit)
    }

    /// The child executions of a Map Run, as [`Self::executions`].
    pub fn children(
        &self,
        map_run_arn: &str,
        status: Option<Status>,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<Execution> {
        self.0.shared.records.list(map_run_arn, status, after, limit)
    }

    /// A Map Run, as it is now.
    pub fn map_run(&self, map_run_arn: &str) -> Option<MapRun> {
        self.0.shared.records.map_run(map_run_arn)
    }

    /// The Map Runs of an execution, in the order they started.
    pub fn map_runs(&self, execution_arn: &str) -> Vec<MapRun> {
        self.0.shared.records.map_runs(execution_arn)
    }

    /// Changes the limits of a Map Run while it runs; what is `None` stays. `None`: there is no such Map Run. One that has
    /// ended stays as it ended.
    pub async fn update_map_run(&self, map_run_arn: &str, limits: MapRunLimits) -> Option<MapRun> {
        let map_run = self.map_run(map_run_arn)?;
        let record = self.0.shared.records.get(&map_run.execution_arn)?;
        let event = Event::MapRunUpdated { map_run_arn: map_run.map_run_arn, limits };
        let (told, heard) = oneshot::channel();
        let execution_arn = map_run.execution_arn;
        self.send(&record, Message::Tell { execution_arn, event, told }).await;
        // An answer that never comes means that the engine is going down.
        let _ = heard.await;
        self.map_run(map_run_arn)
    }

    /// The history of an execution so far.
    pub async fn history(&self, execution_arn: &str) -> Option<Arc<Vec<HistoryEvent>>> {
        Some(Arc::new(self.0.shared.records.get(execution_arn)?.history()))
    }

    /// Waits until the execution has ended. `None`: there is no such execution.
    pub async fn finished(&self, execution_arn: &str) -> Option<Execution> {
        let record = self.0.shared.records.get(execution_arn)?;
        loop {
            // Registered before looking, so that an end in between is not missed.
            let ended = record.ended.notified();
            let execution = record.snapshot();
            if execution.outcome.is_some() {
                return Some(execution);
            }
            ended.await;
        }
    }

    /// As [`Engine::finished`], for a task handler whose task is that execution: virtual time goes on meanwhile.
    pub async fn finished_meanwhile(&self, execution_arn: &str) -> Option<Execution> {
        let _waiting = PatientWait::new(self.0.shared.records.get(execution_arn)?);
        self.finished(execution_arn).await
    }

    /// Reports on a task by its token.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn report(&self, token: &str, report: TokenReport) -> Result<(), TokenError> {
        let (execution_arn, task, check) = token::decode(token).ok_or(TokenError::Unknown)?;
        let record = self.0.shared.records.get(&execution_arn).ok_or(TokenError::Unknown)?;
        if check != token::check(task, record.start.seed) {
            return Err(TokenError::Unknown);
        }
        let (answer, accepted) = oneshot::channel();
        let message = Message::Report { execution_arn: execution_arn.clone(), task, report, answer };
        self.send(&record, message).await;
        accepted.await.unwrap_or(Err(TokenError::TimedOut))
    }

    /// Waits for the next task of an activity; workers are served in the order they came. Drop the future to give up.
    pub async fn next_activity_task(&self, activity_arn: &str, worker_name: Option<Str>) -> ActivityTask {
        loop {
            let offered = match self.0.shared.activities.take(activity_arn) {
                Ok(offered) => offered,
                Err(waiting) => match waiting.await {
                    Ok(offered) => offered,
                    Err(_) => continue,
                },
            };
            let (taken, may_take) = oneshot::channel();
            let (execution_arn, task) = (offered.execution_arn.clone(), offered.task);
            let worker_name = worker_name.clone();
            let Some(record) = self.0.shared.records.get(&execution_arn) else { continue };
            self.send(&record, Message::Take { execution_arn, task, worker_name, taken }).await;
            if may_take.await == Ok(true) {
                return offered.activity;
            }
        }
    }

    /// Answers a task that belongs to no execution, as those of executions are answered: by an in-process function or by the
    /// dispatcher.
    pub async fn call(&self, request: TaskRequest) -> TaskResult {
        Guarded::call(&*self.0.shared.handler, request).await
    }

    /// Virtual time only: lets what can happen now happen, and otherwise jumps to the next moment at which something will.
    /// False: nothing happened, and nothing ever will by itself.
    pub async fn advance(&self) -> bool {
        let (moved, answer) = oneshot::channel();
        if let (Clock::Virtual(_), Some(shard)) = (self.clock(), self.0.shards.first()) {
            let _ = shard.send(Message::Advance { moved }).await;
        }
        answer.await.unwrap_or(false)
    }

    async fn send(&self, record: &Record, message: Message) {
        // A shard that is gone drops the message's answer channel, which is how the caller hears of it.
        let _ = self.0.shards[record.shard].send(message).await;
    }
}
