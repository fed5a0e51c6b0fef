//! Map Runs, as DescribeMapRun and ListMapRuns tell them.
//!
//! Nothing of them is kept: they follow from what their machines tell, also when that is told again by a replay, and from
//! how their children stand.

use super::record::{Execution, Status};
use crate::limits;
use crate::machine::{MapRunLimits, MapRunNews, MapRunStatus};
use crate::time::Timestamp;
use crate::value::Str;
use std::collections::HashMap;

/// A Map Run, as it was when it was asked for.
#[derive(Clone, Debug)]
pub struct MapRun {
    /// Its own ARN.
    pub map_run_arn: Str,
    /// The execution that runs it.
    pub execution_arn: Str,
    /// Where it stands.
    pub status: MapRunStatus,
    /// When it began.
    pub started: Timestamp,
    /// How often it was redriven.
    pub redrives: u64,
    /// When it was last.
    pub redriven: Option<Timestamp>,
    /// When it ended.
    pub stopped: Option<Timestamp>,
    /// Its limits, with what was not given being `None`.
    pub limits: MapRunLimits,
    /// Its items, by what became of them.
    pub items: Counts,
    /// Its child executions, by how they stand.
    pub executions: Counts,
}

impl MapRun {
    /// Is this child about to be redriven?
    pub fn will_redrive(&self, child: &Execution) -> bool {
        self.status == MapRunStatus::Running && waits_for_redrive(child.status(), child.stopped, self.redriven)
    }
}

/// Did a child end without success before its Map Run was redriven?
fn waits_for_redrive(status: Status, ended: Option<Timestamp>, redriven: Option<Timestamp>) -> bool {
    let before = redriven.is_some_and(|redriven| ended.is_some_and(|ended| ended < redriven));
    before && !matches!(status, Status::Running | Status::Succeeded)
}

/// How many items or child executions of a Map Run stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the API reference's own words")]
pub struct Counts {
    pub pending: u64,
    pub running: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub timed_out: u64,
    pub aborted: u64,
    pub pending_redrive: u64,
    pub failures_not_redrivable: u64,
    pub total: u64,
    pub results_written: u64,
}

impl Counts {
    fn started(&mut self, number: u64) {
        self.running += number;
        self.total += number;
    }

    fn ended(&mut self, status: Status, number: u64) {
        let Some(counted) = self.ended_as(status) else { return };
        *counted += number;
        self.running = self.running.saturating_sub(number);
    }

    fn ended_as(&mut self, status: Status) -> Option<&mut u64> {
        match status {
            Status::Running => None,
            Status::Succeeded => Some(&mut self.succeeded),
            Status::Failed => Some(&mut self.failed),
            Status::TimedOut => Some(&mut self.timed_out),
            Status::Aborted => Some(&mut self.aborted),
        }
    }

    fn redrive(&mut self) {
        self.pending_redrive += self.failed + self.timed_out + self.aborted;
        (self.failed, self.timed_out, self.aborted) = (0, 0, 0);
    }

    fn wait(&mut self, status: Status, number: u64) {
        self.ended_as(status).into_iter().for_each(|counted| *counted -= number);
        self.pending_redrive += number;
    }

    fn again(&mut self, number: u64) {
        self.pending_redrive = self.pending_redrive.saturating_sub(number);
        self.running += number;
    }

    fn finish(&mut self, total: u64, results_written: bool) {
        self.pending = total.saturating_sub(self.total);
        self.total += self.pending;
        self.results_written = if results_written { self.total } else { 0 };
    }
}

/// What is kept of a Map Run.
struct Entry {
    execution_arn: Str,
    status: MapRunStatus,
    started: Timestamp,
    redrives: u64,
    redriven: Option<Timestamp>,
    stopped: Option<Timestamp>,
    limits: MapRunLimits,
    batched: bool,
    items_found: u64,
    results_written: bool,
    /// Those of its children.
    items: Counts,
    executions: Counts,
}

/// Every Map Run, by its ARN and by the execution that runs it.
#[derive(Default)]
pub(super) struct MapRuns {
    by_arn: HashMap<Str, Entry>,
    /// In the order they started.
    by_execution: HashMap<Str, Vec<Str>>,
}

impl MapRuns {
    /// A machine tells how a Map Run gets on. Told again after a restart, nothing changes.
    pub(super) fn tell(&mut self, execution_arn: &Str, map_run_arn: Str, at: Timestamp, news: MapRunNews) {
        if let MapRunNews::Started { limits, batched } = news {
            if !self.by_arn.contains_key(&map_run_arn) {
                self.by_execution.entry(execution_arn.clone()).or_default().push(map_run_arn.clone());
                let entry = Entry {
                    execution_arn: execution_arn.clone(),
                    status: MapRunStatus::Running,
                    started: at,
                    redrives: 0,
                    redriven: None,
                    stopped: None,
                    limits,
                    batched,
                    items_found: 0,
                    results_written: false,
                    items: Counts::default(),
                    executions: Counts::default(),
                };
                self.by_arn.insert(map_run_arn, entry);
            }
            return;
        }
        let Some(entry) = self.by_arn.get_mut(&map_run_arn) else { return };
        match news {
            MapRunNews::Started { .. } => {}
            MapRunNews::ItemsFound { items } => entry.items_found = items,
            MapRunNews::Redriven => {
                entry.redrives += 1;
                entry.redriven = Some(at);
                (entry.status, entry.stopped) = (MapRunStatus::Running, None);
                entry.items.redrive();
                entry.executions.redrive();
            }
            MapRunNews::Updated { limits } => entry.limits.update(limits),
            MapRunNews::Ended { status, results_written } => {
                entry.status = status;
                entry.stopped = Some(at);
                entry.results_written = results_written;
            }
        }
    }

    /// A child as the journal tells of it: it runs, or has ended.
    pub(super) fn child_known(&mut self, map_run_arn: &str, child: &Execution) {
        self.child_started(map_run_arn, child.items);
        self.child_ended(map_run_arn, child);
        let Some(entry) = self.by_arn.get_mut(map_run_arn) else { return };
        if entry.status == MapRunStatus::Running && waits_for_redrive(child.status(), child.stopped, entry.redriven) {
            entry.items.wait(child.status(), child.items);
            entry.executions.wait(child.status(), 1);
        }
    }

    pub(super) fn child_started(&mut self, map_run_arn: &str, items: u64) {
        if let Some(entry) = self.by_arn.get_mut(map_run_arn) {
            entry.items.started(items);
            entry.executions.started(1);
        }
    }

    pub(super) fn child_again(&mut self, map_run_arn: &str, items: u64) {
        if let Some(entry) = self.by_arn.get_mut(map_run_arn) {
            entry.items.again(items);
            entry.executions.again(1);
        }
    }

    pub(super) fn child_ended(&mut self, map_run_arn: &str, child: &Execution) {
        let Some(entry) = self.by_arn.get_mut(map_run_arn) else { return };
        let status = child.status();
        let failed = !matches!(status, Status::Running | Status::Succeeded);
        let for_good = failed && child.history >= limits::HISTORY_EVENTS_REDRIVABLE;
        for (counts, number) in [(&mut entry.items, child.items), (&mut entry.executions, 1)] {
            counts.ended(status, number);
            counts.failures_not_redrivable += if for_good { number } else { 0 };
        }
    }

    /// The execution has ended: from now on the journal tells of its Map Runs.
    pub(super) fn forget(&mut self, execution_arn: &str) {
        for map_run in self.by_execution.remove(execution_arn).into_iter().flatten() {
            self.by_arn.remove(&map_run);
        }
    }

    pub(super) fn get(&self, map_run_arn: &str) -> Option<MapRun> {
        let (map_run_arn, entry) = self.by_arn.get_key_value(map_run_arn)?;
        let Entry { mut items, mut executions, .. } = *entry;
        items.finish(entry.items_found, entry.results_written);
        // How many batches there will be is known only when they are made.
        executions.finish(if entry.batched { 0 } else { entry.items_found }, entry.results_written);
        Some(MapRun {
            map_run_arn: map_run_arn.clone(),
            execution_arn: entry.execution_arn.clone(),
            status: entry.status,
            started: entry.started,
            redrives: entry.redrives,
            redriven: entry.redriven,
            stopped: entry.stopped,
            limits: entry.limits,
            items,
            executions,
        })
    }

    /// In the order they started.
    pub(super) fn of_execution(&self, execution_arn: &str) -> Vec<MapRun> {
        let arns = self.by_execution.get(execution_arn);
        arns.into_iter().flatten().filter_map(|map_run_arn| self.get(map_run_arn)).collect()
    }
}
