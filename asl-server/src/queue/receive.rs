//! `ReceiveMessage`, and what is done with messages that were received.

use super::error::QueueError;
use super::message::{Attributes, Message, attributes_digest, digest};
use super::request::{Batch, OfMessage, Receive};
use super::{Asker, BATCH_MAX, Queues, within};
use serde_json::{Map, Value, json};
use std::pin::pin;
use std::time::Duration;

impl Queues {
    /// Waits, when it should, until there is something.
    pub(super) async fn receive(&self, request: Receive, asker: &Asker<'_>) -> Result<Value, QueueError> {
        let reason = "Must be between 1 and 10, if provided.";
        let max = within("MaxNumberOfMessages", request.max_number_of_messages, 1..=BATCH_MAX as i64, reason)?;
        let hidden = visibility(request.visibility_timeout)?;
        let wait =
            within("WaitTimeSeconds", request.wait_time_seconds, 0..=20, "Must be >= 0 and <= 20, if provided.")?;
        let url = request.queue_url.as_deref();
        let mut until = None;
        loop {
            // Before it looks, so that what arrives while it looks is not missed.
            let mut arrived = pin!(self.arrived.notified());
            arrived.as_mut().enable();
            let now = self.clock.now();
            let (messages, next) = self.with(url, asker, |queue| {
                let wait = wait.unwrap_or_else(|| queue.seconds("ReceiveMessageWaitTimeSeconds", 0));
                until.get_or_insert(now.plus_seconds(wait));
                let hidden = hidden.unwrap_or_else(|| queue.seconds("VisibilityTimeout", 30));
                Ok((queue.receive(max.unwrap_or(1) as usize, hidden, now), queue.next_visible(now)))
            })?;
            let until = until.unwrap_or(now);
            if !messages.is_empty() || until <= now {
                return Ok(answer(&messages, &request));
            }
            let wake = next.map_or(until, |next| next.min(until));
            let pause = u64::try_from(wake.as_millis() - now.as_millis()).unwrap_or_default();
            tokio::select! {
                () = arrived => {}
                () = self.clock.sleep(Duration::from_millis(pause)) => {}
            }
        }
    }

    pub(super) fn delete(&self, request: OfMessage, asker: &Asker<'_>) -> Result<Value, QueueError> {
        let url = request.queue_url.clone();
        self.delete_from(url.as_deref(), request, asker)
    }

    pub(super) fn delete_batch(&self, request: Batch<OfMessage>, asker: &Asker<'_>) -> Result<Value, QueueError> {
        let url = request.queue_url.as_deref();
        self.with(url, asker, |_| Ok(()))?;
        super::batch(request.entries, |entry| entry.id.as_deref(), |entry| self.delete_from(url, entry, asker))
    }

    fn delete_from(&self, url: Option<&str>, message: OfMessage, asker: &Asker<'_>) -> Result<Value, QueueError> {
        let handle = message.receipt_handle.ok_or_else(|| QueueError::missing("ReceiptHandle"))?;
        let deleted = self.with(url, asker, |queue| queue.delete(&handle));
        // The next message of a FIFO group may be waited for.
        self.arrived.notify_waiters();
        deleted.map(|()| json!({}))
    }

    pub(super) fn change_visibility(&self, request: OfMessage, asker: &Asker<'_>) -> Result<Value, QueueError> {
        let url = request.queue_url.clone();
        self.change_visibility_in(url.as_deref(), request, asker)
    }

    pub(super) fn change_visibility_batch(
        &self,
        request: Batch<OfMessage>,
        asker: &Asker<'_>,
    ) -> Result<Value, QueueError> {
        let url = request.queue_url.as_deref();
        self.with(url, asker, |_| Ok(()))?;
        super::batch(request.entries, |entry| entry.id.as_deref(), |entry| self.change_visibility_in(url, entry, asker))
    }

    fn change_visibility_in(
        &self,
        url: Option<&str>,
        message: OfMessage,
        asker: &Asker<'_>,
    ) -> Result<Value, QueueError> {
        let handle = message.receipt_handle.ok_or_else(|| QueueError::missing("ReceiptHandle"))?;
        let hidden = visibility(message.visibility_timeout)?.ok_or_else(|| QueueError::missing("VisibilityTimeout"))?;
        let now = self.clock.now();
        let changed = self.with(url, asker, |queue| queue.hide(&handle, hidden, now));
        self.arrived.notify_waiters();
        changed.map(|()| json!({}))
    }
}

fn visibility(seconds: Option<i64>) -> Result<Option<u64>, QueueError> {
    within("VisibilityTimeout", seconds, 0..=43_200, "Must be between 0 and 43200, if provided.")
}

fn answer(messages: &[Message], request: &Receive) -> Value {
    if messages.is_empty() {
        return json!({});
    }
    let messages: Vec<Value> = messages.iter().map(|message| told(message, request)).collect();
    json!({ "Messages": messages })
}

fn told(message: &Message, request: &Receive) -> Value {
    let mut told = json!({
        "MessageId": message.id,
        "ReceiptHandle": message.receipt_handle(),
        "MD5OfBody": digest(&message.body),
        "Body": message.body,
    });
    let wanted = request.message_attribute_names.as_deref().unwrap_or_default();
    let wants = |name: &str| {
        wanted.iter().any(|wanted| match wanted.strip_suffix(".*") {
            Some(prefix) => name.starts_with(prefix),
            None => wanted == "All" || wanted == ".*" || wanted == name,
        })
    };
    let attributes: Attributes =
        message.attributes.iter().filter(|(name, _)| wants(name)).map(|(n, a)| (n.clone(), a.clone())).collect();
    if !attributes.is_empty() {
        told["MD5OfMessageAttributes"] = json!(attributes_digest(&attributes));
        told["MessageAttributes"] = json!(attributes);
    }
    let system = system_attributes(message, request);
    if !system.is_empty() {
        told["Attributes"] = Value::Object(system);
    }
    told
}

fn system_attributes(message: &Message, request: &Receive) -> Map<String, Value> {
    let wanted = [&request.attribute_names, &request.message_system_attribute_names];
    let wants = |name: &str| {
        wanted.iter().flat_map(|names| names.iter().flatten()).any(|wanted| wanted == "All" || wanted == name)
    };
    let all = [
        ("SenderId", Some(message.sender.clone())),
        ("SentTimestamp", Some(message.sent.as_millis().to_string())),
        ("ApproximateReceiveCount", Some(message.receives.to_string())),
        ("ApproximateFirstReceiveTimestamp", message.first_received.map(|first| first.as_millis().to_string())),
        ("MessageGroupId", message.group.clone()),
        ("MessageDeduplicationId", message.deduplication.clone()),
        ("SequenceNumber", message.sequence_number.clone()),
        ("AWSTraceHeader", message.trace_header.clone()),
    ];
    let told = all.into_iter().filter(|(name, _)| wants(name));
    told.filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?)))).collect()
}
