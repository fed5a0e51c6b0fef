//! What executions do: an event happens to one, its machine takes a step, and its commands are performed.

use super::activity::Offered;
use super::engine::{StartError, TokenError, TokenReport};
use super::journal::{Birth, End, Entry, Happened, Journal, Parent, Saved};
use super::record::{Execution, Record};
use super::redrive::Redrives;
use super::replay::Replay;
use super::shard::{Running, Shard, home_of};
use crate::definition::Program;
use crate::error::StatesError;
use crate::machine::{ChildCommand, Command, Effects, Event, MapRunNews, Outcome, Start, TaskId, TimerId};
use crate::task::Resource;
use crate::time::Timestamp;
use crate::value::Str;
use std::collections::HashMap;
use std::sync::Arc;

/// So many more events may happen to an execution than history events are told, before it is written out: the parent of a Map
/// Run hears of thousands of children and tells nothing of them. As it holds all its items, each time has to be worth as many
/// events as there were before: all snapshots together cost no more than the events.
const SILENT_EVENTS: u64 = 4;

/// How many timers an execution may have before the stale ones are swept out.
const TIMERS_SWEPT: usize = 64;

/// How many timers fire between two commits: parked executions may be due all at once.
const FIRED_AT_ONCE: usize = 1024;

impl Shard {
    /// INVARIANT: an ARN belongs to one shard, so two starts of one ARN meet here one after the other.
    pub(super) fn start(
        &mut self,
        program: Arc<Program>,
        start: Arc<Start>,
        kept: bool,
    ) -> Result<Arc<Record>, StartError> {
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
        let home = home_of(&start.execution_arn);
        let record = self.bear(Birth { sequence, program, start, started, parent: None }, home, kept);
        self.happen_at(sequence, started, Event::Started);
        Ok(record)
    }

    /// Makes room for an execution that is about to start.
    fn bear(&mut self, birth: Birth, home: u64, kept: bool) -> Arc<Record> {
        let replay = Replay::new(&birth);
        self.shared.records.count_running(1);
        let record = self.host(Arc::new(birth), replay, home, kept, Arc::default());
        self.record(kept, Entry::Born(record.birth.clone()));
        let born = record.clone();
        self.hold(move |_| born.publish());
        record
    }

    pub(super) fn host(
        &mut self,
        birth: Arc<Birth>,
        replay: Replay,
        home: u64,
        kept: bool,
        redrives: Arc<Redrives>,
    ) -> Arc<Record> {
        let sequence = birth.sequence;
        let record = self.shared.records.insert(birth, home, kept, redrives, self.shared.clock.clone());
        let Replay { machine, outstanding, events, snapshot } = replay;
        let hosted = Running {
            record: record.clone(),
            activities: self.shared.activities_of(&machine),
            machine,
            outstanding,
            events,
            snapshot,
            handlers: HashMap::new(),
            sweep_at: TIMERS_SWEPT,
            touched: Timestamp::default(),
            noted: false,
            parked: false,
            doomed: false,
        };
        self.running.insert(sequence, Box::new(hosted));
        record
    }

    pub(super) fn report(&mut self, execution: u64, task: TaskId, report: TokenReport) -> Result<(), TokenError> {
        if !self.awake(execution) || !self.awaits_task(execution, task) {
            return Err(TokenError::TimedOut);
        }
        let event = match report {
            TokenReport::Success(output) => Event::TaskSucceeded { task, output },
            TokenReport::Failure(error) => Event::TaskFailed { task, error },
            TokenReport::Heartbeat => Event::TaskHeartbeat { task },
        };
        self.happen(execution, event);
        Ok(())
    }

    pub(super) fn awaits_task(&self, execution: u64, task: TaskId) -> bool {
        self.running.get(&execution).is_some_and(|running| running.machine.awaits_task(task))
    }

    pub(super) fn happen(&mut self, execution: u64, event: Event) {
        self.happen_at(execution, self.shared.clock.now(), event);
    }

    /// Records an event, steps the machine, and performs what it commands.
    pub(super) fn happen_at(&mut self, execution: u64, at: Timestamp, event: Event) {
        self.look_for_activities(execution, at);
        self.take_in(execution, at, event);
    }

    /// Tells the machine which activities are missing, if that has changed: what it knows is among its events, as all it knows.
    fn look_for_activities(&mut self, execution: u64, at: Timestamp) {
        let (Some(running), Some(exists)) = (self.running.get(&execution), &self.shared.activity_exists) else {
            return;
        };
        let missing = running.activities.iter().filter(|arn| !exists(arn));
        if !missing.clone().eq(running.machine.missing_activities()) {
            let arns = missing.cloned().collect();
            self.take_in(execution, at, Event::ActivitiesMissing { arns });
        }
    }

    fn take_in(&mut self, execution: u64, at: Timestamp, event: Event) {
        let Some(running) = self.running.get_mut(&execution) else { return };
        self.happened += 1;
        let mut effects = Effects::default();
        running.machine.step(at, event.clone(), &mut effects);
        running.outstanding.hear(&event, &running.machine);
        let (kept, number) = (running.record.kept, running.events);
        running.events += 1;
        let happened = Happened { at, digest: running.machine.digest(), event };
        if std::mem::take(&mut running.parked) {
            self.record(kept, Entry::Awake { sequence: execution });
        }
        self.record(kept, Entry::Happened { sequence: execution, number, happened });
        for command in effects.commands {
            self.perform(execution, at, command);
        }
        self.save_now_and_then(execution);
        self.note_waiting(execution, at);
    }

    /// Writes the machine out when enough has happened since the last time.
    fn save_now_and_then(&mut self, execution: u64) {
        let Some(running) = self.running.get_mut(&execution) else { return };
        let (history, events) = (running.machine.events(), running.events);
        let every = self.shared.snapshot_every;
        let (told, heard) = (history - running.snapshot.0, u64::from(events - running.snapshot.1));
        let due = told >= every || heard >= every.saturating_mul(SILENT_EVENTS).max(running.snapshot.1.into());
        if !due || !running.record.kept {
            return;
        }
        running.snapshot = (history, events);
        running.outstanding.sweep(&running.machine, {
            let timers = &mut self.timers;
            |timer, at| _ = timers.remove(&(at, execution, timer))
        });
        let (machine, outstanding) = (running.machine.snapshot().into_owned(), running.outstanding.clone());
        let saved = Arc::new(Saved { history, events, machine, outstanding });
        self.record(true, Entry::Snapshot { sequence: execution, saved });
    }

    fn perform(&mut self, execution: u64, now: Timestamp, command: Command) {
        let Some(running) = self.running.get_mut(&execution) else { return };
        match command {
            Command::Schedule(task) => {
                let task = running.outstanding.ask(task);
                self.hold(move |shard| shard.schedule(execution, task));
            }
            Command::Abandon { task } => {
                let asked = running.outstanding.tasks.remove(&task);
                if let Some(handler) = running.handlers.remove(&task) {
                    self.hold(move |_| handler.abort());
                } else if let Some(Resource::Activity { arn }) = asked.map(|asked| asked.command.resource) {
                    self.shared.activities.withdraw(&arn, Offered { home: running.record.home, execution, task });
                }
            }
            Command::Wake { timer, at } => self.set_timer(execution, timer, at),
            Command::Resume => {
                running.outstanding.yielded = true;
                self.soon.push_back((execution, Event::Resumed));
            }
            Command::StartChild(child) => self.start_child(execution, now, *child),
            Command::RedriveChild { child, execution_arn, redrives } => {
                running.outstanding.redrive_child(child, execution_arn.clone(), redrives);
                self.hold(move |shard| shard.redrive_child(execution, child, &execution_arn, redrives));
            }
            Command::StopChild { child } => {
                if let Some(child_arn) = running.outstanding.children.remove(&child) {
                    self.stop_child(&child_arn);
                }
            }
            Command::MapRun { map_run_arn, news } => self.map_run(execution, now, map_run_arn, news),
            Command::Finish(outcome) => self.finish(execution, now, outcome),
        }
    }

    fn finish(&mut self, execution: u64, now: Timestamp, outcome: Outcome) {
        let Some(running) = self.running.remove(&execution) else { return };
        let history = running.machine.events();
        for (timer, at) in running.outstanding.timers {
            self.timers.remove(&(at, execution, timer));
        }
        let (record, handlers) = (running.record, running.handlers);
        if let Some(parent) = &record.birth.parent
            && let Some(waiting) = self.shared.records.get_unrecorded(&parent.execution_arn)
        {
            let event = Event::ChildFinished { child: parent.child, outcome: outcome.clone() };
            self.soon.push_back((waiting.birth.sequence, event));
        }
        let end = End { at: now, outcome, history };
        self.record(record.kept, Entry::Ended(record.birth.clone(), end.clone()));
        self.hold(move |shard| {
            // What a handler does when nobody waits for it any more (stop its job) follows from the end.
            handlers.into_values().for_each(|handler| handler.abort());
            shard.shared.records.finish(&record, end);
        });
    }

    fn map_run(&mut self, execution: u64, now: Timestamp, map_run_arn: Str, news: MapRunNews) {
        let Some(running) = self.running.get_mut(&execution) else { return };
        running.outstanding.map_runs.push((now, map_run_arn.clone(), news.clone()));
        let (kept, execution_arn) = (running.record.kept, running.record.birth.start.execution_arn.clone());
        if let MapRunNews::Started { .. } = news {
            let (map_run_arn, execution_arn) = (map_run_arn.clone(), execution_arn.clone());
            self.record(kept, Entry::MapRun { map_run_arn, execution_arn });
        }
        self.hold(move |shard| shard.shared.records.map_run_news(&execution_arn, map_run_arn, now, news));
    }

    /// A child of an execution here; it lives here, too.
    fn start_child(&mut self, execution: u64, now: Timestamp, command: ChildCommand) {
        let ChildCommand { child, map_run_arn, items, again, start } = command;
        let Some(running) = self.running.get_mut(&execution) else { return };
        running.outstanding.children.insert(child, start.execution_arn.clone());
        let Record { birth, home, kept, .. } = &*running.record;
        let (program, home, kept) = (birth.program.clone(), *home, *kept);
        let execution_arn = birth.start.execution_arn.clone();
        let log = &self.shared.log;
        let sequence = if kept { log.journal.next_sequence() } else { log.passing.next_sequence() };
        let parent = Some(Parent { execution_arn, child, map_run_arn: map_run_arn.clone(), items });
        self.bear(Birth { sequence, program, start: Arc::new(start), started: now, parent }, home, kept);
        self.hold(move |shard| shard.shared.records.map_run_child(&map_run_arn, items, again));
        self.soon.push_back((sequence, Event::Started));
    }

    fn stop_child(&mut self, child_arn: &str) {
        let here = self.shared.records.get_unrecorded(child_arn).map(|record| record.birth.sequence);
        let child = here.or_else(|| Some(self.shared.log.journal.find(child_arn).ok()??.birth.sequence));
        if let Some(child) = child
            && self.awake_for_good(child)
        {
            if let Some(running) = self.running.get_mut(&child) {
                running.doomed = true;
            }
            self.soon.push_back((child, Event::StopRequested { error: StatesError::default() }));
        }
    }

    fn set_timer(&mut self, execution: u64, timer: TimerId, at: Timestamp) {
        let Some(running) = self.running.get_mut(&execution) else { return };
        let outstanding = &mut running.outstanding;
        if outstanding.timers.len() >= running.sweep_at {
            // Timers are never cancelled one by one: a long execution sweeps out those it no longer waits for.
            let timers = &mut self.timers;
            outstanding.sweep(&running.machine, |timer, at| _ = timers.remove(&(at, execution, timer)));
            running.sweep_at = (outstanding.timers.len() * 2).max(TIMERS_SWEPT);
        }
        outstanding.timers.insert(timer, at);
        self.timers.insert((at, execution, timer));
    }

    /// Fires what is due, in order; when very much is, a part of it.
    pub(super) fn fire(&mut self, now: Timestamp) {
        for _ in 0..FIRED_AT_ONCE {
            let Some((_, execution, timer)) = self.timers.first().copied().filter(|(at, ..)| *at <= now) else {
                return;
            };
            self.timers.pop_first();
            if self.awake(execution) {
                let Some(running) = self.running.get_mut(&execution) else { continue };
                if running.machine.awaits_timer(timer) {
                    self.happen_at(execution, now, Event::DeadlineReached { timer });
                } else {
                    running.outstanding.timers.remove(&timer);
                }
            }
        }
    }
}
