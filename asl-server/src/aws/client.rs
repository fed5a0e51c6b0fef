//! The client: one call of one service, from parameters to result.

use super::credentials::Credentials;
use super::endpoint::{Endpoint, ServiceEndpoints};
use super::model::{Model, Operation};
use super::protocol::{self, ParameterError, Refusal, Unreadable, WireAnswer, WireRequest};
use super::{host, sign};
use crate::http_client::{HttpClients, reason};
use crate::queue::{Asker, Queues};
use crate::service::Caller;
use asl_engine::runtime::Clock;
use asl_engine::{Value, object};
use bytes::Bytes;
use reqwest::Url;
use reqwest::header::HeaderMap;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The service that the local queues stand in for.
const STAND_IN: &str = "sqs";
/// How long an answer may take when the caller does not say.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long an answer may pause.
const SILENCE: Duration = Duration::from_secs(60);
/// How long a role's credentials are kept: STS gives them for an hour.
const ROLE_KEPT: Duration = Duration::from_secs(45 * 60);
/// Of how many roles credentials are kept.
const ROLES_MAX: usize = 1_000;
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
    roles: Mutex<Roles>,
}

/// The credentials of roles, and until when they are kept.
type Roles = HashMap<String, (Credentials, Instant)>;

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
    /// The role that calls, by its ARN; left out: whoever the server's credentials are of.
    pub(crate) role: Option<&'a str>,
    /// The body as it is, in place of what the parameters would make: they make JSON of a text.
    pub(crate) body: Option<&'a [u8]>,
}

impl<'a> Call<'a> {
    /// A call with nothing but its parameters.
    pub(crate) fn new(service: &'a str, operation: &'a str, parameters: &'a Value) -> Self {
        let (region, timeout, token, role, body) = (None, None, "", None, None);
        Call { service, operation, parameters, region, timeout, token, own_names: false, role, body }
    }
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
    #[error("{0}")]
    Refused(Box<Refused>),
}

/// A service's error. Its text is the cause that the SDK for Java gives.
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

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Refused { refusal, status, request_id, extended_request_id, prefix } = self;
        let message = if refusal.message.is_empty() { "null" } else { refusal.message.as_str() };
        write!(f, "{message} (Service: {prefix}, Status Code: {status}, Request ID: {request_id}")?;
        if let Some(id) = extended_request_id {
            write!(f, ", Extended Request ID: {id}")?;
        }
        f.write_str(") (SDK Attempt Count: 1)")
    }
}

impl Aws {
    pub(crate) fn new(endpoints: ServiceEndpoints, clients: HttpClients, caller: Caller, queues: Arc<Queues>) -> Self {
        let roles = Mutex::default();
        Aws { shared: Arc::new(Shared { endpoints, clients, caller, queues, roles }) }
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
        let Prepared { model, operation, wire, region, endpoint } = self.prepare(&call)?;
        let Some(endpoint) = endpoint else {
            let answer = self.ask_queues(operation.name, &wire, region).await;
            return read(model, &operation, "the local queue", answer);
        };
        let mut sent = self.send(&call, Prepared { model, operation, wire, region, endpoint }).await?;
        let mut body = Vec::new();
        while let Some(chunk) = sent.chunk().await? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(CallError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        sent.read(body)
    }

    /// Calls an operation whose answer is a body of any length, to be read while it arrives.
    ///
    /// # Errors
    /// Whatever kept the call from having one.
    pub(crate) async fn open(&self, call: Call<'_>) -> Result<Body, CallError> {
        let Prepared { model, operation, wire, region, endpoint } = self.prepare(&call)?;
        let endpoint = endpoint.ok_or_else(|| CallError::NotConfigured { service: call.service.to_owned() })?;
        let mut sent = self.send(&call, Prepared { model, operation, wire, region, endpoint }).await?;
        if sent.response.status().is_success() {
            return Ok(Body(sent));
        }
        // An error is short; of one that is not, the beginning tells enough.
        let mut body = Vec::new();
        while let Some(chunk) = sent.chunk().await?.filter(|_| body.len() < ANSWER_BYTES_MAX) {
            body.extend_from_slice(&chunk);
        }
        let status = sent.response.status();
        let unreadable = || CallError::Unreadable(format!("the answer has the status {status}"));
        Err(sent.read(body).err().unwrap_or_else(unreadable))
    }

    /// The request of a call, and where it goes; nowhere: the local queues answer it.
    fn prepare<'a>(&'a self, call: &'a Call<'_>) -> Result<Prepared<'a, Option<&'a Endpoint>>, CallError> {
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
        let mut wire = protocol::request(model, &operation, call.parameters, call.token)?;
        if let Some(body) = call.body {
            wire.body = body.to_vec();
        }
        Ok(Prepared { model, operation, wire, region: self.region(call.region), endpoint })
    }

    async fn send(&self, call: &Call<'_>, prepared: Prepared<'_, &Endpoint>) -> Result<Sent, CallError> {
        let Prepared { model, operation, wire, region, endpoint } = prepared;
        let credentials = match call.role {
            _ if operation.anonymous => None,
            Some(role) => Some(Box::pin(self.assume(role, region)).await?),
            None => Some(own_credentials(endpoint.is_aws())?),
        };
        let Addressed { url, headers, body, method } = address(model, credentials.as_ref(), endpoint, wire, region)?;
        let client = self.shared.clients.of(&url).map_err(CallError::Unreachable)?;
        let timeout = call.timeout.unwrap_or(TIMEOUT);
        let request = client.request(method, url.clone()).headers(headers).timeout(timeout).body(body);
        let response = request.send().await.map_err(|error| failure(&url, timeout, &error))?;
        Ok(Sent { model, operation, url, timeout, response })
    }

    /// The credentials of a role, as long as they are good.
    async fn assume(&self, role: &str, region: &str) -> Result<Credentials, CallError> {
        let kept = self.roles().get(role).cloned();
        if let Some((credentials, _)) = kept.filter(|(_, until)| *until > Instant::now()) {
            return Ok(credentials);
        }
        let parameters = object! { "RoleArn" => role, "RoleSessionName" => "asl" };
        let call = Call { region: Some(region), ..Call::new("sts", "assumeRole", &parameters) };
        let answer = self.call(call).await?;
        let text = |name: &str| Some(answer.output.get("Credentials")?.get(name)?.as_str()?.to_owned());
        let (Some(access_key_id), Some(secret_access_key)) = (text("AccessKeyId"), text("SecretAccessKey")) else {
            return Err(CallError::Unreadable("sts:assumeRole answered without credentials".into()));
        };
        let credentials = Credentials { access_key_id, secret_access_key, session_token: text("SessionToken") };
        let mut roles = self.roles();
        if roles.len() >= ROLES_MAX {
            roles.clear();
        }
        roles.insert(role.to_owned(), (credentials.clone(), Instant::now() + ROLE_KEPT));
        Ok(credentials)
    }

    fn roles(&self) -> MutexGuard<'_, Roles> {
        self.shared.roles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn region<'a>(&'a self, given: Option<&'a str>) -> &'a str {
        given.filter(|region| !region.is_empty()).unwrap_or(&self.shared.caller.region)
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
        let credentials = own_credentials(request.url.host_str().is_some_and(host::is_of_aws))?;
        sign(service, self.region(region), &credentials, request, headers)
    }
}

impl std::fmt::Debug for Aws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Aws")
    }
}

/// The credentials that the server has; an endpoint that is not AWS gets some in any case.
fn own_credentials(is_aws: bool) -> Result<Credentials, CallError> {
    match Credentials::find() {
        Some(credentials) => Ok(credentials),
        None if is_aws => Err(CallError::NoCredentials),
        None => Ok(Credentials::test()),
    }
}

/// A call before it is sent to `E`.
struct Prepared<'a, E> {
    model: &'static Model,
    operation: Operation<'static>,
    wire: WireRequest,
    region: &'a str,
    endpoint: E,
}

/// A call that is being answered.
struct Sent {
    model: &'static Model,
    operation: Operation<'static>,
    url: Url,
    timeout: Duration,
    response: reqwest::Response,
}

impl Sent {
    async fn chunk(&mut self) -> Result<Option<Bytes>, CallError> {
        self.response.chunk().await.map_err(|error| failure(&self.url, self.timeout, &error))
    }

    fn read(self, body: Vec<u8>) -> Result<Answer, CallError> {
        let Sent { model, operation, url, response, .. } = self;
        let answer = WireAnswer { status: response.status().as_u16(), headers: response.headers().clone(), body };
        read(model, &operation, url.as_str(), answer)
    }
}

/// A body, while it arrives.
pub(crate) struct Body(Sent);

impl Body {
    /// The next bytes; `None`: there are no more.
    ///
    /// # Errors
    /// When it breaks off, or nothing comes for long.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, CallError> {
        let next = tokio::time::timeout(SILENCE, self.0.chunk()).await;
        next.unwrap_or_else(|_| Err(CallError::TimedOut { url: origin(&self.0.url), after: SILENCE }))
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
    credentials: &Credentials,
    request: &Unsigned<'_>,
    headers: &mut HeaderMap,
) -> Result<(), CallError> {
    let Unsigned { method, url, body } = request;
    let signing = sign::Signing { credentials, region, service, time: Clock::System.now() };
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
    credentials: Option<&Credentials>,
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
    let mut headers = wire.headers;
    if let Some(credentials) = credentials {
        let unsigned = Unsigned { method: &wire.method, url: &url, body: &wire.body };
        sign(&service.signing_name, region, credentials, &unsigned, &mut headers)?;
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
    let url = origin(url);
    if error.is_timeout() && !error.is_connect() {
        return CallError::TimedOut { url, after: timeout };
    }
    CallError::Unreachable(format!("{url}: {}", reason(error)))
}

/// Who was asked. A path may say more than an error should.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The request of a call to AWS itself, without sending it.
    fn addressed(service: &str, operation: &str, parameters: Value, region: &str) -> Addressed {
        let model = Model::of(service).unwrap();
        let wire = protocol::request(model, &model.operation(operation).unwrap(), &parameters, "").unwrap();
        let credentials = Some(&Credentials::test());
        address(model, credentials, &Endpoint::Aws, wire, region).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn aws_itself_is_called_by_the_hosts_of_its_regions() {
        for (service, operation, parameters, url, scope) in [
            ("sqs", "listQueues", object! {}, "https://sqs.eu-central-1.amazonaws.com/", "eu-central-1/sqs"),
            (
                "s3",
                "getObject",
                object! { "Bucket" => "b", "Key" => "a b/ü+&" },
                "https://s3.eu-central-1.amazonaws.com/b/a%20b/%C3%BC%2B%26",
                "eu-central-1/s3",
            ),
            ("iam", "listRoles", object! {}, "https://iam.amazonaws.com/", "us-east-1/iam"),
            (
                "cloudwatchlogs",
                "describeLogGroups",
                object! {},
                "https://logs.eu-central-1.amazonaws.com/",
                "eu-central-1/logs",
            ),
        ] {
            let request = addressed(service, operation, parameters, "eu-central-1");
            assert_eq!(request.url.as_str(), url);
            let authorization = request.headers["authorization"].to_str().unwrap();
            assert!(authorization.contains(&format!("/{scope}/aws4_request")), "{authorization}");
        }
    }
}
