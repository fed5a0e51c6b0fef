//! What the API refuses, and in which words.

mod support;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use support::{ROLE, call, create, pass, send, service, start, task, wait};

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:M";
const NOBODY: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:Nobody";
const NO_EXECUTION: &str = "arn:aws:states:us-east-1:123456789012:execution:M:none";
const NO_ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:none";

fn constraint(value: &str, member: &str, constraint: &str) -> String {
    format!("1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: {constraint}")
}

fn new(changes: Value) -> Value {
    let mut request = json!({ "name": "N", "definition": pass().to_string(), "roleArn": ROLE });
    request.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    request
}

#[tokio::test]
async fn bad_requests_are_refused_in_awss_words() {
    let service = service();
    create(&service, "M", pass(), "STANDARD").await;
    let express = create(&service, "E", pass(), "EXPRESS").await;
    let token = token(&service).await;
    let long = "n".repeat(81);
    let destinations =
        json!([{ "cloudWatchLogsLogGroup": { "logGroupArn": "arn:aws:logs:us-east-1:1:log-group:g:*" } }]);
    let two = json!([destinations[0], destinations[0]]);
    let tags: Vec<Value> = (0..51).map(|n| json!({ "key": format!("k{n}"), "value": "" })).collect();
    let null = "Member must not be null";
    let one_destination = "Invalid Logging Configuration: Must specify exactly one Log Destination.";
    let statuses = "Member must satisfy enum value set: \
                    [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]";
    let missing = |member: &str| constraint("null", member, null);
    let cases: Vec<(&str, Value, &str, String)> = vec![
        ("CreateStateMachine", new(json!({ "name": Value::Null })), "ValidationException", missing("name")),
        ("CreateStateMachine", new(json!({ "roleArn": Value::Null })), "ValidationException", missing("roleArn")),
        ("CreateStateMachine", new(json!({ "definition": Value::Null })), "ValidationException", missing("definition")),
        (
            "CreateStateMachine",
            new(json!({ "name": long })),
            "ValidationException",
            constraint(&format!("'{long}'"), "name", "Member must have length less than or equal to 80"),
        ),
        (
            "CreateStateMachine",
            new(json!({ "type": "FAST" })),
            "ValidationException",
            constraint("'FAST'", "type", "Member must satisfy enum value set: [STANDARD, EXPRESS]"),
        ),
        ("CreateStateMachine", new(json!({ "name": "a b" })), "InvalidName", "Invalid Name: 'a b'".into()),
        ("CreateStateMachine", new(json!({ "roleArn": "r" })), "InvalidArn", "Invalid Role Arn: 'r'".into()),
        (
            "CreateStateMachine",
            new(json!({ "definition": "{}" })),
            "InvalidDefinition",
            "Invalid State Machine Definition: \
             'SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /'"
                .into(),
        ),
        (
            "CreateStateMachine",
            new(json!({ "name": "M", "definition": wait().to_string() })),
            "StateMachineAlreadyExists",
            format!("State Machine Already Exists: '{MACHINE}'"),
        ),
        (
            "CreateStateMachine",
            new(json!({ "loggingConfiguration": { "level": "ALL" } })),
            "InvalidLoggingConfiguration",
            one_destination.into(),
        ),
        (
            "CreateStateMachine",
            new(json!({ "loggingConfiguration": { "level": "ALL", "destinations": two } })),
            "InvalidLoggingConfiguration",
            one_destination.into(),
        ),
        (
            "CreateStateMachine",
            new(json!({ "tags": tags })),
            "TooManyTags",
            format!("Too many tags: '{}'", MACHINE.replace(":M", ":N")),
        ),
        (
            "CreateStateMachine",
            new(json!({ "versionDescription": "d" })),
            "ValidationException",
            "Version description can only be set when publish is true".into(),
        ),
        (
            "UpdateStateMachine",
            json!({ "stateMachineArn": MACHINE }),
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be \
             specified"
                .into(),
        ),
        (
            "UpdateStateMachine",
            json!({ "stateMachineArn": NOBODY, "roleArn": ROLE }),
            "StateMachineDoesNotExist",
            gone(NOBODY),
        ),
        ("DescribeStateMachine", json!({}), "ValidationException", missing("stateMachineArn")),
        ("DescribeStateMachine", json!({ "stateMachineArn": NOBODY }), "StateMachineDoesNotExist", gone(NOBODY)),
        ("DescribeStateMachine", json!({ "stateMachineArn": "x" }), "InvalidArn", prefix("x")),
        ("DeleteStateMachine", json!({ "stateMachineArn": "x" }), "InvalidArn", prefix("x")),
        ("StartExecution", json!({ "stateMachineArn": NOBODY }), "StateMachineDoesNotExist", gone(NOBODY)),
        (
            "StartExecution",
            json!({ "stateMachineArn": MACHINE, "name": "a/b" }),
            "InvalidName",
            "Invalid Name: 'a/b'".into(),
        ),
        (
            "StartExecution",
            json!({ "stateMachineArn": MACHINE, "input": "{" }),
            "InvalidExecutionInput",
            "Invalid State Machine Execution Input: 'the text ends before its value does at line 1, column 2'".into(),
        ),
        (
            "StartExecution",
            json!({ "stateMachineArn": MACHINE, "input": format!("\"{}\"", "x".repeat(262_144)) }),
            "ValidationException",
            "1 validation error detected: Value at 'input' failed to satisfy constraint: \
             Member must have length less than or equal to 262144"
                .into(),
        ),
        (
            "StartSyncExecution",
            json!({ "stateMachineArn": MACHINE }),
            "StateMachineTypeNotSupported",
            "This operation is not supported by this type of state machine".into(),
        ),
        ("DescribeExecution", json!({ "executionArn": "x" }), "InvalidArn", prefix("x")),
        (
            "DescribeExecution",
            json!({ "executionArn": MACHINE }),
            "InvalidArn",
            "Invalid Arn: 'Resource type not valid in this context: stateMachine'".into(),
        ),
        ("DescribeExecution", json!({ "executionArn": NO_EXECUTION }), "ExecutionDoesNotExist", no_execution()),
        (
            "DescribeStateMachineForExecution",
            json!({ "executionArn": NO_EXECUTION }),
            "ExecutionDoesNotExist",
            no_execution(),
        ),
        ("StopExecution", json!({ "executionArn": NO_EXECUTION }), "ExecutionDoesNotExist", no_execution()),
        ("GetExecutionHistory", json!({ "executionArn": NO_EXECUTION }), "ExecutionDoesNotExist", no_execution()),
        (
            "ListExecutions",
            json!({ "stateMachineArn": MACHINE, "statusFilter": "succeeded" }),
            "ValidationException",
            constraint("'succeeded'", "statusFilter", statuses),
        ),
        (
            "ListExecutions",
            json!({ "stateMachineArn": MACHINE, "maxResults": 1001 }),
            "ValidationException",
            constraint("'1001'", "maxResults", "Member must have value less than or equal to 1000"),
        ),
        (
            "ListExecutions",
            json!({ "stateMachineArn": MACHINE, "nextToken": "forged" }),
            "InvalidToken",
            "Invalid Token: 'Invalid token'".into(),
        ),
        ("ListExecutions", json!({ "stateMachineArn": NOBODY }), "StateMachineDoesNotExist", gone(NOBODY)),
        (
            "ListExecutions",
            json!({ "stateMachineArn": express }),
            "StateMachineTypeNotSupported",
            "This operation is not supported by this type of state machine".into(),
        ),
        ("CreateActivity", json!({ "name": "a{b" }), "InvalidName", "Invalid Name: 'a{b'".into()),
        (
            "DescribeActivity",
            json!({ "activityArn": NO_ACTIVITY }),
            "ActivityDoesNotExist",
            format!("Activity Does Not Exist: '{NO_ACTIVITY}'"),
        ),
        ("GetActivityTask", json!({ "activityArn": "x" }), "InvalidArn", prefix("x")),
        (
            "SendTaskSuccess",
            json!({ "taskToken": "NoSuchToken", "output": "{}" }),
            "InvalidToken",
            "Invalid Token: 'Invalid token'".into(),
        ),
        (
            "SendTaskSuccess",
            json!({ "taskToken": "NoSuchToken", "output": "no json" }),
            "InvalidToken",
            "Invalid Token: 'Invalid token'".into(),
        ),
        (
            "SendTaskSuccess",
            json!({ "taskToken": token, "output": "no json" }),
            "InvalidOutput",
            "Invalid Output: 'a JSON value is expected here at line 1, column 1'".into(),
        ),
        (
            "TagResource",
            json!({ "resourceArn": NOBODY, "tags": [] }),
            "ResourceNotFound",
            format!("Resource not found: '{NOBODY}'"),
        ),
        (
            "ListStateMachines",
            json!({ "maxResults": "7" }),
            "SerializationException",
            "STRING_VALUE can not be converted to an Integer".into(),
        ),
        (
            "DescribeStateMachine",
            json!({ "stateMachineArn": 7 }),
            "SerializationException",
            "NUMBER_VALUE can not be converted to a String".into(),
        ),
        (
            "Nothing",
            json!({}),
            "UnknownOperationException",
            "The operation `Nothing` is not one this server knows. GET / lists those it does.".into(),
        ),
    ];
    for (operation, request, kind, message) in cases {
        let answer = call(&service, operation, request.clone()).await;
        assert_eq!(answer.refusal(), (400, kind, message.as_str()), "{operation} {request}");
    }
    // Nothing was left behind.
    let machines = call(&service, "ListStateMachines", json!({})).await.ok();
    assert_eq!(machines["stateMachines"].as_array().unwrap().len(), 3);
}

/// The token of a task that waits, whose state machine is being deleted.
async fn token(service: &asl_server::Service) -> String {
    let activity = call(service, "CreateActivity", json!({ "name": "A" })).await.ok();
    let waits = task(json!({ "Resource": activity["activityArn"] }));
    let machine = create(service, "T", waits, "STANDARD").await;
    start(service, &machine, "waits", "{}").await;
    let given = call(service, "GetActivityTask", json!({ "activityArn": activity["activityArn"] })).await.ok();
    call(service, "DeleteStateMachine", json!({ "stateMachineArn": machine })).await.ok();
    given["taskToken"].as_str().unwrap().to_owned()
}

fn gone(arn: &str) -> String {
    format!("State Machine Does Not Exist: '{arn}'")
}

fn prefix(arn: &str) -> String {
    format!("Invalid Arn: 'Invalid ARN prefix: {arn}'")
}

fn no_execution() -> String {
    format!("Execution Does Not Exist: '{NO_EXECUTION}'")
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused() {
    let service = service();
    let post = |path: &str, body: Vec<u8>| Request::post(path).body(Body::from(body)).unwrap();
    for (request, status, kind, message) in [
        (post("/ListStateMachines", b"{".to_vec()), 400, "SerializationException", "The request is not valid JSON"),
        (post("/ListStateMachines", b"[]".to_vec()), 400, "SerializationException", "Start of list found"),
        (post("/ListStateMachines", vec![0xff]), 400, "SerializationException", "The request is not valid JSON"),
        (post("/", b"{}".to_vec()), 400, "UnknownOperationException", "X-Amz-Target"),
        (post("/CreateStateMachine", vec![b' '; 1_048_577]), 413, "RequestEntityTooLargeException", "1048576 bytes"),
    ] {
        let answer = send(&service, request).await;
        let (found_status, found_kind, found_message) = answer.refusal();
        assert_eq!((found_status, found_kind), (status, kind));
        assert!(found_message.contains(message), "{found_message}");
    }
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let service = service();
    let machine = create(&service, "W", wait(), "STANDARD").await;
    let first = start(&service, &machine, "n", r#"{"a": 1}"#).await;
    assert_eq!(start(&service, &machine, "n", r#"{"a": 1}"#).await, first, "the same again");
    let taken = format!("Execution Already Exists: '{first}'");
    let again = |input: &'static str| {
        let request = json!({ "stateMachineArn": machine, "name": "n", "input": input });
        let service = service.clone();
        async move { call(&service, "StartExecution", request).await }
    };
    assert_eq!(again(r#"{"a": 2}"#).await.refusal(), (400, "ExecutionAlreadyExists", taken.as_str()));
    call(&service, "StopExecution", json!({ "executionArn": first })).await.ok();
    assert_eq!(again(r#"{"a": 1}"#).await.refusal(), (400, "ExecutionAlreadyExists", taken.as_str()));
}
