//! History events: AWS's event types (API reference, *HistoryEvent*), with values not yet written as text.

use crate::definition::program::StateType;
use crate::error::StatesError;
use crate::time::Timestamp;
use crate::value::{Str, Value};

/// One event of an execution's history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEvent {
    /// Counts from 1 in each execution.
    pub id: u64,
    /// `previousEventId`: the event that led to this one; 0 for the first.
    pub previous: u64,
    /// When.
    pub timestamp: Timestamp,
    /// What.
    pub detail: HistoryDetail,
}

/// What happened; each variant is an AWS event type (those of states stand for one type a kind of state).
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the API reference's own words")]
pub enum HistoryDetail {
    ExecutionStarted {
        input: Value,
        role_arn: Str,
    },
    ExecutionSucceeded {
        output: Value,
    },
    ExecutionFailed(StatesError),
    ExecutionTimedOut(StatesError),
    ExecutionAborted(StatesError),
    ExecutionRedriven {
        redrive_count: u64,
    },

    /// `PassStateEntered`, `TaskStateEntered`, …
    StateEntered {
        state_type: StateType,
        name: Str,
        input: Value,
    },
    /// `PassStateExited`, … `assigned` holds the variables that were set, when the state or its catcher sets any.
    StateExited {
        state_type: StateType,
        name: Str,
        output: Value,
        assigned: Option<Value>,
    },
    /// `TaskStateAborted`, `WaitStateAborted`, `ParallelStateAborted`, `MapStateAborted`
    StateAborted {
        state_type: StateType,
    },
    EvaluationFailed {
        error: StatesError,
        location: Option<String>,
        state: Str,
    },

    LambdaFunctionScheduled {
        resource: Str,
        input: Value,
        timeout_seconds: Option<u64>,
        credentials: Option<Value>,
    },
    LambdaFunctionScheduleFailed(StatesError),
    LambdaFunctionStarted,
    LambdaFunctionStartFailed(StatesError),
    LambdaFunctionSucceeded {
        output: Value,
    },
    LambdaFunctionFailed(StatesError),
    LambdaFunctionTimedOut(StatesError),

    ActivityScheduled {
        resource: Str,
        input: Value,
        timeout_seconds: Option<u64>,
        heartbeat_seconds: Option<u64>,
    },
    ActivityScheduleFailed(StatesError),
    ActivityStarted {
        worker_name: Option<Str>,
    },
    ActivitySucceeded {
        output: Value,
    },
    ActivityFailed(StatesError),
    ActivityTimedOut(StatesError),

    TaskScheduled {
        resource_type: Str,
        resource: Str,
        parameters: Value,
        timeout_seconds: Option<u64>,
        heartbeat_seconds: Option<u64>,
        credentials: Option<Value>,
    },
    TaskStarted {
        resource_type: Str,
        resource: Str,
    },
    TaskStartFailed {
        resource_type: Str,
        resource: Str,
        error: StatesError,
    },
    TaskSubmitted {
        resource_type: Str,
        resource: Str,
        output: Value,
    },
    TaskSubmitFailed {
        resource_type: Str,
        resource: Str,
        error: StatesError,
    },
    TaskSucceeded {
        resource_type: Str,
        resource: Str,
        output: Value,
    },
    TaskFailed {
        resource_type: Str,
        resource: Str,
        error: StatesError,
    },
    TaskTimedOut {
        resource_type: Str,
        resource: Str,
        error: StatesError,
    },

    ParallelStateStarted,
    ParallelStateSucceeded,
    ParallelStateFailed,

    MapStateStarted {
        length: u64,
    },
    MapStateSucceeded,
    MapStateFailed,
    MapIterationStarted {
        name: Str,
        index: u64,
    },
    MapIterationSucceeded {
        name: Str,
        index: u64,
    },
    MapIterationFailed {
        name: Str,
        index: u64,
    },
    MapIterationAborted {
        name: Str,
        index: u64,
    },
    MapRunStarted {
        map_run_arn: Str,
    },
    MapRunSucceeded,
    MapRunFailed(StatesError),
    MapRunAborted,
    MapRunRedriven {
        map_run_arn: Str,
        redrive_count: u64,
    },
}
