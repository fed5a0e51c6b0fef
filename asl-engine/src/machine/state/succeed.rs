//! | state | when | then |
//! |---|---|---|
//! | Succeed | entered | left; the branch, iteration or execution ends with its output |

use crate::definition::program::State;
use crate::machine::data_flow::ResultFlow;
use crate::machine::frame::FrameId;
use crate::machine::turn::Turn;

impl Turn<'_> {
    pub(in crate::machine) fn succeed(&mut self, id: FrameId, state: &State) {
        match self.effective_input(id, state) {
            Ok(input) => self.state_succeeded(id, input, ResultFlow::plain(state)),
            Err(error) => self.evaluation_failed(id, error),
        }
    }
}
