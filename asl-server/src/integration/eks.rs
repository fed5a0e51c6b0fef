//! `eks`: clusters, node groups and Fargate profiles. AWS leaves them alone when an execution is stopped.

use super::action::{Action, Integration};
use super::job::{Ask, From, Job};
use super::optimised::Service;

pub(super) const EKS: Integration = Integration {
    name: "eks",
    service: Service { prefix: "EKS", name: "AmazonEKS" },
    model: "eks",
    actions: &[
        Action::starting("createCluster", &Job { succeeded: &["ACTIVE"], failed: &["FAILED"], ..CLUSTER }),
        Action::starting("deleteCluster", &Job { gone: GONE, failed: &["FAILED"], ..CLUSTER }),
        Action::starting(
            "createFargateProfile",
            &Job { succeeded: &["ACTIVE"], failed: &["CREATE_FAILED"], ..PROFILE },
        ),
        Action::starting("deleteFargateProfile", &Job { gone: GONE, failed: &["DELETE_FAILED"], ..PROFILE }),
        Action::starting(
            "createNodegroup",
            &Job { succeeded: &["ACTIVE"], failed: &["CREATE_FAILED", "DEGRADED"], ..NODEGROUP },
        ),
        Action::starting("deleteNodegroup", &Job { gone: GONE, failed: &["DELETE_FAILED"], ..NODEGROUP }),
    ],
    elsewhere: &[("call", KUBERNETES), ("runJob", KUBERNETES)],
};

const KUBERNETES: &str = "it calls the Kubernetes API of a cluster of EKS's, with a token that EKS makes. Mock this state \
                          (--mock-config), or call your cluster's API with http:invoke, through kubectl proxy for one";

const GONE: Option<&str> = Some("ResourceNotFoundException");

const CLUSTER: Job = Job {
    describe: Ask { operation: "describeCluster", parameters: &[("Name", From::Task("Name"))] },
    place: "Cluster",
    member: "Cluster",
    state: "Status",
    ..Job::PLAIN
};

const PROFILE: Job = Job {
    describe: Ask {
        operation: "describeFargateProfile",
        parameters: &[IN_CLUSTER, ("FargateProfileName", From::Task("FargateProfileName"))],
    },
    place: "FargateProfile",
    member: "FargateProfile",
    state: "Status",
    ..Job::PLAIN
};

const NODEGROUP: Job = Job {
    describe: Ask {
        operation: "describeNodegroup",
        parameters: &[IN_CLUSTER, ("NodegroupName", From::Task("NodegroupName"))],
    },
    place: "Nodegroup",
    member: "Nodegroup",
    state: "Status",
    ..Job::PLAIN
};

const IN_CLUSTER: (&str, From) = ("ClusterName", From::Task("ClusterName"));
