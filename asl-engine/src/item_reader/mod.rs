//! Turns the bytes of an object into the items of a distributed Map state (Developer Guide, *ItemReader*). Pure: whoever
//! reads items for a machine only has to fetch the bytes. What is not needed any more is not kept: rows and lines are read
//! one by one, and no further than `MaxItems`.

mod compression;
mod csv;
mod json;
mod jsonl;
pub mod manifest;
#[cfg(feature = "parquet")]
mod parquet;

pub use compression::decompressed;

use crate::error::{StatesError, item_reader_failed};
use crate::limits;
use crate::value::{Array, Value};
use std::io::{self, BufRead};

/// The items in an object: at most `max_items` of them, as the given `ReaderConfig` says.
///
/// ```
/// use asl_engine::{Value, item_reader::read, object};
/// let config = object! { "InputType" => "CSV", "CSVHeaderLocation" => "FIRST_ROW" };
/// let items = read(&b"id,amount\na-1,42\na-2,7\n"[..], &config, Some(1)).unwrap();
/// assert_eq!(Value::Array(items), Value::parse(r#"[{"id": "a-1", "amount": "42"}]"#).unwrap());
/// ```
///
/// # Errors
/// `States.ItemReaderFailed`: the object cannot be read, is not of that type, or the type is not supported.
pub fn read(object: impl BufRead, config: &Value, max_items: Option<u64>) -> Result<Array, StatesError> {
    let max_items = max_items.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let items = match config.get("InputType").and_then(Value::as_str) {
        Some("CSV") => csv::read(object, config, max_items)?,
        Some("JSON") => json::read(object, config, max_items)?,
        Some("JSONL") => jsonl::read(object, max_items)?,
        #[cfg(feature = "parquet")]
        Some("PARQUET") => parquet::read(object, max_items)?,
        Some(other) => {
            return Err(item_reader_failed(format!(
                "The InputType '{other}' is not supported here. Use CSV, JSON, JSONL or, with the feature `parquet`, PARQUET."
            )));
        }
        None => return Err(item_reader_failed("ReaderConfig has no InputType. Use CSV, JSON or JSONL.")),
    };
    Ok(items.into())
}

/// Lines one by one, none longer than an item may be, without a byte order mark and line ends.
struct Lines<R> {
    source: R,
    line: Vec<u8>,
    /// Counts from 1.
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn new(source: R) -> Self {
        Lines { source, line: Vec::new(), number: 0 }
    }

    /// The next line; `None` at the end.
    fn next(&mut self) -> Result<Option<&str>, StatesError> {
        self.line.clear();
        let most = limits::READ_ITEM_BYTES_MAX as u64;
        let read = io::Read::take(&mut self.source, most + 1).read_until(b'\n', &mut self.line).map_err(unreadable)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.line.len() as u64 > most {
            return Err(item_too_large(self.number));
        }
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = if self.number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        match std::str::from_utf8(line) {
            Ok(line) => Ok(Some(line)),
            Err(_) => Err(item_reader_failed(format!("Line {} of the object is not UTF-8 text.", self.number))),
        }
    }
}

fn unreadable(error: io::Error) -> StatesError {
    item_reader_failed(format!("The object cannot be read: {error}."))
}

fn item_too_large(line: u64) -> StatesError {
    let most = limits::READ_ITEM_BYTES_MAX;
    item_reader_failed(format!("The item at line {line} of the object is larger than {most} bytes."))
}

#[cfg(test)]
mod tests;
