//! The journal: what is kept of executions, so that everything else can be derived again.
//!
//! Of an execution it keeps how it began, every event that happened to it, and how it ended. The memory journal ends with
//! the process; the embedded store (feature `durable`) survives it.

#[cfg(feature = "durable")]
mod durable;
mod log;
mod memory;
#[cfg(test)]
mod tests;

#[cfg(feature = "durable")]
pub use self::durable::{Durability, DurableJournal};
pub(super) use log::Log;
pub use memory::MemoryJournal;

use super::outstanding::Outstanding;
use super::record::Status;
use super::redrive::Redrives;
use crate::definition::Program;
use crate::machine::{self, ChildId, Event, Outcome, Start, TaskId, TimerId};
use crate::time::Timestamp;
use crate::value::Str;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// Where executions are kept.
///
/// INVARIANT: [`Journal::commit`] keeps all entries of a batch or none, and when it returns they survive whatever this
/// journal promises to survive. What is read is what was committed.
pub trait Journal: Send + Sync {
    /// Keeps these entries, in this order. May wait for a disk; then [`Journal::blocks`].
    ///
    /// # Errors
    /// When nothing is kept. The same entries are committed again as long as the error [may pass](JournalError::may_pass), and
    /// nothing else in between: committing what was kept all the same must be harmless.
    fn commit(&self, entries: &[Entry]) -> Result<(), JournalError>;

    /// Must `commit` be called from a thread that may wait?
    fn blocks(&self) -> bool;

    /// A number that no execution has yet, larger than all before.
    fn next_sequence(&self) -> u64;

    /// The execution of that ARN.
    ///
    /// # Errors
    /// When it cannot be read.
    fn find(&self, execution_arn: &str) -> Result<Option<Kept>, JournalError>;

    /// The execution of that number.
    ///
    /// # Errors
    /// When it cannot be read.
    fn get(&self, sequence: u64) -> Result<Option<Kept>, JournalError>;

    /// Events of an execution, in order: at most `limit` from the number `from` on.
    ///
    /// # Errors
    /// When they cannot be read.
    fn events(&self, sequence: u64, from: u32, limit: usize) -> Result<Vec<Happened>, JournalError>;

    /// The latest snapshot of an execution whose history had at most so many events. One that this version cannot use is
    /// as good as none.
    ///
    /// # Errors
    /// When it cannot be read.
    fn snapshot(&self, sequence: u64, history: u64) -> Result<Option<Arc<Saved>>, JournalError>;

    /// The executions that have not ended and are not parked, in the order they started.
    ///
    /// # Errors
    /// When they cannot be read.
    fn unfinished(&self) -> Result<Vec<Kept>, JournalError>;

    /// Tells of every parked execution, in the order they started.
    ///
    /// # Errors
    /// When they cannot be read.
    fn parked(&self, tell: &mut dyn FnMut(Parked)) -> Result<(), JournalError>;

    /// The executions of a state machine, or the children of a Map Run: newest first, those older than `before`.
    ///
    /// # Errors
    /// When they cannot be read.
    fn list(
        &self,
        of: &str,
        status: Option<Status>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Kept>, JournalError>;

    /// The numbers of the executions that ended first, with when they did: first the earliest.
    ///
    /// # Errors
    /// When they cannot be read.
    fn ended_first(&self, limit: usize) -> Result<Vec<(Timestamp, u64)>, JournalError>;

    /// How many executions have ended and are still kept.
    fn ended_count(&self) -> u64;

    /// The execution that a Map Run belongs to.
    ///
    /// # Errors
    /// When it cannot be read.
    fn map_run_of(&self, map_run_arn: &str) -> Result<Option<Str>, JournalError>;

    /// How many bytes it takes on the disk.
    fn disk_space(&self) -> u64 {
        0
    }

    /// Gives back the room of what was forgotten. May take a while; others may go on meanwhile.
    ///
    /// # Errors
    /// When that fails; nothing is lost then.
    fn compact(&self) -> Result<(), JournalError> {
        Ok(())
    }

    /// What was put aside with [`Entry::Put`], sorted by key.
    ///
    /// # Errors
    /// When it cannot be read.
    fn scan(&self) -> Result<Vec<(String, Vec<u8>)>, JournalError>;
}

/// One thing to keep.
#[derive(Clone, Debug)]
pub enum Entry {
    /// An execution is there. It has not begun yet: its first event tells that.
    Born(Arc<Birth>),
    /// Something happened to an execution.
    Happened {
        /// To which.
        sequence: u64,
        /// Which of its events, from 0.
        number: u32,
        /// What.
        happened: Happened,
    },
    /// How an execution stands after some of its events, so that a replay can begin there.
    Snapshot {
        /// Of which.
        sequence: u64,
        /// The machine and what it waits for.
        saved: Arc<Saved>,
    },
    /// An execution waits and has left memory. What happens to it next is an [`Entry::Awake`] and what follows.
    Parked(Parked),
    /// A parked execution is in memory again.
    Awake {
        /// Which.
        sequence: u64,
    },
    /// An execution has ended.
    Ended(Arc<Birth>, End),
    /// An execution that has ended is redriven: it has not ended any more.
    Redriven {
        /// As it stood.
        kept: Kept,
        /// This redrive among them.
        redrives: Arc<Redrives>,
    },
    /// An execution is no longer to be kept. One that was redriven meanwhile stays.
    Forgotten(Kept),
    /// A Map Run belongs to an execution.
    MapRun {
        /// Its ARN.
        map_run_arn: Str,
        /// The execution's ARN.
        execution_arn: Str,
    },
    /// Something that is no execution, under a key of its owner's choice; `None` takes it away.
    Put {
        /// The key.
        key: String,
        /// What is kept under it.
        bytes: Option<Vec<u8>>,
    },
}

/// How an execution came to be.
#[derive(Clone, Debug)]
pub struct Birth {
    /// Later executions have larger numbers.
    pub sequence: u64,
    /// What it executes.
    pub program: Arc<Program>,
    /// How it begins.
    pub start: Arc<Start>,
    /// When.
    pub started: Timestamp,
    /// Whose child it is, when it is one.
    pub parent: Option<Parent>,
}

/// What a child execution knows of where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parent {
    /// The execution that runs the Map Run.
    pub execution_arn: Str,
    /// Which of its children this is.
    pub child: ChildId,
    /// The Map Run.
    pub map_run_arn: Str,
    /// How many items it processes.
    pub items: u64,
}

/// An event of an execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    /// When.
    pub at: Timestamp,
    /// The machine's digest after the event: a replay must come to the same.
    pub digest: u64,
    /// What.
    pub event: Event,
}

/// A machine written out after some of its events.
#[derive(Clone, Debug)]
pub struct Saved {
    /// How many events its history had.
    pub history: u64,
    /// How many events had happened to it.
    pub events: u32,
    /// The machine.
    pub machine: machine::Snapshot<'static>,
    /// What it waits for.
    pub outstanding: Outstanding,
}

/// An execution that waits outside of memory: what has to be known of it to notice when something happens to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parked {
    /// Which.
    pub sequence: u64,
    /// Tells where it lives: children live with their parents.
    pub home: u64,
    /// The timers it waits for.
    pub timers: Vec<(TimerId, Timestamp)>,
    /// The tasks it waits for that a worker of an activity may take.
    pub offered: Vec<(TaskId, Str)>,
}

/// The end of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// How.
    pub outcome: Outcome,
    /// How many events its history has.
    #[serde(default)]
    pub history: u64,
}

/// An execution as it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// How it came to be.
    pub birth: Arc<Birth>,
    /// How it ended; `None`: it has not.
    pub end: Option<End>,
    /// How often it was redriven.
    pub redrives: Arc<Redrives>,
}

/// The lists that an execution is on: its Map Run's, or its state machine's and the version's and the alias's it was started by.
fn lists<'a>(start: &'a Start, parent: Option<&'a Parent>) -> impl Iterator<Item = &'a Str> {
    let Start { state_machine_arn, state_machine_version_arn, state_machine_alias_arn, .. } = start;
    let lists = match parent {
        Some(parent) => [Some(&parent.map_run_arn), None, None],
        None => [Some(state_machine_arn), state_machine_version_arn.as_ref(), state_machine_alias_arn.as_ref()],
    };
    lists.into_iter().flatten()
}

impl Birth {
    fn lists(&self) -> impl Iterator<Item = &Str> {
        lists(&self.start, self.parent.as_ref())
    }
}

impl Kept {
    fn status(&self) -> Status {
        Status::of(self.end.as_ref().map(|end| &end.outcome))
    }
}

/// Why the journal cannot do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Two engines over one directory would overwrite each other.
    #[error("the journal in `{}` is in use by another process: stop it, or choose another directory", .directory.display())]
    InUse {
        /// The directory.
        directory: PathBuf,
    },
    /// The directory cannot be made, read or written.
    #[error("the journal in `{}` cannot be opened: {reason}", .directory.display())]
    Open {
        /// The directory.
        directory: PathBuf,
        /// What to know about it.
        reason: String,
    },
    /// Something was not read or written.
    #[error("the journal's {table} cannot be {action}: {reason}")]
    Access {
        /// Which part of it.
        table: &'static str,
        /// `read` or `written`.
        action: &'static str,
        /// What to know about it.
        reason: String,
    },
    /// What is kept is not what was written.
    #[error(
        "the journal's {table} hold an entry that cannot be understood, under `{key}`: {reason}; \
         restore the directory from a copy, or use the version that wrote it"
    )]
    Damaged {
        /// Which part of it.
        table: &'static str,
        /// The entry's key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What was acknowledged may be gone.
    #[error(
        "the journal's log `{}` is damaged at byte {at}, and there are commits behind that place: restore the directory from a \
         copy; or, to give up everything that was kept after that place, cut the log there (`truncate -s {at} {}`) and start \
         again", .log.display(), .log.display()
    )]
    DamagedLog {
        /// The file.
        log: PathBuf,
        /// Where the first commit begins that cannot be read.
        at: u64,
    },
    /// A replay of an execution's events does not do what the execution did.
    #[error(
        "the execution `{execution_arn}` cannot be continued: replaying its event {number} does not lead to what it led to; \
         the interpreter or the definition differs from the one that ran it"
    )]
    Diverged {
        /// Which execution.
        execution_arn: Str,
        /// Which of its events, from 0.
        number: usize,
    },
    /// The journal's writer is gone.
    #[error("the journal has stopped after an earlier failure")]
    Stopped,
}

impl JournalError {
    /// Can it be over after a while, as a full disk can?
    pub fn may_pass(&self) -> bool {
        matches!(self, JournalError::Access { .. } | JournalError::Open { .. } | JournalError::InUse { .. })
    }
}
