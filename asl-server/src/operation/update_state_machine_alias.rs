//! UpdateStateMachineAlias

use super::routing::{self, RouteRequest};
use super::settings;
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn, EpochSeconds};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    state_machine_alias_arn: Option<String>,
    description: Option<String>,
    routing_configuration: Option<Vec<RouteRequest>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    update_date: EpochSeconds,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("stateMachineAliasArn", request.state_machine_alias_arn, settings::ARN);
    let description = settings::description(&mut constraints, "description", request.description);
    let routes = request.routing_configuration.map(|routes| routing::constrain(&mut constraints, routes));
    constraints.check()?;
    let (state_machine_arn, _) = Arn::parse_qualified(&arn)?;
    if description.is_none() && routes.is_none() {
        let message = "Either the description or the routingConfiguration must be specified";
        return Err(ApiError::validation(message).with("reason", "MISSING_REQUIRED_PARAMETER"));
    }
    if !service.registry().read().aliases.contains_key(&arn) {
        return Err(ApiError::references_nothing());
    }
    if service.registry().state_machine(state_machine_arn)?.deleting {
        return Err(ApiError::state_machine_deleting(state_machine_arn));
    }
    if let Some(routes) = &routes
        && routing::check(service, routes)? != state_machine_arn
    {
        let message = "Routing configuration must contain versions of the alias's own state machine";
        return Err(ApiError::invalid_routing_configuration(message));
    }

    let now = service.engine().now();
    let mut tables = service.registry().write();
    let alias = tables.aliases.get_mut(&arn).ok_or_else(ApiError::references_nothing)?;
    let same = routes.as_ref().is_none_or(|routes| *routes == alias.routes)
        && (description.is_none() || description == alias.description);
    if !same {
        alias.routes = routes.unwrap_or_else(|| std::mem::take(&mut alias.routes));
        alias.description = description.or_else(|| alias.description.take());
        alias.updated = now;
    }
    Ok(Response { update_date: alias.updated.into() })
}
