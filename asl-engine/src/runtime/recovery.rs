//! After a restart: what is unfinished goes on.
//!
//! A machine is brought back by stepping it through its events. What it commanded on the way and still waits for is done
//! again: tasks with the ids they had, timers at the moments they had. What it no longer waits for is left alone.

use super::journal::{Happened, JournalError, Kept};
use super::record::Status;
use super::shard::Shard;
use crate::error::StatesError;
use crate::history::HistoryEvent;
use crate::machine::{
    ChildCommand, ChildId, Command, Effects, Event, Machine, MapRunNews, TaskCommand, TaskId, TimerId,
};
use crate::task::{Pattern, Resource};
use crate::time::Timestamp;
use crate::value::Str;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What a machine that was brought back asked for on the way.
#[derive(Default)]
pub(super) struct Replayed {
    /// When somebody wanted it.
    pub(super) history: Vec<HistoryEvent>,
    pub(super) map_runs: Vec<(Timestamp, Str, MapRunNews)>,
    tasks: BTreeMap<TaskId, TaskCommand>,
    timers: Vec<(TimerId, Timestamp)>,
    children: BTreeMap<ChildId, ChildCommand>,
    /// It yielded in the middle of its own work.
    yielded: bool,
    /// Tasks that a worker has, or a service accepted.
    accepted: HashSet<TaskId>,
}

/// Steps a machine through its events.
///
/// # Errors
/// When it does not do what it did.
pub(super) fn replay(kept: &Kept, events: Vec<Happened>, history: bool) -> Result<(Machine, Replayed), JournalError> {
    let birth = &kept.birth;
    let mut machine = Machine::new(birth.program.clone(), (*birth.start).clone());
    let mut replayed = Replayed::default();
    let mut effects = if history { Effects::with_history() } else { Effects::default() };
    for (number, Happened { at, digest, event }) in events.into_iter().enumerate() {
        if let Event::TaskStarted { task, .. } | Event::TaskSubmitted { task, .. } = &event {
            replayed.accepted.insert(*task);
        }
        machine.step(at, event, &mut effects);
        if machine.digest() != digest {
            return Err(JournalError::Diverged { execution_arn: birth.start.execution_arn.clone(), number });
        }
        replayed.yielded = false;
        for command in effects.commands.drain(..) {
            replayed.take_down(at, command);
        }
    }
    replayed.history = effects.history.unwrap_or_default();
    Ok((machine, replayed))
}

impl Replayed {
    fn take_down(&mut self, at: Timestamp, command: Command) {
        match command {
            Command::Schedule(task) => _ = self.tasks.insert(task.task, *task),
            Command::Abandon { task } => _ = self.tasks.remove(&task),
            Command::Wake { timer, at } => self.timers.push((timer, at)),
            Command::Resume => self.yielded = true,
            Command::StartChild(child) => _ = self.children.insert(child.child, *child),
            Command::StopChild { child } => _ = self.children.remove(&child),
            Command::MapRun { map_run_arn, news } => self.map_runs.push((at, map_run_arn, news)),
            Command::Finish(_) => {}
        }
    }
}

impl Shard {
    /// Goes on with these executions; returns with how many.
    pub(super) fn recover(&mut self, unfinished: Vec<Kept>) -> usize {
        let known: HashSet<Str> = unfinished.iter().map(|kept| kept.birth.start.execution_arn.clone()).collect();
        let mut replayed = HashMap::new();
        for kept in unfinished {
            let execution_arn = kept.birth.start.execution_arn.clone();
            let log = &self.shared.log;
            match log.journal.events(kept.birth.sequence).and_then(|events| {
                let number = events.len() as u32;
                Ok((replay(&kept, events, false)?, number))
            }) {
                Ok(((machine, found), events)) => {
                    self.host(kept.birth, machine, events, true).publish();
                    replayed.insert(execution_arn, found);
                }
                // It stays as it is: to go on with something else would falsify its history.
                Err(error) => tracing::error!(%execution_arn, %error, "an execution is not continued"),
            }
        }
        let count = replayed.len();
        let mut arns: Vec<(u64, Str)> =
            self.running.iter().map(|(arn, running)| (running.record.birth.sequence, arn.clone())).collect();
        // In the order they started, so that what is late happens in order.
        arns.sort();
        for (_, execution_arn) in &arns {
            if let Some(replayed) = replayed.remove(execution_arn) {
                self.resume(execution_arn, replayed);
            }
        }
        for (_, execution_arn) in &arns {
            self.stop_orphan(execution_arn, &known);
        }
        count
    }

    /// Does again what the execution waits for.
    fn resume(&mut self, execution_arn: &Str, replayed: Replayed) {
        let Some(running) = self.running.get(execution_arn) else { return };
        let machine = &running.machine;
        let timers: Vec<_> = replayed.timers.into_iter().filter(|(timer, _)| machine.awaits_timer(*timer)).collect();
        let tasks: Vec<_> = replayed.tasks.into_values().filter(|task| machine.awaits_task(task.task)).collect();
        let children: Vec<_> =
            replayed.children.into_values().filter(|child| machine.awaits_child(child.child)).collect();
        let begun = running.events > 0;
        for (timer, at) in timers {
            self.set_timer(execution_arn, timer, at);
        }
        for task in tasks {
            let accepted = replayed.accepted.contains(&task.task);
            if !accepted || self.repeats(execution_arn, &task) {
                let execution_arn = execution_arn.clone();
                self.hold(move |shard| shard.schedule(&execution_arn, task));
            }
        }
        for (at, map_run_arn, news) in replayed.map_runs {
            let started = matches!(news, MapRunNews::Started { .. });
            self.shared.records.map_run_news(execution_arn, map_run_arn.clone(), at, news);
            if started {
                self.count_children(&map_run_arn);
            }
        }
        for child in children {
            self.resume_child(execution_arn, child);
        }
        if !begun {
            self.soon.push_back((execution_arn.clone(), Event::Started));
        } else if replayed.yielded {
            self.soon.push_back((execution_arn.clone(), Event::Resumed));
        }
    }

    /// Is a task that was accepted asked for again? Not when its token is in somebody's hands.
    fn repeats(&self, execution_arn: &str, task: &TaskCommand) -> bool {
        let out =
            matches!(task.resource, Resource::Activity { .. }) || task.resource.pattern() == Pattern::WaitForTaskToken;
        // A mocked response brings the token back by itself.
        !out || self.mocked(execution_arn, task).is_some()
    }

    fn count_children(&self, map_run_arn: &str) {
        match self.shared.log.journal.list(map_run_arn, None, None, usize::MAX) {
            Ok(children) => {
                for child in children {
                    let items = child.birth.parent.as_ref().map_or(0, |parent| parent.items);
                    let status = Status::of(child.end.as_ref().map(|end| &end.outcome));
                    self.shared.records.map_run_child(map_run_arn, items, status);
                }
            }
            Err(error) => tracing::error!(map_run_arn, %error, "the children of a Map Run cannot be counted"),
        }
    }

    fn resume_child(&mut self, execution_arn: &Str, command: ChildCommand) {
        let (child, child_arn) = (command.child, command.start.execution_arn.clone());
        if self.running.contains_key(&child_arn) {
            if let Some(running) = self.running.get_mut(execution_arn) {
                running.children.insert(child, child_arn);
            }
            return;
        }
        match self.shared.log.journal.find(&child_arn) {
            // It ended, but its parent had not heard of it.
            Ok(Some(Kept { end: Some(end), .. })) => {
                self.soon.push_back((execution_arn.clone(), Event::ChildFinished { child, outcome: end.outcome }));
            }
            Ok(Some(Kept { end: None, .. })) => {}
            Ok(None) => self.start_child(execution_arn, self.shared.clock.now(), command),
            Err(error) => tracing::error!(%child_arn, %error, "a child execution cannot be read"),
        }
    }

    /// A child whose parent no longer waits for it was about to be stopped.
    fn stop_orphan(&mut self, execution_arn: &Str, known: &HashSet<Str>) {
        let Some(running) = self.running.get(execution_arn) else { return };
        let Some(parent) = &running.record.birth.parent else { return };
        let orphan = match self.running.get(&parent.execution_arn) {
            Some(hosted) => !hosted.machine.awaits_child(parent.child),
            // A parent that cannot be continued keeps its children.
            None => !known.contains(&parent.execution_arn),
        };
        if orphan {
            self.soon.push_back((execution_arn.clone(), Event::StopRequested { error: StatesError::default() }));
        }
    }
}
