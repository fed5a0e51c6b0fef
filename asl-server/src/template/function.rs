//! `AWS::Serverless::Function` and `AWS::Lambda::Function`.

use super::document::Node;
use super::{Problem, Reader, Resource, Stack};
use crate::function::LocalFunction;
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

impl<'a> Reader<'a> {
    /// Makes a local process of a function.
    pub(super) fn function(&self, resource: &Resource<'a>, stack: &mut Stack) -> Result<(), Problem> {
        let (_, name) = self.resolver.resource(resource.id, resource.node)?;
        let text = |property: &str| match resource.property(property) {
            Some(node) => self.resolver.text(node),
            None => Ok(None),
        };
        if text("PackageType")?.as_deref() == Some("Image") || resource.property("ImageUri").is_some() {
            let message =
                format!("it is a container image: give the function a command with --function {name}=COMMAND");
            return Err(Problem::at(resource.node, message));
        }
        let runtime = text("Runtime")?;
        let directory = self.code(resource, &name, runtime.as_deref(), stack)?;
        let mut function = LocalFunction::new(name, directory);
        function.runtime = runtime;
        function.handler = text("Handler")?;
        let number = |property: &str| match (resource.property(property), text(property)?) {
            (Some(node), Some(text)) => {
                let number = text.parse::<u32>();
                number.map(Some).map_err(|_| Problem::at(node, format!("{property} is {text}, which is no number")))
            }
            _ => Ok(None),
        };
        if let Some(seconds) = number("Timeout")? {
            function.timeout = Duration::from_secs(u64::from(seconds.clamp(1, 900)));
        }
        function.memory = number("MemorySize")?.unwrap_or(function.memory);
        if let Some(concurrency) = number("ReservedConcurrentExecutions")? {
            function.concurrency = concurrency.max(1) as usize;
        }
        for environment in [resource.globals, resource.node.get("Properties")].into_iter().flatten() {
            let variables = environment.get("Environment").and_then(|environment| environment.get("Variables"));
            for (name, node) in variables.map(Node::members).unwrap_or_default() {
                match self.resolver.text(node) {
                    Ok(value) => _ = function.environment.insert(name.clone(), value.unwrap_or_default()),
                    Err(problem) => {
                        let message = format!("{name} is left out of its environment: {}", problem.message);
                        stack.problems.push(Problem { message, ..problem });
                    }
                }
            }
        }
        if resource.property("Layers").is_some() {
            let message = "its layers are not applied: install what they hold beside its code";
            stack.problems.push(Problem::at(resource.node, message));
        }
        if let Some(obstacle) = function.obstacle() {
            stack.problems.push(Problem::at(resource.node, format!("it cannot be started yet: {obstacle}")));
        }
        stack.functions.push(function);
        Ok(())
    }

    /// The folder of a function's code.
    fn code(
        &self,
        resource: &Resource<'a>,
        name: &str,
        runtime: Option<&str>,
        stack: &mut Stack,
    ) -> Result<PathBuf, Problem> {
        let metadata = |key: &str| resource.node.get("Metadata")?.get(key);
        // What the CDK says of where it put the code.
        if let Some(asset) = metadata("aws:asset:path") {
            return self.folder(asset);
        }
        let inline = resource.property("InlineCode").or_else(|| resource.property("Code")?.get("ZipFile"));
        if let Some(code) = inline {
            return self.inline(code, name, runtime, stack);
        }
        let code = match resource.kind {
            "AWS::Serverless::Function" => resource.property("CodeUri"),
            _ => resource.property("Code"),
        };
        match code {
            Some(code) => match code.get("S3Key").map(|key| self.asset(key)).transpose()?.flatten() {
                Some(asset) => Ok(asset),
                None => self.folder(code),
            },
            // SAM's default is the template's own folder.
            None if resource.kind == "AWS::Serverless::Function" => Ok(self.folder.clone()),
            None => Err(Problem::at(resource.node, "it has no code")),
        }
    }

    /// The folder of an asset of the CDK, which lies beside its template: `asset.HASH` for the key `HASH.zip`.
    fn asset(&self, key: &Node) -> Result<Option<PathBuf>, Problem> {
        let key = self.resolver.text(key)?.unwrap_or_default();
        let folder = self.folder.join(format!("asset.{}", key.strip_suffix(".zip").unwrap_or(&key)));
        Ok(folder.canonicalize().ok().filter(|folder| folder.is_dir()))
    }

    fn folder(&self, node: &Node) -> Result<PathBuf, Problem> {
        let elsewhere = || {
            let message = "its code is not on this machine: point CodeUri at the folder, or deploy what `sam build` or \
                           `cdk synth` wrote";
            Problem::at(node, message)
        };
        let Some(Value::String(path)) = self.resolver.resolve(node)? else { return Err(elsewhere()) };
        if path.contains("://") {
            return Err(elsewhere());
        }
        let folder = self.folder.join(&path);
        match folder.is_dir() {
            // Without `..`: it is what the function and people are told.
            true => Ok(folder.canonicalize().unwrap_or(folder)),
            false if folder.is_file() => {
                Err(Problem::at(node, format!("its code `{}` is no folder: unpack it", folder.display())))
            }
            false => Err(Problem::at(node, format!("its code is not there: no folder `{}`", folder.display()))),
        }
    }

    /// Writes code that stands in the template into a folder, as Lambda does.
    fn inline(&self, node: &Node, name: &str, runtime: Option<&str>, stack: &mut Stack) -> Result<PathBuf, Problem> {
        let code = self.resolver.text(node)?.unwrap_or_default();
        let file = match runtime {
            Some(runtime) if runtime.starts_with("python") => "index.py",
            Some(runtime) if runtime.starts_with("nodejs") => "index.js",
            _ => return Err(Problem::at(node, "code in the template itself is Python or Node.js")),
        };
        let written = (|| {
            let folder = match &mut stack.inline {
                Some(folder) => folder,
                none => none.insert(tempfile::TempDir::with_prefix("asl-")?),
            };
            let folder = folder.path().join(name);
            std::fs::create_dir_all(&folder)?;
            std::fs::write(folder.join(file), code)?;
            Ok(folder)
        })();
        written.map_err(|error: std::io::Error| Problem::at(node, format!("its code cannot be written down: {error}")))
    }
}
