//! GetExecutionHistory

use super::settings;
use crate::execution;
use crate::service::{Caller, Service};
use crate::wire::page::page_size;
use crate::wire::validate::Constraints;
use crate::wire::{ApiError, Arn, history};
use asl_engine::Value;
use asl_engine::runtime::{HistoryPage, HistoryRange};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    execution_arn: Option<String>,
    max_results: Option<i64>,
    reverse_order: Option<bool>,
    next_token: Option<String>,
    include_execution_data: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    events: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

pub(super) async fn run(service: &Service, _: &Caller, request: Request) -> Result<Response, ApiError> {
    let mut constraints = Constraints::new();
    let arn = constraints.text("executionArn", request.execution_arn, settings::ARN);
    constraints.range("maxResults", request.max_results, settings::MAX_RESULTS);
    let token = constraints.optional_text("nextToken", request.next_token, settings::PAGE_TOKEN);
    constraints.check()?;
    let execution = execution::find(service, &arn)?;
    let backwards = request.reverse_order.unwrap_or(false);
    let list = ["GetExecutionHistory", arn.as_str(), if backwards { "backwards" } else { "forwards" }];
    let after = service.pages().position(&list, token.as_deref())?;
    let after: Option<u64> = after.map(|id| id.parse().map_err(|_| ApiError::invalid_token())).transpose()?;
    let size = page_size(request.max_results);
    let range = HistoryRange { after, backwards, limit: Some(size) };
    let page = service.engine().history_page(&arn, range).await;
    let page = page.map_err(|error| ApiError::internal(format!("The history cannot be told: {error}")))?;
    let HistoryPage { events, more } = page.ok_or_else(|| ApiError::execution_does_not_exist(&arn))?;
    let last = events.last().filter(|_| more);
    let next_token = last.map(|event| service.pages().token(&list, &event.id.to_string()));
    let region = Arn::parse(&arn)?.region;
    let style = history::Style {
        data: request.include_execution_data.unwrap_or(true),
        region: &region,
        start: Some(&execution.start),
    };
    Ok(Response { events: events.iter().map(|event| history::event(event, style)).collect(), next_token })
}
