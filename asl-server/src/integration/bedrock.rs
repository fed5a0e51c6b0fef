//! `bedrock`: models that are invoked, and jobs that customise them.

use super::Services;
use super::action::{Action, Integration};
use super::client::Client;
use super::job::{Ask, From, Job};
use super::optimised::Service;
use crate::storage::{Storage, StorageError};
use asl_engine::task::{Pattern, TaskRequest, TaskResult};
use asl_engine::{StatesError, Value, object};
use std::io::Read as _;

pub(super) const BEDROCK: Integration = Integration {
    name: "bedrock",
    service: Service { prefix: "Bedrock", name: "AmazonBedrock" },
    model: "bedrock",
    actions: &[Action::starting("createModelCustomizationJob", &CUSTOMIZATION)],
    elsewhere: &[],
};

const CUSTOMIZATION: Job = Job {
    describe: Ask { operation: "getModelCustomizationJob", parameters: &[JOB] },
    state: "Status",
    succeeded: &["Completed"],
    failed: &["Failed", "Stopped"],
    cancel: Some(Ask { operation: "stopModelCustomizationJob", parameters: &[JOB] }),
    ..Job::PLAIN
};

const JOB: (&str, From) = ("JobIdentifier", From::Answer("JobArn"));

static RUNTIME: Service = Service { prefix: "Bedrock", name: "AmazonBedrockRuntime" };

/// Bytes of an input that is read from a bucket (the quota of InvokeModel's body).
const INPUT_BYTES_MAX: u64 = 25_000_000;

/// `bedrock:invokeModel`: the body is JSON, in the parameters or in an object of a bucket; so is what comes back.
pub(super) async fn invoke_model(services: &Services, request: &TaskRequest) -> TaskResult {
    if let Pattern::Sync | Pattern::Sync2 = request.resource.pattern() {
        let arn = request.resource.arn();
        return Err(StatesError::runtime(format!(
            "'{arn}' asks for a pattern that bedrock:invokeModel does not have: a model is invoked, it is no job"
        )));
    }
    let Value::Object(mut parameters) = request.input.clone() else {
        return Err(StatesError::runtime("The parameters of bedrock:invokeModel are no object"));
    };
    let uri = |value: Option<Value>| value.and_then(|place| Some(place.get("S3Uri")?.as_str()?.to_owned()));
    let (input, output) = (uri(parameters.remove("Input")), uri(parameters.remove("Output")));
    let body = match (parameters.remove("Body"), input) {
        (Some(Value::String(text)), None) => Value::String(text),
        (Some(body), None) => Value::from(body.to_json()),
        (None, Some(uri)) => Value::from(read(services, uri).await?),
        (None, None) => return Err(invalid("bedrock:invokeModel needs either 'Body' or 'Input' with its 'S3Uri'")),
        (Some(_), Some(_)) => return Err(invalid("bedrock:invokeModel takes either 'Body' or 'Input', not both")),
    };
    parameters.insert("Body", body);
    for (name, usual) in [("ContentType", "application/json"), ("Accept", "application/json")] {
        if !parameters.contains_key(name) {
            parameters.insert(name, usual.into());
        }
    }
    let client = Client::new(services, &RUNTIME, "bedrockruntime", request)?;
    let answer = client.call("invokeModel", &parameters.into()).await.map_err(|error| client.failed(error))?;
    let text = answer.output.get("Body").and_then(Value::as_str).unwrap_or_default();
    let body = match output {
        Some(uri) => {
            write(services, uri.clone(), text.to_owned()).await?;
            Value::from(uri)
        }
        None => Value::parse(text).unwrap_or_else(|_| Value::from(text)),
    };
    let content_type = answer.output.get("ContentType").cloned().unwrap_or_default();
    Ok(object! { "Body" => body, "ContentType" => content_type })
}

async fn read(services: &Services, uri: String) -> Result<String, StatesError> {
    let read = move |storage: Storage| {
        let (bucket, key) = object(&uri)?;
        let object = storage.open(bucket).and_then(|bucket| bucket.get(key, None)).map_err(failed)?;
        let mut text = String::new();
        match object.take(INPUT_BYTES_MAX + 1).read_to_string(&mut text) {
            Ok(_) if text.len() as u64 > INPUT_BYTES_MAX => {
                Err(invalid(&format!("{uri} has more than {INPUT_BYTES_MAX} bytes")))
            }
            Ok(_) => Ok(text),
            Err(error) => Err(StatesError::runtime(format!("{uri} cannot be read as text: {error}"))),
        }
    };
    waiting(services, read).await
}

async fn write(services: &Services, uri: String, text: String) -> Result<(), StatesError> {
    let write = move |storage: Storage| {
        let (bucket, key) = object(&uri)?;
        storage.open(bucket).and_then(|bucket| bucket.put(key, &text)).map_err(failed)
    };
    waiting(services, write).await
}

/// Works with buckets on a thread that may wait.
async fn waiting<T: Send + 'static>(
    services: &Services,
    work: impl FnOnce(Storage) -> Result<T, StatesError> + Send + 'static,
) -> Result<T, StatesError> {
    let storage = services.storage.clone();
    let done = tokio::task::spawn_blocking(move || work(storage)).await;
    done.unwrap_or_else(|_| Err(StatesError::runtime("The bucket's object was lost on its way")))
}

/// `s3://BUCKET/KEY`
fn object(uri: &str) -> Result<(&str, &str), StatesError> {
    let named = uri.strip_prefix("s3://").and_then(|path| path.split_once('/'));
    named.ok_or_else(|| invalid(&format!("'{uri}' names no object: write it as s3://BUCKET/KEY")))
}

fn failed(error: StorageError) -> StatesError {
    StatesError::runtime(error.to_string())
}

fn invalid(cause: &str) -> StatesError {
    StatesError::runtime(cause)
}
