//! What tests of the language through the simulation share.

#![allow(dead_code, reason = "each test file uses its part")]

use asl_engine::history::{HistoryDetail, HistoryEvent};
use asl_engine::machine::{Outcome, Start, TaskCommand};
use asl_engine::simulation::{Answer, Simulation};
use asl_engine::{Definition, Program, StatesError, Value};
use std::sync::Arc;

pub fn value(json: &str) -> Value {
    Value::parse(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// The program of a definition that has no error.
pub fn compile(definition: &str) -> Arc<Program> {
    let definition = Definition::parse(definition, &Default::default());
    assert!(definition.program.is_some(), "{}", definition.render("test", false));
    definition.program.unwrap()
}

/// The program of one state named `S`, which ends the machine.
pub fn alone(state: &str) -> Arc<Program> {
    compile(&format!(r#"{{"StartAt": "S", "States": {{"S": {state}}}}}"#))
}

/// The same in JSONata.
pub fn alone_in_jsonata(state: &str) -> Arc<Program> {
    compile(&format!(r#"{{"QueryLanguage": "JSONata", "StartAt": "S", "States": {{"S": {state}}}}}"#))
}

pub fn start(input: &str) -> Start {
    Start {
        input: value(input),
        execution_arn: "arn:aws:states:us-east-1:123456789012:execution:Orders:e1".into(),
        execution_name: "e1".into(),
        state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:Orders".into(),
        state_machine_name: "Orders".into(),
        role_arn: "arn:aws:iam::123456789012:role/r".into(),
        seed: 7,
        ..Start::default()
    }
}

pub fn run(program: &Arc<Program>, input: &str, answer: impl FnMut(&TaskCommand) -> Answer) -> Simulation {
    let mut simulation = Simulation::new(program.clone(), start(input));
    simulation.run(answer);
    simulation
}

/// Runs a program without tasks: its output as JSON, or `error: cause`.
pub fn result(program: &Arc<Program>, input: &str) -> String {
    outcome(&run(program, input, |_| Answer::Never))
}

/// How an execution ended: its output as JSON, or `error: cause`.
pub fn outcome(simulation: &Simulation) -> String {
    match simulation.outcome() {
        Some(Outcome::Succeeded { output }) => output.to_json(),
        Some(Outcome::Failed(error) | Outcome::TimedOut(error) | Outcome::Aborted(error)) => told_error(error),
        None => "still running".to_owned(),
    }
}

pub fn told_error(StatesError { error, cause }: &StatesError) -> String {
    format!("{}: {}", error.as_deref().unwrap_or("-"), cause.as_deref().unwrap_or("-"))
}

/// The history in short: `id<-previous Event`.
pub fn told(history: &[HistoryEvent]) -> Vec<String> {
    let name = |detail: &HistoryDetail| match detail {
        HistoryDetail::StateEntered { state_type, .. } => format!("{state_type:?}StateEntered"),
        HistoryDetail::StateExited { state_type, .. } => format!("{state_type:?}StateExited"),
        HistoryDetail::StateAborted { state_type, .. } => format!("{state_type:?}StateAborted"),
        other => format!("{other:?}").chars().take_while(|c| c.is_alphanumeric()).collect(),
    };
    history.iter().map(|event| format!("{}<-{} {}", event.id, event.previous, name(&event.detail))).collect()
}
