//! Manifests: objects that list the objects which hold the items (Developer Guide, *ItemReader*, `MANIFEST` and
//! `ManifestType`).

use super::Lines;
use super::json::document;
use crate::error::{StatesError, item_reader_failed};
use crate::value::{Object, Str, Value};
use std::io::BufRead;

/// An object that a manifest names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectName {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
}

/// The files of an S3 inventory, and the `ReaderConfig` to read them with: CSV with the headers that the manifest gives.
///
/// # Errors
/// `States.ItemReaderFailed`: it is no inventory's manifest, or the inventory is not in CSV.
pub fn inventory(manifest: impl BufRead, config: &Value) -> Result<(Vec<ObjectName>, Value), StatesError> {
    let manifest = document(manifest)?;
    let text = |name: &str| match manifest.get(name).and_then(Value::as_str) {
        Some(text) => Ok(text),
        None => Err(item_reader_failed(format!("The object is no manifest of an S3 inventory: it has no '{name}'."))),
    };
    let format = text("fileFormat")?;
    if format != "CSV" {
        return Err(item_reader_failed(format!("The S3 inventory has the format {format}. It must be CSV.")));
    }
    let headers: Vec<Value> = text("fileSchema")?.split(',').map(|header| Value::from(header.trim())).collect();
    let destination = text("destinationBucket")?;
    let bucket = destination.strip_prefix("arn:aws:s3:::").unwrap_or(destination);
    let files = manifest.get("files").and_then(Value::as_array);
    let files = files.ok_or_else(|| item_reader_failed("The manifest of the S3 inventory has no 'files'."))?;
    let files = files.iter().map(|file| match file.get("key").and_then(Value::as_str) {
        Some(key) => Ok(ObjectName { bucket: bucket.to_owned(), key: key.to_owned() }),
        None => Err(item_reader_failed("A file in the manifest of the S3 inventory has no 'key'.")),
    });
    let files = files.collect::<Result<_, _>>()?;
    let kept = config.as_object().into_iter().flat_map(Object::iter).filter(|(name, _)| *name != "ManifestType");
    let mut config: Object = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    for (name, value) in [("InputType", "CSV".into()), ("CSVHeaderLocation", "GIVEN".into())] {
        config.insert(Str::from(name), value);
    }
    config.insert("CSVHeaders", headers.into());
    Ok((files, Value::Object(config)))
}

/// The objects that an Athena `UNLOAD` query wrote: an S3 URI a line.
///
/// # Errors
/// `States.ItemReaderFailed`: a line is no S3 URI.
pub fn athena(manifest: impl BufRead) -> Result<Vec<ObjectName>, StatesError> {
    let mut lines = Lines::new(manifest);
    let mut objects = Vec::new();
    loop {
        let number = lines.number + 1;
        let Some(line) = lines.next()? else { return Ok(objects) };
        let uri = line.trim().trim_matches('"');
        if uri.is_empty() {
            continue;
        }
        let name = uri.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
        let (bucket, key) = name
            .filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
            .ok_or_else(|| item_reader_failed(format!("Line {number} of the Athena manifest is no S3 URI: {uri}")))?;
        objects.push(ObjectName { bucket: bucket.to_owned(), key: key.to_owned() });
    }
}
