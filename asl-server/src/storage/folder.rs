//! A folder that stands for a bucket: its files are the objects, their paths below it the keys.

use md5::{Digest, Md5};
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A folder, and nothing outside of it.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

/// What a listing tells of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectSummary {
    /// Its key.
    pub key: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it was written: seconds since 1970.
    pub modified: u64,
    /// Its entity tag, when the listing knows it.
    pub etag: Option<String>,
}

/// Why an object cannot be had or stored.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// There is none of that name.
    #[error("The specified key does not exist: '{0}'.")]
    NoSuchKey(String),
    /// There is no such bucket.
    #[error("The specified bucket does not exist: the folder '{0}' is missing.")]
    NoSuchBucket(String),
    /// It is outside of what is configured.
    #[error("{0}")]
    Refused(String),
    /// S3 says so.
    #[error("{0}")]
    S3(String),
    /// The system says so.
    #[error("'{0}' is out of reach: {1}.")]
    Io(String, io::Error),
}

impl Folder {
    /// That folder.
    pub fn new(path: PathBuf) -> Self {
        Folder(path)
    }

    /// A folder below this one.
    ///
    /// # Errors
    /// When the path leads out of this folder.
    pub fn subfolder(&self, path: &str) -> Result<Folder, StorageError> {
        let below = Path::new(path).strip_prefix(&self.0).ok();
        match below.or_else(|| Some(Path::new(path.strip_prefix("./").unwrap_or(path)))).and_then(inside) {
            Some(below) => Ok(Folder(self.0.join(below))),
            None => Err(self.outside(path)),
        }
    }

    /// The object of that key, to be read.
    ///
    /// # Errors
    /// When there is none, or it is outside of the folder.
    pub fn get(&self, key: &str) -> Result<BufReader<File>, StorageError> {
        let path = self.existing(key)?;
        let file = File::open(&path).map_err(|error| StorageError::Io(key.to_owned(), error))?;
        Ok(BufReader::new(file))
    }

    /// The keys that a key with wildcards stands for, in their order: `*` for any characters but `/`, `?` for one. A key that
    /// names an object stands for just that.
    ///
    /// # Errors
    /// When there is no such object.
    pub fn expand(&self, key: &str) -> Result<Vec<String>, StorageError> {
        let Some(wildcard) = key.find(['*', '?']).filter(|_| self.existing(key).is_err()) else {
            return Ok(vec![key.to_owned()]);
        };
        let mut keys: Vec<String> = self.list(&key[..wildcard])?.into_iter().map(|object| object.key).collect();
        keys.retain(|candidate| matches(key.as_bytes(), candidate.as_bytes()));
        if keys.is_empty() { Err(StorageError::NoSuchKey(key.to_owned())) } else { Ok(keys) }
    }

    /// The objects whose keys begin so, in the order of their keys.
    ///
    /// # Errors
    /// When the folder cannot be read, or has too many files.
    pub fn list(&self, prefix: &str) -> Result<Vec<ObjectSummary>, StorageError> {
        let failed = |path: &Path| {
            let name = path.display().to_string();
            move |error| StorageError::Io(name, error)
        };
        if !self.0.is_dir() {
            return Err(StorageError::NoSuchBucket(self.0.display().to_string()));
        }
        let mut objects = Vec::new();
        let mut pending = vec![(self.0.clone(), String::new())];
        while let Some((folder, above)) = pending.pop() {
            for entry in fs::read_dir(&folder).map_err(failed(&folder))? {
                let entry = entry.map_err(failed(&folder))?;
                let Ok(name) = entry.file_name().into_string() else { continue };
                let key = format!("{above}{name}");
                // Links are not followed: they may lead anywhere.
                let about = entry.metadata().map_err(failed(&entry.path()))?;
                if about.is_dir() && (key.starts_with(prefix) || prefix.starts_with(&format!("{key}/"))) {
                    pending.push((entry.path(), format!("{key}/")));
                } else if about.is_file() && key.starts_with(prefix) {
                    let modified = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
                    let modified = modified.unwrap_or_default().as_secs();
                    objects.push(ObjectSummary { key, size: about.len(), modified, etag: None });
                    super::require_short(&objects)?;
                }
            }
        }
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }

    /// The entity tag of an object as S3 makes it: the MD5 of its bytes, within quotation marks.
    ///
    /// # Errors
    /// When there is no such object.
    pub fn etag(&self, key: &str) -> Result<String, StorageError> {
        let mut object = self.get(key)?;
        let mut hash = Md5::new();
        let mut chunk = [0; 8192];
        loop {
            match object.read(&mut chunk).map_err(|error| StorageError::Io(key.to_owned(), error))? {
                0 => break,
                length => hash.update(&chunk[..length]),
            }
        }
        let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(format!("\"{hex}\""))
    }

    /// Stores an object, as a whole or not at all. An object of that key is replaced.
    ///
    /// # Errors
    /// When it is outside of the folder, or cannot be written.
    pub fn put(&self, key: &str, bytes: &[u8]) -> Result<(), StorageError> {
        let failed = |error| StorageError::Io(key.to_owned(), error);
        let path = inside(Path::new(key)).map(|below| self.0.join(below)).ok_or_else(|| self.outside(key))?;
        let folder = path.parent().unwrap_or(&self.0);
        fs::create_dir_all(folder).map_err(failed)?;
        self.require_inside(folder, key)?;
        let unfinished = path.with_extension(format!("{}.unfinished", std::process::id()));
        fs::write(&unfinished, bytes).map_err(failed)?;
        fs::rename(&unfinished, &path).map_err(failed)
    }

    fn existing(&self, key: &str) -> Result<PathBuf, StorageError> {
        let path = inside(Path::new(key)).map(|below| self.0.join(below)).ok_or_else(|| self.outside(key))?;
        if !self.0.is_dir() {
            return Err(StorageError::NoSuchBucket(self.0.display().to_string()));
        }
        if !path.is_file() {
            return Err(StorageError::NoSuchKey(key.to_owned()));
        }
        self.require_inside(&path, key)?;
        Ok(path)
    }

    /// A link within the folder may lead out of it.
    fn require_inside(&self, path: &Path, key: &str) -> Result<(), StorageError> {
        let failed = |error| StorageError::Io(key.to_owned(), error);
        let (root, path) = (self.0.canonicalize().map_err(failed)?, path.canonicalize().map_err(failed)?);
        if path.starts_with(root) { Ok(()) } else { Err(self.outside(key)) }
    }

    fn outside(&self, key: &str) -> StorageError {
        StorageError::Refused(format!("'{key}' leads out of the folder '{}'.", self.0.display()))
    }
}

/// The path, when it surely stays below where it begins.
fn inside(path: &Path) -> Option<&Path> {
    let below = path.components().all(|part| matches!(part, Component::Normal(_)));
    (below && path.components().next().is_some()).then_some(path)
}

/// Does a name match a pattern with `*` and `?`? Needs no more steps than the product of their lengths.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // Where the last `*` stands, and up to where in the name it reaches.
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(c) if *c == name[from] || (*c == b'?' && name[from] != b'/') => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((place, reach)) if name[reach] != b'/' => {
                    star = Some((place, reach + 1));
                    (at, from) = (place + 1, reach + 1);
                }
                _ => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new() -> Self {
            let path = std::env::temp_dir().join(format!("asl-folder-{}", uuid::Uuid::new_v4()));
            fs::create_dir_all(path.join("bucket/a")).unwrap();
            Scratch(path)
        }
        fn bucket(&self) -> Folder {
            Folder::new(self.0.join("bucket"))
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn objects_are_stored_listed_and_read() {
        let scratch = Scratch::new();
        let bucket = scratch.bucket();
        for (key, text) in [("b/2.csv", "two"), ("b/1.csv", "1"), ("b/deep/3.csv", "3"), ("c", "")] {
            bucket.put(key, text.as_bytes()).unwrap();
        }
        bucket.put("b/2.csv", b"2").unwrap();
        let keys = |prefix: &str| bucket.list(prefix).unwrap().into_iter().map(|object| object.key).collect::<Vec<_>>();
        assert_eq!(keys(""), ["b/1.csv", "b/2.csv", "b/deep/3.csv", "c"]);
        assert_eq!(keys("b/d"), ["b/deep/3.csv"]);
        assert_eq!(keys("x"), [""; 0]);
        let mut text = String::new();
        bucket.get("b/2.csv").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "2");
        assert_eq!(bucket.etag("c").unwrap(), "\"d41d8cd98f00b204e9800998ecf8427e\"");
        assert_eq!(bucket.expand("b/*.csv").unwrap(), ["b/1.csv", "b/2.csv"]);
        assert_eq!(bucket.expand("b/*/?.csv").unwrap(), ["b/deep/3.csv"]);
        assert!(matches!(bucket.expand("b/*.json"), Err(StorageError::NoSuchKey(_))));
        assert!(matches!(bucket.get("b"), Err(StorageError::NoSuchKey(_))));
        assert!(matches!(Folder::new("/nowhere/at/all".into()).list(""), Err(StorageError::NoSuchBucket(_))));
    }

    #[test]
    fn nothing_outside_of_the_folder_is_reached() {
        let scratch = Scratch::new();
        fs::write(scratch.0.join("secret"), "s").unwrap();
        let bucket = scratch.bucket();
        for key in ["../secret", "a/../../secret", "/etc/passwd", "", "."] {
            assert!(matches!(bucket.get(key), Err(StorageError::Refused(_))), "{key}");
            assert!(matches!(bucket.put(key, b"x"), Err(StorageError::Refused(_))), "{key}");
            assert!(key.is_empty() || key == "." || bucket.subfolder(key).is_err(), "{key}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&scratch.0, scratch.0.join("bucket/up")).unwrap();
            assert!(matches!(bucket.get("up/secret"), Err(StorageError::Refused(_))));
            assert!(matches!(bucket.put("up/new", b"x"), Err(StorageError::Refused(_))));
            assert_eq!(bucket.list("").unwrap(), []);
        }
    }
}
