//! What the engine tells of Map Runs, and how their limits are changed.

use super::{Engine, readable};
use crate::machine::{Event, MapRunLimits};
use crate::runtime::journal::{Journal, Kept};
use crate::runtime::map_run::{MapRun, MapRuns};
use crate::runtime::replay;
use crate::runtime::shard::Message;
use std::collections::HashSet;
use tokio::sync::oneshot;

impl Engine {
    /// A Map Run, as it is now.
    pub fn map_run(&self, map_run_arn: &str) -> Option<MapRun> {
        self.0.shared.records.map_run(map_run_arn).or_else(|| self.kept_map_runs_with(map_run_arn)?.get(map_run_arn))
    }

    /// The Map Runs of an execution, in the order they started.
    pub fn map_runs(&self, execution_arn: &str) -> Vec<MapRun> {
        match self.0.shared.records.get(execution_arn) {
            Some(_) => self.0.shared.records.map_runs(execution_arn),
            None => {
                let map_runs = self.kept(execution_arn).and_then(|kept| self.map_runs_of(&kept));
                map_runs.map(|map_runs| map_runs.of_execution(execution_arn)).unwrap_or_default()
            }
        }
    }

    fn kept_map_runs_with(&self, map_run_arn: &str) -> Option<MapRuns> {
        let log = &self.0.shared.log;
        let of = |journal: &dyn Journal| readable(journal.map_run_of(map_run_arn)).flatten();
        let execution_arn = of(&*log.journal).or_else(|| of(&log.passing))?;
        self.map_runs_of(&self.kept(&execution_arn)?)
    }

    /// The Map Runs of an execution that is not in memory, derived from its events.
    fn map_runs_of(&self, kept: &Kept) -> Option<MapRuns> {
        let journal = self.0.shared.log.of(&kept.birth);
        let replay = readable(replay::bring_back(journal, kept))?;
        let mut map_runs = MapRuns::default();
        for (at, map_run_arn, news) in replay.outstanding.map_runs {
            map_runs.tell(&kept.birth.start.execution_arn, map_run_arn, at, news);
        }
        for map_run in map_runs.of_execution(&kept.birth.start.execution_arn) {
            let mut seen = HashSet::new();
            for child in readable(journal.list(&map_run.map_run_arn, None, None, usize::MAX))? {
                // Newest first: an EXPRESS child that was started again stands for the first one.
                if !child.birth.parent.as_ref().is_some_and(|parent| seen.insert(parent.child)) {
                    continue;
                }
                map_runs.child_known(&map_run.map_run_arn, &child.into());
            }
        }
        Some(map_runs)
    }

    /// Changes the limits of a Map Run while it runs; what is `None` stays. `None`: there is no such Map Run. One that has
    /// ended stays as it ended.
    pub async fn update_map_run(&self, map_run_arn: &str, limits: MapRunLimits) -> Option<MapRun> {
        let map_run = self.map_run(map_run_arn)?;
        let Some(place) = self.place(&map_run.execution_arn) else { return Some(map_run) };
        let event = Event::MapRunUpdated { map_run_arn: map_run.map_run_arn, limits };
        let (told, heard) = oneshot::channel();
        self.send(&place, Message::Tell { execution: place.execution, event, told }).await;
        // An answer that never comes means that the engine is going down.
        let _ = heard.await;
        self.map_run(map_run_arn)
    }
}
