//! A machine is brought back by stepping it through its events again, from the nearest snapshot on.

use super::journal::{Birth, Happened, Journal, JournalError, Kept, Saved};
use super::outstanding::Outstanding;
use crate::history::HistoryEvent;
use crate::machine::{Command, Effects, Machine};
use crate::time::Timestamp;
use std::ops::RangeInclusive;

/// How many events are read at once.
const CHUNK: usize = 256;

/// A machine that was brought back, and what it waits for.
pub(super) struct Replay {
    pub(super) machine: Machine,
    pub(super) outstanding: Outstanding,
    /// How many events happened to it.
    pub(super) events: u32,
    /// How long its history was, and how many events had happened, at the last snapshot.
    pub(super) snapshot: (u64, u32),
}

impl Replay {
    /// A machine that has not begun.
    pub(super) fn new(birth: &Birth) -> Replay {
        let machine = Machine::new(birth.program.clone(), (*birth.start).clone());
        Replay { machine, outstanding: Outstanding::default(), events: 0, snapshot: (0, 0) }
    }
}

/// The execution as it stands.
///
/// # Errors
/// When it cannot be read, or does not do what it did.
pub(super) fn bring_back(journal: &dyn Journal, kept: &Kept) -> Result<Replay, JournalError> {
    let mut replay = Replay::open(journal, kept, u64::MAX)?;
    replay.run(journal, kept, u64::MAX, &mut Effects::default())?;
    Ok(replay)
}

/// The history events with these ids, as far as there are any.
///
/// # Errors
/// As [`bring_back`].
pub(super) fn history(
    journal: &dyn Journal,
    kept: &Kept,
    ids: RangeInclusive<u64>,
) -> Result<Vec<HistoryEvent>, JournalError> {
    let mut replay = Replay::open(journal, kept, ids.start().saturating_sub(1))?;
    let mut effects = Effects::with_history();
    replay.run(journal, kept, *ids.end(), &mut effects)?;
    let mut history = effects.history.unwrap_or_default();
    history.retain(|event| ids.contains(&event.id));
    Ok(history)
}

impl Replay {
    /// The machine at the latest snapshot that has no more than so much history behind it, else before its first event.
    fn open(journal: &dyn Journal, kept: &Kept, history: u64) -> Result<Replay, JournalError> {
        let birth = &kept.birth;
        if let Some(saved) = journal.snapshot(birth.sequence, history)?
            && let Some(replay) = Replay::restore(journal, kept, &saved)?
        {
            return Ok(replay);
        }
        Ok(Replay::new(birth))
    }

    /// `None`: the snapshot is not of this execution as its events tell it.
    fn restore(journal: &dyn Journal, kept: &Kept, saved: &Saved) -> Result<Option<Replay>, JournalError> {
        let birth = &kept.birth;
        let before = journal.events(birth.sequence, saved.events.saturating_sub(1), 1)?;
        let execution_arn = &birth.start.execution_arn;
        match Machine::restore(birth.program.clone(), saved.machine.clone()) {
            Ok(machine) if before.first().is_some_and(|event| event.digest == machine.digest()) => {
                let (outstanding, snapshot) = (saved.outstanding.clone(), (saved.history, saved.events));
                Ok(Some(Replay { machine, outstanding, events: saved.events, snapshot }))
            }
            Ok(_) => {
                tracing::warn!(%execution_arn, events = saved.events, "a snapshot does not agree with the events; they count");
                Ok(None)
            }
            Err(error) => {
                tracing::debug!(%execution_arn, %error, "a snapshot is passed over");
                Ok(None)
            }
        }
    }

    /// Goes on until the history has so many events, or everything that happened has happened again.
    fn run(
        &mut self,
        journal: &dyn Journal,
        kept: &Kept,
        history: u64,
        effects: &mut Effects,
    ) -> Result<(), JournalError> {
        loop {
            let events = journal.events(kept.birth.sequence, self.events, CHUNK)?;
            let last = events.len() < CHUNK;
            for happened in events {
                if self.machine.events() >= history {
                    return Ok(());
                }
                self.step(kept, happened, effects)?;
            }
            if last {
                return Ok(());
            }
        }
    }

    fn step(&mut self, kept: &Kept, happened: Happened, effects: &mut Effects) -> Result<(), JournalError> {
        let Happened { at, digest, event } = happened;
        self.machine.step(at, event.clone(), effects);
        if self.machine.digest() != digest {
            let (execution_arn, number) = (kept.birth.start.execution_arn.clone(), self.events as usize);
            return Err(JournalError::Diverged { execution_arn, number });
        }
        self.events += 1;
        self.outstanding.hear(&event, &self.machine);
        for command in effects.commands.drain(..) {
            self.take_down(at, command);
        }
        Ok(())
    }

    /// As a shard performs a command, but for what others see of it.
    fn take_down(&mut self, at: Timestamp, command: Command) {
        let outstanding = &mut self.outstanding;
        match command {
            Command::Schedule(task) => _ = outstanding.ask(task),
            Command::Abandon { task } => _ = outstanding.tasks.remove(&task),
            Command::Wake { timer, at } => _ = outstanding.timers.insert(timer, at),
            Command::Resume => outstanding.yielded = true,
            Command::StartChild(child) => _ = outstanding.children.insert(child.child, child.start.execution_arn),
            Command::RedriveChild { child, execution_arn, redrives } => {
                outstanding.redrive_child(child, execution_arn, redrives);
            }
            Command::StopChild { child } => _ = outstanding.children.remove(&child),
            Command::MapRun { map_run_arn, news } => outstanding.map_runs.push((at, map_run_arn, news)),
            Command::Finish(_) => {}
        }
    }
}
