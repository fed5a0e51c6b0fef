//! The Map state tried alone: as far as its iterations, which a trial answers instead of executing them.
//!
//! | state | when | then |
//! |---|---|---|
//! | Map, tried | entered | everything up to the iterations' inputs is evaluated |
//! | Map, tried | more iterations failed than are tolerated | the state fails with `States.ExceedToleratedFailureThreshold` |
//! | Map, tried | otherwise | the state succeeds or fails as the trial says |

use super::map_run_fields::Prepared;
use crate::definition::program::{ItemReader, Map, State};
use crate::error;
use crate::item_reader;
use crate::machine::data_flow::ResultFlow;
use crate::machine::frame::FrameId;
use crate::machine::trial::{Trial, array};
use crate::machine::turn::Turn;
use crate::machine::{MapItem, MapRunLimits};
use crate::query::{QueryError, QueryLanguage};
use crate::task::TaskResult;
use crate::value::{Array, Value};

impl Turn<'_> {
    pub(super) fn map_trial(&mut self, id: FrameId, state: &State, map: &Map, trial: &Trial, body: &TaskResult) {
        let (limits, items) = match self.map_fields(id, state, map, trial) {
            Ok(fields) => fields,
            Err(error) => return self.map_evaluation_failed(id, error),
        };
        match body {
            // Recorded: a threshold counts only where the state sets one, and a failure of the state itself stands.
            Ok(_) if limits.exceeded_by(trial.failed_iterations, items) => {
                self.map_failed(id, error::tolerated_failures_exceeded());
            }
            Ok(result) => {
                let flow = ResultFlow {
                    result_selector: map.result_selector.as_ref(),
                    result_path: &map.result_path,
                    defines_result: true,
                    ..ResultFlow::plain(state)
                };
                self.state_succeeded(id, result.clone(), flow);
            }
            Err(error) => self.map_failed(id, error.clone()),
        }
    }

    /// Evaluates the state's fields; returns its limits and the number of its items.
    fn map_fields(
        &self,
        id: FrameId,
        state: &State,
        map: &Map,
        trial: &Trial,
    ) -> Result<(MapRunLimits, usize), QueryError> {
        let effective_input = self.effective_input(id, state)?;
        let distributed = map.distributed.as_ref();
        let items = match distributed.and_then(|distributed| distributed.item_reader.as_ref()) {
            Some(reader) => self.items_read(id, reader, &effective_input, trial)?,
            None => {
                let items = self.map_items(id, state, map, &effective_input)?;
                if state.query_language == QueryLanguage::JsonPath {
                    self.see(|seen| seen.after_items_path = Some(items.clone().into()));
                }
                items
            }
        };
        let max_concurrency = self.whole_number(id, &map.max_concurrency, "MaxConcurrency", state, &effective_input)?;
        self.see(|seen| seen.max_concurrency = Some(max_concurrency));
        let prepared = Prepared { effective_input, items, max_concurrency };
        let limits = self.map_run_limits(id, state, map, &prepared)?;
        self.see(|seen| {
            seen.tolerated_failure_count = limits.tolerated_failure_count;
            seen.tolerated_failure_percentage = limits.tolerated_failure_percentage;
        });
        self.iteration_inputs(id, state, map, &prepared)?;
        Ok((limits, prepared.items.len()))
    }

    /// The inputs of the iterations, or of the batches of them.
    fn iteration_inputs(&self, id: FrameId, state: &State, map: &Map, prepared: &Prepared) -> Result<(), QueryError> {
        let input = &prepared.effective_input;
        let all = (0..).zip(prepared.items.iter()).map(|(index, value)| MapItem {
            index,
            value: value.clone(),
            source: None,
        });
        if map.item_selector.is_some() {
            let inputs = all.clone().map(|item| self.select_item(id, map, &item, input));
            let inputs = array(inputs.collect::<Result<Vec<_>, _>>()?);
            self.see(|seen| seen.after_item_selector = Some(inputs));
        }
        if let Some(batcher) = map.distributed.as_ref().and_then(|distributed| distributed.item_batcher.as_ref()) {
            let batches = self.batches(id, state, batcher, input)?;
            let mut inputs = Vec::new();
            let mut next = 0;
            while next < prepared.items.len() {
                let (batch, count) = self.next_batch(id, map, &batches, all.clone().skip(next), input)?;
                inputs.push(batch);
                // A batch takes an item at least.
                next += count.max(1) as usize;
            }
            self.see(|seen| seen.after_item_batcher = Some(array(inputs)));
        }
        Ok(())
    }

    /// The items that an ItemReader finds in the text that the trial gives; none when it gives none.
    fn items_read(&self, id: FrameId, reader: &ItemReader, input: &Value, trial: &Trial) -> Result<Array, QueryError> {
        self.reader_arguments(id, reader, input)?;
        let max_items = self.max_items(id, reader, input)?;
        let Some(text) = &trial.item_reader_data else { return Ok(Array::default()) };
        let items = item_reader::read(text.as_bytes(), &reader.config, max_items)?;
        if reader.config.get("ItemsPointer").is_some() {
            self.see(|seen| seen.after_items_pointer = Some(Value::Array(items.clone())));
        }
        Ok(items)
    }
}
