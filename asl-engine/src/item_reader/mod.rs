//! Turns the bytes of an object into the items of a distributed Map state (Developer Guide, *ItemReader*). Pure: whoever
//! reads items for a machine only has to fetch the bytes.

mod csv;
mod json;
mod jsonl;

use crate::error::{StatesError, item_reader_failed};
use crate::value::Value;

/// The items in the bytes of an object: at most `max_items` of them, as the given `ReaderConfig` says.
///
/// ```
/// use asl_engine::{Value, item_reader::read, object};
/// let config = object! { "InputType" => "CSV", "CSVHeaderLocation" => "FIRST_ROW" };
/// let items = read(b"id,amount\na-1,42\na-2,7\n", &config, Some(1)).unwrap();
/// assert_eq!(items, Value::parse(r#"[{"id": "a-1", "amount": "42"}]"#).unwrap());
/// ```
///
/// # Errors
/// `States.ItemReaderFailed`: the bytes are not of that type, or the type is not supported.
pub fn read(bytes: &[u8], config: &Value, max_items: Option<u64>) -> Result<Value, StatesError> {
    let max_items = max_items.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let items = match config.get("InputType").and_then(Value::as_str) {
        Some("CSV") => csv::read(bytes, config, max_items)?,
        Some("JSON") => json::read(bytes, config, max_items)?,
        Some("JSONL") => jsonl::read(bytes, max_items)?,
        Some(other) => {
            return Err(item_reader_failed(format!(
                "The InputType '{other}' is not supported here. Use CSV, JSON or JSONL."
            )));
        }
        None => return Err(item_reader_failed("ReaderConfig has no InputType. Use CSV, JSON or JSONL.")),
    };
    Ok(items.into())
}

/// The bytes as text, without a byte order mark.
fn text(bytes: &[u8]) -> Result<&str, StatesError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        item_reader_failed(format!("The object is not UTF-8 text (byte {}).", error.valid_up_to() + 1))
    })
}

#[cfg(test)]
mod tests;
