//! Every error that the API reference documents for an operation (`api/errors.txt`) is answered by a request here, or cannot
//! occur on this server, with the reason. The table in `docs/api.md` is made of this: `UPDATE=1 cargo test -p asl-server
//! --test errors` writes it anew.

mod support;

use asl_server::quota::Quotas;
use asl_server::{Service, operation};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use support::{ACCOUNT, ROLE, call, create, pass, run, start, task, wait};

const DOCUMENTED: &str = include_str!("api/errors.txt");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api.md");
const BEGIN: &str = "<!-- errors: begin, written by asl-server/tests/errors.rs -->\n";
const END: &str = "<!-- errors: end -->";

/// Errors that cannot occur at any operation: nothing is encrypted with keys of KMS.
const KMS: &[&str] = &["KmsAccessDeniedException", "KmsInvalidStateException", "KmsThrottlingException"];

/// Errors that cannot occur here: operation, error, why.
const NEVER: &[(&str, &str, &str)] = &[
    ("CreateStateMachine", "ConflictException", "changes of a state machine happen one after the other"),
    ("UpdateStateMachine", "ConflictException", "changes of a state machine happen one after the other"),
    ("UpdateStateMachineAlias", "ConflictException", "changes of a state machine happen one after the other"),
    ("DeleteStateMachineAlias", "ConflictException", "changes of a state machine happen one after the other"),
    ("CreateStateMachine", "StateMachineTypeNotSupported", "another type than the two is a ValidationException"),
    ("CreateStateMachineAlias", "InvalidName", "the name's pattern is checked first: a ValidationException"),
];

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:M";
const EXPRESS: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:E";
const DELETING: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:Deleting";
const FULL: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:Full";
const NOBODY: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:Nobody";
const LABELLED: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:M/Map";
const NO_EXECUTION: &str = "arn:aws:states:us-east-1:123456789012:execution:M:none";
const NO_MAP_RUN: &str = "arn:aws:states:us-east-1:123456789012:mapRun:M/Map:00000000-0000-0000-0000-000000000000";
const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:A";
const NO_ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:none";

fn version(machine: &str, number: u64) -> String {
    format!("{machine}:{number}")
}

fn route(machine: &str, number: u64) -> Value {
    json!([{ "stateMachineVersionArn": version(machine, number), "weight": 100 }])
}

/// What the requests need to find, and quotas that are easy to reach.
async fn world() -> (Service, World) {
    let quotas = Quotas { state_machines: 4, versions: 2, aliases: 2, activities: 2, workers: 1, ..Quotas::default() };
    let service = Service::builder(ACCOUNT, "us-east-1").quotas(quotas).build();
    create(&service, "M", wait(), "STANDARD").await;
    create(&service, "E", pass(), "EXPRESS").await;
    call(&service, "CreateActivity", json!({ "name": "A" })).await.ok();
    call(&service, "CreateActivity", json!({ "name": "B" })).await.ok();

    create(&service, "Deleting", wait(), "STANDARD").await;
    publish(&service, DELETING).await;
    let alias = json!({ "name": "live", "routingConfiguration": route(DELETING, 1) });
    call(&service, "CreateStateMachineAlias", alias).await.ok();
    start(&service, DELETING, "runs", "{}").await;
    call(&service, "DeleteStateMachine", json!({ "stateMachineArn": DELETING })).await.ok();

    create(&service, "Full", task(json!({ "Resource": ACTIVITY })), "STANDARD").await;
    for comment in ["first", "second"] {
        publish(&service, FULL).await;
        let mut definition = task(json!({ "Resource": ACTIVITY }));
        definition["Comment"] = json!(comment);
        let update = json!({ "stateMachineArn": FULL, "definition": definition.to_string() });
        call(&service, "UpdateStateMachine", update).await.ok();
    }
    for name in ["live", "test"] {
        let alias = json!({ "name": name, "routingConfiguration": route(FULL, 1) });
        call(&service, "CreateStateMachineAlias", alias).await.ok();
    }

    let running = start(&service, MACHINE, "runs", "{}").await;
    let worked = start(&service, FULL, "worked", "{}").await;
    let given = call(&service, "GetActivityTask", json!({ "activityArn": ACTIVITY })).await.ok();
    let used = given["taskToken"].as_str().unwrap().to_owned();
    call(&service, "SendTaskSuccess", json!({ "taskToken": used, "output": "{}" })).await.ok();
    service.engine().finished(&worked).await.unwrap();
    let next = start(&service, FULL, "next", "{}").await;
    let given = call(&service, "GetActivityTask", json!({ "activityArn": ACTIVITY })).await.ok();
    let token = given["taskToken"].as_str().unwrap().to_owned();
    (service, World { running, used, token, next })
}

async fn publish(service: &Service, machine: &str) {
    call(service, "PublishStateMachineVersion", json!({ "stateMachineArn": machine })).await.ok();
}

struct World {
    /// An execution of `M` that runs.
    running: String,
    /// A token whose task is over.
    used: String,
    /// A token whose task waits.
    token: String,
    /// The execution that waits for it.
    next: String,
}

/// A token of a service that forgot its executions.
async fn forgotten_token() -> String {
    let service = Service::builder(ACCOUNT, "us-east-1").build();
    call(&service, "CreateActivity", json!({ "name": "A" })).await.ok();
    let machine = create(&service, "Forgotten", task(json!({ "Resource": ACTIVITY })), "STANDARD").await;
    start(&service, &machine, "e", "{}").await;
    let given = call(&service, "GetActivityTask", json!({ "activityArn": ACTIVITY })).await.ok();
    given["taskToken"].as_str().unwrap().to_owned()
}

fn machine(changes: Value) -> Value {
    merged(json!({ "name": "New", "definition": pass().to_string(), "roleArn": ROLE }), changes)
}

fn update(changes: Value) -> Value {
    merged(json!({ "stateMachineArn": MACHINE, "definition": pass().to_string() }), changes)
}

fn merged(mut request: Value, changes: Value) -> Value {
    request.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    request
}

fn tags(count: usize) -> Value {
    (0..count).map(|number| json!({ "key": format!("k{number}"), "value": "" })).collect()
}

/// Requests, each with the error it is answered with.
fn requests(world: &World, forgotten: &str) -> Vec<(&'static str, &'static str, Value)> {
    let no_key = json!({ "type": "CUSTOMER_MANAGED_KMS_KEY" });
    let log_nowhere = json!({ "level": "ALL" });
    let World { running, used, token, .. } = world;
    let mut requests = vec![
        ("CreateActivity", "InvalidName", json!({ "name": "a b" })),
        ("CreateActivity", "InvalidEncryptionConfiguration", json!({ "name": "C", "encryptionConfiguration": no_key })),
        ("CreateActivity", "TooManyTags", json!({ "name": "C", "tags": tags(51) })),
        ("CreateActivity", "ActivityLimitExceeded", json!({ "name": "C" })),
        (
            "CreateActivity",
            "ActivityAlreadyExists",
            json!({ "name": "A", "encryptionConfiguration": { "type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k" } }),
        ),
        ("CreateStateMachine", "InvalidArn", machine(json!({ "roleArn": "r" }))),
        ("CreateStateMachine", "InvalidDefinition", machine(json!({ "definition": "{}" }))),
        ("CreateStateMachine", "InvalidEncryptionConfiguration", machine(json!({ "encryptionConfiguration": no_key }))),
        ("CreateStateMachine", "InvalidLoggingConfiguration", machine(json!({ "loggingConfiguration": log_nowhere }))),
        ("CreateStateMachine", "InvalidName", machine(json!({ "name": "a/b" }))),
        ("CreateStateMachine", "InvalidTracingConfiguration", machine(json!({ "tracingConfiguration": {} }))),
        ("CreateStateMachine", "StateMachineAlreadyExists", machine(json!({ "name": "M" }))),
        ("CreateStateMachine", "StateMachineDeleting", machine(json!({ "name": "Deleting" }))),
        ("CreateStateMachine", "StateMachineLimitExceeded", machine(json!({}))),
        ("CreateStateMachine", "TooManyTags", machine(json!({ "tags": tags(51) }))),
        ("CreateStateMachine", "ValidationException", machine(json!({ "versionDescription": "d" }))),
        (
            "CreateStateMachineAlias",
            "ConflictException",
            json!({ "name": "live", "routingConfiguration": route(FULL, 2) }),
        ),
        (
            "CreateStateMachineAlias",
            "InvalidArn",
            json!({ "name": "n", "routingConfiguration": [{ "stateMachineVersionArn": "x", "weight": 100 }] }),
        ),
        ("CreateStateMachineAlias", "ResourceNotFound", json!({ "name": "n", "routingConfiguration": route(FULL, 9) })),
        (
            "CreateStateMachineAlias",
            "ServiceQuotaExceededException",
            json!({ "name": "n", "routingConfiguration": route(FULL, 1) }),
        ),
        (
            "CreateStateMachineAlias",
            "StateMachineDeleting",
            json!({ "name": "n", "routingConfiguration": route(DELETING, 1) }),
        ),
        (
            "CreateStateMachineAlias",
            "ValidationException",
            json!({ "name": "n", "routingConfiguration": [{ "stateMachineVersionArn": version(FULL, 1), "weight": 99 }] }),
        ),
        ("DeleteStateMachine", "ValidationException", json!({ "stateMachineArn": LABELLED })),
        ("DeleteStateMachineAlias", "InvalidArn", json!({ "stateMachineAliasArn": FULL })),
        ("DeleteStateMachineAlias", "ResourceNotFound", json!({ "stateMachineAliasArn": format!("{FULL}:none") })),
        ("DeleteStateMachineAlias", "ValidationException", json!({})),
        ("DeleteStateMachineVersion", "ConflictException", json!({ "stateMachineVersionArn": version(FULL, 1) })),
        ("DeleteStateMachineVersion", "InvalidArn", json!({ "stateMachineVersionArn": FULL })),
        ("DeleteStateMachineVersion", "ValidationException", json!({})),
        ("DescribeMapRun", "ResourceNotFound", json!({ "mapRunArn": NO_MAP_RUN })),
        ("DescribeStateMachineAlias", "ResourceNotFound", json!({ "stateMachineAliasArn": format!("{FULL}:none") })),
        ("DescribeStateMachineAlias", "ValidationException", json!({})),
        ("GetActivityTask", "ActivityWorkerLimitExceeded", json!({ "activityArn": ACTIVITY })),
        ("ListExecutions", "ResourceNotFound", json!({ "mapRunArn": NO_MAP_RUN })),
        ("ListExecutions", "StateMachineTypeNotSupported", json!({ "stateMachineArn": EXPRESS })),
        ("ListExecutions", "ValidationException", json!({ "stateMachineArn": MACHINE, "mapRunArn": NO_MAP_RUN })),
        (
            "ListExecutions",
            "ValidationException",
            json!({ "stateMachineArn": MACHINE, "statusFilter": "PENDING_REDRIVE" }),
        ),
        ("ListStateMachineAliases", "ResourceNotFound", json!({ "stateMachineArn": version(FULL, 9) })),
        ("ListStateMachineVersions", "ValidationException", json!({})),
        (
            "PublishStateMachineVersion",
            "ConflictException",
            json!({ "stateMachineArn": FULL, "revisionId": "INITIAL" }),
        ),
        ("PublishStateMachineVersion", "ServiceQuotaExceededException", json!({ "stateMachineArn": FULL })),
        ("PublishStateMachineVersion", "ValidationException", json!({})),
        ("RedriveExecution", "ExecutionNotRedrivable", json!({ "executionArn": running })),
        ("RedriveExecution", "ValidationException", json!({})),
        ("SendTaskSuccess", "InvalidOutput", json!({ "taskToken": token, "output": "no JSON" })),
        (
            "StartExecution",
            "ExecutionAlreadyExists",
            json!({ "stateMachineArn": MACHINE, "name": "runs", "input": "[]" }),
        ),
        ("StartExecution", "ValidationException", json!({ "stateMachineArn": LABELLED })),
        ("StartSyncExecution", "StateMachineTypeNotSupported", json!({ "stateMachineArn": MACHINE })),
        ("StopExecution", "ValidationException", json!({})),
        ("TagResource", "TooManyTags", json!({ "resourceArn": MACHINE, "tags": tags(51) })),
        ("TestState", "InvalidArn", json!({ "definition": r#"{"Type":"Succeed"}"#, "roleArn": "r" })),
        ("TestState", "InvalidDefinition", json!({ "definition": "{}" })),
        ("TestState", "InvalidExecutionInput", json!({ "definition": r#"{"Type":"Succeed"}"#, "input": "{" })),
        ("TestState", "ValidationException", json!({ "definition": pass().to_string(), "stateName": "none" })),
        ("UpdateMapRun", "ResourceNotFound", json!({ "mapRunArn": NO_MAP_RUN, "maxConcurrency": 1 })),
        ("UpdateMapRun", "ValidationException", json!({ "mapRunArn": NO_MAP_RUN, "toleratedFailurePercentage": 101 })),
        ("UpdateStateMachine", "InvalidArn", update(json!({ "roleArn": "r" }))),
        ("UpdateStateMachine", "InvalidDefinition", update(json!({ "definition": "{}" }))),
        ("UpdateStateMachine", "InvalidEncryptionConfiguration", update(json!({ "encryptionConfiguration": no_key }))),
        ("UpdateStateMachine", "InvalidLoggingConfiguration", update(json!({ "loggingConfiguration": log_nowhere }))),
        ("UpdateStateMachine", "InvalidTracingConfiguration", update(json!({ "tracingConfiguration": {} }))),
        ("UpdateStateMachine", "MissingRequiredParameter", json!({ "stateMachineArn": MACHINE })),
        (
            "UpdateStateMachine",
            "ServiceQuotaExceededException",
            update(json!({ "stateMachineArn": FULL, "publish": true })),
        ),
        ("UpdateStateMachine", "ValidationException", update(json!({ "versionDescription": "d" }))),
        (
            "UpdateStateMachineAlias",
            "StateMachineDeleting",
            json!({ "stateMachineAliasArn": format!("{DELETING}:live"), "description": "d" }),
        ),
        (
            "UpdateStateMachineAlias",
            "ResourceNotFound",
            json!({ "stateMachineAliasArn": format!("{FULL}:none"), "description": "d" }),
        ),
        ("UpdateStateMachineAlias", "ValidationException", json!({ "stateMachineAliasArn": format!("{FULL}:live") })),
        ("ValidateStateMachineDefinition", "ValidationException", json!({})),
    ];

    // What many operations answer alike.
    let of_machine = ["StartExecution", "StartSyncExecution", "ListStateMachineAliases", "PublishStateMachineVersion"];
    for operation in of_machine {
        requests.push((operation, "StateMachineDeleting", json!({ "stateMachineArn": DELETING })));
        requests.push((operation, "StateMachineDoesNotExist", json!({ "stateMachineArn": NOBODY })));
    }
    requests.push(("UpdateStateMachine", "StateMachineDeleting", update(json!({ "stateMachineArn": DELETING }))));
    requests.push(("UpdateStateMachine", "StateMachineDoesNotExist", update(json!({ "stateMachineArn": NOBODY }))));
    for operation in ["DescribeStateMachine", "ListExecutions"] {
        requests.push((operation, "StateMachineDoesNotExist", json!({ "stateMachineArn": NOBODY })));
    }
    for operation in [
        "DescribeExecution",
        "DescribeStateMachineForExecution",
        "GetExecutionHistory",
        "ListMapRuns",
        "RedriveExecution",
        "StopExecution",
    ] {
        requests.push((operation, "ExecutionDoesNotExist", json!({ "executionArn": NO_EXECUTION })));
    }
    for operation in ["DescribeActivity", "GetActivityTask"] {
        requests.push((operation, "ActivityDoesNotExist", json!({ "activityArn": NO_ACTIVITY })));
    }
    for (operation, request) in [
        ("ListActivities", json!({})),
        ("ListStateMachines", json!({})),
        ("ListExecutions", json!({ "stateMachineArn": MACHINE })),
        ("ListStateMachineAliases", json!({ "stateMachineArn": MACHINE })),
        ("ListStateMachineVersions", json!({ "stateMachineArn": MACHINE })),
        ("GetExecutionHistory", json!({ "executionArn": running })),
        ("ListMapRuns", json!({ "executionArn": running })),
    ] {
        requests.push((operation, "InvalidToken", merged(request, json!({ "nextToken": "forged" }))));
    }
    for operation in ["SendTaskFailure", "SendTaskHeartbeat", "SendTaskSuccess"] {
        for (error, token) in [("InvalidToken", "forged"), ("TaskTimedOut", used), ("TaskDoesNotExist", forgotten)] {
            requests.push((operation, error, json!({ "taskToken": token, "output": "{}" })));
        }
    }
    for (operation, request) in [
        ("ListTagsForResource", json!({})),
        ("TagResource", json!({ "tags": [] })),
        ("UntagResource", json!({ "tagKeys": [] })),
    ] {
        requests.push((operation, "ResourceNotFound", merged(request.clone(), json!({ "resourceArn": NOBODY }))));
        requests.push((operation, "InvalidArn", merged(request, json!({ "resourceArn": "x" }))));
    }
    for (member, operations) in [
        ("activityArn", &["DeleteActivity", "DescribeActivity", "GetActivityTask"][..]),
        (
            "executionArn",
            &[
                "DescribeExecution",
                "DescribeStateMachineForExecution",
                "GetExecutionHistory",
                "ListMapRuns",
                "RedriveExecution",
                "StopExecution",
            ],
        ),
        ("mapRunArn", &["DescribeMapRun", "UpdateMapRun"]),
        ("stateMachineAliasArn", &["DescribeStateMachineAlias", "UpdateStateMachineAlias"]),
        (
            "stateMachineArn",
            &[
                "DeleteStateMachine",
                "DescribeStateMachine",
                "ListExecutions",
                "ListStateMachineAliases",
                "ListStateMachineVersions",
                "PublishStateMachineVersion",
                "StartExecution",
                "StartSyncExecution",
            ],
        ),
    ] {
        for operation in operations {
            requests.push((operation, "InvalidArn", json!({ member: "x", "maxConcurrency": 1 })));
        }
    }
    for (operation, machine) in [("StartExecution", MACHINE), ("StartSyncExecution", EXPRESS)] {
        let wrong = |changes| merged(json!({ "stateMachineArn": machine }), changes);
        requests.push((operation, "InvalidExecutionInput", wrong(json!({ "input": "{" }))));
        requests.push((operation, "InvalidName", wrong(json!({ "name": "a b" }))));
    }
    requests
}

/// The errors of every operation that some request was answered with.
async fn produced() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let (service, world) = world().await;
    let forgotten = forgotten_token().await;
    // The one worker that may wait.
    let waiting = service.clone();
    let worker = tokio::spawn(async move {
        call(&waiting, "GetActivityTask", json!({ "activityArn": ACTIVITY })).await;
    });
    while service.engine().waiting_workers(ACTIVITY) == 0 {
        tokio::task::yield_now().await;
    }
    let mut produced: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    let requests = requests(&world, &forgotten).into_iter();
    for (operation, error, request) in requests.filter(|(operation, ..)| operation::NAMES.contains(operation)) {
        let answer = call(&service, operation, request.clone()).await;
        assert_eq!((answer.status, answer.refusal().1), (400, error), "{operation} {request}: {}", answer.body);
        assert!(!answer.refusal().2.is_empty(), "{operation} {request}: no message");
        produced.entry(operation).or_default().insert(error);
    }
    worker.abort();
    // Nothing of all this changed anything.
    let names = call(&service, "ListStateMachines", json!({})).await.ok();
    let names = names["stateMachines"].as_array().unwrap().iter().map(|machine| machine["name"].clone());
    assert_eq!(names.collect::<Vec<_>>(), ["Deleting", "E", "Full", "M"]);
    let report = json!({ "taskToken": world.token, "output": "{}" });
    call(&service, "SendTaskSuccess", report).await.ok();
    service.engine().finished(&world.next).await.unwrap();

    for operation in ["StartExecution", "RedriveExecution"].into_iter().filter(|name| operation::NAMES.contains(name)) {
        full(operation).await;
        produced.entry(operation).or_default().insert("ExecutionLimitExceeded");
    }
    produced
}

/// As many executions run as may.
async fn full(operation: &'static str) {
    let quotas = Quotas { executions: 1, ..Quotas::default() };
    let service = Service::builder(ACCOUNT, "us-east-1").quotas(quotas).build();
    let fail = json!({ "StartAt": "F", "States": { "F": { "Type": "Fail" } } });
    let machine = create(&service, "F", fail, "STANDARD").await;
    let failed = run(&service, &machine, "failed", "{}").await;
    let waits = create(&service, "W", wait(), "STANDARD").await;
    start(&service, &waits, "runs", "{}").await;
    let request = json!({ "stateMachineArn": waits, "executionArn": failed["executionArn"] });
    let answer = call(&service, operation, request).await;
    assert_eq!(answer.refusal().1, "ExecutionLimitExceeded", "{operation}: {}", answer.body);
}

#[tokio::test]
async fn every_documented_error_is_answered() {
    let produced = produced().await;
    let mut rows = String::from("| operation | errors that tests produce | cannot occur here |\n|---|---|---|\n");
    let mut reasons: Vec<&str> = Vec::new();
    let mut missing = Vec::new();
    for line in DOCUMENTED.lines() {
        let (operation, documented) = line.split_once(' ').unwrap_or((line, ""));
        if !operation::NAMES.contains(&operation) {
            _ = writeln!(rows, "| {operation} | *not there yet* | |");
            continue;
        }
        let none = BTreeSet::new();
        let answered = produced.get(operation).unwrap_or(&none);
        let mut never = Vec::new();
        let documented = documented.split_whitespace().filter(|error| !KMS.contains(error));
        for error in documented.filter(|error| !answered.contains(error)) {
            let told = NEVER.iter().find(|(of, what, _)| *of == operation && *what == error);
            let Some((.., reason)) = told else {
                missing.push(format!("{operation}: {error}"));
                continue;
            };
            let number = reasons.iter().position(|known| known == reason).unwrap_or_else(|| {
                reasons.push(reason);
                reasons.len() - 1
            });
            never.push(format!("{error} ({})", number + 1));
        }
        let answered: Vec<&str> = answered.iter().copied().collect();
        _ = writeln!(rows, "| {operation} | {} | {} |", answered.join(", "), never.join(", "));
    }
    assert!(missing.is_empty(), "no request produces these, and nothing says why:\n{}", missing.join("\n"));
    for (operation, error, _) in NEVER {
        let occurs = produced.get(operation).is_some_and(|errors| errors.contains(error));
        assert!(!occurs, "{operation} answers with {error}, which is said never to occur");
    }
    rows.push('\n');
    for (index, reason) in reasons.iter().enumerate() {
        _ = writeln!(rows, "{}. {reason}", index + 1);
    }
    _ = writeln!(rows, "\nNo operation answers {}: nothing is encrypted with keys of KMS.", KMS.join(", "));
    check_page(&rows);
}

/// The table stands in the documentation, between two marks.
fn check_page(table: &str) {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page has the mark at which the table begins");
    let (written, after) = rest.split_once(END).expect("the page has the mark at which the table ends");
    if written == table {
        return;
    }
    assert!(
        std::env::var_os("UPDATE").is_some(),
        "the table in docs/api.md is out of date: run `UPDATE=1 cargo test -p asl-server --test errors`, and commit it"
    );
    std::fs::write(PAGE, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
}
