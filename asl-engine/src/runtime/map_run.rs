//! Map Runs, as DescribeMapRun and ListMapRuns tell them.
//!
//! Nothing of them is kept: they follow from what their machines tell, also when that is told again by a replay, and from
//! how their children stand.

use super::record::Status;
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
    /// When it ended.
    pub stopped: Option<Timestamp>,
    /// Its limits, with what was not given being `None`.
    pub limits: MapRunLimits,
    /// Its items, by what became of them.
    pub items: Counts,
    /// Its child executions, by how they stand.
    pub executions: Counts,
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
    pub total: u64,
    pub results_written: u64,
}

impl Counts {
    fn started(&mut self, number: u64) {
        self.running += number;
        self.total += number;
    }

    fn ended(&mut self, status: Status, number: u64) {
        let counted = match status {
            Status::Running => return,
            Status::Succeeded => &mut self.succeeded,
            Status::Failed => &mut self.failed,
            Status::TimedOut => &mut self.timed_out,
            Status::Aborted => &mut self.aborted,
        };
        *counted += number;
        self.running = self.running.saturating_sub(number);
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
            MapRunNews::Updated { limits } => entry.limits.update(limits),
            MapRunNews::Ended { status, results_written } => {
                entry.status = status;
                entry.stopped = Some(at);
                entry.results_written = results_written;
            }
        }
    }

    pub(super) fn child_started(&mut self, map_run_arn: &str, items: u64) {
        if let Some(entry) = self.by_arn.get_mut(map_run_arn) {
            entry.items.started(items);
            entry.executions.started(1);
        }
    }

    pub(super) fn child_ended(&mut self, map_run_arn: &str, items: u64, status: Status) {
        if let Some(entry) = self.by_arn.get_mut(map_run_arn) {
            entry.items.ended(status, items);
            entry.executions.ended(status, 1);
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
