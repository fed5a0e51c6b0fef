//! The workshop and the scenarios tell the same story.

use conformance::scenario::{self, Scenario};

const STATE_MACHINE_ARN: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:OrderSaga";
const WORKSHOP: &str = include_str!("../../docs/workshop.md");

fn scenarios() -> Vec<Scenario> {
    scenario::read_all(&scenario::directory()).unwrap()
}

#[test]
fn the_workshop_shows_every_numbered_scenario_as_its_file_has_it() {
    let mut numbered = Vec::new();
    for scenario in scenarios() {
        let Some((number, _)) = scenario.name.split_once('-').filter(|(number, _)| number.parse::<u32>().is_ok())
        else {
            assert!(scenario.commands.is_none(), "{}: the workshop shows the numbered scenarios only", scenario.name);
            continue;
        };
        assert!(scenario.order_id().unwrap().starts_with(number), "{}", scenario.name);
        let commands = scenario.commands.as_ref().unwrap_or_else(|| panic!("{} has no commands", scenario.name));
        for shown in [&commands.curl, &commands.aws, &scenario.path.join(" → ")] {
            assert!(WORKSHOP.contains(shown.trim()), "{}: the workshop does not show\n{shown}", scenario.name);
        }
        numbered.push(number.to_owned());
    }
    assert_eq!(numbered, ["1", "11", "2", "22", "3", "33", "4"]);
}

#[test]
fn the_commands_start_the_scenario() {
    for scenario in scenarios() {
        let Some(commands) = scenario.commands else { continue };
        let (url, body) = commands.curl.trim().split_once(" -d '").unwrap();
        assert_eq!(url, "curl -s http://127.0.0.1:8083/StartExecution");
        let body: serde_json::Value = serde_json::from_str(body.strip_suffix('\'').unwrap()).unwrap();
        let expected = serde_json::json!({"stateMachineArn": STATE_MACHINE_ARN, "input": scenario.input.trim()});
        assert_eq!(body, expected, "{}", scenario.name);

        let (command, input) = commands.aws.trim().split_once(" --input '").unwrap();
        assert!(command.contains(STATE_MACHINE_ARN) && command.contains("--endpoint-url http://127.0.0.1:8083"));
        assert_eq!(input.strip_suffix('\'').unwrap(), scenario.input.trim(), "{}", scenario.name);
    }
}
