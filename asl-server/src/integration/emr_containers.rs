//! `emr-containers`: EMR on EKS.

use super::action::{Action, Integration};
use super::job::{Ask, From, Job};
use super::optimised::Service;

pub(super) const EMR_CONTAINERS: Integration = Integration {
    name: "emr-containers",
    service: Service { prefix: "EMRContainers", name: "AmazonEMRContainers" },
    model: "emrcontainers",
    actions: &[
        Action::of("createVirtualCluster"),
        Action::starting("deleteVirtualCluster", &DELETION),
        Action::starting("startJobRun", &JOB_RUN),
    ],
    elsewhere: &[],
};

const DELETION: Job = Job {
    describe: Ask { operation: "describeVirtualCluster", parameters: &[("Id", From::Task("Id"))] },
    place: "VirtualCluster",
    member: "VirtualCluster",
    state: "State",
    succeeded: &["TERMINATED"],
    failed: &["ARRESTED"],
    gone: Some("ResourceNotFoundException"),
    ..Job::PLAIN
};

const JOB_RUN: Job = Job {
    describe: Ask { operation: "describeJobRun", parameters: RUN },
    place: "JobRun",
    member: "JobRun",
    state: "State",
    succeeded: &["COMPLETED"],
    failed: &["FAILED", "CANCELLED"],
    cancel: Some(Ask { operation: "cancelJobRun", parameters: RUN }),
    ..Job::PLAIN
};

const RUN: &[(&str, From)] = &[("Id", From::Answer("Id")), ("VirtualClusterId", From::Task("VirtualClusterId"))];
