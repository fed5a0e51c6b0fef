//! ResultWriter: the results of a Map Run are handed over part by part, each with a task of its own.

use super::map_run::{Errand, renamed};
use crate::definition::program::ResultWriter;
use crate::error::{StatesError, names};
use crate::machine::frame::FrameId;
use crate::machine::turn::Turn;
use crate::object;
use crate::task::{Purpose, TaskResult, WriteResults};
use crate::value::Value;
use serde::{Deserialize, Serialize};

/// How far the writing is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Writing {
    /// `Parameters` or `Arguments`, once they were evaluated.
    arguments: Option<Value>,
    /// What was answered for the parts so far.
    earlier: Vec<Value>,
    /// Were results lost, because they could not be written?
    pub(super) has_failed: bool,
    /// What the Map Run fails with when everything is written.
    pub(super) failure: Option<StatesError>,
    /// The next item and its slot, when the inputs of children that never start are being written.
    pub(super) pending_from: Option<(usize, usize)>,
    /// Is everything written?
    pub(super) is_done: bool,
}

impl Writing {
    /// The Map Run is redriven: more results come.
    pub(super) fn reopen(&mut self) {
        self.failure = None;
        self.is_done = false;
    }
}

impl Turn<'_> {
    /// Hands over what waits to be written.
    pub(super) fn write_results(&mut self, id: FrameId, last: bool) {
        let Some((_, distributed)) = self.distributed(id) else { return };
        let Some(ResultWriter { resource: Some(resource), arguments: template, config }) = &distributed.result_writer
        else {
            return;
        };
        let Some(run) = self.run_of(id) else { return };
        let arguments = match (run.writing.arguments.clone(), template) {
            (Some(arguments), _) => arguments,
            (None, None) => Value::empty_object(),
            (None, Some(template)) => {
                let input = run.effective_input.clone();
                match self.apply_template(id, Some(template), "Arguments", input) {
                    Ok(arguments) => arguments,
                    Err(error) => return self.tell_evaluation_failed(id, error, Self::map_run_failed),
                }
            }
        };
        let Some(run) = self.run_of(id) else { return };
        run.writing.arguments = Some(arguments.clone());
        let [succeeded, failed, pending] = run.results.take_part();
        let (map_run_arn, earlier) = (run.arn.clone(), run.writing.earlier.clone());
        let redrives = run.redrives;
        let config = config.clone();
        let part = WriteResults { config, map_run_arn, redrives, earlier, last, succeeded, failed, pending };
        let purpose = Purpose::WriteResults(Box::new(part));
        self.ask(id, (purpose, resource.clone(), arguments), |task| Errand::Writing { task, last });
    }

    /// Hands over the inputs of the children that never start, part by part, with what else waits to be written. A redrive goes
    /// on with the parts: so the last one, of which nothing is kept, holds no results.
    pub(super) fn write_pending(&mut self, id: FrameId) {
        let Some((map, _)) = self.distributed(id) else { return };
        if let Some(run) = self.run_of(id) {
            run.writing.pending_from.get_or_insert((run.next, run.next_slot));
        }
        while let Some(run) = self.run_of(id).filter(|run| run.next < run.items.len() && !run.results.part_is_full()) {
            let item = run.items.get(run.next).cloned().unwrap_or_default();
            // What cannot be selected is told as it was found.
            let (input, items, _) = self.next_input(id, map).unwrap_or((item, 1, None));
            let Some(run) = self.run_of(id) else { return };
            run.results.put_pending(run.next_slot, &input);
            run.next += items.max(1) as usize;
            run.next_slot += 1;
        }
        let last = self.run_of(id).is_some_and(|run| run.results.are_written());
        self.write_results(id, last);
    }

    /// A part is written, or it could not be.
    pub(super) fn results_written(&mut self, id: FrameId, last: bool, result: TaskResult) {
        let Some(run) = self.run_of(id) else { return };
        let failure = run.writing.failure.clone();
        match (result, failure) {
            (Ok(answer), _) if !last => {
                run.writing.earlier.push(answer);
                if run.writing.failure.is_some() { self.write_pending(id) } else { self.go_on(id) }
            }
            (Ok(_), Some(failure)) => {
                run.writing.is_done = true;
                self.map_run_failed(id, failure);
            }
            (Ok(details), None) => {
                let result = object! { "MapRunArn" => run.arn.clone(), "ResultWriterDetails" => details };
                self.map_run_succeeded(id, result, true);
            }
            (Err(_), Some(failure)) => {
                run.writing.has_failed = true;
                self.map_run_failed(id, failure);
            }
            (Err(error), None) => self.map_run_failed(id, renamed(names::RESULT_WRITER_FAILED, error)),
        }
    }
}
