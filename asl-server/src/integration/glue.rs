//! `glue`: runs of jobs. StartJobRun takes no idempotency token.

use super::action::{Action, Integration};
use super::job::{Ask, From, Job};
use super::optimised::Service;

pub(super) const GLUE: Integration = Integration {
    name: "glue",
    service: Service { prefix: "Glue", name: "AWSGlue" },
    model: "glue",
    actions: &[Action::starting("startJobRun", &JOB_RUN)],
    elsewhere: &[],
};

const JOB_RUN: Job = Job {
    describe: Ask { operation: "getJobRun", parameters: &[JOB_NAME, ("RunId", From::Answer("JobRunId"))] },
    place: "JobRun",
    state: "JobRunState",
    succeeded: &["SUCCEEDED"],
    failed: &["FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED"],
    cancel: Some(Ask { operation: "batchStopJobRun", parameters: &[JOB_NAME, ("JobRunIds", From::OneOf("JobRunId"))] }),
    ..Job::PLAIN
};

const JOB_NAME: (&str, From) = ("JobName", From::Task("JobName"));
