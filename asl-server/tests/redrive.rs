//! RedriveExecution and the operations of Map Runs, through the API.

mod support;

use asl_server::Service;
use asl_server::service::ServiceBuilder;
use asl_server::storage::Buckets;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use support::{Answer, ROLE, call};

fn service() -> (Service, Arc<AtomicBool>) {
    let (builder, works) = builder();
    (builder.build(), works)
}

/// Of a service whose function `F` fails while the switch is off.
fn builder() -> (ServiceBuilder, Arc<AtomicBool>) {
    let works = Arc::new(AtomicBool::new(false));
    let switch = works.clone();
    let function = asl_engine::task::typed(move |input: Value| {
        let works = switch.load(Ordering::SeqCst) || input == json!("good");
        async move {
            match works {
                true => Ok(json!({ "did": input })),
                false => Err(asl_engine::StatesError::new("Broken", "for now")),
            }
        }
    });
    (Service::builder("123456789012", "us-east-1").function("F", function), works)
}

async fn ok(service: &Service, operation: &'static str, request: Value) -> Value {
    call(service, operation, request).await.ok()
}

async fn refused(service: &Service, operation: &'static str, request: Value) -> (String, String) {
    let answer: Answer = call(service, operation, request).await;
    let (_, kind, message) = answer.refusal();
    (kind.to_string(), message.to_string())
}

fn task() -> Value {
    json!({ "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:F", "End": true })
}

async fn failed(service: &Service, definition: Value, input: &str) -> String {
    let request = json!({ "name": "M", "roleArn": ROLE, "definition": definition.to_string() });
    let machine = ok(service, "CreateStateMachine", request).await["stateMachineArn"].clone();
    let request = json!({ "stateMachineArn": machine, "name": "e", "input": input });
    let arn = ok(service, "StartExecution", request).await["executionArn"].as_str().unwrap().to_owned();
    service.engine().finished(&arn).await.unwrap();
    arn
}

#[tokio::test]
async fn an_execution_that_failed_goes_on() {
    let (service, works) = service();
    let arn = failed(&service, json!({ "StartAt": "T", "States": { "T": task() } }), "1").await;
    let execution = json!({ "executionArn": arn });
    let described = ok(&service, "DescribeExecution", execution.clone()).await;
    assert_eq!((&described["redriveStatus"], &described["redriveCount"]), (&json!("REDRIVABLE"), &json!(0)));
    assert_eq!(described.get("redriveDate"), None);

    works.store(true, Ordering::SeqCst);
    let request = json!({ "executionArn": arn, "clientToken": "once" });
    let redriven = ok(&service, "RedriveExecution", request.clone()).await;
    service.engine().finished(&arn).await.unwrap();
    let described = ok(&service, "DescribeExecution", execution.clone()).await;
    assert_eq!((&described["status"], &described["redriveCount"]), (&json!("SUCCEEDED"), &json!(1)));
    assert_eq!(described["redriveDate"], redriven["redriveDate"]);
    assert_eq!(described["output"], r#"{"did":1}"#);
    let history = ok(&service, "GetExecutionHistory", execution.clone()).await;
    let types: Vec<&str> = history["events"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap()).collect();
    assert_eq!(types[5..7], ["ExecutionFailed", "ExecutionRedriven"]);
    assert_eq!(types.last(), Some(&"ExecutionSucceeded"));
    assert_eq!(history["events"][6]["executionRedrivenEventDetails"], json!({ "redriveCount": 1 }));

    // Asked again with the same token, nothing happens; without it, it is refused.
    assert_eq!(ok(&service, "RedriveExecution", request).await, redriven);
    let (kind, message) = refused(&service, "RedriveExecution", execution).await;
    assert_eq!(
        (kind.as_str(), message.as_str()),
        ("ExecutionNotRedrivable", "Execution is SUCCEEDED and cannot be redriven")
    );

    let machine = described["stateMachineArn"].clone();
    let filters = [
        ("redriveFilter", "REDRIVEN", 1),
        ("redriveFilter", "NOT_REDRIVEN", 0),
        ("statusFilter", "FAILED", 0),
        ("statusFilter", "RUNNING", 0),
        ("statusFilter", "SUCCEEDED", 1),
    ];
    for (filter, value, count) in filters {
        let listed = ok(&service, "ListExecutions", json!({ "stateMachineArn": machine, filter: value })).await;
        assert_eq!(listed["executions"].as_array().unwrap().len(), count, "{value}");
    }
}

#[tokio::test]
async fn an_execution_that_fails_again_at_once_was_redriven_all_the_same() {
    let (service, _) = service();
    let fail = json!({ "StartAt": "F", "States": { "F": { "Type": "Fail", "Error": "E" } } });
    let arn = failed(&service, fail, "{}").await;
    let answer = ok(&service, "RedriveExecution", json!({ "executionArn": arn })).await;
    service.engine().finished(&arn).await.unwrap();
    let described = ok(&service, "DescribeExecution", json!({ "executionArn": arn })).await;
    assert_eq!((&described["status"], &described["redriveCount"]), (&json!("FAILED"), &json!(1)));
    assert_eq!(described["redriveDate"], answer["redriveDate"]);
}

#[tokio::test]
async fn what_cannot_be_redriven_says_why() {
    let (service, _) = service();
    let arn = failed(&service, json!({ "StartAt": "T", "States": { "T": task() } }), "1").await;
    let token = refused(&service, "RedriveExecution", json!({ "executionArn": arn, "clientToken": "a b" })).await;
    assert_eq!(token.0, "ValidationException");
    let machine = ok(&service, "DescribeExecution", json!({ "executionArn": arn })).await["stateMachineArn"].clone();
    ok(&service, "DeleteStateMachine", json!({ "stateMachineArn": machine })).await;
    let (kind, message) = refused(&service, "RedriveExecution", json!({ "executionArn": arn })).await;
    assert_eq!((kind.as_str(), message.as_str()), ("ExecutionNotRedrivable", "State machine is in DELETING status"));
}

#[tokio::test]
async fn a_redriven_map_run_stores_what_every_attempt_gave() {
    let root = tempfile::tempdir().unwrap();
    let buckets = Buckets { folders: [("b".to_owned(), root.path().to_path_buf())].into(), files: None };
    let (builder, works) = builder();
    let service = builder.buckets(buckets).build();
    let map = json!({ "Type": "Map", "End": true, "MaxConcurrency": 1, "ItemProcessor": {
        "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
        "StartAt": "T", "States": { "T": task() } },
        "ResultWriter": { "Resource": "arn:aws:states:::s3:putObject", "Parameters": { "Bucket": "b", "Prefix": "p" } } });
    let definition = json!({ "StartAt": "M", "States": { "M": map } });
    let arn = failed(&service, definition, r#"["good", "bad", "last"]"#).await;
    let runs = ok(&service, "ListMapRuns", json!({ "executionArn": arn })).await;
    let id = runs["mapRuns"][0]["mapRunArn"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    let read = |key: &str| -> Value {
        serde_json::from_str(&std::fs::read_to_string(root.path().join(key)).unwrap()).unwrap()
    };
    // The inputs of what the manifest lists, by kind.
    let stored = || {
        let manifest = read(&format!("p/{id}/manifest.json"));
        ["SUCCEEDED", "FAILED", "PENDING"].map(|kind| {
            let files = manifest["ResultFiles"][kind].as_array().unwrap().iter();
            let results = files.flat_map(|file| read(file["Key"].as_str().unwrap()).as_array().unwrap().clone());
            results.map(|result| result["Input"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        })
    };
    let [good, bad, last] = [r#""good""#, r#""bad""#, r#""last""#].map(|input| vec![input.to_owned()]);
    assert_eq!(stored(), [good.clone(), bad.clone(), last.clone()]);

    ok(&service, "RedriveExecution", json!({ "executionArn": arn })).await;
    service.engine().finished(&arn).await.unwrap();
    assert_eq!(stored(), [good.clone(), bad.clone(), last.clone()]);

    works.store(true, Ordering::SeqCst);
    ok(&service, "RedriveExecution", json!({ "executionArn": arn })).await;
    let ended = service.engine().finished(&arn).await.unwrap();
    assert!(ended.status() == asl_engine::runtime::Status::Succeeded, "{:?}", ended.outcome);
    assert_eq!(stored(), [[good, bad, last].concat(), vec![], vec![]]);
}

#[tokio::test]
async fn a_map_run_whose_results_could_not_be_stored_runs_again_as_a_whole() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("folder");
    // A file stands where the bucket should be.
    std::fs::write(&folder, "").unwrap();
    let buckets = Buckets { folders: [("b".to_owned(), folder.clone())].into(), files: None };
    let (builder, works) = builder();
    let service = builder.buckets(buckets).build();
    let map = json!({ "Type": "Map", "End": true, "MaxConcurrency": 1, "ItemProcessor": {
        "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
        "StartAt": "T", "States": { "T": task() } },
        "ResultWriter": { "Resource": "arn:aws:states:::s3:putObject", "Parameters": { "Bucket": "b" } } });
    let arn = failed(&service, json!({ "StartAt": "M", "States": { "M": map } }), r#"["good", "bad"]"#).await;
    std::fs::remove_file(&folder).unwrap();
    works.store(true, Ordering::SeqCst);
    ok(&service, "RedriveExecution", json!({ "executionArn": arn })).await;
    service.engine().finished(&arn).await.unwrap();
    let runs = ok(&service, "ListMapRuns", json!({ "executionArn": arn })).await;
    let statuses: Vec<&Value> = runs["mapRuns"].as_array().unwrap().iter().map(|run| &run["mapRunArn"]).collect();
    assert_eq!(statuses.len(), 2, "what was not stored of the first Map Run is lost: there is a second one");
    let described = ok(&service, "DescribeExecution", json!({ "executionArn": arn })).await;
    assert_eq!(described["status"], "SUCCEEDED", "{described}");
}

#[tokio::test]
async fn map_runs_are_described_listed_and_redriven() {
    let (service, works) = service();
    let map = json!({ "Type": "Map", "End": true, "MaxConcurrency": 1, "Label": "L", "ItemProcessor": {
        "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
        "StartAt": "T", "States": { "T": task() } } });
    let definition = json!({ "StartAt": "M", "States": { "M": map } });
    let arn = failed(&service, definition, r#"["good", "bad", "good", "bad"]"#).await;
    let runs = ok(&service, "ListMapRuns", json!({ "executionArn": arn })).await;
    let run = &runs["mapRuns"][0];
    assert_eq!(run["stateMachineArn"], "arn:aws:states:us-east-1:123456789012:stateMachine:M/L");
    let map_run = json!({ "mapRunArn": run["mapRunArn"] });
    let described = ok(&service, "DescribeMapRun", map_run.clone()).await;
    assert_eq!((&described["status"], &described["redriveCount"]), (&json!("FAILED"), &json!(0)));
    let counts = |described: &Value| {
        let count = |name: &str| described["itemCounts"][name].as_u64().unwrap();
        (count("succeeded"), count("failed"), count("pending"), count("total"))
    };
    assert_eq!(counts(&described), (1, 1, 2, 4));
    let children = ok(&service, "ListExecutions", map_run.clone()).await;
    let failed = children["executions"].as_array().unwrap().iter().find(|child| child["status"] == "FAILED").unwrap();
    assert_eq!((&failed["itemCount"], &failed["mapRunArn"]), (&json!(1), &run["mapRunArn"]));
    let child = json!({ "executionArn": failed["executionArn"] });
    let told = ok(&service, "DescribeExecution", child.clone()).await;
    assert_eq!(told["redriveStatus"], "REDRIVABLE_BY_MAP_RUN");
    assert_eq!(refused(&service, "RedriveExecution", child.clone()).await.0, "ExecutionNotRedrivable");
    let (kind, _) =
        refused(&service, "UpdateMapRun", json!({ "mapRunArn": run["mapRunArn"], "maxConcurrency": 2 })).await;
    assert_eq!(kind, "ValidationException");

    // The first redrive gets as far as before.
    ok(&service, "RedriveExecution", json!({ "executionArn": arn })).await;
    service.engine().finished(&arn).await.unwrap();
    let described = ok(&service, "DescribeMapRun", map_run.clone()).await;
    assert_eq!((&described["status"], &described["redriveCount"]), (&json!("FAILED"), &json!(1)));
    assert_eq!(counts(&described), (1, 1, 2, 4));

    works.store(true, Ordering::SeqCst);
    ok(&service, "RedriveExecution", json!({ "executionArn": arn })).await;
    service.engine().finished(&arn).await.unwrap();
    let described = ok(&service, "DescribeMapRun", map_run.clone()).await;
    assert_eq!((&described["status"], &described["redriveCount"]), (&json!("SUCCEEDED"), &json!(2)));
    assert_eq!(counts(&described), (4, 0, 0, 4));
    assert_eq!(ok(&service, "DescribeExecution", child).await["redriveCount"], 2);
    let execution = ok(&service, "DescribeExecution", json!({ "executionArn": arn })).await;
    assert_eq!(execution["output"], r#"[{"did":"good"},{"did":"bad"},{"did":"good"},{"did":"bad"}]"#);
}
