//! Jobs that `.sync` tasks start and wait for, and the other optimised integrations that are calls of a service. In virtual
//! time: no job takes longer than its script.

mod support;

use asl_engine::runtime::{Clock, Journal, MemoryJournal, VirtualClock};
use asl_engine::{Timestamp, history::HistoryDetail};
use asl_server::Service;
use asl_server::aws::ServiceEndpoints;
use serde_json::{Value, json};
use std::sync::Arc;
use support::peer::{Peer, Reply, ok};
use support::{ACCOUNT, create, start, task};

fn service(peer: &Peer, journal: &Arc<MemoryJournal>) -> Service {
    let endpoints = ServiceEndpoints::new(&[("default".to_owned(), peer.url.clone())].into()).unwrap();
    Service::builder(ACCOUNT, "us-east-1")
        .aws(endpoints)
        .journal(Arc::clone(journal) as Arc<dyn Journal>)
        .clock(Clock::Virtual(VirtualClock::at(Timestamp::parse("2026-01-01T00:00:00Z").unwrap())))
        .build()
}

/// Lets time pass until the execution has ended; what DescribeExecution tells then.
async fn ended(service: &Service, arn: &str) -> Value {
    while service.engine().execution(arn).unwrap().outcome.is_none() && service.engine().advance().await {}
    support::call(service, "DescribeExecution", json!({ "executionArn": arn })).await.ok()
}

/// Lets time pass until an operation was asked for, while the execution runs.
async fn until_asked(peer: &Peer, operation: &str, service: &Service, arn: &str) {
    while peer.count(operation) == 0 {
        let execution = service.engine().execution(arn).unwrap();
        assert_eq!(execution.outcome, None);
        service.engine().advance().await;
    }
}

/// One Task state with this resource and these parameters, and what else it has.
fn state(resource: &str, parameters: &Value, rest: Value) -> Value {
    let mut fields = json!({ "Resource": format!("arn:aws:states:::{resource}"), "Parameters": parameters });
    fields.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    task(fields)
}

/// Runs one Task state against the script.
async fn run(peer: &Peer, resource: &str, parameters: Value) -> Value {
    let service = service(peer, &Arc::default());
    let machine = create(&service, "M", state(resource, &parameters, json!({})), "STANDARD").await;
    let arn = start(&service, &machine, "e", "{}").await;
    ended(&service, &arn).await
}

fn output(ended: &Value) -> Value {
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    serde_json::from_str(ended["output"].as_str().unwrap()).unwrap()
}

/// A job of each service, from its submission to its output.
#[tokio::test]
async fn each_service_tells_of_its_jobs_in_its_own_way() {
    for (resource, parameters, script, expected) in [
        (
            "glue:startJobRun",
            json!({ "JobName": "J" }),
            vec![
                ("StartJobRun", vec![json!({ "JobRunId": "jr" })]),
                (
                    "GetJobRun",
                    vec![
                        json!({ "JobRun": { "Id": "jr", "JobRunState": "RUNNING" } }),
                        json!({ "JobRun": { "Id": "jr", "JobRunState": "SUCCEEDED", "StartedOn": 1767225600.5 } }),
                    ],
                ),
            ],
            json!({ "Id": "jr", "JobRunState": "SUCCEEDED", "StartedOn": 1767225600500i64 }),
        ),
        (
            "batch:submitJob",
            json!({ "JobName": "n", "JobQueue": "q", "JobDefinition": "d" }),
            vec![
                ("POST /v1/submitjob", vec![json!({ "jobId": "i", "jobName": "n" })]),
                (
                    "POST /v1/describejobs",
                    vec![
                        json!({ "jobs": [] }),
                        json!({ "jobs": [{ "jobId": "i", "status": "RUNNABLE" }] }),
                        json!({ "jobs": [{ "jobId": "i", "status": "SUCCEEDED", "createdAt": 1767225600500i64 }] }),
                    ],
                ),
            ],
            json!({ "CreatedAt": 1767225600500i64, "JobId": "i", "Status": "SUCCEEDED" }),
        ),
        (
            "ecs:runTask",
            json!({ "TaskDefinition": "d", "Cluster": "c" }),
            vec![
                ("RunTask", vec![json!({ "tasks": [{ "taskArn": "t", "clusterArn": "c" }], "failures": [] })]),
                (
                    "DescribeTasks",
                    vec![
                        json!({ "tasks": [{ "taskArn": "t", "lastStatus": "PENDING" }] }),
                        json!({ "tasks": [{ "taskArn": "t", "lastStatus": "STOPPED", "containers": [{ "exitCode": 0 }] }] }),
                    ],
                ),
            ],
            json!({ "Containers": [{ "ExitCode": 0 }], "LastStatus": "STOPPED", "TaskArn": "t" }),
        ),
        (
            "athena:startQueryExecution",
            json!({ "QueryString": "SELECT 1" }),
            vec![
                ("StartQueryExecution", vec![json!({ "QueryExecutionId": "q" })]),
                (
                    "GetQueryExecution",
                    vec![
                        json!({ "QueryExecution": { "QueryExecutionId": "q", "Status": { "State": "QUEUED" } } }),
                        json!({ "QueryExecution": { "QueryExecutionId": "q", "Status": { "State": "SUCCEEDED" } } }),
                    ],
                ),
            ],
            json!({ "QueryExecution": { "QueryExecutionId": "q", "Status": { "State": "SUCCEEDED" } } }),
        ),
        (
            "codebuild:startBuild",
            json!({ "ProjectName": "p" }),
            vec![
                ("StartBuild", vec![json!({ "build": { "id": "p:1", "buildStatus": "IN_PROGRESS" } })]),
                (
                    "BatchGetBuilds",
                    vec![
                        json!({ "builds": [{ "id": "p:1", "buildStatus": "IN_PROGRESS" }] }),
                        json!({ "builds": [{ "id": "p:1", "buildStatus": "SUCCEEDED" }] }),
                    ],
                ),
            ],
            json!({ "Build": { "BuildStatus": "SUCCEEDED", "Id": "p:1" } }),
        ),
        (
            "codebuild:startBuildBatch",
            json!({ "ProjectName": "p" }),
            vec![
                ("StartBuildBatch", vec![json!({ "buildBatch": { "id": "p:1" } })]),
                ("BatchGetBuildBatches", vec![json!({ "buildBatches": [{ "buildBatchStatus": "SUCCEEDED" }] })]),
            ],
            json!({ "BuildBatch": { "BuildBatchStatus": "SUCCEEDED" } }),
        ),
        (
            "databrew:startJobRun",
            json!({ "Name": "j" }),
            vec![
                ("POST /jobs/j/startJobRun", vec![json!({ "RunId": "r" })]),
                (
                    "GET /jobs/j/jobRun/r",
                    vec![json!({ "RunId": "r", "State": "RUNNING" }), json!({ "RunId": "r", "State": "SUCCEEDED" })],
                ),
            ],
            json!({ "RunId": "r", "State": "SUCCEEDED" }),
        ),
        (
            "elasticmapreduce:createCluster",
            json!({ "Name": "n", "Instances": { "KeepJobFlowAliveWhenNoSteps": true } }),
            vec![
                ("RunJobFlow", vec![json!({ "JobFlowId": "j-1" })]),
                (
                    "DescribeCluster",
                    vec![
                        json!({ "Cluster": { "Id": "j-1", "Status": { "State": "BOOTSTRAPPING" } } }),
                        json!({ "Cluster": { "Id": "j-1", "Status": { "State": "WAITING" } } }),
                    ],
                ),
            ],
            json!({ "Cluster": { "Id": "j-1", "Status": { "State": "WAITING" } }, "ClusterId": "j-1" }),
        ),
        (
            "elasticmapreduce:addStep",
            json!({ "ClusterId": "j-1", "Step": { "Name": "s", "HadoopJarStep": { "Jar": "x" } } }),
            vec![
                ("AddJobFlowSteps", vec![json!({ "StepIds": ["s-1"] })]),
                ("DescribeStep", vec![json!({ "Step": { "Id": "s-1", "Status": { "State": "COMPLETED" } } })]),
            ],
            json!({ "Step": { "Id": "s-1", "Status": { "State": "COMPLETED" } } }),
        ),
        (
            "elasticmapreduce:terminateCluster",
            json!({ "ClusterId": "j-1" }),
            vec![
                ("TerminateJobFlows", vec![json!({})]),
                ("DescribeCluster", vec![json!({ "Cluster": { "Status": { "State": "TERMINATED" } } })]),
            ],
            json!({ "Cluster": { "Status": { "State": "TERMINATED" } } }),
        ),
        (
            "emr-containers:startJobRun",
            json!({ "VirtualClusterId": "v", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/r", "ReleaseLabel": "emr", "JobDriver": {} }),
            vec![
                ("POST /virtualclusters/v/jobruns", vec![json!({ "id": "i", "virtualClusterId": "v" })]),
                ("GET /virtualclusters/v/jobruns/i", vec![json!({ "jobRun": { "id": "i", "state": "COMPLETED" } })]),
            ],
            json!({ "JobRun": { "Id": "i", "State": "COMPLETED" } }),
        ),
        (
            "emr-serverless:startApplication",
            json!({ "ApplicationId": "a" }),
            vec![
                ("POST /applications/a/start", vec![json!({})]),
                (
                    "GET /applications/a",
                    vec![
                        json!({ "application": { "applicationId": "a", "state": "STARTING" } }),
                        json!({ "application": { "applicationId": "a", "state": "STARTED" } }),
                    ],
                ),
            ],
            json!({ "Application": { "ApplicationId": "a", "State": "STARTED" } }),
        ),
        (
            "emr-serverless:startJobRun",
            json!({ "ApplicationId": "a", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/r" }),
            vec![
                ("POST /applications/a/jobruns", vec![json!({ "applicationId": "a", "jobRunId": "r" })]),
                ("GET /applications/a/jobruns/r", vec![json!({ "jobRun": { "jobRunId": "r", "state": "SUCCESS" } })]),
            ],
            json!({ "JobRun": { "JobRunId": "r", "State": "SUCCESS" } }),
        ),
        (
            "sagemaker:createTrainingJob",
            json!({ "TrainingJobName": "t", "RoleArn": "arn:aws:iam::123456789012:role/r" }),
            vec![
                ("CreateTrainingJob", vec![json!({ "TrainingJobArn": "arn" })]),
                (
                    "DescribeTrainingJob",
                    vec![
                        json!({ "TrainingJobName": "t", "TrainingJobStatus": "InProgress" }),
                        json!({ "TrainingJobName": "t", "TrainingJobStatus": "Completed" }),
                    ],
                ),
            ],
            json!({ "TrainingJobName": "t", "TrainingJobStatus": "Completed" }),
        ),
        (
            "mediaconvert:createJob",
            json!({ "Role": "r", "Settings": {} }),
            vec![
                ("POST /2017-08-29/jobs", vec![json!({ "job": { "id": "i", "status": "SUBMITTED" } })]),
                ("GET /2017-08-29/jobs/i", vec![json!({ "job": { "id": "i", "status": "COMPLETE" } })]),
            ],
            json!({ "Job": { "Id": "i", "Status": "COMPLETE" } }),
        ),
        (
            "bedrock:createModelCustomizationJob",
            json!({ "JobName": "j", "CustomModelName": "m", "RoleArn": "arn:aws:iam::123456789012:role/r", "BaseModelIdentifier": "b",
                "TrainingDataConfig": { "S3Uri": "s3://b/k" }, "OutputDataConfig": { "S3Uri": "s3://b/o" }, "HyperParameters": {} }),
            vec![
                ("POST /model-customization-jobs", vec![json!({ "jobArn": "j" })]),
                ("GET /model-customization-jobs/j", vec![json!({ "jobArn": "j", "status": "Completed" })]),
            ],
            json!({ "JobArn": "j", "Status": "Completed" }),
        ),
        (
            "eks:createCluster",
            json!({ "Name": "c", "RoleArn": "arn:aws:iam::123456789012:role/r", "ResourcesVpcConfig": {} }),
            vec![
                ("POST /clusters", vec![json!({ "cluster": { "name": "c", "status": "CREATING" } })]),
                (
                    "GET /clusters/c",
                    vec![
                        json!({ "cluster": { "name": "c", "status": "CREATING" } }),
                        json!({ "cluster": { "name": "c", "status": "ACTIVE" } }),
                    ],
                ),
            ],
            json!({ "Cluster": { "Name": "c", "Status": "ACTIVE" } }),
        ),
    ] {
        let script = script.into_iter().map(|(operation, replies)| (operation, replies.into_iter().map(ok).collect()));
        let peer = Peer::start(script.collect::<Vec<_>>()).await;
        let ended = run(&peer, &format!("{resource}.sync"), parameters).await;
        assert_eq!(output(&ended), expected, "{resource}");
    }
}

/// Two answers of Glue: the run was accepted, and it has ended so.
fn glue(state: &str) -> Vec<(&'static str, Vec<Reply>)> {
    let run = json!({ "JobRun": { "Id": "jr", "JobRunState": state, "ErrorMessage": "because" } });
    vec![
        ("StartJobRun", vec![ok(json!({ "JobRunId": "jr" }))]),
        ("GetJobRun", vec![ok(run)]),
        ("BatchStopJobRun", vec![ok(json!({}))]),
    ]
}

#[tokio::test]
async fn a_job_that_fails_fails_its_task_with_its_description_as_the_cause() {
    for state in ["FAILED", "STOPPED", "TIMEOUT"] {
        let peer = Peer::start(glue(state)).await;
        let ended = run(&peer, "glue:startJobRun.sync", json!({ "JobName": "J" })).await;
        assert_eq!(ended["error"], "States.TaskFailed", "{ended}");
        let cause: Value = serde_json::from_str(ended["cause"].as_str().unwrap()).unwrap();
        assert_eq!(cause, json!({ "ErrorMessage": "because", "Id": "jr", "JobRunState": state }));
        assert_eq!(peer.count("BatchStopJobRun"), 0, "a job that has ended is not stopped");
    }
}

#[tokio::test]
async fn the_history_tells_of_the_submission() {
    let peer = Peer::start(glue("SUCCEEDED")).await;
    let service = service(&peer, &Arc::default());
    let machine =
        create(&service, "M", state("glue:startJobRun.sync", &json!({ "JobName": "J" }), json!({})), "STANDARD").await;
    let arn = start(&service, &machine, "e", "{}").await;
    output(&ended(&service, &arn).await);
    let history = support::call(&service, "GetExecutionHistory", json!({ "executionArn": arn })).await.ok();
    let events = history["events"].as_array().unwrap();
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSubmitted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded"
        ]
    );
    let submitted = &events[4]["taskSubmittedEventDetails"];
    assert_eq!((&submitted["resourceType"], &submitted["resource"]), (&json!("glue"), &json!("startJobRun.sync")));
    let submitted: Value = serde_json::from_str(submitted["output"].as_str().unwrap()).unwrap();
    assert_eq!(submitted["JobRunId"], "jr");
    assert_eq!(submitted["SdkResponseMetadata"]["RequestId"], "11111111-2222-4333-8444-555555555555");
    assert_eq!(submitted["SdkHttpMetadata"]["HttpStatusCode"], 200);
}

#[tokio::test]
async fn a_service_may_fail_to_answer_for_a_while() {
    let throttled = Reply::Json(400, json!({ "__type": "ThrottlingException", "message": "Rate exceeded" }));
    let [_, mut looks, _]: [_; 3] = glue("SUCCEEDED").try_into().unwrap();
    let trouble = [throttled.clone(), Reply::Text(502, "<html>"), Reply::Text(200, "{"), ok(json!({ "JobRun": {} }))];
    looks.1.splice(0..0, trouble);
    let peer = Peer::start([glue("").swap_remove(0), looks]).await;
    output(&run(&peer, "glue:startJobRun.sync", json!({ "JobName": "J" })).await);
    assert_eq!(peer.count("GetJobRun"), 5);

    // Not for ever.
    for (reply, error, cause) in [
        (
            throttled,
            "Glue.ThrottlingException",
            "Rate exceeded (Service: AWSGlue; Status Code: 400; Error Code: ThrottlingException; Request ID: ",
        ),
        (Reply::Text(200, "{"), "Glue.SdkClientException", "answered 200, but"),
        (ok(json!({ "JobRun": {} })), "States.Runtime", "does not tell the state of the job (JobRun.JobRunState)"),
    ] {
        let peer = Peer::start([glue("").swap_remove(0), ("GetJobRun", vec![reply])]).await;
        let ended = run(&peer, "glue:startJobRun.sync", json!({ "JobName": "J" })).await;
        assert_eq!(ended["error"], error, "{ended}");
        assert!(ended["cause"].as_str().unwrap().contains(cause), "{ended}");
    }
}

#[tokio::test]
async fn a_job_that_is_refused_fails_its_task() {
    let refusal = json!({ "__type": "ConcurrentRunsExceededException", "Message": "Concurrent runs exceeded for J" });
    let peer = Peer::start([("StartJobRun", vec![Reply::Json(400, refusal)])]).await;
    let ended = run(&peer, "glue:startJobRun.sync", json!({ "JobName": "J" })).await;
    assert_eq!(ended["error"], "Glue.ConcurrentRunsExceededException");
    assert_eq!(
        ended["cause"],
        "Concurrent runs exceeded for J (Service: AWSGlue; Status Code: 400; Error Code: ConcurrentRunsExceededException; \
         Request ID: 11111111-2222-4333-8444-555555555555; Proxy: null)"
    );
    // "If a non-empty `Failures` field is encountered, the task is failed with an `AmazonECS.Unknown` error."
    let failures = json!({ "tasks": [], "failures": [{ "arn": "a", "reason": "RESOURCE:MEMORY" }] });
    let peer = Peer::start([("RunTask", vec![ok(failures)])]).await;
    let ended = run(&peer, "ecs:runTask.sync", json!({ "TaskDefinition": "d" })).await;
    assert_eq!(ended["error"], "AmazonECS.Unknown");
    let answer = output(&run(&peer, "ecs:runTask", json!({ "TaskDefinition": "d" })).await);
    assert_eq!(answer["Failures"], json!([{ "Arn": "a", "Reason": "RESOURCE:MEMORY" }]));
}

#[tokio::test]
async fn a_container_that_fails_fails_its_task() {
    for container in [json!({ "exitCode": 1 }), json!({ "reason": "CannotPullContainerError" })] {
        let stopped = json!({ "tasks": [{ "taskArn": "t", "lastStatus": "STOPPED", "containers": [{ "exitCode": 0 }, container] }] });
        let started = json!({ "tasks": [{ "taskArn": "t", "clusterArn": "c" }] });
        let peer = Peer::start([("RunTask", vec![ok(started)]), ("DescribeTasks", vec![ok(stopped)])]).await;
        let ended = run(&peer, "ecs:runTask.sync", json!({ "TaskDefinition": "d" })).await;
        assert_eq!(ended["error"], "States.TaskFailed", "{ended}");
    }
}

#[tokio::test]
async fn what_was_deleted_is_gone() {
    let gone =
        Reply::Json(404, json!({ "__type": "ResourceNotFoundException", "message": "No cluster found for name: c." }));
    let deleting = || ok(json!({ "cluster": { "name": "c", "status": "DELETING" } }));
    let peer =
        Peer::start([("DELETE /clusters/c", vec![deleting()]), ("GET /clusters/c", vec![deleting(), gone])]).await;
    let answer = output(&run(&peer, "eks:deleteCluster.sync", json!({ "Name": "c" })).await);
    assert_eq!(answer, json!({ "Cluster": { "Name": "c", "Status": "DELETING" } }));
}

#[tokio::test]
async fn a_job_that_nobody_waits_for_any_more_is_cancelled() {
    let peer = Peer::start(glue("RUNNING")).await;
    let service = service(&peer, &Arc::default());
    let parameters = json!({ "JobName": "J" });
    let machine = create(
        &service,
        "Late",
        state("glue:startJobRun.sync", &parameters, json!({ "TimeoutSeconds": 60 })),
        "STANDARD",
    )
    .await;
    let arn = start(&service, &machine, "e", "{}").await;
    assert_eq!(ended(&service, &arn).await["error"], "States.Timeout");
    let stopped = peer.next("BatchStopJobRun").await;
    assert_eq!(stopped.body, json!({ "JobName": "J", "JobRunIds": ["jr"] }));

    let peer = Peer::start(glue("RUNNING")).await;
    let service = self::service(&peer, &Arc::default());
    let machine = create(&service, "Stopped", state("glue:startJobRun.sync", &parameters, json!({})), "STANDARD").await;
    let arn = start(&service, &machine, "e", "{}").await;
    until_asked(&peer, "GetJobRun", &service, &arn).await;
    support::call(&service, "StopExecution", json!({ "executionArn": arn })).await.ok();
    peer.next("BatchStopJobRun").await;
}

#[test]
fn a_server_that_goes_down_leaves_its_jobs_alone() {
    let [outside, inside] = [(); 2].map(|()| tokio::runtime::Runtime::new().unwrap());
    let peer = outside.block_on(Peer::start(glue("RUNNING")));
    let service = inside.block_on(async {
        let service = service(&peer, &Arc::default());
        let definition = state("glue:startJobRun.sync", &json!({ "JobName": "J" }), json!({}));
        let machine = create(&service, "M", definition, "STANDARD").await;
        let arn = start(&service, &machine, "e", "{}").await;
        until_asked(&peer, "GetJobRun", &service, &arn).await;
        service
    });
    drop(inside);
    drop(service);
    assert_eq!(peer.count("BatchStopJobRun"), 0);
}

#[tokio::test]
async fn a_heartbeat_is_told_while_the_service_tells_that_the_job_goes_on() {
    let [start_job, mut looks, stop]: [_; 3] = glue("SUCCEEDED").try_into().unwrap();
    let running = || ok(json!({ "JobRun": { "JobRunState": "RUNNING" } }));
    looks.1.splice(0..0, (0..20).map(|_| running()));
    let peer = Peer::start([start_job.clone(), looks, stop]).await;
    let service = service(&peer, &Arc::default());
    let definition = state("glue:startJobRun.sync", &json!({ "JobName": "J" }), json!({ "HeartbeatSeconds": 4 }));
    let machine = create(&service, "M", definition.clone(), "STANDARD").await;
    let arn = start(&service, &machine, "e", "{}").await;
    output(&ended(&service, &arn).await);

    // A service that does not answer is no sign of life.
    let peer = Peer::start([start_job, ("GetJobRun", vec![running(), Reply::Text(500, "no")])]).await;
    let service = self::service(&peer, &Arc::default());
    let machine = create(&service, "M", definition, "STANDARD").await;
    let arn = start(&service, &machine, "e", "{}").await;
    assert_eq!(ended(&service, &arn).await["error"], "States.Timeout");
}

#[tokio::test]
async fn a_job_is_submitted_once_also_when_the_server_starts_again() {
    let [start_job, mut looks, stop]: [_; 3] = glue("SUCCEEDED").try_into().unwrap();
    looks.1.insert(0, ok(json!({ "JobRun": { "JobRunState": "RUNNING" } })));
    let peer = Peer::start([start_job, looks, stop]).await;
    let journal = Arc::new(MemoryJournal::default());
    let before = service(&peer, &journal);
    let machine =
        create(&before, "M", state("glue:startJobRun.sync", &json!({ "JobName": "J" }), json!({})), "STANDARD").await;
    let arn = start(&before, &machine, "e", "{}").await;
    until_asked(&peer, "GetJobRun", &before, &arn).await;
    let history = before.engine().history(&arn).await.unwrap().unwrap();
    assert!(history.iter().any(|event| matches!(event.detail, HistoryDetail::TaskSubmitted { .. })));
    drop(before);
    let after = service(&peer, &journal);
    assert_eq!(after.recover().await.unwrap(), 1);
    output(&ended(&after, &arn).await);
    assert_eq!((peer.count("StartJobRun"), peer.count("BatchStopJobRun")), (1, 0));
}

#[tokio::test]
async fn a_call_that_is_repeated_has_the_same_idempotency_token() {
    for (resource, parameters, operation, token) in [
        (
            "athena:startQueryExecution",
            json!({ "QueryString": "SELECT 1" }),
            "StartQueryExecution",
            "ClientRequestToken",
        ),
        ("ecs:runTask", json!({ "TaskDefinition": "d" }), "RunTask", "clientToken"),
        ("codebuild:startBuild", json!({ "ProjectName": "p" }), "StartBuild", "idempotencyToken"),
    ] {
        // The server dies while it waits for the answer to the submission.
        let peer = Peer::start([(operation, vec![Reply::Never, ok(json!({}))])]).await;
        let journal = Arc::new(MemoryJournal::default());
        let before = service(&peer, &journal);
        let machine = create(&before, "M", state(resource, &parameters, json!({})), "STANDARD").await;
        let arn = start(&before, &machine, "e", "{}").await;
        peer.next(operation).await;
        drop(before);
        let after = service(&peer, &journal);
        assert_eq!(after.recover().await.unwrap(), 1);
        output(&ended(&after, &arn).await);
        // An execution of the same name on a server that knows nothing of the first one.
        output(&run(&peer, resource, parameters).await);
        let tokens: Vec<String> =
            peer.asked().iter().map(|asked| asked.body[token].as_str().unwrap().to_owned()).collect();
        let [first, repeated, other] = &tokens[..] else { panic!("{tokens:?}") };
        assert!(first.len() >= 32, "{resource}: {first}");
        assert!(first == repeated && first != other, "{resource}: {tokens:?}");
    }
}

#[tokio::test]
async fn what_is_no_job_is_answered_at_once() {
    let rows = json!({ "ResultSet": { "Rows": [{ "Data": [{ "VarCharValue": "1" }] }] }, "UpdateCount": 0 });
    let peer = Peer::start([
        ("GetQueryResults", vec![ok(rows)]),
        ("SetTerminationProtection", vec![ok(json!({}))]),
        ("CancelSteps", vec![ok(json!({ "CancelStepsInfoList": [{ "StepId": "s", "Status": "SUBMITTED" }] }))]),
    ])
    .await;
    let answer = output(&run(&peer, "athena:getQueryResults", json!({ "QueryExecutionId": "q" })).await);
    let members: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(members, ["ResultSet", "SdkHttpMetadata", "SdkResponseMetadata", "UpdateCount"]);
    let protection = json!({ "ClusterId": "j", "TerminationProtected": true });
    output(&run(&peer, "elasticmapreduce:setClusterTerminationProtection", protection).await);
    assert_eq!(
        peer.next("SetTerminationProtection").await.body,
        json!({ "JobFlowIds": ["j"], "TerminationProtected": true })
    );
    let answer = output(&run(&peer, "elasticmapreduce:cancelStep", json!({ "ClusterId": "j", "StepId": "s" })).await);
    assert_eq!(answer["CancelStepsInfo"], json!({ "Status": "SUBMITTED", "StepId": "s" }));
    assert_eq!(peer.next("CancelSteps").await.body, json!({ "ClusterId": "j", "StepIds": ["s"] }));
}

#[tokio::test]
async fn a_model_is_invoked_with_json() {
    let peer = Peer::start([("POST /model/m/invoke", vec![ok(json!({ "results": [{ "outputText": "hi" }] }))])]).await;
    let answer =
        output(&run(&peer, "bedrock:invokeModel", json!({ "ModelId": "m", "Body": { "inputText": "say hi" } })).await);
    assert_eq!(answer["Body"], json!({ "results": [{ "outputText": "hi" }] }));
    assert_eq!(peer.asked()[0].body, json!({ "inputText": "say hi" }));

    // The input and the output may be in buckets.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("in.json"), r#"{"inputText":"from a file"}"#).unwrap();
    let buckets =
        asl_server::storage::Buckets { folders: [("b".to_owned(), folder.path().to_owned())].into(), files: None };
    let endpoints = ServiceEndpoints::new(&[("default".to_owned(), peer.url.clone())].into()).unwrap();
    let service = Service::builder(ACCOUNT, "us-east-1").aws(endpoints).buckets(buckets).build();
    let parameters = json!({
        "ModelId": "m", "Input": { "S3Uri": "s3://b/in.json" }, "Output": { "S3Uri": "s3://b/out/answer.json" },
    });
    let machine = create(&service, "M", state("bedrock:invokeModel", &parameters, json!({})), "STANDARD").await;
    let answer = output(&support::run(&service, &machine, "e", "{}").await);
    assert_eq!(answer["Body"], "s3://b/out/answer.json");
    let written = std::fs::read_to_string(folder.path().join("out/answer.json")).unwrap();
    assert_eq!(written, r#"{"results":[{"outputText":"hi"}]}"#);
    assert_eq!(peer.asked()[1].body, json!({ "inputText": "from a file" }));
}

#[tokio::test]
async fn what_cannot_be_done_says_so() {
    let peer = Peer::start([]).await;
    for (resource, parameters, cause) in [
        ("codebuild:listProjects", json!({}), "names no action of codebuild; it has startBuild, stopBuild"),
        (
            "codebuild:stopBuild.sync",
            json!({}),
            "asks for a pattern that codebuild:stopBuild does not have; it has Request Response",
        ),
        ("bedrock:invokeModel.sync", json!({}), "a model is invoked, it is no job"),
        ("ecs:runTask.sync", json!({ "Count": 2 }), "waits for one task, not for 2"),
        (
            "elasticmapreduce:createCluster.sync",
            json!({ "Name": "n" }),
            "'Instances.KeepJobFlowAliveWhenNoSteps' to be true",
        ),
        ("eks:runJob.sync", json!({}), "it calls the Kubernetes API"),
        ("eks:call", json!({}), "it calls the Kubernetes API"),
        ("bedrock:invokeModel", json!({ "ModelId": "m" }), "needs either 'Body' or 'Input'"),
    ] {
        let ended = run(&peer, resource, parameters).await;
        assert_eq!(ended["error"], "States.Runtime", "{resource}: {ended}");
        assert!(ended["cause"].as_str().unwrap().contains(cause), "{resource}: {}", ended["cause"]);
    }
    assert_eq!(peer.asked().len(), 0);
}

#[tokio::test]
async fn instances_of_a_cluster_are_modified_by_their_name() {
    let pages = vec![
        ok(json!({ "InstanceGroups": [{ "Id": "ig-1", "Name": "Master" }], "Marker": "more" })),
        ok(json!({ "InstanceGroups": [{ "Id": "ig-2", "Name": "Core" }] })),
    ];
    let fleets = vec![ok(json!({ "InstanceFleets": [{ "Id": "if-1", "Name": "Core" }] }))];
    let done = || vec![Reply::Text(200, "")];
    let peer = Peer::start([
        ("ListInstanceGroups", pages),
        ("ListInstanceFleets", fleets),
        ("ModifyInstanceGroups", done()),
        ("ModifyInstanceFleet", done()),
    ])
    .await;
    let group = json!({ "ClusterId": "j", "InstanceGroupName": "Core", "InstanceGroup": { "InstanceCount": 8 } });
    output(&run(&peer, "elasticmapreduce:modifyInstanceGroupByName", group).await);
    let groups = json!([{ "InstanceCount": 8, "InstanceGroupId": "ig-2" }]);
    assert_eq!(peer.next("ModifyInstanceGroups").await.body, json!({ "ClusterId": "j", "InstanceGroups": groups }));
    let fleet = |name: &str| json!({ "ClusterId": "j", "InstanceFleetName": name, "InstanceFleet": { "TargetSpotCapacity": 0 } });
    output(&run(&peer, "elasticmapreduce:modifyInstanceFleetByName", fleet("Core")).await);
    let modified = json!({ "InstanceFleetId": "if-1", "TargetSpotCapacity": 0 });
    assert_eq!(peer.next("ModifyInstanceFleet").await.body, json!({ "ClusterId": "j", "InstanceFleet": modified }));
    let ended = run(&peer, "elasticmapreduce:modifyInstanceFleetByName", fleet("Spot")).await;
    assert_eq!(ended["cause"], r#"The cluster "j" has no InstanceFleet of the name "Spot""#);
}

#[tokio::test]
async fn a_service_that_stalls_holds_no_task_beyond_its_time() {
    let [start_job, _, stop]: [_; 3] = glue("").try_into().unwrap();
    let peer = Peer::start([start_job, ("GetJobRun", vec![Reply::Never]), stop]).await;
    let endpoints = ServiceEndpoints::new(&[("glue".to_owned(), peer.url.clone())].into()).unwrap();
    // On the system's clock: virtual time waits for who waits for the network.
    let service = Service::builder(ACCOUNT, "us-east-1").aws(endpoints).build();
    let definition = state("glue:startJobRun.sync", &json!({ "JobName": "J" }), json!({ "TimeoutSeconds": 1 }));
    let machine = create(&service, "M", definition, "STANDARD").await;
    assert_eq!(support::run(&service, &machine, "e", "{}").await["error"], "States.Timeout");
    peer.next("BatchStopJobRun").await;
}

/// `Credentials` name the role that starts the job and looks at it.
#[tokio::test]
async fn a_role_is_assumed_for_a_job() {
    const ASSUMED: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId>\
        <SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    let done = json!({ "JobRun": { "Id": "jr", "JobRunState": "SUCCEEDED" } });
    let peer = Peer::start([
        ("POST /", vec![Reply::Text(200, ASSUMED)]),
        ("StartJobRun", vec![ok(json!({ "JobRunId": "jr" }))]),
        ("GetJobRun", vec![ok(done)]),
    ])
    .await;
    let service = service(&peer, &Arc::default());
    let role = json!({ "Credentials": { "RoleArn": "arn:aws:iam::111122223333:role/jobs" } });
    let definition = state("glue:startJobRun.sync", &json!({ "JobName": "J" }), role);
    let machine = create(&service, "M", definition, "STANDARD").await;
    let arn = start(&service, &machine, "e", "{}").await;
    assert_eq!(output(&ended(&service, &arn).await)["JobRunState"], "SUCCEEDED");
    let operations: Vec<String> = peer.asked().into_iter().map(|asked| asked.operation).collect();
    assert_eq!(operations, ["POST /", "StartJobRun", "GetJobRun"]);
}
