//! Lambda functions: by their ARN as a Task's `Resource`, and by `lambda:invoke`.

use super::Services;
use super::http::{self, Answer, excerpt, json};
use super::optimised::Service;
use crate::function::{Call, Report};
use asl_engine::runtime::{function_name, invoke_answer, invoke_error};
use asl_engine::task::{TaskRequest, TaskResult};
use asl_engine::{StatesError, Value, error};
use reqwest::header::{HeaderMap, HeaderValue};

const LAMBDA: Service = Service { prefix: "Lambda", name: "AWSLambda" };

/// A function ARN as the resource: the task's input is the payload, the payload that comes back is the output.
pub(super) async fn function(services: &Services, arn: &str, request: &TaskRequest) -> TaskResult {
    let payload = request.input.to_json();
    call(services, arn, payload, HeaderMap::new(), request).await
}

/// `lambda:invoke`: its parameters are those of Lambda's Invoke, its output tells of the invocation.
pub(super) async fn invoke(services: &Services, request: &TaskRequest) -> TaskResult {
    let parameter = |name: &str| request.input.get(name);
    let Some(function) = parameter("FunctionName").and_then(Value::as_str) else {
        let cause = "The parameter 'FunctionName' of lambda:invoke is missing, or no string";
        return Err(StatesError::runtime(cause));
    };
    let mut headers = HeaderMap::new();
    for (name, header) in [
        ("InvocationType", "x-amz-invocation-type"),
        ("LogType", "x-amz-log-type"),
        ("ClientContext", "x-amz-client-context"),
    ] {
        if let Some(value) = parameter(name).and_then(Value::as_str).and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(header, value);
        }
    }
    // Recorded: a null payload is none.
    let payload = parameter("Payload").filter(|payload| !payload.is_null()).map(Value::to_json).unwrap_or_default();
    let qualified = match parameter("Qualifier").and_then(Value::as_str) {
        Some(qualifier) => format!("{function}:{qualifier}"),
        None => function.to_owned(),
    };
    let is_event = headers.get("x-amz-invocation-type").is_some_and(|kind| kind == "Event");
    match call(services, &qualified, payload, headers, request).await {
        Ok(payload) if is_event => Ok(accepted(invoke_answer(payload, &request.request_id()))),
        Ok(payload) => Ok(invoke_answer(payload, &request.request_id())),
        Err(error) => Err(invoke_error(error)),
    }
}

/// The answer to an asynchronous invocation: 202, not 200 (Lambda API Reference, *Invoke*).
fn accepted(mut answer: Value) -> Value {
    if let Value::Object(answer) = &mut answer {
        answer.insert("StatusCode", 202.into());
        if let Some(Value::Object(mut metadata)) = answer.get("SdkHttpMetadata").cloned() {
            metadata.insert("HttpStatusCode", 202.into());
            answer.insert("SdkHttpMetadata", Value::Object(metadata));
        }
    }
    answer
}

async fn call(
    services: &Services,
    function: &str,
    payload: String,
    headers: HeaderMap,
    request: &TaskRequest,
) -> TaskResult {
    let Some(name) = function_name(function) else {
        return Err(StatesError::runtime(format!("'{function}' names no Lambda function")));
    };
    if let Some(endpoint) = services.endpoints.functions.get(name) {
        let url = endpoint.url();
        let answer = http::post(&services.clients, url, headers, payload, request.timeout_seconds).await?;
        if !(200..300).contains(&answer.status) && answer.header("x-amz-function-error").is_none() {
            return Err(refused_by_url(url, &answer));
        }
        return self::payload(url, &answer);
    }
    if services.functions.contains(name) {
        return local(services, function, name, payload, &headers, request).await;
    }
    let Some(endpoint) = &services.endpoints.lambda else {
        return Err(not_configured(function, name));
    };
    let mut url = format!("{}/2015-03-31/functions/{name}/invocations", endpoint.url());
    if let Some(qualifier) = qualifier_of(function) {
        url = format!("{url}?Qualifier={qualifier}");
    }
    let answer = http::post(&services.clients, &url, headers, payload, request.timeout_seconds).await?;
    if !(200..300).contains(&answer.status) {
        return Err(refused_by_lambda(&url, &answer, &full_arn(function, name, &request.execution_arn)));
    }
    self::payload(&url, &answer)
}

/// Invokes a function that is a local process.
async fn local(
    services: &Services,
    function: &str,
    name: &str,
    payload: String,
    headers: &HeaderMap,
    request: &TaskRequest,
) -> TaskResult {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let arn = full_arn(function, name, &request.execution_arn);
    let call = Call {
        request_id: request.request_id(),
        payload: if payload.is_empty() { "{}".into() } else { payload.into() },
        function_arn: arn.strip_suffix(":$LATEST").unwrap_or(&arn).to_owned(),
        client_context: Call::client_context(headers),
    };
    let request_id = call.request_id.clone();
    let Some(answer) = services.functions.invoke(name, call) else { return Err(not_configured(function, name)) };
    match header("x-amz-invocation-type") {
        // Nobody waits for the answer.
        Some("Event") => {
            tokio::spawn(answer);
            return Ok(Value::empty_object());
        }
        Some("DryRun") => return Ok(Value::empty_object()),
        _ => (),
    }
    match answer.await {
        Ok(payload) => json(&payload).ok_or_else(|| no_json(&format!("The function {name}"), &excerpt(&payload))),
        Err(Report::Function(report)) => Err(function_error(&report)),
        Err(Report::Throttled) => Err(throttled(&request_id)),
    }
}

/// The qualifier in a function's ARN, partial ARN or name: what stands after the name.
fn qualifier_of(function: &str) -> Option<&str> {
    let rest = function.split_once("function:").map_or(function, |(_, rest)| rest);
    rest.split_once(':').map(|(_, qualifier)| qualifier)
}

/// The ARN that Lambda itself would name the function by, in the execution's account and region.
fn full_arn(function: &str, name: &str, execution_arn: &str) -> String {
    let qualifier = qualifier_of(function).unwrap_or("$LATEST");
    if function.starts_with("arn:") {
        return format!("{}:{qualifier}", function.strip_suffix(&format!(":{qualifier}")).unwrap_or(function));
    }
    let mut parts = execution_arn.split(':').skip(1);
    let partition = parts.next().unwrap_or("aws");
    let (region, account) = (parts.nth(1).unwrap_or_default(), parts.next().unwrap_or_default());
    format!("arn:{partition}:lambda:{region}:{account}:function:{name}:{qualifier}")
}

fn payload(url: &str, answer: &Answer) -> TaskResult {
    if answer.header("x-amz-function-error").is_some() {
        return Err(function_error(&answer.body));
    }
    match answer.json() {
        Some(payload) => Ok(payload),
        // An asynchronous invocation has no payload.
        None if answer.body.is_empty() => Ok(Value::empty_object()),
        None => Err(no_json(&format!("{url} answered {}, but", answer.status), &answer.excerpt())),
    }
}

/// The error that a function raised: `errorType` is its name, the whole report its cause.
fn function_error(report: &[u8]) -> StatesError {
    let text = String::from_utf8_lossy(report);
    let kind = json(report);
    let kind = kind.as_ref().and_then(|report| report.get("errorType")?.as_str()).filter(|kind| !kind.is_empty());
    match kind {
        Some(kind) => StatesError::new(kind, text),
        None => StatesError::new("Lambda.Unknown", error::lambda_without_error_type(&text)),
    }
}

/// A payload came that is no JSON. Not one of the errors that are worth another attempt.
fn no_json(who: &str, excerpt: &str) -> StatesError {
    StatesError::new("Lambda.Unknown", format!("{who} returned a payload that is no JSON: {excerpt}"))
}

/// Too many invocations of the function wait already.
fn throttled(request_id: &str) -> StatesError {
    let code = "TooManyRequestsException";
    LAMBDA.refused(Some(code), code, "Rate Exceeded.", 429, request_id)
}

/// Lambda itself refused the invocation.
fn refused_by_lambda(url: &str, answer: &Answer, arn: &str) -> StatesError {
    let by_header = answer.header("x-amzn-errortype").and_then(|kind| kind.split(':').next()).map(str::to_owned);
    let code = by_header.unwrap_or_else(|| {
        let by_status = match answer.status {
            404 => "ResourceNotFoundException",
            429 => "TooManyRequestsException",
            500.. => "ServiceException",
            _ => "AWSLambdaException",
        };
        by_status.to_owned()
    });
    let report = answer.json();
    let message = ["Message", "message"].iter().find_map(|name| report.as_ref()?.get(name)?.as_str());
    let message = match message {
        // Lambda names the function by its whole ARN; what stands in for Lambda may not.
        Some(message) if message.starts_with("Function not found") => format!("Function not found: {arn}"),
        Some(message) => message.to_owned(),
        None => format!("{url} answered: {}", answer.excerpt()),
    };
    let request = answer.header("x-amzn-requestid").unwrap_or("null");
    LAMBDA.refused(Some(&code), &code, &message, answer.status, request)
}

/// The URL of a function answered with a failure: its own error when it tells one, else one by the status.
fn refused_by_url(url: &str, answer: &Answer) -> StatesError {
    if answer.json().is_some_and(|report| report.get("errorType").is_some()) {
        return function_error(&answer.body);
    }
    let kind = if answer.status >= 500 { "Lambda.ServiceException" } else { "Lambda.AWSLambdaException" };
    StatesError::new(kind, format!("{url} answered {}: {}", answer.status, answer.excerpt()))
}

fn not_configured(function: &str, name: &str) -> StatesError {
    StatesError::new(
        "Lambda.ResourceNotFoundException",
        format!(
            "Function not found: {function}. Nothing is configured to answer it: start the server with \
             --function {name}=URL or --function {name}=COMMAND, with --template FILE, or with --lambda-endpoint URL for \
             all functions"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::qualifier_of;

    #[test]
    fn a_qualifier_stands_after_the_name() {
        for (function, qualifier) in [
            ("F", None),
            ("F:live", Some("live")),
            ("123456789012:function:F", None),
            ("arn:aws:lambda:us-east-1:123456789012:function:F", None),
            ("arn:aws:lambda:us-east-1:123456789012:function:F:3", Some("3")),
        ] {
            assert_eq!(qualifier_of(function), qualifier, "{function}");
        }
    }
}
