//! What is measured: a definition, its input, and what one execution counts for.

use super::stub;
use anyhow::{Context, bail};
use serde_json::{Map, Value, json};
use std::str::FromStr;

/// The workloads, with the size that each has unless `NAME:SIZE` names another, and what they are.
const ALL: &[(&str, usize, &str)] = &[
    ("pass", 10, "a chain of SIZE Pass states with templates"),
    ("saga", 6, "SIZE Tasks with Retry and Catch, each an HTTP call of the stub's"),
    ("map", 1_000, "an inline Map over SIZE items"),
    ("parallel", 10, "a Parallel of SIZE branches of three states"),
    ("loop", 100, "SIZE turns of a Choice and a Pass with States.MathAdd"),
    ("jsonata", 10, "SIZE states of four JSONata expressions"),
    ("payload", 200, "SIZE KB through ten Pass states with ResultPath"),
    ("steps", 10, "SIZE Tasks one after the other, STANDARD: how fast a durable step is"),
    ("wait", 10_000, "SIZE executions that wait: memory each, CPU while they do, and the next start"),
    ("cold", 5, "SIZE starts of a server: time to the first answer, memory when idle"),
    (
        "flood",
        1_000,
        "more starts than the server takes (SIZE at once): refusals, and latency of other calls meanwhile",
    ),
];

/// The help's list of them.
pub(super) fn table() -> String {
    let row = |(name, size, what): &(&str, usize, &str)| format!("  {:<16}{what}\n", format!("{name}:{size}"));
    ALL.iter().map(row).collect()
}

/// What is to be measured.
#[derive(Clone, Debug)]
pub(super) struct Workload {
    pub(super) name: &'static str,
    pub(super) size: usize,
}

impl FromStr for Workload {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Workload> {
        let (wanted, size) = text.split_once(':').map_or((text, None), |(name, size)| (name, Some(size)));
        let found = ALL.iter().find(|(name, ..)| *name == wanted);
        let Some((name, usual, _)) = found else { bail!("there is no workload `{wanted}`; there are:\n{}", table()) };
        let size = size.map_or(Ok(*usual), str::parse).with_context(|| format!("the size in `{text}` is no number"))?;
        if size == 0 {
            bail!("`{text}`: the size is at least 1");
        }
        Ok(Workload { name, size })
    }
}

impl Workload {
    /// All, each in its usual size.
    pub(super) fn all() -> impl Iterator<Item = Workload> {
        ALL.iter().map(|(name, size, _)| Workload { name, size: *size })
    }

    /// The one of that name.
    pub(super) fn named(name: &'static str, size: usize) -> Workload {
        Workload { name, size }
    }

    /// Is it about durable executions?
    pub(super) fn standard(&self) -> bool {
        matches!(self.name, "steps" | "wait" | "flood")
    }

    /// What an execution consists of, when it is told beside the whole, and how many of them.
    pub(super) fn units(&self) -> Option<(&'static str, usize)> {
        match self.name {
            "map" => Some(("item", self.size)),
            "loop" => Some(("transition", 2 * self.size)),
            "steps" => Some(("step", self.size)),
            _ => None,
        }
    }

    /// Does it start and end servers?
    pub(super) fn needs_own(&self) -> bool {
        matches!(self.name, "wait" | "cold" | "flood")
    }

    /// Options that its own server is started with.
    pub(super) fn server_options(&self) -> Vec<String> {
        match self.name {
            "flood" => vec![format!("--max-running={}", self.size)],
            _ => Vec::new(),
        }
    }

    /// Do its tasks call the stub?
    pub(super) fn calls_stub(&self) -> bool {
        matches!(self.name, "saga" | "steps")
    }

    /// The definition of its state machine.
    pub(super) fn definition(&self) -> String {
        match self.name {
            "pass" => chain(self.size, |_| {
                json!({"Type": "Pass", "Parameters":
                    {"id.$": "$.id", "n.$": "States.MathAdd($.n, 1)", "text.$": "States.Format('{}-{}', $.id, $.n)", "fixed": [1, 2]}})
            }),
            "saga" => saga(self.size),
            "steps" => chain(
                self.size,
                |i| json!({"Type": "Task", "Resource": stub::FUNCTION, "ResultPath": format!("$.step{i}")}),
            ),
            "map" => one(json!({"Type": "Map", "ItemsPath": "$.items", "ItemProcessor":
                {"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": true}}}})),
            "parallel" => {
                // A state's name is its own in the whole state machine.
                let branch = |branch| states(&format!("B{branch}-"), 3, |_| json!({"Type": "Pass"}));
                one(json!({"Type": "Parallel", "Branches": (0..self.size).map(branch).collect::<Vec<_>>()}))
            }
            "loop" => json!({"StartAt": "Check", "States": {
                "Check": {"Type": "Choice", "Default": "Done",
                    "Choices": [{"Variable": "$.n", "NumericLessThan": self.size, "Next": "Add"}]},
                "Add": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "Check"},
                "Done": {"Type": "Succeed"}}})
            .to_string(),
            "jsonata" => jsonata(self.size),
            "payload" => chain(10, |i| json!({"Type": "Pass", "Result": {"step": i}, "ResultPath": "$.step"})),
            _ => one(json!({"Type": "Wait", "Seconds": 86_400})),
        }
    }

    /// The input of its executions.
    pub(super) fn input(&self) -> String {
        let text = "x".repeat(70);
        let input = match self.name {
            "map" => json!({"items": (0..self.size).collect::<Vec<_>>()}),
            "payload" => {
                let item = json!({"id": 4_711, "text": text, "tags": ["a", "b"]});
                let length = item.to_string().len() + 1;
                json!({"items": vec![item; (self.size * 1000 / length).max(1)]})
            }
            "jsonata" => json!({"n": 1, "id": "47063fe3", "items": [
                {"price": 12.5, "quantity": 2}, {"price": 7, "quantity": 1}, {"price": 99.99, "quantity": 3}]}),
            _ => json!({"id": "47063fe3", "n": 0}),
        };
        input.to_string()
    }
}

/// States one after the other.
fn chain(length: usize, state: impl Fn(usize) -> Value) -> String {
    states("S", length, state).to_string()
}

/// As [`chain`], with names that begin so.
fn states(prefix: &str, length: usize, state: impl Fn(usize) -> Value) -> Value {
    let states: Map<String, Value> = (0..length)
        .map(|i| {
            let mut state = state(i);
            match i + 1 == length {
                true => state["End"] = true.into(),
                false => state["Next"] = format!("{prefix}{}", i + 1).into(),
            }
            (format!("{prefix}{i}"), state)
        })
        .collect();
    json!({"StartAt": format!("{prefix}0"), "States": states})
}

fn one(state: Value) -> String {
    chain(1, |_| state.clone())
}

/// Tasks that call the stub, each with a Retry and a Catch that nothing takes.
fn saga(length: usize) -> String {
    let mut definition: Value = serde_json::from_str(&chain(length, |i| {
        json!({"Type": "Task", "Resource": stub::FUNCTION, "ResultPath": format!("$.step{i}"), "TimeoutSeconds": 30,
            "Retry": [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 2}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"}]})
    }))
    .unwrap_or_default();
    definition["States"]["Failed"] = json!({"Type": "Fail", "Error": "Undone"});
    definition.to_string()
}

/// States of four expressions each, as they are written: a field, a calculation, a text, a sum.
fn jsonata(length: usize) -> String {
    let mut definition: Value = serde_json::from_str(&chain(length, |_| {
        json!({"Type": "Pass", "Output": {
            "id": "{% $states.input.id %}",
            "n": "{% $states.input.n + 1 %}",
            "items": "{% $states.input.items %}",
            "total": "{% $sum($states.input.items.(price * quantity)) & ' for ' & $states.input.id %}"}})
    }))
    .unwrap_or_default();
    definition["QueryLanguage"] = "JSONata".into();
    definition.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use asl_engine::Definition;
    use asl_engine::machine::{Outcome, Start};
    use asl_engine::simulation::{Answer, Simulation};
    use asl_engine::value::Value;

    #[test]
    fn every_workload_succeeds() {
        for workload in Workload::all() {
            let definition = Definition::parse(&workload.definition(), &Default::default());
            let program = definition.program.clone().unwrap_or_else(|| panic!("{}", definition.render("", false)));
            let input = Value::parse(&workload.input()).unwrap();
            let mut simulation = Simulation::new(program, Start { input, ..Start::default() });
            simulation.run(|_| Answer::Now(Ok(Value::empty_object())));
            assert!(matches!(simulation.outcome(), Some(Outcome::Succeeded { .. })), "{}", workload.name);
        }
    }

    #[test]
    fn a_size_can_be_named() {
        let workload: Workload = "loop:3000".parse().unwrap();
        assert_eq!((workload.name, workload.size, workload.units()), ("loop", 3000, Some(("transition", 6000))));
        for wrong in ["lop", "map:", "map:many", "map:0"] {
            wrong.parse::<Workload>().unwrap_err();
        }
    }

    #[test]
    fn a_payload_has_its_size() {
        let workload: Workload = "payload:200".parse().unwrap();
        let length = workload.input().len();
        assert!((190_000..=200_100).contains(&length), "{length}");
    }
}
