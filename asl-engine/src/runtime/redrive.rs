//! Redrive: what has ended without success is brought back into memory and goes on (API reference, *RedriveExecution*).

use super::engine::StartError;
use super::journal::{Entry, JournalError, Kept};
use super::record::{Execution, Record, Status};
use super::replay;
use super::shard::Shard;
use crate::error::StatesError;
use crate::limits;
use crate::machine::{ChildId, Event, MachineType, Outcome};
use crate::time::Timestamp;
use crate::value::Str;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How many client tokens are remembered, and for how long.
const TOKENS: usize = 10;
const TOKEN_MILLIS: i64 = 15 * 60 * 1000;

const DAY_MILLIS: i64 = 24 * 3600 * 1000;

/// How often an execution was redriven.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrives {
    /// So often.
    pub count: u64,
    /// When it was last.
    pub at: Option<Timestamp>,
    /// The client tokens of the last redrives, and when each was used.
    pub tokens: Vec<(Str, Timestamp)>,
}

impl Redrives {
    fn next(&self, now: Timestamp, token: Option<Str>) -> Redrives {
        let mut tokens: Vec<_> = self.tokens.iter().cloned().chain(token.map(|token| (token, now))).collect();
        tokens.drain(..tokens.len().saturating_sub(TOKENS));
        Redrives { count: self.count + 1, at: Some(now), tokens }
    }

    /// Was this token used for a redrive a short while ago?
    fn knows(&self, token: Option<&Str>, now: Timestamp) -> bool {
        let recent = |used: Timestamp| now.as_millis() - used.as_millis() <= TOKEN_MILLIS;
        token.is_some_and(|token| self.tokens.iter().any(|(known, used)| known == token && recent(*used)))
    }
}

/// Why an execution cannot be redriven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRedrivable {
    /// It has not ended, or it succeeded: this is its status.
    Status(Status),
    /// EXPRESS executions have nothing to go on with.
    Express,
    /// Its history has no room for two more events.
    HistoryFull,
    /// It began more than a year ago.
    TooOld,
    /// It ended more than 14 days ago.
    Expired,
    /// It was redriven 1,000 times.
    TooOften,
    /// It is a child of a Map Run, which redrives it when its own execution is redriven.
    ByMapRun,
}

/// Why an execution was not redriven.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RedriveError {
    /// There is none of that ARN.
    #[error("there is no such execution")]
    Unknown,
    /// It cannot be.
    #[error("the execution cannot be redriven: {0:?}")]
    NotRedrivable(NotRedrivable),
    /// As for a start.
    #[error(transparent)]
    NotStarted(#[from] StartError),
}

impl From<JournalError> for RedriveError {
    fn from(error: JournalError) -> Self {
        RedriveError::NotStarted(error.into())
    }
}

impl Execution {
    /// Can it be redriven now?
    ///
    /// # Errors
    /// Why not.
    pub fn redrivable(&self, now: Timestamp) -> Result<(), NotRedrivable> {
        let since = |then: Timestamp| now.as_millis() - then.as_millis();
        let refusal = match self.status() {
            status @ (Status::Running | Status::Succeeded) => NotRedrivable::Status(status),
            _ if self.start.machine_type == MachineType::Express && self.map_run_arn.is_none() => {
                NotRedrivable::Express
            }
            _ if self.history >= limits::HISTORY_EVENTS_REDRIVABLE => NotRedrivable::HistoryFull,
            _ if since(self.started) > limits::EXECUTION_SECONDS_MAX as i64 * 1000 => NotRedrivable::TooOld,
            _ if self.stopped.is_some_and(|at| since(at) > limits::REDRIVABLE_DAYS * DAY_MILLIS) => {
                NotRedrivable::Expired
            }
            _ if self.redrives.count >= limits::REDRIVES_MAX => NotRedrivable::TooOften,
            _ if self.map_run_arn.is_some() => NotRedrivable::ByMapRun,
            _ => return Ok(()),
        };
        Err(refusal)
    }
}

impl Shard {
    /// Redrives an execution. Asked again with the same token, it is redriven once.
    pub(super) fn redrive(&mut self, execution: u64, token: Option<Str>) -> Result<Execution, RedriveError> {
        self.stop_children_first();
        let now = self.shared.clock.now();
        let known = match self.running.get(&execution) {
            Some(running) => running.record.snapshot(),
            None => self.shared.log.journal.get(execution)?.ok_or(RedriveError::Unknown)?.into(),
        };
        if known.redrives.knows(token.as_ref(), now) {
            return Ok(known);
        }
        known.redrivable(now).map_err(RedriveError::NotRedrivable)?;
        let kept = self.shared.log.journal.get(execution)?.ok_or(RedriveError::Unknown)?;
        // Held: it may end again at once.
        let record = self.bring_again(kept, now, token)?;
        self.happen_at(execution, now, Event::Redriven);
        Ok(record.snapshot())
    }

    /// Children that their Map Run has given up are about to be stopped: they are, before it is redriven.
    fn stop_children_first(&mut self) {
        let soon = std::mem::take(&mut self.soon);
        let stop = |(_, event): &(u64, Event)| matches!(event, Event::StopRequested { .. });
        let (stops, others): (Vec<_>, Vec<_>) = soon.into_iter().partition(stop);
        self.soon = others.into();
        for (execution, event) in stops {
            self.happen(execution, event);
        }
    }

    /// Takes an execution that has ended into memory again. [`Event::Redriven`] is to follow.
    fn bring_again(&mut self, kept: Kept, now: Timestamp, token: Option<Str>) -> Result<Arc<Record>, JournalError> {
        let replay = replay::bring_back(&*self.shared.log.journal, &kept)?;
        let redrives = Arc::new(kept.redrives.next(now, token));
        let (execution, home) = (kept.birth.sequence, self.shared.home_of(&kept.birth));
        self.shared.records.count_running(1);
        let record = self.host(kept.birth.clone(), replay, home, true, redrives.clone());
        self.record(true, Entry::Redriven { kept, redrives });
        self.tell_map_runs(execution);
        let public = record.clone();
        self.hold(move |_| public.publish());
        Ok(record)
    }

    /// Redrives a child of an execution here, unless that is done already. To be called when everything before is recorded:
    /// the child may have been stopped right before.
    pub(super) fn redrive_child(&mut self, execution: u64, child: ChildId, child_arn: &Str, redrives: u64) {
        if self.shared.records.get_unrecorded(child_arn).is_some() {
            return;
        }
        let now = self.shared.clock.now();
        let outcome = match self.shared.log.journal.find(child_arn) {
            Ok(Some(kept)) if kept.end.is_some() => {
                let (sequence, done) = (kept.birth.sequence, kept.redrives.count >= redrives);
                let outcome = kept.end.as_ref().map(|end| end.outcome.clone());
                let known = Execution::from(kept.clone());
                let refused = !matches!(known.redrivable(now), Ok(()) | Err(NotRedrivable::ByMapRun));
                if !done && !refused {
                    let parent = kept.birth.parent.clone();
                    match self.bring_again(kept, now, None) {
                        Ok(_) => {
                            if let Some(parent) = parent {
                                self.shared.records.map_run_child(&parent.map_run_arn, parent.items, true);
                            }
                            return self.soon.push_back((sequence, Event::Redriven));
                        }
                        Err(error) => tracing::error!(%child_arn, %error, "a child execution cannot be redriven"),
                    }
                }
                outcome
            }
            // It is parked.
            Ok(Some(_)) => return,
            Ok(None) => None,
            Err(error) => {
                tracing::error!(%child_arn, %error, "a child execution cannot be read");
                None
            }
        };
        // What cannot be redriven stays as it ended.
        let outcome = outcome.unwrap_or_else(|| Outcome::Aborted(StatesError::default()));
        self.soon.push_back((execution, Event::ChildFinished { child, outcome }));
    }
}
