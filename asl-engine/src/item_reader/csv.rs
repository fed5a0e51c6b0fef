//! `InputType` CSV: one row an item, an object of texts by header.
//!
//! Recorded: fields beyond the headers are dropped, missing ones are empty texts, rows without any character are skipped.

use super::text;
use crate::error::{StatesError, duplicate_csv_headers, item_reader_failed};
use crate::value::{Object, Str, Value};
use std::collections::BTreeSet;

pub(super) fn read(bytes: &[u8], config: &Value, max_items: usize) -> Result<Vec<Value>, StatesError> {
    let delimiter = match config.get("CSVDelimiter").and_then(Value::as_str) {
        None | Some("COMMA") => b',',
        Some("PIPE") => b'|',
        Some("SEMICOLON") => b';',
        Some("SPACE") => b' ',
        Some("TAB") => b'\t',
        Some(other) => {
            return Err(item_reader_failed(format!(
                "The CSVDelimiter '{other}' is not known. Use COMMA, PIPE, SEMICOLON, SPACE or TAB."
            )));
        }
    };
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text(bytes)?.as_bytes());
    let mut rows = reader.records();
    let headers: Vec<Str> = match config.get("CSVHeaderLocation").and_then(Value::as_str) {
        Some("GIVEN") => {
            let given = config.get("CSVHeaders").and_then(Value::as_array);
            let given =
                given.ok_or_else(|| item_reader_failed("CSVHeaderLocation is GIVEN, but CSVHeaders is not."))?;
            given.iter().map(|header| header.as_str().unwrap_or_default().into()).collect()
        }
        Some("FIRST_ROW") | None => match rows.next() {
            None => return Ok(Vec::new()),
            Some(first) => first.map_err(malformed)?.iter().map(Str::from).collect(),
        },
        Some(other) => {
            return Err(item_reader_failed(format!(
                "The CSVHeaderLocation '{other}' is not known. Use FIRST_ROW or GIVEN."
            )));
        }
    };
    if headers.iter().collect::<BTreeSet<_>>().len() < headers.len() {
        return Err(duplicate_csv_headers());
    }
    let order = hash_map_order(&headers);
    rows.take(max_items)
        .map(|row| {
            let row = row.map_err(malformed)?;
            let member = |at: &usize| (headers[*at].clone(), Value::from(row.get(*at).unwrap_or_default()));
            Ok(Value::Object(order.iter().map(member).collect::<Object>()))
        })
        .collect()
}

fn malformed(error: ::csv::Error) -> StatesError {
    item_reader_failed(format!("The object is not valid CSV: {error}"))
}

/// The order of a row's members. Recorded: AWS keeps a row in a Java HashMap, which iterates by the hash of the header
/// within a table of a power of two, at least 16, at most three quarters full.
fn hash_map_order(headers: &[Str]) -> Vec<usize> {
    let table = (headers.len() * 4).div_ceil(3).next_power_of_two().max(16);
    let bucket = |header: &Str| {
        // java.lang.String.hashCode, then java.util.HashMap.hash
        let hash = header.encode_utf16().fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)));
        (hash ^ hash >> 16) as usize & (table - 1)
    };
    let mut order: Vec<usize> = (0..headers.len()).collect();
    order.sort_by_key(|at| bucket(&headers[*at]));
    order
}
