//! ListActivities

use super::settings;
use crate::registry::entries_after;
use crate::service::{Caller, Service};
use crate::wire::page::page_size;
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, EpochSeconds};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    activities: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    activity_arn: String,
    name: String,
    creation_date: EpochSeconds,
}

pub(super) async fn run(service: &Service, caller: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    constraints.range("maxResults", request.max_results, settings::MAX_RESULTS);
    let token = constraints.optional_text("nextToken", request.next_token, settings::PAGE_TOKEN);
    constraints.check()?;
    let prefix = caller.arn_prefix("activity");
    let list = ["ListActivities", prefix.as_str()];
    let after = service.pages().position(&list, token.as_deref())?;
    let size = page_size(request.max_results);

    let tables = service.registry().read();
    let mut entries = entries_after(&tables.activities, prefix.clone(), after);
    let item = |activity: &crate::registry::Activity| Item {
        activity_arn: activity.arn.clone(),
        name: activity.name.clone(),
        creation_date: activity.created.into(),
    };
    let activities: Vec<Item> = entries.by_ref().take(size).map(item).collect();
    let last = activities.last().filter(|_| entries.next().is_some());
    let next_token = last.map(|item| service.pages().token(&list, &item.activity_arn));
    Ok(Response { activities, next_token })
}
