//! `elasticmapreduce`: clusters and their steps. Its actions take and give one where the service's operations have lists.

use super::Services;
use super::action::{Action, Integration};
use super::client::Client;
use super::job::{Ask, From, Job};
use super::optimised::Service;
use asl_engine::error::names;
use asl_engine::task::{Pattern, TaskRequest, TaskResult};
use asl_engine::value::{Array, Object};
use asl_engine::{StatesError, Value, object};

pub(super) const EMR: Integration = Integration {
    name: "elasticmapreduce",
    service: Service { prefix: "ElasticMapReduce", name: "AmazonElasticMapReduce" },
    model: "emr",
    actions: &[
        Action {
            operation: "runJobFlow",
            parameters: cluster,
            result: |_, answer| Ok(renamed(answer, "JobFlowId", "ClusterId")),
            ..Action::starting("createCluster", &CREATION)
        },
        Action {
            operation: "setTerminationProtection",
            parameters: of_one_cluster,
            ..Action::of("setClusterTerminationProtection")
        },
        Action {
            operation: "terminateJobFlows",
            parameters: of_one_cluster,
            ..Action::starting("terminateCluster", &TERMINATION)
        },
        Action {
            operation: "addJobFlowSteps",
            parameters: |_, parameters| Ok(listed(renamed(parameters, "ClusterId", "JobFlowId"), "Step", "Steps")),
            result: |_, answer| Ok(first(answer, "StepIds", "StepId")),
            ..Action::starting("addStep", &STEP)
        },
        Action {
            operation: "cancelSteps",
            parameters: |_, parameters| Ok(listed(parameters, "StepId", "StepIds")),
            result: |_, answer| Ok(first(answer, "CancelStepsInfoList", "CancelStepsInfo")),
            ..Action::of("cancelStep")
        },
    ],
    elsewhere: &[],
};

/// "Step Functions does not terminate an Amazon EMR cluster automatically if execution is stopped."
const CREATION: Job = Job {
    describe: Ask { operation: "describeCluster", parameters: &[("ClusterId", From::Answer("ClusterId"))] },
    place: "Cluster",
    member: "Cluster",
    state: "Status.State",
    succeeded: &["WAITING"],
    failed: &["TERMINATED", "TERMINATED_WITH_ERRORS"],
    kept: &["ClusterId"],
    ..Job::PLAIN
};

const TERMINATION: Job = Job {
    describe: Ask { operation: "describeCluster", parameters: &[CLUSTER] },
    succeeded: &["TERMINATED", "TERMINATED_WITH_ERRORS"],
    failed: &[],
    kept: &[],
    ..CREATION
};

const STEP: Job = Job {
    describe: Ask { operation: "describeStep", parameters: &[CLUSTER, ("StepId", From::Answer("StepId"))] },
    place: "Step",
    member: "Step",
    state: "Status.State",
    succeeded: &["COMPLETED"],
    failed: &["CANCELLED", "FAILED", "INTERRUPTED"],
    cancel: Some(Ask { operation: "cancelSteps", parameters: &[CLUSTER, ("StepIds", From::OneOf("StepId"))] }),
    ..Job::PLAIN
};

const CLUSTER: (&str, From) = ("ClusterId", From::Task("ClusterId"));

/// Developer Guide, *Create and manage Amazon EMR clusters*: a cluster stays until it is terminated, and its steps are added.
fn cluster(_: &TaskRequest, parameters: Object) -> Result<Object, StatesError> {
    let instances = parameters.get("Instances");
    let stays = instances.and_then(|instances| instances.get("KeepJobFlowAliveWhenNoSteps")).and_then(Value::as_bool);
    match () {
        () if parameters.contains_key("Steps") => Err(StatesError::runtime(
            "elasticmapreduce:createCluster takes no 'Steps': add them to the cluster with elasticmapreduce:addStep",
        )),
        () if stays != Some(true) => Err(StatesError::runtime(
            "elasticmapreduce:createCluster needs 'Instances.KeepJobFlowAliveWhenNoSteps' to be true",
        )),
        () => Ok(parameters),
    }
}

fn of_one_cluster(_: &TaskRequest, parameters: Object) -> Result<Object, StatesError> {
    Ok(listed(parameters, "ClusterId", "JobFlowIds"))
}

fn renamed(mut members: Object, old: &str, new: &'static str) -> Object {
    if let Some(value) = members.remove(old) {
        members.insert(new, value);
    }
    members
}

/// One becomes a list of one.
fn listed(mut members: Object, one: &str, all: &'static str) -> Object {
    if let Some(value) = members.remove(one) {
        members.insert(all, Value::Array(Array::from(vec![value])));
    }
    members
}

/// A list becomes its first item.
fn first(mut members: Object, all: &str, one: &'static str) -> Object {
    if let Some(value) = members.remove(all).and_then(|all| all.as_array()?.first().cloned()) {
        members.insert(one, value);
    }
    members
}

/// What `modifyInstanceFleetByName` and `modifyInstanceGroupByName` modify: "At runtime the `InstanceGroupId` is determined
/// automatically by the service integration by calling `ListInstanceGroups` and parsing the result."
pub(super) struct Instances {
    /// Lists them.
    list: &'static str,
    /// Where they are in that list.
    listed: &'static str,
    /// The parameters that have the name and the change, and the member of the change that names them to the service.
    name: &'static str,
    change: &'static str,
    id: &'static str,
    modify: &'static str,
    /// The service takes several changes at once, under this name.
    changes: Option<&'static str>,
}

pub(super) const FLEETS: Instances = Instances {
    list: "listInstanceFleets",
    listed: "InstanceFleets",
    name: "InstanceFleetName",
    change: "InstanceFleet",
    id: "InstanceFleetId",
    modify: "modifyInstanceFleet",
    changes: None,
};

pub(super) const GROUPS: Instances = Instances {
    list: "listInstanceGroups",
    listed: "InstanceGroups",
    name: "InstanceGroupName",
    change: "InstanceGroup",
    id: "InstanceGroupId",
    modify: "modifyInstanceGroups",
    changes: Some("InstanceGroups"),
};

/// Pages of a list that are looked through.
const PAGES_MAX: usize = 100;

pub(super) async fn modify_by_name(services: &Services, instances: &Instances, request: &TaskRequest) -> TaskResult {
    if request.resource.pattern() != Pattern::RequestResponse {
        return Err(StatesError::runtime(format!("'{}' has Request Response only", request.resource.arn())));
    }
    let Value::Object(mut parameters) = request.input.clone() else {
        return Err(StatesError::runtime("The parameters are no object"));
    };
    let name = parameters.remove(instances.name).unwrap_or_default();
    let Some(Value::Object(mut change)) = parameters.remove(instances.change) else {
        return Err(StatesError::runtime(format!("The parameter '{}' is missing, or no object", instances.change)));
    };
    let client = Client::new(services, &EMR.service, EMR.model, request)?;
    let cluster = parameters.get("ClusterId").cloned().unwrap_or_default();
    let id = find(&client, instances, &cluster, &name).await?;
    change.insert(instances.id, id);
    match instances.changes {
        None => parameters.insert(instances.change, change.into()),
        Some(changes) => parameters.insert(changes, Value::Array(Array::from(vec![change.into()]))),
    }
    Action::of(instances.modify).call(&client, request, parameters.into()).await
}

async fn find(client: &Client, instances: &Instances, cluster: &Value, name: &Value) -> TaskResult {
    let mut parameters = object! { "ClusterId" => cluster.clone() };
    for _ in 0..PAGES_MAX {
        let page = client.call(instances.list, &parameters).await.map_err(|error| client.failed(error))?.output;
        let listed = page.get(instances.listed).and_then(Value::as_array);
        let found = listed.and_then(|listed| listed.iter().find(|one| one.get("Name") == Some(name)));
        if let Some(id) = found.and_then(|found| found.get("Id")) {
            return Ok(id.clone());
        }
        match (page.get("Marker"), &mut parameters) {
            (Some(marker @ Value::String(_)), Value::Object(parameters)) => parameters.insert("Marker", marker.clone()),
            _ => break,
        }
    }
    let (what, name, cluster) = (instances.change, name.to_json(), cluster.to_json());
    Err(StatesError::new(names::TASK_FAILED, format!("The cluster {cluster} has no {what} of the name {name}")))
}
