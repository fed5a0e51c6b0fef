//! What answers tasks: endpoints that behave and endpoints that do not, local topics, other state machines.

mod support;

use asl_engine::history::{HistoryDetail, HistoryEvent};
use asl_engine::runtime::{Execution, Status};
use asl_server::Service;
use asl_server::integration::Endpoints;
use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use std::net::SocketAddr;
use support::{ACCOUNT, create, pass, run, service, start, task, wait};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const OOPS: &str = r#"{ "errorType": "Oops", "errorMessage": "no" }"#;

fn function_error() -> HeaderMap {
    HeaderMap::from_iter([(HeaderName::from_static("x-amz-function-error"), HeaderValue::from_static("Unhandled"))])
}

/// Functions over HTTP, well and badly behaved: each at a URL of its own, and some behind Lambda's Invoke API.
async fn functions() -> SocketAddr {
    let lambda = |name: Path<String>, body: String| async move {
        match name.as_str() {
            "echo" => (StatusCode::OK, HeaderMap::new(), body),
            "error" => (StatusCode::OK, function_error(), OOPS.to_owned()),
            "page" => (StatusCode::OK, HeaderMap::new(), "<html>".to_owned()),
            name => {
                let body = format!(r#"{{"Type":"User","Message":"Function not found: {name}"}}"#);
                (StatusCode::NOT_FOUND, HeaderMap::new(), body)
            }
        }
    };
    let router = Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(lambda))
        .route("/echo", post(|body: String| async { body }))
        .route("/error", post(|| async { (function_error(), OOPS) }))
        .route("/page", post(|| async { "<html>hello</html>" }))
        .route("/redirect", post(|| async { (StatusCode::FOUND, [("location", "/echo")]) }))
        .route("/down", post(|| async { (StatusCode::SERVICE_UNAVAILABLE, "come back later") }))
        .route("/own", post(|| async { (StatusCode::BAD_REQUEST, r#"{"errorType":"Mine","errorMessage":"m"}"#) }))
        .route("/huge", post(|| async { "x".repeat(7_000_000) }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, router).await });
    address
}

/// A port that nobody listens on.
async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

fn function(name: &str) -> Value {
    task(json!({ "Resource": format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}") }))
}

#[tokio::test]
async fn functions_answer_over_http_or_fail_with_a_clear_error() {
    let (address, nobody) = (functions().await, nobody().await);
    let mut endpoints =
        Endpoints { lambda: Some(format!("http://{address}").parse().unwrap()), ..Endpoints::default() };
    for name in ["echo", "error", "page", "redirect", "down", "own", "huge"] {
        endpoints.functions.insert(format!("url-{name}"), format!("http://{address}/{name}").parse().unwrap());
    }
    endpoints.functions.insert("url-nobody".into(), format!("http://{nobody}/").parse().unwrap());
    let service = Service::builder(ACCOUNT, "us-east-1").endpoints(endpoints).build();
    for (name, error, cause) in [
        ("echo", "", ""),
        ("error", "Oops", OOPS),
        ("page", "Lambda.Unknown", "a payload that is no JSON: <html>"),
        (
            "missing",
            "Lambda.ResourceNotFoundException",
            "function:missing:$LATEST (Service: AWSLambda; Status Code: 404",
        ),
        ("url-echo", "", ""),
        ("url-error", "Oops", OOPS),
        ("url-own", "Mine", r#"{"errorType":"Mine","errorMessage":"m"}"#),
        (
            "url-page",
            "Lambda.Unknown",
            "/page answered 200, but returned a payload that is no JSON: <html>hello</html>",
        ),
        ("url-redirect", "Lambda.AWSLambdaException", "/redirect answered 302"),
        ("url-down", "Lambda.ServiceException", "/down answered 503: come back later"),
        ("url-huge", "Function.ResponseSizeTooLarge", "exceeded maximum allowed payload size"),
        ("url-nobody", "Lambda.SdkClientException", "Unable to execute HTTP request"),
    ] {
        let machine = create(&service, name, function(name), "STANDARD").await;
        let ended = run(&service, &machine, "e", r#"{"a":1.0}"#).await;
        if error.is_empty() {
            assert_eq!(ended["output"], r#"{"a":1.0}"#, "{name}");
        } else {
            assert_eq!(ended["error"], error, "{name}: {ended}");
            assert!(ended["cause"].as_str().unwrap().contains(cause), "{name}: {}", ended["cause"]);
        }
    }

    let invoke = |function: &str| {
        let parameters = json!({ "FunctionName": function, "Payload.$": "$" });
        task(json!({ "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters }))
    };
    let machine = create(&service, "invoke", invoke("echo:3"), "STANDARD").await;
    let ended = run(&service, &machine, "e", r#"{"a":1}"#).await;
    let output: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
    assert_eq!((&output["Payload"], &output["StatusCode"]), (&json!({ "a": 1 }), &json!(200)));
    assert_eq!(output["ExecutedVersion"], "$LATEST");
    let ended = run(&service, &machine, "null", "null").await;
    let output: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
    assert_eq!(output["Payload"], json!({}), "a null payload is none");
    let machine = create(&service, "invoke-error", invoke("error"), "STANDARD").await;
    let ended = run(&service, &machine, "e", "{}").await;
    assert_eq!(ended["cause"], r#"{"errorType":"Oops","errorMessage":"no"}"#, "lambda:invoke tells reports compactly");
}

#[tokio::test]
async fn an_endpoint_that_stops_half_way_ends_within_the_tasks_timeout() {
    const HALF: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let endpoints = Endpoints { functions: [("F".to_owned(), url.parse().unwrap())].into(), ..Endpoints::default() };
    let service = Service::builder(ACCOUNT, "us-east-1").endpoints(endpoints).build();
    let mut definition = function("F");
    definition["States"]["T"]["TimeoutSeconds"] = json!(1);
    let machine = create(&service, "M", definition, "STANDARD").await;

    // It hangs up.
    let hangs_up = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(HALF).await.unwrap();
    };
    let (ended, ()) = tokio::join!(run(&service, &machine, "hangs-up", "{}"), hangs_up);
    assert_eq!(ended["error"], "Lambda.SdkClientException", "{ended}");

    // It stalls. The connection does not outlive the task.
    let stalls = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(HALF).await.unwrap();
        let mut rest = Vec::new();
        _ = stream.read_to_end(&mut rest).await;
    };
    let (ended, ()) = tokio::join!(run(&service, &machine, "stalls", "{}"), stalls);
    assert_eq!(ended["error"], "States.Timeout", "{ended}");
}

#[tokio::test]
async fn what_nothing_answers_fails_at_once_and_says_what_to_configure() {
    let service = service();
    for (resource, error, hint) in [
        (
            format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:F"),
            "Lambda.ResourceNotFoundException",
            "--function F=URL",
        ),
        (
            "arn:aws:states:::aws-sdk:batch:listJobs".to_owned(),
            "States.Runtime",
            "--aws-endpoint batch=http://HOST:PORT",
        ),
    ] {
        let name = error.replace('.', "-");
        let fields = json!({ "Resource": resource, "Parameters": { "QueueUrl": "q", "MessageBody": "m" } });
        let machine = create(&service, &name, task(fields), "STANDARD").await;
        let ended = run(&service, &machine, "e", "{}").await;
        assert_eq!((&ended["status"], &ended["error"]), (&json!("FAILED"), &json!(error)));
        assert!(ended["cause"].as_str().unwrap().contains(hint), "{}", ended["cause"]);
    }
}

#[tokio::test]
async fn messages_stay_in_their_local_topic() {
    let service = service();
    let topic = format!("arn:aws:sns:us-east-1:{ACCOUNT}:T");
    let publish = |topic: &str| {
        let parameters = json!({ "TopicArn": topic, "Message.$": "$.m" });
        task(json!({ "Resource": "arn:aws:states:::sns:publish", "Parameters": parameters }))
    };
    let machine = create(&service, "P", publish(&topic), "STANDARD").await;
    let ended = run(&service, &machine, "text", r#"{"m":"hello"}"#).await;
    let output: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
    let members: Vec<&String> = output.as_object().unwrap().keys().collect();
    assert_eq!(members, ["MessageId", "SdkHttpMetadata", "SdkResponseMetadata"]);
    run(&service, &machine, "json", r#"{"m":{"a":1.0}}"#).await;
    let topics = service.dispatcher().topics().messages();
    let texts: Vec<&str> = topics[&topic].iter().map(|message| message.message.as_str()).collect();
    assert_eq!(texts, ["hello", r#"{"a":1.0}"#]);

    let fifo = create(&service, "F", publish(&(topic + ".fifo")), "STANDARD").await;
    let ended = run(&service, &fifo, "e", r#"{"m":"x"}"#).await;
    assert_eq!(ended["error"], "SNS.InvalidParameterException");
    assert!(ended["cause"].as_str().unwrap().contains("MessageGroupId parameter is required"));
}

#[tokio::test]
async fn a_state_machine_starts_another_one() {
    let service = service();
    let child = create(&service, "Child", pass(), "STANDARD").await;
    for (pattern, output) in [("", Value::Null), (".sync", json!(r#"{"a":1}"#)), (".sync:2", json!({ "a": 1 }))] {
        let fields = json!({
            "Resource": format!("arn:aws:states:::states:startExecution{pattern}"),
            "Parameters": { "StateMachineArn": child, "Input.$": "$" },
        });
        let machine =
            create(&service, &format!("P{}", pattern.replace([':', '.'], "")), task(fields), "STANDARD").await;
        let ended = run(&service, &machine, "e", r#"{"a":1}"#).await;
        let answer: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
        assert!(answer["ExecutionArn"].as_str().unwrap().contains(":execution:Child:"));
        assert_eq!(answer["Output"], output, "{pattern}");
    }
    let fields = json!({
        "Resource": "arn:aws:states:::states:startExecution", "Parameters": { "StateMachineArn": format!("{child}x") }
    });
    let machine = create(&service, "Missing", task(fields), "STANDARD").await;
    let ended = run(&service, &machine, "e", "{}").await;
    assert_eq!(ended["error"], "StepFunctions.StateMachineDoesNotExistException");
}

#[tokio::test]
async fn a_state_machine_calls_the_api() {
    let service = service();
    let child = create(&service, "Child", pass(), "STANDARD").await;
    let fields = json!({
        "Resource": "arn:aws:states:::aws-sdk:sfn:startExecution",
        "Parameters": { "StateMachineArn": child, "Name": "n", "Input": { "a": 1 } },
    });
    let machine = create(&service, "Start", task(fields), "STANDARD").await;
    let ended = run(&service, &machine, "e", "{}").await;
    let answer: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
    assert!(answer["ExecutionArn"].as_str().unwrap().ends_with(":execution:Child:n"), "{answer}");
    assert!(answer["StartDate"].as_str().unwrap().ends_with('Z'), "{answer}");

    let fields = json!({
        "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
        "Parameters": { "TaskToken": "NoSuchToken", "Output": {} },
    });
    let machine = create(&service, "Report", task(fields), "STANDARD").await;
    let ended = run(&service, &machine, "e", "{}").await;
    assert_eq!(ended["error"], "Sfn.InvalidTokenException");
    let cause = ended["cause"].as_str().unwrap();
    assert!(
        cause.starts_with("Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: "),
        "{cause}"
    );
}

#[tokio::test]
async fn a_test_case_answers_with_mocked_responses() {
    let mocks = json!({
        "StateMachines": { "M": { "TestCases": { "Paid": { "T": "paid" } } } },
        "MockedResponses": { "paid": { "0": { "Return": { "StatusCode": 200, "Payload": "thanks" } } } },
    });
    let mocks = asl_engine::mock::MockConfig::parse(&mocks.to_string()).unwrap();
    let service = Service::builder(ACCOUNT, "us-east-1").mocks(mocks).build();
    let machine = create(&service, "M", function("F"), "STANDARD").await;
    assert_eq!(run(&service, &format!("{machine}#Paid"), "mocked", "{}").await["output"], r#""thanks""#);
    assert_eq!(run(&service, &machine, "real", "{}").await["error"], "Lambda.ResourceNotFoundException");
    let request = json!({ "stateMachineArn": format!("{machine}#Other") });
    let refused = support::call(&service, "StartExecution", request).await;
    assert_eq!(
        refused.refusal(),
        (400, "ValidationException", "The mock configuration has no test case 'Other' for 'M'")
    );
}

#[tokio::test]
async fn an_execution_that_nobody_waits_for_any_more_is_stopped() {
    let service = service();
    let child = create(&service, "Child", wait(), "STANDARD").await;
    let fields = json!({
        "Resource": "arn:aws:states:::states:startExecution.sync",
        "Parameters": { "StateMachineArn": child, "Name.$": "$$.Execution.Name" },
    });
    let machine = create(&service, "Parent", task(fields.clone()), "STANDARD").await;
    let child_of = |name: &str| format!("{}:{name}", child.replace(":stateMachine:", ":execution:"));
    let status = |ended: Option<Execution>| ended.unwrap().status();

    let stopped = start(&service, &machine, "stopped", "{}").await;
    let is_submitted = |event: &HistoryEvent| matches!(event.detail, HistoryDetail::TaskSubmitted { .. });
    while !service.engine().history(&stopped).await.unwrap().unwrap().iter().any(is_submitted) {
        tokio::task::yield_now().await;
    }
    support::call(&service, "StopExecution", json!({ "executionArn": stopped })).await.ok();
    assert_eq!(status(service.engine().finished(&child_of("stopped")).await), Status::Aborted);

    let mut definition = task(fields);
    definition["States"]["T"]["TimeoutSeconds"] = json!(1);
    let machine = create(&service, "Impatient", definition, "STANDARD").await;
    assert_eq!(run(&service, &machine, "late", "{}").await["error"], "States.Timeout");
    assert_eq!(status(service.engine().finished(&child_of("late")).await), Status::Aborted);
}
