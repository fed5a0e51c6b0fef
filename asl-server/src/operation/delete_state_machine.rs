//! DeleteStateMachine

use super::{Empty, settings};
use crate::service::{Caller, Service};
use crate::wire::arn::Resource;
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn};
use asl_engine::runtime::Status;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_arn: Option<String>,
}

/// Deletes at once when nothing runs. Else the state machine is DELETING until its executions have ended.
pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Empty, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("stateMachineArn", request.state_machine_arn, settings::ARN);
    constraints.check()?;
    if let Resource::StateMachine { qualifier: Some(_), .. } = Arn::parse_state_machine(&arn)?.resource {
        return Err(ApiError::invalid_arn(&arn));
    }
    let newly = match service.registry().write().state_machines.get_mut(&arn) {
        Some(machine) => !std::mem::replace(&mut machine.deleting, true),
        None => false,
    };
    if !newly {
        return Ok(Empty {});
    }
    // INVARIANT: no execution starts once `deleting` is set, so the running ones only become fewer.
    if next_running(service, &arn).is_none() {
        service.registry().write().delete_state_machine(&arn);
        return Ok(Empty {});
    }
    tokio::spawn(delete_once_ended(service.clone(), arn));
    Ok(Empty {})
}

/// Waits until no execution of the state machine runs, and deletes it.
pub(crate) async fn delete_once_ended(service: Service, arn: String) {
    while let Some(execution) = next_running(&service, &arn) {
        if service.engine().finished(&execution).await.is_none() {
            // The engine has stopped; the next start goes on with this.
            return;
        }
    }
    service.registry().write().delete_state_machine(&arn);
    if let Err(error) = service.registry().keep(service.engine()).await {
        tracing::error!(arn, %error, "the deletion of a state machine is not kept");
    }
}

fn next_running(service: &Service, arn: &str) -> Option<String> {
    let running = service.engine().executions(arn, Some(Status::Running), None, 1);
    running.first().map(|execution| execution.start.execution_arn.to_string())
}
