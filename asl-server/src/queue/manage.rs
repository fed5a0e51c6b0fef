//! Operations on queues.

use super::error::QueueError;
use super::request::{OfName, OfQueue};
use super::store::{Counts, Queue};
use super::{Asker, Name, QUEUES_MAX, Queues, is_name};
use asl_engine::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::RangeInclusive;

/// The attributes that can be set and do something: their defaults and bounds (SQS API Reference, *SetQueueAttributes*).
const NUMBERS: [(&str, u64, RangeInclusive<u64>); 5] = [
    ("DelaySeconds", 0, 0..=900),
    ("MaximumMessageSize", super::send::MESSAGE_BYTES_MAX, 1_024..=super::send::MESSAGE_BYTES_MAX),
    ("MessageRetentionPeriod", 345_600, 60..=1_209_600),
    ("ReceiveMessageWaitTimeSeconds", 0, 0..=20),
    ("VisibilityTimeout", 30, 0..=43_200),
];
/// The attributes that are yes or no.
const FLAGS: [&str; 2] = ["ContentBasedDeduplication", "FifoQueue"];
/// The attributes that are kept and told, but change nothing: nobody is kept out, and memory is not encrypted.
const KEPT: [&str; 6] = [
    "DeduplicationScope",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "Policy",
    "SqsManagedSseEnabled",
];

impl Queues {
    pub(super) fn create_queue(&self, request: OfName, asker: &Asker<'_>) -> Result<Value, QueueError> {
        let name = name(request.queue_name, None, asker)?;
        let attributes = request.attributes.unwrap_or_default();
        check(&attributes)?;
        let fifo = attributes.get("FifoQueue").is_some_and(|value| value == "true");
        if fifo != name.is_fifo() {
            return Err(QueueError::invalid(if fifo {
                "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with \
                 .fifo suffix and be 1 to 80 in length."
            } else {
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
            }));
        }
        let url = name.url(asker);
        let mut queues = self.lock();
        let full = queues.len() >= QUEUES_MAX;
        match queues.entry(name) {
            Entry::Occupied(queue) => {
                let differs = |(name, value): &(&String, &String)| told(queue.get(), name).as_ref() != Some(*value);
                if let Some((name, _)) = attributes.iter().find(differs) {
                    return Err(QueueError::other_attributes(name));
                }
            }
            Entry::Vacant(_) if full => return Err(too_many_queues()),
            Entry::Vacant(place) => _ = place.insert(Queue::new(attributes, self.clock.now())),
        }
        Ok(json!({ "QueueUrl": url }))
    }

    pub(super) fn queue_url(&self, request: OfName, asker: &Asker<'_>) -> Result<Value, QueueError> {
        let name = name(request.queue_name, request.owner, asker)?;
        match self.lock().contains_key(&name) {
            true => Ok(json!({ "QueueUrl": name.url(asker) })),
            false => Err(QueueError::no_such_queue()),
        }
    }

    pub(super) fn list_queues(&self, request: OfName, asker: &Asker<'_>) -> Result<Value, QueueError> {
        let prefix = request.queue_name_prefix.unwrap_or_default();
        let max = super::within(
            "MaxResults",
            request.max_results.map(|max| max as i64),
            1..=1_000,
            "Must be between 1 and 1000, if provided.",
        )?;
        let max = max.map_or(1_000, |max| max as usize);
        let queues = self.lock();
        let mine = queues.keys().filter(|name| name.account == asker.caller.account && name.name.starts_with(&prefix));
        let after = request.next_token.unwrap_or_default();
        let mut rest = mine.filter(|name| name.name > after).peekable();
        let page: Vec<&Name> = rest.by_ref().take(max).collect();
        let mut answer = Map::new();
        if !page.is_empty() {
            let urls: Vec<String> = page.iter().map(|name| name.url(asker)).collect();
            answer.insert("QueueUrls".into(), json!(urls));
        }
        if let (Some(_), Some(last)) = (rest.peek(), page.last()) {
            answer.insert("NextToken".into(), json!(last.name));
        }
        Ok(Value::Object(answer))
    }

    pub(super) fn queue_attributes(&self, request: OfQueue, asker: &Asker<'_>) -> Result<Value, QueueError> {
        let name = Name::of(request.queue_url.as_deref(), asker)?;
        let wanted = request.attribute_names.unwrap_or_default();
        let now = self.clock.now();
        let all = self.with(request.queue_url.as_deref(), asker, |queue| {
            let mut all = attributes(queue, now);
            all.insert("QueueArn".to_owned(), name.arn(asker));
            Ok(all)
        })?;
        if let Some(unknown) = wanted.iter().find(|name| !is_attribute(name)) {
            return Err(QueueError::attribute_name(unknown));
        }
        let wants = |name: &str| wanted.iter().any(|wanted| wanted == "All" || wanted == name);
        let told = all.into_iter().filter(|(name, _)| wants(name));
        let told: Map<String, Value> = told.map(|(name, value)| (name, json!(value))).collect();
        Ok(if told.is_empty() { json!({}) } else { json!({ "Attributes": told }) })
    }

    pub(super) fn set_queue_attributes(&self, request: OfQueue, asker: &Asker<'_>) -> Result<Value, QueueError> {
        let attributes = request.attributes.ok_or_else(|| QueueError::missing("Attribute.Name"))?;
        check(&attributes)?;
        let now = self.clock.now();
        self.with(request.queue_url.as_deref(), asker, |queue| {
            if let Some(value) =
                attributes.get("FifoQueue").filter(|value| told(queue, "FifoQueue").as_ref() != Some(*value))
            {
                return Err(QueueError::attribute_value("FifoQueue", value));
            }
            queue.attributes.extend(attributes);
            queue.modified = now;
            Ok(json!({}))
        })
    }

    pub(super) fn purge_queue(&self, request: OfQueue, asker: &Asker<'_>) -> Result<Value, QueueError> {
        self.with(request.queue_url.as_deref(), asker, |queue| {
            queue.purge();
            Ok(json!({}))
        })
    }

    pub(super) fn delete_queue(&self, request: OfQueue, asker: &Asker<'_>) -> Result<Value, QueueError> {
        let name = Name::of(request.queue_url.as_deref(), asker)?;
        self.lock().remove(&name).map(|_| json!({})).ok_or_else(QueueError::no_such_queue)
    }
}

pub(super) fn too_many_queues() -> QueueError {
    QueueError::full(format!("There are {QUEUES_MAX} local queues already; delete some."))
}

fn name(name: Option<String>, owner: Option<String>, asker: &Asker<'_>) -> Result<Name, QueueError> {
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| QueueError::missing("QueueName"))?;
    if !is_name(&name) {
        let message = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
        return Err(QueueError::invalid(message));
    }
    Ok(Name { account: owner.unwrap_or_else(|| asker.caller.account.clone()), name })
}

/// Are these attributes that can be set?
fn check(attributes: &BTreeMap<String, String>) -> Result<(), QueueError> {
    for (name, value) in attributes {
        let fits = match NUMBERS.iter().find(|(number, ..)| number == name) {
            Some((_, _, bounds)) => value.parse().is_ok_and(|number| bounds.contains(&number)),
            None if FLAGS.contains(&name.as_str()) => value == "true" || value == "false",
            None if KEPT.contains(&name.as_str()) => true,
            None if name == "RedrivePolicy" || name == "RedriveAllowPolicy" => {
                return Err(QueueError::unsupported(format_args!("dead-letter queues ({name})")));
            }
            None => return Err(QueueError::attribute_name(name)),
        };
        if !fits {
            return Err(QueueError::attribute_value(name, value));
        }
    }
    Ok(())
}

/// What can be asked for.
fn is_attribute(name: &str) -> bool {
    let computed = [
        "All",
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible",
        "CreatedTimestamp",
        "LastModifiedTimestamp",
        "QueueArn",
        "RedriveAllowPolicy",
        "RedrivePolicy",
    ];
    let known = NUMBERS.iter().map(|(name, ..)| *name).chain(FLAGS).chain(KEPT);
    computed.into_iter().chain(known).any(|known| known == name)
}

/// A settable attribute as it stands.
fn told(queue: &Queue, name: &str) -> Option<String> {
    let default = || NUMBERS.iter().find(|(number, ..)| *number == name).map(|(_, default, _)| default.to_string());
    queue.attributes.get(name).cloned().or_else(default).or_else(|| FLAGS.contains(&name).then(|| "false".to_owned()))
}

fn attributes(queue: &Queue, now: Timestamp) -> BTreeMap<String, String> {
    let Counts { visible, in_flight, delayed } = queue.counts(now);
    let seconds = |moment: Timestamp| (moment.as_millis() / 1_000).to_string();
    let mut all = queue.attributes.clone();
    for (name, default, _) in NUMBERS {
        all.entry(name.to_owned()).or_insert_with(|| default.to_string());
    }
    let computed = [
        ("ApproximateNumberOfMessages", visible.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", in_flight.to_string()),
        ("ApproximateNumberOfMessagesDelayed", delayed.to_string()),
        ("CreatedTimestamp", seconds(queue.created)),
        ("LastModifiedTimestamp", seconds(queue.modified)),
    ];
    all.extend(computed.map(|(name, value)| (name.to_owned(), value)));
    all
}
