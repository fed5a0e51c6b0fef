//! `SendMessage` and `SendMessageBatch`.

use super::error::QueueError;
use super::manage::too_many_queues;
use super::message::{Attributes, Message, attribute_bytes, attributes_digest, check, digest};
use super::request::{Batch, Send};
use super::store::Queue;
use super::{Asker, BYTES_MAX, Name, QUEUES_MAX, Queues, within};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Bytes of a message (SQS quotas: 1 MiB).
pub(super) const MESSAGE_BYTES_MAX: u64 = 1_048_576;

impl Queues {
    pub(super) fn send(&self, mut request: Send, asker: &Asker<'_>) -> Result<Value, QueueError> {
        let name = Name::of(request.queue_url.take().as_deref(), asker)?;
        let answer = self.send_to(&name, request, asker)?;
        self.arrived.notify_waiters();
        Ok(answer)
    }

    pub(super) fn send_batch(&self, request: Batch<Send>, asker: &Asker<'_>) -> Result<Value, QueueError> {
        let name = Name::of(request.queue_url.as_deref(), asker)?;
        let answer =
            super::batch(request.entries, |entry| entry.id.as_deref(), |entry| self.send_to(&name, entry, asker));
        self.arrived.notify_waiters();
        answer
    }

    fn send_to(&self, name: &Name, request: Send, asker: &Asker<'_>) -> Result<Value, QueueError> {
        let body = request.message_body.filter(|body| !body.is_empty());
        let body = body.ok_or_else(|| QueueError::missing("MessageBody"))?;
        let attributes = request.message_attributes.unwrap_or_default();
        check(&attributes)?;
        let system = request.message_system_attributes.unwrap_or_default();
        let reason = "Must be between 0 and 900, if provided.";
        let delay = within("DelaySeconds", request.delay_seconds, 0..=900, reason)?;
        let mut queues = self.lock();
        if !queues.contains_key(name) {
            if queues.len() >= QUEUES_MAX {
                return Err(too_many_queues());
            }
            let fifo = [("FifoQueue", "true"), ("ContentBasedDeduplication", "true")];
            let fifo = fifo.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let attributes = if name.is_fifo() { BTreeMap::from(fifo) } else { BTreeMap::new() };
            queues.insert(name.clone(), Queue::new(attributes, self.clock.now()));
        }
        let held: usize = queues.values().map(Queue::bytes).sum();
        let queue = queues.get_mut(name).ok_or_else(QueueError::no_such_queue)?;
        let max = queue.seconds("MaximumMessageSize", MESSAGE_BYTES_MAX) as usize;
        let bytes = body.len() + attribute_bytes(&attributes);
        if bytes > max {
            let message =
                format!("One or more parameters are invalid. Reason: Message must be shorter than {max} bytes.");
            return Err(QueueError::invalid(message));
        }
        if held + bytes > BYTES_MAX {
            return Err(QueueError::full(format!(
                "The local queues hold {held} bytes and take no more; receive and delete messages, or purge queues."
            )));
        }
        let deduplication =
            deduplication(queue, &body, request.message_deduplication_id, request.message_group_id.as_ref())?;
        if queue.is("FifoQueue") && delay.is_some_and(|delay| delay > 0) {
            let reason = "The request include parameter that is not valid for this queue type.";
            return Err(QueueError::out_of_range("DelaySeconds", delay.unwrap_or_default(), reason));
        }
        let now = self.clock.now();
        let delay = delay.unwrap_or_else(|| queue.seconds("DelaySeconds", 0));
        let mut answer = Map::new();
        answer.insert("MD5OfMessageBody".into(), json!(digest(&body)));
        digest_of(&mut answer, "MD5OfMessageAttributes", &attributes);
        digest_of(&mut answer, "MD5OfMessageSystemAttributes", &system);
        let message = Message {
            id: uuid::Uuid::new_v4().to_string(),
            body,
            attributes,
            sender: asker.caller.account.clone(),
            trace_header: system.get("AWSTraceHeader").and_then(|header| header.string_value.clone()),
            group: request.message_group_id,
            deduplication,
            sequence_number: None,
            sent: now,
            visible: now.plus_seconds(delay),
            first_received: None,
            receives: 0,
        };
        let (id, sequence_number) = queue.send(message, now)?;
        answer.insert("MessageId".into(), json!(id));
        if let Some(number) = sequence_number {
            answer.insert("SequenceNumber".into(), json!(number));
        }
        Ok(Value::Object(answer))
    }
}

/// The deduplication id of a message for a FIFO queue, which may be that of its content.
fn deduplication(
    queue: &Queue,
    body: &str,
    given: Option<String>,
    group: Option<&String>,
) -> Result<Option<String>, QueueError> {
    use sha2::{Digest, Sha256};
    if !queue.is("FifoQueue") {
        let reason = "The request include parameter that is not valid for this queue type.";
        return match given {
            Some(given) => Err(QueueError::out_of_range("MessageDeduplicationId", given, reason)),
            None => Ok(None),
        };
    }
    if group.is_none_or(String::is_empty) {
        return Err(QueueError::missing("MessageGroupId"));
    }
    match given {
        Some(given) => Ok(Some(given)),
        None if queue.is("ContentBasedDeduplication") => {
            Ok(Some(Sha256::digest(body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()))
        }
        None => Err(QueueError::invalid(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        )),
    }
}

fn digest_of(answer: &mut Map<String, Value>, name: &str, attributes: &Attributes) {
    if !attributes.is_empty() {
        answer.insert(name.to_owned(), json!(attributes_digest(attributes)));
    }
}
