//! | state | when | then |
//! |---|---|---|
//! | Pass | entered | left with `Result`, or else its Parameters, or else its input |

use crate::definition::program::{Pass, State};
use crate::machine::data_flow::ResultFlow;
use crate::machine::frame::FrameId;
use crate::machine::turn::Turn;
use crate::query::{QueryError, QueryLanguage};
use crate::value::Value;

impl Turn<'_> {
    pub(in crate::machine) fn pass(&mut self, id: FrameId, state: &State, pass: &Pass) {
        let result = match &pass.result {
            Some(result) => {
                self.see(|seen| seen.result = Some(result.clone()));
                Ok(result.clone())
            }
            None => self.pass_parameters(id, state, pass),
        };
        match result {
            Ok(result) => {
                let flow = ResultFlow { result_path: &pass.result_path, ..ResultFlow::plain(state) };
                self.state_succeeded(id, result, flow);
            }
            Err(error) => self.evaluation_failed(id, error),
        }
    }

    fn pass_parameters(&self, id: FrameId, state: &State, pass: &Pass) -> Result<Value, QueryError> {
        let input = self.effective_input(id, state)?;
        let parameters = self.apply_template(id, pass.parameters.as_ref(), "Parameters", input)?;
        if state.query_language == QueryLanguage::JsonPath {
            self.see(|seen| seen.arguments = Some(parameters.clone()));
        }
        Ok(parameters)
    }
}
