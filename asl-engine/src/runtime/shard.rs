//! A shard: one tokio task that owns some of the executions and does everything that happens to them.

use super::activity::{Activities, ActivityTask, Offered};
use super::clock::Clock;
use super::engine::{StartError, TokenError, TokenReport};
use super::journal::{Birth, End, Entry, Happened, Journal, JournalError, Kept, Log, Parent};
use super::record::{Execution, Record, Records, Status};
use super::task_future::Guarded;
use crate::definition::Program;
use crate::error::StatesError;
use crate::machine::{
    ChildCommand, ChildId, Command, Effects, Event, Machine, MapRunNews, Outcome, Start, TaskCommand, TaskId, TimerId,
};
use crate::mock::{MockConfig, MockedResponse};
use crate::task::{Pattern, Progress, Resource, TaskHandler, TaskProgress, TaskRequest};
use crate::time::Timestamp;
use crate::value::Str;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

/// How many messages a shard takes at once; also how many may wait for it.
const BATCH: usize = 256;
pub(super) const INBOX: usize = 4096;

/// How many entries for the journal may wait while a shard has more to do of its own.
const ENTRIES_MAX: usize = 4096;

/// What a shard is told.
pub(super) enum Message {
    /// A new execution, to be kept or not; answered when it is recorded.
    Start {
        program: Arc<Program>,
        start: Arc<Start>,
        kept: bool,
        answer: oneshot::Sender<Result<Arc<Record>, StartError>>,
    },
    /// After a restart: go on with these executions, the parents before their children.
    Recover { unfinished: Vec<Kept>, recovered: oneshot::Sender<usize> },
    /// Something happened to an execution; late news is ignored.
    Event { execution_arn: Str, event: Event },
    /// A task's handler is done with it.
    HandlerDone { execution_arn: Str, task: TaskId, event: Option<Event> },
    /// Something happened to an execution; answered when it is done. Stops are told so.
    Tell { execution_arn: Str, event: Event, told: oneshot::Sender<()> },
    /// A worker or callback reports by a token that was read already.
    Report { execution_arn: Str, task: TaskId, report: TokenReport, answer: oneshot::Sender<Result<(), TokenError>> },
    /// A worker wants to take the task; answered whether it may.
    Take { execution_arn: Str, task: TaskId, worker_name: Option<Str>, taken: oneshot::Sender<bool> },
    /// Virtual time: go on to the next thing that will happen. Answered false when nothing will.
    Advance { moved: oneshot::Sender<bool> },
}

/// What all shards share.
pub(super) struct Shared {
    pub(super) clock: Clock,
    pub(super) handler: Arc<dyn TaskHandler>,
    pub(super) mocks: MockConfig,
    pub(super) activities: Activities,
    pub(super) records: Records,
    pub(super) log: Log,
    /// Why nothing goes on any more, once that is so.
    pub(super) failure: watch::Sender<Option<JournalError>>,
}

/// Something that may be done or seen outside once what led to it is recorded.
type Release = Box<dyn FnOnce(&mut Shard) + Send>;

pub(super) struct Shard {
    pub(super) shared: Arc<Shared>,
    number: usize,
    inbox: mpsc::Receiver<Message>,
    /// For the tasks it spawns. Weak: a shard ends when the engine is gone and its tasks are done.
    own: mpsc::WeakSender<Message>,
    pub(super) running: HashMap<Str, Running>,
    /// Who is to be woken when.
    timers: BTreeMap<(Timestamp, u64), (Str, TimerId)>,
    next_timer: u64,
    /// What happens next to the shard's own executions: those that yielded go on, children start and stop, parents hear.
    pub(super) soon: VecDeque<(Str, Event)>,
    /// What happened and is not recorded yet: for the journal, and for the memory of executions that are not kept.
    entries: Vec<Entry>,
    passing: Vec<Entry>,
    /// What follows from it.
    held: Vec<Release>,
    /// Handlers that have not answered yet.
    handlers: usize,
    /// Who asked to advance, and how many events had happened by then.
    advance: Vec<(u64, oneshot::Sender<bool>)>,
    happened: u64,
}

pub(super) struct Running {
    pub(super) record: Arc<Record>,
    pub(super) machine: Machine,
    /// How many events happened to it.
    pub(super) events: u32,
    handlers: HashMap<TaskId, AbortHandle>,
    timers: BTreeSet<(Timestamp, u64)>,
    /// How many timers it may keep before the stale ones are swept out.
    sweep_at: usize,
    /// Its child executions that run.
    pub(super) children: HashMap<ChildId, Str>,
}

impl Shard {
    pub(super) fn new(
        shared: Arc<Shared>,
        number: usize,
        own: &mpsc::Sender<Message>,
        inbox: mpsc::Receiver<Message>,
    ) -> Self {
        Shard {
            shared,
            number,
            inbox,
            own: own.downgrade(),
            running: HashMap::new(),
            timers: BTreeMap::new(),
            next_timer: 0,
            soon: VecDeque::new(),
            entries: Vec::new(),
            passing: Vec::new(),
            held: Vec::new(),
            handlers: 0,
            advance: Vec::new(),
            happened: 0,
        }
    }

    pub(super) async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            for message in batch.drain(..) {
                self.receive(message);
            }
            if let Clock::System = self.shared.clock {
                self.fire(self.shared.clock.now());
            }
            for _ in 0..self.soon.len() {
                if let Some((execution_arn, event)) = self.soon.pop_front() {
                    self.happen(&execution_arn, event);
                }
            }
            let patient = self.held.is_empty() && !self.soon.is_empty() && self.entries.len() < ENTRIES_MAX;
            if !patient && let Err(error) = self.commit().await {
                tracing::error!(%error, "the journal failed: nothing goes on until the next start, which loses nothing");
                self.shared.failure.send_modify(|first| _ = first.get_or_insert(error));
                return;
            }
            if !self.soon.is_empty() {
                // Others get a turn, then it goes on.
                tokio::task::yield_now().await;
                while batch.len() < BATCH
                    && let Ok(message) = self.inbox.try_recv()
                {
                    batch.push(message);
                }
                continue;
            }
            if self.inbox.is_empty() && self.try_advance() {
                continue;
            }
            let news = self.news();
            let received = tokio::select! {
                received = self.inbox.recv_many(&mut batch, BATCH) => received,
                () = news => continue,
            };
            if received == 0 {
                return;
            }
        }
    }

    /// Ends when there may be something to do without a message: a timer is due, or a handler waits for virtual time.
    fn news(&self) -> impl Future<Output = ()> + use<> {
        let (clock, wake) = (self.shared.clock.clone(), self.next_wake());
        async move {
            match (clock, wake) {
                (Clock::Virtual(clock), _) => clock.somebody_waits().await,
                (Clock::System, Some(pause)) => tokio::time::sleep(pause).await,
                (Clock::System, None) => std::future::pending().await,
            }
        }
    }

    /// How long until the next timer, on the system's clock.
    fn next_wake(&self) -> Option<Duration> {
        let Clock::System = self.shared.clock else { return None };
        let ((at, _), _) = self.timers.first_key_value()?;
        let millis = at.as_millis().saturating_sub(self.shared.clock.now().as_millis()).max(0);
        Some(Duration::from_millis(millis as u64))
    }

    fn receive(&mut self, message: Message) {
        match message {
            Message::Start { program, start, kept, answer } => {
                let outcome = self.start(program, start, kept);
                // Whoever asked may be gone; the execution runs all the same.
                self.hold(move |_| _ = answer.send(outcome));
            }
            Message::Recover { unfinished, recovered } => {
                let count = self.recover(unfinished);
                self.hold(move |_| _ = recovered.send(count));
            }
            Message::Event { execution_arn, event } => self.happen(&execution_arn, event),
            Message::HandlerDone { execution_arn, task, event } => {
                self.handlers -= 1;
                if let Some(running) = self.running.get_mut(&execution_arn) {
                    running.handlers.remove(&task);
                }
                if let Some(event) = event {
                    self.happen(&execution_arn, event);
                }
            }
            Message::Tell { execution_arn, event, told } => {
                self.happen(&execution_arn, event);
                self.hold(move |_| _ = told.send(()));
            }
            Message::Report { execution_arn, task, report, answer } => {
                let outcome = self.report(&execution_arn, task, report);
                self.hold(move |_| _ = answer.send(outcome));
            }
            Message::Take { execution_arn, task, worker_name, taken } => {
                let awaited = self.running.get(&execution_arn).is_some_and(|running| running.machine.awaits_task(task));
                if awaited && !taken.is_closed() {
                    self.happen(&execution_arn, Event::TaskStarted { task, worker_name });
                }
                self.hold(move |_| _ = taken.send(awaited));
            }
            Message::Advance { moved } => self.advance.push((self.happened, moved)),
        }
    }

    /// Records what happened, then lets the world see what follows.
    ///
    /// INVARIANT: nothing in `held` is released before the entries that led to it are recorded.
    async fn commit(&mut self) -> Result<(), JournalError> {
        if !self.passing.is_empty() {
            let passing = std::mem::take(&mut self.passing);
            self.shared.log.passing.commit(&passing)?;
        }
        if !self.entries.is_empty() {
            let entries = std::mem::take(&mut self.entries);
            let shared = self.shared.clone();
            shared.log.commit(entries).await?;
        }
        for release in std::mem::take(&mut self.held) {
            release(self);
        }
        Ok(())
    }

    pub(super) fn hold(&mut self, release: impl FnOnce(&mut Shard) + Send + 'static) {
        self.held.push(Box::new(release));
    }

    fn record(&mut self, kept: bool, entry: Entry) {
        let entries = if kept { &mut self.entries } else { &mut self.passing };
        entries.push(entry);
    }

    /// INVARIANT: an ARN belongs to one shard, so two starts of one ARN meet here one after the other.
    fn start(&mut self, program: Arc<Program>, start: Arc<Start>, kept: bool) -> Result<Arc<Record>, StartError> {
        let taken = |execution: Execution| Err(StartError::AlreadyExists(Box::new(execution)));
        let log = &self.shared.log;
        if let Some(existing) = self.shared.records.get_unrecorded(&start.execution_arn) {
            return taken(existing.snapshot());
        }
        if let Some(existing) = log.find(&start.execution_arn)? {
            return taken(existing.into());
        }
        if kept && log.journal.blocks() && program.source.is_none() {
            return Err(StartError::Unkeepable);
        }
        let sequence = if kept { log.journal.next_sequence() } else { log.passing.next_sequence() };
        let started = self.shared.clock.now();
        let birth = Birth { sequence, program, start, started, parent: None };
        let record = self.bear(birth, kept);
        self.happen_at(&record.birth.start.execution_arn, started, Event::Started);
        Ok(record)
    }

    /// Makes room for an execution that is about to start.
    fn bear(&mut self, birth: Birth, kept: bool) -> Arc<Record> {
        let machine = Machine::new(birth.program.clone(), (*birth.start).clone());
        let record = self.host(Arc::new(birth), machine, 0, kept);
        self.record(kept, Entry::Born(record.birth.clone()));
        let born = record.clone();
        self.hold(move |_| born.publish());
        record
    }

    pub(super) fn host(&mut self, birth: Arc<Birth>, machine: Machine, events: u32, kept: bool) -> Arc<Record> {
        let record = self.shared.records.insert(birth, self.number, kept, self.shared.clock.clone());
        let execution_arn = record.birth.start.execution_arn.clone();
        let (handlers, timers, children) = (HashMap::new(), BTreeSet::new(), HashMap::new());
        let hosted = Running { record: record.clone(), machine, events, handlers, timers, sweep_at: 64, children };
        self.running.insert(execution_arn, hosted);
        record
    }

    fn report(&mut self, execution_arn: &Str, task: TaskId, report: TokenReport) -> Result<(), TokenError> {
        let Some(running) = self.running.get(execution_arn) else { return Err(TokenError::TimedOut) };
        if !running.machine.awaits_task(task) {
            return Err(TokenError::TimedOut);
        }
        let event = match report {
            TokenReport::Success(output) => Event::TaskSucceeded { task, output },
            TokenReport::Failure(error) => Event::TaskFailed { task, error },
            TokenReport::Heartbeat => Event::TaskHeartbeat { task },
        };
        self.happen(execution_arn, event);
        Ok(())
    }

    fn happen(&mut self, execution_arn: &Str, event: Event) {
        self.happen_at(execution_arn, self.shared.clock.now(), event);
    }

    /// Records an event, steps the machine, and performs what it commands.
    fn happen_at(&mut self, execution_arn: &Str, at: Timestamp, event: Event) {
        let Some(running) = self.running.get_mut(execution_arn) else { return };
        self.happened += 1;
        let mut effects = Effects::default();
        running.machine.step(at, event.clone(), &mut effects);
        let (sequence, number, kept) = (running.record.birth.sequence, running.events, running.record.kept);
        running.events += 1;
        let happened = Happened { at, digest: running.machine.digest(), event };
        self.record(kept, Entry::Happened { sequence, number, happened });
        for command in effects.commands {
            self.perform(execution_arn, at, command);
        }
    }

    fn perform(&mut self, execution_arn: &Str, now: Timestamp, command: Command) {
        match command {
            Command::Schedule(task) => {
                let execution_arn = execution_arn.clone();
                self.hold(move |shard| shard.schedule(&execution_arn, *task));
            }
            Command::Abandon { task } => {
                let Some(running) = self.running.get_mut(execution_arn) else { return };
                match running.handlers.remove(&task) {
                    Some(handler) => handler.abort(),
                    None => self.shared.activities.withdraw(execution_arn, task),
                }
            }
            Command::Wake { timer, at } => self.set_timer(execution_arn, timer, at),
            Command::Resume => self.soon.push_back((execution_arn.clone(), Event::Resumed)),
            Command::StartChild(child) => self.start_child(execution_arn, now, *child),
            Command::StopChild { child } => {
                let Some(running) = self.running.get_mut(execution_arn) else { return };
                if let Some(child) = running.children.remove(&child) {
                    self.soon.push_back((child, Event::StopRequested { error: StatesError::default() }));
                }
            }
            Command::MapRun { map_run_arn, news } => self.map_run(execution_arn, now, map_run_arn, news),
            Command::Finish(outcome) => self.finish(execution_arn, now, outcome),
        }
    }

    fn finish(&mut self, execution_arn: &Str, now: Timestamp, outcome: Outcome) {
        let Some(running) = self.running.remove(execution_arn) else { return };
        for key in running.timers {
            self.timers.remove(&key);
        }
        for handler in running.handlers.into_values() {
            handler.abort();
        }
        let record = running.record;
        if let Some(parent) = &record.birth.parent {
            if let Some(parent_running) = self.running.get_mut(&parent.execution_arn) {
                parent_running.children.remove(&parent.child);
            }
            let event = Event::ChildFinished { child: parent.child, outcome: outcome.clone() };
            self.soon.push_back((parent.execution_arn.clone(), event));
        }
        let end = End { at: now, outcome };
        self.record(record.kept, Entry::Ended(record.birth.clone(), end.clone()));
        self.hold(move |shard| shard.shared.records.finish(&record, end));
    }

    fn map_run(&mut self, execution_arn: &Str, now: Timestamp, map_run_arn: Str, news: MapRunNews) {
        let Some(running) = self.running.get(execution_arn) else { return };
        let (kept, execution_arn) = (running.record.kept, execution_arn.clone());
        if let MapRunNews::Started { .. } = news {
            let (map_run_arn, execution_arn) = (map_run_arn.clone(), execution_arn.clone());
            self.record(kept, Entry::MapRun { map_run_arn, execution_arn });
        }
        self.hold(move |shard| shard.shared.records.map_run_news(&execution_arn, map_run_arn, now, news));
    }

    /// A child of an execution here; it lives here, too.
    pub(super) fn start_child(&mut self, execution_arn: &Str, now: Timestamp, command: ChildCommand) {
        let ChildCommand { child, map_run_arn, items, start } = command;
        let Some(running) = self.running.get_mut(execution_arn) else { return };
        let child_arn = start.execution_arn.clone();
        running.children.insert(child, child_arn.clone());
        let (program, kept) = (running.record.birth.program.clone(), running.record.kept);
        let log = &self.shared.log;
        let sequence = if kept { log.journal.next_sequence() } else { log.passing.next_sequence() };
        let parent =
            Some(Parent { execution_arn: execution_arn.clone(), child, map_run_arn: map_run_arn.clone(), items });
        self.bear(Birth { sequence, program, start: Arc::new(start), started: now, parent }, kept);
        self.hold(move |shard| shard.shared.records.map_run_child(&map_run_arn, items, Status::Running));
        self.soon.push_back((child_arn, Event::Started));
    }

    pub(super) fn set_timer(&mut self, execution_arn: &Str, timer: TimerId, at: Timestamp) {
        let Some(running) = self.running.get_mut(execution_arn) else { return };
        if running.timers.len() >= running.sweep_at {
            // Timers are never cancelled one by one: a long execution sweeps out those it no longer waits for.
            let (timers, machine) = (&mut self.timers, &running.machine);
            running.timers.retain(|key| {
                let awaited = timers.get(key).is_some_and(|(_, timer)| machine.awaits_timer(*timer));
                if !awaited {
                    timers.remove(key);
                }
                awaited
            });
            running.sweep_at = (running.timers.len() * 2).max(64);
        }
        self.next_timer += 1;
        let key = (at, self.next_timer);
        running.timers.insert(key);
        self.timers.insert(key, (execution_arn.clone(), timer));
    }

    /// Fires what is due.
    fn fire(&mut self, now: Timestamp) {
        while let Some(entry) = self.timers.first_entry()
            && entry.key().0 <= now
        {
            let (key, (execution_arn, timer)) = entry.remove_entry();
            if let Some(running) = self.running.get_mut(&execution_arn) {
                running.timers.remove(&key);
            }
            self.happen_at(&execution_arn, now, Event::DeadlineReached { timer });
        }
    }

    /// Virtual time: when nothing else can happen, goes on to the next moment at which something will.
    fn try_advance(&mut self) -> bool {
        let Clock::Virtual(clock) = &self.shared.clock else { return false };
        if self.advance.is_empty() {
            return false;
        }
        let (asleep, wakes) = clock.sleepers();
        if self.handlers > asleep {
            return false;
        }
        let timer = self.timers.first_key_value().map(|((at, _), _)| *at);
        let next = [timer, wakes].into_iter().flatten().min();
        if let Some(next) = next {
            let next = next.max(clock.now());
            clock.advance_to(next);
            self.fire(next);
        }
        for (before, moved) in std::mem::take(&mut self.advance) {
            let _ = moved.send(next.is_some() || self.happened > before);
        }
        true
    }

    /// The mocked response to a task, when its execution was started with a test case that has one.
    pub(super) fn mocked(&self, execution_arn: &str, command: &TaskCommand) -> Option<MockedResponse> {
        let start = &self.running.get(execution_arn)?.record.birth.start;
        let test_case = start.test_case.as_deref()?;
        // Children of a Map Run have their state machine's name, a slash, and the Map Run's label.
        let state_machine = start.state_machine_name.split('/').next().unwrap_or_default();
        self.shared.mocks.answer(state_machine, test_case, &command.state, command.invocation)
    }

    pub(super) fn schedule(&mut self, execution_arn: &Str, command: TaskCommand) {
        let awaited = |running: &Running| running.machine.awaits_task(command.task);
        if !self.running.get(execution_arn).is_some_and(awaited) {
            return;
        }
        let mocked = self.mocked(execution_arn, &command);
        let TaskCommand { purpose, task, state, resource, input, credentials, timeout_seconds, token, .. } = command;
        if let (Resource::Activity { arn }, None) = (&resource, &mocked) {
            let activity = ActivityTask { token: token.unwrap_or_default(), input };
            self.shared.activities.offer(arn, Offered { execution_arn: execution_arn.clone(), task, activity });
            return;
        }
        let (Some(own), Some(running)) = (self.own.upgrade(), self.running.get_mut(execution_arn)) else { return };
        let submitted = Arc::new(AtomicBool::new(false));
        let pattern = resource.pattern();
        let request = TaskRequest {
            purpose,
            resource,
            input,
            execution_arn: execution_arn.clone(),
            state,
            task: task.0,
            token,
            timeout_seconds,
            credentials,
            progress: progress(own.clone(), execution_arn.clone(), task, submitted.clone()),
        };
        let mut done = Done { own, execution_arn: execution_arn.clone(), task, told: false };
        let answer = match mocked {
            Some(mocked) => Guarded::ready(mocked.play(&request)),
            None => Guarded::call(&*self.shared.handler, request),
        };
        let handler = tokio::spawn(async move {
            let event = match answer.await {
                // The service has the token now; the task ends when the token comes back. (A handler that told the
                // submission itself returns the task's end.)
                Ok(output) if pattern == Pattern::WaitForTaskToken && !submitted.load(Ordering::Acquire) => {
                    Event::TaskSubmitted { task, output }
                }
                Ok(output) => Event::TaskSucceeded { task, output },
                Err(error) => Event::TaskFailed { task, error },
            };
            done.tell(Some(event)).await;
        });
        running.handlers.insert(task, handler.abort_handle());
        self.handlers += 1;
    }
}

/// Tells the shard that a handler is done, also when the handler is aborted.
struct Done {
    own: mpsc::Sender<Message>,
    execution_arn: Str,
    task: TaskId,
    told: bool,
}

impl Done {
    async fn tell(&mut self, event: Option<Event>) {
        let (execution_arn, task) = (self.execution_arn.clone(), self.task);
        self.told = true;
        let _ = self.own.send(Message::HandlerDone { execution_arn, task, event }).await;
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        if !self.told {
            let message =
                Message::HandlerDone { execution_arn: self.execution_arn.clone(), task: self.task, event: None };
            send_soon(self.own.clone(), message);
        }
    }
}

fn progress(own: mpsc::Sender<Message>, execution_arn: Str, task: TaskId, submitted: Arc<AtomicBool>) -> Progress {
    Progress::new(move |progress| {
        let event = match progress {
            TaskProgress::Submitted(output) => {
                submitted.store(true, Ordering::Release);
                Event::TaskSubmitted { task, output }
            }
            TaskProgress::Heartbeat => Event::TaskHeartbeat { task },
        };
        send_soon(own.clone(), Message::Event { execution_arn: execution_arn.clone(), event });
    })
}

/// Sends at once when there is room, else as soon as there is.
fn send_soon(own: mpsc::Sender<Message>, message: Message) {
    if let Err(mpsc::error::TrySendError::Full(message)) = own.try_send(message)
        && let Ok(runtime) = tokio::runtime::Handle::try_current()
    {
        runtime.spawn(async move { own.send(message).await });
    }
}
