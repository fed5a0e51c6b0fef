//! One queue: what waits in it, what is in flight, and what happens to both as time passes. Knows nothing of requests.

use super::error::QueueError;
use super::message::{Message, message_of};
use asl_engine::Timestamp;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Messages of a queue. SQS has no limit; a queue that nobody reads must not fill the memory.
pub(super) const MESSAGES_MAX: usize = 10_000;
/// How long a FIFO queue remembers deduplication ids (SQS Developer Guide, *Exactly-once processing*: 5 minutes).
const DEDUPLICATION_SECONDS: u64 = 300;
/// How many of them.
const DEDUPLICATION_MAX: usize = 100_000;

/// A queue.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    /// As they were given.
    pub(super) attributes: BTreeMap<String, String>,
    messages: VecDeque<Message>,
    /// What was sent under a deduplication id, and until when that counts.
    sent: BTreeMap<String, Sent>,
    sent_until: VecDeque<(Timestamp, String)>,
    next_number: u64,
    /// Of all messages together.
    bytes: usize,
}

/// A message's id, and its number in a FIFO queue.
pub(super) type Sent = (String, Option<String>);

/// How many messages there are, by what can be done with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) visible: usize,
    pub(super) in_flight: usize,
    pub(super) delayed: usize,
}

impl Queue {
    pub(super) fn new(attributes: BTreeMap<String, String>, now: Timestamp) -> Queue {
        Queue {
            created: now,
            modified: now,
            attributes,
            messages: VecDeque::new(),
            sent: BTreeMap::new(),
            sent_until: VecDeque::new(),
            next_number: 0,
            bytes: 0,
        }
    }

    /// An attribute that is a number, or its default.
    pub(super) fn seconds(&self, attribute: &str, default: u64) -> u64 {
        self.attributes.get(attribute).and_then(|text| text.parse().ok()).unwrap_or(default)
    }

    pub(super) fn is(&self, attribute: &str) -> bool {
        self.attributes.get(attribute).is_some_and(|text| text == "true")
    }

    /// The messages, the oldest first.
    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    /// The bytes of all messages together.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Puts a message in. The same deduplication id again within five minutes gives the message of then.
    ///
    /// # Errors
    /// When the queue is full.
    pub(super) fn send(&mut self, mut message: Message, now: Timestamp) -> Result<Sent, QueueError> {
        self.forget(now);
        if let Some(sent) = message.deduplication.as_ref().and_then(|id| self.sent.get(id)) {
            return Ok(sent.clone());
        }
        if self.messages.len() >= MESSAGES_MAX {
            return Err(QueueError::full(format!(
                "The local queue holds {MESSAGES_MAX} messages and takes no more; receive and delete some, or purge it."
            )));
        }
        if self.is("FifoQueue") {
            self.next_number += 1;
            // Twenty digits, as SQS has them.
            message.sequence_number = Some((10_000_000_000_000_000_000 + self.next_number).to_string());
        }
        let sent = (message.id.clone(), message.sequence_number.clone());
        if let Some(deduplication) = message.deduplication.clone() {
            self.sent_until.push_back((now.plus_seconds(DEDUPLICATION_SECONDS), deduplication.clone()));
            self.sent.insert(deduplication, sent.clone());
        }
        self.bytes += message.bytes();
        self.messages.push_back(message);
        Ok(sent)
    }

    /// Takes up to `max` messages, which nobody else gets for so many seconds.
    ///
    /// Of a FIFO queue's groups, those are passed over that have an earlier message in flight.
    pub(super) fn receive(&mut self, max: usize, hidden_seconds: u64, now: Timestamp) -> Vec<Message> {
        self.forget(now);
        let fifo = self.is("FifoQueue");
        let mut busy = BTreeSet::new();
        let mut received = Vec::new();
        for message in &mut self.messages {
            if received.len() >= max {
                break;
            }
            let group = message.group.as_deref().unwrap_or_default();
            if message.visible > now {
                if fifo {
                    busy.insert(group.to_owned());
                }
                continue;
            }
            if fifo && busy.contains(group) {
                continue;
            }
            message.receives += 1;
            message.first_received.get_or_insert(now);
            message.visible = now.plus_seconds(hidden_seconds);
            received.push(message.clone());
        }
        received
    }

    /// When the next message becomes visible by itself.
    pub(super) fn next_visible(&self, now: Timestamp) -> Option<Timestamp> {
        self.messages.iter().map(|message| message.visible).filter(|visible| *visible > now).min()
    }

    /// Takes a message away for good. One that is gone already, or that somebody else received since, is left alone: SQS
    /// answers both with success.
    ///
    /// # Errors
    /// When the handle is none.
    pub(super) fn delete(&mut self, receipt_handle: &str) -> Result<(), QueueError> {
        let id = message_of(receipt_handle)?;
        let received = |message: &Message| message.id == id && message.receipt_handle() == receipt_handle;
        if let Some(message) = self.messages.iter().position(received).and_then(|index| self.messages.remove(index)) {
            self.bytes -= message.bytes();
        }
        Ok(())
    }

    /// Hides a message that is in flight for so many seconds from now; 0: for no longer.
    ///
    /// # Errors
    /// When the handle is none, or the message is not in flight.
    pub(super) fn hide(&mut self, receipt_handle: &str, seconds: u64, now: Timestamp) -> Result<(), QueueError> {
        let id = message_of(receipt_handle)?;
        let message = self.messages.iter_mut().find(|message| message.id == id);
        let message = message.filter(|message| message.visible > now && message.receipt_handle() == receipt_handle);
        message.ok_or_else(QueueError::not_in_flight)?.visible = now.plus_seconds(seconds);
        Ok(())
    }

    pub(super) fn purge(&mut self) {
        self.messages.clear();
        self.bytes = 0;
    }

    pub(super) fn counts(&self, now: Timestamp) -> Counts {
        let mut counts = Counts::default();
        for message in &self.messages {
            match message.visible > now {
                false => counts.visible += 1,
                true if message.receives == 0 => counts.delayed += 1,
                true => counts.in_flight += 1,
            }
        }
        counts
    }

    /// What is too old goes.
    fn forget(&mut self, now: Timestamp) {
        let days = 4 * 24 * 3600;
        let retention = self.seconds("MessageRetentionPeriod", days);
        while self.messages.front().is_some_and(|message| message.sent.plus_seconds(retention) <= now) {
            self.bytes -= self.messages.pop_front().map_or(0, |message| message.bytes());
        }
        let old = |(until, _): &(Timestamp, String), count: usize| *until <= now || count > DEDUPLICATION_MAX;
        while self.sent_until.front().is_some_and(|first| old(first, self.sent_until.len())) {
            if let Some((_, deduplication)) = self.sent_until.pop_front() {
                self.sent.remove(&deduplication);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_767_323_045_000);

    fn later(seconds: u64) -> Timestamp {
        NOW.plus_seconds(seconds)
    }

    fn message(body: &str, group: Option<&str>, deduplication: Option<&str>) -> Message {
        Message {
            id: uuid::Uuid::new_v4().to_string(),
            body: body.to_owned(),
            attributes: BTreeMap::new(),
            sender: String::new(),
            trace_header: None,
            group: group.map(str::to_owned),
            deduplication: deduplication.map(str::to_owned),
            sequence_number: None,
            sent: NOW,
            visible: NOW,
            first_received: None,
            receives: 0,
        }
    }

    fn queue(attributes: &[(&str, &str)]) -> Queue {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Queue::new(attributes.collect(), NOW)
    }

    fn bodies(messages: &[Message]) -> Vec<&str> {
        messages.iter().map(|message| message.body.as_str()).collect()
    }

    #[test]
    fn what_is_received_is_hidden_until_it_is_deleted_or_its_time_is_up() {
        let mut queue = queue(&[]);
        for body in ["a", "b", "c"] {
            queue.send(message(body, None, None), NOW).unwrap();
        }
        let first = queue.receive(2, 30, NOW);
        assert_eq!(bodies(&first), ["a", "b"]);
        assert_eq!(queue.counts(NOW), Counts { visible: 1, in_flight: 2, delayed: 0 });
        queue.delete(&first[0].receipt_handle()).unwrap();
        assert_eq!(bodies(&queue.receive(10, 30, later(29))), ["c"]);
        let again = queue.receive(10, 30, later(30));
        assert_eq!((bodies(&again), again[0].receives), (vec!["b"], 2));

        // The handle of the first time no longer counts.
        queue.delete(&first[1].receipt_handle()).unwrap();
        assert_eq!(queue.messages().count(), 2);
        assert_eq!(queue.hide(&first[1].receipt_handle(), 5, later(31)), Err(QueueError::not_in_flight()));
        queue.hide(&again[0].receipt_handle(), 0, later(31)).unwrap();
        assert_eq!(bodies(&queue.receive(10, 30, later(31))), ["b"]);
        assert_eq!(queue.delete("x"), Err(QueueError::receipt_handle()));
        assert_eq!(queue.next_visible(later(31)), Some(later(59)));
    }

    #[test]
    fn a_fifo_queue_keeps_the_order_of_each_group_and_forgets_repetitions() {
        let mut queue = queue(&[("FifoQueue", "true")]);
        let sent = queue.send(message("a1", Some("a"), Some("1")), NOW).unwrap();
        assert_eq!(queue.send(message("again", Some("a"), Some("1")), later(299)).unwrap(), sent);
        queue.send(message("a2", Some("a"), Some("2")), NOW).unwrap();
        queue.send(message("b1", Some("b"), Some("3")), NOW).unwrap();
        let first = queue.receive(1, 30, NOW);
        assert_eq!(bodies(&first), ["a1"]);
        assert_eq!(first[0].sequence_number.as_ref().unwrap().len(), 20);
        let second = queue.receive(10, 30, NOW);
        assert_eq!(bodies(&second), ["b1"], "a1 is in flight, so a2 waits");
        queue.delete(&first[0].receipt_handle()).unwrap();
        assert_eq!(bodies(&queue.receive(10, 30, NOW)), ["a2"]);
        assert_ne!(queue.send(message("much later", Some("a"), Some("1")), later(300)).unwrap(), sent);
    }

    #[test]
    fn what_nobody_wants_goes_and_a_full_queue_says_so() {
        let mut queue = queue(&[("MessageRetentionPeriod", "60")]);
        for _ in 0..MESSAGES_MAX {
            queue.send(message("m", None, None), NOW).unwrap();
        }
        assert_eq!(queue.send(message("m", None, None), later(59)).unwrap_err().code, "OverLimit");
        assert!(queue.send(message("m", None, None), later(60)).is_ok());
        assert_eq!(queue.messages().count(), 1);
        queue.purge();
        assert_eq!(queue.counts(NOW), Counts::default());
    }
}
