//! The mocks of cases as a MockConfigFile, the published format of Step Functions Local.

use crate::case::Case;
use crate::placeholder::{Environment, Piece, map_texts, pieces};
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

/// The name of the test case: mocked executions start with `<state machine ARN>#conf`.
pub const TEST_CASE: &str = "conf";

/// One MockConfigFile with the mocks of all these cases.
///
/// # Errors
/// When a mock points into an answer, which it cannot know.
pub fn mock_config<'a>(cases: impl IntoIterator<Item = (&'a Case, Environment)>) -> Result<Value> {
    let (mut machines, mut responses) = (Map::new(), Map::new());
    for (case, environment) in cases {
        for mock in &case.mocks {
            let context = || format!("the mocks of `{}`", case.id);
            let machine = environment.fill_text(&mock.state_machine).with_context(context)?;
            let mut states = Map::new();
            for (state, answers) in &mock.states {
                let key = format!("{machine}/{state}");
                let answers = environment.fill(answers).with_context(context)?;
                responses.insert(key.clone(), map_texts(&answers, &mut |text| Ok(any_value(text)))?);
                states.insert(state.clone(), Value::String(key));
            }
            let known = machines.entry(machine).or_insert_with(|| json!({"TestCases": {TEST_CASE: {}}}));
            if let Some(Value::Object(known)) = known.pointer_mut(&format!("/TestCases/{TEST_CASE}")) {
                known.extend(states);
            }
        }
    }
    Ok(json!({"StateMachines": machines, "MockedResponses": responses}))
}

/// Placeholders left in a mocked answer stand for values of no importance: they get one.
fn any_value(text: &str) -> Value {
    if text == "<<time>>" {
        return json!(1_704_067_200_000_u64);
    }
    let value = |piece: Piece<'_>| match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Placeholder("iso") => "2024-01-01T00:00:00Z".to_owned(),
        Piece::Placeholder("any:date") => "Mon, 01 Jan 2024 00:00:00 GMT".to_owned(),
        Piece::Placeholder(name) => {
            let number =
                name.strip_prefix("ref:uuid:").and_then(|number| number.rsplit(':').next()?.parse::<u64>().ok());
            match number {
                Some(number) => format!("00000000-0000-4000-8000-{number:012}"),
                None => {
                    let name = name.split_once(':').map_or(name, |(_, name)| name);
                    let kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
                    name.chars().map(|c| if kept(c) { c } else { '-' }).collect()
                }
            }
        }
    };
    Value::String(pieces(text).into_iter().map(value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_the_mocks_of_cases() {
        let case = |id: &str, machine: &str, state: &str| {
            let answer = json!({"0": {"Return": {"a": "<<ref:uuid:2>> <<any:date>>", "b": "<<ref:x y>>", "t": "<<time>>", "<<account>>": "<<iso>>"}}});
            let mocks = json!([{"state_machine": machine, "states": {state: answer}}]);
            let case = json!({"id": id, "area": "a", "kind": "execution", "steps": [], "expected": {}, "mocks": mocks});
            Case::parse(&case.to_string()).unwrap()
        };
        let cases = [case("1", "m-<<account>>", "A"), case("2", "m-<<account>>", "B"), case("3", "n", "A")];
        let environment = |case| Environment::new(case, "0", "000000000000", "us-east-1");
        let config = mock_config(cases.iter().map(|case| (case, environment(&case.id)))).unwrap();
        let answer = json!({"0": {"Return": {
            "a": "00000000-0000-4000-8000-000000000002 Mon, 01 Jan 2024 00:00:00 GMT",
            "b": "x-y",
            "t": 1_704_067_200_000_u64,
            "000000000000": "2024-01-01T00:00:00Z",
        }}});
        assert_eq!(
            config,
            json!({
                "StateMachines": {
                    "m-000000000000": {"TestCases": {"conf": {"A": "m-000000000000/A", "B": "m-000000000000/B"}}},
                    "n": {"TestCases": {"conf": {"A": "n/A"}}},
                },
                "MockedResponses": {"m-000000000000/A": answer, "m-000000000000/B": answer, "n/A": answer},
            })
        );
    }
}
