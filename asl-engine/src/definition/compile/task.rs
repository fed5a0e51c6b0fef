//! The Task state (spec, "Task State").

use super::super::source::{Member, Node};
use super::{Compiler, Fields, MachineType, Scope};
use crate::definition::program::{Dynamic, Task};
use crate::diagnostic::{resource, schema};
use crate::integration;
use crate::limits::TIMEOUT_SECONDS_MAX;
use crate::query::{QueryLanguage, Template};
use crate::task::{Pattern, Resource};

impl<'a> Compiler<'a, '_> {
    pub(super) fn task(&mut self, fields: &Fields<'a>, language: QueryLanguage, scope: &Scope<'a>) -> Option<Task> {
        let resource = match fields.get("Resource") {
            Some(node) => self.resource(node),
            None => {
                self.report(fields.node, schema::required(&["Resource"]));
                None
            }
        };
        let bounds = [1, TIMEOUT_SECONDS_MAX];
        let timeout_seconds = self.dynamic_integer(fields, ["TimeoutSeconds", "TimeoutSecondsPath"], language, bounds);
        let heartbeat_seconds =
            self.dynamic_integer(fields, ["HeartbeatSeconds", "HeartbeatSecondsPath"], language, bounds);
        if let (Some(Dynamic::Literal(timeout)), Some(Dynamic::Literal(heartbeat))) =
            (&timeout_seconds, &heartbeat_seconds)
            && heartbeat >= timeout
            && let Some(node) = fields.get("HeartbeatSeconds")
        {
            self.report(node, schema::heartbeat_not_below_timeout());
        }
        let arguments = self.arguments(fields, language);
        if let Some(Resource::Service { arn, .. }) = &resource
            && !fields.has(arguments_field(language))
        {
            self.report(fields.node, resource::arguments_missing(arguments_field(language), arn));
        }
        if let Some(resource) = &resource {
            self.check_parameters(fields, resource, language);
        }
        let credentials = self.credentials(fields, language);
        if let (Some(Resource::Activity { .. }), Some(node)) = (&resource, fields.get("Credentials")) {
            self.report(node, resource::credentials_of_activity());
        }
        let result_selector = self.template_field(fields, "ResultSelector", language);
        let result_path = self.result_path(fields);
        let recovery = self.recovery(fields, language, scope);
        Some(Task {
            resource: resource?,
            arguments,
            credentials,
            timeout_seconds,
            heartbeat_seconds,
            result_selector,
            result_path,
            recovery,
        })
    }

    /// `Parameters` (JSONPath) or `Arguments` (JSONata).
    pub(super) fn arguments(&mut self, fields: &Fields<'a>, language: QueryLanguage) -> Option<Template> {
        self.template_field(fields, arguments_field(language), language)
    }

    /// A `Resource`.
    fn resource(&mut self, node: &'a Node) -> Option<Resource> {
        let text = self.string(node)?;
        let Some(resource) = Resource::parse(text) else {
            self.report(node, resource::invalid(text));
            return None;
        };
        if !integration::is_recognized(&resource) {
            self.report(node, resource::not_recognized(&resource, None));
        } else if let Resource::Service { service, action, .. } = &resource
            && let (Some(service), Some(sdk_actions)) = (service.strip_prefix("aws-sdk:"), self.sdk_actions)
            && let Err(help) = sdk_actions(service, action)
        {
            self.report(node, resource::not_recognized(&resource, Some(help)));
        }
        if self.kind == MachineType::Express {
            match (&resource, resource.pattern()) {
                (Resource::Activity { .. }, _) => self.report(node, resource::express_activity()),
                (_, Pattern::Sync | Pattern::Sync2) => self.report(node, resource::express_sync()),
                (_, Pattern::WaitForTaskToken) => self.report(node, resource::express_wait_for_task_token()),
                _ => {}
            }
        }
        Some(resource)
    }

    /// Does the service integration take these parameters? Those are looked at that the definition names itself.
    fn check_parameters(&mut self, fields: &Fields<'a>, resource: &Resource, language: QueryLanguage) {
        let Resource::Service { service, action, .. } = resource else { return };
        let known = integration::of(service, action).and_then(|known| known.parameters.as_ref());
        let Some(known) = known.filter(|known| known.checked_at_creation) else { return };
        let Some(given) = fields.get(arguments_field(language)).and_then(Fields::new) else { return };
        let name = |member: &'a Member| match language {
            QueryLanguage::JsonPath => member.name.strip_suffix(".$").unwrap_or(&member.name),
            QueryLanguage::Jsonata => &member.name,
        };
        for member in given.members.iter().filter(|member| !known.has(name(member))) {
            let names = known.required.iter().chain(known.optional).copied();
            self.report_at(given.node, member.name_span, resource::parameter_unsupported(name(member), names));
        }
        for required in known.required {
            if !given.members.iter().any(|member| name(member) == *required) {
                self.report(given.node, schema::field_missing(required));
            }
        }
    }

    /// `Credentials`: the role to assume for the task.
    fn credentials(&mut self, fields: &Fields<'a>, language: QueryLanguage) -> Option<Template> {
        let node = fields.get("Credentials")?;
        if let Some(credentials) = Fields::new(node)
            && !credentials.has("RoleArn")
            && !credentials.has("RoleArn.$")
        {
            self.report(node, schema::field_missing("RoleArn"));
        }
        self.template(node, language)
    }
}

fn arguments_field(language: QueryLanguage) -> &'static str {
    if language == QueryLanguage::Jsonata { "Arguments" } else { "Parameters" }
}
