//! `ecs:runTask`: tasks of ECS and Fargate.

use super::action::{Action, Integration};
use super::job::{Ask, From, Job};
use super::optimised::Service;
use asl_engine::task::{Pattern, TaskRequest};
use asl_engine::value::Object;
use asl_engine::{StatesError, Value};

pub(super) const ECS: Integration = Integration {
    name: "ecs",
    service: Service { prefix: "ECS", name: "AmazonECS" },
    model: "ecs",
    actions: &[Action { parameters: one, result: placed, callback: true, ..Action::starting("runTask", &TASK) }],
    elsewhere: &[],
};

const TASK: Job = Job {
    describe: Ask { operation: "describeTasks", parameters: &[CLUSTER, ("Tasks", From::OneOf("Tasks.0.TaskArn"))] },
    place: "Tasks.0",
    state: "LastStatus",
    succeeded: &["STOPPED"],
    is_well: all_exited_with_zero,
    cancel: Some(Ask {
        operation: "stopTask",
        parameters: &[
            CLUSTER,
            ("Task", From::Answer("Tasks.0.TaskArn")),
            ("Reason", From::Text("The execution that started it does not wait for it any more")),
        ],
    }),
    ..Job::PLAIN
};

const CLUSTER: (&str, From) = ("Cluster", From::Answer("Tasks.0.ClusterArn"));

/// A task that waits waits for one.
fn one(request: &TaskRequest, parameters: Object) -> Result<Object, StatesError> {
    let count = parameters.get("Count").and_then(Value::as_i64).unwrap_or(1);
    if request.resource.pattern() == Pattern::Sync && count != 1 {
        return Err(StatesError::runtime(format!(
            "ecs:runTask.sync waits for one task, not for {count}: leave out Count, and start several from a Map state"
        )));
    }
    Ok(parameters)
}

/// "If a non-empty `Failures` field is encountered, the task is failed with an `AmazonECS.Unknown` error", unless nobody waits.
fn placed(request: &TaskRequest, answer: Object) -> Result<Object, StatesError> {
    match answer.get("Failures").and_then(Value::as_array) {
        Some(failures) if !failures.is_empty() && request.resource.pattern() != Pattern::RequestResponse => {
            Err(StatesError::new("AmazonECS.Unknown", Value::from(failures.clone()).to_json()))
        }
        _ => Ok(answer),
    }
}

/// The task is stopped in any case. A container that never ran has no exit code.
fn all_exited_with_zero(task: &Value) -> bool {
    let containers = task.get("Containers").and_then(Value::as_array);
    let is_zero = |container: &Value| container.get("ExitCode").and_then(Value::as_i64) == Some(0);
    containers.is_some_and(|containers| !containers.is_empty() && containers.iter().all(is_zero))
}
