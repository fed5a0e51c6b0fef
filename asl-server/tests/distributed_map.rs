//! Distributed Map states whose items come out of folders, and whose results go into them.

mod support;

use asl_server::Service;
use asl_server::storage::Buckets;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use support::{ACCOUNT, call, create, run};

/// A service with the bucket `b`, which is the folder `root/b`, and the files of `root`.
fn service(root: &Path) -> Service {
    let folders = [("b".to_owned(), root.join("b"))].into();
    let buckets = Buckets { folders, files: Some(root.to_path_buf()) };
    Service::builder(ACCOUNT, "us-east-1").buckets(buckets).build()
}

fn put(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

fn map(fields: Value) -> Value {
    let mut map = json!({"Type": "Map", "End": true, "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
        "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}});
    map.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    map
}

/// The output of a Map state, or its error and cause.
async fn outcome(service: &Service, fields: Value) -> Result<Value, (String, String)> {
    let definition = json!({"StartAt": "M", "States": {"M": map(fields)}});
    let name = uuid::Uuid::new_v4().to_string();
    let machine = create(service, &name, definition, "STANDARD").await;
    let execution = run(service, &machine, "e", "{}").await;
    let text = |name: &str| execution[name].as_str().unwrap_or_default().to_owned();
    match execution["status"].as_str() {
        Some("SUCCEEDED") => Ok(serde_json::from_str(&text("output")).unwrap()),
        _ => Err((text("error"), text("cause"))),
    }
}

fn reader(action: &str, parameters: Value, config: Value) -> Value {
    json!({"ItemReader": {
        "Resource": format!("arn:aws:states:::s3:{action}"), "Parameters": parameters, "ReaderConfig": config}})
}

#[tokio::test]
async fn items_are_read_from_folders() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let service = service(root);
    put(root, "b/1.csv", b"id,n\na,1\nb,2\n");
    put(root, "b/2.csv", b"id,n\nc,3\n");
    put(root, "b/deep/3.csv.gz", &gzip("id,n\nd,4\n"));
    put(root, "b/list.json", br#"{"orders": [{"id": 7}, {"id": 8}]}"#);
    put(root, "b/athena-manifest.csv", b"s3://b/out/1.gz\ns3://b/out/2.gz\n");
    put(root, "b/out/1.gz", &gzip("{\"k\":1}\n"));
    put(root, "b/out/2.gz", &gzip("{\"k\":2}\n{\"k\":3}\n"));
    let inventory = r#"{"destinationBucket": "arn:aws:s3:::b", "fileFormat": "CSV", "fileSchema": "Bucket, Key",
        "files": [{"key": "data/1.csv.gz"}]}"#;
    put(root, "b/manifest.json", inventory.as_bytes());
    put(root, "b/data/1.csv.gz", &gzip("\"b\",\"1.csv\"\n"));
    let csv = || json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"});
    let row = |id: &str, n: &str| json!({"id": id, "n": n});
    let table = [
        ("getObject", json!({"Bucket": "b", "Key": "1.csv"}), csv(), json!([row("a", "1"), row("b", "2")])),
        (
            "getObject",
            json!({"Bucket": "b", "Key": "*.csv"}),
            json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItems": 1}),
            json!([row("a", "1")]),
        ),
        (
            "getObject",
            json!({"Bucket": "b", "Key": "?.csv"}),
            csv(),
            json!([row("a", "1"), row("b", "2"), row("c", "3")]),
        ),
        ("getObject", json!({"Bucket": "file://b/deep", "Key": "3.csv.gz"}), csv(), json!([row("d", "4")])),
        (
            "getObject",
            json!({"Bucket": "b", "Key": "list.json"}),
            json!({"InputType": "JSON", "ItemsPointer": "/orders"}),
            json!([{"id": 7}, {"id": 8}]),
        ),
        (
            "getObject",
            json!({"Bucket": "b", "Key": "athena-manifest.csv"}),
            json!({"ManifestType": "ATHENA_DATA", "InputType": "JSONL"}),
            json!([{"k": 1}, {"k": 2}, {"k": 3}]),
        ),
        (
            "getObject",
            json!({"Bucket": "b", "Key": "manifest.json"}),
            json!({"InputType": "MANIFEST"}),
            json!([{"Bucket": "b", "Key": "1.csv"}]),
        ),
        (
            "getObject",
            json!({"Bucket": "b", "Key": "manifest.json"}),
            json!({"ManifestType": "S3_INVENTORY"}),
            json!([{"Bucket": "b", "Key": "1.csv"}]),
        ),
        (
            "listObjectsV2",
            json!({"Bucket": "b", "Prefix": "deep/"}),
            json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "Transformation": "LOAD_AND_FLATTEN"}),
            json!([row("d", "4")]),
        ),
    ];
    for (action, parameters, config, items) in table {
        let told = format!("{parameters} {config}");
        assert_eq!(outcome(&service, reader(action, parameters, config)).await, Ok(items), "{told}");
    }
    let listed = outcome(
        &service,
        json!({"ItemReader": {
        "Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b", "Prefix": "out/"}}}),
    );
    let listed = listed.await.unwrap();
    assert_eq!(listed[1]["Key"], "out/2.gz");
    assert_eq!(
        listed[1].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["Etag", "Key", "LastModified", "Size", "StorageClass"]
    );
}

#[tokio::test]
async fn what_cannot_be_read_fails_the_map_run_and_says_why() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let service = service(root);
    put(root, "b/1.csv", b"id\n1\n");
    put(root, "secret", b"id\n1\n");
    put(root, "b/broken.gz", b"no gzip");
    let csv = || json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"});
    for (parameters, config, cause) in [
        (json!({"Bucket": "b", "Key": "2.csv"}), csv(), "The specified key does not exist: '2.csv'."),
        (json!({"Bucket": "b", "Key": "*.json"}), csv(), "The specified key does not exist: '*.json'."),
        (json!({"Bucket": "other", "Key": "k"}), csv(), "--bucket other=DIR"),
        (json!({"Bucket": "b", "Key": "../secret"}), csv(), "leads out of the folder"),
        (json!({"Bucket": "file:///etc", "Key": "passwd"}), csv(), "leads out of the folder"),
        (json!({"Bucket": "b"}), csv(), "parameter 'Key' is missing"),
        (json!({"Bucket": "b", "Key": "broken.gz"}), csv(), "cannot be read"),
    ] {
        let (error, told) = outcome(&service, reader("getObject", parameters, config)).await.unwrap_err();
        assert_eq!(error, "States.ItemReaderFailed");
        assert!(told.contains(cause), "{told}");
    }
}

/// A file of JSON below the root.
fn json_of(root: &Path, path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(root.join(path)).unwrap()).unwrap()
}

#[tokio::test]
async fn results_are_written_into_folders() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let service = service(root);
    put(root, "b/in.jsonl", b"[1,2]\n[3]\n");
    let mut fields = reader("getObject", json!({"Bucket": "b", "Key": "in.jsonl"}), json!({"InputType": "JSONL"}));
    let writer = |config: Value| json!({"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "out/"}, "WriterConfig": config});
    fields["ResultWriter"] = writer(json!({"Transformation": "NONE", "OutputType": "JSON"}));
    let output = outcome(&service, fields.clone()).await.unwrap();
    let id = output["MapRunArn"].as_str().unwrap().rsplit(':').next().unwrap();
    let key = format!("out/{id}/manifest.json");
    assert_eq!(output["ResultWriterDetails"], json!({"Bucket": "b", "Key": key}));
    let manifest = json_of(&root.join("b"), &key);
    let file = &manifest["ResultFiles"]["SUCCEEDED"][0];
    assert_eq!(file["Key"], format!("out/{id}/SUCCEEDED_0.json"));
    let written = std::fs::read(root.join("b").join(file["Key"].as_str().unwrap())).unwrap();
    assert_eq!(file["Size"], written.len());
    let records = json_of(&root.join("b"), file["Key"].as_str().unwrap());
    assert_eq!((&records[0]["Output"], &records[1]["Status"]), (&json!("[1,2]"), &json!("SUCCEEDED")));
    assert_eq!(manifest["ResultFiles"]["FAILED"], json!([]));
    assert_eq!((&manifest["DestinationBucket"], &manifest["MapRunArn"]), (&json!("b"), &output["MapRunArn"]));

    fields["ResultWriter"] = writer(json!({"Transformation": "FLATTEN", "OutputType": "JSONL"}));
    let output = outcome(&service, fields.clone()).await.unwrap();
    let manifest = json_of(&root.join("b"), output["ResultWriterDetails"]["Key"].as_str().unwrap());
    let key = manifest["ResultFiles"]["SUCCEEDED"][0]["Key"].as_str().unwrap();
    assert!(key.ends_with("/SUCCEEDED_0.jsonl"), "{key}");
    assert_eq!(std::fs::read_to_string(root.join("b").join(key)).unwrap(), "1\n2\n3\n");

    fields["ResultWriter"]["Parameters"]["Bucket"] = json!("nowhere");
    let (error, cause) = outcome(&service, fields).await.unwrap_err();
    assert_eq!(error, "States.ResultWriterFailed");
    assert!(cause.contains("--bucket nowhere=DIR"), "{cause}");
}

#[tokio::test]
async fn a_map_run_that_fails_leaves_its_results() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    std::fs::create_dir(root.join("b")).unwrap();
    let service = service(root);
    let mut fields = json!({"MaxConcurrency": 1, "ItemsPath": "$.all", "ResultWriter": {
        "Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "out"}}});
    fields["ItemProcessor"] = json!({"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Bad"}}});
    let definition = json!({"StartAt": "M", "States": {"M": map(fields)}});
    let machine = create(&service, "Fails", definition, "STANDARD").await;
    let execution = run(&service, &machine, "e", r#"{"all": [1, 2, 3]}"#).await;
    assert_eq!(execution["error"], "States.ExceedToleratedFailureThreshold");
    let manifest = std::fs::read_dir(root.join("b/out")).unwrap().next().unwrap().unwrap().path();
    let manifest = json_of(&manifest, "manifest.json");
    let file = |kind: &str| json_of(&root.join("b"), manifest["ResultFiles"][kind][0]["Key"].as_str().unwrap());
    assert_eq!((&file("FAILED")[0]["Error"], &file("FAILED")[0]["Input"]), (&json!("Bad"), &json!("1")));
    assert_eq!(file("PENDING").as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn children_are_described_whatever_their_type() {
    for kind in ["STANDARD", "EXPRESS"] {
        let service = support::service();
        let processor = json!({
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind},
            "StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "because"}},
        });
        let state = map(json!({"Label": "part", "ToleratedFailurePercentage": 100, "ItemProcessor": processor}));
        let machine = create(&service, "M", json!({"StartAt": "M", "States": {"M": state}}), "STANDARD").await;
        let parent = run(&service, &machine, "e", r#"[{"n":1}]"#).await;
        assert_eq!(parent["status"], "SUCCEEDED");
        let map_runs = call(&service, "ListMapRuns", json!({"executionArn": parent["executionArn"]})).await.ok();
        let map_run = &map_runs["mapRuns"][0]["mapRunArn"];
        let children = call(&service, "ListExecutions", json!({"mapRunArn": map_run})).await.ok();
        let child = json!({"executionArn": children["executions"][0]["executionArn"]});

        let described = call(&service, "DescribeExecution", child.clone()).await.ok();
        let told = ["status", "input", "error", "cause", "redriveStatus"].map(|member| described[member].clone());
        assert_eq!(told, ["FAILED", r#"{"n":1}"#, "E", "because", "REDRIVABLE_BY_MAP_RUN"], "{kind}");
        assert_eq!(described["mapRunArn"], *map_run);
        let of = call(&service, "DescribeStateMachineForExecution", child).await.ok();
        assert_eq!((&of["mapRunArn"], &of["label"]), (map_run, &json!("part")), "{kind}");
        assert_eq!((&of["stateMachineArn"], &of["name"]), (&json!(machine), &json!("M")));

        let request = json!({"mapRunArn": map_run, "maxConcurrency": 2});
        let refused = call(&service, "UpdateMapRun", request).await;
        assert_eq!((refused.status, &refused.body["reason"]), (400, &json!("CANNOT_UPDATE_COMPLETED_MAP_RUN")));
    }
}

#[tokio::test]
async fn a_parameter_that_would_change_the_items_is_not_passed_over() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "b/list.json", b"[1]");
    let service = service(root.path());
    let config = json!({"InputType": "JSON"});
    for (action, parameters, cause) in [
        (
            "getObject",
            json!({"Bucket": "b", "Key": "list.json", "VersionId": "1"}),
            "The bucket is a folder, which keeps no versions of 'list.json': leave out VersionId, or let S3 answer.",
        ),
        (
            "getObject",
            json!({"Bucket": "b", "Key": "list.json", "PartNumber": 1}),
            "The ItemReader's parameter 'PartNumber' is not supported here. It takes Bucket, Key, VersionId.",
        ),
        (
            "listObjectsV2",
            json!({"Bucket": "b", "StartAfter": "a"}),
            "The ItemReader's parameter 'StartAfter' is not supported here. It takes Bucket, Prefix.",
        ),
    ] {
        let failed = outcome(&service, reader(action, parameters, config.clone())).await;
        assert_eq!(failed, Err(("States.ItemReaderFailed".to_owned(), cause.to_owned())));
    }
}
