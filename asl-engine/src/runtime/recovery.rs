//! After a restart: what is unfinished goes on.
//!
//! What is parked stays where it is: its timers are set and its tasks offered, and that is all. What was in memory is
//! brought back, and what it waits for is done again: tasks with the ids they had, timers at the moments they had.

use super::activity::Offered;
use super::journal::{Kept, Parked};
use super::outstanding::Outstanding;
use super::replay;
use super::shard::Shard;
use crate::error::StatesError;
use crate::machine::{ChildId, Event, MapRunNews, TaskId};
use crate::value::Str;
use std::collections::HashSet;

/// What a shard goes on with after a restart.
#[derive(Default)]
pub(super) struct Share {
    /// What was in memory, each with its home.
    pub(super) unfinished: Vec<(Kept, u64)>,
    pub(super) parked: Vec<Parked>,
}

impl Shard {
    /// Goes on with these executions; returns with how many.
    pub(super) fn recover(&mut self, share: Share) -> usize {
        let Share { unfinished, parked } = share;
        let mut count = parked.len();
        let known: HashSet<Str> = unfinished.iter().map(|(kept, _)| kept.birth.start.execution_arn.clone()).collect();
        let mut brought_back = Vec::new();
        for (kept, home) in unfinished {
            let (sequence, execution_arn) = (kept.birth.sequence, kept.birth.start.execution_arn.clone());
            match replay::bring_back(&*self.shared.log.journal, &kept) {
                Ok(replay) => {
                    self.host(kept.birth, replay, home, true, kept.redrives).publish();
                    brought_back.push(sequence);
                }
                // It stays as it is: to go on with something else would falsify its history.
                Err(error) => tracing::error!(%execution_arn, %error, "an execution is not continued"),
            }
        }
        self.shared.records.count_running(count + brought_back.len());
        count += brought_back.len();
        for parked in parked {
            self.sleep_on(parked);
        }
        // In the order they started, so that what is late happens in order.
        brought_back.sort_unstable();
        for execution in &brought_back {
            self.resume(*execution);
        }
        for execution in &brought_back {
            self.stop_orphan(*execution, &known);
        }
        count
    }

    /// Does again what the execution waits for.
    fn resume(&mut self, execution: u64) {
        let Some(running) = self.running.get_mut(&execution) else { return };
        running.outstanding.sweep(&running.machine, |_, _| ());
        let begun = running.events > 0;
        let Outstanding { tasks, timers, children, yielded, .. } = &running.outstanding;
        self.timers.extend(timers.iter().map(|(timer, at)| (*at, execution, *timer)));
        let redriven = &running.outstanding.redriven;
        let children: Vec<_> =
            children.iter().map(|(child, arn)| (*child, arn.clone(), redriven.get(child).copied())).collect();
        let tasks: Vec<TaskId> = tasks.keys().copied().collect();
        let next = match begun {
            false => Some(Event::Started),
            true => yielded.then_some(Event::Resumed),
        };
        for task in tasks {
            if self.repeats(execution, task) {
                self.hold(move |shard| shard.schedule(execution, task));
            }
        }
        self.tell_map_runs(execution);
        for (child, child_arn, redrives) in children {
            match redrives {
                None => self.resume_child(execution, child, &child_arn),
                Some(redrives) => self.redrive_child(execution, child, &child_arn, redrives),
            }
        }
        if let Some(event) = next {
            self.soon.push_back((execution, event));
        }
    }

    /// Is the task asked for again? Not when it was accepted and its token is in somebody's hands.
    fn repeats(&self, execution: u64, task: TaskId) -> bool {
        let Some(running) = self.running.get(&execution) else { return false };
        let Some(asked) = running.outstanding.tasks.get(&task) else { return false };
        // A mocked response brings the token back by itself.
        !(asked.accepted && asked.is_out()) || self.mocked(&running.record.birth.start, &asked.command).is_some()
    }

    /// Takes down again what the machine told of its Map Runs.
    pub(super) fn tell_map_runs(&self, execution: u64) {
        let Some(running) = self.running.get(&execution) else { return };
        let execution_arn = &running.record.birth.start.execution_arn;
        let news = &running.outstanding.map_runs;
        for (at, map_run_arn, news) in news.iter().cloned() {
            self.shared.records.map_run_news(execution_arn, map_run_arn, at, news);
        }
        for (_, map_run_arn, _) in news.iter().filter(|(.., news)| matches!(news, MapRunNews::Started { .. })) {
            self.count_children(map_run_arn);
        }
    }

    fn count_children(&self, map_run_arn: &str) {
        match self.shared.log.journal.list(map_run_arn, None, None, usize::MAX) {
            Ok(children) => {
                let mut seen = HashSet::new();
                // Newest first: an EXPRESS child that was started again stands for the first one.
                for child in children {
                    if child.birth.parent.as_ref().is_some_and(|parent| seen.insert(parent.child)) {
                        self.shared.records.map_run_child_known(map_run_arn, &child.into());
                    }
                }
            }
            Err(error) => tracing::error!(map_run_arn, %error, "the children of a Map Run cannot be counted"),
        }
    }

    /// A child that ended before its parent heard of it. (A child is born in the commit that has its parent's event.)
    fn resume_child(&mut self, execution: u64, child: ChildId, child_arn: &Str) {
        if self.shared.records.get(child_arn).is_some() {
            return;
        }
        match self.shared.log.journal.find(child_arn) {
            Ok(Some(Kept { end: Some(end), .. })) => {
                self.soon.push_back((execution, Event::ChildFinished { child, outcome: end.outcome }));
            }
            // It is parked, or cannot be continued.
            Ok(_) => {}
            Err(error) => tracing::error!(%child_arn, %error, "a child execution cannot be read"),
        }
    }

    /// A child whose parent no longer waits for it was about to be stopped.
    fn stop_orphan(&mut self, execution: u64, known: &HashSet<Str>) {
        let Some(running) = self.running.get(&execution) else { return };
        let Some(parent) = &running.record.birth.parent else { return };
        let orphan = match self.shared.records.get(&parent.execution_arn) {
            Some(record) => {
                let hosted = self.running.get(&record.birth.sequence);
                hosted.is_some_and(|hosted| !hosted.machine.awaits_child(parent.child))
            }
            // A parent that cannot be continued keeps its children.
            None => !known.contains(&parent.execution_arn),
        };
        if orphan {
            self.soon.push_back((execution, Event::StopRequested { error: StatesError::default() }));
        }
    }

    /// Sets the timers of a parked execution, and offers its tasks.
    fn sleep_on(&mut self, parked: Parked) {
        let Parked { sequence, home, timers, offered } = parked;
        self.timers.extend(timers.into_iter().map(|(timer, at)| (at, sequence, timer)));
        for (task, activity_arn) in offered {
            self.shared.activities.offer(&activity_arn, Offered { home, execution: sequence, task });
        }
    }
}
