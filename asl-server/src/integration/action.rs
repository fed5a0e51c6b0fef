//! Optimised integrations that are calls of a service's operations: each service's file is a table of its actions.

use super::Services;
use super::client::{Client, Times};
use super::job::{self, Job};
use super::optimised::Service;
use super::{athena, batch, bedrock, codebuild, databrew, ecs, eks, emr, emr_containers, emr_serverless, glue};
use super::{mediaconvert, sagemaker};
use asl_engine::task::{Pattern, TaskRequest, TaskResult};
use asl_engine::value::Object;
use asl_engine::{StatesError, Value};

/// The integrations that are such tables.
const INTEGRATIONS: &[&Integration] = &[
    &athena::ATHENA,
    &batch::BATCH,
    &bedrock::BEDROCK,
    &codebuild::CODEBUILD,
    &databrew::DATABREW,
    &ecs::ECS,
    &eks::EKS,
    &emr::EMR,
    &emr_containers::EMR_CONTAINERS,
    &emr_serverless::EMR_SERVERLESS,
    &glue::GLUE,
    &mediaconvert::MEDIACONVERT,
    &sagemaker::SAGEMAKER,
];

/// A service's actions.
pub(super) struct Integration {
    /// As resources name it: `arn:aws:states:::NAME:action`.
    pub(super) name: &'static str,
    pub(super) service: Service,
    /// As the integration of the SDK names it.
    pub(super) model: &'static str,
    pub(super) actions: &'static [Action],
    /// Actions that AWS has and this server has not: what to do instead.
    pub(super) elsewhere: &'static [(&'static str, &'static str)],
}

/// What a task can have done.
#[derive(Clone, Copy)]
pub(super) struct Action {
    /// As resources name it.
    pub(super) name: &'static str,
    /// The operation that is called.
    pub(super) operation: &'static str,
    /// What the service is given, of the task's parameters.
    pub(super) parameters: fn(&TaskRequest, Object) -> Result<Object, StatesError>,
    /// What the task is given, of the service's answer.
    pub(super) result: fn(&TaskRequest, Object) -> Result<Object, StatesError>,
    /// The job that it starts: the action has `.sync`.
    pub(super) job: Option<&'static Job>,
    /// Can it give a task token away (`.waitForTaskToken`)?
    pub(super) callback: bool,
}

impl Action {
    /// The action that is the operation of the same name.
    pub(super) const fn of(name: &'static str) -> Action {
        let same = |_: &TaskRequest, members: Object| Ok(members);
        Action { name, operation: name, parameters: same, result: same, job: None, callback: false }
    }

    /// The action that starts a job.
    pub(super) const fn starting(name: &'static str, job: &'static Job) -> Action {
        Action { job: Some(job), ..Action::of(name) }
    }
}

/// The integration of a service, when it is one of these.
pub(super) fn integration(name: &str) -> Option<&'static Integration> {
    INTEGRATIONS.iter().copied().find(|integration| integration.name == name)
}

impl Integration {
    pub(super) async fn answer(&'static self, services: &Services, action: &str, request: &TaskRequest) -> TaskResult {
        let action = self.action(action, request)?;
        let client = Client::new(services, &self.service, self.model, request)?;
        let submitted = match &request.submitted {
            Some(answer) => answer.clone(),
            None => action.call(&client, request, action.parameters(request)?).await?,
        };
        let Some(job) = action.job.filter(|_| request.resource.pattern() == Pattern::Sync) else {
            return Ok(submitted);
        };
        if request.submitted.is_none() {
            request.progress.submitted(submitted.clone());
        }
        let clock = services.service()?.engine().clock().clone();
        job::finish(job, &client, &clock, request, &submitted).await
    }

    fn action(&self, name: &str, request: &TaskRequest) -> Result<&'static Action, StatesError> {
        let arn = request.resource.arn();
        let Some(action) = self.actions.iter().find(|action| action.name == name) else {
            let instead = self.elsewhere.iter().find(|(elsewhere, _)| *elsewhere == name);
            let known: Vec<&str> = self.actions.iter().map(|action| action.name).collect();
            return Err(StatesError::runtime(match instead {
                Some((_, instead)) => format!("This server does not answer '{arn}': {instead}"),
                None => format!("'{arn}' names no action of {}; it has {}", self.name, known.join(", ")),
            }));
        };
        let has_pattern = match request.resource.pattern() {
            Pattern::RequestResponse => true,
            Pattern::Sync => action.job.is_some(),
            Pattern::Sync2 => false,
            Pattern::WaitForTaskToken => action.callback,
        };
        let or = |has: bool, pattern| if has { pattern } else { "" };
        has_pattern.then_some(action).ok_or_else(|| {
            StatesError::runtime(format!(
                "'{arn}' asks for a pattern that {}:{name} does not have; it has Request Response{}{}",
                self.name,
                or(action.job.is_some(), ", Run a Job (.sync)"),
                or(action.callback, ", Wait for a Callback with Task Token (.waitForTaskToken)"),
            ))
        })
    }
}

impl Action {
    fn parameters(&self, request: &TaskRequest) -> TaskResult {
        match &request.input {
            Value::Object(parameters) => (self.parameters)(request, parameters.clone()).map(Value::Object),
            // The service's model will say what is wrong with it.
            other => Ok(other.clone()),
        }
    }

    /// Calls the operation; what it answered, as the integration tells it.
    pub(super) async fn call(&self, client: &Client, request: &TaskRequest, parameters: Value) -> TaskResult {
        let mut answer = client.call(self.operation, &parameters).await.map_err(|error| client.failed(error))?;
        let Value::Object(members) = client.spelled(self.operation, answer.output, Times::Seconds) else {
            return Err(StatesError::runtime(format!("The answer to {} is no object", self.operation)));
        };
        answer.output = (self.result)(request, members)?.into();
        client.service.result(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::model::Model;
    use crate::aws::shape::{Shape, ShapeId};
    use crate::integration::job::{Ask, From};

    /// The shape at a place of a result.
    fn at(model: &Model, whole: Option<ShapeId>, place: &str) -> Option<ShapeId> {
        place.split('.').filter(|step| !step.is_empty()).try_fold(whole?, |shape, step| match model.shape(shape) {
            Shape::Structure(structure) => {
                structure.members().find(|member| member.own_name() == step).map(|member| member.shape)
            }
            Shape::List(list) => step.parse::<usize>().ok().map(|_| list.item),
            _ => None,
        })
    }

    /// The engine's table, by which definitions are checked, lets through what is answered here.
    #[test]
    fn the_tables_agree_with_the_engines() {
        for integration in INTEGRATIONS {
            for action in integration.actions {
                let patterns = [("", true), (".sync", action.job.is_some()), (".waitForTaskToken", action.callback)];
                for (pattern, _) in patterns.into_iter().filter(|(_, has)| *has) {
                    let arn = format!("arn:aws:states:::{}:{}{pattern}", integration.name, action.name);
                    let resource = asl_engine::task::Resource::parse(&arn).unwrap();
                    assert!(asl_engine::integration::is_recognized(&resource), "{arn}");
                }
            }
        }
    }

    /// Every operation, parameter, place and state that the tables name is in the services' models.
    #[test]
    fn the_tables_agree_with_the_models() {
        for integration in INTEGRATIONS {
            let model = Model::of(integration.model).unwrap();
            for action in integration.actions {
                let name = format!("{}:{}", integration.name, action.name);
                let submit = model.operation(action.operation).unwrap_or_else(|| panic!("{name}"));
                let Some(job) = action.job else { continue };
                let answered = |place: &str| {
                    // EMR's integration has members of its own.
                    integration.name == "elasticmapreduce" || at(model, submit.output, place).is_some()
                };
                let asks = |ask: &Ask| {
                    let operation =
                        model.operation(ask.operation).unwrap_or_else(|| panic!("{name}: {}", ask.operation));
                    for (parameter, from) in ask.parameters {
                        assert!(
                            at(model, operation.input, parameter).is_some(),
                            "{name}: {}: {parameter}",
                            ask.operation
                        );
                        let known = match from {
                            From::Task("ClusterId" | "Name") => true,
                            From::Task(parameter) => at(model, submit.input, parameter).is_some(),
                            From::Answer(place) | From::OneOf(place) => answered(place),
                            From::Text(_) => true,
                        };
                        assert!(known, "{name}: {}: where {parameter} comes from", ask.operation);
                    }
                    operation.output
                };
                job.cancel.as_ref().map(asks);
                let described = asks(&job.describe);
                let place = at(model, described, job.place);
                let state = at(model, place, job.state).unwrap_or_else(|| panic!("{name}: {}", job.state));
                if let Shape::Enum(words) = model.shape(state) {
                    for word in job.succeeded.iter().chain(job.failed) {
                        assert!(words.have(word), "{name}: no state is named {word}");
                    }
                }
            }
        }
    }
}
