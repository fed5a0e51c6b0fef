//! A bucket that S3 keeps, wherever the user said that S3 is.

use super::{ObjectSummary, StorageError};
use crate::aws::{Aws, Body, Call, CallError};
use asl_engine::{Timestamp, Value, object};
use bytes::{Buf, Bytes};
use std::io::{self, BufReader, Read};
use std::time::Duration;
use tokio::runtime::Handle;

/// How long an object may be on its way.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(3600);

/// A bucket. It waits for S3 where it is: only on threads that may.
#[derive(Clone, Debug)]
pub struct S3Bucket {
    aws: Aws,
    name: String,
}

impl S3Bucket {
    pub(super) fn new(aws: Aws, name: &str) -> Self {
        S3Bucket { aws, name: name.to_owned() }
    }

    /// The object of that key, or a version of it, to be read while it arrives.
    pub(super) fn get(&self, key: &str, version: Option<&str>) -> Result<BufReader<Arriving>, StorageError> {
        let mut parameters = object! { "Bucket" => self.name.clone(), "Key" => key };
        if let (Value::Object(parameters), Some(version)) = (&mut parameters, version) {
            parameters.insert("VersionId", version.into());
        }
        let call = Call { timeout: Some(TRANSFER_TIMEOUT), ..Call::new("s3", "getObject", &parameters) };
        let body = Handle::current().block_on(self.aws.open(call)).map_err(failed)?;
        Ok(BufReader::new(Arriving { body, chunk: Bytes::new() }))
    }

    /// The objects whose keys begin so, in the order of their keys.
    pub(super) fn list(&self, prefix: &str) -> Result<Vec<ObjectSummary>, StorageError> {
        let mut objects = Vec::new();
        let mut next = None;
        loop {
            let mut parameters = object! { "Bucket" => self.name.clone(), "Prefix" => prefix };
            if let (Value::Object(parameters), Some(token)) = (&mut parameters, next) {
                parameters.insert("ContinuationToken", token);
            }
            let page = self.call(Call::new("s3", "listObjectsV2", &parameters))?;
            let contents = page.get("Contents").and_then(Value::as_array);
            objects.extend(contents.into_iter().flat_map(|contents| contents.iter()).filter_map(summary));
            super::require_short(&objects)?;
            next = page.get("NextContinuationToken").filter(|token| token.as_str().is_some()).cloned();
            if next.is_none() {
                return Ok(objects);
            }
        }
    }

    /// Stores an object. One of that key is replaced.
    pub(super) fn put(&self, key: &str, text: &str) -> Result<(), StorageError> {
        let parameters = object! { "Bucket" => self.name.clone(), "Key" => key };
        self.call(Call { body: Some(text.as_bytes()), ..Call::new("s3", "putObject", &parameters) }).map(|_| ())
    }

    fn call(&self, call: Call<'_>) -> Result<Value, StorageError> {
        let call = Call { timeout: Some(TRANSFER_TIMEOUT), ..call };
        Handle::current().block_on(self.aws.call(call)).map(|answer| answer.output).map_err(failed)
    }
}

/// What a listing tells of an object.
fn summary(object: &Value) -> Option<ObjectSummary> {
    let text = |name: &str| Some(object.get(name)?.as_str()?.to_owned());
    let modified = text("LastModified").and_then(|time| Timestamp::parse(&time));
    Some(ObjectSummary {
        key: text("Key")?,
        size: object.get("Size").and_then(Value::as_i64).and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
        modified: modified.map_or(0, |time| u64::try_from(time.as_millis() / 1000).unwrap_or_default()),
        etag: text("ETag"),
    })
}

fn failed(error: CallError) -> StorageError {
    StorageError::S3(error.to_string())
}

/// An object's bytes, while they arrive.
pub struct Arriving {
    body: Body,
    chunk: Bytes,
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match Handle::current().block_on(self.body.chunk()) {
                Ok(Some(chunk)) => self.chunk = chunk,
                Ok(None) => return Ok(0),
                Err(error) => return Err(io::Error::other(error.to_string())),
            }
        }
        let length = self.chunk.len().min(buffer.len());
        self.chunk.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
