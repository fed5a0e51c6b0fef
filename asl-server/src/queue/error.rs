//! SQS's refusals, in its words.

use std::fmt;

/// Why a request is refused. SQS's JSON protocol names the `shape`; the older query protocol had the `code`, which SDKs and
/// Step Functions still tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueError {
    /// `QueueDoesNotExist`, …
    pub shape: &'static str,
    /// `AWS.SimpleQueueService.NonExistentQueue`, …
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
}

impl QueueError {
    fn new(shape: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        QueueError { shape, code, message: message.into() }
    }

    pub(super) fn no_such_queue() -> Self {
        let code = "AWS.SimpleQueueService.NonExistentQueue";
        Self::new("QueueDoesNotExist", code, "The specified queue does not exist.")
    }

    pub(super) fn other_attributes(name: &str) -> Self {
        Self::new(
            "QueueNameExists",
            "QueueAlreadyExists",
            format!("A queue already exists with the same name and a different value for attribute {name}"),
        )
    }

    pub(super) fn missing(parameter: &str) -> Self {
        let message = format!("The request must contain the parameter {parameter}.");
        Self::new("MissingParameter", "MissingParameter", message)
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValue", "InvalidParameterValue", message)
    }

    pub(super) fn out_of_range(parameter: &str, value: impl fmt::Display, reason: &str) -> Self {
        Self::invalid(format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}"))
    }

    pub(super) fn address(url: &str) -> Self {
        Self::new("InvalidAddress", "InvalidAddress", format!("The address {url} is not valid for this endpoint."))
    }

    pub(super) fn receipt_handle() -> Self {
        let name = "ReceiptHandleIsInvalid";
        Self::new(name, name, "The input receipt handle is invalid.")
    }

    pub(super) fn not_in_flight() -> Self {
        let code = "AWS.SimpleQueueService.MessageNotInflight";
        Self::new("MessageNotInflight", code, "The message referred to isn't in flight.")
    }

    pub(super) fn attribute_name(name: &str) -> Self {
        Self::new("InvalidAttributeName", "InvalidAttributeName", format!("Unknown Attribute {name}."))
    }

    pub(super) fn attribute_value(name: &str, value: &str) -> Self {
        let message = format!("Invalid value for the parameter {name}. Reason: {value} is not allowed.");
        Self::new("InvalidAttributeValue", "InvalidAttributeValue", message)
    }

    pub(super) fn empty_batch() -> Self {
        let code = "AWS.SimpleQueueService.EmptyBatchRequest";
        Self::new("EmptyBatchRequest", code, "There should be at least one entry in the request.")
    }

    pub(super) fn batch_too_long(entries: usize) -> Self {
        let code = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest";
        let message =
            format!("Maximum number of entries per request are {}. You have sent {entries}.", super::BATCH_MAX);
        Self::new("TooManyEntriesInBatchRequest", code, message)
    }

    pub(super) fn entry_ids(id: &str) -> Self {
        let code = "AWS.SimpleQueueService.BatchEntryIdsNotDistinct";
        Self::new("BatchEntryIdsNotDistinct", code, format!("Id {id} repeated."))
    }

    pub(super) fn full(message: impl Into<String>) -> Self {
        Self::new("OverLimit", "OverLimit", message)
    }

    pub(super) fn unsupported(what: impl fmt::Display) -> Self {
        let code = "AWS.SimpleQueueService.UnsupportedOperation";
        let message = format!("The local queues have no {what}; let a service that has it answer SQS's calls.");
        Self::new("UnsupportedOperation", code, message)
    }

    pub(super) fn unreadable(error: &serde_json::Error) -> Self {
        let name = "SerializationException";
        Self::new(name, name, format!("The request cannot be understood: {error}"))
    }
}
