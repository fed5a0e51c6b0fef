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

use crate::error::StatesError;
use crate::task::{Pattern, Resource, TaskRequest, TaskResult};
use crate::value::Value;
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
#[error("{place}: {problem}")]
pub struct MockConfigError {
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
        let root = Value::parse(text).map_err(|error| problem("", error.to_string()))?;
        let mut config = MockConfig::default();
        for (name, response) in members(&root, "", "MockedResponses")? {
            let place = format!("/MockedResponses/{name}");
            let Some(invocations) = response.as_object() else {
                return Err(problem(
                    &place,
                    "an object of invocation numbers is expected, such as {\"0\": {\"Return\": …}}",
                ));
            };
            let mut answers = Vec::new();
            for (key, answer) in invocations {
                let place = format!("{place}/{key}");
                let Some(range) = invocations_of(key) else {
                    return Err(problem(&place, "a key is an invocation number or a range of them: `0`, `1-2`"));
                };
                answers.push((
                    range,
                    response_of(answer).ok_or_else(|| {
                        problem(
                            &place,
                            "an answer is either {\"Return\": …} or {\"Throw\": {\"Error\": …, \"Cause\": …}}",
                        )
                    })?,
                ));
            }
            config.responses.insert(name.to_string(), answers);
        }
        for (machine, description) in members(&root, "", "StateMachines")? {
            let place = format!("/StateMachines/{machine}");
            let mut cases = HashMap::new();
            for (case, states) in members(description, &place, "TestCases")? {
                let place = format!("{place}/TestCases/{case}");
                let Some(states) = states.as_object() else {
                    return Err(problem(&place, "an object from state names to names of mocked responses is expected"));
                };
                let mut named = HashMap::new();
                for (state, response) in states {
                    match response.as_str().filter(|name| config.responses.contains_key(*name)) {
                        Some(response) => named.insert(state.to_string(), response.to_owned()),
                        None => {
                            let text = format!("there is no mocked response {response} in MockedResponses");
                            return Err(problem(&format!("{place}/{state}"), text));
                        }
                    };
                }
                cases.insert(case.to_string(), named);
            }
            config.state_machines.insert(machine.to_string(), cases);
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

fn problem(place: &str, problem: impl Into<String>) -> MockConfigError {
    let place = if place.is_empty() { "/" } else { place };
    MockConfigError { place: place.to_owned(), problem: problem.into() }
}

fn members<'a>(
    value: &'a Value,
    place: &str,
    name: &str,
) -> Result<impl Iterator<Item = (&'a crate::value::Str, &'a Value)>, MockConfigError> {
    match value.get(name).and_then(Value::as_object) {
        Some(object) => Ok(object.iter()),
        None => Err(problem(place, format!("the object `{name}` is missing"))),
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
        let table = [
            ("[", "/"),
            ("{}", "/"),
            (r#"{"StateMachines": {}, "MockedResponses": {"R": {"x": {"Return": 1}}}}"#, "/MockedResponses/R/x"),
            (r#"{"StateMachines": {}, "MockedResponses": {"R": {"0": {"Throw": {}}}}}"#, "/MockedResponses/R/0"),
            (
                r#"{"StateMachines": {"M": {"TestCases": {"C": {"S": "R"}}}}, "MockedResponses": {}}"#,
                "/StateMachines/M/TestCases/C/S",
            ),
        ];
        for (text, place) in table {
            assert_eq!(MockConfig::parse(text).unwrap_err().place, place, "{text}");
        }
    }
}
