//! One state tried alone (the API's TestState): what it is given instead of an execution, and what is seen of it.
//!
//! A machine with a trial does what any machine does, with the same data flow, but it ends where its first state is left,
//! retried or failed, and the body of a Parallel or Map state is answered instead of being executed. Machines without a
//! trial pay one comparison at each of these places.

use super::event::Outcome;
use super::frame::FrameId;
use super::turn::{Exit, Turn};
use crate::definition::program::{Retrier, Transition};
use crate::error::StatesError;
use crate::task::TaskResult;
use crate::value::{Array, Object, Str, Value};
use std::cell::RefCell;

/// What a tried state is given, and what was seen of it.
#[derive(Debug, Default)]
pub struct Trial {
    /// The context object; the machine's own when `None`.
    pub context: Option<Value>,
    /// The variables in scope.
    pub variables: Object,
    /// How often the retrier that matches the error was used before.
    pub retries: u64,
    /// What the branches of a Parallel state, or the iterations of a Map state, amount to. They are not executed.
    ///
    /// INVARIANT: `Some` when the state is one of these.
    pub body: Option<TaskResult>,
    /// How many iterations of a Map state failed.
    pub failed_iterations: u64,
    /// What the ItemReader of a Map state reads: the text of the object.
    pub item_reader_data: Option<Str>,
    pub(crate) seen: RefCell<Inspection>,
}

impl Trial {
    /// What was seen of the state so far.
    pub fn inspection(&self) -> Inspection {
        self.seen.borrow().clone()
    }
}

/// The values between the steps of a state's data flow, as far as it went. A value is there exactly when AWS shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspection {
    /// After `InputPath`.
    pub after_input_path: Option<Value>,
    /// After `Parameters` or `Arguments`.
    pub arguments: Option<Value>,
    /// After `ItemsPath`.
    pub after_items_path: Option<Value>,
    /// After `ReaderConfig.ItemsPointer`.
    pub after_items_pointer: Option<Value>,
    /// The inputs of the iterations, after `ItemSelector`.
    pub after_item_selector: Option<Value>,
    /// The inputs of the child executions, after `ItemBatcher`.
    pub after_item_batcher: Option<Value>,
    /// `MaxConcurrency` of a Map state.
    pub max_concurrency: Option<u64>,
    /// `ToleratedFailureCount` of a Map state.
    pub tolerated_failure_count: Option<u64>,
    /// `ToleratedFailurePercentage` of a Map state, from 0 to 100.
    pub tolerated_failure_percentage: Option<f64>,
    /// The state's raw result.
    pub result: Option<Value>,
    /// After `ResultSelector`.
    pub after_result_selector: Option<Value>,
    /// After `ResultPath`.
    pub after_result_path: Option<Value>,
    /// The variables after the state.
    pub variables: Object,
    /// The retrier that matches the state's error.
    pub retrier: Option<RetrierSeen>,
    /// The index of the catcher that caught the state's error, and the error.
    pub caught: Option<(usize, StatesError)>,
    /// The state it leads to.
    pub next_state: Option<Str>,
}

/// A retrier that matches an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetrierSeen {
    /// Its index in `Retry`.
    pub index: usize,
    /// The whole seconds until the next attempt; `None` when no attempt is left.
    pub backoff_seconds: Option<u64>,
}

impl Turn<'_> {
    /// Lets the trial, if this is one, see something.
    pub(super) fn see(&self, look: impl FnOnce(&mut Inspection)) {
        if let Some(trial) = self.trial {
            look(&mut trial.seen.borrow_mut());
        }
    }

    /// The state of a trial is left: that ends it.
    pub(super) fn trial_left(&mut self, id: FrameId, exit: Exit) {
        let Exit { output, assigned, next } = exit;
        let mut variables = self.frame(id).map(|frame| frame.variables.clone()).unwrap_or_default();
        variables.extend(assigned);
        let next_state = match next {
            Transition::Next(next) => Some(self.program.state(next).name.clone()),
            Transition::End => None,
        };
        self.see(|seen| {
            seen.variables = variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            seen.next_state = next_state;
        });
        self.end(Outcome::Succeeded { output });
    }

    /// The state of a trial failed, and the retrier of that index matches. True when it allows another attempt: that ends
    /// the trial.
    pub(super) fn trial_retried(
        &mut self,
        (index, retrier): (usize, &Retrier),
        retries: u64,
        delay_millis: i64,
        error: &StatesError,
    ) -> bool {
        let allowed = retries < retrier.max_attempts;
        let backoff_seconds = allowed.then(|| delay_millis.unsigned_abs() / 1000);
        self.see(|seen| seen.retrier = Some(RetrierSeen { index, backoff_seconds }));
        if allowed {
            self.end(Outcome::Failed(error.clone()));
        }
        allowed
    }
}

/// Values as an array.
pub(super) fn array(values: impl IntoIterator<Item = Value>) -> Value {
    values.into_iter().collect::<Array>().into()
}
