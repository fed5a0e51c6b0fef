//! Runs a handler so that its panic fails its task alone.

use crate::error::StatesError;
use crate::task::{TaskFuture, TaskHandler, TaskRequest, TaskResult};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A handler's future that turns a panic into the task's error.
pub(super) struct Guarded(TaskFuture);

impl Guarded {
    /// An answer that is known already.
    pub(super) fn ready(answer: TaskResult) -> Self {
        Guarded(Box::pin(std::future::ready(answer)))
    }

    pub(super) fn call(handler: &dyn TaskHandler, request: TaskRequest) -> Self {
        let future = catch_unwind(AssertUnwindSafe(|| handler.call(request)));
        Guarded(future.unwrap_or_else(|panic| {
            let error = panicked(&*panic);
            Box::pin(async move { Err(error) })
        }))
    }
}

impl Future for Guarded {
    type Output = TaskResult;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<TaskResult> {
        catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(context)))
            .unwrap_or_else(|panic| Poll::Ready(Err(panicked(&*panic))))
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> StatesError {
    let message = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let message = message.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    // As a function that crashes is told on AWS.
    StatesError::new("Runtime.Unknown", format!("the function crashed: {message}"))
}
