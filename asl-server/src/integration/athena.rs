//! `athena`: queries.

use super::action::{Action, Integration};
use super::job::{Ask, From, Job};
use super::optimised::Service;

pub(super) const ATHENA: Integration = Integration {
    name: "athena",
    service: Service { prefix: "Athena", name: "AmazonAthena" },
    model: "athena",
    actions: &[
        Action::starting("startQueryExecution", &QUERY),
        Action::of("stopQueryExecution"),
        Action::of("getQueryExecution"),
        Action::of("getQueryResults"),
    ],
    elsewhere: &[],
};

const QUERY: Job = Job {
    describe: Ask { operation: "getQueryExecution", parameters: &[ID] },
    place: "QueryExecution",
    member: "QueryExecution",
    state: "Status.State",
    succeeded: &["SUCCEEDED"],
    failed: &["FAILED", "CANCELLED"],
    cancel: Some(Ask { operation: "stopQueryExecution", parameters: &[ID] }),
    ..Job::PLAIN
};

const ID: (&str, From) = ("QueryExecutionId", From::Answer("QueryExecutionId"));
