//! The routing configuration of an alias, as requests give it.

use crate::registry::Route;
use crate::service::Service;
use crate::wire::arn::Qualifier;
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn};
use serde::Deserialize;
use std::fmt;

/// One item of `routingConfiguration`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RouteRequest {
    state_machine_version_arn: Option<String>,
    weight: Option<i64>,
}

impl fmt::Display for RouteRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arn = self.state_machine_version_arn.as_deref().unwrap_or("null");
        let weight = self.weight.map_or("null".to_owned(), |weight| weight.to_string());
        write!(f, "RoutingConfigurationListItem(stateMachineVersionArn={arn}, weight={weight})")
    }
}

/// Checks each item by itself. The routes are good once [`Constraints::check`] has passed.
pub(super) fn constrain(constraints: &mut Constraints, items: Vec<RouteRequest>) -> Vec<Route> {
    let shown: Vec<String> = items.iter().map(ToString::to_string).collect();
    constraints.items("routingConfiguration", &format!("[{}]", shown.join(", ")), items.len(), 1..=2);
    let route = |(index, item): (usize, RouteRequest)| {
        let member = |name| format!("routingConfiguration.{}.member.{name}", index + 1);
        let arn = member("stateMachineVersionArn");
        let state_machine_version_arn = constraints.text(&arn, item.state_machine_version_arn, super::settings::ARN);
        let weight = constraints.required(&member("weight"), item.weight);
        constraints.range(&member("weight"), Some(weight), 0..=100);
        Route { state_machine_version_arn, weight: u8::try_from(weight).unwrap_or(100) }
    };
    items.into_iter().enumerate().map(route).collect()
}

/// Checks the routes together: versions of one state machine that are there, with weights that add up to 100. Returns the
/// state machine's ARN.
pub(super) fn check(service: &Service, routes: &[Route]) -> Result<String, ApiError> {
    let list = |items: Vec<String>| format!("[{}]", items.join(", "));
    let arns = || list(routes.iter().map(|route| route.state_machine_version_arn.clone()).collect());
    let refuse = |what: &str, received: String| {
        Err(ApiError::invalid_routing_configuration(format_args!("{what}. Received: {received}")))
    };
    let mut state_machines = Vec::new();
    for route in routes {
        let arn = &route.state_machine_version_arn;
        Arn::parse_state_machine(arn)?;
        match Arn::parse_qualified(arn) {
            Ok((state_machine, Qualifier::Version(_))) => state_machines.push(state_machine),
            _ => return refuse("Routing configuration must contain state machine version ARNs", arns()),
        }
    }
    if let [first, second] = routes
        && first.state_machine_version_arn == second.state_machine_version_arn
    {
        return refuse("Routing configuration must contain distinct state machine version ARNs", arns());
    }
    if state_machines.iter().any(|state_machine| *state_machine != state_machines[0]) {
        return refuse("Routing configuration must contain versions of the same state machine", arns());
    }
    if routes.iter().map(|route| u32::from(route.weight)).sum::<u32>() != 100 {
        let weights = list(routes.iter().map(|route| route.weight.to_string()).collect());
        return refuse("Sum of routing configuration weights must equal 100", weights);
    }
    let tables = service.registry().read();
    if routes.iter().any(|route| !tables.versions.contains_key(&route.state_machine_version_arn)) {
        return Err(ApiError::references_nothing());
    }
    let state_machine = state_machines.first().copied().unwrap_or_default();
    match tables.state_machines.get(state_machine) {
        Some(machine) if machine.deleting => Err(ApiError::state_machine_deleting(state_machine)),
        Some(_) => Ok(state_machine.to_owned()),
        None => Err(ApiError::references_nothing()),
    }
}
