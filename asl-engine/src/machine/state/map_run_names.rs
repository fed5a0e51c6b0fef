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
use sha2::{Digest, Sha256};

/// What an execution gives its Map Runs.
pub(super) struct MapRunNames<'a> {
    /// Everything of the ARN before the kind of resource.
    prefix: String,
    /// The state machine's name, without the label of a Map Run that the execution itself is a child of.
    state_machine: &'a str,
}

impl<'a> MapRunNames<'a> {
    pub(super) fn new(start: &'a Start) -> Self {
        let prefix = match start.execution_arn.match_indices(':').nth(4) {
            Some((end, _)) => start.execution_arn[..end].to_owned(),
            // An execution that was not named in full: an embedded or simulated one.
            None => "arn:aws:states:local:000000000000".to_owned(),
        };
        let name = start.state_machine_name.as_str();
        MapRunNames { prefix, state_machine: name.split('/').next().unwrap_or(name) }
    }

    pub(super) fn map_run(&self, label: &str, id: &str) -> Str {
        format!("{}:mapRun:{}/{label}:{id}", self.prefix, self.state_machine).into()
    }

    pub(super) fn execution(&self, label: &str, name: &str) -> Str {
        format!("{}:execution:{}/{label}:{name}", self.prefix, self.state_machine).into()
    }

    pub(super) fn express(&self, label: &str, name: &str, id: &str) -> Str {
        format!("{}:express:{}/{label}:{name}:{id}", self.prefix, self.state_machine).into()
    }

    pub(super) fn state_machine_arn(&self, label: &str) -> Str {
        format!("{}:stateMachine:{}/{label}", self.prefix, self.state_machine).into()
    }

    pub(super) fn state_machine_name(&self, label: &str) -> Str {
        format!("{}/{label}", self.state_machine).into()
    }

    /// The label of a Map state that has none: the same in every execution of the state machine.
    pub(super) fn label(&self, state: StateId) -> Str {
        let digest = Sha256::digest(format!("{}:{}:{}", self.prefix, self.state_machine, state.0));
        let half = |at: usize| digest[at..at + 8].iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte));
        format_uuid(half(0), half(8)).into()
    }
}
