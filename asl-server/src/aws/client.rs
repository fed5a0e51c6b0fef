//! The client: one call of one service, from parameters to result.

use super::credentials::Credentials;
use super::endpoint::{Endpoint, ServiceEndpoints};
use super::model::{Model, Operation};
use super::protocol::{self, ParameterError, Refusal, Unreadable, WireAnswer, WireRequest};
use super::{host, sign};
use crate::http_client::{HttpClients, reason};
use crate::queue::{Asker, Queues};
use crate::service::Caller;
use asl_engine::Value;
use asl_engine::runtime::Clock;
use reqwest::Url;
use reqwest::header::HeaderMap;
use std::sync::Arc;
use std::time::Duration;

/// The service that the local queues stand in for.
const STAND_IN: &str = "sqs";
/// How long an answer may take when the caller does not say.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of an answer: what a state may hold, and what a protocol needs to tell it.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Calls AWS's services where the user said they are. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Aws {
    shared: Arc<Shared>,
}

struct Shared {
    endpoints: ServiceEndpoints,
    clients: HttpClients,
    /// The account and region of calls that do not say.
    caller: Caller,
    /// Answer what is asked of SQS when nobody said where it is.
    queues: Arc<Queues>,
}

/// A call.
pub(crate) struct Call<'a> {
    /// As in `arn:aws:states:::aws-sdk:SERVICE:action`: `dynamodb`.
    pub(crate) service: &'a str,
    /// `putItem`
    pub(crate) operation: &'a str,
    /// In Step Functions' spelling.
    pub(crate) parameters: &'a Value,
    /// Left out: the server's.
    pub(crate) region: Option<&'a str>,
    /// Left out: a minute.
    pub(crate) timeout: Option<Duration>,
    /// The value of an idempotency token that the parameters leave out: the same for the same call.
    pub(crate) token: &'a str,
    /// The result has the names that the service gives its members, as optimised integrations tell them.
    pub(crate) own_names: bool,
}

/// What a service answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The result, in Step Functions' spelling.
    pub(crate) output: Value,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) request_id: String,
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// AWS has no such service, or none that is known here.
    #[error("The service '{0}' is not known")]
    UnknownService(String),
    /// The service has no such operation.
    #[error("The service '{service}' has no action '{operation}'")]
    UnknownOperation { service: String, operation: String },
    /// Nobody said where the service is.
    #[error(
        "Nothing is configured to answer '{service}'. Say where AWS services are: start the server with \
         --aws-endpoint {service}=http://HOST:PORT for this one or --aws-endpoint http://HOST:PORT for all, set AWS_ENDPOINT_URL, \
         or write it into asl.toml under [aws-endpoints]. --aws-endpoint {service}=aws calls AWS itself"
    )]
    NotConfigured { service: String },
    /// The parameters are not the operation's.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// AWS itself takes no unsigned call.
    #[error(
        "There are no credentials to call AWS with: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), \
         or put them into ~/.aws/credentials and choose them with AWS_PROFILE"
    )]
    NoCredentials,
    /// No answer came, or half of one.
    #[error("Unable to execute HTTP request: {0}")]
    Unreachable(String),
    /// No answer came in time.
    #[error("{url} did not answer within {} seconds", .after.as_secs())]
    TimedOut { url: String, after: Duration },
    /// The answer is larger than any state may hold.
    #[error("The answer has more than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    /// The answer is none of the service's.
    #[error("{0}")]
    Unreadable(String),
    /// The service said no.
    #[error("{}", .0.refusal.message)]
    Refused(Box<Refused>),
}

/// A service's error.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) refusal: Refusal,
    pub(crate) status: u16,
    pub(crate) request_id: String,
    /// S3's second id.
    pub(crate) extended_request_id: Option<String>,
    /// The service's name in errors: `DynamoDb`.
    pub(crate) prefix: String,
}

impl Aws {
    pub(crate) fn new(endpoints: ServiceEndpoints, clients: HttpClients, caller: Caller, queues: Arc<Queues>) -> Self {
        Aws { shared: Arc::new(Shared { endpoints, clients, caller, queues }) }
    }

    /// Is it said where a service is?
    pub(crate) fn is_configured(&self, service: &str) -> bool {
        self.shared.endpoints.of(service).is_some()
    }

    /// Calls a service once.
    ///
    /// # Errors
    /// Whatever kept the call from having a result.
    pub(crate) async fn call(&self, call: Call<'_>) -> Result<Answer, CallError> {
        let name = || call.service.to_owned();
        let endpoint = self.shared.endpoints.of(call.service);
        if endpoint.is_none() && call.service != STAND_IN {
            return Err(CallError::NotConfigured { service: name() });
        }
        let model = Model::of(call.service).ok_or_else(|| CallError::UnknownService(name()))?;
        let unknown = || CallError::UnknownOperation { service: name(), operation: call.operation.to_owned() };
        let mut operation = model.operation(call.operation).ok_or_else(unknown)?;
        if call.own_names {
            operation = operation.with_own_names();
        }
        let wire = protocol::request(model, &operation, call.parameters, call.token)?;
        let region = call.region.filter(|region| !region.is_empty()).unwrap_or(&self.shared.caller.region);
        let Some(endpoint) = endpoint else {
            let answer = self.ask_queues(operation.name, &wire, region).await;
            return read(model, &operation, "the local queue", answer);
        };
        let Addressed { url, headers, body, method } = address(model, &operation, endpoint, wire, region)?;

        let client = self.shared.clients.of(&url).map_err(CallError::Unreachable)?;
        let timeout = call.timeout.unwrap_or(TIMEOUT);
        let failed = |error: reqwest::Error| failure(&url, timeout, &error);
        let request = client.request(method, url.clone()).headers(headers).timeout(timeout).body(body);
        let mut response = request.send().await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(CallError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let answer = WireAnswer { status: response.status().as_u16(), headers: response.headers().clone(), body };
        read(model, &operation, url.as_str(), answer)
    }

    /// The local queues' answer to a request of SQS's.
    async fn ask_queues(&self, operation: &str, request: &WireRequest, region: &str) -> WireAnswer {
        let caller = Caller { region: region.to_owned(), ..self.shared.caller.clone() };
        let asker = Asker { caller: &caller, base: None };
        self.shared.queues.respond(operation, &request.body, &asker).await.into_wire()
    }

    /// Signs a request of a service whose operations no model has: an API behind API Gateway.
    ///
    /// # Errors
    /// When there are no credentials for it.
    pub(crate) fn sign(
        &self,
        service: &str,
        region: Option<&str>,
        request: &Unsigned<'_>,
        headers: &mut HeaderMap,
    ) -> Result<(), CallError> {
        let region = region.filter(|region| !region.is_empty()).unwrap_or(&self.shared.caller.region);
        let is_aws = request.url.host_str().is_some_and(host::is_of_aws);
        sign(service, region, is_aws, request, headers)
    }
}

/// A request before it is signed.
pub(crate) struct Unsigned<'a> {
    pub(crate) method: &'a reqwest::Method,
    pub(crate) url: &'a Url,
    pub(crate) body: &'a [u8],
}

fn sign(
    service: &str,
    region: &str,
    is_aws: bool,
    request: &Unsigned<'_>,
    headers: &mut HeaderMap,
) -> Result<(), CallError> {
    let Unsigned { method, url, body } = request;
    let credentials = match Credentials::find() {
        Some(credentials) => credentials,
        None if is_aws => return Err(CallError::NoCredentials),
        None => Credentials::test(),
    };
    let signing = sign::Signing { credentials: &credentials, region, service, time: Clock::System.now() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let request = sign::Request {
        method: method.as_str(),
        host: &format!("{}{port}", url.host_str().unwrap_or_default()),
        path: url.path(),
        query: url.query().unwrap_or_default(),
        body,
    };
    let signed = signing.sign(&request, headers);
    signed.map_err(|_| CallError::Unreachable("the credentials have characters that no request can carry".into()))
}

/// A request with its address and its signature.
struct Addressed {
    url: Url,
    method: reqwest::Method,
    headers: HeaderMap,
    body: Vec<u8>,
}

fn address(
    model: &Model,
    operation: &Operation<'_>,
    endpoint: &Endpoint,
    wire: WireRequest,
    region: &str,
) -> Result<Addressed, CallError> {
    let service = &model.service;
    let (base, region) = match endpoint {
        // A prefix of the host is AWS's own affair: an endpoint of the user's has the name that it has.
        Endpoint::Url(url) => (url.clone(), region),
        Endpoint::Aws => {
            let host = host::of(&service.endpoint_prefix, region);
            (format!("https://{}{}", wire.host_prefix.unwrap_or_default(), host.name), host.region)
        }
    };
    let text = base + &wire.path_and_query;
    let url = Url::parse(&text).map_err(|_| CallError::Unreachable(format!("{text} is no URL")))?;
    // A URL's `.` and `..` go away, which a key of S3's may be made of: it would be another one.
    if !url.as_str().ends_with(&wire.path_and_query) {
        return Err(CallError::Unreachable(format!("{text} cannot be called: its path is one that URLs shorten")));
    }
    let mut headers = wire.headers;
    if !operation.anonymous {
        let unsigned = Unsigned { method: &wire.method, url: &url, body: &wire.body };
        sign(&service.signing_name, region, endpoint.is_aws(), &unsigned, &mut headers)?;
    }
    Ok(Addressed { url, method: wire.method, headers, body: wire.body })
}

fn read(model: &Model, operation: &Operation<'_>, place: &str, answer: WireAnswer) -> Result<Answer, CallError> {
    let header = |names: &[&str]| {
        let value = names.iter().find_map(|name| answer.headers.get(*name)?.to_str().ok());
        value.map(str::to_owned)
    };
    let request_id = header(&["x-amzn-requestid", "x-amz-request-id"]).unwrap_or_else(|| "null".to_owned());
    match protocol::answer(model, operation, &answer) {
        Ok(Ok(output)) => {
            let WireAnswer { status, headers, .. } = answer;
            Ok(Answer { output, status, headers, request_id })
        }
        Ok(Err(refusal)) => Err(CallError::Refused(Box::new(Refused {
            refusal,
            status: answer.status,
            request_id,
            extended_request_id: header(&["x-amz-id-2"]),
            prefix: model.service.prefix.clone(),
        }))),
        Err(Unreadable(problem)) => {
            Err(CallError::Unreadable(format!("{place} answered {}, but {problem}", answer.status)))
        }
    }
}

fn failure(url: &Url, timeout: Duration, error: &reqwest::Error) -> CallError {
    let url = url.origin().ascii_serialization();
    if error.is_timeout() && !error.is_connect() {
        return CallError::TimedOut { url, after: timeout };
    }
    CallError::Unreachable(format!("{url}: {}", reason(error)))
}
