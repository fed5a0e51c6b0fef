//! The order saga's functions as the server answers them.

use asl_engine::StatesError;
use asl_engine::task::{TaskFuture, TaskHandler, TaskRequest};
use std::sync::Arc;
use tasks::Saga;

/// A handler for each of the saga's functions, but for those that the user answers.
pub fn functions(saga: &Saga, answered: impl Fn(&str) -> bool) -> Vec<(&'static str, Arc<dyn TaskHandler>)> {
    let mut handlers: Vec<(&'static str, Arc<dyn TaskHandler>)> = Vec::new();
    for function in &tasks::FUNCTIONS {
        for name in [function.name, function.alias] {
            if !answered(name) {
                handlers.push((name, Arc::new(Blocking { saga: saga.clone(), function })));
            }
        }
    }
    handlers
}

/// Runs a function on a thread that may block, because its store waits for the disk.
struct Blocking {
    saga: Saga,
    function: &'static tasks::Function,
}

impl TaskHandler for Blocking {
    fn call(&self, request: TaskRequest) -> TaskFuture {
        let (saga, function) = (self.saga.clone(), self.function);
        Box::pin(async move {
            let answer = tokio::task::spawn_blocking(move || function.run(&saga, request.input)).await;
            answer.unwrap_or_else(|error| {
                Err(StatesError::new("Runtime.Unknown", format!("the function crashed: {error}")))
            })
        })
    }
}
