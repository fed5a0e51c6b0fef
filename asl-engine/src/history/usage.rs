//! How near an execution came to its limits.

use super::{HistoryDetail, HistoryEvent};
use crate::limits;
use crate::value::{Str, Value};
use std::fmt;

/// What an execution used of what it may use. Prints as one line for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Events of its history; a STANDARD execution may have [`limits::HISTORY_EVENTS_MAX`].
    pub events: u64,
    /// Its largest payload, when it has any.
    pub largest: Option<Payload>,
    /// The state that each event belongs to, by the event's id.
    states: Vec<Option<Str>>,
}

/// A payload of a state; it may have [`limits::PAYLOAD_BYTES_MAX`] bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Bytes of its compact JSON text.
    pub bytes: usize,
    /// The state it belongs to; `None` for the execution's own input or output.
    pub state: Option<Str>,
    /// What it is there: `input`, `output`, `arguments`, `result`.
    pub role: &'static str,
}

impl Usage {
    /// Reads it off a whole history.
    pub fn of(history: &[HistoryEvent]) -> Usage {
        let mut usage = Usage::default();
        history.iter().for_each(|event| usage.count(event));
        usage
    }

    /// Counts the next event in.
    pub fn count(&mut self, event: &HistoryEvent) {
        self.events += 1;
        // An event belongs to the state of the event it follows, unless it says so itself. (Ids count from 1.)
        let followed = event.previous.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        let state = match &event.detail {
            HistoryDetail::StateEntered { name, .. } | HistoryDetail::StateExited { name, .. } => Some(name.clone()),
            HistoryDetail::ExecutionStarted { .. } | HistoryDetail::ExecutionSucceeded { .. } => None,
            _ => followed.and_then(|index| self.states.get(index)).cloned().flatten(),
        };
        if let Some((role, value)) = payload(&event.detail) {
            let bytes = value.json_len();
            if self.largest.as_ref().is_none_or(|largest| bytes > largest.bytes) {
                self.largest = Some(Payload { bytes, state: state.clone(), role });
            }
        }
        self.states.push(state);
    }
}

fn payload(detail: &HistoryDetail) -> Option<(&'static str, &Value)> {
    use HistoryDetail as H;
    Some(match detail {
        H::ExecutionStarted { input, .. } | H::StateEntered { input, .. } => ("input", input),
        H::ExecutionSucceeded { output } | H::StateExited { output, .. } => ("output", output),
        H::LambdaFunctionScheduled { input, .. } | H::ActivityScheduled { input, .. } => ("arguments", input),
        H::TaskScheduled { parameters, .. } => ("arguments", parameters),
        H::LambdaFunctionSucceeded { output } | H::ActivitySucceeded { output } => ("result", output),
        H::TaskSubmitted { output, .. } | H::TaskSucceeded { output, .. } => ("result", output),
        _ => return None,
    })
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (events, most) = (Grouped(self.events), Grouped(limits::HISTORY_EVENTS_MAX));
        write!(f, "{events} of {most} history events")?;
        let Some(Payload { bytes, state, role }) = &self.largest else { return Ok(()) };
        let (bytes, most) = (Grouped(*bytes as u64), Grouped(limits::PAYLOAD_BYTES_MAX as u64));
        write!(f, "; the largest payload: {bytes} of {most} bytes, ")?;
        match state {
            Some(state) => write!(f, "the {role} of `{state}`"),
            None => write!(f, "the execution's {role}"),
        }
    }
}

/// A number with its thousands apart.
struct Grouped(u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (position, digit) in digits.char_indices() {
            if position > 0 && (digits.len() - position).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Start;
    use crate::simulation::{Answer, Simulation};

    fn usage(definition: &str, input: &str) -> Usage {
        let definition = crate::Definition::parse(definition, &Default::default());
        let start = Start { input: Value::parse(input).unwrap(), ..Start::default() };
        let mut simulation = Simulation::new(definition.program.unwrap(), start);
        simulation.run(|_| Answer::Now(Ok("a".repeat(1_500).into())));
        Usage::of(simulation.history())
    }

    #[test]
    fn the_largest_payload_is_told_with_its_place() {
        let definition = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Task", "End": true,
            "Resource": "arn:aws:lambda:us-east-1:1:function:F", "ResultSelector": {"n": 1}}}}"#;
        let used = usage(definition, r#"{"id":1}"#);
        assert_eq!(
            used.to_string(),
            "9 of 25,000 history events; the largest payload: 1,502 of 262,144 bytes, the result of `B`"
        );
        let long = format!("{:?}", "b".repeat(2_000));
        assert!(usage(definition, &long).to_string().ends_with("2,002 of 262,144 bytes, the execution's input"));
    }
}
