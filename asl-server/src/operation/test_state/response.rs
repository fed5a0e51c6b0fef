//! The answer of TestState.

use super::request::Level;
use crate::integration::Exchange;
use crate::wire::json_text::spaced;
use asl_engine::Value;
use asl_engine::query::QueryLanguage;
use asl_engine::test_state::{Report, Status};
use serde::Serialize;
use serde_json::{Map, json};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::operation) struct Response {
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inspection_data: Option<Map<String, serde_json::Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_state: Option<String>,
    status: &'static str,
}

impl Response {
    /// What the API tells of a test whose input was that text.
    pub(super) fn new(report: &Report, input: String, level: Level, exchange: Exchange) -> Self {
        let error = report.error.as_ref();
        Response {
            output: report.output.as_ref().map(spaced),
            error: error.and_then(|error| error.error.as_ref()).map(ToString::to_string),
            cause: error.and_then(|error| error.cause.as_ref()).map(ToString::to_string),
            inspection_data: (level != Level::Info).then(|| inspection_data(report, input, exchange)),
            next_state: report.next_state.as_ref().map(ToString::to_string),
            status: match report.status {
                Status::Succeeded => "SUCCEEDED",
                Status::Failed => "FAILED",
                Status::Retriable => "RETRIABLE",
                Status::CaughtError => "CAUGHT_ERROR",
            },
        }
    }
}

/// InspectionData: its members are JSON texts, and those that do not apply are left out.
fn inspection_data(report: &Report, input: String, exchange: Exchange) -> Map<String, serde_json::Value> {
    let seen = &report.inspection;
    let mut data = Map::from_iter([("input".to_owned(), json!(input))]);
    let jsonpath = report.query_language == QueryLanguage::JsonPath;
    let variables = (!seen.variables.is_empty()).then(|| Value::Object(seen.variables.clone()));
    let texts = [
        ("afterInputPath", &seen.after_input_path),
        (if jsonpath { "afterParameters" } else { "afterArguments" }, &seen.arguments),
        ("afterItemsPath", &seen.after_items_path),
        ("afterItemsPointer", &seen.after_items_pointer),
        ("afterItemSelector", &seen.after_item_selector),
        ("afterItemBatcher", &seen.after_item_batcher),
        ("result", &seen.result),
        ("afterResultSelector", &seen.after_result_selector),
        ("afterResultPath", &seen.after_result_path),
        ("variables", &variables),
    ];
    for (member, value) in texts {
        if let Some(value) = value {
            data.insert(member.to_owned(), json!(spaced(value)));
        }
    }
    let numbers = [
        ("maxConcurrency", seen.max_concurrency.map(|number| json!(number))),
        ("toleratedFailureCount", seen.tolerated_failure_count.map(|number| json!(number))),
        ("toleratedFailurePercentage", seen.tolerated_failure_percentage.map(|number| json!(number))),
    ];
    data.extend(numbers.into_iter().filter_map(|(member, number)| Some((member.to_owned(), number?))));
    let exchanged = [("request", exchange.request.map(|told| json!(told))), ("response", exchange.response.map(|told| json!(told)))];
    data.extend(exchanged.into_iter().filter_map(|(member, told)| Some((member.to_owned(), told?))));
    let mut details = Map::new();
    if let Some((index, _)) = &seen.caught {
        details.insert("catchIndex".to_owned(), json!(index));
    }
    if let Some(retrier) = seen.retrier {
        details.insert("retryIndex".to_owned(), json!(retrier.index));
        if let Some(seconds) = retrier.backoff_seconds {
            details.insert("retryBackoffIntervalSeconds".to_owned(), json!(seconds));
        }
    }
    if !details.is_empty() {
        data.insert("errorDetails".to_owned(), details.into());
    }
    data
}
