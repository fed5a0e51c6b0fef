//! Versions and aliases of state machines.

mod support;

use asl_engine::runtime::{Durability, DurableJournal};
use asl_server::Service;
use serde_json::{Value, json};
use std::sync::Arc;
use support::{ACCOUNT, ROLE, call, create, pass, run, service, start, wait};

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:M";

fn passing(comment: &str) -> String {
    json!({ "Comment": comment, "StartAt": "P", "States": { "P": { "Type": "Pass", "Result": comment, "End": true } } })
        .to_string()
}

/// A state machine with the versions 1 and 2, which result in `one` and `two`.
async fn two_versions(service: &Service) {
    let request = json!({ "name": "M", "definition": passing("one"), "roleArn": ROLE, "publish": true });
    let created = call(service, "CreateStateMachine", request).await.ok();
    assert_eq!(created["stateMachineVersionArn"], format!("{MACHINE}:1"));
    let request = json!({
        "stateMachineArn": MACHINE, "definition": passing("two"), "publish": true, "versionDescription": "the second",
    });
    let updated = call(service, "UpdateStateMachine", request).await.ok();
    assert_eq!(updated["stateMachineVersionArn"], format!("{MACHINE}:2"));
}

fn routes(weights: &[(u64, u64)]) -> Value {
    let route = |(version, weight): &(u64, u64)| json!({ "stateMachineVersionArn": format!("{MACHINE}:{version}"), "weight": weight });
    weights.iter().map(route).collect()
}

async fn alias(service: &Service, name: &str, weights: &[(u64, u64)]) -> String {
    let request = json!({ "name": name, "routingConfiguration": routes(weights) });
    let created = call(service, "CreateStateMachineAlias", request).await.ok();
    created["stateMachineAliasArn"].as_str().unwrap().to_owned()
}

async fn list(service: &Service, operation: &str, of: &str, list: &str, member: &str) -> Vec<String> {
    let answer = call(service, operation, json!({ "stateMachineArn": of })).await.ok();
    let items = answer[list].as_array().unwrap().iter();
    items.map(|item| item[member].as_str().unwrap().rsplit(':').next().unwrap().to_owned()).collect()
}

async fn versions(service: &Service) -> Vec<String> {
    list(service, "ListStateMachineVersions", MACHINE, "stateMachineVersions", "stateMachineVersionArn").await
}

async fn aliases(service: &Service, of: &str) -> Vec<String> {
    list(service, "ListStateMachineAliases", of, "stateMachineAliases", "stateMachineAliasArn").await
}

#[tokio::test]
async fn a_version_stays_what_it_was_published_as() {
    let service = service();
    two_versions(&service).await;
    let described =
        call(&service, "DescribeStateMachine", json!({ "stateMachineArn": format!("{MACHINE}:1") })).await.ok();
    assert_eq!((&described["definition"], described.get("revisionId")), (&json!(passing("one")), None));
    let described =
        call(&service, "DescribeStateMachine", json!({ "stateMachineArn": format!("{MACHINE}:2") })).await.ok();
    assert_eq!(described["description"], "the second");
    assert_eq!(described["definition"], passing("two"));
    let current = call(&service, "DescribeStateMachine", json!({ "stateMachineArn": MACHINE })).await.ok();
    assert_eq!(current["revisionId"], described["revisionId"]);

    for (of, output) in [(format!("{MACHINE}:1"), "one"), (format!("{MACHINE}:2"), "two"), (MACHINE.to_owned(), "two")]
    {
        let ran = run(&service, &of, &format!("by-{output}-{}", of.len()), "{}").await;
        assert_eq!(ran["output"], json!(output).to_string(), "{of}");
        assert_eq!(ran["stateMachineArn"], MACHINE);
        let version = (of != MACHINE).then_some(of.as_str());
        assert_eq!(ran.get("stateMachineVersionArn").and_then(Value::as_str), version);
        let executed = json!({ "executionArn": ran["executionArn"] });
        let executed = call(&service, "DescribeStateMachineForExecution", executed).await.ok();
        assert_eq!(executed["definition"], passing(output));
    }
    assert_eq!(list(&service, "ListExecutions", MACHINE, "executions", "name").await.len(), 3);
    assert_eq!(list(&service, "ListExecutions", &format!("{MACHINE}:1"), "executions", "name").await.len(), 1);
}

#[tokio::test]
async fn a_revision_is_published_once_and_numbers_are_not_used_again() {
    let service = service();
    create(&service, "M", pass(), "STANDARD").await;
    let publish = |extra: Value| {
        let mut request = json!({ "stateMachineArn": MACHINE });
        request.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let service = service.clone();
        async move { call(&service, "PublishStateMachineVersion", request).await }
    };
    let first = publish(json!({ "revisionId": "INITIAL" })).await.ok();
    assert_eq!(publish(json!({ "description": "again" })).await.ok(), first);
    let update = json!({ "stateMachineArn": MACHINE, "definition": wait().to_string() });
    let revision = call(&service, "UpdateStateMachine", update).await.ok()["revisionId"].clone();
    let message = format!(
        "Failed to publish the State Machine version for revision INITIAL. The current State Machine revision is {}.",
        revision.as_str().unwrap()
    );
    let refused = publish(json!({ "revisionId": "INITIAL" })).await;
    assert_eq!(refused.refusal(), (400, "ConflictException", message.as_str()));
    let second = publish(json!({ "revisionId": revision })).await.ok();
    assert_eq!(second["stateMachineVersionArn"], format!("{MACHINE}:2"));
    for _ in 0..2 {
        let delete = json!({ "stateMachineVersionArn": format!("{MACHINE}:2") });
        call(&service, "DeleteStateMachineVersion", delete).await.ok();
    }
    assert_eq!(publish(json!({})).await.ok()["stateMachineVersionArn"], format!("{MACHINE}:3"));
    assert_eq!(versions(&service).await, ["3", "1"]);
}

#[tokio::test]
async fn creating_again_asks_for_the_same_version() {
    let service = service();
    let request = |description: Option<&str>| {
        json!({ "name": "M", "definition": passing("one"), "roleArn": ROLE, "publish": description.is_some(),
                "versionDescription": description })
    };
    let created = call(&service, "CreateStateMachine", request(Some("first"))).await.ok();
    assert_eq!(call(&service, "CreateStateMachine", request(Some("first"))).await.ok(), created);
    for other in [None, Some("other")] {
        let refused = call(&service, "CreateStateMachine", request(other)).await;
        assert_eq!(refused.refusal().1, "StateMachineAlreadyExists");
    }
    assert_eq!(versions(&service).await, ["1"]);
}

#[tokio::test]
async fn an_alias_leads_to_its_versions() {
    let service = service();
    two_versions(&service).await;
    let live = alias(&service, "live", &[(1, 100)]).await;
    assert_eq!(live, format!("{MACHINE}:live"));
    let ran = run(&service, &live, "first", "{}").await;
    assert_eq!(ran["output"], "\"one\"");
    assert_eq!(
        (&ran["stateMachineAliasArn"], &ran["stateMachineVersionArn"]),
        (&json!(live), &json!(format!("{MACHINE}:1")))
    );

    let update = json!({ "stateMachineAliasArn": live, "routingConfiguration": routes(&[(1, 50), (2, 50)]) });
    call(&service, "UpdateStateMachineAlias", update).await.ok();
    let mut outputs = std::collections::BTreeSet::new();
    for number in 0..200 {
        // With two versions at 50 % each, 200 executions of one version alone have a chance of 1 in 2^199.
        outputs.insert(run(&service, &live, &format!("n{number}"), "{}").await["output"].to_string());
    }
    assert_eq!(outputs.len(), 2, "{outputs:?}");
    let one = json!({ "stateMachineArn": live, "maxResults": 1000 });
    let executions = call(&service, "ListExecutions", one).await.ok();
    assert_eq!(executions["executions"].as_array().unwrap().len(), 201);

    let described = call(&service, "DescribeStateMachineAlias", json!({ "stateMachineAliasArn": live })).await.ok();
    assert_eq!(described["routingConfiguration"], routes(&[(1, 50), (2, 50)]));
    assert_eq!(described["name"], "live");
    alias(&service, "test", &[(2, 100)]).await;
    assert_eq!(aliases(&service, MACHINE).await, ["live", "test"]);
    assert_eq!(aliases(&service, &format!("{MACHINE}:1")).await, ["live"]);

    let delete = json!({ "stateMachineVersionArn": format!("{MACHINE}:1") });
    let refused = call(&service, "DeleteStateMachineVersion", delete.clone()).await;
    let message = "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this \
                   version: [live]";
    assert_eq!(refused.refusal(), (400, "ConflictException", message));
    call(&service, "DeleteStateMachineAlias", json!({ "stateMachineAliasArn": live })).await.ok();
    call(&service, "DeleteStateMachineVersion", delete).await.ok();
    let refused = call(&service, "StartExecution", json!({ "stateMachineArn": live })).await;
    assert_eq!(refused.refusal().1, "StateMachineDoesNotExist");
}

#[tokio::test]
async fn a_deleted_state_machine_takes_its_versions_and_aliases_with_it() {
    let service = service();
    two_versions(&service).await;
    let live = alias(&service, "live", &[(2, 100)]).await;
    call(&service, "DeleteStateMachine", json!({ "stateMachineArn": MACHINE })).await.ok();
    let gone = call(&service, "DescribeStateMachineAlias", json!({ "stateMachineAliasArn": live })).await;
    assert_eq!(gone.refusal().1, "ResourceNotFound");
    let gone = call(&service, "DescribeStateMachine", json!({ "stateMachineArn": format!("{MACHINE}:2") })).await;
    assert_eq!(gone.refusal().1, "StateMachineDoesNotExist");
    create(&service, "M", pass(), "STANDARD").await;
    assert_eq!(versions(&service).await, [""; 0]);
    let published = call(&service, "PublishStateMachineVersion", json!({ "stateMachineArn": MACHINE })).await.ok();
    assert_eq!(published["stateMachineVersionArn"], format!("{MACHINE}:1"));
}

/// Calls a service over the journal in a folder. Its runtime ends with it, as a process does.
fn serve(folder: &std::path::Path, calls: impl AsyncFnOnce(Service)) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let journal = DurableJournal::open(folder, Durability::Commit).unwrap();
        let service = Service::builder(ACCOUNT, "us-east-1").journal(Arc::new(journal)).build();
        service.recover().await.unwrap();
        calls(service).await;
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(10));
}

#[test]
fn versions_and_aliases_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let live = format!("{MACHINE}:live");
    serve(folder.path(), async |service| {
        two_versions(&service).await;
        alias(&service, "live", &[(1, 100)]).await;
        start(&service, &live, "e", "{}").await;
        let delete = json!({ "stateMachineVersionArn": format!("{MACHINE}:2") });
        call(&service, "DeleteStateMachineVersion", delete).await.ok();
    });
    serve(folder.path(), async |service| {
        assert_eq!(versions(&service).await, ["1"]);
        assert_eq!(aliases(&service, MACHINE).await, ["live"]);
        assert_eq!(run(&service, &live, "f", "{}").await["output"], "\"one\"");
        assert_eq!(list(&service, "ListExecutions", &live, "executions", "name").await, ["f", "e"]);
        let published = call(&service, "PublishStateMachineVersion", json!({ "stateMachineArn": MACHINE })).await.ok();
        assert_eq!(published["stateMachineVersionArn"], format!("{MACHINE}:3"), "2 is used up");
    });
}

#[tokio::test]
async fn a_history_tells_by_which_alias_and_version_it_began() {
    let service = service();
    two_versions(&service).await;
    let alias = alias(&service, "live", &[(2, 100)]).await;
    for (started_by, alias_arn) in [(alias.clone(), json!(alias)), (format!("{MACHINE}:2"), Value::Null)] {
        let execution = start(&service, &started_by, &uuid::Uuid::new_v4().to_string(), "{}").await;
        let history = call(&service, "GetExecutionHistory", json!({ "executionArn": execution })).await.ok();
        let details = &history["events"][0]["executionStartedEventDetails"];
        assert_eq!(details["stateMachineVersionArn"], format!("{MACHINE}:2"));
        assert_eq!(details["stateMachineAliasArn"], alias_arn);
    }
}
