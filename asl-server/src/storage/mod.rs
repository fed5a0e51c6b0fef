//! Where the buckets of item readers and result writers are: folders on this machine.

mod folder;

pub use folder::{Folder, ObjectSummary, StorageError};

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The configured buckets.
#[derive(Clone, Debug, Default)]
pub struct Buckets {
    /// Folders that stand for buckets, by the bucket's name.
    pub folders: BTreeMap<String, PathBuf>,
    /// The folder within which `file://PATH` may stand where a bucket is named.
    pub files: Option<PathBuf>,
}

impl Buckets {
    /// The bucket of that name, or the folder of that `file://` path.
    ///
    /// # Errors
    /// When nothing is configured for it; the error names the setting.
    pub fn open(&self, bucket: &str) -> Result<Folder, StorageError> {
        if let Some(path) = bucket.strip_prefix("file://") {
            let Some(files) = &self.files else {
                return Err(StorageError::Refused(format!(
                    "'{bucket}' is not open to state machines. Start the server with --files DIR to open the files of a folder."
                )));
            };
            return Folder::new(files.clone()).subfolder(path);
        }
        match self.folders.get(bucket) {
            Some(folder) => Ok(Folder::new(folder.clone())),
            None => Err(StorageError::Refused(format!(
                "The bucket '{bucket}' is not configured. Start the server with --bucket {bucket}=DIR to let a folder stand \
                 for it."
            ))),
        }
    }
}
