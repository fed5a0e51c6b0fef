//! TestState over HTTP: what it answers and what it refuses.

mod support;

use asl_engine::task::typed;
use asl_server::Service;
use serde_json::{Value, json};
use support::{ACCOUNT, ROLE, call, service};

const PASS: &str = r#"{"Type":"Pass","Next":"N"}"#;
const TASK: &str = r#"{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},
    "Catch":[{"ErrorEquals":["E"],"Next":"Caught"}],"End":true}"#;
const MAP: &str = r#"{"Type":"Map","ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Succeed"}}},"End":true}"#;
const PARALLEL: &str = r#"{"Type":"Parallel","Branches":[{"StartAt":"A","States":{"A":{"Type":"Succeed"}}},
    {"StartAt":"B","States":{"B":{"Type":"Succeed"}}}],"End":true}"#;
const MACHINE: &str = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Succeed"}}}"#;

fn request(definition: &str, members: Value) -> Value {
    let mut request = json!({ "definition": definition });
    request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    request
}

#[tokio::test]
async fn tells_what_came_of_a_state() {
    let service = service();
    let caught = r#"{"Error": "E", "Cause": "why"}"#;
    for (definition, members, expected) in [
        (PASS, json!({ "input": "[1,2]" }), json!({ "output": "[1, 2]", "nextState": "N", "status": "SUCCEEDED" })),
        (MACHINE, json!({ "stateName": "B" }), json!({ "output": "{}", "status": "SUCCEEDED" })),
        (MACHINE, json!({ "stateName": "A" }), json!({ "output": "{}", "nextState": "B", "status": "SUCCEEDED" })),
        (
            r#"{"Type":"Pass","Assign":{"b":1},"End":true}"#,
            json!({ "variables": r#"{"a":0}"#, "inspectionLevel": "DEBUG", "input": "7", "roleArn": ROLE }),
            json!({
                "output": "7",
                "status": "SUCCEEDED",
                "inspectionData": {
                    "input": "7",
                    "afterInputPath": "7",
                    "afterParameters": "7",
                    "afterResultSelector": "7",
                    "afterResultPath": "7",
                    "variables": r#"{"a": 0, "b": 1}"#,
                },
            }),
        ),
        (
            TASK,
            json!({ "mock": { "errorOutput": { "error": "E", "cause": "why" } }, "inspectionLevel": "TRACE" }),
            json!({
                "output": caught,
                "error": "E",
                "cause": "why",
                "nextState": "Caught",
                "status": "CAUGHT_ERROR",
                "inspectionData": {
                    "input": "{}",
                    "afterInputPath": "{}",
                    "afterParameters": r#"{"FunctionName": "f"}"#,
                    "errorDetails": { "catchIndex": 0 },
                },
            }),
        ),
        (
            MAP,
            json!({ "mock": { "result": "[3]" }, "input": "[1]", "inspectionLevel": "INFO" }),
            json!({ "output": "[3]", "status": "SUCCEEDED" }),
        ),
        (
            r#"{"Type":"Fail","Error":"E"}"#,
            json!({ "revealSecrets": true }),
            json!({ "error": "E", "status": "FAILED" }),
        ),
    ] {
        let answer = call(&service, "TestState", request(definition, members.clone())).await.ok();
        assert_eq!(answer, expected, "{definition} {members}");
    }
}

#[tokio::test]
async fn a_task_without_mock_is_done() {
    let greet = typed(|name: String| async move { Ok(format!("hello, {name}")) });
    let service = Service::builder(ACCOUNT, "us-east-1").function("Greet", greet).build();
    let task = r#"{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:Greet","End":true}"#;
    let members = json!({ "input": "\"you\"", "roleArn": ROLE });
    let answer = call(&service, "TestState", request(task, members)).await.ok();
    assert_eq!(answer, json!({ "output": "\"hello, you\"", "status": "SUCCEEDED" }));
}

#[tokio::test]
async fn a_test_is_one_of_an_express_execution() {
    let state = r#"{"Type":"Pass","Parameters":{"context.$":"$$"},"End":true}"#;
    let members = json!({ "input": "{}", "roleArn": ROLE });
    let answer = call(&service(), "TestState", request(state, members)).await.ok();
    let output: Value = serde_json::from_str(answer["output"].as_str().unwrap()).unwrap();
    let context = &output["context"];
    let (machine, name) = (context["StateMachine"]["Name"].as_str(), context["Execution"]["Name"].as_str());
    let id = format!("arn:aws:states:us-east-1:{ACCOUNT}:express:{}:{}", machine.unwrap(), name.unwrap());
    assert_eq!(context["Execution"]["Id"], id);
    assert_eq!((&context["Execution"]["RoleArn"], &context["State"]["Name"]), (&json!(ROLE), &json!("StateName")));
}

#[tokio::test]
async fn refuses_in_awss_words() {
    let service = service();
    let mock = json!({ "result": "{}" });
    let error = json!({ "errorOutput": { "error": "E" } });
    let sync = r#"{"Type":"Task","Resource":"arn:aws:states:::ecs:runTask.sync","Parameters":{"TaskDefinition":"t"},"End":true}"#;
    let lambda =
        r#"{"Type":"Task","Resource":"arn:aws:states:::aws-sdk:lambda:getFunction","Parameters":{},"End":true}"#;
    let kinds = "[Task, Wait, Pass, Succeed, Fail, Choice]";
    let task_in_context = "Invalid Context object provided: Context object contains 'Task' when state is not a Task state \
                           with a '.sync' or '.waitForTaskToken' service integration pattern";
    for (definition, members, kind, message) in [
        (
            PASS,
            json!({ "mock": mock }),
            "ValidationException",
            "State type 'Pass' is not supported when a mock is specified",
        ),
        (
            PASS,
            json!({ "mock": error }),
            "ValidationException",
            "State type 'Pass' is not supported when a mock is specified",
        ),
        (
            TASK,
            json!({ "mock": mock, "revealSecrets": true }),
            "ValidationException",
            "TestState does not support RevealSecrets when a mock is specified.",
        ),
        (
            MAP,
            json!({ "stateConfiguration": { "mapIterationFailureCount": 0 } }),
            "ValidationException",
            "TestState does not support MapIterationFailureCount when a mock is not specified.",
        ),
        (
            MAP,
            json!({}),
            "InvalidDefinition",
            &format!("TestState API does not support Map or Parallel states. Supported state types include: {kinds}"),
        ),
        (MAP, json!({ "mock": mock }), "ValidationException", "Mocked result must be an array."),
        (PARALLEL, json!({ "mock": mock }), "ValidationException", "Mocked result must be an array."),
        (
            PARALLEL,
            json!({ "mock": { "result": "[1]" } }),
            "ValidationException",
            "Mocked result must contain the same number of items as number of Parallel branches.",
        ),
        (TASK, json!({ "mock": mock, "context": r#"{"Task":{}}"# }), "ValidationException", task_in_context),
        (MACHINE, json!({ "stateName": "C" }), "ValidationException", "State not found in definition"),
        (
            TASK,
            json!({ "mock": { "result": r#"{"StatusCode":"200"}"# } }),
            "ValidationException",
            "Mock result schema validation error: Field 'StatusCode' must be a number",
        ),
        (
            TASK,
            json!({ "mock": { "result": "{}", "fieldValidationMode": "LAX" } }),
            "ValidationException",
            "1 validation error detected: Value 'LAX' at 'mock.fieldValidationMode' failed to satisfy constraint: Member \
             must satisfy enum value set: [STRICT, PRESENT, NONE]",
        ),
        (
            TASK,
            json!({ "mock": mock, "stateConfiguration": { "retrierRetryCount": -1 } }),
            "ValidationException",
            "1 validation error detected: Value '-1' at 'stateConfiguration.retrierRetryCount' failed to satisfy \
             constraint: Member must have value greater than or equal to 0",
        ),
        (PASS, json!({ "roleArn": "r" }), "InvalidArn", "Invalid Role Arn: 'r'"),
    ] {
        let answer = call(&service, "TestState", request(definition, members.clone())).await;
        assert_eq!(answer.refusal(), (400, kind, message), "{definition} {members}");
    }

    // Not recorded: that they are refused counts, and that the message names what is wrong.
    for (definition, members, kind, part) in [
        (sync, json!({}), "InvalidDefinition", "ecs:runTask.sync"),
        (TASK, json!({ "context": "{}" }), "ValidationException", "Context"),
        (TASK, json!({ "mock": {} }), "ValidationException", "mock"),
        (TASK, json!({ "mock": { "result": "{" } }), "ValidationException", "JSON"),
        (TASK, json!({ "mock": mock, "context": "[]" }), "ValidationException", "Invalid Context object provided"),
        (TASK, json!({ "variables": "[]" }), "ValidationException", "variables"),
        (TASK, json!({ "input": "{" }), "InvalidExecutionInput", "Invalid State Machine Execution Input"),
        (
            TASK,
            json!({ "mock": error, "stateConfiguration": { "mapItemReaderData": "" } }),
            "ValidationException",
            "Map",
        ),
        (
            MAP,
            json!({ "mock": error, "stateConfiguration": { "errorCausedByState": "Nobody" } }),
            "ValidationException",
            "not found",
        ),
        (r#"{"Type":"Pass"}"#, json!({}), "InvalidDefinition", "Invalid State Machine Definition"),
        (MACHINE, json!({}), "InvalidDefinition", "Invalid State Machine Definition"),
        (
            lambda,
            json!({ "mock": { "result": r#"{"Configuration":{"MemorySize":1}}"#, "fieldValidationMode": "PRESENT" } }),
            "ValidationException",
            "MemorySize",
        ),
    ] {
        let answer = call(&service, "TestState", request(definition, members.clone())).await;
        let (status, found, message) = answer.refusal();
        assert_eq!((status, found), (400, kind), "{definition} {members}: {message}");
        assert!(message.contains(part), "{message}");
    }
}
