//! What SQS's JSON protocol asks (SQS API Reference, *Actions*). Everything may be missing or null: what must be there is
//! checked by who needs it, in SQS's words.

use super::message::Attributes;
use serde::Deserialize;
use std::collections::BTreeMap;

/// `CreateQueue`, `GetQueueUrl`, `ListQueues`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub(super) struct OfName {
    pub(super) queue_name: Option<String>,
    pub(super) attributes: Option<BTreeMap<String, String>>,
    #[serde(rename = "tags")]
    pub(super) _tags: Option<BTreeMap<String, String>>,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    pub(super) owner: Option<String>,
    pub(super) queue_name_prefix: Option<String>,
    pub(super) max_results: Option<u64>,
    pub(super) next_token: Option<String>,
}

/// `GetQueueAttributes`, `SetQueueAttributes`, `PurgeQueue`, `DeleteQueue`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub(super) struct OfQueue {
    pub(super) queue_url: Option<String>,
    pub(super) attribute_names: Option<Vec<String>>,
    pub(super) attributes: Option<BTreeMap<String, String>>,
}

/// `SendMessage`, and the entries of `SendMessageBatch`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub(super) struct Send {
    pub(super) queue_url: Option<String>,
    pub(super) id: Option<String>,
    pub(super) message_body: Option<String>,
    pub(super) delay_seconds: Option<i64>,
    pub(super) message_attributes: Option<Attributes>,
    pub(super) message_system_attributes: Option<Attributes>,
    pub(super) message_deduplication_id: Option<String>,
    pub(super) message_group_id: Option<String>,
}

/// `ReceiveMessage`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub(super) struct Receive {
    pub(super) queue_url: Option<String>,
    pub(super) max_number_of_messages: Option<i64>,
    pub(super) visibility_timeout: Option<i64>,
    pub(super) wait_time_seconds: Option<i64>,
    pub(super) attribute_names: Option<Vec<String>>,
    pub(super) message_system_attribute_names: Option<Vec<String>>,
    pub(super) message_attribute_names: Option<Vec<String>>,
    pub(super) receive_request_attempt_id: Option<String>,
}

/// `DeleteMessage`, `ChangeMessageVisibility`, and their entries in batches
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub(super) struct OfMessage {
    pub(super) queue_url: Option<String>,
    pub(super) id: Option<String>,
    pub(super) receipt_handle: Option<String>,
    pub(super) visibility_timeout: Option<i64>,
}

/// `SendMessageBatch`, `DeleteMessageBatch`, `ChangeMessageVisibilityBatch`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub(super) struct Batch<E> {
    pub(super) queue_url: Option<String>,
    pub(super) entries: Option<Vec<E>>,
}
