//! What a Map Run keeps of its children, and what becomes of it (Developer Guide, *ResultWriter*).
//!
//! | Transformation | of a child that succeeded | of one that did not |
//! |---|---|---|
//! | COMPACT (without ResultWriter) | its output | the record of its execution |
//! | FLATTEN | its output; the items of an array one by one | the record of its execution |
//! | NONE (with a ResultWriter that names none) | the record of its execution | the record of its execution |

use super::map_run::Child;
use crate::definition::program::{Distributed, ResultWriter};
use crate::limits;
use crate::machine::Outcome;
use crate::object;
use crate::time::Timestamp;
use crate::value::{Object, Str, Value};
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

/// What a Map Run keeps of the children that are over.
///
/// INVARIANT: with a ResultWriter nothing is kept of a result that was written; what waits to be written is text.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Results {
    /// By the children's slots; a child that is not over has none. Empty when a ResultWriter stores them.
    kept: Vec<Option<Value>>,
    /// What waits to be written.
    unwritten: Vec<Unwritten>,
    unwritten_bytes: usize,
}

/// A result that waits to be written.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Unwritten {
    slot: usize,
    file: ResultFile,
    json: Str,
}

/// Where a ResultWriter stores a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum ResultFile {
    Succeeded,
    Failed,
    Pending,
}

/// The results of a part: of children that succeeded, of those that did not, and of those that never started.
pub(super) type Part = [Vec<Str>; 3];

impl Results {
    pub(super) fn put(&mut self, distributed: &Distributed, child: &Child, outcome: Outcome, now: Timestamp) {
        let file = match outcome {
            Outcome::Succeeded { .. } => ResultFile::Succeeded,
            _ => ResultFile::Failed,
        };
        let transformation = Transformation::of(distributed);
        let value = match outcome {
            Outcome::Succeeded { output } if transformation != Transformation::None => output,
            outcome => record(child, outcome, now),
        };
        if !is_written(distributed) {
            if self.kept.len() <= child.slot {
                self.kept.resize(child.slot + 1, None);
            }
            self.kept[child.slot] = Some(value);
            return;
        }
        match value {
            Value::Array(items) if transformation == Transformation::Flatten => {
                items.iter().for_each(|item| self.put_unwritten(child.slot, file, item));
            }
            value => self.put_unwritten(child.slot, file, &value),
        }
    }

    /// The input of a child that never starts.
    pub(super) fn put_pending(&mut self, slot: usize, input: &Value) {
        let record = object! {
            "Input" => input.to_json(), "InputDetails" => object! { "Included" => true }, "Status" => "PENDING",
        };
        self.put_unwritten(slot, ResultFile::Pending, &record);
    }

    fn put_unwritten(&mut self, slot: usize, file: ResultFile, value: &Value) {
        let json = Str::from(value.to_json());
        self.unwritten_bytes += json.len();
        self.unwritten.push(Unwritten { slot, file, json });
    }

    /// Is there so much to be written that it should be?
    pub(super) fn part_is_full(&self) -> bool {
        self.unwritten_bytes >= limits::RESULT_PART_BYTES_MAX
    }

    /// Does nothing wait to be written?
    pub(super) fn are_written(&self) -> bool {
        self.unwritten.is_empty()
    }

    /// What is to be written, in the order of the items.
    pub(super) fn take_part(&mut self) -> Part {
        self.unwritten_bytes = 0;
        let mut unwritten = std::mem::take(&mut self.unwritten);
        unwritten.sort_by_key(|result| result.slot);
        let mut part = Part::default();
        for Unwritten { file, json, .. } in unwritten {
            part[file as usize].push(json);
        }
        part
    }

    /// All of them, as the state's result, in the order of the items.
    pub(super) fn all(self, distributed: &Distributed) -> Value {
        let flatten = Transformation::of(distributed) == Transformation::Flatten;
        let mut all = Vec::with_capacity(self.kept.len());
        for value in self.kept.into_iter().flatten() {
            match value {
                Value::Array(items) if flatten => all.extend(items.iter().cloned()),
                value => all.push(value),
            }
        }
        all.into()
    }
}

/// Does a ResultWriter store the results?
pub(super) fn is_written(distributed: &Distributed) -> bool {
    matches!(distributed.result_writer, Some(ResultWriter { resource: Some(_), .. }))
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
    record.insert("RedriveCount", child.redrives.into());
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
