//! The local runtime: executions on tokio, with real or virtual time.
// TEMPORARY FACADE: signatures only; the real one replaces this file at merge.
#![allow(missing_docs, unused)]

use crate::definition::Program;
use crate::error::StatesError;
use crate::history::HistoryEvent;
use crate::machine::{MachineType, Outcome, Start};
use crate::task::{TaskHandler, TaskRequest};
use crate::time::Timestamp;
use crate::value::{Str, Value};
use std::sync::Arc;

/// Time: the system's, or one that moves only when told to.
#[derive(Clone, Default)]
pub enum Clock { #[default] System, Virtual(VirtualClock) }
#[derive(Clone)]
pub struct VirtualClock;
impl VirtualClock { pub fn at(_: Timestamp) -> Self { todo!() } pub fn now(&self) -> Timestamp { todo!() } }

#[derive(Clone)]
pub struct Engine;
#[derive(Default)]
pub struct EngineBuilder;

/// A finished or running execution, as the engine knows it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Execution {
    pub start: Arc<Start>,               // arn, name, input, role, state machine arn+name, machine type
    pub started: Timestamp,
    pub stopped: Option<Timestamp>,
    pub outcome: Option<Outcome>,        // None: RUNNING
    pub program: Arc<Program>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status { Running, Succeeded, Failed, TimedOut, Aborted }
impl Execution { pub fn status(&self) -> Status { todo!() } }

#[derive(Clone, Debug, thiserror::Error)]
pub enum StartError {
    /// The ARN is taken; holds the existing execution (the caller decides on idempotency).
    #[error("an execution with the ARN `{}` exists already", .0.start.execution_arn)]
    AlreadyExists(Box<Execution>),
    #[error("too many executions are running")]
    Overloaded,
}

/// What a worker or a callback says about a task by its token.
#[derive(Clone, Debug)]
pub enum TokenReport { Success(Value), Failure(StatesError), Heartbeat }
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError { #[error("no task has this token")] Unknown, #[error("the task is over already")] TimedOut }

/// A task handed to an activity worker.
#[derive(Clone, Debug)]
pub struct ActivityTask { pub token: Str, pub input: Value }

impl EngineBuilder {
    pub fn clock(self, _: Clock) -> Self { todo!() }
    /// Who answers tasks that no registered function answers: mocks, endpoints, service integrations.
    pub fn dispatcher(self, _: Arc<dyn TaskHandler>) -> Self { todo!() }
    /// An in-process function by name: answers `arn:aws:lambda:…:function:NAME` and `lambda:invoke` of it.
    pub fn function(self, _name: &str, _: Arc<dyn TaskHandler>) -> Self { todo!() }
    /// Must be called within a tokio runtime.
    pub fn build(self) -> Engine { todo!() }
}

impl Engine {
    pub fn builder() -> EngineBuilder { todo!() }
    pub fn now(&self) -> Timestamp { todo!() }
    /// Starts an execution; when this returns, the start is recorded.
    pub async fn start(&self, _program: Arc<Program>, _start: Start) -> Result<Execution, StartError> { todo!() }
    pub async fn stop(&self, _execution_arn: &str, _error: StatesError) -> Option<Execution> { todo!() }
    pub fn execution(&self, _execution_arn: &str) -> Option<Execution> { todo!() }
    /// Newest first. `before`: continue after this execution ARN of an earlier page.
    pub fn executions(&self, _state_machine_arn: &str, _status: Option<Status>, _after: Option<&str>, _limit: usize) -> Vec<Execution> { todo!() }
    pub async fn history(&self, _execution_arn: &str) -> Option<Arc<Vec<HistoryEvent>>> { todo!() }
    /// Waits until the execution has ended.
    pub async fn finished(&self, _execution_arn: &str) -> Option<Execution> { todo!() }
    pub async fn report(&self, _token: &str, _report: TokenReport) -> Result<(), TokenError> { todo!() }
    /// Waits for the next task of an activity (fair between callers). Drop the future to give up.
    pub async fn next_activity_task(&self, _activity_arn: &str, _worker_name: Option<Str>) -> ActivityTask { todo!() }
    /// Virtual clock only: jumps to the next timer when nothing else can happen. False: nothing is pending.
    pub async fn advance(&self) -> bool { todo!() }
}
