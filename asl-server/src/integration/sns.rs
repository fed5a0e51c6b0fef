//! `sns:publish`. Where nobody said where SNS is, local topics keep the messages where the user can read them.

use super::optimised::{Service, with_text};
use super::{Services, metadata};
use asl_engine::runtime::Clock;
use asl_engine::task::{TaskRequest, TaskResult};
use asl_engine::value::Object;
use asl_engine::{StatesError, Value};
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

const SNS: Service = Service { prefix: "SNS", name: "AmazonSNS" };

/// How many messages a topic keeps; older ones go first.
const MESSAGES_MAX: usize = 1_000;
/// How many topics there may be.
const TOPICS_MAX: usize = 1_000;
/// Bytes of a message (SNS quotas: 256 KiB).
const MESSAGE_BYTES_MAX: usize = 262_144;

/// The topics by their ARNs. A topic begins with its first message.
pub struct Topics {
    clock: Clock,
    topics: Mutex<BTreeMap<String, VecDeque<Published>>>,
}

/// A published message.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Published {
    /// Names the message.
    pub message_id: String,
    /// When, in the server's time.
    pub published: String,
    /// The execution that published it.
    pub execution_arn: String,
    /// The state that published it.
    pub state: String,
    /// Its text; what was no string is written as JSON.
    pub message: String,
    /// Its subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Value>,
    /// Its attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_attributes: Option<Value>,
}

impl Topics {
    pub(super) fn new(clock: Clock) -> Topics {
        Topics { clock, topics: Mutex::default() }
    }

    /// Every topic with its messages, the oldest first.
    pub fn messages(&self) -> BTreeMap<String, Vec<Published>> {
        self.lock().iter().map(|(arn, messages)| (arn.clone(), messages.iter().cloned().collect())).collect()
    }

    fn keep(&self, arn: &str, message: Published) -> bool {
        let mut topics = self.lock();
        if topics.len() >= TOPICS_MAX && !topics.contains_key(arn) {
            return false;
        }
        let messages = topics.entry(arn.to_owned()).or_default();
        if messages.len() >= MESSAGES_MAX {
            messages.pop_front();
        }
        messages.push_back(message);
        true
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, VecDeque<Published>>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn publish(services: &Services, request: &TaskRequest) -> TaskResult {
    if !services.aws.is_configured("sns") {
        return publish_here(&services.topics, request);
    }
    let parameters = with_text(&request.input, "Message");
    SNS.result(SNS.call(services, "sns", "publish", &parameters, request).await?)
}

/// Keeps the message in its local topic.
fn publish_here(topics: &Topics, request: &TaskRequest) -> TaskResult {
    let parameter = |name: &str| request.input.get(name);
    let target = ["TopicArn", "TargetArn"].iter().find_map(|name| parameter(name)?.as_str());
    let Some(arn) = target else {
        return Err(invalid_parameter("TopicArn or TargetArn Reason: no value for required parameter"));
    };
    if !arn.starts_with("arn:") || arn.split(':').nth(2) != Some("sns") || arn.split(':').count() < 6 {
        return Err(invalid_parameter("TopicArn"));
    }
    let message = match parameter("Message") {
        Some(Value::String(text)) if text.is_empty() => return Err(invalid_parameter("Empty message")),
        Some(Value::String(text)) => text.to_string(),
        Some(other) => other.to_json(),
        None => return Err(invalid_parameter("Empty message")),
    };
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(invalid_parameter("Message too long"));
    }
    let fifo = arn.ends_with(".fifo");
    if fifo && parameter("MessageGroupId").is_none() {
        return Err(invalid_parameter("The MessageGroupId parameter is required for FIFO topics"));
    }
    let message_id = uuid::Uuid::new_v4().to_string();
    tracing::info!(topic = arn, message_id, message, state = %request.state, "published");
    let kept = topics.keep(
        arn,
        Published {
            message_id: message_id.clone(),
            published: topics.clock.now().to_string(),
            execution_arn: request.execution_arn.to_string(),
            state: request.state.to_string(),
            message,
            subject: parameter("Subject").cloned(),
            message_attributes: parameter("MessageAttributes").cloned(),
        },
    );
    if !kept {
        let request_id = uuid::Uuid::new_v4().to_string();
        let message = "The server keeps no more topics";
        return Err(SNS.refused(Some("TopicLimitExceeded"), "TopicLimitExceeded", message, 400, &request_id));
    }
    let mut result = Object::default();
    result.insert("MessageId", Value::from(message_id));
    metadata::add(&mut result, &request.request_id(), "text/xml", if fifo { 352 } else { 294 });
    if fifo {
        let number = request.task + 10_000_000_000_000_000_000;
        result.insert("SequenceNumber", Value::from(number.to_string()));
    }
    Ok(Value::Object(result))
}

fn invalid_parameter(what: &str) -> StatesError {
    let message = format!("Invalid parameter: {what}");
    SNS.refused(Some("InvalidParameter"), "InvalidParameter", &message, 400, &uuid::Uuid::new_v4().to_string())
}
