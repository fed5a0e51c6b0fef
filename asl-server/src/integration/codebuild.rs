//! `codebuild`: builds and batches of builds.

use super::action::{Action, Integration};
use super::job::{Ask, From, Job};
use super::optimised::Service;
use asl_engine::task::TaskRequest;
use asl_engine::value::Object;
use asl_engine::{StatesError, Value};

pub(super) const CODEBUILD: Integration = Integration {
    name: "codebuild",
    service: Service { prefix: "CodeBuild", name: "AWSCodeBuild" },
    model: "codebuild",
    actions: &[
        Action { parameters: once, ..Action::starting("startBuild", &BUILD) },
        Action::of("stopBuild"),
        Action::of("batchDeleteBuilds"),
        Action::of("batchGetReports"),
        Action { parameters: once, ..Action::starting("startBuildBatch", &BUILD_BATCH) },
        Action { parameters: once, ..Action::starting("retryBuildBatch", &BUILD_BATCH) },
        Action::of("stopBuildBatch"),
        Action::of("deleteBuildBatch"),
    ],
    elsewhere: &[],
};

const SUCCEEDED: &[&str] = &["SUCCEEDED"];
const FAILED: &[&str] = &["FAILED", "FAULT", "TIMED_OUT", "STOPPED"];

const BUILD: Job = Job {
    describe: Ask { operation: "batchGetBuilds", parameters: &[("Ids", From::OneOf("Build.Id"))] },
    place: "Builds.0",
    member: "Build",
    state: "BuildStatus",
    succeeded: SUCCEEDED,
    failed: FAILED,
    cancel: Some(Ask { operation: "stopBuild", parameters: &[("Id", From::Answer("Build.Id"))] }),
    ..Job::PLAIN
};

const BUILD_BATCH: Job = Job {
    describe: Ask { operation: "batchGetBuildBatches", parameters: &[("Ids", From::OneOf("BuildBatch.Id"))] },
    place: "BuildBatches.0",
    member: "BuildBatch",
    state: "BuildBatchStatus",
    succeeded: SUCCEEDED,
    failed: FAILED,
    cancel: Some(Ask { operation: "stopBuildBatch", parameters: &[("Id", From::Answer("BuildBatch.Id"))] }),
    ..Job::PLAIN
};

/// The service keeps a token for five minutes; its model does not mark the member as one.
fn once(request: &TaskRequest, mut parameters: Object) -> Result<Object, StatesError> {
    if !parameters.contains_key("IdempotencyToken") {
        parameters.insert("IdempotencyToken", Value::from(request.request_id()));
    }
    Ok(parameters)
}
