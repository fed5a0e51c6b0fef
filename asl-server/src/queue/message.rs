//! Messages and their attributes.

use super::error::QueueError;
use asl_engine::Timestamp;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Attributes of a message (SQS Developer Guide, *Message attributes*: "Each message can have up to 10 attributes").
const ATTRIBUTES_MAX: usize = 10;

/// Attributes by their names. Sorted, as their digest needs them.
pub(super) type Attributes = BTreeMap<String, Attribute>;

/// A typed value that travels beside a message's body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Attribute {
    pub(super) data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) string_value: Option<String>,
    /// Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) binary_value: Option<String>,
}

/// A message in a queue.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) body: String,
    pub(super) attributes: Attributes,
    pub(super) sender: String,
    pub(super) trace_header: Option<String>,
    pub(super) group: Option<String>,
    pub(super) deduplication: Option<String>,
    /// FIFO queues number their messages.
    pub(super) sequence_number: Option<String>,
    pub(super) sent: Timestamp,
    pub(super) visible: Timestamp,
    pub(super) first_received: Option<Timestamp>,
    pub(super) receives: u32,
}

impl Message {
    /// Names the message as it was received last.
    pub(super) fn receipt_handle(&self) -> String {
        format!("{}+{}", self.id, self.receives)
    }

    /// What it counts towards limits.
    pub(super) fn bytes(&self) -> usize {
        self.body.len() + attribute_bytes(&self.attributes)
    }
}

/// The message's id in a receipt handle.
///
/// # Errors
/// When it is none of ours.
pub(super) fn message_of(receipt_handle: &str) -> Result<&str, QueueError> {
    let (id, number) = receipt_handle.split_once('+').ok_or_else(QueueError::receipt_handle)?;
    match number.parse::<u32>() {
        Ok(1..) if uuid::Uuid::try_parse(id).is_ok() => Ok(id),
        _ => Err(QueueError::receipt_handle()),
    }
}

pub(super) fn attribute_bytes(attributes: &Attributes) -> usize {
    let value = |attribute: &Attribute| {
        attribute.string_value.as_deref().map_or(0, str::len) + attribute.binary_value.as_deref().map_or(0, str::len)
    };
    attributes.iter().map(|(name, attribute)| name.len() + attribute.data_type.len() + value(attribute)).sum()
}

/// Are these the attributes of a message?
///
/// # Errors
/// The first that is none.
pub(super) fn check(attributes: &Attributes) -> Result<(), QueueError> {
    if attributes.len() > ATTRIBUTES_MAX {
        return Err(QueueError::invalid(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{ATTRIBUTES_MAX}].",
            attributes.len()
        )));
    }
    for (name, attribute) in attributes {
        let kind = attribute.data_type.split('.').next().unwrap_or_default();
        let value = match kind {
            "String" | "Number" => attribute.string_value.as_deref(),
            "Binary" => attribute.binary_value.as_deref(),
            _ => {
                return Err(QueueError::invalid(format!(
                    "The message attribute '{name}' has an invalid message attribute type, the set of supported type \
                     prefixes is Binary, Number, and String."
                )));
            }
        };
        if value.is_none_or(str::is_empty) {
            let kind = if kind == "Binary" { "binary" } else { "string" };
            return Err(QueueError::invalid(format!(
                "The message attribute '{name}' must contain a non-empty message attribute value for message attribute \
                 type '{kind}'."
            )));
        }
    }
    Ok(())
}

/// The digest of a body.
pub(super) fn digest(body: &str) -> String {
    hex(&Md5::digest(body.as_bytes()))
}

/// The digest of attributes (SQS Developer Guide, *Calculating the MD5 message digest for message attributes*): of each, in
/// the order of their names, the lengths and bytes of its name, its type and its value.
pub(super) fn attributes_digest(attributes: &Attributes) -> String {
    use base64::Engine as _;
    fn add(digest: &mut Md5, bytes: &[u8]) {
        digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        digest.update(bytes);
    }
    let mut digest = Md5::new();
    for (name, attribute) in attributes {
        add(&mut digest, name.as_bytes());
        add(&mut digest, attribute.data_type.as_bytes());
        match &attribute.string_value {
            Some(text) => {
                digest.update([1]);
                add(&mut digest, text.as_bytes());
            }
            None => {
                let base64 = attribute.binary_value.as_deref().unwrap_or_default();
                digest.update([2]);
                add(&mut digest, &base64::engine::general_purpose::STANDARD.decode(base64).unwrap_or_default());
            }
        }
    }
    hex(&digest.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_have_the_digest_that_clients_compute() {
        let attribute = |data_type: &str, string: Option<&str>, binary: Option<&str>| Attribute {
            data_type: data_type.to_owned(),
            string_value: string.map(str::to_owned),
            binary_value: binary.map(str::to_owned),
        };
        let mut attributes = Attributes::from([("a".to_owned(), attribute("String", Some("Hello"), None))]);
        assert_eq!(attributes_digest(&attributes), "60d69570e16cf9ab2558e12d2b9c764d");
        attributes.insert("a".to_owned(), attribute("String.x", Some("Hello"), None));
        attributes.insert("b".to_owned(), attribute("Binary", None, Some("aGk=")));
        assert_eq!(attributes_digest(&attributes), "c46ee4f71add94263f869f5e6719a32e");
    }
}
