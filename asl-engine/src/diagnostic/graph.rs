//! States and the transitions between them.

use super::Finding;

/// The code of [`missing_target`].
pub(crate) const MISSING_TRANSITION_TARGET: &str = "MISSING_TRANSITION_TARGET";

/// `StartAt`, `Next` or `Default` names no state of its `States`. AWS says 'Next' for all of them.
pub(crate) fn missing_target(name: &str) -> Finding {
    Finding::error(MISSING_TRANSITION_TARGET, format!("Missing 'Next' target: {name}"))
        .help("a transition can only lead to a state in the same `States` object; names are case-sensitive")
}

/// A state that no transition leads to.
pub(crate) fn unreachable(name: &str) -> Finding {
    Finding::error(MISSING_TRANSITION_TARGET, format!("State \"{name}\" is not reachable."))
        .help("let a `Next`, `Default`, `Catch` or `StartAt` lead to it, or remove it")
}

/// No state ends the machine.
pub(crate) fn no_terminal_state() -> Finding {
    Finding::error("MISSING_END_STATE", "Workflow has no terminal state")
        .help("give one state `\"End\": true`, or add a Succeed or Fail state")
}

/// Two states of one name anywhere in the machine.
pub(crate) fn duplicate_state(name: &str) -> Finding {
    Finding::error("DUPLICATE_STATE_NAME", format!("Duplicate State name: {name}"))
        .help("state names are unique in the whole machine, branches and item processors included")
}

/// A state without a name.
pub(crate) fn empty_state_name() -> Finding {
    Finding::error("INVALID_STATE_NAME", "Invalid State name: State name cannot be empty")
}

/// A state's name is too long.
pub(crate) fn long_state_name(name: &str) -> Finding {
    let limit = crate::limits::STATE_NAME_CHARS_MAX;
    let message =
        format!("Invalid State name: State '{name}' exceeds the {limit}-character limit allowed by the service");
    Finding::error("INVALID_STATE_NAME", message)
}
