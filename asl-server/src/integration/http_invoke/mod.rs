//! `http:invoke`: a Task that calls an HTTP API (Developer Guide, *Call HTTPS APIs*).
//!
//! What the state gives and what its connection gives are merged into one request; where they disagree the connection
//! decides. Only endpoints on this machine are called, unless others were configured.

mod connection;
pub(super) mod encoding;
mod endpoints;
pub(super) mod response;
mod trace;

pub use connection::{Connection, Secret};
pub use endpoints::HttpEndpoints;
pub(crate) use trace::Exchange;

use super::Services;
use crate::http_client::reason;
use asl_engine::error::names;
use asl_engine::task::{TaskRequest, TaskResult};
use asl_engine::value::{Object, Str};
use asl_engine::{StatesError, Value};
use connection::{HttpParameters, Tokens};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RANGE, USER_AGENT};
use reqwest::{Method, Url};
use std::collections::BTreeMap;
use std::time::Duration;

/// Developer Guide, *Call HTTPS APIs*: "HTTP task requests will timeout after 60 seconds."
const TIMEOUT: Duration = Duration::from_secs(60);

/// Headers that the state must not give; a name that ends with `-` stands for all that begin so.
const FORBIDDEN_HEADERS: [&str; 37] = [
    "a-im",
    "accept-charset",
    "accept-datetime",
    "accept-encoding",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-md5",
    "date",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authorization",
    "referer",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "warning",
    "x-forwarded-",
    "x-amz-",
    "x-amzn-",
    "range",
    "user-agent",
];

/// Where HTTP APIs are, and with what credentials they are called.
#[derive(Clone, Debug, Default)]
pub struct HttpApis {
    /// Where what is not on this machine is answered.
    pub endpoints: HttpEndpoints,
    /// By their names, or their whole ARNs.
    pub connections: BTreeMap<String, Connection>,
}

/// What a server needs for HTTP tasks.
pub(super) struct HttpTasks {
    apis: HttpApis,
    tokens: Tokens,
}

impl HttpTasks {
    pub(super) fn new(apis: HttpApis) -> Self {
        HttpTasks { apis, tokens: Tokens::default() }
    }

    /// Where an endpoint is called.
    pub(super) fn locate(&self, endpoint: &str) -> Result<Url, String> {
        self.apis.endpoints.locate(endpoint)
    }
}

/// Sends the request and tells the answer; `trace` sees both.
pub(super) async fn invoke(services: &Services, request: &TaskRequest, trace: Option<&mut Exchange>) -> TaskResult {
    let HttpTasks { apis, tokens } = &services.http;
    let connection = connection_of(apis, &request.input)?;
    let region = super::region(request).unwrap_or_default();
    let more = connection.invocation_parameters();
    let mut call = prepare(&request.input, more, region)?;
    for (name, value) in connection.authorization(tokens, &apis.endpoints, &services.clients).await? {
        call.headers.insert(name, value);
    }
    let url = apis.endpoints.locate(&call.endpoint).map_err(invalid)?;
    let client = services.clients.of(&url).map_err(|problem| StatesError::new(names::HTTP_SOCKET, problem))?;
    let mut trace = trace;
    if let Some(trace) = &mut trace {
        trace.sends(&call, &request.input, more, region)?;
    }
    let response = call.send(client, url, TIMEOUT).await.map_err(|error| unanswered(&call.endpoint, &error))?;
    let received = receive(response).await?;
    if let Some(trace) = trace {
        trace.got(&received);
    }
    received.answer()
}

/// The request, but for what authorizes it.
fn prepare(parameters: &Value, more: &HttpParameters, region: &str) -> Result<Call, StatesError> {
    let mut call = Call::new(parameters, more)?;
    let agent = HeaderValue::from_str(&format!("Amazon|StepFunctions|HttpInvoke|{region}"));
    call.headers.insert(USER_AGENT, agent.map_err(|_| StatesError::runtime("The region is no header value."))?);
    call.headers.insert(RANGE, HeaderValue::from_static("bytes=0-262144"));
    Ok(call)
}

async fn receive(response: reqwest::Response) -> Result<response::Received, StatesError> {
    let url = response.url().to_string();
    response::receive(response).await.map_err(|error| unanswered(&url, &error))
}

/// No answer, or half of one.
fn unanswered(endpoint: &str, error: &reqwest::Error) -> StatesError {
    let cause = match error.is_timeout() && !error.is_connect() {
        true => format!("{endpoint} did not answer within {} seconds", TIMEOUT.as_secs()),
        false => format!("{endpoint} cannot be reached: {}", reason(error)),
    };
    StatesError::new(names::HTTP_SOCKET, cause)
}

fn connection_of<'a>(apis: &'a HttpApis, parameters: &Value) -> Result<&'a Connection, StatesError> {
    let given = ["InvocationConfig", "Authentication"].iter().find_map(|name| parameters.get(name));
    let Some(arn) = given.and_then(|given| given.get("ConnectionArn")).and_then(Value::as_str) else {
        return Err(invalid("'ConnectionArn' is missing in 'InvocationConfig' or 'Authentication', or no string"));
    };
    let name = arn.split_once(":connection/").and_then(|(_, rest)| rest.split('/').next()).unwrap_or(arn);
    apis.connections.get(arn).or_else(|| apis.connections.get(name)).ok_or_else(|| {
        StatesError::new(
            "Events.ConnectionResource.ResourceNotFound",
            format!("The connection '{arn}' is not configured. Put it into asl.toml, as [connections.{name}]"),
        )
    })
}

/// One request, put together.
#[derive(Debug)]
struct Call {
    endpoint: String,
    method: Method,
    headers: HeaderMap,
    query: Vec<(String, String)>,
    body: Option<String>,
}

impl Call {
    fn new(parameters: &Value, more: &HttpParameters) -> Result<Call, StatesError> {
        let text = |name: &str| match parameters.get(name).and_then(Value::as_str) {
            Some(text) => Ok(text),
            None => Err(invalid(format!("'{name}' is missing, or no string"))),
        };
        let method = match text("Method")? {
            method @ ("GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "OPTIONS" | "HEAD") => {
                Method::from_bytes(method.as_bytes()).map_err(|_| invalid("'Method' is none"))?
            }
            other => {
                let text = format!("'{other}' is no Method. Use GET, POST, PUT, DELETE, PATCH, OPTIONS or HEAD");
                return Err(invalid(text));
            }
        };
        let mut headers = headers(parameters.get("Headers"))?;
        for (name, value) in more.headers() {
            headers.insert(header_name(name)?, header_value(name, value)?);
        }
        let mut query = encoding::pairs("QueryParameters", parameters.get("QueryParameters"))?;
        for (name, value) in more.query() {
            query.retain(|(known, _)| known != name);
            query.push((name.to_owned(), value.to_owned()));
        }
        let body = match merged_body(parameters.get("RequestBody"), more.body())? {
            Some(body) => Some(encoding::body(&body, parameters.get("Transform"))?),
            None => None,
        };
        if body.is_some() && !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
        }
        Ok(Call { endpoint: text("ApiEndpoint")?.to_owned(), method, headers, query, body })
    }

    async fn send(&self, client: &reqwest::Client, url: Url, timeout: Duration) -> reqwest::Result<reqwest::Response> {
        let url = self.with_query(url);
        let request = client.request(self.method.clone(), url).headers(self.headers.clone()).timeout(timeout);
        match &self.body {
            Some(body) => request.body(body.clone()).send().await,
            None => request.send().await,
        }
    }

    fn with_query(&self, mut url: Url) -> Url {
        if !self.query.is_empty() {
            let given = url.query().map(|query| format!("{query}&")).unwrap_or_default();
            url.set_query(Some(&(given + &encoding::form(&self.query))));
        }
        url
    }
}

fn headers(given: Option<&Value>) -> Result<HeaderMap, StatesError> {
    let mut headers = HeaderMap::new();
    for (name, value) in encoding::pairs("Headers", given)? {
        let header = header_name(&name)?;
        let forbidden = |forbidden: &&str| match forbidden.ends_with('-') {
            true => header.as_str().starts_with(*forbidden),
            false => header.as_str() == *forbidden,
        };
        if FORBIDDEN_HEADERS.iter().any(forbidden) {
            return Err(invalid(format!("The header '{name}' cannot be given")));
        }
        headers.append(header, header_value(&name, &value)?);
    }
    Ok(headers)
}

fn header_name(name: &str) -> Result<HeaderName, StatesError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid(format!("'{name}' is no name of a header")))
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, StatesError> {
    HeaderValue::from_str(value).map_err(|_| invalid(format!("The header '{name}' has a value that none can have")))
}

/// The state's body, with the members that the connection adds or replaces.
fn merged_body<'a>(
    given: Option<&Value>,
    more: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Option<Value>, StatesError> {
    let mut more = more.peekable();
    if more.peek().is_none() {
        return Ok(given.cloned());
    }
    let mut body = match given {
        None | Some(Value::Null) => Object::default(),
        Some(Value::Object(body)) => body.clone(),
        Some(_) => {
            return Err(invalid(
                "'RequestBody' is no object, so the connection's body parameters cannot be added to it",
            ));
        }
    };
    for (name, value) in more {
        body.insert(Str::from(name), value.into());
    }
    Ok(Some(Value::Object(body)))
}

/// The state asks for what cannot be sent.
fn invalid(problem: impl std::fmt::Display) -> StatesError {
    StatesError::runtime(format!("http:invoke: {problem}."))
}
