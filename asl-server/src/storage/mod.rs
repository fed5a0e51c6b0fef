//! Where the buckets of item readers and result writers are: folders on this machine, or S3 wherever the user said that it is.

mod folder;
mod s3;

pub use folder::{Folder, ObjectSummary, StorageError};

use crate::aws::Aws;
use s3::S3Bucket;
use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::PathBuf;

/// How many objects a listing may have.
const OBJECTS_MAX: usize = 1_000_000;

/// The configured buckets.
#[derive(Clone, Debug, Default)]
pub struct Buckets {
    /// Folders that stand for buckets, by the bucket's name.
    pub folders: BTreeMap<String, PathBuf>,
    /// The folder within which `file://PATH` may stand where a bucket is named.
    pub files: Option<PathBuf>,
}

/// All buckets that can be reached.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    buckets: Buckets,
    aws: Aws,
}

impl Storage {
    pub(crate) fn new(buckets: Buckets, aws: Aws) -> Self {
        Storage { buckets, aws }
    }

    /// The bucket of that name, or the folder of that `file://` path.
    ///
    /// # Errors
    /// When nothing is configured for it; the error names the setting.
    pub(crate) fn open(&self, bucket: &str) -> Result<Bucket, StorageError> {
        if let Some(path) = bucket.strip_prefix("file://") {
            let Some(files) = &self.buckets.files else {
                return Err(StorageError::Refused(format!(
                    "'{bucket}' is not open to state machines. Start the server with --files DIR to open the files of a folder."
                )));
            };
            return Folder::new(files.clone()).subfolder(path).map(Bucket::Folder);
        }
        match self.buckets.folders.get(bucket) {
            Some(folder) => Ok(Bucket::Folder(Folder::new(folder.clone()))),
            None if self.aws.is_configured("s3") => Ok(Bucket::S3(S3Bucket::new(self.aws.clone(), bucket))),
            None => Err(StorageError::Refused(format!(
                "The bucket '{bucket}' is not configured. Start the server with --bucket {bucket}=DIR to let a folder stand \
                 for it, or with --aws-endpoint s3=http://HOST:PORT to say where S3 is."
            ))),
        }
    }
}

/// A bucket. Its methods wait: they are for threads that may.
#[derive(Clone, Debug)]
pub(crate) enum Bucket {
    Folder(Folder),
    S3(S3Bucket),
}

impl Bucket {
    /// The object of that key, to be read.
    ///
    /// # Errors
    /// When there is none, or it is out of reach; also when a version of it is asked for in a folder.
    pub(crate) fn get(&self, key: &str, version: Option<&str>) -> Result<Box<dyn BufRead>, StorageError> {
        match (self, version) {
            (Bucket::Folder(folder), None) => Ok(Box::new(folder.get(key)?)),
            (Bucket::Folder(_), Some(_)) => Err(StorageError::Refused(format!(
                "The bucket is a folder, which keeps no versions of '{key}': leave out VersionId, or let S3 answer."
            ))),
            (Bucket::S3(bucket), version) => Ok(Box::new(bucket.get(key, version)?)),
        }
    }

    /// The keys that a key stands for: in a folder it may have wildcards.
    ///
    /// # Errors
    /// When there is no such object in the folder.
    pub(crate) fn expand(&self, key: &str) -> Result<Vec<String>, StorageError> {
        match self {
            Bucket::Folder(folder) => folder.expand(key),
            Bucket::S3(_) => Ok(vec![key.to_owned()]),
        }
    }

    /// The objects whose keys begin so, in the order of their keys.
    ///
    /// # Errors
    /// When the bucket is out of reach, or has too many.
    pub(crate) fn list(&self, prefix: &str) -> Result<Vec<ObjectSummary>, StorageError> {
        match self {
            Bucket::Folder(folder) => folder.list(prefix),
            Bucket::S3(bucket) => bucket.list(prefix),
        }
    }

    /// The entity tag of a listed object.
    ///
    /// # Errors
    /// When it is out of reach.
    pub(crate) fn etag(&self, object: &ObjectSummary) -> Result<String, StorageError> {
        match (&object.etag, self) {
            (None, Bucket::Folder(folder)) => folder.etag(&object.key),
            (etag, _) => Ok(etag.clone().unwrap_or_default()),
        }
    }

    /// Stores an object, as a whole or not at all. An object of that key is replaced.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn put(&self, key: &str, text: &str) -> Result<(), StorageError> {
        match self {
            Bucket::Folder(folder) => folder.put(key, text.as_bytes()),
            Bucket::S3(bucket) => bucket.put(key, text),
        }
    }
}

fn require_short(objects: &[ObjectSummary]) -> Result<(), StorageError> {
    if objects.len() <= OBJECTS_MAX {
        return Ok(());
    }
    let text = format!("A listing of more than {OBJECTS_MAX} objects is too long; narrow its prefix.");
    Err(StorageError::Refused(text))
}
