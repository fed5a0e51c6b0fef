//! Where ResultWriters store what came out: a folder that is a bucket.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Clone)]
pub(super) struct Results(Arc<Folder>);

/// Gone with the last who knows it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Results {
    pub(super) fn new(name: &str) -> Result<Results> {
        let folder = std::env::temp_dir().join(format!("asl-crash-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Results(Arc::new(Folder(folder))))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0.0
    }

    /// What the one Map Run of an execution stored, as its manifest lists it: results of what succeeded, and nothing else.
    pub(super) fn of(&self, execution: &str) -> Result<Vec<Value>> {
        let runs: Vec<_> = std::fs::read_dir(self.folder().join(execution))?.collect::<std::io::Result<_>>()?;
        ensure!(runs.len() == 1, "{} Map Runs stored something", runs.len());
        let read = |path: &Path| -> Result<Value> {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            Ok(serde_json::from_str(&text)?)
        };
        let manifest = read(&runs[0].path().join("manifest.json"))?;
        let files = |kind: &str| manifest["ResultFiles"][kind].as_array().cloned().unwrap_or_default();
        ensure!(files("FAILED").is_empty() && files("PENDING").is_empty(), "not everything succeeded: {manifest}");
        let mut results = Vec::new();
        for file in files("SUCCEEDED") {
            let key = file["Key"].as_str().context("a file without a key")?;
            results.extend(read(&self.folder().join(key))?.as_array().cloned().unwrap_or_default());
        }
        Ok(results)
    }
}
