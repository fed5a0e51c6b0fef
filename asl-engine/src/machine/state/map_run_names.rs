//! The names of a Map Run, its child executions and their state machine (API reference, *Map Run*; Developer Guide,
//! *Label*): all made of the names of the execution that runs it.
//!
//! ```text
//! arn:aws:states:us-east-1:123456789012:execution:Orders:e1                  the execution
//! arn:aws:states:us-east-1:123456789012:mapRun:Orders/Label:<uuid>           its Map Run
//! arn:aws:states:us-east-1:123456789012:execution:Orders/Label:<uuid>        a child
//! arn:aws:states:us-east-1:123456789012:express:Orders/Label:<uuid>:<uuid>   an EXPRESS child
//! arn:aws:states:us-east-1:123456789012:stateMachine:Orders/Label            the state machine of the children
//! ```

use crate::definition::program::StateId;
use crate::intrinsic::format_uuid;
use crate::machine::Start;
use crate::value::Str;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What the children of a Map Run are called: made once, shared by all of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MapRunNames {
    /// The ARN of a child, up to its name.
    execution: Str,
    pub(super) state_machine_arn: Str,
    pub(super) state_machine_name: Str,
}

impl MapRunNames {
    pub(super) fn new(start: &Start, label: &str, express: bool) -> Self {
        let Own { prefix, state_machine } = Own::of(start);
        let kind = if express { "express" } else { "execution" };
        MapRunNames {
            execution: format!("{prefix}:{kind}:{state_machine}/{label}:").into(),
            state_machine_arn: format!("{prefix}:stateMachine:{state_machine}/{label}").into(),
            state_machine_name: format!("{state_machine}/{label}").into(),
        }
    }

    /// The ARN of a child; an EXPRESS one has an id besides its name.
    pub(super) fn child(&self, name: &str, express_id: Option<&str>) -> Str {
        let (colon, id) = express_id.map_or(("", ""), |id| (":", id));
        [&self.execution, name, colon, id].concat().into()
    }
}

/// The ARN of a Map Run.
pub(super) fn map_run_arn(start: &Start, label: &str, id: &str) -> Str {
    let Own { prefix, state_machine } = Own::of(start);
    format!("{prefix}:mapRun:{state_machine}/{label}:{id}").into()
}

/// The label of a Map state that has none: the same in every execution of the state machine.
pub(super) fn label(start: &Start, state: StateId) -> Str {
    let Own { prefix, state_machine } = Own::of(start);
    let digest = Sha256::digest(format!("{prefix}:{state_machine}:{}", state.0));
    let half = |at: usize| digest[at..at + 8].iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte));
    format_uuid(half(0), half(8)).into()
}

/// What an execution's own names give its Map Runs.
struct Own<'a> {
    /// Everything of the ARN before the kind of resource.
    prefix: &'a str,
    /// The state machine's name, without the label of a Map Run that the execution itself is a child of.
    state_machine: &'a str,
}

impl<'a> Own<'a> {
    fn of(start: &'a Start) -> Self {
        let prefix = match start.execution_arn.match_indices(':').nth(4) {
            Some((end, _)) => &start.execution_arn[..end],
            // An execution that was not named in full: an embedded or simulated one.
            None => "arn:aws:states:local:000000000000",
        };
        let name = start.state_machine_name.as_str();
        Own { prefix, state_machine: name.split('/').next().unwrap_or(name) }
    }
}
