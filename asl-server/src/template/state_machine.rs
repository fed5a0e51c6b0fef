//! `AWS::Serverless::StateMachine` and `AWS::StepFunctions::StateMachine`.

use super::document::Node;
use super::{Problem, Reader, Resource, Stack};
use crate::aws::shape::uncapital;
use asl_engine::definition::MachineType;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A state machine of a template.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Its name.
    pub name: String,
    /// Where the template has it, counted from 1; 0: not known.
    pub line: usize,
    /// STANDARD or EXPRESS.
    pub kind: MachineType,
    /// Where its definition is.
    pub definition: Definition,
    /// Values for `${Name}` in the definition.
    pub substitutions: BTreeMap<String, String>,
    /// What else CreateStateMachine is told.
    pub settings: Map<String, Value>,
}

/// Where a definition is.
#[derive(Clone, Debug, PartialEq)]
pub enum Definition {
    /// In a file.
    File(PathBuf),
    /// In the template: its text.
    Text(String),
}

impl<'a> Reader<'a> {
    /// Takes up a state machine.
    pub(super) fn state_machine(&self, resource: &Resource<'a>, stack: &mut Stack) -> Result<(), Problem> {
        let (_, name) = self.resolver.resource(resource.id, resource.node)?;
        let resolved = |property: &str| match resource.property(property) {
            Some(node) => self.resolver.resolve(node),
            None => Ok(None),
        };
        let kind = resolved("Type")?.or(resolved("StateMachineType")?);
        let kind = match kind.as_ref().and_then(Value::as_str) {
            None | Some("STANDARD") => MachineType::Standard,
            Some("EXPRESS") => MachineType::Express,
            Some(other) => return Err(Problem::at(resource.node, format!("its type {other} is none"))),
        };
        let substitutions = match resolved("DefinitionSubstitutions")? {
            Some(Value::Object(values)) => values.into_iter().map(|(name, value)| (name, text(value))).collect(),
            _ => BTreeMap::new(),
        };
        let definition = self.definition(resource)?;
        // What it runs without is left out when it cannot be resolved.
        let mut settings = Map::new();
        for (properties, setting) in [
            (["Role", "RoleArn"], "roleArn"),
            (["Logging", "LoggingConfiguration"], "loggingConfiguration"),
            (["Tracing", "TracingConfiguration"], "tracingConfiguration"),
            (["Tags", "Tags"], "tags"),
        ] {
            let Some(node) = properties.into_iter().find_map(|property| resource.property(property)) else { continue };
            match self.resolver.resolve(node) {
                Ok(Some(value)) if setting == "tags" => _ = settings.insert(setting.to_owned(), tags(value)),
                Ok(Some(value)) => _ = settings.insert(setting.to_owned(), camel_case(value)),
                Ok(None) => (),
                Err(problem) => {
                    let message = format!("{} is left out: {}", properties[0], problem.message);
                    stack.problems.push(Problem { message, ..problem });
                }
            }
        }
        if let Some(events) = resource.property("Events") {
            let names: Vec<&str> = events.members().iter().map(|(name, _)| name.as_str()).collect();
            let message = format!("nothing here starts it by its events ({}): start it yourself", names.join(", "));
            stack.problems.push(Problem::at(events, message));
        }
        let line = if resource.node.line > 0 { resource.node.line } else { self.line_of(resource.id) };
        stack.machines.push(Machine { name, line, kind, definition, substitutions, settings });
        Ok(())
    }

    fn definition(&self, resource: &Resource<'a>) -> Result<Definition, Problem> {
        if let Some(node) = resource.property("DefinitionUri") {
            return match self.resolver.resolve(node)? {
                Some(Value::String(path)) if !path.contains("://") => self.file(node, &path),
                _ => Err(in_s3(node)),
            };
        }
        if let Some(node) = resource.property("DefinitionString") {
            return match self.resolver.resolve(node)? {
                Some(Value::String(text)) => Ok(Definition::Text(text)),
                _ => Err(Problem::at(node, "DefinitionString is a text")),
            };
        }
        if let Some(node) = resource.property("Definition") {
            return match self.resolver.resolve(node)? {
                Some(definition @ Value::Object(_)) => Ok(Definition::Text(definition.to_string())),
                _ => Err(Problem::at(node, "Definition is an object")),
            };
        }
        if let Some(node) = resource.property("DefinitionS3Location") {
            // The CDK's own assets lie beside its template, as `asset.KEY`.
            let key = node.get("Key").map(|key| self.resolver.text(key)).transpose()?.flatten();
            let asset = key.map(|key| format!("asset.{key}")).filter(|asset| self.folder.join(asset).is_file());
            return match asset {
                Some(asset) => self.file(node, &asset),
                None => Err(in_s3(node)),
            };
        }
        Err(Problem::at(resource.node, "it has no definition"))
    }

    fn file(&self, node: &Node, path: &str) -> Result<Definition, Problem> {
        let file = self.folder.join(path);
        match file.is_file() {
            true => Ok(Definition::File(file)),
            false => Err(Problem::at(node, format!("its definition is not there: no file `{}`", file.display()))),
        }
    }
}

fn in_s3(node: &Node) -> Problem {
    Problem::at(node, "its definition is in S3, which is not read: point DefinitionUri at the file")
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Tags as the API takes them: SAM has them by name, CloudFormation in a list.
fn tags(value: Value) -> Value {
    match value {
        Value::Object(tags) => {
            tags.into_iter().map(|(key, value)| json!({ "key": key, "value": text(value) })).collect()
        }
        list => camel_case(list),
    }
}

/// The members as the API spells them: `logGroupArn` for `LogGroupArn`.
fn camel_case(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(name, value)| (uncapital(&name), camel_case(value))).collect())
        }
        Value::Array(items) => items.into_iter().map(camel_case).collect(),
        scalar => scalar,
    }
}
