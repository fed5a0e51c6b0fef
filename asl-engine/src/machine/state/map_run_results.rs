//! What a Map Run keeps of its children, and what becomes of it (Developer Guide, *ResultWriter*).
//!
//! | Transformation | of a child that succeeded | of one that did not |
//! |---|---|---|
//! | COMPACT (without ResultWriter) | its output | the record of its execution |
//! | FLATTEN | its output; the items of an array one by one | the record of its execution |
//! | NONE (with a ResultWriter that names none) | the record of its execution | the record of its execution |

use super::map_run::Child;
use crate::definition::program::Distributed;
use crate::machine::Outcome;
use crate::object;
use crate::time::Timestamp;
use crate::value::{Object, Value};
use serde::{Deserialize, Serialize};

/// How results are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transformation {
    None,
    Compact,
    Flatten,
}

impl Transformation {
    fn of(distributed: &Distributed) -> Self {
        let Some(writer) = &distributed.result_writer else { return Transformation::Compact };
        match writer.config.get("Transformation").and_then(Value::as_str) {
            Some("COMPACT") => Transformation::Compact,
            Some("FLATTEN") => Transformation::Flatten,
            _ => Transformation::None,
        }
    }
}

/// The results of a Map Run, in the order of the items. A child that is not over has none.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Results(Vec<Option<ChildResult>>);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct ChildResult {
    succeeded: bool,
    value: Value,
}

impl Results {
    /// A place for the next child's result.
    pub(super) fn reserve(&mut self) -> usize {
        self.0.push(None);
        self.0.len() - 1
    }

    pub(super) fn put(&mut self, distributed: &Distributed, child: &Child, outcome: Outcome, now: Timestamp) {
        let succeeded = matches!(outcome, Outcome::Succeeded { .. });
        let value = match outcome {
            Outcome::Succeeded { output } if Transformation::of(distributed) != Transformation::None => output,
            outcome => record(child, outcome, now),
        };
        if let Some(place) = self.0.get_mut(child.slot) {
            *place = Some(ChildResult { succeeded, value });
        }
    }

    /// All of them, as the state's result.
    pub(super) fn all(self, distributed: &Distributed) -> Value {
        self.collect(distributed, |_| true)
    }

    /// Those that succeeded and those that did not, as a ResultWriter stores them.
    pub(super) fn parted(&self, distributed: &Distributed) -> (Value, Value) {
        (self.collect(distributed, |result| result.succeeded), self.collect(distributed, |result| !result.succeeded))
    }

    fn collect(&self, distributed: &Distributed, wanted: impl Fn(&ChildResult) -> bool) -> Value {
        let flatten = Transformation::of(distributed) == Transformation::Flatten;
        let mut all = Vec::with_capacity(self.0.len());
        for result in self.0.iter().flatten().filter(|result| wanted(result)) {
            match &result.value {
                Value::Array(items) if flatten => all.extend(items.iter().cloned()),
                value => all.push(value.clone()),
            }
        }
        all.into()
    }
}

/// The record of a child execution, as AWS writes it into result files.
fn record(child: &Child, outcome: Outcome, now: Timestamp) -> Value {
    let (status, output, error) = match outcome {
        Outcome::Succeeded { output } => ("SUCCEEDED", Some(output), None),
        Outcome::Failed(error) => ("FAILED", None, Some(error)),
        Outcome::TimedOut(error) => ("TIMED_OUT", None, Some(error)),
        Outcome::Aborted(error) => ("ABORTED", None, Some(error)),
    };
    let mut record = Object::default();
    if let Some(error) = error {
        for (name, text) in [("Cause", error.cause), ("Error", error.error)] {
            if let Some(text) = text {
                record.insert(name, text.into());
            }
        }
    }
    record.insert("ExecutionArn", child.execution_arn.clone().into());
    record.insert("Input", child.input.to_json().into());
    record.insert("InputDetails", object! { "Included" => true });
    record.insert("Name", child.execution_name.clone().into());
    if let Some(output) = &output {
        record.insert("Output", output.to_json().into());
        record.insert("OutputDetails", object! { "Included" => true });
    }
    record.insert("RedriveCount", 0.into());
    // A STANDARD child that did not succeed can be redriven; an EXPRESS one cannot, but is started anew.
    let redrivable = output.is_none();
    record.insert("RedriveStatus", if redrivable { "REDRIVABLE" } else { "NOT_REDRIVABLE" }.into());
    if !redrivable {
        let reason = "Execution is SUCCEEDED and cannot be redriven";
        record.insert("RedriveStatusReason", reason.into());
    }
    record.insert("StartDate", child.started.to_string().into());
    record.insert("StateMachineArn", child.state_machine_arn.clone().into());
    record.insert("Status", status.into());
    record.insert("StopDate", now.to_string().into());
    Value::Object(record)
}
