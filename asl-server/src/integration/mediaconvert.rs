//! `mediaconvert`: jobs of Elemental MediaConvert.

use super::action::{Action, Integration};
use super::job::{Ask, From, Job};
use super::optimised::Service;
use asl_engine::task::TaskRequest;
use asl_engine::value::Object;
use asl_engine::{StatesError, Value};

pub(super) const MEDIACONVERT: Integration = Integration {
    name: "mediaconvert",
    service: Service { prefix: "MediaConvert", name: "AWSMediaConvert" },
    model: "mediaconvert",
    actions: &[Action { parameters: tagged, ..Action::starting("createJob", &JOB) }],
    elsewhere: &[],
};

const JOB: Job = Job {
    describe: Ask { operation: "getJob", parameters: &[ID] },
    place: "Job",
    member: "Job",
    state: "Status",
    succeeded: &["COMPLETE"],
    failed: &["ERROR", "CANCELED"],
    cancel: Some(Ask { operation: "cancelJob", parameters: &[ID] }),
    ..Job::PLAIN
};

const ID: (&str, From) = ("Id", From::Answer("Job.Id"));

/// "Step Functions will add the following custom tag to MediaConvert jobs: `ManagedByService: AWSStepFunctions`".
fn tagged(_: &TaskRequest, mut parameters: Object) -> Result<Object, StatesError> {
    let mut tags = parameters.get("Tags").and_then(Value::as_object).cloned().unwrap_or_default();
    tags.insert("ManagedByService", "AWSStepFunctions".into());
    parameters.insert("Tags", tags.into());
    Ok(parameters)
}
