//! Objects that are compressed as a whole (Developer Guide, *ItemReader*: "external compression types: GZIP, ZSTD").

use crate::error::{StatesError, item_reader_failed};
use std::io::{BufRead, BufReader};

/// The object's own bytes: unpacked when its name ends with `.gz`, `.zst` or `.zstd`.
///
/// # Errors
/// `States.ItemReaderFailed`: it is named so, but not compressed so.
pub fn decompressed<'r>(key: &str, object: impl BufRead + 'r) -> Result<Box<dyn BufRead + 'r>, StatesError> {
    match key.rsplit('.').next() {
        Some("gz") => Ok(Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(object)))),
        Some("zst" | "zstd") => {
            let unpacked = ruzstd::decoding::StreamingDecoder::new(object);
            let unpacked =
                unpacked.map_err(|error| item_reader_failed(format!("The object is not in ZSTD: {error}.")))?;
            Ok(Box::new(BufReader::new(unpacked)))
        }
        _ => Ok(Box::new(object)),
    }
}
