//! The interpreter: a value that takes the time and an event, and returns what should be done.
//!
//! ```text
//! Machine::step(now, event) ──▶ Effects { commands, history }
//! ```
//!
//! A [`Machine`] holds frames: one thread of control each, for the execution itself, for every running branch of a
//! Parallel state and for every running iteration of a Map state. Frames live in a flat arena; nothing here recurses over
//! them. Work that is ready now waits in a queue, so concurrent branches take turns, state by state.
//!
//! INVARIANT: nothing in this module reads a clock, a random source, a file or an environment variable. The same program,
//! start and list of (time, event) give the same commands and the same history.
//!
//! INVARIANT: after each step every live frame waits for exactly one named thing (a task, a timer, its children), or the
//! machine asked to be resumed.

mod data_flow;
mod environment;
mod event;
mod frame;
mod recovery;
mod redrive;
mod rng;
mod state;
pub mod token;
mod trial;
mod turn;
mod variables;

pub use event::{
    ChildCommand, ChildId, Command, Effects, Event, MachineType, MapItem, MapRunLimits, MapRunNews, MapRunStatus,
    Outcome, Start, TaskCommand, TaskId, TimerId,
};

pub use trial::{Inspection, RetrierSeen, Trial};

use crate::definition::Program;
use crate::definition::program::StateId;
use crate::time::Timestamp;
use crate::value::Str;
use frame::{FrameId, Frames};
use rng::Rng;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use turn::Turn;

/// One execution.
#[derive(Debug)]
pub struct Machine {
    program: Arc<Program>,
    core: Core,
    trial: Option<Box<Trial>>,
}

/// The form in which machines are written out. Changes with every change of what a machine holds.
pub const SNAPSHOT_VERSION: u32 = 6;

/// A machine written out at one point of its life: serialisable, without program and history.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot<'a> {
    version: u32,
    core: Cow<'a, Core>,
}

impl Snapshot<'_> {
    /// The snapshot on its own, when the machine goes on.
    pub fn into_owned(self) -> Snapshot<'static> {
        Snapshot { version: self.version, core: Cow::Owned(self.core.into_owned()) }
    }
}

/// Why a snapshot cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the snapshot has version {found}, but this interpreter writes version {SNAPSHOT_VERSION}; replay the journal")]
pub struct SnapshotError {
    /// The version found.
    pub found: u32,
}

/// Everything of a machine that changes; serialisable as a whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Core {
    start: Start,
    started_at: Timestamp,
    frames: Frames,
    /// Who waits for which task. A task that is not here is over or abandoned: late answers are ignored.
    tasks: BTreeMap<TaskId, FrameId>,
    /// Which Map Run waits for which child execution. A child that is not here is over or stopped.
    children: BTreeMap<ChildId, FrameId>,
    /// Who waits for which timer, and why. A timer that is not here is stale.
    timers: BTreeMap<TimerId, Alarm>,
    /// What can be done without waiting.
    ready: VecDeque<Work>,
    next_task: u64,
    /// The activities that the program names and that do not exist.
    missing_activities: Vec<Str>,
    /// How often each Task state was scheduled.
    invocations: BTreeMap<StateId, u64>,
    next_child: u64,
    next_timer: u64,
    /// The id of the last history event.
    last_event: u64,
    /// Sums up the events told and the commands given: a replay that differs anywhere differs here.
    digest: u64,
    rng: Rng,
    outcome: Option<Outcome>,
    /// How often it was redriven, and when it was last.
    redrives: u64,
    redriven_at: Option<Timestamp>,
}

/// Something that is ready to be done.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Work {
    /// Enter the frame's state.
    Enter(FrameId),
    /// Tell that the frame's task has started, as a service does soon after it was scheduled.
    StartTask(FrameId, TaskId),
    /// Start the next child execution of the frame's Map Run.
    StartChild(FrameId),
    /// Go on with the frame after a redrive.
    Redrive(FrameId),
}

/// A timer that somebody waits for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Alarm {
    /// Its moment.
    at: Timestamp,
    timer: Timer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Timer {
    /// The execution's own TimeoutSeconds.
    Execution,
    /// A Wait state ends.
    Wait(FrameId),
    /// A retry begins.
    Retry(FrameId),
    /// TimeoutSeconds of a task.
    TaskTimeout(FrameId, TaskId),
    /// HeartbeatSeconds of a task.
    Heartbeat(FrameId, TaskId),
}

impl Machine {
    /// A machine that has not started: the first event it expects is [`Event::Started`].
    pub fn new(program: Arc<Program>, start: Start) -> Self {
        let rng = Rng::new(start.seed);
        let core = Core {
            start,
            started_at: Timestamp::default(),
            frames: Frames::default(),
            tasks: BTreeMap::new(),
            children: BTreeMap::new(),
            timers: BTreeMap::new(),
            ready: VecDeque::new(),
            next_task: 1,
            missing_activities: Vec::new(),
            invocations: BTreeMap::new(),
            next_child: 1,
            next_timer: 1,
            last_event: 0,
            digest: 0,
            rng,
            outcome: None,
            redrives: 0,
            redriven_at: None,
        };
        Machine { program, core, trial: None }
    }

    /// A machine that tries one state, the one it starts at. A trial is over in one go: it is never written out.
    pub fn with_trial(program: Arc<Program>, start: Start, trial: Trial) -> Self {
        Machine { trial: Some(Box::new(trial)), ..Machine::new(program, start) }
    }

    /// What is tried, if anything.
    pub fn trial(&self) -> Option<&Trial> {
        self.trial.as_deref()
    }

    /// Applies one event that happened at `now`, and does what follows from it.
    ///
    /// Total: an event for something that is no longer awaited is ignored, because drivers deliver late answers.
    pub fn step(&mut self, now: Timestamp, event: Event, effects: &mut Effects) {
        if self.core.outcome.is_some() && !matches!(event, Event::Redriven | Event::ActivitiesMissing { .. }) {
            return;
        }
        let program = Arc::clone(&self.program);
        Turn::new(&program, &mut self.core, self.trial.as_deref(), now, effects).apply(event);
    }

    /// Everything that has to be kept so that [`Machine::restore`] can go on from here.
    pub fn snapshot(&self) -> Snapshot<'_> {
        Snapshot { version: SNAPSHOT_VERSION, core: Cow::Borrowed(&self.core) }
    }

    /// The machine that was written out, to go on with the same program.
    ///
    /// # Errors
    /// When the snapshot is of another version of the interpreter.
    pub fn restore(program: Arc<Program>, snapshot: Snapshot<'_>) -> Result<Self, SnapshotError> {
        match snapshot.version {
            SNAPSHOT_VERSION => Ok(Machine { program, core: snapshot.core.into_owned(), trial: None }),
            found => Err(SnapshotError { found }),
        }
    }

    /// How the execution ended; `None` while it runs.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.core.outcome.as_ref()
    }

    /// Which of the activities that the program names do not exist, as the machine was told last.
    pub fn missing_activities(&self) -> &[Str] {
        &self.core.missing_activities
    }

    /// How the execution began.
    pub fn start(&self) -> &Start {
        &self.core.start
    }

    /// The program it executes.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// How many history events there are so far.
    pub fn events(&self) -> u64 {
        self.core.last_event
    }

    /// Sums up everything told and commanded so far. A replay of the same events by the same interpreter has the same digest.
    pub fn digest(&self) -> u64 {
        self.core.digest
    }

    /// Is the child execution still awaited?
    pub fn awaits_child(&self, child: ChildId) -> bool {
        self.core.children.contains_key(&child)
    }

    /// Is the timer still awaited?
    pub fn awaits_timer(&self, timer: TimerId) -> bool {
        self.core.timers.contains_key(&timer)
    }

    /// Is the task still awaited?
    pub fn awaits_task(&self, task: TaskId) -> bool {
        self.core.tasks.contains_key(&task)
    }
}
