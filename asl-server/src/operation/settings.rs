//! Checks of what several operations take: logging and encryption configurations, tags, included data, pages.

use crate::registry::{
    EncryptionConfiguration, LoggingConfiguration, Publication, Revision, Tag, Tags, TracingConfiguration,
};
use crate::wire::ApiError;
use crate::wire::validate::Constraints;
use asl_engine::query::QueryLanguage;
use serde::Deserialize;

/// Characters of an ARN.
pub(super) const ARN: std::ops::RangeInclusive<usize> = 1..=256;
/// Characters of an ARN that may name a Map Run or a version.
pub(super) const LONG_ARN: std::ops::RangeInclusive<usize> = 1..=2000;
/// Characters of a name.
pub(super) const NAME: std::ops::RangeInclusive<usize> = 1..=80;
/// Results a page may have.
pub(super) const MAX_RESULTS: std::ops::RangeInclusive<i64> = 0..=1000;
/// Characters of a page token.
pub(super) const PAGE_TOKEN: std::ops::RangeInclusive<usize> = 1..=1024;
/// Bytes of an execution's or a task's input or output.
pub(super) const PAYLOAD: std::ops::RangeInclusive<usize> = 0..=asl_engine::limits::PAYLOAD_BYTES_MAX;
/// Bytes of a definition.
pub(super) const DEFINITION: std::ops::RangeInclusive<usize> = 1..=asl_engine::limits::DEFINITION_BYTES_MAX;

/// How many tags a resource may have (Developer Guide, *Service quotas*).
const TAGS_MAX: usize = 50;

/// Checks the description of a version or an alias.
pub(super) fn description(constraints: &mut Constraints, member: &str, text: Option<String>) -> Option<String> {
    text.map(|text| constraints.secret_text(member, Some(text), 0..=256))
}

/// Checks `publish` and `versionDescription` of a request. `None`: no version is asked for.
pub(super) fn publication(publish: Option<bool>, description: Option<String>) -> Result<Option<Publication>, ApiError> {
    match (publish, description) {
        (Some(true), description) => Ok(Some(Publication { description })),
        (_, Some(_)) => Err(ApiError::validation("Version description can only be set when publish is true")),
        (_, None) => Ok(None),
    }
}

/// What is told of a revision's encryption.
///
/// AWS began to tell it in July 2024. Clients' recordings of older definitions do not know it, so a definition that was not
/// given one is told without it, unless it uses what is younger: variables or JSONata.
pub(super) fn told_encryption(revision: &Revision) -> Option<EncryptionConfiguration> {
    let program = &revision.program;
    let jsonata = program.query_language == QueryLanguage::Jsonata
        || program.states.iter().any(|state| state.query_language == QueryLanguage::Jsonata);
    let younger = jsonata || asl_engine::definition::sets_variables(program);
    revision.encryption.clone().or_else(|| younger.then(EncryptionConfiguration::aws_owned))
}

/// Checks `includedData`; true: with the data.
pub(super) fn included_data(constraints: &mut Constraints, value: Option<&str>) -> bool {
    constraints.one_of("includedData", value, &["ALL_DATA", "METADATA_ONLY"]);
    value != Some("METADATA_ONLY")
}

/// Checks `traceHeader`. It is not passed on: nothing is traced.
pub(super) fn trace_header(constraints: &mut Constraints, header: Option<String>) -> Option<String> {
    let header = constraints.optional_text("traceHeader", header, 0..=256)?;
    constraints.pattern("traceHeader", &header, r"\p{ASCII}*", header.is_ascii());
    Some(header)
}

/// Checks the words of a logging configuration.
pub(super) fn constrain_logging(constraints: &mut Constraints, logging: Option<&LoggingConfiguration>) {
    let Some(logging) = logging else { return };
    constraints.one_of("loggingConfiguration.level", Some(&logging.level), &["ALL", "ERROR", "FATAL", "OFF"]);
    for (index, destination) in logging.destinations.iter().flatten().enumerate() {
        let arn = destination.cloud_watch_logs_log_group.as_ref().and_then(|group| group.log_group_arn.clone());
        let member =
            format!("loggingConfiguration.destinations.{}.member.cloudWatchLogsLogGroup.logGroupArn", index + 1);
        constraints.optional_text(&member, arn, ARN);
    }
}

/// `tracingConfiguration` as requests give it.
#[derive(Deserialize)]
pub(super) struct TracingRequest {
    enabled: Option<bool>,
}

/// Checks a tracing configuration.
pub(super) fn tracing(request: Option<TracingRequest>) -> Result<Option<TracingConfiguration>, ApiError> {
    let Some(TracingRequest { enabled }) = request else { return Ok(None) };
    let enabled = enabled.ok_or_else(ApiError::invalid_tracing_configuration)?;
    Ok(Some(TracingConfiguration { enabled }))
}

/// `encryptionConfiguration` as requests give it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EncryptionRequest {
    r#type: Option<String>,
    kms_key_id: Option<String>,
    kms_data_key_reuse_period_seconds: Option<i64>,
}

/// Checks the words of an encryption configuration.
pub(super) fn constrain_encryption(
    constraints: &mut Constraints,
    request: Option<EncryptionRequest>,
) -> Option<EncryptionConfiguration> {
    let EncryptionRequest { r#type, kms_key_id, kms_data_key_reuse_period_seconds: period } = request?;
    let kms_key_id = constraints.optional_text("encryptionConfiguration.kmsKeyId", kms_key_id, 1..=2048);
    constraints.range("encryptionConfiguration.kmsDataKeyReusePeriodSeconds", period, 60..=900);
    let types = &["AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY"];
    constraints.one_of("encryptionConfiguration.type", r#type.as_deref(), types);
    let r#type = constraints.required("encryptionConfiguration.type", r#type);
    Some(EncryptionConfiguration { r#type, kms_key_id, kms_data_key_reuse_period_seconds: period })
}

/// Checks the meaning of a logging configuration.
pub(super) fn check_logging(logging: &LoggingConfiguration) -> Result<(), ApiError> {
    let destinations = logging.destinations.as_deref().unwrap_or_default();
    if destinations.len() > 1 || (destinations.is_empty() && logging.level != "OFF") {
        return Err(ApiError::invalid_logging_configuration("Must specify exactly one Log Destination."));
    }
    for destination in destinations {
        let arn = destination.cloud_watch_logs_log_group.as_ref().and_then(|group| group.log_group_arn.as_deref());
        let problem = match arn {
            None => "Must set valid CloudWatch Log Group ARN.",
            Some(arn) if !is_log_group(arn) => "Provided ARN is not CloudWatch Logs Log Group ARN.",
            Some(arn) if !arn.ends_with(":*") => "Log Group ARN must be provided with '*' qualifier.",
            Some(_) => continue,
        };
        return Err(ApiError::invalid_logging_configuration(problem));
    }
    Ok(())
}

/// `arn:PARTITION:logs:REGION:ACCOUNT:log-group:…`
fn is_log_group(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    matches!(parts.as_slice(), ["arn", _, "logs", _, _, "log-group", _])
}

/// Checks the meaning of an encryption configuration.
pub(super) fn check_encryption(encryption: Option<&EncryptionConfiguration>) -> Result<(), ApiError> {
    let Some(encryption) = encryption else { return Ok(()) };
    match (encryption.r#type.as_str(), &encryption.kms_key_id, encryption.kms_data_key_reuse_period_seconds) {
        ("AWS_OWNED_KEY", None, None) | ("CUSTOMER_MANAGED_KMS_KEY", Some(_), _) => Ok(()),
        ("AWS_OWNED_KEY", key, _) => {
            let member = if key.is_some() { "kmsKeyId" } else { "kmsDataKeyReusePeriodSeconds" };
            let problem = format!("Custom {member} is not allowed when selecting AWS_OWNED_KEY.");
            Err(ApiError::invalid_encryption_configuration(&problem))
        }
        _ => Err(ApiError::invalid_encryption_configuration("Must set a valid kmsKeyId.")),
    }
}

/// Checks the tags of a request.
pub(super) fn constrain_tags(constraints: &mut Constraints, tags: &[Tag]) {
    for (index, tag) in tags.iter().enumerate() {
        let number = index + 1;
        constraints.optional_text(&format!("tags.{number}.member.key"), Some(tag.key.clone()), 1..=128);
        constraints.optional_text(&format!("tags.{number}.member.value"), Some(tag.value.clone()), 0..=256);
    }
}

/// Checks the keys of tags that are to be taken away.
pub(super) fn constrain_tag_keys(constraints: &mut Constraints, keys: &[String]) {
    for (index, key) in keys.iter().enumerate() {
        constraints.optional_text(&format!("tagKeys.{}.member", index + 1), Some(key.clone()), 1..=128);
    }
}

/// The tags with `new` ones set.
pub(super) fn merge_tags(mut tags: Tags, new: Vec<Tag>, arn: &str) -> Result<Tags, ApiError> {
    for tag in new {
        match tags.iter_mut().find(|known| known.key == tag.key) {
            Some(known) => known.value = tag.value,
            None => tags.push(tag),
        }
    }
    if tags.len() > TAGS_MAX { Err(ApiError::too_many_tags(arn)) } else { Ok(tags) }
}
