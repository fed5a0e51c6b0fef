//! What an HTTP task sent and got, for who tests its state (API reference: *InspectionDataRequest*,
//! *InspectionDataResponse*).

use super::response::Received;
use super::{Call, HttpParameters, prepare};
use asl_engine::value::Object;
use asl_engine::{StatesError, Value};
use reqwest::Url;
use reqwest::header::HeaderMap;
use serde::Serialize;

/// A request, and its response when there was one.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    /// Is what the connection adds shown?
    secrets: bool,
    pub(crate) request: Option<TracedRequest>,
    pub(crate) response: Option<TracedResponse>,
}

/// The request, as TestState tells it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TracedRequest {
    protocol: String,
    method: String,
    url: String,
    headers: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

/// The response, as TestState tells it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TracedResponse {
    protocol: String,
    status_code: String,
    status_message: String,
    headers: String,
    body: String,
}

impl Exchange {
    /// Nothing was exchanged yet.
    pub(crate) fn new(secrets: bool) -> Self {
        Exchange { secrets, ..Exchange::default() }
    }

    /// This is going to be sent. Secrets are what the connection adds: without them, the request is told as it would be
    /// without the connection (API reference, TestState: *revealSecrets*).
    pub(super) fn sends(
        &mut self,
        call: &Call,
        parameters: &Value,
        connection: &HttpParameters,
        region: &str,
    ) -> Result<(), StatesError> {
        self.request = Some(match self.secrets {
            true => TracedRequest::of(call),
            false => TracedRequest::of(&prepare(&without(parameters, connection), &HttpParameters::default(), region)?),
        });
        Ok(())
    }

    /// This came back.
    pub(super) fn got(&mut self, received: &Received) {
        self.response = Some(TracedResponse {
            protocol: self.request.as_ref().map(|request| request.protocol.clone()).unwrap_or_default(),
            status_code: received.status.as_str().to_owned(),
            status_message: received.status.canonical_reason().unwrap_or_default().to_owned(),
            headers: listed(&received.headers),
            body: String::from_utf8_lossy(&received.body).into_owned(),
        });
    }
}

impl TracedRequest {
    fn of(call: &Call) -> Self {
        let url = Url::parse(&call.endpoint).map(|url| call.with_query(url));
        TracedRequest {
            protocol: url.as_ref().map(|url| url.scheme().to_owned()).unwrap_or_default(),
            method: call.method.to_string(),
            url: url.map_or_else(|_| call.endpoint.clone(), |url| url.to_string()),
            headers: listed(&call.headers),
            body: call.body.clone(),
        }
    }
}

/// The parameters without what the connection adds or replaces.
fn without(parameters: &Value, connection: &HttpParameters) -> Value {
    let Value::Object(parameters) = parameters else { return parameters.clone() };
    let mut kept = parameters.clone();
    let mut remove = |field: &str, names: Vec<&str>| {
        if let Some(Value::Object(members)) = parameters.get(field) {
            let is_kept = |name: &str| !names.iter().any(|removed| removed.eq_ignore_ascii_case(name));
            let members = members.iter().filter(|(name, _)| is_kept(name));
            let members: Object = members.map(|(name, value)| (name.clone(), value.clone())).collect();
            kept.insert(field, Value::Object(members));
        }
    };
    remove("Headers", connection.headers().map(|(name, _)| name).collect());
    remove("QueryParameters", connection.query().map(|(name, _)| name).collect());
    remove("RequestBody", connection.body().map(|(name, _)| name).collect());
    Value::Object(kept)
}

/// Headers as AWS lists them: `[name: value, name: value]`.
fn listed(headers: &HeaderMap) -> String {
    let pairs = headers.iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
    format!("[{}]", pairs.collect::<Vec<_>>().join(", "))
}
