//! Executions start, are stopped and redriven, and are waited for.

use super::Engine;
use crate::definition::Program;
use crate::error::StatesError;
use crate::machine::{Event, MachineType, Outcome, Start};
use crate::runtime::clock::Clock;
use crate::runtime::journal::JournalError;
use crate::runtime::record::{Execution, PatientWait, Record};
use crate::runtime::redrive::{NotRedrivable, RedriveError};
use crate::runtime::shard::{Message, home_of};
use crate::value::{Str, Value};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::oneshot;

/// Why an execution was not started.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StartError {
    /// The ARN is taken, by this execution; the caller decides what that means.
    #[error("an execution with the ARN `{}` exists already", .0.start.execution_arn)]
    AlreadyExists(Box<Execution>),
    /// The engine was told to keep no more executions.
    #[error("too many executions are running; let some finish, or raise the engine's limit")]
    Overloaded,
    /// The program has no definition text, so a journal on disk cannot keep it.
    #[error("the program is not compiled of a whole definition, so its executions cannot be kept")]
    Unkeepable,
    /// Nothing can be kept at the moment (the disk is full, say). The start may yet be kept when that is over: to start the
    /// same again under the same name is safe.
    #[error("nothing can be kept at the moment: {0}")]
    Unavailable(JournalError),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The tokio runtime that the engine was built in is gone.
    #[error("the engine has stopped")]
    Stopped,
}

impl Engine {
    /// Starts an execution. When this returns, the start is recorded: it will not be lost. (EXPRESS executions live in
    /// memory, as AWS's do.)
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(&self, program: Arc<Program>, start: Start) -> Result<Execution, StartError> {
        let kept = start.machine_type == MachineType::Standard;
        Ok(self.begin(program, start, kept).await?.snapshot())
    }

    /// Starts an execution and waits for its end.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn execute(&self, program: Arc<Program>, start: Start) -> Result<Execution, StartError> {
        let kept = start.machine_type == MachineType::Standard;
        let record = self.begin(program, start, kept).await?;
        self.end_of(&record).await.ok_or(StartError::Stopped)
    }

    async fn begin(&self, program: Arc<Program>, start: Start, kept: bool) -> Result<Arc<Record>, StartError> {
        if self.0.shared.records.running() >= self.0.running_max {
            return Err(StartError::Overloaded);
        }
        let shard = &self.0.shards[self.shard_at(home_of(&start.execution_arn))];
        let (answer, started) = oneshot::channel();
        let message = Message::Start { program, start: Arc::new(start), kept, answer };
        let started = async {
            shard.send(message).await.map_err(|_| StartError::Stopped)?;
            started.await.unwrap_or(Err(StartError::Stopped))
        };
        match kept {
            true => self.0.shared.log.unless_troubled(started).await.map_err(StartError::Unavailable)?,
            false => started.await,
        }
    }

    /// Runs a program to its end, under a made-up name: the short way for programs that embed the engine. With a virtual
    /// clock, waits take no time.
    pub async fn run(&self, program: Arc<Program>, input: Value) -> Outcome {
        let number = self.0.anonymous.fetch_add(1, Ordering::Relaxed) + 1;
        let name: Str = format!("run-{number}").into();
        let start = Start {
            input,
            execution_arn: format!("arn:aws:states:local:000000000000:execution:embedded:{name}").into(),
            execution_name: name,
            role_arn: "arn:aws:iam::000000000000:role/embedded".into(),
            state_machine_arn: "arn:aws:states:local:000000000000:stateMachine:embedded".into(),
            state_machine_name: "embedded".into(),
            seed: std::collections::hash_map::RandomState::new().hash_one(number),
            ..Start::default()
        };
        let stopped = || Outcome::Aborted(StatesError::runtime("the engine has stopped"));
        let Ok(record) = self.begin(program, start, false).await else { return stopped() };
        if let Clock::Virtual(_) = self.clock() {
            while record.snapshot().outcome.is_none() && self.advance().await {}
        }
        self.end_of(&record).await.and_then(|execution| execution.outcome).unwrap_or_else(stopped)
    }

    /// Stops an execution. `None`: there is no such execution. One that has ended stays as it ended.
    pub async fn stop(&self, execution_arn: &str, error: StatesError) -> Option<Execution> {
        let place = self.place(execution_arn)?;
        let (told, over) = oneshot::channel();
        let event = Event::StopRequested { error };
        self.send(&place, Message::Tell { execution: place.execution, event, told }).await;
        // An answer that never comes means that the engine is going down.
        let _ = over.await;
        self.execution(execution_arn)
    }

    /// Redrives an execution: it goes on from where it failed. When this returns, that is recorded. Asked again with the same
    /// token, within a quarter of an hour, it is redriven once.
    ///
    /// # Errors
    /// See [`RedriveError`].
    pub async fn redrive(&self, execution_arn: &str, token: Option<Str>) -> Result<Execution, RedriveError> {
        let place = self.place(execution_arn).ok_or(RedriveError::Unknown)?;
        if place.start.machine_type == MachineType::Express {
            return Err(RedriveError::NotRedrivable(NotRedrivable::Express));
        }
        if self.0.shared.records.running() >= self.0.running_max {
            return Err(StartError::Overloaded.into());
        }
        let (answer, redriven) = oneshot::channel();
        self.send(&place, Message::Redrive { execution: place.execution, token, answer }).await;
        redriven.await.unwrap_or(Err(StartError::Stopped.into()))
    }

    /// Waits until the execution has ended. `None`: there is no such execution, or the engine has stopped.
    pub async fn finished(&self, execution_arn: &str) -> Option<Execution> {
        match self.attend(execution_arn).await {
            Some(record) => self.end_of(&record).await,
            None => self.execution(execution_arn),
        }
    }

    /// As [`Engine::finished`], for a task handler whose task is that execution: virtual time goes on meanwhile.
    pub async fn finished_meanwhile(&self, execution_arn: &str) -> Option<Execution> {
        let _waiting = self.attend(execution_arn).await.map(PatientWait::new);
        self.finished(execution_arn).await
    }

    /// The record of an execution that has not ended, in memory as long as it is held.
    async fn attend(&self, execution_arn: &str) -> Option<Arc<Record>> {
        if let Some(record) = self.0.shared.records.get(execution_arn) {
            return Some(record);
        }
        let place = self.place(execution_arn)?;
        let (answer, attended) = oneshot::channel();
        self.send(&place, Message::Attend { execution: place.execution, answer }).await;
        attended.await.ok()?
    }

    async fn end_of(&self, record: &Record) -> Option<Execution> {
        let over = async {
            loop {
                // Registered before looking, so that an end in between is not missed.
                let ended = record.ended.notified();
                let execution = record.snapshot();
                if execution.outcome.is_some() {
                    return execution;
                }
                ended.await;
            }
        };
        tokio::select! {
            execution = over => Some(execution),
            _ = self.failed() => None,
        }
    }
}
