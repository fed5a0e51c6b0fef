//! How a state machine logs, traces and encrypts.

use serde::{Deserialize, Serialize};

/// Where the executions' histories are logged. Kept and told; the destinations are not written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LoggingConfiguration {
    /// `ALL`, `ERROR`, `FATAL` or `OFF`.
    pub level: String,
    /// Inputs and outputs are logged, too.
    pub include_execution_data: bool,
    /// At most one log group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destinations: Option<Vec<LogDestination>>,
}

impl Default for LoggingConfiguration {
    fn default() -> Self {
        LoggingConfiguration { level: "OFF".to_owned(), include_execution_data: false, destinations: None }
    }
}

/// A destination of logs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogDestination {
    /// A log group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_watch_logs_log_group: Option<LogGroup>,
}

/// A log group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogGroup {
    /// Ends with `:*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_group_arn: Option<String>,
}

/// Is X-Ray tracing wanted? Kept and told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TracingConfiguration {
    /// Yes or no.
    pub enabled: bool,
}

/// How data at rest is encrypted. Kept and told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EncryptionConfiguration {
    /// `AWS_OWNED_KEY` or `CUSTOMER_MANAGED_KMS_KEY`.
    pub r#type: String,
    /// The customer's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// How long a data key is reused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_data_key_reuse_period_seconds: Option<i64>,
}

impl EncryptionConfiguration {
    /// The default.
    pub fn aws_owned() -> Self {
        EncryptionConfiguration { r#type: "AWS_OWNED_KEY".to_owned(), ..EncryptionConfiguration::default() }
    }
}
