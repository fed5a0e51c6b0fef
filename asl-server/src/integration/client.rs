//! A service as an optimised integration calls it for one task.

use super::optimised::Service;
use super::{Services, aws_sdk};
use crate::aws::model::Model;
use crate::aws::shape::{Shape, ShapeId};
use crate::aws::{Answer, Aws, Call, CallError};
use asl_engine::task::TaskRequest;
use asl_engine::value::{Array, Str};
use asl_engine::{StatesError, Timestamp, Value};

/// A service, called for one task. Cheap to clone.
#[derive(Clone)]
pub(super) struct Client {
    aws: Aws,
    pub(super) service: &'static Service,
    /// The service as the integration of the SDK names it.
    model: &'static str,
    region: String,
    /// The role of the state's `Credentials`.
    role: Option<String>,
    /// The same when a restart repeats the task.
    token: String,
}

/// How optimised integrations write times: in answers as the service's JSON does, in descriptions of jobs as events do
/// (recorded with `states:startExecution.sync`: 1.762432523123E9 in TaskSubmitted, 1762432523123 in the output).
#[derive(Clone, Copy)]
pub(super) enum Times {
    Seconds,
    Milliseconds,
}

impl Client {
    pub(super) fn new(
        services: &Services,
        service: &'static Service,
        model: &'static str,
        request: &TaskRequest,
    ) -> Result<Client, StatesError> {
        let region = super::region(request).unwrap_or_default().to_owned();
        let role = aws_sdk::role(request)?.map(str::to_owned);
        Ok(Client { aws: services.aws.clone(), service, model, region, role, token: request.request_id() })
    }

    pub(super) async fn call(&self, operation: &str, parameters: &Value) -> Result<Answer, CallError> {
        let (service, region, token) = (self.model, Some(self.region.as_str()), self.token.as_str());
        let role = self.role.as_deref();
        self.aws.call(Call { region, role, token, own_names: true, ..Call::new(service, operation, parameters) }).await
    }

    /// Why a call has no result, as the task's error.
    pub(super) fn failed(&self, error: CallError) -> StatesError {
        self.service.failed(error)
    }

    /// A result as optimised integrations write it: its members in alphabetical order, times as numbers.
    pub(super) fn spelled(&self, operation: &str, output: Value, times: Times) -> Value {
        let model = Model::of(self.model);
        let shape = model.and_then(|model| model.operation(operation)?.output);
        match (model, shape) {
            (Some(model), Some(shape)) => spelled(model, shape, output, times),
            _ => output,
        }
    }
}

/// Recursion over a result whose depth its shapes and the parser bound.
fn spelled(model: &Model, shape: ShapeId, value: Value, times: Times) -> Value {
    match (model.shape(shape), value) {
        (Shape::Structure(structure), Value::Object(members)) => {
            let mut spelt: Vec<(Str, Value)> = Vec::with_capacity(members.len());
            for member in structure.members() {
                let name = member.own_name();
                if let Some(value) = members.get(&name).filter(|value| !value.is_null()) {
                    spelt.push((name.as_ref().into(), spelled(model, member.shape, value.clone(), times)));
                }
            }
            spelt.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(spelt.into_iter().collect())
        }
        (Shape::List(list), Value::Array(items)) => {
            Value::Array(items.iter().map(|item| spelled(model, list.item, item.clone(), times)).collect::<Array>())
        }
        (Shape::Map(map), Value::Object(entries)) => {
            let entry = |(key, value): (&Str, &Value)| (key.clone(), spelled(model, map.value, value.clone(), times));
            Value::Object(entries.iter().map(entry).collect())
        }
        (Shape::Timestamp(_), Value::String(text)) => match (Timestamp::parse(&text), times) {
            (Some(moment), Times::Seconds) => Value::from(moment.as_seconds_f64()),
            (Some(moment), Times::Milliseconds) => Value::from(moment.as_millis()),
            (None, _) => Value::String(text),
        },
        (_, value) => value,
    }
}
