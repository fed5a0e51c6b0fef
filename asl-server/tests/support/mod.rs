//! A service, called over HTTP in process.
#![allow(dead_code, reason = "every test file uses its own part")]

pub mod peer;

use asl_server::{Service, http};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;

pub const ACCOUNT: &str = "123456789012";
pub const ROLE: &str = "arn:aws:iam::123456789012:role/r";

pub fn service() -> Service {
    Service::builder(ACCOUNT, "us-east-1").build()
}

/// An answer: status and body.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// The error's type and message.
    pub fn refusal(&self) -> (u16, &str, &str) {
        (
            self.status,
            self.body["__type"].as_str().unwrap_or_default(),
            self.body["message"].as_str().unwrap_or_default(),
        )
    }

    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }
}

/// Sends a request as the SDKs do.
pub async fn call(service: &Service, operation: &str, request: Value) -> Answer {
    let request = Request::post("/")
        .header("x-amz-target", format!("AWSStepFunctions.{operation}"))
        .header("content-type", "application/x-amz-json-1.0")
        .header("host", "sync-localhost:8083")
        .body(Body::from(request.to_string()))
        .unwrap();
    send(service, request).await
}

pub async fn send(service: &Service, request: Request<Body>) -> Answer {
    let response = http::router(service.clone()).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.0");
    assert_eq!(response.headers()["x-amzn-requestid"].len(), 36);
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Answer { status, body: serde_json::from_slice(&body).unwrap() }
}

/// A state machine of one or more states, by name and kind; returns its ARN.
pub async fn create(service: &Service, name: &str, definition: Value, kind: &str) -> String {
    let request = json!({ "name": name, "definition": definition.to_string(), "roleArn": ROLE, "type": kind });
    let created = call(service, "CreateStateMachine", request).await.ok();
    created["stateMachineArn"].as_str().unwrap().to_owned()
}

/// Starts an execution; returns its ARN.
pub async fn start(service: &Service, machine: &str, name: &str, input: &str) -> String {
    let request = json!({ "stateMachineArn": machine, "name": name, "input": input });
    call(service, "StartExecution", request).await.ok()["executionArn"].as_str().unwrap().to_owned()
}

/// Runs an execution to its end; returns what DescribeExecution tells.
pub async fn run(service: &Service, machine: &str, name: &str, input: &str) -> Value {
    let arn = start(service, machine, name, input).await;
    service.engine().finished(&arn).await.unwrap();
    call(service, "DescribeExecution", json!({ "executionArn": arn })).await.ok()
}

pub fn pass() -> Value {
    json!({ "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } })
}

pub fn wait() -> Value {
    json!({ "StartAt": "W", "States": { "W": { "Type": "Wait", "Seconds": 3600, "End": true } } })
}

/// One Task state with these fields.
pub fn task(fields: Value) -> Value {
    let mut state = json!({ "Type": "Task", "End": true });
    state.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({ "StartAt": "T", "States": { "T": state } })
}
