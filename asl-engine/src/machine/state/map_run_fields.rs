//! The fields of a distributed Map state that are evaluated when it is entered.

use super::map_run::renamed;
use crate::definition::program::{Distributed, Dynamic, ItemBatcher, ItemReader, Map, State};
use crate::error::{self, StatesError, names};
use crate::limits;
use crate::machine::MapRunLimits;
use crate::machine::frame::FrameId;
use crate::machine::turn::Turn;
use crate::query::{Location, QueryError, QueryLanguage};
use crate::value::{Array, Value};
use serde::{Deserialize, Serialize};

/// Everything that is evaluated before a Map Run starts.
pub(super) struct Prepared {
    pub(super) effective_input: Value,
    pub(super) items: Array,
    pub(super) max_concurrency: u64,
}

/// ItemBatcher, evaluated.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Batches {
    pub(super) input: Option<Value>,
    pub(super) max_items: usize,
    pub(super) max_bytes: usize,
}

impl Turn<'_> {
    pub(super) fn prepare_map_run(
        &self,
        id: FrameId,
        state: &State,
        map: &Map,
        distributed: &Distributed,
    ) -> Result<Prepared, QueryError> {
        let effective_input = self.effective_input(id, state)?;
        let items = match distributed.item_reader {
            None => self.map_items(id, state, map, &effective_input)?,
            Some(_) => Array::default(),
        };
        let max_concurrency = self.whole_number(id, &map.max_concurrency, "MaxConcurrency", state, &effective_input)?;
        Ok(Prepared { effective_input, items, max_concurrency })
    }

    pub(super) fn map_run_limits(
        &self,
        id: FrameId,
        state: &State,
        map: &Map,
        prepared: &Prepared,
    ) -> Result<MapRunLimits, QueryError> {
        let input = &prepared.effective_input;
        let count = map.tolerated_failure_count.as_ref();
        let count = count.map(|field| self.whole_number(id, field, "ToleratedFailureCount", state, input));
        let percentage = map.tolerated_failure_percentage.as_ref();
        let percentage = percentage.map(|field| self.percentage(id, field, "ToleratedFailurePercentage", state, input));
        Ok(MapRunLimits {
            max_concurrency: Some(prepared.max_concurrency),
            tolerated_failure_count: count.transpose()?,
            tolerated_failure_percentage: percentage.transpose()?,
        })
    }

    /// A field that must be a number from 0 to 100.
    fn percentage(
        &self,
        id: FrameId,
        field: &Dynamic<f64>,
        name: &str,
        state: &State,
        input: &Value,
    ) -> Result<f64, QueryError> {
        let expression = match field {
            Dynamic::Literal(number) => return Ok(*number),
            Dynamic::Query(expression) => expression,
        };
        let jsonpath = state.query_language == QueryLanguage::JsonPath;
        let value = self.evaluate(id, expression, name, input)?;
        // Recorded: a JSONPath field may lead to a string that holds a number.
        let text = value.as_str().filter(|_| jsonpath);
        match value.as_f64().or_else(|| text?.parse().ok()) {
            Some(number) if (0.0..=100.0).contains(&number) => Ok(number),
            Some(_) => Err(error::not_a_percentage(expression, name)),
            None if jsonpath => Err(error::not_a_number(&format!("{name}Path"), expression.source(), &value).into()),
            None => Err(error::unexpected_type(expression, &Location::field(name), "number", &value)),
        }
    }

    pub(super) fn batches(
        &self,
        id: FrameId,
        state: &State,
        batcher: &ItemBatcher,
        input: &Value,
    ) -> Result<Batches, QueryError> {
        let limit = |field: &Option<Dynamic<u64>>, name| match field {
            None => Ok(0),
            Some(field) => self.whole_number(id, field, name, state, input),
        };
        // 0, like an absent field: no limit of its own.
        let or_most = |limit: u64, most: usize| match usize::try_from(limit).unwrap_or(usize::MAX) {
            0 => most,
            limit => limit.min(most),
        };
        let batch_input = batcher.batch_input.as_ref();
        let batch_input =
            batch_input.map(|template| self.apply_template(id, Some(template), "BatchInput", input.clone()));
        Ok(Batches {
            input: batch_input.transpose()?,
            max_items: or_most(limit(&batcher.max_items, "MaxItemsPerBatch")?, usize::MAX),
            // Developer Guide, *ItemBatcher*: a batch is a payload, so at most 256 KiB.
            max_bytes: or_most(limit(&batcher.max_input_bytes, "MaxInputBytesPerBatch")?, limits::PAYLOAD_BYTES_MAX),
        })
    }

    pub(super) fn reader_arguments(
        &self,
        id: FrameId,
        reader: &ItemReader,
        input: &Value,
    ) -> Result<Value, QueryError> {
        match &reader.arguments {
            None => Ok(Value::empty_object()),
            Some(template) => self.apply_template(id, Some(template), "Arguments", input.clone()),
        }
    }

    /// `MaxItems`; `None`: all. Recorded: 0 means all, too, and what is wrong with it fails the Map Run.
    pub(super) fn max_items(
        &self,
        id: FrameId,
        reader: &ItemReader,
        input: &Value,
    ) -> Result<Option<u64>, StatesError> {
        let number = match &reader.max_items {
            None => 0,
            Some(Dynamic::Literal(number)) => i64::try_from(*number).unwrap_or(i64::MAX),
            Some(Dynamic::Query(expression)) => {
                let value = self.evaluate(id, expression, "MaxItems", input);
                let value = value.map_err(|error| renamed(names::ITEM_READER_FAILED, error.error))?;
                let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
                number.ok_or_else(|| {
                    let error = error::not_an_integer("MaxItemsPath", expression.source(), &value);
                    renamed(names::ITEM_READER_FAILED, error)
                })?
            }
        };
        match u64::try_from(number) {
            Ok(number) => Ok(Some(number).filter(|number| *number > 0)),
            Err(_) => Err(error::max_items_not_positive()),
        }
    }
}
