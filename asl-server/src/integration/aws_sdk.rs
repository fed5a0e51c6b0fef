//! `aws-sdk:SERVICE:ACTION`: any action of any service, in the spelling of the SDK integrations (Developer Guide, *Learning to
//! use AWS service SDK integrations*).

use super::{Services, unsupported};
use crate::aws::model::Model;
use crate::aws::{Call, CallError, Refused};
use asl_engine::error::names;
use asl_engine::task::{Pattern, TaskRequest, TaskResult};
use asl_engine::{StatesError, Value, error};
use std::time::Duration;

pub(super) async fn call(services: &Services, service: &str, action: &str, request: &TaskRequest) -> TaskResult {
    if matches!(request.resource.pattern(), Pattern::Sync | Pattern::Sync2) {
        return Err(unsupported(request.resource.arn()));
    }
    let call = Call {
        region: super::region(request),
        timeout: request.timeout_seconds.map(Duration::from_secs),
        token: &request.request_id(),
        role: role(request)?,
        ..Call::new(service, action, &request.input)
    };
    match services.aws.call(call).await {
        Ok(answer) => Ok(answer.output),
        Err(CallError::Parameters(problem)) => Err(error::task_not_started(&request.input, &[problem.to_string()])),
        Err(error) => Err(failed(service, error)),
    }
}

/// The role of the state's `Credentials`.
pub(super) fn role(request: &TaskRequest) -> Result<Option<&str>, StatesError> {
    let Some(credentials) = &request.credentials else { return Ok(None) };
    match credentials.get("RoleArn").and_then(Value::as_str) {
        Some(role) => Ok(Some(role)),
        None => Err(StatesError::runtime("The Credentials have no RoleArn, or one that is no string.")),
    }
}

/// Why a call has no result, as the task's error.
fn failed(service: &str, error: CallError) -> StatesError {
    let cause = error.to_string();
    match error {
        CallError::Refused(refused) => refused_by_service(&refused),
        CallError::TimedOut { .. } => StatesError::new(names::TIMEOUT, cause),
        CallError::TooLarge => error::data_limit_exceeded(&format!("aws-sdk:{service}")),
        CallError::Unreachable(_) | CallError::Unreadable(_) => {
            let prefix = Model::of(service).map(|model| model.service.prefix.clone());
            StatesError::new(format!("{}.SdkClientException", prefix.unwrap_or_default()), cause)
        }
        CallError::Parameters(_)
        | CallError::NotConfigured { .. }
        | CallError::NoCredentials
        | CallError::UnknownService(_)
        | CallError::UnknownOperation { .. } => StatesError::runtime(cause),
    }
}

/// The service's own error: `DynamoDb.ResourceNotFoundException`, or `DynamoDb.DynamoDbException` for one that the service's
/// model does not have.
fn refused_by_service(refused: &Refused) -> StatesError {
    let Refused { refusal, prefix, .. } = refused;
    let name = match &refusal.shape {
        Some(exception) => format!("{prefix}.{exception}"),
        None => format!("{prefix}.{prefix}Exception"),
    };
    StatesError::new(name, refused.to_string())
}
