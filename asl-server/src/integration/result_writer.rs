//! ResultWriter of a distributed Map state: stores results in files, and at the end the manifest that lists them
//! (Developer Guide, *ResultWriter*, "Exporting to Amazon S3").
//!
//! ```text
//! PREFIX/<Map Run id>/SUCCEEDED_0.json, FAILED_0.json, PENDING_0.json, …
//! PREFIX/<Map Run id>/manifest.json
//! ```
//!
//! A Map Run that is redriven goes on in the same folder. Its manifest lists what succeeded in all attempts, and what failed or
//! never started in the last one.

use super::Services;
use crate::storage::{Storage, StorageError};
use asl_engine::error::{StatesError, names};
use asl_engine::task::{TaskRequest, TaskResult, WriteResults};
use asl_engine::value::{Array, Str};
use asl_engine::{Value, object};

pub(super) async fn write_results(services: &Services, request: &TaskRequest, results: &WriteResults) -> TaskResult {
    let arn = request.resource.arn();
    if arn.rsplit(':').next() != Some("putObject") {
        return Err(failed(format!("The resource '{arn}' stores no results. Use s3:putObject.")));
    }
    let writer = Writer::new(&services.storage, &request.input, results)?;
    let results = results.clone();
    let writing = tokio::task::spawn_blocking(move || writer.write(&results));
    writing.await.map_err(|_| failed("The results could not be written: the writer broke off."))?
}

struct Writer {
    storage: Storage,
    bucket: String,
    /// What the keys of all files of the Map Run begin with.
    folder: String,
    /// A line a result, instead of an array of them.
    lines: bool,
}

/// The kinds of files, by what became of the child executions.
const KINDS: [&str; 3] = ["SUCCEEDED", "FAILED", "PENDING"];

impl Writer {
    fn new(storage: &Storage, arguments: &Value, results: &WriteResults) -> Result<Self, StatesError> {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str);
        let bucket =
            text("Bucket").ok_or_else(|| failed("The ResultWriter's parameter 'Bucket' is missing, or no string."))?;
        let prefix = text("Prefix").unwrap_or_default().trim_end_matches('/');
        let id = results.map_run_arn.rsplit(':').next().unwrap_or_default();
        let lines = match results.config.get("OutputType").and_then(Value::as_str) {
            None | Some("JSON") => false,
            Some("JSONL") => true,
            Some(other) => return Err(failed(format!("The OutputType '{other}' is not known. Use JSON or JSONL."))),
        };
        let folder = if prefix.is_empty() { id.to_owned() } else { format!("{prefix}/{id}") };
        Ok(Writer { storage: storage.clone(), bucket: bucket.to_owned(), folder, lines })
    }

    /// Stores a part. Done twice it stores the same files.
    fn write(&self, results: &WriteResults) -> TaskResult {
        let mut files = Vec::new();
        for (kind, results_of_kind) in KINDS.into_iter().zip([&results.succeeded, &results.failed, &results.pending]) {
            if results_of_kind.is_empty() {
                continue;
            }
            let number = files_of(kind, None, &results.earlier).len();
            let extension = if self.lines { "jsonl" } else { "json" };
            let key = format!("{}/{kind}_{number}.{extension}", self.folder);
            let size = self.put(&key, &self.file(results_of_kind))?;
            let file = object! { "Key" => key, "Size" => size };
            files.push(object! { "Kind" => kind, "Redrives" => results.redrives, "File" => file });
        }
        if !results.last {
            return Ok(files.into_iter().collect());
        }
        let all: Vec<Value> = results.earlier.iter().cloned().chain([files.into_iter().collect()]).collect();
        let files = |kind, redrives| files_of(kind, redrives, &all).into_iter().collect::<Array>();
        let now = Some(results.redrives);
        let manifest = object! {
            "DestinationBucket" => self.bucket.clone(),
            "MapRunArn" => results.map_run_arn.clone(),
            "ResultFiles" => object! {
                "FAILED" => files("FAILED", now),
                "PENDING" => files("PENDING", now),
                "SUCCEEDED" => files("SUCCEEDED", None),
            },
        };
        let key = format!("{}/manifest.json", self.folder);
        self.put(&key, &manifest.to_json())?;
        Ok(object! { "Bucket" => self.bucket.clone(), "Key" => key })
    }

    fn file(&self, results: &[Str]) -> String {
        let results: Vec<&str> = results.iter().map(Str::as_str).collect();
        if self.lines { results.join("\n") + "\n" } else { format!("[{}]", results.join(",")) }
    }

    /// Stores an object; returns its size.
    fn put(&self, key: &str, text: &str) -> Result<usize, StatesError> {
        let bucket = self.storage.open(&self.bucket).map_err(unwritable)?;
        bucket.put(key, text).map_err(unwritable)?;
        Ok(text.len())
    }
}

/// The files of a kind that the parts so far consist of; only those written after so many redrives, if that is told.
fn files_of(kind: &str, redrives: Option<u64>, parts: &[Value]) -> Vec<Value> {
    let files = parts.iter().filter_map(Value::as_array).flat_map(|files| files.iter());
    let files = files.filter(|file| file.get("Kind").and_then(Value::as_str) == Some(kind));
    let of_then = |file: &&Value| file.get("Redrives").and_then(Value::as_i64).and_then(|n| u64::try_from(n).ok());
    let files = files.filter(|file| redrives.is_none() || of_then(file) == redrives);
    files.filter_map(|file| file.get("File").cloned()).collect()
}

fn unwritable(error: StorageError) -> StatesError {
    failed(error.to_string())
}

fn failed(cause: impl Into<String>) -> StatesError {
    StatesError::new(names::RESULT_WRITER_FAILED, cause.into())
}
