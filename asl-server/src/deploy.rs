//! Definitions from files: read, checked and deployed as state machines.

use crate::aws;
use crate::config::{Config, Deployment};
use crate::service::Service;
use crate::template::{self, Problem, Stack};
use anyhow::{Context, bail};
use asl_engine::definition::{Definition, Format, MachineType, ParseOptions, SdkActions, Substitutions};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;

/// The name of the order saga's state machine.
pub const SAGA: &str = "OrderSaga";

/// A definition from a file, free of errors.
pub struct Source {
    /// What runs.
    pub definition: Definition,
    /// As JSON with placeholders filled in: what the API tells.
    pub json: String,
}

/// Deploys the configured definitions and templates; the order saga when none is configured. Returns the state machines'
/// ARNs. What of a template cannot be deployed is added to its problems.
///
/// # Errors
/// When a file cannot be read or a definition is wrong: the text shows where.
pub async fn deploy(service: &Service, config: &Config, stacks: &mut [Stack]) -> anyhow::Result<Vec<String>> {
    let substitutions = substitutions(&config.region, &config.account, &config.substitutions);
    let mut arns = Vec::new();
    let no_more = Map::new();
    if config.deploy.is_empty() && stacks.is_empty() {
        let source = check("statemachine/llt.asl.yaml", tasks::DEFINITION, &substitutions, MachineType::Standard)?;
        arns.push(create(service, SAGA, &source.json, MachineType::Standard, &no_more).await?);
    }
    for Deployment { name, file } in &config.deploy {
        let source = read(file, &substitutions, MachineType::Standard)?;
        let created = create(service, name, &source.json, MachineType::Standard, &no_more).await;
        arns.push(created.with_context(|| format!("cannot deploy `{}` as `{name}`", file.display()))?);
    }
    for stack in stacks {
        for activity in &stack.activities {
            let request = json!({ "name": activity }).to_string();
            if let Err(refusal) = service.call("CreateActivity", request.as_bytes(), service.caller()).await {
                stack.problems.push(problem(activity, 0, refusal.into()));
            }
        }
        for machine in &stack.machines {
            match deploy_machine(service, config, &stack.file, machine).await {
                Ok(arn) => arns.push(arn),
                Err(error) => stack.problems.push(problem(&machine.name, machine.line, error)),
            }
        }
    }
    Ok(arns)
}

fn problem(resource: &str, line: usize, error: anyhow::Error) -> Problem {
    Problem { resource: resource.to_owned(), line, message: format!("{error:#}") }
}

/// Deploys a state machine of a template.
async fn deploy_machine(
    service: &Service,
    config: &Config,
    template: &Path,
    machine: &template::Machine,
) -> anyhow::Result<String> {
    // The user's own values win.
    let mut substitutions: Substitutions = machine.substitutions.clone().into_iter().collect();
    for (name, value) in &config.substitutions {
        substitutions.set(name.as_str(), value.as_str());
    }
    let source = match &machine.definition {
        template::Definition::File(file) => read(file, &substitutions, machine.kind)?,
        template::Definition::Text(text) => {
            check(&format!("{} in {}", machine.name, template.display()), text, &substitutions, machine.kind)?
        }
    };
    create(service, &machine.name, &source.json, machine.kind, &machine.settings).await
}

/// Values for placeholders: those of the order saga, and the user's own, which win.
pub fn substitutions(region: &str, account: &str, own: &BTreeMap<String, String>) -> Substitutions {
    let mut all: Substitutions = tasks::substitutions(region, account).into_iter().collect();
    for (name, value) in own {
        all.set(name.as_str(), value.as_str());
    }
    all
}

/// Reads a definition from a file, or from standard input when the file is `-`.
///
/// # Errors
/// When it cannot be read or is wrong.
pub fn read(file: &Path, substitutions: &Substitutions, kind: MachineType) -> anyhow::Result<Source> {
    check(&file.display().to_string(), &text(file)?, substitutions, kind)
}

/// The text of a file, or of standard input when the file is `-`.
///
/// # Errors
/// When it cannot be read.
pub fn text(file: &Path) -> anyhow::Result<String> {
    if file == Path::new("-") {
        return std::io::read_to_string(std::io::stdin()).context("cannot read standard input");
    }
    std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))
}

/// How a definition is read.
pub fn options(substitutions: &Substitutions, kind: MachineType) -> ParseOptions {
    let sdk_actions = Some(aws::check_action as SdkActions);
    ParseOptions { format: Format::Detect, substitutions: substitutions.clone(), kind, sdk_actions }
}

fn check(name: &str, text: &str, substitutions: &Substitutions, kind: MachineType) -> anyhow::Result<Source> {
    let options = options(substitutions, kind);
    let definition = Definition::parse(text, &options);
    match Definition::resolve(text, &options).filter(|_| definition.program.is_some()) {
        Some(json) => Ok(Source { json: serde_json::to_string_pretty(&json)?, definition }),
        None => {
            let findings = definition.render(name, std::io::stderr().is_terminal());
            bail!("the definition `{name}` cannot be run\n\n{}", findings.trim_end())
        }
    }
}

async fn create(
    service: &Service,
    name: &str,
    definition: &str,
    kind: MachineType,
    settings: &Map<String, Value>,
) -> anyhow::Result<String> {
    let caller = service.caller();
    let mut request = json!({
        "name": name,
        "definition": definition,
        "roleArn": format!("arn:{}:iam::{}:role/asl", caller.partition(), caller.account),
        "type": match kind {
            MachineType::Standard => "STANDARD",
            MachineType::Express => "EXPRESS",
        },
    });
    for (setting, value) in settings {
        request[setting] = value.clone();
    }
    let answer = service.call("CreateStateMachine", request.to_string().as_bytes(), caller).await;
    if let Err(refusal) = &answer
        && refusal.kind == "StateMachineAlreadyExists"
    {
        // It was deployed by an earlier start, with another definition.
        let arn = caller.arn_prefix("stateMachine") + name;
        let describe = json!({ "stateMachineArn": arn }).to_string();
        let known = service.call("DescribeStateMachine", describe.as_bytes(), caller).await?;
        let known: Value = serde_json::from_str(&known)?;
        if known["type"] != request["type"] {
            bail!("it is {} already, and a type is for ever: delete it first, or give it another name", known["type"]);
        }
        let mut update = json!({ "stateMachineArn": arn, "definition": definition });
        for (setting, value) in settings.iter().filter(|(setting, _)| *setting != "tags") {
            update[setting] = value.clone();
        }
        service.call("UpdateStateMachine", update.to_string().as_bytes(), caller).await?;
        return Ok(arn);
    }
    let answer = answer?;
    let answer: serde_json::Value = serde_json::from_str(&answer)?;
    Ok(answer["stateMachineArn"].as_str().unwrap_or_default().to_owned())
}
