//! `emr-serverless`: applications and their job runs.

use super::action::{Action, Integration};
use super::job::{Ask, From, Job};
use super::optimised::Service;
use asl_engine::StatesError;
use asl_engine::task::TaskRequest;
use asl_engine::value::Object;

pub(super) const EMR_SERVERLESS: Integration = Integration {
    name: "emr-serverless",
    service: Service { prefix: "EMRServerless", name: "AWSEMRServerless" },
    model: "emrserverless",
    actions: &[
        Action::starting("createApplication", &Job { describe: CREATED, ..application(&["CREATED", "STARTED"]) }),
        Action { result: named, ..Action::starting("startApplication", &application(&["STARTED"])) },
        Action { result: named, ..Action::starting("stopApplication", &application(&["STOPPED"])) },
        Action { result: named, ..Action::starting("deleteApplication", &DELETION) },
        Action::starting("startJobRun", &JOB_RUN),
        Action::starting("cancelJobRun", &CANCELLATION),
    ],
    elsewhere: &[],
};

const CREATED: Ask =
    Ask { operation: "getApplication", parameters: &[("ApplicationId", From::Answer("ApplicationId"))] };

/// An application that is to come to one of these states.
const fn application(succeeded: &'static [&'static str]) -> Job {
    Job {
        describe: Ask { operation: "getApplication", parameters: &[APPLICATION] },
        place: "Application",
        member: "Application",
        state: "State",
        succeeded,
        failed: &["TERMINATED"],
        ..Job::PLAIN
    }
}

/// A deleted application is told for a while.
const DELETION: Job = Job { failed: &[], gone: Some("ResourceNotFoundException"), ..application(&["TERMINATED"]) };

const JOB_RUN: Job = Job {
    describe: Ask { operation: "getJobRun", parameters: STARTED },
    place: "JobRun",
    member: "JobRun",
    state: "State",
    succeeded: &["SUCCESS"],
    failed: &["FAILED", "CANCELLED"],
    cancel: Some(Ask { operation: "cancelJobRun", parameters: STARTED }),
    ..Job::PLAIN
};
const STARTED: &[(&str, From)] = &[APPLICATION, ("JobRunId", From::Answer("JobRunId"))];

const CANCELLATION: Job = Job {
    describe: Ask { operation: "getJobRun", parameters: &[APPLICATION, ("JobRunId", From::Task("JobRunId"))] },
    succeeded: &["CANCELLED"],
    failed: &["SUCCESS", "FAILED"],
    cancel: None,
    ..JOB_RUN
};

const APPLICATION: (&str, From) = ("ApplicationId", From::Task("ApplicationId"));

/// The service answers nothing; the integration tells the id.
fn named(request: &TaskRequest, mut answer: Object) -> Result<Object, StatesError> {
    if let Some(id) = request.input.get("ApplicationId") {
        answer.insert("ApplicationId", id.clone());
    }
    Ok(answer)
}
