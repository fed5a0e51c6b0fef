//! What the operations do.

mod support;

use asl_engine::runtime::Status;
use asl_engine::task::{TaskRequest, TaskResult};
use asl_server::Service;
use serde_json::{Value, json};
use std::sync::Arc;
use support::{ACCOUNT, ROLE, call, create, pass, run, service, start, task, wait};

#[tokio::test]
async fn a_state_machine_from_its_creation_to_its_deletion() {
    let service = service();
    let request = json!({
        "name": "M", "definition": pass().to_string(), "roleArn": ROLE, "tags": [{ "key": "a", "value": "1" }]
    });
    let created = call(&service, "CreateStateMachine", request.clone()).await.ok();
    assert_eq!(call(&service, "CreateStateMachine", request).await.ok(), created, "creating again changes nothing");
    let arn = created["stateMachineArn"].as_str().unwrap();
    assert_eq!(arn, format!("arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:M"));
    let described = call(&service, "DescribeStateMachine", json!({ "stateMachineArn": arn })).await.ok();
    assert_eq!(
        described,
        json!({
            "stateMachineArn": arn, "name": "M", "status": "ACTIVE", "definition": pass().to_string(), "roleArn": ROLE,
            "type": "STANDARD", "creationDate": created["creationDate"],
            "loggingConfiguration": { "level": "OFF", "includeExecutionData": false },
            "tracingConfiguration": { "enabled": false },
        })
    );

    let before = run(&service, arn, "before", "{}").await;
    let update = json!({ "stateMachineArn": arn, "definition": wait().to_string() });
    let updated = call(&service, "UpdateStateMachine", update.clone()).await.ok();
    assert_eq!(call(&service, "UpdateStateMachine", update).await.ok(), updated, "updating again changes nothing");
    let described = call(&service, "DescribeStateMachine", json!({ "stateMachineArn": arn })).await.ok();
    assert_eq!(described["revisionId"], updated["revisionId"]);
    assert_eq!(described["definition"], wait().to_string());
    let of = json!({ "executionArn": before["executionArn"] });
    let ran = call(&service, "DescribeStateMachineForExecution", of).await.ok();
    assert_eq!(ran["definition"], pass().to_string(), "an execution keeps the definition it was started with");
    assert_eq!(ran.get("revisionId"), None);

    let tagged = json!({ "resourceArn": arn, "tags": [{ "key": "b", "value": "2" }, { "key": "a", "value": "3" }] });
    call(&service, "TagResource", tagged).await.ok();
    let tags = call(&service, "ListTagsForResource", json!({ "resourceArn": arn })).await.ok();
    assert_eq!(tags, json!({ "tags": [{ "key": "a", "value": "3" }, { "key": "b", "value": "2" }] }));
    call(&service, "UntagResource", json!({ "resourceArn": arn, "tagKeys": ["a"] })).await.ok();
    let tags = call(&service, "ListTagsForResource", json!({ "resourceArn": arn })).await.ok();
    assert_eq!(tags, json!({ "tags": [{ "key": "b", "value": "2" }] }));

    let running = start(&service, arn, "running", "{}").await;
    for _ in 0..2 {
        call(&service, "DeleteStateMachine", json!({ "stateMachineArn": arn })).await.ok();
    }
    let described = call(&service, "DescribeStateMachine", json!({ "stateMachineArn": arn })).await.ok();
    assert_eq!(described["status"], "DELETING");
    let refused = call(&service, "StartExecution", json!({ "stateMachineArn": arn })).await;
    assert_eq!(refused.refusal().1, "StateMachineDeleting");
    call(&service, "StopExecution", json!({ "executionArn": running })).await.ok();
    while call(&service, "DescribeStateMachine", json!({ "stateMachineArn": arn })).await.status == 200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_execution_is_described_while_it_runs_and_after() {
    let service = service();
    let machine = create(&service, "W", wait(), "STANDARD").await;
    let arn = start(&service, &machine, "e", "[1, 2]").await;
    let mut running = call(&service, "DescribeExecution", json!({ "executionArn": arn })).await.ok();
    let started = running["startDate"].take();
    let reason = "Execution is RUNNING and cannot be redriven";
    assert_eq!(
        running,
        json!({
            "executionArn": arn, "stateMachineArn": machine, "name": "e", "status": "RUNNING", "startDate": null,
            "input": "[1, 2]", "inputDetails": { "included": true }, "redriveCount": 0,
            "redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason,
        })
    );
    let stop = json!({ "executionArn": arn, "error": "E", "cause": "because" });
    let stopped = call(&service, "StopExecution", stop.clone()).await.ok();
    assert_eq!(call(&service, "StopExecution", stop).await.ok(), stopped, "stopping again changes nothing");
    let request = json!({ "executionArn": arn, "includedData": "METADATA_ONLY" });
    assert_eq!(
        call(&service, "DescribeExecution", request).await.ok(),
        json!({
            "executionArn": arn, "stateMachineArn": machine, "name": "e", "status": "ABORTED", "startDate": started,
            "stopDate": stopped["stopDate"], "inputDetails": { "included": false }, "error": "E", "cause": "because",
            "redriveCount": 0, "redriveStatus": "REDRIVABLE",
        })
    );
    let history = call(&service, "GetExecutionHistory", json!({ "executionArn": arn })).await.ok();
    let last = &history["events"].as_array().unwrap().last().unwrap()["executionAbortedEventDetails"];
    assert_eq!(*last, json!({ "error": "E", "cause": "because" }));
}

#[tokio::test]
async fn lists_are_paged() {
    let service = service();
    for name in ["A", "B", "C"] {
        create(&service, name, pass(), "STANDARD").await;
        call(&service, "CreateActivity", json!({ "name": name })).await.ok();
    }
    let machine = format!("arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:A");
    for number in 0..3 {
        run(&service, &machine, &format!("e{number}"), "{}").await;
    }
    let execution = machine.replace("stateMachine", "execution") + ":e0";
    for (operation, request, list, member, expected) in [
        ("ListStateMachines", json!({}), "stateMachines", "name", vec!["A", "B", "C"]),
        ("ListActivities", json!({}), "activities", "name", vec!["A", "B", "C"]),
        ("ListExecutions", json!({ "stateMachineArn": machine }), "executions", "name", vec!["e2", "e1", "e0"]),
        (
            "ListExecutions",
            json!({ "stateMachineArn": machine, "statusFilter": "SUCCEEDED" }),
            "executions",
            "name",
            vec!["e2", "e1", "e0"],
        ),
        (
            "ListExecutions",
            json!({ "stateMachineArn": machine, "statusFilter": "RUNNING" }),
            "executions",
            "name",
            vec![],
        ),
        (
            "GetExecutionHistory",
            json!({ "executionArn": execution }),
            "events",
            "type",
            vec!["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"],
        ),
        (
            "GetExecutionHistory",
            json!({ "executionArn": execution, "reverseOrder": true }),
            "events",
            "type",
            vec!["ExecutionSucceeded", "PassStateExited", "PassStateEntered", "ExecutionStarted"],
        ),
    ] {
        for size in [0, 1, 2, 3, 1000] {
            let (mut found, mut token) = (Vec::new(), Value::Null);
            loop {
                let mut request = request.clone();
                request["maxResults"] = json!(size);
                request["nextToken"] = token;
                let page = call(&service, operation, request).await.ok();
                let items = page[list].as_array().unwrap();
                assert!(size == 0 || items.len() <= size, "{operation}: pages of at most {size}");
                found.extend(items.iter().map(|item| item[member].as_str().unwrap().to_owned()));
                token = page["nextToken"].clone();
                if token.is_null() {
                    break;
                }
            }
            assert_eq!(found, expected, "{operation} {request} in pages of {size}");
        }
    }
}

#[tokio::test]
async fn an_express_execution_is_answered_with_its_end() {
    let service = service();
    let machine = create(&service, "E", pass(), "EXPRESS").await;
    let request = json!({ "stateMachineArn": machine, "input": "{\"a\":1}", "name": "n" });
    let mut answer = call(&service, "StartSyncExecution", request).await.ok();
    let arn = answer["executionArn"].take();
    assert!(arn.as_str().unwrap().starts_with(&(machine.replace("stateMachine", "express") + ":n:")), "{arn}");
    (answer["startDate"], answer["stopDate"]) = (Value::Null, Value::Null);
    assert_eq!(
        answer,
        json!({
            "executionArn": null, "stateMachineArn": machine, "name": "n", "startDate": null, "stopDate": null,
            "status": "SUCCEEDED", "input": "{\"a\":1}", "inputDetails": { "included": true },
            "output": "{\"a\":1}", "outputDetails": { "included": true },
            "billingDetails": { "billedDurationInMilliseconds": 100, "billedMemoryUsedInMB": 64 },
        })
    );
}

#[tokio::test]
async fn an_activitys_task_goes_to_its_worker_and_back() {
    let service = service();
    let activity = call(&service, "CreateActivity", json!({ "name": "A" })).await.ok();
    let activity = activity["activityArn"].as_str().unwrap();
    let machine = create(&service, "M", task(json!({ "Resource": activity })), "STANDARD").await;
    for (operation, report, status) in [
        ("SendTaskSuccess", json!({ "output": "[true]" }), "SUCCEEDED"),
        ("SendTaskFailure", json!({ "error": "E", "cause": "C" }), "FAILED"),
    ] {
        let arn = start(&service, &machine, operation, "{\"n\":1}").await;
        let poll = json!({ "activityArn": activity, "workerName": "w" });
        let given = call(&service, "GetActivityTask", poll).await.ok();
        assert_eq!(given["input"], "{\"n\":1}");
        let token = &given["taskToken"];
        call(&service, "SendTaskHeartbeat", json!({ "taskToken": token })).await.ok();
        let mut report = report;
        report["taskToken"] = token.clone();
        call(&service, operation, report.clone()).await.ok();
        service.engine().finished(&arn).await.unwrap();
        let ended = call(&service, "DescribeExecution", json!({ "executionArn": arn })).await.ok();
        assert_eq!(ended["status"], status);
        assert_eq!(call(&service, operation, report).await.refusal().1, "TaskTimedOut", "a token is good once");
    }
    let ended = machine.replace("stateMachine", "execution") + ":SendTaskFailure";
    let ended = call(&service, "DescribeExecution", json!({ "executionArn": ended })).await.ok();
    assert_eq!((&ended["error"], &ended["cause"]), (&json!("E"), &json!("C")));
}

#[tokio::test]
async fn a_definition_is_validated_without_being_created() {
    let service = service();
    let request = json!({ "definition": pass().to_string() });
    let answer = call(&service, "ValidateStateMachineDefinition", request).await.ok();
    assert_eq!(answer, json!({ "result": "OK", "diagnostics": [], "truncated": false }));
    let answer = call(&service, "ValidateStateMachineDefinition", json!({ "definition": "{}" })).await.ok();
    let finding = json!({
        "severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "location": "/",
        "message": "These fields are required: [States, StartAt]",
    });
    assert_eq!(answer, json!({ "result": "FAIL", "diagnostics": [finding], "truncated": false }));
}

#[tokio::test]
async fn actions_that_no_service_has_are_refused() {
    let service = service();
    for (action, result) in [
        ("dynamodb:putItem", "OK"),
        ("dynamodb:PutItem", "FAIL"),
        ("cloudwatchlogs:putLogEvents", "OK"),
        ("logs:putLogEvents", "FAIL"),
    ] {
        let resource = format!("arn:aws:states:::aws-sdk:{action}");
        let state = json!({ "Type": "Task", "Resource": resource, "Parameters": {}, "End": true });
        let definition = json!({ "StartAt": "S", "States": { "S": state } }).to_string();
        let request = json!({ "definition": definition });
        let answer = call(&service, "ValidateStateMachineDefinition", request).await.ok();
        assert_eq!(answer["result"], result, "{action}");
        if result == "FAIL" {
            let message = format!(
                "The resource provided {resource} is not recognized. The value is not a valid resource ARN, or the resource is \
                 not available in this region."
            );
            let finding = &answer["diagnostics"][0];
            assert_eq!((&finding["message"], &finding["location"]), (&json!(message), &json!("/States/S/Resource")));
        }
    }
}

#[tokio::test]
async fn a_handler_that_panics_fails_its_task_alone() {
    async fn panics(_: TaskRequest) -> TaskResult {
        panic!("out of luck")
    }
    let service = Service::builder(ACCOUNT, "us-east-1").function("F", Arc::new(panics)).build();
    let function = format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:F");
    let machine = create(&service, "M", task(json!({ "Resource": function })), "STANDARD").await;
    for name in ["once", "again"] {
        let ended = run(&service, &machine, name, "{}").await;
        assert_eq!(ended["status"], "FAILED");
        assert!(ended["cause"].as_str().unwrap().contains("out of luck"), "{ended}");
    }
}

#[tokio::test]
async fn a_page_goes_on_where_it_was_when_executions_are_forgotten_meanwhile() {
    let journal = Arc::new(asl_engine::runtime::MemoryJournal::keeping(3));
    let service = Service::builder(ACCOUNT, "us-east-1").journal(journal).build();
    let machine = create(&service, "M", pass(), "STANDARD").await;
    for name in ["e0", "e1", "e2"] {
        run(&service, &machine, name, "{}").await;
    }
    let list = |token: Value| {
        let request = json!({ "stateMachineArn": machine, "maxResults": 1, "nextToken": token });
        let service = service.clone();
        async move { call(&service, "ListExecutions", request).await.ok() }
    };
    let first = list(Value::Null).await;
    assert_eq!(first["executions"][0]["name"], "e2");
    // The three that are kept are now e2, e3 and e4: nothing is left that is older than e2.
    for name in ["e3", "e4"] {
        run(&service, &machine, name, "{}").await;
    }
    let next = list(first["nextToken"].clone()).await;
    assert_eq!(next, json!({ "executions": [] }), "not from the beginning again");
}

#[tokio::test]
async fn a_task_of_an_activity_that_does_not_exist_fails() {
    let service = service();
    let activity = call(&service, "CreateActivity", json!({ "name": "A" })).await.ok()["activityArn"].clone();
    let definition = task(json!({ "Resource": activity, "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "T" }] }));
    let machine = create(&service, "M", definition, "STANDARD").await;
    let waits = start(&service, &machine, "waits", "{}").await;
    call(&service, "DeleteActivity", json!({ "activityArn": activity })).await.ok();

    let failed = run(&service, &machine, "fails", "{}").await;
    assert_eq!(
        (&failed["error"], &failed["cause"]),
        (
            &json!("States.Runtime"),
            &json!(format!(
                "An error occurred while executing the state 'T' (entered at the event id #2). The activity {} does not exist.",
                activity.as_str().unwrap()
            ))
        )
    );
    let of = json!({ "executionArn": failed["executionArn"] });
    let history = call(&service, "GetExecutionHistory", of.clone()).await.ok();
    let types: Vec<_> = history["events"].as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(types, ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]);

    // Who waited before goes on waiting; once there is one again, a redrive waits for its workers.
    call(&service, "CreateActivity", json!({ "name": "A" })).await.ok();
    call(&service, "RedriveExecution", of).await.ok();
    for arn in [waits.as_str(), failed["executionArn"].as_str().unwrap()] {
        let given = call(&service, "GetActivityTask", json!({ "activityArn": activity })).await.ok();
        let report = json!({ "taskToken": given["taskToken"], "output": "1" });
        call(&service, "SendTaskSuccess", report).await.ok();
        assert_eq!(service.engine().finished(arn).await.map(|ended| ended.status()), Some(Status::Succeeded), "{arn}");
    }
}

#[tokio::test]
async fn what_is_not_asked_for_or_acted_upon_is_told_all_the_same() {
    let service = service();
    let machine = create(&service, "A", pass(), "STANDARD").await;
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1";
    let request = json!({ "stateMachineArn": machine, "name": "e", "traceHeader": trace });
    let arn = call(&service, "StartExecution", request).await.ok()["executionArn"].clone();
    let described = call(&service, "DescribeExecution", json!({ "executionArn": arn })).await.ok();
    assert_eq!(described["traceHeader"], trace);
    // The definition is a required member of the answers.
    let request = json!({ "stateMachineArn": machine, "includedData": "METADATA_ONLY" });
    assert_eq!(call(&service, "DescribeStateMachine", request).await.ok()["definition"], "{}");
    let request = json!({ "executionArn": arn, "includedData": "METADATA_ONLY" });
    assert_eq!(call(&service, "DescribeStateMachineForExecution", request).await.ok()["definition"], "{}");
}
