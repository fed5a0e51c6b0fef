//! `databrew`: runs of Glue DataBrew jobs. StartJobRun takes no idempotency token.

use super::action::{Action, Integration};
use super::job::{Ask, From, Job};
use super::optimised::Service;

pub(super) const DATABREW: Integration = Integration {
    name: "databrew",
    service: Service { prefix: "DataBrew", name: "AWSGlueDataBrew" },
    model: "databrew",
    actions: &[Action::starting("startJobRun", &JOB_RUN)],
    elsewhere: &[],
};

const JOB_RUN: Job = Job {
    describe: Ask { operation: "describeJobRun", parameters: RUN },
    state: "State",
    succeeded: &["SUCCEEDED"],
    failed: &["FAILED", "TIMEOUT", "STOPPED"],
    cancel: Some(Ask { operation: "stopJobRun", parameters: RUN }),
    ..Job::PLAIN
};

const RUN: &[(&str, From)] = &[("Name", From::Task("Name")), ("RunId", From::Answer("RunId"))];
