//! | state | when | then |
//! |---|---|---|
//! | Fail | entered | the branch, iteration or execution fails with Error and Cause; the state is never left |

use crate::definition::program::{Dynamic, Fail, State};
use crate::error::{self, StatesError};
use crate::machine::frame::FrameId;
use crate::machine::turn::Turn;
use crate::query::{Location, QueryError};
use crate::value::{Str, Value};

impl Turn<'_> {
    pub(in crate::machine) fn fail_state(&mut self, id: FrameId, state: &State, fail: &Fail) {
        let failure = self.effective_input(id, state).and_then(|input| {
            Ok(StatesError {
                error: self.text(id, fail.error.as_ref(), "Error", &input)?,
                cause: self.text(id, fail.cause.as_ref(), "Cause", &input)?,
            })
        });
        match failure {
            Ok(failure) => self.frame_failed(id, failure),
            Err(error) => self.evaluation_failed(id, error),
        }
    }

    fn text(
        &self,
        id: FrameId,
        field: Option<&Dynamic<Str>>,
        name: &'static str,
        input: &Value,
    ) -> Result<Option<Str>, QueryError> {
        match field {
            None => Ok(None),
            Some(Dynamic::Literal(text)) => Ok(Some(text.clone())),
            Some(Dynamic::Query(expression)) => match self.evaluate(id, expression, name, input)? {
                Value::String(text) => Ok(Some(text)),
                other => Err(error::unexpected_type(expression, &Location::field(name), "string", &other)),
            },
        }
    }
}
