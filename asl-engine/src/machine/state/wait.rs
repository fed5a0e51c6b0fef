//! | state | when | then |
//! |---|---|---|
//! | Wait | entered | a timer is set for its Seconds or Timestamp; one in the past fires at once |
//! | Wait | the timer fires | left with its input |

use crate::definition::program::{Dynamic, State, Wait};
use crate::error;
use crate::machine::Timer;
use crate::machine::data_flow::ResultFlow;
use crate::machine::frame::{FrameId, Phase};
use crate::machine::turn::Turn;
use crate::query::{Location, QueryError, QueryLanguage};
use crate::time::Timestamp;

/// AWS counts the seconds of a Wait in 32 bits: 24,855 days (recorded).
const WAIT_SECONDS_MAX: i64 = i32::MAX as i64;

impl Turn<'_> {
    pub(in crate::machine) fn wait(&mut self, id: FrameId, state: &State, wait: &Wait) {
        match self.wait_until(id, state, wait) {
            Ok(at) => {
                if let Some(frame) = self.frame_mut(id) {
                    frame.phase = Phase::Timer;
                }
                self.wake(at, Timer::Wait(id));
            }
            Err(error) => self.evaluation_failed(id, error),
        }
    }

    pub(in crate::machine) fn wait_over(&mut self, id: FrameId) {
        let Some(state) = self.state_of(id) else { return };
        match self.effective_input(id, state) {
            Ok(input) => self.state_succeeded(id, input, ResultFlow::plain(state)),
            Err(error) => self.evaluation_failed(id, error),
        }
    }

    fn wait_until(&self, id: FrameId, state: &State, wait: &Wait) -> Result<Timestamp, QueryError> {
        let input = self.effective_input(id, state)?;
        let jsonata = state.query_language == QueryLanguage::Jsonata;
        let until = match wait {
            Wait::Seconds(Dynamic::Literal(seconds)) => self.now.plus_seconds(*seconds),
            Wait::Seconds(Dynamic::Query(expression)) => {
                let field = if jsonata { "Seconds" } else { "SecondsPath" };
                let value = match self.evaluate(id, expression, field, &input) {
                    Err(_) if !jsonata => return Err(error::seconds_path_without_value(expression.source()).into()),
                    other => other?,
                };
                match value.as_f64() {
                    Some(seconds) if jsonata && seconds < 0.0 => return Err(error::negative(expression, field)),
                    Some(seconds) if seconds >= 0.0 && (jsonata || value.as_i64().is_some()) => {
                        self.now.plus_millis((seconds.min(1e12) * 1000.0) as i64)
                    }
                    _ if jsonata => {
                        return Err(error::unexpected_type(expression, &Location::field(field), "number", &value));
                    }
                    _ => return Err(error::not_an_integer(field, expression.source(), &value).into()),
                }
            }
            Wait::Timestamp(Dynamic::Literal(text)) => self.timestamp(text, "Timestamp", jsonata)?,
            Wait::Timestamp(Dynamic::Query(expression)) => {
                let field = if jsonata { "Timestamp" } else { "TimestampPath" };
                let value = self.evaluate(id, expression, field, &input)?;
                match value.as_str() {
                    Some(text) => self.timestamp(text, field, jsonata)?,
                    None => return Err(error::unexpected_type(expression, &Location::field(field), "string", &value)),
                }
            }
        };
        if until.as_millis().saturating_sub(self.now.as_millis()) > WAIT_SECONDS_MAX * 1000 {
            return Err(error::wait_too_long().into());
        }
        Ok(until)
    }

    fn timestamp(&self, text: &str, field: &str, jsonata: bool) -> Result<Timestamp, QueryError> {
        // The time is truncated to seconds (Developer Guide, *Wait workflow state*).
        let moment = Timestamp::parse(text).map(|at| Timestamp::from_millis(at.as_millis().div_euclid(1000) * 1000));
        moment.ok_or_else(|| {
            let mut error = error::not_a_timestamp(field, text);
            if jsonata {
                error.error = Some(error::names::QUERY_EVALUATION_ERROR.into());
            }
            QueryError { error, location: jsonata.then(|| field.to_owned()) }
        })
    }
}
