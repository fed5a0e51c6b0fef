//! `InputType` JSONL: one JSON value a line; empty lines are skipped.

use super::Lines;
use crate::error::{StatesError, item_reader_failed};
use crate::value::Value;
use std::io::BufRead;

pub(super) fn read(object: impl BufRead, max_items: usize) -> Result<Vec<Value>, StatesError> {
    let mut lines = Lines::new(object);
    let mut items = Vec::new();
    while items.len() < max_items {
        let number = lines.number + 1;
        match lines.next()? {
            None => break,
            Some(line) if line.trim().is_empty() => {}
            Some(line) => items.push(Value::parse(line).map_err(|error| {
                item_reader_failed(format!("Line {number} of the object is not valid JSON: {}.", error.message))
            })?),
        }
    }
    Ok(items)
}
