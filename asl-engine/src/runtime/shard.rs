//! A shard: one tokio task that owns some of the executions and does everything that happens to them.

use super::activity::{Activities, ActivityTask, Offered};
use super::clock::Clock;
use super::engine::{TokenError, TokenReport};
use super::record::{Parent, Record, Records};
use super::task_future::Guarded;
use crate::error::StatesError;
use crate::machine::{ChildCommand, ChildId, Command, Effects, Event, Machine, Outcome, TaskCommand, TaskId, TimerId};
use crate::mock::MockConfig;
use crate::task::{Pattern, Progress, Resource, TaskHandler, TaskProgress, TaskRequest};
use crate::time::Timestamp;
use crate::value::Str;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

/// How many messages a shard takes at once; also how many may wait for it.
const BATCH: usize = 256;
pub(super) const INBOX: usize = 4096;

/// What a shard is told.
pub(super) enum Message {
    /// A new execution; answered when it is recorded.
    Start { record: Arc<Record>, recorded: oneshot::Sender<()> },
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
}

pub(super) struct Shard {
    shared: Arc<Shared>,
    inbox: mpsc::Receiver<Message>,
    /// For the tasks it spawns. Weak: a shard ends when the engine is gone and its tasks are done.
    own: mpsc::WeakSender<Message>,
    running: HashMap<Str, Running>,
    /// Who is to be woken when.
    timers: BTreeMap<(Timestamp, u64), (Str, TimerId)>,
    next_timer: u64,
    /// What happens next to the shard's own executions: those that yielded go on, children start and stop, parents hear.
    soon: VecDeque<(Str, Event)>,
    /// Handlers that have not answered yet.
    handlers: usize,
    /// Who asked to advance, and how many events had happened by then.
    advance: Vec<(u64, oneshot::Sender<bool>)>,
    happened: u64,
}

struct Running {
    record: Arc<Record>,
    machine: Machine,
    handlers: HashMap<TaskId, AbortHandle>,
    timers: BTreeSet<(Timestamp, u64)>,
    /// How many timers it may keep before the stale ones are swept out.
    sweep_at: usize,
    /// Its child executions that run.
    children: HashMap<ChildId, Str>,
}

impl Shard {
    pub(super) fn new(shared: Arc<Shared>, own: &mpsc::Sender<Message>, inbox: mpsc::Receiver<Message>) -> Self {
        Shard {
            shared,
            inbox,
            own: own.downgrade(),
            running: HashMap::new(),
            timers: BTreeMap::new(),
            next_timer: 0,
            soon: VecDeque::new(),
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
            Message::Start { record, recorded } => {
                let (execution_arn, started) = (record.start.execution_arn.clone(), record.started);
                self.host(record);
                self.happen_at(&execution_arn, started, Event::Started);
                // Whoever asked may be gone; the execution runs all the same.
                let _ = recorded.send(());
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
                let _ = told.send(());
            }
            Message::Report { execution_arn, task, report, answer } => {
                let _ = answer.send(self.report(&execution_arn, task, report));
            }
            Message::Take { execution_arn, task, worker_name, taken } => {
                let awaited = self.running.get(&execution_arn).is_some_and(|running| running.machine.awaits_task(task));
                if taken.send(awaited).is_ok() && awaited {
                    self.happen(&execution_arn, Event::TaskStarted { task, worker_name });
                }
            }
            Message::Advance { moved } => self.advance.push((self.happened, moved)),
        }
    }

    /// Makes room for an execution that is about to start.
    fn host(&mut self, record: Arc<Record>) {
        let machine = Machine::new(record.program.clone(), (*record.start).clone());
        let execution_arn = record.start.execution_arn.clone();
        let (handlers, timers, children) = (HashMap::new(), BTreeSet::new(), HashMap::new());
        self.running.insert(execution_arn, Running { record, machine, handlers, timers, sweep_at: 64, children });
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
        running.record.append(at, event.clone());
        self.happened += 1;
        let mut effects = Effects::default();
        running.machine.step(at, event, &mut effects);
        for command in effects.commands {
            self.perform(execution_arn, at, command);
        }
    }

    fn perform(&mut self, execution_arn: &Str, now: Timestamp, command: Command) {
        match command {
            Command::Schedule(task) => self.schedule(execution_arn, *task),
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
            Command::MapRun { map_run_arn, news } => {
                self.shared.records.map_run_news(execution_arn, map_run_arn, now, news);
            }
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
        if let Some(parent) = &running.record.parent {
            if let Some(parent_running) = self.running.get_mut(&parent.execution_arn) {
                parent_running.children.remove(&parent.child);
            }
            let event = Event::ChildFinished { child: parent.child, outcome: outcome.clone() };
            self.soon.push_back((parent.execution_arn.clone(), event));
        }
        running.record.finish(now, outcome);
    }

    /// A child of an execution here; it lives here, too.
    fn start_child(&mut self, execution_arn: &Str, now: Timestamp, command: ChildCommand) {
        let ChildCommand { child, map_run_arn, items, start } = command;
        let Some(running) = self.running.get_mut(execution_arn) else { return };
        let parent = Parent { execution_arn: execution_arn.clone(), child, map_run_arn, items };
        let (program, shard, clock) = (running.record.program.clone(), running.record.shard, self.shared.clock.clone());
        // An ARN that is taken is the same child, started before a restart: it will tell its end.
        let Ok(record) = self.shared.records.insert(program, start, now, clock, shard, Some(parent)) else { return };
        let child_arn = record.start.execution_arn.clone();
        running.children.insert(child, child_arn.clone());
        self.host(record);
        self.soon.push_back((child_arn, Event::Started));
    }

    fn set_timer(&mut self, execution_arn: &Str, timer: TimerId, at: Timestamp) {
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

    fn schedule(&mut self, execution_arn: &Str, command: TaskCommand) {
        let mocked = self.running.get(execution_arn).and_then(|running| {
            let start = &running.record.start;
            let test_case = start.test_case.as_deref()?;
            // Children of a Map Run have their state machine's name, a slash, and the Map Run's label.
            let state_machine = start.state_machine_name.split('/').next().unwrap_or_default();
            self.shared.mocks.answer(state_machine, test_case, &command.state, command.invocation)
        });
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
