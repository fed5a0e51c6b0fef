//! Executions that wait leave memory, and come back when something happens to them.
//!
//! A parked execution is a row in the journal that names its timers, and those timers in its shard. A timer that fires, a
//! token that comes back, a stop, or somebody who waits for its end brings it back by a replay.

use super::journal::{Entry, JournalError, Parked};
use super::replay;
use super::shard::{Running, Shard};
use crate::task::Resource;
use crate::time::Timestamp;
use std::sync::Arc;

impl Running {
    /// Is there nothing to be done for it in this process?
    fn waits(&self) -> bool {
        let outstanding = &self.outstanding;
        self.events > 0
            && !outstanding.yielded
            && !self.doomed
            && self.handlers.is_empty()
            && outstanding.children.is_empty()
            && outstanding.tasks.values().all(|asked| asked.is_out())
    }

    /// Is it of no use in memory? Not when somebody holds its record, to hear of its end.
    fn may_park(&self) -> bool {
        // One record is in the table of those that run, one is here.
        self.waits() && Arc::strong_count(&self.record) == 2
    }
}

impl Shard {
    /// Notes that the execution may be parked a while from now.
    pub(super) fn note_waiting(&mut self, execution: u64, now: Timestamp) {
        let Some(running) = self.running.get_mut(&execution) else { return };
        running.touched = now;
        if !running.noted && running.record.kept && running.waits() {
            running.noted = true;
            self.waiting.push_back((self.later(now), execution));
        }
    }

    fn later(&self, now: Timestamp) -> Timestamp {
        now.plus_millis(i64::try_from(self.shared.park_after.as_millis()).unwrap_or(i64::MAX))
    }

    /// Parks what has waited for a while.
    ///
    /// INVARIANT: called right before a commit, so that nothing happens between what is written here and the release.
    pub(super) fn park(&mut self, now: Timestamp) {
        // Those that are noted again are looked at another time.
        for _ in 0..self.waiting.len() {
            let Some((_, execution)) = self.waiting.front().copied().filter(|(at, _)| *at <= now) else { return };
            self.waiting.pop_front();
            let again = self.later(now);
            let Some(running) = self.running.get_mut(&execution) else { continue };
            running.noted = running.waits();
            if !running.noted {
                continue;
            }
            let touched = running.touched;
            if !running.may_park() || self.later(touched) > now {
                self.waiting.push_back((again, execution));
            } else {
                self.park_one(execution);
            }
        }
    }

    fn park_one(&mut self, execution: u64) {
        let Some(running) = self.running.get_mut(&execution) else { return };
        let timers = &mut self.timers;
        running.outstanding.sweep(&running.machine, |timer, at| _ = timers.remove(&(at, execution, timer)));
        if !running.parked {
            let offered = running.outstanding.tasks.values().filter(|asked| !asked.accepted);
            let offered = offered.filter_map(|asked| match &asked.command.resource {
                Resource::Activity { arn } => Some((asked.command.task, arn.clone())),
                _ => None,
            });
            let parked = Parked {
                sequence: execution,
                home: running.record.home,
                timers: running.outstanding.timers.iter().map(|(timer, at)| (*timer, *at)).collect(),
                offered: offered.collect(),
            };
            self.record(true, Entry::Parked(parked));
        }
        self.hold(move |shard| {
            if let Some(running) = shard.running.remove(&execution) {
                shard.shared.records.leave(&running.record);
            }
        });
    }

    /// Makes sure that the execution is in memory. False: it has ended, or cannot be continued.
    pub(super) fn awake(&mut self, execution: u64) -> bool {
        if self.running.contains_key(&execution) {
            return true;
        }
        let journal = &self.shared.log.journal;
        let brought_back = || -> Result<_, JournalError> {
            let Some(kept) = journal.get(execution)?.filter(|kept| kept.end.is_none()) else { return Ok(None) };
            let replay = replay::bring_back(&**journal, &kept)?;
            Ok(Some((kept.birth, kept.redrives, replay)))
        };
        match brought_back() {
            Ok(Some((birth, redrives, replay))) => {
                let home = self.shared.home_of(&birth);
                self.host(birth, replay, home, true, redrives).publish();
                if let Some(running) = self.running.get_mut(&execution) {
                    running.parked = true;
                }
                self.tell_map_runs(execution);
                self.note_waiting(execution, self.shared.clock.now());
                true
            }
            Ok(None) => false,
            Err(error) => {
                tracing::error!(execution, %error, "a parked execution is not continued");
                false
            }
        }
    }

    /// As [`Self::awake`], and keeps that it is: what is in nobody's hands but this shard's must not look parked after a
    /// restart.
    pub(super) fn awake_for_good(&mut self, execution: u64) -> bool {
        if !self.awake(execution) {
            return false;
        }
        if let Some(running) = self.running.get_mut(&execution)
            && std::mem::take(&mut running.parked)
        {
            self.record(true, Entry::Awake { sequence: execution });
        }
        true
    }
}
