//! What the machine is told, what it asks for, and how it ends.

use crate::definition::program::StateId;
use crate::error::StatesError;
use crate::history::HistoryEvent;
use crate::task::{Purpose, Resource};
use crate::time::Timestamp;
use crate::value::{Str, Value};
use serde::{Deserialize, Serialize};

/// The two kinds of state machine (Developer Guide, *Choosing workflow type*).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MachineType {
    /// Durable, up to a year, with a history of at most 25,000 events.
    #[default]
    Standard,
    /// In memory, up to five minutes, no history limit, no callbacks, activities or `.sync`.
    Express,
}

/// How an execution begins: everything the machine may ever read that is not in the program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The execution's input.
    pub input: Value,
    /// The input as it was sent, when that is not its compact text. AWS's histories show it until a state has changed it;
    /// the machine does not look at it.
    #[serde(default)]
    pub input_text: Option<Str>,
    /// `$$.Execution.Id`
    pub execution_arn: Str,
    /// `$$.Execution.Name`
    pub execution_name: Str,
    /// `$$.Execution.RoleArn`
    pub role_arn: Str,
    /// `$$.StateMachine.Id`
    pub state_machine_arn: Str,
    /// `$$.StateMachine.Name`
    pub state_machine_name: Str,
    /// The version it was started by, itself or through an alias. The machine does not look at it.
    #[serde(default)]
    pub state_machine_version_arn: Option<Str>,
    /// The alias it was started by. The machine does not look at it.
    #[serde(default)]
    pub state_machine_alias_arn: Option<Str>,
    /// The trace header it was started with. The machine does not look at it.
    #[serde(default)]
    pub trace_header: Option<Str>,
    /// STANDARD or EXPRESS.
    pub machine_type: MachineType,
    /// The seed of every random choice: jitter, UUIDs, `States.MathRandom`, `$random`.
    pub seed: u64,
    /// The state to start at instead of the program's own: the item processor of a Map Run's child execution.
    pub start_at: Option<StateId>,
    /// The test case whose mocked responses answer the tasks.
    pub test_case: Option<Str>,
    /// `$$.Map.Item` of a Map Run's child execution: index and value.
    pub map_item: Option<MapItem>,
}

/// `$$.Map.Item`: which item of a Map state is being processed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapItem {
    /// Counts from 0.
    pub index: u64,
    /// The item itself, before ItemSelector.
    pub value: Value,
    /// Where the item of a distributed Map state comes from: `STATE_DATA`, or the S3 URI of its object.
    #[serde(default)]
    pub source: Option<Str>,
}

/// Names one task of an execution; counts from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TaskId(pub u64);

/// Names one child execution of an execution; counts from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChildId(pub u64);

/// Names one timer of an execution; counts from 1. Timers are never cancelled: a late one is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TimerId(pub u64);

/// Something that happened in the world. The list of these, each with its time, is the journal of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The execution begins.
    Started,
    /// The machine yielded in the middle of its own work; it goes on.
    Resumed,
    /// The moment asked for by [`Command::Wake`] is reached.
    DeadlineReached {
        /// Which timer.
        timer: TimerId,
    },
    /// Of the activities that the program names, these do not exist now. Until it is told otherwise, a machine takes them all
    /// to exist.
    ActivitiesMissing {
        /// Their ARNs.
        arns: Vec<Str>,
    },
    /// An activity worker took the task.
    TaskStarted {
        /// Which task.
        task: TaskId,
        /// What the worker calls itself.
        worker_name: Option<Str>,
    },
    /// A `.sync` or `.waitForTaskToken` task was accepted by its service.
    TaskSubmitted {
        /// Which task.
        task: TaskId,
        /// The service's answer.
        output: Value,
    },
    /// The task is done.
    TaskSucceeded {
        /// Which task.
        task: TaskId,
        /// Its output.
        output: Value,
    },
    /// The task failed.
    TaskFailed {
        /// Which task.
        task: TaskId,
        /// How.
        error: StatesError,
    },
    /// The task is still being worked on.
    TaskHeartbeat {
        /// Which task.
        task: TaskId,
    },
    /// A child execution of a Map Run is over.
    ChildFinished {
        /// Which child.
        child: ChildId,
        /// How it ended.
        outcome: Outcome,
    },
    /// Somebody changed the limits of a Map Run while it runs (UpdateMapRun).
    MapRunUpdated {
        /// Which Map Run.
        map_run_arn: Str,
        /// The new limits; what is `None` stays.
        limits: MapRunLimits,
    },
    /// Somebody redrives the execution, which has ended without success: it goes on from where it failed (Developer Guide,
    /// *Restarting state machine executions with redrive*).
    Redriven,
    /// Somebody stopped the execution.
    StopRequested {
        /// Name and cause as given, either may be absent.
        error: StatesError,
    },
}

/// Something the machine asks of the world. Doing it twice is safe: every command carries an id.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Do this task and tell how it went.
    Schedule(Box<TaskCommand>),
    /// Nobody waits for this task any more.
    Abandon {
        /// Which task.
        task: TaskId,
    },
    /// Tell when this moment is reached.
    Wake {
        /// Which timer.
        timer: TimerId,
        /// When.
        at: Timestamp,
    },
    /// Send [`Event::Resumed`] soon: the machine has more to do, but others shall have a turn.
    Resume,
    /// Start a child execution of the same program, and tell how it ends.
    StartChild(Box<ChildCommand>),
    /// Redrive a child execution that did not succeed, and tell how it ends.
    RedriveChild {
        /// Which child.
        child: ChildId,
        /// Its ARN.
        execution_arn: Str,
        /// How often it was redriven when this is done.
        redrives: u64,
    },
    /// Stop a child execution: nobody waits for it any more.
    StopChild {
        /// Which child.
        child: ChildId,
    },
    /// How a Map Run gets on, for those who answer for Map Runs; others may ignore it.
    MapRun {
        /// Which Map Run.
        map_run_arn: Str,
        /// What is new.
        news: MapRunNews,
    },
    /// The execution is over.
    Finish(Outcome),
}

/// A child execution to be started.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildCommand {
    /// Which child.
    pub child: ChildId,
    /// The Map Run it belongs to.
    pub map_run_arn: Str,
    /// How many items of the Map state it processes: 1, or those of a batch.
    pub items: u64,
    /// Does it stand for an EXPRESS child that did not succeed before the Map Run was redriven?
    pub again: bool,
    /// How it begins.
    pub start: Start,
}

/// What a driver is told about a Map Run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum MapRunNews {
    /// It began.
    Started {
        /// Its limits.
        limits: MapRunLimits,
        /// Does a child process several items (ItemBatcher)?
        batched: bool,
    },
    /// Its items are known.
    ItemsFound {
        /// How many there are.
        items: u64,
    },
    /// Its limits were changed.
    Updated {
        /// What is `None` stays.
        limits: MapRunLimits,
    },
    /// Those of its children that did not succeed are redriven.
    Redriven,
    /// It is over.
    Ended {
        /// How.
        status: MapRunStatus,
        /// Were the results written by a ResultWriter?
        results_written: bool,
    },
}

/// The limits of a Map Run. `None`: not given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapRunLimits {
    /// `MaxConcurrency`; 0: as many as the service allows.
    pub max_concurrency: Option<u64>,
    /// `ToleratedFailureCount`
    pub tolerated_failure_count: Option<u64>,
    /// `ToleratedFailurePercentage`, from 0 to 100
    pub tolerated_failure_percentage: Option<f64>,
}

impl MapRunLimits {
    /// Do so many failures of that many items exceed one of the thresholds that are set?
    pub fn exceeded_by(&self, failed: u64, items: usize) -> bool {
        let percentage = failed as f64 * 100.0 / items.max(1) as f64;
        self.tolerated_failure_count.is_some_and(|limit| failed > limit)
            || self.tolerated_failure_percentage.is_some_and(|limit| percentage > limit)
    }

    /// Takes over what is given in `changes`.
    pub fn update(&mut self, changes: MapRunLimits) {
        self.max_concurrency = changes.max_concurrency.or(self.max_concurrency);
        self.tolerated_failure_count = changes.tolerated_failure_count.or(self.tolerated_failure_count);
        self.tolerated_failure_percentage = changes.tolerated_failure_percentage.or(self.tolerated_failure_percentage);
    }
}

/// The status of a Map Run, as DescribeMapRun tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the API reference's own words")]
pub enum MapRunStatus {
    Running,
    Succeeded,
    Failed,
    Aborted,
}

/// A task to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskCommand {
    /// What it is for.
    pub purpose: Purpose,
    /// Which task.
    pub task: TaskId,
    /// The state that asks.
    pub state: Str,
    /// How often the state was scheduled before in this execution, retries and iterations included.
    pub invocation: u64,
    /// What to call.
    pub resource: Resource,
    /// With what.
    pub input: Value,
    /// `Credentials`, when given.
    pub credentials: Option<Value>,
    /// `TimeoutSeconds`, when given. The machine keeps the time itself; this is for the callee's information.
    pub timeout_seconds: Option<u64>,
    /// `HeartbeatSeconds`, when given.
    pub heartbeat_seconds: Option<u64>,
    /// The token of the task, where one is needed: activities and `.waitForTaskToken`.
    pub token: Option<Str>,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// With an output.
    Succeeded {
        /// The execution's output.
        output: Value,
    },
    /// With an error.
    Failed(StatesError),
    /// It ran longer than its own timeout.
    TimedOut(StatesError),
    /// Somebody stopped it.
    Aborted(StatesError),
}

/// What one step brought about.
#[derive(Debug, Default)]
pub struct Effects {
    /// What to do now, in order.
    pub commands: Vec<Command>,
    /// The history events of the step; `None` when nobody wants them, and then none is built.
    pub history: Option<Vec<HistoryEvent>>,
}

impl Effects {
    /// Effects that keep the history.
    pub fn with_history() -> Self {
        Effects { commands: Vec::new(), history: Some(Vec::new()) }
    }
}
