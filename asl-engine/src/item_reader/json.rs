//! `InputType` JSON: one array, at the top or where `ItemsPointer` (RFC 6901) leads.

use super::text;
use crate::error::{StatesError, item_reader_failed, items_not_iterable};
use crate::value::Value;

pub(super) fn read(bytes: &[u8], config: &Value, max_items: usize) -> Result<Vec<Value>, StatesError> {
    let document = Value::parse(text(bytes)?)
        .map_err(|error| item_reader_failed(format!("The object is not valid JSON: {error}")))?;
    let node = match config.get("ItemsPointer").and_then(Value::as_str) {
        None => Some(&document),
        Some(pointer) => find(&document, pointer),
    };
    let items = node.and_then(Value::as_array).ok_or_else(items_not_iterable)?;
    Ok(items.iter().take(max_items).cloned().collect())
}

/// The value that a JSON Pointer leads to.
fn find<'v>(document: &'v Value, pointer: &str) -> Option<&'v Value> {
    if pointer.is_empty() {
        return Some(document);
    }
    pointer.strip_prefix('/')?.split('/').try_fold(document, |value, token| match value {
        Value::Array(items) => items.get(token.parse::<usize>().ok()?),
        value => value.get(&token.replace("~1", "/").replace("~0", "~")),
    })
}
