//! | state | when | then |
//! |---|---|---|
//! | Choice | entered, a rule matches | left for the first matching rule's Next |
//! | Choice | entered, no rule matches | left for Default, or fails with `States.Runtime` |

use crate::definition::program::{Choice, State, Transition};
use crate::error;
use crate::machine::data_flow::{Clause, ResultFlow};
use crate::machine::frame::FrameId;
use crate::machine::turn::Turn;
use crate::query::{Location, QueryError, Scope};
use crate::value::Value;

impl Turn<'_> {
    pub(in crate::machine) fn choice(&mut self, id: FrameId, state: &State, choice: &Choice) {
        match self.choose(id, state, choice) {
            Ok((input, flow)) => self.state_succeeded(id, input, flow),
            Err(error) => self.evaluation_failed(id, error),
        }
    }

    fn choose<'p>(
        &self,
        id: FrameId,
        state: &'p State,
        choice: &'p Choice,
    ) -> Result<(Value, ResultFlow<'p>), QueryError> {
        let input = self.effective_input(id, state)?;
        let environment = self.surroundings(id);
        let scope = Scope { input: &input, result: None, error_output: None, environment: &environment };
        let plain = ResultFlow::plain(state);
        for (index, rule) in choice.rules.iter().enumerate() {
            let place = Location::field("Choices");
            let place = place.item(index);
            if rule.condition.matches(&scope, &place.member("Condition"))? {
                let flow = ResultFlow {
                    assign: &rule.assign,
                    output: rule.output.as_ref(),
                    next: Transition::Next(rule.next),
                    clause: Clause::Choices(index),
                    ..plain
                };
                return Ok((input, flow));
            }
        }
        match choice.default {
            Some(default) => Ok((input, ResultFlow { next: Transition::Next(default), ..plain })),
            None => Err(error::no_choice_matched().into()),
        }
    }
}
