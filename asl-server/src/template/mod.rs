//! SAM and CloudFormation templates, in YAML or JSON, also as the CDK writes them: their state machines are deployed,
//! their functions become local processes where their code is on disk, their activities are created. Everything else of
//! a template only gives names and ARNs.
//!
//! What cannot be resolved is told as a [`Problem`], and the rest goes on.

mod document;
mod function;
mod resolve;
mod resource;
mod state_machine;

pub use state_machine::{Definition, Machine};

use crate::function::LocalFunction;
use crate::service::Caller;
use anyhow::{Context, bail};
use document::Node;
use resolve::Resolver;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// What a template asks for.
#[derive(Debug)]
pub struct Stack {
    /// The template.
    pub file: PathBuf,
    /// The functions whose code is on disk.
    pub functions: Vec<LocalFunction>,
    /// The state machines.
    pub machines: Vec<Machine>,
    /// The names of the activities.
    pub activities: Vec<String>,
    /// What could not be resolved.
    pub problems: Vec<Problem>,
    /// The names of its parameters.
    pub parameters: Vec<String>,
    /// How many resources of which type are not created here.
    pub not_created: BTreeMap<String, usize>,
    /// Where code that stands in the template itself was written to.
    inline: Option<tempfile::TempDir>,
}

/// Something of a template that could not be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The resource it concerns.
    pub resource: String,
    /// Where, counted from 1; 0: not known.
    pub line: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Problem {
    fn at(node: &Node, message: impl Into<String>) -> Self {
        Problem { resource: String::new(), line: node.line, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        write!(f, "{}: {}", self.resource, self.message)
    }
}

impl Stack {
    /// Reads a template.
    ///
    /// # Errors
    /// When the file cannot be read or is no template, or a parameter is given a value that it does not allow.
    pub fn read(file: &Path, parameters: &BTreeMap<String, String>, caller: &Caller) -> anyhow::Result<Stack> {
        let name = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read the template `{name}`"))?;
        let template = document::read(&text).with_context(|| format!("in the template `{name}`"))?;
        if template.get("Resources").is_none() {
            bail!("the template `{name}` has no Resources");
        }
        check_parameters(&template, parameters).with_context(|| format!("the template `{name}`"))?;
        let stack = file.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
        let reader = Reader {
            resolver: Resolver::new(&template, parameters, caller, stack.unwrap_or("stack")),
            folder: file.parent().unwrap_or(Path::new("")).to_owned(),
            text: &text,
        };
        Ok(reader.stack(file))
    }
}

/// Values that were given must be allowed; values for parameters of another template are no mistake.
fn check_parameters(template: &Node, given: &BTreeMap<String, String>) -> anyhow::Result<()> {
    for (name, parameter) in template.get("Parameters").map(Node::members).unwrap_or_default() {
        let allowed = parameter.get("AllowedValues").map(|values| match &values.kind {
            document::Kind::List(values) => values.iter().map(scalar_text).collect(),
            _ => Vec::new(),
        });
        if let (Some(value), Some(allowed)) = (given.get(name), allowed)
            && !allowed.contains(value)
        {
            bail!("its parameter {name} cannot be `{value}`; it can be {}", allowed.join(", "));
        }
    }
    Ok(())
}

fn scalar_text(node: &Node) -> String {
    match &node.kind {
        document::Kind::Scalar(serde_json::Value::String(text)) => text.clone(),
        document::Kind::Scalar(value) => value.to_string(),
        _ => String::new(),
    }
}

/// Reads the resources of one template.
struct Reader<'a> {
    resolver: Resolver<'a>,
    /// Paths are relative to it.
    folder: PathBuf,
    text: &'a str,
}

/// A resource that is to be made.
struct Resource<'a> {
    id: &'a str,
    kind: &'a str,
    node: &'a Node,
    /// What `Globals` say of all resources of that kind.
    globals: Option<&'a Node>,
}

impl<'a> Resource<'a> {
    /// The property of that name: the resource's own, else the one of all.
    fn property(&self, name: &str) -> Option<&'a Node> {
        self.node.get("Properties").and_then(|own| own.get(name)).or_else(|| self.globals?.get(name))
    }
}

impl<'a> Reader<'a> {
    fn stack(&self, file: &Path) -> Stack {
        let mut stack = Stack {
            file: file.to_owned(),
            functions: Vec::new(),
            machines: Vec::new(),
            activities: Vec::new(),
            problems: Vec::new(),
            parameters: Vec::new(),
            not_created: BTreeMap::new(),
            inline: None,
        };
        let parameters = self.resolver.template.get("Parameters").map(Node::members).unwrap_or_default();
        stack.parameters = parameters.iter().map(|(name, _)| name.clone()).collect();
        for (id, node) in self.resolver.template.get("Resources").map(Node::members).unwrap_or_default() {
            let before = stack.problems.len();
            if let Err(problem) = self.resource(id, node, &mut stack) {
                stack.problems.push(problem);
            }
            for problem in &mut stack.problems[before..] {
                problem.resource = id.clone();
                if problem.line == 0 {
                    problem.line = if node.line > 0 { node.line } else { self.line_of(id) };
                }
            }
        }
        stack
    }

    fn resource(&self, id: &'a str, node: &'a Node, stack: &mut Stack) -> Result<(), Problem> {
        if id.starts_with("Fn::") {
            return Err(Problem::at(node, "loops and transforms are not expanded here: deploy what `sam build` wrote"));
        }
        if !self.resolver.is_wanted(node)? {
            return Ok(());
        }
        let kind = node.get("Type").and_then(Node::as_str).unwrap_or_default();
        let globals = |section| self.resolver.template.get("Globals").and_then(|globals| globals.get(section));
        let globals = match kind {
            "AWS::Serverless::Function" => globals("Function"),
            "AWS::Serverless::StateMachine" => globals("StateMachine"),
            _ => None,
        };
        let resource = Resource { id, kind, node, globals };
        match kind {
            "AWS::Serverless::Function" | "AWS::Lambda::Function" => self.function(&resource, stack),
            "AWS::Serverless::StateMachine" | "AWS::StepFunctions::StateMachine" => {
                self.state_machine(&resource, stack)
            }
            "AWS::StepFunctions::Activity" => {
                stack.activities.push(self.resolver.resource(id, node)?.1);
                Ok(())
            }
            "AWS::CDK::Metadata" | "AWS::IAM::Role" | "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" => Ok(()),
            _ => {
                *stack.not_created.entry(kind.to_owned()).or_default() += 1;
                Ok(())
            }
        }
    }

    /// Where JSON, whose lines are not known, has the resource.
    fn line_of(&self, id: &str) -> usize {
        let quoted = format!("\"{id}\"");
        let defined = |line: &str| line.split_once(&quoted).is_some_and(|(_, rest)| rest.trim_start().starts_with(':'));
        self.text.lines().position(defined).map_or(0, |index| index + 1)
    }
}
