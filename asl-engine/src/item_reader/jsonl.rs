//! `InputType` JSONL: one JSON value a line; empty lines are skipped.

use super::text;
use crate::error::{StatesError, item_reader_failed};
use crate::value::Value;

pub(super) fn read(bytes: &[u8], max_items: usize) -> Result<Vec<Value>, StatesError> {
    let lines = text(bytes)?.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let parse = |(line, number): (&str, u64)| {
        Value::parse(line).map_err(|error| item_reader_failed(format!("Line {number} is not valid JSON: {error}")))
    };
    lines.take(max_items).map(parse).collect()
}
