//! Those who work on tasks from outside: with a token, or as workers of an activity.

use super::Engine;
use crate::error::StatesError;
use crate::machine::token;
use crate::runtime::activity::{Activities, ActivityTask, Offered};
use crate::runtime::shard::Message;
use crate::runtime::task_future::Guarded;
use crate::task::{TaskRequest, TaskResult};
use crate::value::{Str, Value};
use tokio::sync::oneshot;

/// What a worker or a callback says about a task by its token.
#[derive(Clone, Debug)]
pub enum TokenReport {
    /// It is done.
    Success(Value),
    /// It failed.
    Failure(StatesError),
    /// It is still being worked on.
    Heartbeat,
}

/// Why a token was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is no token of this engine.
    #[error("the token names no task")]
    Unknown,
    /// It names a task of an execution that is not kept, or not any more.
    #[error("the token names a task of an execution that is not kept")]
    Gone,
    /// The task, or its whole execution, is over.
    #[error("the task is over already")]
    TimedOut,
}

impl Engine {
    /// Reports on a task by its token.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn report(&self, token: &str, report: TokenReport) -> Result<(), TokenError> {
        let (execution_arn, task, check) = token::decode(token).ok_or(TokenError::Unknown)?;
        let place = self.place(&execution_arn).ok_or(TokenError::Gone)?;
        if check != token::check(task, place.start.seed) {
            return Err(TokenError::Unknown);
        }
        let (answer, accepted) = oneshot::channel();
        self.send(&place, Message::Report { execution: place.execution, task, report, answer }).await;
        accepted.await.unwrap_or(Err(TokenError::TimedOut))
    }

    /// Waits for the next task of an activity; workers are served in the order they came. Drop the future to give up.
    pub async fn next_activity_task(&self, activity_arn: &str, worker_name: Option<Str>) -> ActivityTask {
        loop {
            let offered = match Activities::take(&self.0.shared.activities, activity_arn) {
                Ok(offered) => offered,
                Err(mut place) => match (&mut place).await {
                    Some(offered) => offered,
                    None => continue,
                },
            };
            let (taken, may_take) = oneshot::channel();
            let Offered { home, execution, task } = offered;
            let message = Message::Take { execution, task, worker_name: worker_name.clone(), taken };
            let _ = self.0.shards[self.shard_at(home)].send(message).await;
            if let Ok(Some(activity)) = may_take.await {
                return activity;
            }
        }
    }

    /// How many workers wait for a task of an activity.
    pub fn waiting_workers(&self, activity_arn: &str) -> usize {
        self.0.shared.activities.waiting_workers(activity_arn)
    }

    /// Answers a task that belongs to no execution, as those of executions are answered: by an in-process function or by the
    /// dispatcher.
    pub async fn call(&self, request: TaskRequest) -> TaskResult {
        Guarded::call(&*self.0.shared.handler, request).await
    }
}
