//! The engine: starts executions and answers for them.

use super::activity::{Activities, ActivityTask, Offered};
use super::clock::Clock;
use super::functions::Functions;
use super::history::{HistoryPage, HistoryRange};
use super::journal::{Journal, JournalError, Kept, Log, MemoryJournal};
use super::map_run::{MapRun, MapRuns};
use super::record::{Execution, PatientWait, Record, Records, Status};
use super::recovery::Share;
use super::redrive::{NotRedrivable, RedriveError};
use super::replay;
use super::retention::{self, Retention};
use super::shard::{INBOX, Message, Shard, Shared, home_of};
use super::task_future::Guarded;
use crate::definition::Program;
use crate::error::StatesError;
use crate::history::HistoryEvent;
use crate::machine::{Event, MachineType, MapRunLimits, Outcome, Start, token};
use crate::mock::MockConfig;
use crate::task::{TaskHandler, TaskRequest, TaskResult};
use crate::time::Timestamp;
use crate::value::{Str, Value};
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

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
    journal: Option<Arc<dyn Journal>>,
    retention: Retention,
    park_after: Option<Duration>,
    snapshot_every: Option<u64>,
}

/// How long an execution waits before it leaves memory: a callback that comes at once finds it there.
const PARK_AFTER: Duration = Duration::from_millis(500);

/// How many history events lie between two snapshots. Measured: docs/performance.md, *Durability*.
const SNAPSHOT_EVERY: u64 = 1_000;

/// Why an execution was not started.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StartError {
    /// The ARN is taken, by this execution; the caller decides what that means.
    #[error("an execution with the ARN `{}` exists already", .0.start.execution_arn)]
    AlreadyExists(Box<Execution>),
    /// The engine was told to keep no more executions.
    #[error("too many executions are running; let some finish, or raise the engine's limit")]
    Overloaded,
    /// The program has no definition text, so a journal on disk cannot keep it.
    #[error("the program is not compiled of a whole definition, so its executions cannot be kept")]
    Unkeepable,
    /// Nothing can be kept at the moment (the disk is full, say). The start may yet be kept when that is over: to start the
    /// same again under the same name is safe.
    #[error("nothing can be kept at the moment: {0}")]
    Unavailable(JournalError),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
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
    /// It names a task of an execution that is not kept, or not any more.
    #[error("the token names a task of an execution that is not kept")]
    Gone,
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

    /// How many executions may run at once before [`StartError::Overloaded`]; any number by default.
    pub fn running_max(mut self, running_max: usize) -> Self {
        self.running_max = Some(running_max);
        self
    }

    /// Where executions are kept; in memory unless told otherwise. [`Engine::recover`] goes on with what it holds.
    pub fn journal(mut self, journal: Arc<dyn Journal>) -> Self {
        self.journal = Some(journal);
        self
    }

    /// How long finished executions are kept.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// How long an execution waits (for a timer, a token, an activity's worker) before it leaves memory and is only a row in
    /// the journal; half a second unless told otherwise.
    pub fn park_after(mut self, park_after: Duration) -> Self {
        self.park_after = Some(park_after);
        self
    }

    /// How many history events an execution may go on without its machine being written out: as many are replayed at most
    /// when it comes back to memory, or when a page of its history is read. 1,000 unless told otherwise.
    pub fn snapshot_every(mut self, events: u64) -> Self {
        self.snapshot_every = Some(events);
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
            activities: Arc::default(),
            records: Records::default(),
            log: Log::new(self.journal.unwrap_or_else(|| Arc::new(MemoryJournal::default()))),
            retention: self.retention,
            snapshot_every: self.snapshot_every.unwrap_or(SNAPSHOT_EVERY),
            park_after: self.park_after.unwrap_or(PARK_AFTER),
            failure: watch::Sender::new(None),
        });
        let shards = (0..shards)
            .map(|_| {
                let (sender, receiver) = mpsc::channel(INBOX);
                tokio::spawn(Shard::new(shared.clone(), &sender, receiver).run());
                sender
            })
            .collect();
        if let Clock::System = shared.clock {
            tokio::spawn(retention::keep_sweeping(Arc::downgrade(&shared)));
        }
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

    /// Goes on with the executions that the journal holds unfinished: tasks are asked for again with the ids they had,
    /// timers fire at the moments they were set to, those that are late at once. Returns with how many executions go on; one
    /// that cannot is logged. To be called once, when everything that answers tasks is in place.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn recover(&self) -> Result<usize, JournalError> {
        let journal = &self.0.shared.log.journal;
        let unfinished = journal.unfinished()?;
        let roots = Roots::new(&unfinished);
        let mut shares: Vec<Share> = self.0.shards.iter().map(|_| Share::default()).collect();
        for kept in unfinished {
            let home = roots.home_of(&kept, &self.0.shared);
            shares[self.shard_at(home)].unfinished.push((kept, home));
        }
        journal.parked(&mut |parked| shares[self.shard_at(parked.home)].parked.push(parked))?;
        let mut answers = Vec::new();
        for (shard, share) in self.0.shards.iter().zip(shares) {
            let (recovered, answer) = oneshot::channel();
            if shard.send(Message::Recover { share, recovered }).await.is_ok() {
                answers.push(answer);
            }
        }
        let mut count = 0;
        for answer in answers {
            count += answer.await.map_err(|_| JournalError::Stopped)?;
        }
        Ok(count)
    }

    /// Forgets the finished executions that are older than is to be kept; returns how many. The engine does so by itself once
    /// a minute, but not in virtual time.
    ///
    /// # Errors
    /// When the journal cannot be read or written.
    pub async fn sweep(&self) -> Result<usize, JournalError> {
        retention::sweep(&self.0.shared).await
    }

    /// How many executions have not ended, and how many of them are in memory: the others are parked.
    pub fn running(&self) -> (usize, usize) {
        (self.0.shared.records.running(), self.0.shared.records.in_memory())
    }

    /// Why nothing can be kept at the moment: the journal's writes fail, and are tried again until they succeed. Meanwhile
    /// starts are refused and what runs waits.
    pub fn trouble(&self) -> Option<JournalError> {
        self.0.shared.log.trouble()
    }

    /// Waits until the journal fails for good, and tells how. From then on nothing goes on; a new engine over the same
    /// journal loses nothing that was acknowledged.
    pub async fn failed(&self) -> JournalError {
        let mut failure = self.0.shared.failure.subscribe();
        let failed = failure.wait_for(Option::is_some).await;
        failed.ok().and_then(|error| error.clone()).unwrap_or(JournalError::Stopped)
    }

    /// Where executions are kept.
    pub fn journal(&self) -> &Arc<dyn Journal> {
        &self.0.shared.log.journal
    }

    /// Puts entries of the caller's own into the journal ([`Entry::Put`](super::Entry::Put)). When this returns, they are kept.
    ///
    /// # Errors
    /// When they are not.
    pub async fn put(&self, entries: Vec<(String, Option<Vec<u8>>)>) -> Result<(), JournalError> {
        let entries = entries.into_iter().map(|(key, bytes)| super::Entry::Put { key, bytes });
        let log = &self.0.shared.log;
        log.unless_troubled(log.commit(entries.collect())).await?
    }

    /// Starts an execution. When this returns, the start is recorded: it will not be lost. (EXPRESS executions live in
    /// memory, as AWS's do.)
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(&self, program: Arc<Program>, start: Start) -> Result<Execution, StartError> {
        let kept = start.machine_type == MachineType::Standard;
        Ok(self.begin(program, start, kept).await?.snapshot())
    }

    /// Starts an execution and waits for its end.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn execute(&self, program: Arc<Program>, start: Start) -> Result<Execution, StartError> {
        let kept = start.machine_type == MachineType::Standard;
        let record = self.begin(program, start, kept).await?;
        self.end_of(&record).await.ok_or(StartError::Stopped)
    }

    async fn begin(&self, program: Arc<Program>, start: Start, kept: bool) -> Result<Arc<Record>, StartError> {
        if self.0.shared.records.running() >= self.0.running_max {
            return Err(StartError::Overloaded);
        }
        let shard = &self.0.shards[self.shard_at(home_of(&start.execution_arn))];
        let (answer, started) = oneshot::channel();
        let message = Message::Start { program, start: Arc::new(start), kept, answer };
        let started = async {
            shard.send(message).await.map_err(|_| StartError::Stopped)?;
            started.await.unwrap_or(Err(StartError::Stopped))
        };
        match kept {
            true => self.0.shared.log.unless_troubled(started).await.map_err(StartError::Unavailable)?,
            false => started.await,
        }
    }

    fn shard_at(&self, home: u64) -> usize {
        (home % self.0.shards.len() as u64) as usize
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
        let stopped = || Outcome::Aborted(StatesError::runtime("the engine has stopped"));
        let Ok(record) = self.begin(program, start, false).await else { return stopped() };
        if let Clock::Virtual(_) = self.clock() {
            while record.snapshot().outcome.is_none() && self.advance().await {}
        }
        self.end_of(&record).await.and_then(|execution| execution.outcome).unwrap_or_else(stopped)
    }

    /// Stops an execution. `None`: there is no such execution. One that has ended stays as it ended.
    pub async fn stop(&self, execution_arn: &str, error: StatesError) -> Option<Execution> {
        let place = self.place(execution_arn)?;
        let (told, over) = oneshot::channel();
        let event = Event::StopRequested { error };
        self.send(&place, Message::Tell { execution: place.execution, event, told }).await;
        // An answer that never comes means that the engine is going down.
        let _ = over.await;
        self.execution(execution_arn)
    }

    /// Redrives an execution: it goes on from where it failed. When this returns, that is recorded. Asked again with the same
    /// token, within a quarter of an hour, it is redriven once.
    ///
    /// # Errors
    /// See [`RedriveError`].
    pub async fn redrive(&self, execution_arn: &str, token: Option<Str>) -> Result<Execution, RedriveError> {
        let place = self.place(execution_arn).ok_or(RedriveError::Unknown)?;
        if place.start.machine_type == MachineType::Express {
            return Err(RedriveError::NotRedrivable(NotRedrivable::Express));
        }
        if self.0.shared.records.running() >= self.0.running_max {
            return Err(StartError::Overloaded.into());
        }
        let (answer, redriven) = oneshot::channel();
        self.send(&place, Message::Redrive { execution: place.execution, token, answer }).await;
        redriven.await.unwrap_or(Err(StartError::Stopped.into()))
    }

    /// An execution, as it is now.
    pub fn execution(&self, execution_arn: &str) -> Option<Execution> {
        // First where it runs: it leaves there only for the journal.
        match self.0.shared.records.get(execution_arn) {
            Some(record) => Some(record.snapshot()),
            None => self.kept(execution_arn).map(Execution::from),
        }
    }

    fn kept(&self, execution_arn: &str) -> Option<Kept> {
        readable(self.0.shared.log.find(execution_arn)).flatten()
    }

    /// The executions of a state machine, or of a version or an alias of one: newest first, those whose numbers are below
    /// `before`.
    pub fn executions(
        &self,
        state_machine_arn: &str,
        status: Option<Status>,
        before: Option<u64>,
        limit: usize,
    ) -> Vec<Execution> {
        self.list(state_machine_arn, status, before, limit)
    }

    fn list(&self, of: &str, status: Option<Status>, before: Option<u64>, limit: usize) -> Vec<Execution> {
        let log = &self.0.shared.log;
        let list = |journal: &dyn Journal| readable(journal.list(of, status, before, limit)).unwrap_or_default();
        let mut found = list(&*log.journal);
        if found.is_empty() {
            // A list is kept as a whole or not at all.
            found = list(&log.passing);
        }
        found.into_iter().map(Execution::from).collect()
    }

    /// The child executions of a Map Run, as [`Self::executions`].
    pub fn children(
        &self,
        map_run_arn: &str,
        status: Option<Status>,
        before: Option<u64>,
        limit: usize,
    ) -> Vec<Execution> {
        self.list(map_run_arn, status, before, limit)
    }

    /// A Map Run, as it is now.
    pub fn map_run(&self, map_run_arn: &str) -> Option<MapRun> {
        self.0.shared.records.map_run(map_run_arn).or_else(|| self.kept_map_runs_with(map_run_arn)?.get(map_run_arn))
    }

    /// The Map Runs of an execution, in the order they started.
    pub fn map_runs(&self, execution_arn: &str) -> Vec<MapRun> {
        match self.0.shared.records.get(execution_arn) {
            Some(_) => self.0.shared.records.map_runs(execution_arn),
            None => {
                let map_runs = self.kept(execution_arn).and_then(|kept| self.map_runs_of(&kept));
                map_runs.map(|map_runs| map_runs.of_execution(execution_arn)).unwrap_or_default()
            }
        }
    }

    fn kept_map_runs_with(&self, map_run_arn: &str) -> Option<MapRuns> {
        let log = &self.0.shared.log;
        let of = |journal: &dyn Journal| readable(journal.map_run_of(map_run_arn)).flatten();
        let execution_arn = of(&*log.journal).or_else(|| of(&log.passing))?;
        self.map_runs_of(&self.kept(&execution_arn)?)
    }

    /// The Map Runs of an execution that is not in memory, derived from its events.
    fn map_runs_of(&self, kept: &Kept) -> Option<MapRuns> {
        let journal = self.0.shared.log.of(&kept.birth);
        let replay = readable(replay::bring_back(journal, kept))?;
        let mut map_runs = MapRuns::default();
        for (at, map_run_arn, news) in replay.outstanding.map_runs {
            map_runs.tell(&kept.birth.start.execution_arn, map_run_arn, at, news);
        }
        for map_run in map_runs.of_execution(&kept.birth.start.execution_arn) {
            let mut seen = HashSet::new();
            for child in readable(journal.list(&map_run.map_run_arn, None, None, usize::MAX))? {
                // Newest first: an EXPRESS child that was started again stands for the first one.
                if !child.birth.parent.as_ref().is_some_and(|parent| seen.insert(parent.child)) {
                    continue;
                }
                map_runs.child_known(&map_run.map_run_arn, &child.into());
            }
        }
        Some(map_runs)
    }

    /// Changes the limits of a Map Run while it runs; what is `None` stays. `None`: there is no such Map Run. One that has
    /// ended stays as it ended.
    pub async fn update_map_run(&self, map_run_arn: &str, limits: MapRunLimits) -> Option<MapRun> {
        let map_run = self.map_run(map_run_arn)?;
        let Some(place) = self.place(&map_run.execution_arn) else { return Some(map_run) };
        let event = Event::MapRunUpdated { map_run_arn: map_run.map_run_arn, limits };
        let (told, heard) = oneshot::channel();
        self.send(&place, Message::Tell { execution: place.execution, event, told }).await;
        // An answer that never comes means that the engine is going down.
        let _ = heard.await;
        self.map_run(map_run_arn)
    }

    /// The history of an execution so far. `None`: there is no such execution.
    ///
    /// # Errors
    /// When it cannot be read, or a replay of its events does not do what the execution did.
    pub async fn history(&self, execution_arn: &str) -> Result<Option<Vec<HistoryEvent>>, JournalError> {
        let page = self.history_page(execution_arn, HistoryRange::default()).await?;
        Ok(page.map(|page| page.events))
    }

    /// A part of the history of an execution: reading it costs what the part costs, not what lies before it.
    ///
    /// # Errors
    /// As [`Self::history`].
    pub async fn history_page(
        &self,
        execution_arn: &str,
        range: HistoryRange,
    ) -> Result<Option<HistoryPage>, JournalError> {
        let log = &self.0.shared.log;
        match log.find(execution_arn)? {
            Some(kept) => HistoryPage::read(log.of(&kept.birth), &kept, range).map(Some),
            None => Ok(None),
        }
    }

    /// Waits until the execution has ended. `None`: there is no such execution, or the engine has stopped.
    pub async fn finished(&self, execution_arn: &str) -> Option<Execution> {
        match self.attend(execution_arn).await {
            Some(record) => self.end_of(&record).await,
            None => self.execution(execution_arn),
        }
    }

    /// The record of an execution that has not ended, in memory as long as it is held.
    async fn attend(&self, execution_arn: &str) -> Option<Arc<Record>> {
        if let Some(record) = self.0.shared.records.get(execution_arn) {
            return Some(record);
        }
        let place = self.place(execution_arn)?;
        let (answer, attended) = oneshot::channel();
        self.send(&place, Message::Attend { execution: place.execution, answer }).await;
        attended.await.ok()?
    }

    async fn end_of(&self, record: &Record) -> Option<Execution> {
        let over = async {
            loop {
                // Registered before looking, so that an end in between is not missed.
                let ended = record.ended.notified();
                let execution = record.snapshot();
                if execution.outcome.is_some() {
                    return execution;
                }
                ended.await;
            }
        };
        tokio::select! {
            execution = over => Some(execution),
            _ = self.failed() => None,
        }
    }

    /// As [`Engine::finished`], for a task handler whose task is that execution: virtual time goes on meanwhile.
    pub async fn finished_meanwhile(&self, execution_arn: &str) -> Option<Execution> {
        let _waiting = self.attend(execution_arn).await.map(PatientWait::new);
        self.finished(execution_arn).await
    }

    /// Reports on a task by its token.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn report(&self, token: &str, report: TokenReport) -> Result<(), TokenError> {
        let (execution_arn, task, check) = token::decode(token).ok_or(TokenError::Unknown)?;
        let place = self.place(&execution_arn).ok_or(TokenError::Gone)?;
        if check != token::check(task, place.start.seed) {
            return Err(TokenError::Unknown);
        }
        let (answer, accepted) = oneshot::channel();
        self.send(&place, Message::Report { execution: place.execution, task, report, answer }).await;
        accepted.await.unwrap_or(Err(TokenError::TimedOut))
    }

    /// Waits for the next task of an activity; workers are served in the order they came. Drop the future to give up.
    pub async fn next_activity_task(&self, activity_arn: &str, worker_name: Option<Str>) -> ActivityTask {
        loop {
            let offered = match Activities::take(&self.0.shared.activities, activity_arn) {
                Ok(offered) => offered,
                Err(mut place) => match (&mut place).await {
                    Some(offered) => offered,
                    None => continue,
                },
            };
            let (taken, may_take) = oneshot::channel();
            let Offered { home, execution, task } = offered;
            let message = Message::Take { execution, task, worker_name: worker_name.clone(), taken };
            let _ = self.0.shards[self.shard_at(home)].send(message).await;
            if let Ok(Some(activity)) = may_take.await {
                return activity;
            }
        }
    }

    /// How many workers wait for a task of an activity.
    pub fn waiting_workers(&self, activity_arn: &str) -> usize {
        self.0.shared.activities.waiting_workers(activity_arn)
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

    /// Where an execution is to be told something; `None`: there is none. One that has ended hears nothing.
    fn place(&self, execution_arn: &str) -> Option<Place> {
        let (birth, home) = match self.0.shared.records.get(execution_arn) {
            Some(record) => (record.birth.clone(), record.home),
            None => {
                let kept = self.kept(execution_arn)?;
                let home = self.0.shared.home_of(&kept.birth);
                (kept.birth, home)
            }
        };
        Some(Place { shard: self.shard_at(home), execution: birth.sequence, start: birth.start.clone() })
    }

    async fn send(&self, place: &Place, message: Message) {
        // A shard that is gone drops the message's answer channel, which is how the caller hears of it.
        let _ = self.0.shards[place.shard].send(message).await;
    }
}

/// Where an execution lives.
struct Place {
    shard: usize,
    execution: u64,
    start: Arc<Start>,
}

/// What the journal tells; what it cannot is logged.
fn readable<T>(outcome: Result<T, JournalError>) -> Option<T> {
    outcome.inspect_err(|error| tracing::error!(%error, "the journal cannot be read")).ok()
}

/// Where executions come from: children live in the shard of the execution that began it all.
struct Roots(HashMap<Str, Str>);

impl Roots {
    fn new(unfinished: &[Kept]) -> Self {
        let parent = |kept: &Kept| {
            Some((kept.birth.start.execution_arn.clone(), kept.birth.parent.as_ref()?.execution_arn.clone()))
        };
        Roots(unfinished.iter().filter_map(parent).collect())
    }

    fn home_of(&self, kept: &Kept, shared: &Shared) -> u64 {
        let mut root = &kept.birth.start.execution_arn;
        while let Some(parent) = self.0.get(root) {
            root = parent;
        }
        if *root == kept.birth.start.execution_arn { shared.home_of(&kept.birth) } else { home_of(root) }
    }
}
