//! Frames: the threads of control of an execution, in a flat arena.

use super::state::map_run::MapRun;
use super::variables::Variables;
use super::{MapItem, TaskId, TimerId};
use crate::definition::program::StateId;
use crate::time::Timestamp;
use crate::value::Value;
use serde::{Deserialize, Serialize};

/// A frame's place in the arena. The generation tells apart the frames that used a place one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct FrameId {
    index: u32,
    generation: u32,
}

/// One thread of control: the execution itself, a branch, or an iteration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Frame {
    /// Whose Parallel or Map state this is a part of; `None` for the execution itself.
    pub(super) parent: Option<FrameId>,
    /// Which branch or iteration of the parent's state, from 0.
    pub(super) slot: usize,
    /// The state it is in.
    pub(super) state: StateId,
    /// The state's raw input.
    pub(super) input: Value,
    /// The id of the event that the next event follows.
    pub(super) previous: u64,
    /// The id of the event that the state's own StateEntered event followed.
    pub(super) before_entered: u64,
    /// The id of the state's StateEntered event.
    pub(super) entered: u64,
    /// `$$.State.EnteredTime`
    pub(super) entered_at: Timestamp,
    /// The variables assigned in this scope; outer scopes are the parents'.
    pub(super) variables: Variables,
    /// `$$.Map.Item` of an iteration.
    pub(super) map_item: Option<MapItem>,
    /// How often each retrier of the state was used in this visit. Empty: none yet.
    pub(super) attempts: Vec<u64>,
    /// What it waits for.
    pub(super) phase: Phase,
}

/// What a frame waits for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Phase {
    /// Its turn to enter its state.
    Entering,
    /// Nothing: its state is at work.
    Ready,
    /// A task.
    Task(RunningTask),
    /// A Wait state's moment, or the next attempt of a retry.
    Timer,
    /// The branches of a Parallel state.
    Parallel(Join),
    /// The iterations of a Map state.
    Map(Box<Iterations>),
    /// The child executions of a distributed Map state, its ItemReader or its ResultWriter.
    MapRun(Box<MapRun>),
    /// Nothing: it failed or was aborted, or the execution has ended. It is kept for a redrive.
    Down(Left),
}

/// Where a redrive goes on with a frame.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Left {
    /// It was about to enter its state.
    Entering,
    /// Its state failed or was aborted as a whole.
    State,
    /// The branches of a Parallel state that did not succeed.
    Parallel(Join),
    /// The iterations of a Map state that did not succeed.
    Map(Box<Iterations>),
    /// The child executions of a Map Run that did not succeed.
    MapRun(Box<MapRun>),
}

impl Phase {
    /// The frames below.
    pub(super) fn children(&self) -> impl Iterator<Item = FrameId> {
        let join = match self {
            Phase::Parallel(join) | Phase::Down(Left::Parallel(join)) => Some(join),
            Phase::Map(iterations) | Phase::Down(Left::Map(iterations)) => Some(&iterations.join),
            _ => None,
        };
        join.into_iter().flat_map(|join| join.children.iter().flatten().copied())
    }

    pub(super) fn is_down(&self) -> bool {
        matches!(self, Phase::Down(_))
    }
}

/// A task under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RunningTask {
    pub(super) task: TaskId,
    pub(super) timeout: Option<TimerId>,
    pub(super) heartbeat: Option<TimerId>,
    pub(super) heartbeat_seconds: Option<u64>,
    pub(super) started: bool,
    /// Its service has accepted it.
    pub(super) submitted: bool,
}

/// Children whose results are collected in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Join {
    pub(super) results: Vec<Value>,
    pub(super) remaining: usize,
    /// The live children, by slot.
    pub(super) children: Vec<Option<FrameId>>,
}

impl Join {
    pub(super) fn new(children: usize) -> Self {
        Join { results: vec![Value::Null; children], remaining: children, children: vec![None; children] }
    }
}

/// The iterations of an inline Map.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Iterations {
    pub(super) join: Join,
    pub(super) items: crate::value::Array,
    /// The next item to start.
    pub(super) next: usize,
    /// How many may run at once.
    pub(super) concurrency: usize,
    /// What ItemSelector sees as `$`: the state's effective input.
    pub(super) effective_input: Value,
}

impl Frame {
    pub(super) fn new(parent: Option<FrameId>, slot: usize, state: StateId, input: Value, previous: u64) -> Self {
        Frame {
            parent,
            slot,
            state,
            input,
            previous,
            before_entered: previous,
            entered: 0,
            entered_at: Timestamp::default(),
            variables: Variables::default(),
            map_item: None,
            attempts: Vec::new(),
            phase: Phase::Entering,
        }
    }

    /// `$$.State.RetryCount`
    pub(super) fn retry_count(&self) -> u64 {
        self.attempts.iter().sum()
    }
}

/// The arena.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Frames {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Slot {
    generation: u32,
    frame: Option<Frame>,
}

impl Frames {
    pub(super) fn insert(&mut self, frame: Frame) -> FrameId {
        match self.free.pop() {
            Some(index) => {
                let slot = &mut self.slots[index as usize];
                slot.frame = Some(frame);
                FrameId { index, generation: slot.generation }
            }
            None => {
                let index = self.slots.len() as u32;
                self.slots.push(Slot { generation: 0, frame: Some(frame) });
                FrameId { index, generation: 0 }
            }
        }
    }

    /// Every live frame.
    pub(super) fn iter(&self) -> impl Iterator<Item = (FrameId, &Frame)> {
        let slots = self.slots.iter().zip(0..);
        slots.filter_map(|(slot, index)| Some((FrameId { index, generation: slot.generation }, slot.frame.as_ref()?)))
    }

    pub(super) fn get(&self, id: FrameId) -> Option<&Frame> {
        self.slots.get(id.index as usize).filter(|slot| slot.generation == id.generation)?.frame.as_ref()
    }

    pub(super) fn get_mut(&mut self, id: FrameId) -> Option<&mut Frame> {
        self.slots.get_mut(id.index as usize).filter(|slot| slot.generation == id.generation)?.frame.as_mut()
    }

    pub(super) fn remove(&mut self, id: FrameId) -> Option<Frame> {
        let slot = self.slots.get_mut(id.index as usize).filter(|slot| slot.generation == id.generation)?;
        let frame = slot.frame.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(id.index);
        Some(frame)
    }
}
