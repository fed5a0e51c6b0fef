//! What a machine asked for and has not got yet.
//!
//! The machine itself remembers only the ids; what was asked in full is kept here, so that it can be asked again after a
//! restart, also when the machine comes back from a snapshot.

use crate::machine::{ChildId, Event, Machine, MapRunNews, TaskCommand, TaskId, TimerId};
use crate::task::{Pattern, Resource};
use crate::time::Timestamp;
use crate::value::{Str, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a machine waits for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outstanding {
    pub(super) tasks: BTreeMap<TaskId, Asked>,
    /// Some may be stale: timers are not cancelled.
    pub(super) timers: BTreeMap<TimerId, Timestamp>,
    /// The ARNs of its child executions.
    pub(super) children: BTreeMap<ChildId, Str>,
    /// Those of them that were redriven, and how often they are to be.
    #[serde(default)]
    pub(super) redriven: BTreeMap<ChildId, u64>,
    /// Everything it told of its Map Runs.
    pub(super) map_runs: Vec<(Timestamp, Str, MapRunNews)>,
    /// It yielded in the middle of its own work.
    pub(super) yielded: bool,
}

/// A task that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) command: Box<TaskCommand>,
    /// A worker has it, or a service accepted it.
    pub(super) accepted: bool,
    /// What the service answered when it accepted a job that it now works on (`.sync`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) submitted: Option<Value>,
}

impl Asked {
    /// Does it end with a token that somebody outside brings back, so that nobody here works on it?
    pub(super) fn is_out(&self) -> bool {
        let resource = &self.command.resource;
        matches!(resource, Resource::Activity { .. })
            || self.accepted && resource.pattern() == Pattern::WaitForTaskToken
    }
}

impl Outstanding {
    /// Takes down that the machine was told this event.
    pub(super) fn hear(&mut self, event: &Event, machine: &Machine) {
        self.yielded = false;
        match event {
            Event::TaskStarted { task, .. } => {
                if let Some(asked) = self.tasks.get_mut(task) {
                    asked.accepted = true;
                }
            }
            Event::TaskSubmitted { task, output } => {
                if let Some(asked) = self.tasks.get_mut(task) {
                    asked.accepted = true;
                    if let Pattern::Sync | Pattern::Sync2 = asked.command.resource.pattern() {
                        asked.submitted.get_or_insert_with(|| output.clone());
                    }
                }
            }
            Event::DeadlineReached { timer } => _ = self.timers.remove(timer),
            Event::ChildFinished { child, .. } => {
                self.children.remove(child);
                self.redriven.remove(child);
            }
            _ => {}
        }
        if let Event::TaskSubmitted { task, .. } | Event::TaskSucceeded { task, .. } | Event::TaskFailed { task, .. } =
            event
            && !machine.awaits_task(*task)
        {
            self.tasks.remove(task);
        }
    }

    pub(super) fn redrive_child(&mut self, child: ChildId, child_arn: Str, redrives: u64) {
        self.children.insert(child, child_arn);
        self.redriven.insert(child, redrives);
    }

    pub(super) fn ask(&mut self, command: Box<TaskCommand>) -> TaskId {
        let task = command.task;
        self.tasks.insert(task, Asked { command, accepted: false, submitted: None });
        task
    }

    /// Forgets the timers that nobody waits for any more, and tells which they were.
    pub(super) fn sweep(&mut self, machine: &Machine, mut stale: impl FnMut(TimerId, Timestamp)) {
        self.timers.retain(|timer, at| {
            let awaited = machine.awaits_timer(*timer);
            if !awaited {
                stale(*timer, *at);
            }
            awaited
        });
    }
}
