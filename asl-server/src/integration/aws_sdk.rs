//! `aws-sdk:SERVICE:ACTION`: any action of any service, in the spelling of the SDK integrations (Developer Guide, *Learning to
//! use AWS service SDK integrations*).

use super::{Services, unsupported};
use crate::aws::model::Model;
use crate::aws::{Call, CallError, Refused};
use asl_engine::error::names;
use asl_engine::task::{Pattern, TaskRequest, TaskResult};
use asl_engine::{StatesError, error};
use std::time::Duration;

pub(super) async fn call(services: &Services, service: &str, action: &str, request: &TaskRequest) -> TaskResult {
    if matches!(request.resource.pattern(), Pattern::Sync | Pattern::Sync2) {
        return Err(unsupported(request.resource.arn()));
    }
    let call = Call {
        service,
        operation: action,
        parameters: &request.input,
        region: request.execution_arn.split(':').nth(3),
        timeout: request.timeout_seconds.map(Duration::from_secs),
        token: &request.request_id(),
        own_names: false,
    };
    match services.aws.call(call).await {
        Ok(answer) => Ok(answer.output),
        Err(CallError::Parameters(problem)) => Err(error::task_not_started(&request.input, &[problem.to_string()])),
        Err(error) => Err(failed(service, error)),
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
    let Refused { refusal, status, request_id, extended_request_id, prefix } = refused;
    let name = match &refusal.shape {
        Some(exception) => format!("{prefix}.{exception}"),
        None => format!("{prefix}.{prefix}Exception"),
    };
    let message = if refusal.message.is_empty() { "null" } else { refusal.message.as_str() };
    let extended = extended_request_id.as_ref().map(|id| format!(", Extended Request ID: {id}")).unwrap_or_default();
    let cause = format!(
        "{message} (Service: {prefix}, Status Code: {status}, Request ID: {request_id}{extended}) (SDK Attempt Count: 1)"
    );
    StatesError::new(name, cause)
}
