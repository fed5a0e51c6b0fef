//! CreateStateMachineAlias

use super::routing::{self, RouteRequest};
use super::settings;
use crate::registry::Alias;
use crate::service::{Caller, Service};
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, EpochSeconds};
use serde::{Deserialize, Serialize};

/// What an alias may be called (API reference: *CharacterRestrictedName*).
const NAME_PATTERN: &str = r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    name: Option<String>,
    description: Option<String>,
    routing_configuration: Option<Vec<RouteRequest>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    state_machine_alias_arn: String,
    creation_date: EpochSeconds,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let description = settings::description(&mut constraints, "description", request.description);
    let missing = request.name.is_none();
    let name = constraints.text("name", request.name, settings::NAME);
    constraints.pattern("name", &name, NAME_PATTERN, missing || matches_pattern(&name));
    let routes = constraints.present("routingConfiguration", request.routing_configuration);
    let routes = routes.map(|routes| routing::constrain(&mut constraints, routes)).unwrap_or_default();
    constraints.check()?;
    let state_machine_arn = routing::check(service, &routes)?;

    let now = service.engine().now();
    let arn = format!("{state_machine_arn}:{name}");
    let alias = Alias { arn, name, description, routes, created: now, updated: now };
    let mut tables = service.registry().write();
    let alias = tables.create_alias(&state_machine_arn, alias)?;
    Ok(Response { state_machine_alias_arn: alias.arn.clone(), creation_date: alias.created.into() })
}

fn matches_pattern(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    name.bytes().all(allowed) && name.bytes().any(|byte| !byte.is_ascii_digit())
}
