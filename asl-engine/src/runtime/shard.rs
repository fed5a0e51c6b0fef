//! A shard: one tokio task that owns some of the executions and does everything that happens to them.

use super::activity::{Activities, ActivityExists, ActivityTask};
use super::clock::Clock;
use super::engine::{StartError, TokenError, TokenReport};
use super::journal::{Birth, Entry, Journal, JournalError, Log};
use super::outstanding::Outstanding;
use super::record::{Execution, Record, Records};
use super::recovery::Share;
use super::redrive::RedriveError;
use super::retention::Retention;
use crate::definition::Program;
use crate::machine::{Event, Machine, Start, TaskId, TimerId};
use crate::mock::MockConfig;
use crate::task::TaskHandler;
use crate::time::Timestamp;
use crate::value::Str;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

/// How many messages a shard takes at once; also how many may wait for it.
const BATCH: usize = 256;
pub(super) const INBOX: usize = 4096;

/// How many entries for the journal may wait while a shard has more to do of its own.
const ENTRIES_MAX: usize = 4096;

const PARKING_PAUSE_MILLIS: u64 = 10;

/// What a shard is told. Executions are named by their sequence numbers.
pub(super) enum Message {
    /// A new execution, to be kept or not; answered when it is recorded.
    Start {
        program: Arc<Program>,
        start: Arc<Start>,
        kept: bool,
        answer: oneshot::Sender<Result<Arc<Record>, StartError>>,
    },
    /// After a restart: go on with these; answered with how many go on.
    Recover { share: Share, recovered: oneshot::Sender<usize> },
    /// Something happened to an execution; late news is ignored.
    Event { execution: u64, event: Event },
    /// A task's handler is done with it.
    HandlerDone { execution: u64, task: TaskId, event: Option<Event> },
    /// Something happened to an execution; answered when it is done. Stops are told so.
    Tell { execution: u64, event: Event, told: oneshot::Sender<()> },
    /// Somebody redrives it; answered when that is recorded.
    Redrive { execution: u64, token: Option<Str>, answer: oneshot::Sender<Result<Execution, RedriveError>> },
    /// Somebody wants to hear of its end; `None`: it has ended.
    Attend { execution: u64, answer: oneshot::Sender<Option<Arc<Record>>> },
    /// A worker or callback reports by a token that was read already.
    Report { execution: u64, task: TaskId, report: TokenReport, answer: oneshot::Sender<Result<(), TokenError>> },
    /// A worker wants to take the task; `None`: it may not.
    Take { execution: u64, task: TaskId, worker_name: Option<Str>, taken: oneshot::Sender<Option<ActivityTask>> },
    /// Virtual time: go on to the next thing that will happen. Answered false when nothing will.
    Advance { moved: oneshot::Sender<bool> },
}

/// What all shards share.
pub(super) struct Shared {
    pub(super) clock: Clock,
    pub(super) handler: Arc<dyn TaskHandler>,
    pub(super) mocks: MockConfig,
    pub(super) activities: Arc<Activities>,
    /// Tells whether there is such an activity; without it, all exist.
    pub(super) activity_exists: Option<Arc<ActivityExists>>,
    pub(super) records: Records,
    pub(super) log: Log,
    pub(super) retention: Retention,
    /// How long an execution waits before it leaves memory.
    pub(super) park_after: Duration,
    /// After how many history events a machine is written out.
    pub(super) snapshot_every: u64,
    /// Why nothing goes on any more, once that is so.
    pub(super) failure: watch::Sender<Option<JournalError>>,
}

impl Shared {
    /// The activities that have to be looked for: none when a test case answers the tasks.
    pub(super) fn activities_of(&self, machine: &Machine) -> Vec<Str> {
        if self.activity_exists.is_none() || machine.start().test_case.is_some() {
            return Vec::new();
        }
        machine.program().activities().into_iter().collect()
    }

    /// Where an execution lives: where the execution lives that began it all.
    pub(super) fn home_of(&self, birth: &Birth) -> u64 {
        let Some(parent) = &birth.parent else { return home_of(&birth.start.execution_arn) };
        if let Some(record) = self.records.get_unrecorded(&parent.execution_arn) {
            return record.home;
        }
        match self.log.find(&parent.execution_arn) {
            Ok(Some(kept)) => self.home_of(&kept.birth),
            _ => home_of(&parent.execution_arn),
        }
    }
}

/// The home of an execution that is no child. The journal holds such numbers: they must stay the same (FNV-1a).
pub(super) fn home_of(execution_arn: &str) -> u64 {
    execution_arn
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// How long a shard sleeps at most while timers are set: somebody may set the clock meanwhile, or the machine may be suspended,
/// and neither is noticed while asleep.
const CLOCK_LOOK_MILLIS: u64 = 10_000;

/// Something that may be done or seen outside once what led to it is recorded.
type Release = Box<dyn FnOnce(&mut Shard) + Send>;

pub(super) struct Shard {
    pub(super) shared: Arc<Shared>,
    inbox: mpsc::Receiver<Message>,
    /// For the tasks it spawns. Weak: a shard ends when the engine is gone and its tasks are done.
    pub(super) own: mpsc::WeakSender<Message>,
    /// The executions that are in memory.
    pub(super) running: HashMap<u64, Box<Running>>,
    /// Who is to be woken when, in memory or parked.
    pub(super) timers: BTreeSet<(Timestamp, u64, TimerId)>,
    /// Those that may be parked, and when to look at them.
    pub(super) waiting: VecDeque<(Timestamp, u64)>,
    /// What happens next to the shard's own executions: those that yielded go on, children start and stop, parents hear.
    pub(super) soon: VecDeque<(u64, Event)>,
    /// What happened and is not recorded yet: for the journal, and for the memory of executions that are not kept.
    entries: Vec<Entry>,
    passing: Vec<Entry>,
    /// What follows from it.
    held: Vec<Release>,
    /// Handlers that have not answered yet.
    pub(super) handlers: usize,
    /// Who asked to advance, and how many events had happened by then.
    advance: Vec<(u64, oneshot::Sender<bool>)>,
    pub(super) happened: u64,
}

/// An execution in memory.
pub(super) struct Running {
    pub(super) record: Arc<Record>,
    pub(super) machine: Machine,
    pub(super) outstanding: Outstanding,
    /// The activities that its program names.
    pub(super) activities: Vec<Str>,
    /// How many events happened to it.
    pub(super) events: u32,
    /// How long its history was, and how many events had happened, at the last snapshot.
    pub(super) snapshot: (u64, u32),
    pub(super) handlers: HashMap<TaskId, AbortHandle>,
    /// How many timers it may keep before the stale ones are swept out.
    pub(super) sweep_at: usize,
    /// When something happened to it last.
    pub(super) touched: Timestamp,
    /// Is it among those that may be parked?
    pub(super) noted: bool,
    /// Does the journal say that it is parked?
    pub(super) parked: bool,
    /// It is about to be stopped.
    pub(super) doomed: bool,
}

impl Shard {
    pub(super) fn new(shared: Arc<Shared>, own: &mpsc::Sender<Message>, inbox: mpsc::Receiver<Message>) -> Self {
        Shard {
            shared,
            inbox,
            own: own.downgrade(),
            running: HashMap::new(),
            timers: BTreeSet::new(),
            waiting: VecDeque::new(),
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
                if let Some((execution, event)) = self.soon.pop_front() {
                    self.happen(execution, event);
                }
            }
            self.park(self.shared.clock.now());
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

    /// How long until there is something to do by itself, on the system's clock.
    fn next_wake(&self) -> Option<Duration> {
        let Clock::System = self.shared.clock else { return None };
        let now = self.shared.clock.now();
        let until = |at: Timestamp| at.as_millis().saturating_sub(now.as_millis()).max(0) as u64;
        let timer = self.timers.first().map(|(at, ..)| until(*at));
        // Those that cannot be parked are looked at again and again, but not all the time.
        let parking = self.waiting.front().map(|(at, _)| until(*at).max(PARKING_PAUSE_MILLIS));
        let first = timer.into_iter().chain(parking).min()?;
        Some(Duration::from_millis(first.min(CLOCK_LOOK_MILLIS)))
    }

    fn receive(&mut self, message: Message) {
        match message {
            Message::Start { program, start, kept, answer } => {
                let outcome = self.start(program, start, kept);
                // Whoever asked may be gone; the execution runs all the same.
                self.hold(move |_| _ = answer.send(outcome));
            }
            Message::Recover { share, recovered } => {
                let count = self.recover(share);
                self.hold(move |_| _ = recovered.send(count));
            }
            Message::Event { execution, event } => self.happen(execution, event),
            Message::HandlerDone { execution, task, event } => {
                self.handlers -= 1;
                if let Some(running) = self.running.get_mut(&execution) {
                    running.handlers.remove(&task);
                }
                if let Some(event) = event {
                    self.happen(execution, event);
                }
            }
            Message::Tell { execution, event, told } => {
                if self.awake(execution) {
                    self.happen(execution, event);
                }
                self.hold(move |_| _ = told.send(()));
            }
            Message::Redrive { execution, token, answer } => {
                let outcome = self.redrive(execution, token);
                self.hold(move |_| _ = answer.send(outcome));
            }
            Message::Attend { execution, answer } => {
                self.awake(execution);
                let record = self.running.get(&execution).map(|running| running.record.clone());
                _ = answer.send(record);
            }
            Message::Report { execution, task, report, answer } => {
                let outcome = self.report(execution, task, report);
                self.hold(move |_| _ = answer.send(outcome));
            }
            Message::Take { execution, task, worker_name, taken } => {
                let may = self.awake(execution) && self.awaits_task(execution, task) && !taken.is_closed();
                let asked = self.running.get(&execution).filter(|_| may).and_then(|it| it.outstanding.tasks.get(&task));
                let activity = asked.map(|asked| ActivityTask {
                    token: asked.command.token.clone().unwrap_or_default(),
                    input: asked.command.input.clone(),
                });
                if activity.is_some() {
                    self.happen(execution, Event::TaskStarted { task, worker_name });
                }
                self.hold(move |_| _ = taken.send(activity));
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

    pub(super) fn record(&mut self, kept: bool, entry: Entry) {
        let entries = if kept { &mut self.entries } else { &mut self.passing };
        entries.push(entry);
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
        let timer = self.timers.first().map(|(at, ..)| *at);
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
}
