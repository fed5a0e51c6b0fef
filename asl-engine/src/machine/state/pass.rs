//! | state | when | then |
//! |---|---|---|
//! | Pass | entered | left with `Result`, or else its Parameters, or else its input |

use crate::definition::program::{Pass, State};
use crate::machine::data_flow::ResultFlow;
use crate::machine::frame::FrameId;
use crate::machine::turn::Turn;

impl Turn<'_> {
    pub(in crate::machine) fn pass(&mut self, id: FrameId, state: &State, pass: &Pass) {
        let result = match &pass.result {
            Some(result) => Ok(result.clone()),
            None => self
                .effective_input(id, state)
                .and_then(|input| self.apply_template(id, pass.parameters.as_ref(), "Parameters", input)),
        };
        match result {
            Ok(result) => {
                let flow = ResultFlow { result_path: &pass.result_path, ..ResultFlow::plain(state) };
                self.state_succeeded(id, result, flow);
            }
            Err(error) => self.evaluation_failed(id, error),
        }
    }
}
