//! Mocked service integrations: the `MockConfigFile` format of Step Functions Local (Developer Guide, *Using mocked
//! service integrations*).
//!
//! ```
//! use asl_engine::mock::MockConfig;
//! let config = MockConfig::parse(r#"{
//!     "StateMachines": {"Orders": {"TestCases": {"Busy": {"Charge": "BusyThenPaid"}}}},
//!     "MockedResponses": {"BusyThenPaid": {
//!         "0-1": {"Throw": {"Error": "Lambda.TooManyRequestsException", "Cause": "slow down"}},
//!         "2": {"Return": {"StatusCode": 200, "Payload": {"paid": true}}}}}
//! }"#).unwrap();
//! assert!(config.has_test_case("Orders", "Busy"));
//! ```

use crate::definition::source::{self, Member, Node};
use crate::diagnostic::{Span, line_column};
use crate::error::StatesError;
use crate::task::{Pattern, Resource, TaskRequest, TaskResult};
use crate::value::{JsonError, Value};
use std::collections::HashMap;
use std::ops::RangeInclusive;

/// What mocked states answer, by state machine and test case.
#[derive(Clone, Debug, Default)]
pub struct MockConfig {
    /// State machine → test case → state → name of its response.
    state_machines: HashMap<String, HashMap<String, HashMap<String, String>>>,
    responses: HashMap<String, Vec<(RangeInclusive<u64>, MockedResponse)>>,
}

/// Why a mock configuration is none: where, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem} (at {place})")]
pub struct MockConfigError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1.
    pub column: usize,
    /// The place in the file, as a JSON pointer.
    pub place: String,
    /// What is wrong there, and what would be right.
    pub problem: String,
}

/// What one invocation of a mocked state answers.
#[derive(Clone, Debug, PartialEq)]
pub enum MockedResponse {
    /// `Return`
    Return(Value),
    /// `Throw`
    Throw(StatesError),
}

impl MockConfig {
    /// Reads a mock configuration.
    ///
    /// # Errors
    /// When the text is no JSON, or does not have the format's shape.
    pub fn parse(text: &str) -> Result<MockConfig, MockConfigError> {
        let root = read(text)?;
        let file = File { text, root: &root };
        let mut config = MockConfig::default();
        for Member { name, value, .. } in file.members(&root, "MockedResponses")? {
            config.responses.insert(name.to_string(), file.answers(value)?);
        }
        for Member { name, value, .. } in file.members(&root, "StateMachines")? {
            let mut cases = HashMap::new();
            for case in file.members(value, "TestCases")? {
                cases.insert(case.name.to_string(), file.test_case(&case.value, &config.responses)?);
            }
            config.state_machines.insert(name.to_string(), cases);
        }
        Ok(config)
    }

    /// Is there such a test case?
    pub fn has_test_case(&self, state_machine: &str, test_case: &str) -> bool {
        self.state_machines.get(state_machine).is_some_and(|cases| cases.contains_key(test_case))
    }

    /// The answer to the `invocation`-th (from 0) invocation of a state; `None` when the state is not mocked.
    pub fn answer(&self, state_machine: &str, test_case: &str, state: &str, invocation: u64) -> Option<MockedResponse> {
        let response = self.state_machines.get(state_machine)?.get(test_case)?.get(state)?;
        let answers = self.responses.get(response)?;
        let found = answers.iter().find(|(range, _)| range.contains(&invocation)).map(|(_, answer)| answer.clone());
        Some(found.unwrap_or_else(|| {
            MockedResponse::Throw(StatesError::runtime(format!(
                "The mocked response '{response}' of the state '{state}' has no answer for invocation {invocation}."
            )))
        }))
    }
}

impl MockedResponse {
    /// Answers a task: a function's ARN gets the Payload of an Invoke answer, and a service that is waited for accepts
    /// the job first.
    pub fn play(self, request: &TaskRequest) -> TaskResult {
        if matches!(request.resource.pattern(), Pattern::Sync | Pattern::Sync2 | Pattern::WaitForTaskToken) {
            request.progress.submitted(Value::empty_object());
        }
        match (self, &request.resource) {
            (MockedResponse::Throw(error), _) => Err(error),
            (MockedResponse::Return(value), Resource::LambdaFunction { .. }) => {
                Ok(value.get("Payload").cloned().unwrap_or(value))
            }
            (MockedResponse::Return(value), _) => Ok(value),
        }
    }
}

/// The file as a tree that knows where everything stands.
fn read(text: &str) -> Result<Node, MockConfigError> {
    if let Err(JsonError { message, line, column }) = Value::parse(text) {
        return Err(MockConfigError {
            line,
            column,
            place: "/".to_owned(),
            problem: format!("this is no JSON: {message}"),
        });
    }
    let mut diagnostics = Vec::new();
    let root = source::read_json(text, &mut diagnostics);
    match (root, diagnostics.into_iter().next()) {
        (Some(root), None) => Ok(root),
        (_, diagnostic) => {
            let span = diagnostic.as_ref().map_or(Span::new(0, 0), |diagnostic| diagnostic.span);
            let (line, column) = line_column(text, span);
            let (place, problem) = diagnostic.map(|found| (found.location, found.message)).unwrap_or_default();
            Err(MockConfigError { line, column, place, problem })
        }
    }
}

struct File<'a> {
    text: &'a str,
    root: &'a Node,
}

impl File<'_> {
    fn problem(&self, node: &Node, problem: impl Into<String>) -> MockConfigError {
        let (line, column) = line_column(self.text, node.span);
        MockConfigError { line, column, place: self.root.location(node.id), problem: problem.into() }
    }

    /// The members of an object that must be there.
    fn members<'n>(&self, node: &'n Node, name: &str) -> Result<&'n [Member], MockConfigError> {
        match node.get(name) {
            Some(found) => found.object().ok_or_else(|| self.problem(found, format!("`{name}` must be an object"))),
            None => Err(self.problem(node, format!("the object `{name}` is missing"))),
        }
    }

    fn answers(&self, response: &Node) -> Result<Vec<(RangeInclusive<u64>, MockedResponse)>, MockConfigError> {
        let Some(members) = response.object().filter(|members| !members.is_empty()) else {
            let problem = "an object of invocation numbers is expected, such as {\"0\": {\"Return\": …}}";
            return Err(self.problem(response, problem));
        };
        let mut answers: Vec<(RangeInclusive<u64>, MockedResponse)> = Vec::new();
        for Member { name, value, .. } in members {
            let Some(range) = invocations_of(name) else {
                return Err(self.problem(value, "a key is an invocation number or a range of them: `0`, `1-2`"));
            };
            let overlaps = |known: &RangeInclusive<u64>| known.start() <= range.end() && range.start() <= known.end();
            if answers.iter().any(|(known, _)| overlaps(known)) {
                return Err(self.problem(value, format!("an invocation of `{name}` has an answer already")));
            }
            let answer = response_of(&value.value()).ok_or_else(|| {
                let problem = "an answer is either {\"Return\": …} or {\"Throw\": {\"Error\": …, \"Cause\": …}}";
                self.problem(value, problem)
            })?;
            answers.push((range, answer));
        }
        Ok(answers)
    }

    fn test_case<R>(
        &self,
        states: &Node,
        responses: &HashMap<String, R>,
    ) -> Result<HashMap<String, String>, MockConfigError> {
        let Some(members) = states.object() else {
            return Err(self.problem(states, "an object from state names to names of mocked responses is expected"));
        };
        let named = members.iter().map(|Member { name, value, .. }| match value.string() {
            Some(response) if responses.contains_key(response.as_str()) => Ok((name.to_string(), response.to_string())),
            _ => {
                let response = value.value();
                Err(self.problem(value, format!("there is no mocked response {response} in MockedResponses")))
            }
        });
        named.collect()
    }
}

fn invocations_of(key: &str) -> Option<RangeInclusive<u64>> {
    let (first, last) = key.split_once('-').unwrap_or((key, key));
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then_some(first..=last)
}

fn response_of(answer: &Value) -> Option<MockedResponse> {
    let answer = answer.as_object().filter(|answer| answer.len() == 1)?;
    if let Some(value) = answer.get("Return") {
        return Some(MockedResponse::Return(value.clone()));
    }
    let thrown = answer.get("Throw")?.as_object()?;
    let text = |name| thrown.get(name).and_then(Value::as_str).map(crate::value::Str::from);
    Some(MockedResponse::Throw(StatesError { error: Some(text("Error")?), cause: text("Cause") }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_by_invocation() {
        let config = MockConfig::parse(
            r#"{"StateMachines": {"M": {"TestCases": {"C": {"S": "R"}}}},
                "MockedResponses": {"R": {"0-1": {"Throw": {"Error": "E", "Cause": "c"}}, "2": {"Return": 7}}}}"#,
        )
        .unwrap();
        assert_eq!(config.answer("M", "C", "S", 1), Some(MockedResponse::Throw(StatesError::new("E", "c"))));
        assert_eq!(config.answer("M", "C", "S", 2), Some(MockedResponse::Return(7.into())));
        assert!(matches!(config.answer("M", "C", "S", 3), Some(MockedResponse::Throw(_))));
        assert_eq!(config.answer("M", "C", "Other", 0), None);
        assert_eq!(config.answer("M", "Other", "S", 0), None);
    }

    #[test]
    fn a_wrong_file_is_refused_with_its_place() {
        let responses =
            |responses: &str| format!("{{\"StateMachines\": {{}},\n \"MockedResponses\": {{\n  {responses}}}}}");
        let table = [
            ("[".to_owned(), "line 1, column 2: this is no JSON"),
            ("{\n \"a\": 1,\n \"a\": 2}".to_owned(), "line 3, column 2"),
            ("{}".to_owned(), "line 1, column 1: the object `MockedResponses` is missing (at /)"),
            (responses(r#""R": []"#), "line 3, column 8: an object of invocation numbers"),
            (responses(r#""R": {"x": {"Return": 1}}"#), "line 3, column 14: a key is an invocation number"),
            (responses(r#""R": {"2-1": {"Return": 1}}"#), "(at /MockedResponses/R/2-1)"),
            (responses(r#""R": {"0": {"Throw": {}}}"#), "line 3, column 14: an answer is either"),
            (
                responses(r#""R": {"0-2": {"Return": 1}, "2": {"Return": 1}}"#),
                "an invocation of `2` has an answer already",
            ),
            (
                "{\"MockedResponses\": {},\n\"StateMachines\": {\"M\": {\"TestCases\": {\"C\": {\n\"S\": \"R\"}}}}}"
                    .to_owned(),
                "line 3, column 6: there is no mocked response \"R\" in MockedResponses (at /StateMachines/M/TestCases/C/S)",
            ),
            (
                r#"{"MockedResponses": {}, "StateMachines": {"M": {"Cases": {}}}}"#.to_owned(),
                "line 1, column 48: the object `TestCases` is missing (at /StateMachines/M)",
            ),
        ];
        for (text, says) in table {
            let error = MockConfig::parse(&text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}\n{error}");
        }
    }
}
