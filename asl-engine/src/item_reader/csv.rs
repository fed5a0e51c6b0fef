//! `InputType` CSV: one row an item, an object of texts by header (Developer Guide, *ItemReader*, "CSV file").
//!
//! Recorded: fields beyond the headers are dropped, missing ones are empty texts, rows without any character are skipped.

use super::{Lines, item_too_large};
use crate::error::{StatesError, duplicate_csv_headers, item_reader_failed};
use crate::limits;
use crate::value::{Object, Str, Value};
use std::collections::BTreeSet;
use std::io::BufRead;

pub(super) fn read(object: impl BufRead, config: &Value, max_items: usize) -> Result<Vec<Value>, StatesError> {
    let mut rows = Rows { lines: Lines::new(object), delimiter: delimiter(config)? };
    let headers = match config.get("CSVHeaderLocation").and_then(Value::as_str) {
        Some("GIVEN") => given_headers(config)?,
        Some("FIRST_ROW") | None => match rows.next()? {
            None => return Ok(Vec::new()),
            Some(first) => first.into_iter().map(Str::from).collect(),
        },
        Some(other) => {
            return Err(item_reader_failed(format!(
                "The CSVHeaderLocation '{other}' is not known. Use FIRST_ROW or GIVEN."
            )));
        }
    };
    if headers.iter().map(|header| header.len()).sum::<usize>() > limits::CSV_HEADER_BYTES_MAX {
        let most = limits::CSV_HEADER_BYTES_MAX;
        return Err(item_reader_failed(format!("The CSV headers are larger than {most} bytes.")));
    }
    if headers.iter().collect::<BTreeSet<_>>().len() < headers.len() {
        return Err(duplicate_csv_headers());
    }
    let order = hash_map_order(&headers);
    let mut items = Vec::new();
    while items.len() < max_items
        && let Some(row) = rows.next()?
    {
        let member = |at: &usize| (headers[*at].clone(), Value::from(row.get(*at).map_or("", String::as_str)));
        items.push(Value::Object(order.iter().map(member).collect::<Object>()));
    }
    Ok(items)
}

fn delimiter(config: &Value) -> Result<char, StatesError> {
    match config.get("CSVDelimiter").and_then(Value::as_str) {
        None | Some("COMMA") => Ok(','),
        Some("PIPE") => Ok('|'),
        Some("SEMICOLON") => Ok(';'),
        Some("SPACE") => Ok(' '),
        Some("TAB") => Ok('\t'),
        Some(other) => Err(item_reader_failed(format!(
            "The CSVDelimiter '{other}' is not known. Use COMMA, PIPE, SEMICOLON, SPACE or TAB."
        ))),
    }
}

fn given_headers(config: &Value) -> Result<Vec<Str>, StatesError> {
    let given = config.get("CSVHeaders").and_then(Value::as_array);
    let given = given.ok_or_else(|| item_reader_failed("CSVHeaderLocation is GIVEN, but CSVHeaders is not."))?;
    Ok(given.iter().map(|header| header.as_str().unwrap_or_default().into()).collect())
}

/// The rows of a text, each a list of fields.
///
/// Newlines end rows and delimiters end fields, except within double quotation marks. A repeated quotation mark stands for
/// one. A backslash makes the delimiter, a quotation mark or a backslash plain; before anything else it is dropped.
struct Rows<R> {
    lines: Lines<R>,
    delimiter: char,
}

impl<R: BufRead> Rows<R> {
    /// The next row that has a character; `None` at the end.
    fn next(&mut self) -> Result<Option<Vec<String>>, StatesError> {
        let mut row = Row::default();
        loop {
            let number = self.lines.number + 1;
            let Some(line) = self.lines.next()? else {
                return match row.quoted {
                    false => Ok(None),
                    true => Err(item_reader_failed(format!("A quoted field is still open at line {}.", number - 1))),
                };
            };
            if line.is_empty() && !row.quoted {
                continue;
            }
            row.take(line, self.delimiter);
            if !row.quoted {
                return Ok(Some(row.end()));
            }
            row.field.push('\n');
            if row.bytes() > limits::READ_ITEM_BYTES_MAX {
                return Err(item_too_large(number));
            }
        }
    }
}

#[derive(Default)]
struct Row {
    fields: Vec<String>,
    field: String,
    /// Within quotation marks.
    quoted: bool,
}

impl Row {
    fn take(&mut self, line: &str, delimiter: char) {
        // A quotation mark opens a field only where the field begins.
        let mut begins = self.field.is_empty() && !self.quoted;
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' => self.field.extend(chars.next_if(|next| matches!(next, '\\' | '"') || *next == delimiter)),
                '"' if self.quoted => match chars.next_if_eq(&'"') {
                    Some(quote) => self.field.push(quote),
                    None => self.quoted = false,
                },
                '"' if begins => self.quoted = true,
                '"' => {
                    chars.next_if_eq(&'"');
                    self.field.push('"');
                }
                c if c == delimiter && !self.quoted => {
                    self.fields.push(std::mem::take(&mut self.field));
                    begins = true;
                    continue;
                }
                c => self.field.push(c),
            }
            begins = false;
        }
    }

    fn bytes(&self) -> usize {
        self.fields.iter().map(String::len).sum::<usize>() + self.field.len()
    }

    fn end(mut self) -> Vec<String> {
        self.fields.push(self.field);
        self.fields
    }
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
