//! `batch`: jobs in queues. SubmitJob takes no idempotency token.

use super::action::{Action, Integration};
use super::job::{Ask, From, Job};
use super::optimised::Service;

pub(super) const BATCH: Integration = Integration {
    name: "batch",
    service: Service { prefix: "Batch", name: "AWSBatch" },
    model: "batch",
    actions: &[Action::starting("submitJob", &JOB)],
    elsewhere: &[],
};

const JOB: Job = Job {
    describe: Ask { operation: "describeJobs", parameters: &[("Jobs", From::OneOf("JobId"))] },
    place: "Jobs.0",
    state: "Status",
    succeeded: &["SUCCEEDED"],
    failed: &["FAILED"],
    cancel: Some(Ask {
        operation: "terminateJob",
        parameters: &[
            ("JobId", From::Answer("JobId")),
            ("Reason", From::Text("The execution that started it does not wait for it any more")),
        ],
    }),
    ..Job::PLAIN
};
