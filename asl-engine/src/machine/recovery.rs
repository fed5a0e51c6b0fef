//! Retry and Catch (spec, "Errors").
//!
//! | a state failed with | and | then |
//! |---|---|---|
//! | `States.Runtime` | | neither Retrier nor Catcher is asked |
//! | an error that a Retrier names | it was used less than MaxAttempts in this visit | the state runs again after the delay |
//! | an error that a Catcher names | no Retrier is left for it | the state is left for the Catcher's Next |
//! | anything else | | the branch, iteration or execution fails |

use super::Timer;
use super::data_flow::Clause;
use super::frame::{FrameId, Phase};
use super::turn::{Exit, Turn};
use crate::definition::program::{Catcher, Recovery, ResultPath, Retrier, State, StateKind, Transition};
use crate::error::{self, StatesError, names};
use crate::history::HistoryDetail;
use crate::query::{QueryError, QueryLanguage, Scope};
use crate::value::Str;

/// What failed: the error, and whether it was a missed heartbeat (which `States.HeartbeatTimeout` names as well).
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) error: StatesError,
    pub(super) heartbeat: bool,
}

impl From<StatesError> for Failure {
    fn from(error: StatesError) -> Self {
        Failure { error, heartbeat: false }
    }
}

impl Turn<'_> {
    /// A field of the frame's state could not be evaluated.
    pub(super) fn evaluation_failed(&mut self, id: FrameId, error: QueryError) {
        self.tell_evaluation_failed(id, error, |turn, id, error| turn.state_failed(id, error.into()));
    }

    /// As [`Self::evaluation_failed`], and `then` says how the state goes on with the error.
    pub(super) fn tell_evaluation_failed(
        &mut self,
        id: FrameId,
        error: QueryError,
        then: impl FnOnce(&mut Self, FrameId, StatesError),
    ) {
        let (Some(state), Some(frame)) = (self.state_of(id), self.frame(id)) else { return };
        let QueryError { mut error, location } = error;
        if self.trial.is_none() {
            error.cause = error.cause.map(|cause| error::while_executing(&state.name, frame.entered, &cause));
        }
        if error.name() == names::QUERY_EVALUATION_ERROR {
            // AWS links the event to the one before the state was entered when the state is evaluated while it is entered;
            // a Wait state, and a state that already did something, to the state's own last event.
            let entering = frame.previous == frame.entered && !matches!(state.kind, StateKind::Wait(_));
            let previous = if entering { frame.before_entered } else { frame.previous };
            let (told, name) = (error.clone(), state.name.clone());
            let event =
                self.emit_after(previous, || HistoryDetail::EvaluationFailed { error: told, location, state: name });
            if let Some(frame) = self.frame_mut(id) {
                frame.previous = event;
            }
        }
        then(self, id, error);
    }

    /// The frame's state failed: retries it, leaves it for a Catcher, or fails the frame.
    pub(super) fn state_failed(&mut self, id: FrameId, failure: Failure) {
        let Some(state) = self.state_of(id) else { return };
        if self.retried(id, state, &failure) {
            return;
        }
        self.state_not_retried(id, failure);
    }

    /// The part of [`Self::state_failed`] after the Retriers.
    pub(super) fn state_not_retried(&mut self, id: FrameId, failure: Failure) {
        let Some(state) = self.state_of(id) else { return };
        let catcher = recovery(state).and_then(|recovery| {
            recovery.catch.iter().enumerate().find(|(_, catcher)| matches(&catcher.error_equals, &failure))
        });
        match catcher {
            None => self.frame_failed(id, failure.error),
            Some((index, catcher)) => match self.caught(id, state, catcher, Clause::Catch(index), &failure.error) {
                Ok(exit) => {
                    self.see(|seen| seen.caught = Some((index, failure.error)));
                    self.leave(id, exit);
                }
                Err(error) => self.tell_evaluation_failed(id, error, |turn, id, error| turn.frame_failed(id, error)),
            },
        }
    }

    /// Schedules another attempt if a Retrier allows one. The first Retrier that names the error decides.
    pub(super) fn retried(&mut self, id: FrameId, state: &State, failure: &Failure) -> bool {
        let Some(recovery) = recovery(state) else { return false };
        let Some(index) = recovery.retry.iter().position(|retrier| matches(&retrier.error_equals, failure)) else {
            return false;
        };
        let retrier = &recovery.retry[index];
        let random = self.core.rng.next();
        if let Some(trial) = self.trial {
            let delay = delay_millis(retrier, trial.retries, random);
            return self.trial_retried((index, retrier), trial.retries, delay, &failure.error);
        }
        let Some(frame) = self.frame_mut(id) else { return false };
        frame.attempts.resize(recovery.retry.len(), 0);
        let used = frame.attempts[index];
        if used >= retrier.max_attempts {
            return false;
        }
        self.forget_left(id);
        let Some(frame) = self.frame_mut(id) else { return false };
        frame.attempts[index] += 1;
        frame.phase = Phase::Timer;
        let at = self.now.plus_millis(delay_millis(retrier, used, random));
        self.wake(at, Timer::Retry(id));
        true
    }

    /// The delay of a retry is over: the state runs again.
    pub(super) fn retry(&mut self, id: FrameId) {
        let Some(state) = self.state_of(id) else { return };
        match &state.kind {
            StateKind::Task(task) => self.task(id, state, task),
            StateKind::Parallel(parallel) => self.parallel(id, state, parallel),
            StateKind::Map(map) => self.map(id, state, map),
            _ => {}
        }
    }

    fn caught(
        &self,
        id: FrameId,
        state: &State,
        catcher: &Catcher,
        clause: Clause,
        error: &StatesError,
    ) -> Result<Exit, QueryError> {
        let environment = self.surroundings(id);
        let error_output = error.output();
        let input = self.frame(id).map(|frame| frame.input.clone()).unwrap_or_default();
        let next = Transition::Next(catcher.next);
        let (output, assigned) = match state.query_language {
            QueryLanguage::JsonPath => {
                let scope = Scope { input: &error_output, result: None, error_output: None, environment: &environment };
                let assigned = clause.assign(&catcher.assign, &scope)?;
                let output = match &catcher.result_path {
                    ResultPath::Replace => error_output.clone(),
                    ResultPath::Discard => input,
                    ResultPath::At(path) => path.write(input, error_output.clone())?,
                };
                (output, assigned)
            }
            QueryLanguage::Jsonata => {
                let scope =
                    Scope { input: &input, result: None, error_output: Some(&error_output), environment: &environment };
                let output = match &catcher.output {
                    Some(template) => clause.output(template, &scope)?,
                    None => error_output.clone(),
                };
                (output, clause.assign(&catcher.assign, &scope)?)
            }
        };
        self.check_exit(id, Exit { output, assigned, next }, &state.name)
    }
}

/// The Retry and Catch of a state that may have them.
pub(super) fn recovery(state: &State) -> Option<&Recovery> {
    match &state.kind {
        StateKind::Task(task) => Some(&task.recovery),
        StateKind::Parallel(parallel) => Some(&parallel.recovery),
        StateKind::Map(map) => Some(&map.recovery),
        _ => None,
    }
}

/// Does ErrorEquals name the failure? (spec, "Error representation"; recorded: States.Runtime is never caught, not even
/// by its own name.)
fn matches(error_equals: &[Str], failure: &Failure) -> bool {
    let name = failure.error.name();
    if name == names::RUNTIME {
        return false;
    }
    error_equals.iter().any(|pattern| match pattern.as_str() {
        names::ALL => true,
        names::TASK_FAILED => name != names::TIMEOUT,
        names::HEARTBEAT_TIMEOUT => failure.heartbeat || name == names::HEARTBEAT_TIMEOUT,
        pattern => pattern == name,
    })
}

/// The delay before the next attempt: IntervalSeconds × BackoffRate^used, at most MaxDelaySeconds, times a random
/// fraction when JitterStrategy is FULL.
fn delay_millis(retrier: &Retrier, used: u64, random: u64) -> i64 {
    let exponent = i32::try_from(used).unwrap_or(i32::MAX);
    let grown = retrier.interval_seconds as f64 * retrier.backoff_rate.powi(exponent);
    let seconds = retrier.max_delay_seconds.map_or(grown, |max| grown.min(max as f64));
    // A year: no execution lives longer.
    let millis = (seconds * 1000.0).min(crate::limits::EXECUTION_SECONDS_MAX as f64 * 1000.0) as i64;
    if retrier.full_jitter && millis > 0 { (random % (millis as u64 + 1)) as i64 } else { millis }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retrier(interval_seconds: u64, backoff_rate: f64, max_delay_seconds: Option<u64>, full_jitter: bool) -> Retrier {
        Retrier {
            error_equals: vec![],
            interval_seconds,
            max_attempts: 3,
            backoff_rate,
            max_delay_seconds,
            full_jitter,
        }
    }

    #[test]
    fn delays_grow_up_to_their_maximum() {
        let growing = retrier(2, 2.0, Some(10), false);
        assert_eq!(
            (0..5).map(|used| delay_millis(&growing, used, 0)).collect::<Vec<_>>(),
            [2000, 4000, 8000, 10_000, 10_000]
        );
        assert_eq!(delay_millis(&retrier(1, 10.0, None, false), u64::MAX, 0), 31_536_000_000);
    }

    #[test]
    fn full_jitter_stays_between_nothing_and_the_delay() {
        let jittered = retrier(3, 1.0, None, true);
        for random in [0, 1, 2999, 3000, 3001, u64::MAX] {
            assert!((0..=3000).contains(&delay_millis(&jittered, 0, random)));
        }
    }

    #[test]
    fn error_names_match_as_the_specification_says() {
        let table = [
            ("States.ALL", "X", true),
            ("States.ALL", "States.Timeout", true),
            ("States.ALL", "States.Runtime", false),
            ("States.Runtime", "States.Runtime", false),
            ("States.TaskFailed", "X", true),
            ("States.TaskFailed", "States.Timeout", false),
            ("States.Timeout", "States.Timeout", true),
            ("X", "X", true),
            ("X", "Y", false),
        ];
        for (pattern, name, expected) in table {
            assert_eq!(matches(&[pattern.into()], &StatesError::named(name).into()), expected, "{pattern} {name}");
        }
    }
}
