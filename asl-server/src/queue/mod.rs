//! Local queues, which stand in for SQS where none is configured: state machines send to them and receive from them, and so
//! does every client that speaks SQS's JSON protocol, on the server's own port. They live in memory.
//!
//! A queue begins with [`CreateQueue`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/) or with its
//! first message, so that a workshop needs no preparation. It is known by its account and its name: by the end of its URL,
//! whatever host stands before it.

mod error;
pub(crate) mod http;
mod manage;
mod message;
mod receive;
mod request;
mod send;
mod store;

pub use error::QueueError;

use crate::service::Caller;
use asl_engine::runtime::Clock;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::Queue;
use tokio::sync::Notify;

/// How many queues there may be.
const QUEUES_MAX: usize = 1_000;
/// Bytes of all messages in all queues.
const BYTES_MAX: usize = 256 * 1024 * 1024;
/// Entries of a batch (SQS quotas).
const BATCH_MAX: usize = 10;

/// The operations that the local queues know.
pub const OPERATIONS: [&str; 15] = [
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "CreateQueue",
    "DeleteMessage",
    "DeleteMessageBatch",
    "DeleteQueue",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListQueueTags",
    "ListQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
    "SendMessageBatch",
    "SetQueueAttributes",
];

/// The queues.
pub struct Queues {
    clock: Clock,
    queues: Mutex<BTreeMap<Name, Queue>>,
    /// Told when a message may have become visible.
    arrived: Notify,
}

/// What a queue is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    account: String,
    name: String,
}

/// Who asks, and how the URLs begin that are answered.
#[derive(Clone, Debug)]
pub struct Asker<'a> {
    /// The account and region of new queues.
    pub caller: &'a Caller,
    /// `http://127.0.0.1:8083`; without it as AWS's begin.
    pub base: Option<&'a str>,
}

impl Queues {
    /// Queues that live in this time.
    pub fn new(clock: Clock) -> Queues {
        Queues { clock, queues: Mutex::default(), arrived: Notify::new() }
    }

    /// Calls one of the [`OPERATIONS`] with a JSON request.
    ///
    /// # Errors
    /// The refusal, as SQS words it.
    pub async fn call(&self, operation: &str, request: &[u8], asker: &Asker<'_>) -> Result<Value, QueueError> {
        match operation {
            "SendMessage" => self.send(read(request)?, asker),
            "SendMessageBatch" => self.send_batch(read(request)?, asker),
            "ReceiveMessage" => self.receive(read(request)?, asker).await,
            "DeleteMessage" => self.delete(read(request)?, asker),
            "DeleteMessageBatch" => self.delete_batch(read(request)?, asker),
            "ChangeMessageVisibility" => self.change_visibility(read(request)?, asker),
            "ChangeMessageVisibilityBatch" => self.change_visibility_batch(read(request)?, asker),
            "CreateQueue" => self.create_queue(read(request)?, asker),
            "GetQueueUrl" => self.queue_url(read(request)?, asker),
            "ListQueues" => self.list_queues(read(request)?, asker),
            "GetQueueAttributes" => self.queue_attributes(read(request)?, asker),
            "SetQueueAttributes" => self.set_queue_attributes(read(request)?, asker),
            "ListQueueTags" => Ok(json!({})),
            "PurgeQueue" => self.purge_queue(read(request)?, asker),
            "DeleteQueue" => self.delete_queue(read(request)?, asker),
            other => Err(QueueError::unsupported(format_args!("operation {other}"))),
        }
    }

    /// Every queue's messages, the oldest first, without receiving them.
    pub fn messages(&self) -> BTreeMap<String, Vec<Value>> {
        let now = self.clock.now();
        let message = |message: &message::Message| {
            let mut told = json!({
                "MessageId": message.id,
                "Sent": message.sent.to_string(),
                "Body": message.body,
                "ReceiveCount": message.receives,
                "Visible": message.visible <= now,
            });
            if !message.attributes.is_empty() {
                told["MessageAttributes"] = json!(message.attributes);
            }
            if let Some(group) = &message.group {
                told["MessageGroupId"] = json!(group);
            }
            told
        };
        let queue = |(name, queue): (&Name, &Queue)| {
            (format!("{}/{}", name.account, name.name), queue.messages().map(message).collect())
        };
        self.lock().iter().map(queue).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Name, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with a queue.
    ///
    /// # Errors
    /// When there is none of that URL, and what `act` refuses.
    fn with<T>(
        &self,
        url: Option<&str>,
        asker: &Asker<'_>,
        act: impl FnOnce(&mut Queue) -> Result<T, QueueError>,
    ) -> Result<T, QueueError> {
        let name = Name::of(url, asker)?;
        act(self.lock().get_mut(&name).ok_or_else(QueueError::no_such_queue)?)
    }
}

impl Name {
    /// The queue that a URL ends with: `https://sqs.us-east-1.amazonaws.com/123456789012/name`, or only its name.
    fn of(url: Option<&str>, asker: &Asker<'_>) -> Result<Name, QueueError> {
        let url = url.filter(|url| !url.is_empty()).ok_or_else(|| QueueError::missing("QueueUrl"))?;
        let mut parts = url.rsplit('/');
        let name = parts.next().unwrap_or_default();
        let account = parts.next().filter(|part| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit()));
        let account = account.unwrap_or(&asker.caller.account);
        if !is_name(name) {
            return Err(QueueError::address(url));
        }
        Ok(Name { account: account.to_owned(), name: name.to_owned() })
    }

    fn is_fifo(&self) -> bool {
        self.name.ends_with(".fifo")
    }

    fn url(&self, asker: &Asker<'_>) -> String {
        let Caller { region, .. } = asker.caller;
        let aws = || format!("https://sqs.{region}.amazonaws.com");
        format!("{}/{}/{}", asker.base.map_or_else(aws, str::to_owned), self.account, self.name)
    }

    fn arn(&self, asker: &Asker<'_>) -> String {
        let Caller { region, .. } = asker.caller;
        format!("arn:{}:sqs:{region}:{}:{}", asker.caller.partition(), self.account, self.name)
    }
}

/// SQS API Reference, *CreateQueue*: up to 80 alphanumeric characters, hyphens and underscores; FIFO queues end with `.fifo`.
fn is_name(name: &str) -> bool {
    let plain = name.strip_suffix(".fifo").unwrap_or(name);
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !plain.is_empty() && name.len() <= 80 && plain.bytes().all(known)
}

fn read<T: DeserializeOwned>(request: &[u8]) -> Result<T, QueueError> {
    let request = if request.is_empty() { b"{}" } else { request };
    serde_json::from_slice(request).map_err(|error| QueueError::unreadable(&error))
}

/// The number, when it is within its bounds.
fn within(
    parameter: &str,
    value: Option<i64>,
    bounds: std::ops::RangeInclusive<i64>,
    reason: &str,
) -> Result<Option<u64>, QueueError> {
    match value {
        Some(value) if !bounds.contains(&value) => Err(QueueError::out_of_range(parameter, value, reason)),
        value => Ok(value.and_then(|value| u64::try_from(value).ok())),
    }
}

/// The entries of a batch, each with what became of it: successes and failures of one answer.
fn batch<E>(
    entries: Option<Vec<E>>,
    id: impl Fn(&E) -> Option<&str>,
    mut act: impl FnMut(E) -> Result<Value, QueueError>,
) -> Result<Value, QueueError> {
    let entries = entries.filter(|entries| !entries.is_empty()).ok_or_else(QueueError::empty_batch)?;
    if entries.len() > BATCH_MAX {
        return Err(QueueError::batch_too_long(entries.len()));
    }
    let ids = entries.iter().map(|entry| id(entry).map(str::to_owned).ok_or_else(|| QueueError::missing("Id")));
    let ids = ids.collect::<Result<Vec<String>, _>>()?;
    if let Some((_, twice)) = ids.iter().enumerate().find(|(index, id)| ids[..*index].contains(id)) {
        return Err(QueueError::entry_ids(twice));
    }
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (entry, id) in entries.into_iter().zip(ids) {
        match act(entry) {
            Ok(mut answer) => {
                answer["Id"] = json!(id);
                successful.push(answer);
            }
            Err(QueueError { code, message, .. }) => {
                failed.push(json!({ "Id": id, "Code": code, "Message": message, "SenderFault": true }));
            }
        }
    }
    Ok(json!({ "Successful": successful, "Failed": failed }))
}
