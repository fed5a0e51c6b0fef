//! Which variables each state of a program reads.

use super::program::{
    Assign, Dynamic, Items, Map, Parallel, Program, ReadPath, Recovery, State, StateKind, Task, Wait,
};
use crate::query::{Condition, Expression, Operand, Template};
use std::collections::{BTreeMap, BTreeSet};

/// The names of the variables that each state reads, by the state's name; states that read none are left out.
/// (API reference, DescribeStateMachine: *variableReferences*.)
pub fn variable_references(program: &Program) -> BTreeMap<String, BTreeSet<String>> {
    let mut references: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for state in &program.states {
        let mut found = referenced_by(state);
        if !found.is_empty() {
            references.entry(state.name.to_string()).or_default().append(&mut found);
        }
    }
    references
}

/// The names of the variables that a state itself reads, without the states within it.
pub(crate) fn referenced_by(state: &State) -> BTreeSet<String> {
    let mut walk = Walk::default();
    walk.state(state);
    walk.found
}

/// Does a state set variables?
pub fn sets_variables(program: &Program) -> bool {
    program.states.iter().any(|state| {
        let recovery = match &state.kind {
            StateKind::Task(task) => Some(&task.recovery),
            StateKind::Parallel(parallel) => Some(&parallel.recovery),
            StateKind::Map(map) => Some(&map.recovery),
            _ => None,
        };
        let mut catchers = recovery.into_iter().flat_map(|recovery| &recovery.catch);
        let mut rules = match &state.kind {
            StateKind::Choice(choice) => choice.rules.iter(),
            _ => [].iter(),
        };
        !state.assign.is_empty()
            || catchers.any(|catcher| !catcher.assign.is_empty())
            || rules.any(|rule| !rule.assign.is_empty())
    })
}

#[derive(Default)]
struct Walk {
    found: BTreeSet<String>,
}

impl Walk {
    fn state(&mut self, state: &State) {
        for path in [&state.input_path, &state.output_path] {
            if let ReadPath::At(expression) = path {
                self.expression(expression);
            }
        }
        self.template(state.output.as_ref());
        self.assign(&state.assign);
        match &state.kind {
            StateKind::Pass(pass) => self.template(pass.parameters.as_ref()),
            StateKind::Task(task) => self.task(task),
            StateKind::Choice(choice) => {
                for rule in &choice.rules {
                    self.condition(&rule.condition);
                    self.assign(&rule.assign);
                    self.template(rule.output.as_ref());
                }
            }
            StateKind::Wait(Wait::Seconds(seconds)) => self.dynamic(Some(seconds)),
            StateKind::Wait(Wait::Timestamp(timestamp)) => self.dynamic(Some(timestamp)),
            StateKind::Succeed => {}
            StateKind::Fail(fail) => {
                self.dynamic(fail.error.as_ref());
                self.dynamic(fail.cause.as_ref());
            }
            StateKind::Parallel(parallel) => self.parallel(parallel),
            StateKind::Map(map) => self.map(map),
        }
    }

    fn task(&mut self, task: &Task) {
        self.template(task.arguments.as_ref());
        self.template(task.credentials.as_ref());
        self.dynamic(task.timeout_seconds.as_ref());
        self.dynamic(task.heartbeat_seconds.as_ref());
        self.template(task.result_selector.as_ref());
        self.recovery(&task.recovery);
    }

    fn parallel(&mut self, parallel: &Parallel) {
        self.template(parallel.arguments.as_ref());
        self.template(parallel.result_selector.as_ref());
        self.recovery(&parallel.recovery);
    }

    fn map(&mut self, map: &Map) {
        match &map.items {
            Some(Items::Path(path)) => self.expression(path),
            Some(Items::Template(template)) => self.template(Some(template)),
            None => {}
        }
        self.template(map.item_selector.as_ref());
        self.dynamic(Some(&map.max_concurrency));
        self.dynamic(map.tolerated_failure_count.as_ref());
        self.dynamic(map.tolerated_failure_percentage.as_ref());
        self.template(map.result_selector.as_ref());
        self.recovery(&map.recovery);
        let Some(distributed) = &map.distributed else { return };
        if let Some(reader) = &distributed.item_reader {
            self.template(reader.arguments.as_ref());
            self.dynamic(reader.max_items.as_ref());
        }
        if let Some(batcher) = &distributed.item_batcher {
            self.template(batcher.batch_input.as_ref());
            self.dynamic(batcher.max_items.as_ref());
            self.dynamic(batcher.max_input_bytes.as_ref());
        }
        if let Some(writer) = &distributed.result_writer {
            self.template(writer.arguments.as_ref());
        }
    }

    fn recovery(&mut self, recovery: &Recovery) {
        for catcher in &recovery.catch {
            self.assign(&catcher.assign);
            self.template(catcher.output.as_ref());
        }
    }

    fn assign(&mut self, assign: &Assign) {
        assign.iter().for_each(|(_, template)| self.template(Some(template)));
    }

    fn template(&mut self, template: Option<&Template>) {
        match template {
            None | Some(Template::Constant(_)) => {}
            Some(Template::Expression(expression)) => self.expression(expression),
            Some(Template::Object(members)) => members.iter().for_each(|(_, member)| self.template(Some(member))),
            Some(Template::Array(items)) => items.iter().for_each(|item| self.template(Some(item))),
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::And(parts) | Condition::Or(parts) => parts.iter().for_each(|part| self.condition(part)),
            Condition::Not(part) => self.condition(part),
            Condition::Comparison(comparison) => {
                self.expression(&comparison.variable);
                if let Operand::Path(path) = &comparison.operand {
                    self.expression(path);
                }
            }
            Condition::Expression(expression) => self.expression(expression),
            Condition::Constant(_) => {}
        }
    }

    fn dynamic<T>(&mut self, field: Option<&Dynamic<T>>) {
        if let Some(Dynamic::Query(expression)) = field {
            self.expression(expression);
        }
    }

    fn expression(&mut self, expression: &Expression) {
        self.found.extend(expression.variables().iter().map(ToString::to_string));
    }
}

#[cfg(test)]
mod tests {
    use crate::definition::{Definition, ParseOptions, variable_references};
    use serde_json::{Value, json};

    fn references(states: &Value, language: &str) -> Value {
        let definition = json!({ "QueryLanguage": language, "StartAt": "A", "States": states });
        let read = Definition::parse(&definition.to_string(), &ParseOptions::default());
        let program = read.program.unwrap_or_else(|| panic!("{:?}", read.diagnostics));
        json!(variable_references(&program))
    }

    #[test]
    fn paths_templates_and_calls_of_every_field() {
        let end = |state: Value| {
            let mut state = state;
            state["End"] = json!(true);
            state
        };
        let inner =
            json!({ "StartAt": "I", "States": { "I": { "Type": "Pass", "InputPath": "$outer", "End": true } } });
        let cases = [
            (end(json!({ "Type": "Pass", "InputPath": "$b.x", "OutputPath": "$a[0]" })), json!({ "A": ["a", "b"] })),
            (
                end(
                    json!({ "Type": "Pass", "Parameters": { "a.$": "States.Format('{}', States.Array($x))", "b": "$no" },
                    "Assign": { "mine": { "v.$": "$y" } } }),
                ),
                json!({ "A": ["x", "y"] }),
            ),
            (end(json!({ "Type": "Wait", "SecondsPath": "$pause" })), json!({ "A": ["pause"] })),
            (json!({ "Type": "Fail", "CausePath": "$why", "Error": "E" }), json!({ "A": ["why"] })),
            (
                end(json!({ "Type": "Map", "ItemsPath": "$items", "ItemProcessor": inner, "ItemSelector":
                    { "i.$": "$$.Map.Item.Value", "o.$": "$own" }, "MaxConcurrencyPath": "$most" })),
                json!({ "A": ["items", "most", "own"], "I": ["outer"] }),
            ),
            (
                end(json!({ "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f",
                    "TimeoutSecondsPath": "$limit", "ResultSelector": { "r.$": "$sel" }, "Parameters": { "p.$": "$par" } })),
                json!({ "A": ["limit", "par", "sel"] }),
            ),
            (end(json!({ "Type": "Pass", "InputPath": "$$.Execution.Id", "OutputPath": "$.a" })), json!({})),
        ];
        for (state, expected) in cases {
            assert_eq!(references(&json!({ "A": state }), "JSONPath"), expected, "{state}");
        }
        let choice = json!({
            "A": { "Type": "Choice", "Choices": [
                { "And": [{ "Variable": "$l", "NumericEqualsPath": "$r" }], "Next": "B", "Assign": { "v.$": "$w" } }
            ], "Default": "B" },
            "B": { "Type": "Succeed" }
        });
        assert_eq!(references(&choice, "JSONPath"), json!({ "A": ["l", "r", "w"] }));
    }

    #[test]
    fn jsonata_of_every_field() {
        let states = json!({
            "A": { "Type": "Pass", "Output": { "a": "{% $x + $states.input.y %}", "b": "{% ($z := 1; $z) %}" },
                "Assign": { "v": ["{% $sum($w) %}"] }, "Next": "B" },
            "B": { "Type": "Choice", "Choices": [{ "Condition": "{% $flag %}", "Next": "C" }], "Default": "C" },
            "C": { "Type": "Succeed" }
        });
        assert_eq!(references(&states, "JSONata"), json!({ "A": ["w", "x"], "B": ["flag"] }));
    }
}
