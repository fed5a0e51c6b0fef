//! `InputType` JSON: one array, at the top or where `ItemsPointer` (RFC 6901) leads.

use super::unreadable;
use crate::error::{StatesError, item_reader_failed, items_not_iterable};
use crate::limits;
use crate::value::Value;
use std::io::{BufRead, Read};

pub(super) fn read(object: impl BufRead, config: &Value, max_items: usize) -> Result<Vec<Value>, StatesError> {
    let document = document(object)?;
    let node = match config.get("ItemsPointer").and_then(Value::as_str) {
        None => Some(&document),
        Some(pointer) => find(&document, pointer),
    };
    let items = node.and_then(Value::as_array).ok_or_else(items_not_iterable)?;
    Ok(items.iter().take(max_items).cloned().collect())
}

/// The whole object as one JSON value.
pub(super) fn document(object: impl BufRead) -> Result<Value, StatesError> {
    let most = limits::READ_DOCUMENT_BYTES_MAX;
    let mut bytes = Vec::new();
    object.take(most as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > most {
        return Err(item_reader_failed(format!("The JSON object is larger than {most} bytes. Use JSONL for it.")));
    }
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes));
    let text = text.map_err(|error| {
        item_reader_failed(format!("The object is not UTF-8 text (byte {}).", error.valid_up_to() + 1))
    })?;
    Value::parse(text).map_err(|error| item_reader_failed(format!("The object is not valid JSON: {error}")))
}

/// The value that a JSON Pointer leads to.
fn find<'v>(document: &'v Value, pointer: &str) -> Option<&'v Value> {
    if pointer.is_empty() {
        return Some(document);
    }
    pointer.strip_prefix('/')?.split('/').try_fold(document, |value, token| match value {
        Value::Array(items) => items.get(array_index(token)?),
        value => value.get(&token.replace("~1", "/").replace("~0", "~")),
    })
}

/// RFC 6901, section 4: digits without leading zeros.
fn array_index(token: &str) -> Option<usize> {
    let digits = token.bytes().all(|b| b.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    if digits { token.parse().ok() } else { None }
}
