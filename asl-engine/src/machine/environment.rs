//! What lies around a state: the context object, the variables in scope, time and chance.

use super::frame::{Frame, FrameId};
use super::{Core, MachineType, MapItem, TaskId, token};
use crate::definition::Program;
use crate::definition::program::StateKind;
use crate::object;
use crate::query::Environment;
use crate::time::Timestamp;
use crate::value::{Object, Value};
use std::cell::OnceCell;

/// The surroundings of one evaluation. Costs nothing until something is asked for.
pub(super) struct Surroundings<'a> {
    pub(super) program: &'a Program,
    pub(super) core: &'a Core,
    pub(super) frame: FrameId,
    pub(super) now: Timestamp,
    /// The context object of a state that is tried alone, when it is given one.
    pub(super) given_context: Option<&'a Value>,
    /// The task being prepared, whose token is `$$.Task.Token`.
    pub(super) task: Option<TaskId>,
    /// The item being selected, while ItemSelector is evaluated.
    pub(super) map_item: Option<&'a MapItem>,
    pub(super) context: OnceCell<Value>,
}

impl Surroundings<'_> {
    fn frames(&self) -> impl Iterator<Item = &Frame> {
        let frames = &self.core.frames;
        std::iter::successors(frames.get(self.frame), move |frame| frames.get(frame.parent?))
    }

    /// The context object (Developer Guide, *Accessing execution data from the Context object*).
    fn build_context(&self) -> Value {
        let mut context = match self.given_context {
            Some(Value::Object(given)) => given.clone(),
            _ => self.own_context(),
        };
        let item = self.map_item.or_else(|| self.frames().find_map(|frame| frame.map_item.as_ref()));
        if let Some(item) = item.or(self.core.start.map_item.as_ref()) {
            let mut about = Object::default();
            about.insert("Index", item.index.into());
            about.insert("Value", item.value.clone());
            if let Some(source) = &item.source {
                about.insert("Source", source.clone().into());
            }
            context.insert("Map", object! { "Item" => about });
        }
        Value::Object(context)
    }

    /// The context object of this execution, without the item of a Map state.
    fn own_context(&self) -> Object {
        let start = &self.core.start;
        let mut execution = object! {
            "Id" => start.execution_arn.clone(),
            "Input" => start.input.clone(),
            "StartTime" => self.core.started_at.to_string(),
            "Name" => start.execution_name.clone(),
            "RoleArn" => start.role_arn.clone(),
        };
        if let (MachineType::Standard, Value::Object(members)) = (start.machine_type, &mut execution) {
            members.insert("RedriveCount", self.core.redrives.into());
            if let Some(at) = self.core.redriven_at {
                members.insert("RedriveTime", at.to_string().into());
            }
        }
        let mut context = Object::default();
        context.insert("Execution", execution);
        context.insert(
            "StateMachine",
            object! { "Id" => start.state_machine_arn.clone(), "Name" => start.state_machine_name.clone() },
        );
        if let Some(frame) = self.core.frames.get(self.frame) {
            let state = self.program.state(frame.state);
            let mut about = Object::default();
            about.insert("Name", state.name.clone().into());
            about.insert("EnteredTime", frame.entered_at.to_string().into());
            if matches!(state.kind, StateKind::Task(_) | StateKind::Parallel(_) | StateKind::Map(_)) {
                about.insert("RetryCount", frame.retry_count().into());
            }
            context.insert("State", Value::Object(about));
        }
        if let Some(task) = self.task {
            let token = token::encode(&start.execution_arn, task, start.seed);
            context.insert("Task", object! { "Token" => token });
        }
        context
    }
}

impl Environment for Surroundings<'_> {
    fn context(&self) -> &Value {
        self.context.get_or_init(|| self.build_context())
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        self.frames().find_map(|frame| frame.variables.get(name))
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn random(&self) -> u64 {
        self.core.rng.next()
    }
}
