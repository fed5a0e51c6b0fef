//! ItemReader of a distributed Map state: fetches the objects that its resource names, and reads their items.

use super::Services;
use crate::storage::{Storage, StorageError};
use asl_engine::error::{StatesError, names};
use asl_engine::item_reader::manifest::{self, ObjectName};
use asl_engine::item_reader::{decompressed, read};
use asl_engine::task::{ItemsRead, TaskRequest, TaskResult};
use asl_engine::value::Array;
use asl_engine::{Value, object};

pub(super) async fn read_items(
    services: &Services,
    request: &TaskRequest,
    config: &Value,
    max_items: Option<u64>,
) -> TaskResult {
    let reader = Reader { storage: services.storage.clone(), config: config.clone(), max_items };
    let (arn, arguments) = (request.resource.arn().clone(), request.input.clone());
    let reading = tokio::task::spawn_blocking(move || match arn.rsplit(':').next() {
        Some("getObject") => reader.object(&arguments),
        Some("listObjectsV2") => reader.objects(&arguments),
        _ => Err(failed(format!("The resource '{arn}' reads no items. Use s3:getObject or s3:listObjectsV2."))),
    });
    let read = reading.await.map_err(|_| failed("The items could not be read: the reader broke off."))?;
    read.map(ItemsRead::answer)
}

struct Reader {
    storage: Storage,
    config: Value,
    max_items: Option<u64>,
}

impl Reader {
    /// `s3:getObject`: the items in an object, or in the objects that it lists.
    fn object(&self, arguments: &Value) -> Result<ItemsRead, StatesError> {
        takes(arguments, &["Bucket", "Key", "VersionId"])?;
        let (bucket, key) = (text(arguments, "Bucket")?, text(arguments, "Key")?);
        let version = arguments.get("VersionId").map(|_| text(arguments, "VersionId")).transpose()?;
        let folder = self.storage.open(bucket).map_err(unreadable)?;
        let input_type = self.setting("InputType");
        match self.setting("ManifestType") {
            Some("S3_INVENTORY") if !matches!(input_type, None | Some("MANIFEST")) => {
                Err(failed("The InputType of an S3 inventory is not to be given: it is CSV."))
            }
            Some("ATHENA_DATA") => {
                let objects = manifest::athena(folder.get(key, version).map_err(unreadable)?)?;
                self.gather(objects.into_iter(), None, &self.config)
            }
            Some("S3_INVENTORY") => self.inventory(bucket, key, version),
            None if input_type == Some("MANIFEST") => self.inventory(bucket, key, version),
            None => {
                let keys = folder.expand(key).map_err(unreadable)?;
                self.gather(keys.into_iter().map(|key| object_name(bucket, key)), version, &self.config)
            }
            Some(other) => {
                Err(failed(format!("The ManifestType '{other}' is not known. Use ATHENA_DATA or S3_INVENTORY.")))
            }
        }
    }

    fn inventory(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<ItemsRead, StatesError> {
        let folder = self.storage.open(bucket).map_err(unreadable)?;
        let (objects, config) = manifest::inventory(folder.get(key, version).map_err(unreadable)?, &self.config)?;
        self.gather(objects.into_iter(), None, &config)
    }

    /// `s3:listObjectsV2`: what S3 tells of each object, or the items in them.
    fn objects(&self, arguments: &Value) -> Result<ItemsRead, StatesError> {
        takes(arguments, &["Bucket", "Prefix"])?;
        let bucket = text(arguments, "Bucket")?;
        let folder = self.storage.open(bucket).map_err(unreadable)?;
        let prefix = arguments.get("Prefix").and_then(Value::as_str).unwrap_or_default();
        let mut objects = folder.list(prefix).map_err(unreadable)?;
        match self.setting("Transformation") {
            None | Some("NONE") => {}
            Some("LOAD_AND_FLATTEN") if self.setting("InputType").is_none() => {
                return Err(failed("The Transformation LOAD_AND_FLATTEN needs an InputType."));
            }
            Some("LOAD_AND_FLATTEN") => {
                let objects = objects.into_iter().filter(|object| object.size > 0);
                return self.gather(objects.map(|object| object_name(bucket, object.key)), None, &self.config);
            }
            Some(other) => {
                return Err(failed(format!(
                    "The Transformation '{other}' is not known. Use NONE or LOAD_AND_FLATTEN."
                )));
            }
        }
        objects.truncate(self.max_items.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX));
        let summary = |object: crate::storage::ObjectSummary| {
            Ok(object! {
                "Etag" => folder.etag(&object).map_err(unreadable)?,
                "Key" => object.key,
                "LastModified" => object.modified,
                "Size" => object.size,
                "StorageClass" => "STANDARD",
            })
        };
        let items: Array = objects.into_iter().map(summary).collect::<Result<_, _>>()?;
        Ok(ItemsRead { sources: vec![(format!("S3://{bucket}").into(), items.len() as u64)], items })
    }

    /// The items of several objects, or of a version of one, one after the other.
    fn gather(
        &self,
        objects: impl Iterator<Item = ObjectName>,
        version: Option<&str>,
        config: &Value,
    ) -> Result<ItemsRead, StatesError> {
        let (mut items, mut sources): (Vec<Value>, _) = (Vec::new(), Vec::new());
        for ObjectName { bucket, key } in objects {
            let left = self.max_items.map(|most| most.saturating_sub(items.len() as u64));
            if left == Some(0) {
                break;
            }
            let folder = self.storage.open(&bucket).map_err(unreadable)?;
            let read = read(decompressed(&key, folder.get(&key, version).map_err(unreadable)?)?, config, left)?;
            sources.push((format!("S3://{bucket}/{key}").into(), read.len() as u64));
            items.extend(read.iter().cloned());
        }
        Ok(ItemsRead { items: items.into(), sources })
    }

    fn setting(&self, name: &str) -> Option<&str> {
        self.config.get(name)?.as_str()
    }
}

/// Nothing is passed over in silence: another parameter may mean other items.
fn takes(arguments: &Value, known: &[&str]) -> Result<(), StatesError> {
    let mut given = arguments.as_object().into_iter().flat_map(|arguments| arguments.iter());
    match given.find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => {
            let known = known.join(", ");
            Err(failed(format!("The ItemReader's parameter '{name}' is not supported here. It takes {known}.")))
        }
        None => Ok(()),
    }
}

fn object_name(bucket: &str, key: String) -> ObjectName {
    ObjectName { bucket: bucket.to_owned(), key }
}

fn text<'v>(arguments: &'v Value, name: &str) -> Result<&'v str, StatesError> {
    let text = arguments.get(name).and_then(Value::as_str);
    text.ok_or_else(|| failed(format!("The ItemReader's parameter '{name}' is missing, or no string.")))
}

fn unreadable(error: StorageError) -> StatesError {
    failed(error.to_string())
}

fn failed(cause: impl Into<String>) -> StatesError {
    StatesError::new(names::ITEM_READER_FAILED, cause.into())
}
