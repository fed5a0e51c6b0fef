//! Laws of the machine, checked on machines, inputs and worlds made up at random.

use asl_engine::history::{HistoryDetail, HistoryEvent};
use asl_engine::machine::{Effects, Event, Machine, Outcome, Start};
use asl_engine::simulation::{Answer, Simulation};
use asl_engine::{Definition, Program, StatesError, Value};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;
use std::time::Duration;

/// A state that goes on to `next`, or ends. `depth` bounds how far Parallel and Map states nest.
fn state(depth: u32) -> BoxedStrategy<Json> {
    let paths = prop::sample::select(vec!["$", "$.a", "$.b", "$$.Execution.Input"]);
    let result_paths = prop::sample::select(vec![json!("$.r"), json!("$.a.deep"), json!("$"), Json::Null]);
    let pass = (paths, result_paths.clone()).prop_map(
        |(path, result_path)| json!({"Type": "Pass", "Parameters": {"v.$": path}, "ResultPath": result_path}),
    );
    let wait = (0u64..100_000).prop_map(|seconds| json!({"Type": "Wait", "Seconds": seconds}));
    let task = (1u64..60, result_paths, 0u64..4, any::<bool>()).prop_map(|(timeout, result_path, attempts, caught)| {
        let mut state = json!({"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:F",
            "TimeoutSeconds": timeout, "ResultPath": result_path,
            "Retry": [{"ErrorEquals": ["Flaky"], "MaxAttempts": attempts, "JitterStrategy": "FULL"}]});
        if caught {
            state["Catch"] = json!([{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Last"}]);
        }
        state
    });
    let leaf = prop_oneof![3 => pass, 1 => wait, 3 => task];
    if depth == 0 {
        return leaf.boxed();
    }
    let parallel = prop::collection::vec(flow(depth - 1), 1..4)
        .prop_map(|branches| json!({"Type": "Parallel", "Branches": branches, "ResultPath": "$.p"}));
    let map = (flow(depth - 1), 0u64..3).prop_map(|(processor, concurrency)| {
        json!({"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": concurrency, "ItemProcessor": processor,
            "ItemSelector": {"items.$": "$.items", "item.$": "$$.Map.Item.Value", "a": 1, "b": 2}, "ResultPath": "$.m"})
    });
    prop_oneof![3 => leaf, 1 => parallel, 1 => map].boxed()
}

/// The same in JSONata: variables, Choice, Parallel and Map, and now and then an expression that fails.
fn jsonata_state(depth: u32) -> BoxedStrategy<Json> {
    let expressions = prop::sample::select(vec![
        "$states.input",
        "{'a': $states.input.a, 'items': $states.input.items, 'v': $v}",
        "$merge([$states.input, {'n': $count($states.input.items), 'r': $random(), 'u': $uuid()}])",
        "$merge([$states.input, {'at': $now(), 'name': $states.context.State.Name}])",
        "$states.input ~> |$|{'b': $string($states.input.a)}|",
        "$states.input.nothing.here",
    ]);
    let pass = (expressions.clone(), expressions.clone()).prop_map(|(output, assign)| {
        json!({"Type": "Pass", "Output": format!("{{% {output} %}}"), "Assign": {"v": format!("{{% $string({assign}) %}}")}})
    });
    let wait =
        (0u64..1000).prop_map(|seconds| json!({"Type": "Wait", "Seconds": format!("{{% {seconds} + $length($v) %}}")}));
    let choice = (0u64..3).prop_map(|n| {
        json!({"Type": "Choice", "Default": "Last",
            "Choices": [{"Condition": format!("{{% $count($states.input.items) > {n} %}}"), "Next": "NEXT", "Assign": {"v": "chosen"}}]})
    });
    let task = (1u64..60, expressions, 0u64..3, any::<bool>()).prop_map(|(timeout, arguments, attempts, caught)| {
        let mut state = json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "TimeoutSeconds": format!("{{% {timeout} %}}"), "HeartbeatSeconds": 30,
            "Arguments": {"FunctionName": "f", "input": format!("{{% {arguments} %}}"), "token": "{% $states.context.Task.Token %}"},
            "Output": "{% $merge([$states.input, {'result': $states.result}]) %}",
            "Retry": [{"ErrorEquals": ["Flaky", "States.QueryEvaluationError"], "MaxAttempts": attempts, "MaxDelaySeconds": 5},
                {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "JitterStrategy": "FULL"}]});
        if caught {
            state["Catch"] = json!([{"ErrorEquals": ["States.ALL"], "Next": "Last", "Assign": {"v": "{% $states.errorOutput.Error %}"}}]);
        }
        state
    });
    let leaf = prop_oneof![3 => pass, 1 => wait, 1 => choice, 3 => task];
    if depth == 0 {
        return leaf.boxed();
    }
    let again = json!([{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 2}]);
    let retry = again.clone();
    let parallel = prop::collection::vec(jsonata_flow(depth - 1), 1..4).prop_map(move |branches| {
        json!({"Type": "Parallel", "Branches": branches, "Arguments": "{% $states.input %}", "Retry": retry,
            "Output": "{% $merge([$states.input, {'p': $count($states.result)}]) %}"})
    });
    let map = (jsonata_flow(depth - 1), 0u64..3).prop_map(move |(processor, concurrency)| {
        json!({"Type": "Map", "Items": "{% $states.input.items %}", "MaxConcurrency": concurrency, "ItemProcessor": processor,
            "ItemSelector": {"items": "{% $states.input.items %}", "item": "{% $states.context.Map.Item.Value %}", "a": "{% $v %}"},
            "Retry": again, "Output": "{% $merge([$states.input, {'m': $states.result}]) %}"})
    });
    prop_oneof![3 => leaf, 1 => parallel, 1 => map].boxed()
}

fn jsonata_flow(depth: u32) -> BoxedStrategy<Json> {
    chain(prop::collection::vec(jsonata_state(depth), 1..4))
}

/// A chain of states that ends with the Succeed state `Last`.
fn flow(depth: u32) -> BoxedStrategy<Json> {
    chain(prop::collection::vec(state(depth), 1..4))
}

fn chain(states: impl Strategy<Value = Vec<Json>> + 'static) -> BoxedStrategy<Json> {
    states
        .prop_map(|states| {
            let mut named = Map::new();
            let count = states.len();
            for (index, mut state) in states.into_iter().enumerate() {
                let next = if index + 1 == count { "Last".to_owned() } else { format!("S{}", index + 1) };
                match state["Type"].as_str() {
                    Some("Choice") => state["Choices"][0]["Next"] = next.into(),
                    _ => state["Next"] = next.into(),
                }
                named.insert(format!("S{index}"), state);
            }
            named.insert("Last".into(), json!({"Type": "Succeed"}));
            json!({"StartAt": "S0", "States": named})
        })
        .boxed()
}

/// State names must be unique in the whole machine: prefix those of nested flows with their place.
fn rename(flow: &mut Json, prefix: &str) {
    let name = |old: &str| format!("{prefix}{old}");
    flow["StartAt"] = name(flow["StartAt"].as_str().unwrap()).into();
    let states = std::mem::take(flow["States"].as_object_mut().unwrap());
    for (old, mut state) in states {
        let new = name(&old);
        if let Some(next) = state.get("Next").and_then(Json::as_str).map(name) {
            state["Next"] = next.into();
        }
        for rules in ["Catch", "Choices"] {
            for rule in state.get_mut(rules).and_then(Json::as_array_mut).into_iter().flatten() {
                rule["Next"] = name(rule["Next"].as_str().unwrap()).into();
            }
        }
        if let Some(default) = state.get("Default").and_then(Json::as_str).map(name) {
            state["Default"] = default.into();
        }
        // No scope may assign what an outer one does: each flow has a variable of its own.
        for assign in assigns(&mut state) {
            let value = assign.remove("v").unwrap();
            assign.insert(format!("v{prefix}"), value);
        }
        for (index, branch) in state.get_mut("Branches").and_then(Json::as_array_mut).into_iter().flatten().enumerate()
        {
            rename(branch, &format!("{new}b{index}"));
        }
        if let Some(processor) = state.get_mut("ItemProcessor") {
            rename(processor, &format!("{new}i"));
        }
        flow["States"][new] = state;
    }
}

/// The Assigns of a state, of its choice rules and of its catchers.
fn assigns(state: &mut Json) -> Vec<&mut Map<String, Json>> {
    let Some(state) = state.as_object_mut() else { return Vec::new() };
    let mut found = Vec::new();
    for (name, member) in state {
        match name.as_str() {
            "Assign" => found.extend(member.as_object_mut()),
            "Catch" | "Choices" => {
                let rules = member.as_array_mut().into_iter().flatten();
                found.extend(rules.filter_map(|rule| rule.get_mut("Assign")?.as_object_mut()));
            }
            _ => {}
        }
    }
    found
}

fn program() -> impl Strategy<Value = Arc<Program>> {
    let jsonata = jsonata_flow(2).prop_map(|mut flow| {
        flow["QueryLanguage"] = "JSONata".into();
        flow
    });
    prop_oneof![flow(2), jsonata].prop_map(|mut flow| {
        rename(&mut flow, "");
        let definition = Definition::parse(&flow.to_string(), &Default::default());
        assert!(definition.program.is_some(), "{}", definition.render("law", false));
        definition.program.unwrap()
    })
}

/// How the world answers each task, in turn.
fn world() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 1..20)
}

fn answer(choice: u8) -> Answer {
    let pause = Duration::from_secs(u64::from(choice / 5));
    match choice % 5 {
        0 => Answer::Now(Ok(Value::from(i64::from(choice)))),
        1 => Answer::After(pause, Ok("late".into())),
        2 => Answer::After(pause, Err(StatesError::new("Flaky", "try again"))),
        3 => Answer::Now(Err(StatesError::new("Broken", "for good"))),
        _ => Answer::Never,
    }
}

fn start(seed: u64) -> Start {
    let input = Value::from(json!({"a": {"x": [1, 2.0]}, "b": "text", "items": [1, "two", {"three": 3}]}));
    Start { input, seed, execution_arn: "arn:aws:states:us-east-1:1:execution:m:e".into(), ..Start::default() }
}

fn simulate(program: &Arc<Program>, seed: u64, world: &[u8]) -> Simulation {
    let mut simulation = Simulation::new(program.clone(), start(seed));
    let mut turn = 0;
    simulation.run(|_| {
        turn += 1;
        answer(world[turn % world.len()])
    });
    simulation
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Every task has a timeout, so every execution ends.
    #[test]
    fn every_execution_ends(program in program(), seed: u64, world in world()) {
        let simulation = simulate(&program, seed, &world);
        prop_assert!(simulation.outcome().is_some(), "{:#?}", simulation.history().last());
    }

    #[test]
    fn the_same_events_give_the_same_history(program in program(), seed: u64, world in world()) {
        let simulation = simulate(&program, seed, &world);
        let mut machine = Machine::new(program.clone(), start(seed));
        let mut effects = Effects::with_history();
        for (at, event) in simulation.journal() {
            machine.step(*at, event.clone(), &mut effects);
        }
        prop_assert_eq!(effects.history.unwrap(), simulation.history());
        prop_assert_eq!(machine.outcome(), simulation.outcome());
    }

    /// What failed by its tasks goes on to its end once they succeed, and a replay tells the same.
    #[test]
    fn a_redriven_execution_ends_and_replays(program in program(), seed: u64, world in world(), stopped in any::<bool>()) {
        let mut simulation = Simulation::new(program.clone(), start(seed));
        let mut turn = 0;
        let mut answers = |_: &_| {
            turn += 1;
            answer(world[turn % world.len()])
        };
        if stopped {
            (0..world.len()).for_each(|_| _ = simulation.step(&mut answers));
            simulation.happen(Event::StopRequested { error: StatesError::default() });
        }
        simulation.run(answers);
        let failed = !matches!(simulation.outcome(), Some(Outcome::Succeeded { .. }));
        let history = simulation.history().len();
        simulation.happen(Event::Redriven);
        simulation.run(|_| Answer::Now(Ok(1.into())));
        match simulation.outcome() {
            Some(Outcome::Succeeded { .. }) => {}
            // A path of a state leads nowhere: no redrive mends that.
            Some(Outcome::Failed(error)) => prop_assert!(error.name().starts_with("States."), "{error:?}"),
            other => prop_assert!(false, "{other:?}"),
        }
        let redriven: Vec<_> = simulation.history().iter().skip(history).take(1).map(|event| &event.detail).collect();
        let expected = HistoryDetail::ExecutionRedriven { redrive_count: 1 };
        prop_assert_eq!(redriven, if failed { vec![&expected] } else { vec![] });
        let mut machine = Machine::new(program.clone(), start(seed));
        let mut effects = Effects::with_history();
        for (at, event) in simulation.journal() {
            machine.step(*at, event.clone(), &mut effects);
        }
        prop_assert_eq!(effects.history.unwrap(), simulation.history());
    }

    /// Nothing depends on whether somebody listens.
    #[test]
    fn recording_the_history_changes_nothing(program in program(), seed: u64, world in world()) {
        let simulation = simulate(&program, seed, &world);
        let mut machine = Machine::new(program.clone(), start(seed));
        for (at, event) in simulation.journal() {
            machine.step(*at, event.clone(), &mut Effects::default());
        }
        prop_assert_eq!(machine.outcome(), simulation.outcome());
        prop_assert_eq!(machine.events(), simulation.history().len() as u64);
    }

    /// A machine written out at any point and read back goes on to the same end.
    #[test]
    fn a_machine_survives_being_written_out(program in program(), seed: u64, world in world(), at in 0.0..1.0) {
        let simulation = simulate(&program, seed, &world);
        let journal = simulation.journal();
        let cut = (journal.len() as f64 * at) as usize;
        let mut machine = Machine::new(program.clone(), start(seed));
        let mut effects = Effects::with_history();
        for (at, event) in &journal[..cut] {
            machine.step(*at, event.clone(), &mut effects);
        }
        let snapshot = serde_json::to_vec(&machine.snapshot()).unwrap();
        let mut machine = Machine::restore(program.clone(), serde_json::from_slice(&snapshot).unwrap()).unwrap();
        for (at, event) in &journal[cut..] {
            machine.step(*at, event.clone(), &mut effects);
        }
        prop_assert_eq!(effects.history.unwrap(), simulation.history());
    }

    /// Drivers deliver late, repeated and unknown events: they change nothing.
    #[test]
    fn stale_events_are_ignored(program in program(), seed: u64, world in world(), task in 1u64..30, timer in 1u64..30) {
        use asl_engine::machine::{TaskId, TimerId};
        let simulation = simulate(&program, seed, &world);
        let mut machine = Machine::new(program.clone(), start(seed));
        let mut effects = Effects::with_history();
        for (at, event) in simulation.journal() {
            machine.step(*at, event.clone(), &mut effects);
            let (task, timer) = (TaskId(task), TimerId(timer));
            if !machine.awaits_task(task) {
                machine.step(*at, Event::TaskSucceeded { task, output: Value::Null }, &mut effects);
                machine.step(*at, Event::TaskHeartbeat { task }, &mut effects);
            }
            if !machine.awaits_timer(timer) {
                machine.step(*at, Event::DeadlineReached { timer }, &mut effects);
            }
        }
        prop_assert_eq!(effects.history.unwrap(), simulation.history());
    }

    /// Ids count from 1, every event follows an earlier one, and the last one tells the end.
    #[test]
    fn histories_are_well_formed(program in program(), seed: u64, world in world()) {
        let simulation = simulate(&program, seed, &world);
        let history = simulation.history();
        for (index, event) in history.iter().enumerate() {
            prop_assert_eq!(event.id, index as u64 + 1);
            prop_assert!(event.previous < event.id);
        }
        prop_assert!(tells_the_end(history.last().unwrap(), simulation.outcome().unwrap()));
        prop_assert!(history.windows(2).all(|pair| pair[0].timestamp <= pair[1].timestamp));
    }
}

fn tells_the_end(event: &HistoryEvent, outcome: &Outcome) -> bool {
    matches!(
        (&event.detail, outcome),
        (HistoryDetail::ExecutionSucceeded { .. }, Outcome::Succeeded { .. })
            | (HistoryDetail::ExecutionFailed(_), Outcome::Failed(_))
    )
}

#[test]
fn a_loop_ends_with_the_history_and_yields_on_the_way() {
    let definition =
        r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}}"#;
    // AWS wants a way out of every machine; the loop below has one that is never taken.
    let definition = definition.replace(
        r#""B": {"Type": "Pass", "Next": "A"}"#,
        r#""B": {"Type": "Choice", "Choices": [{"Variable": "$$.State.Name", "StringEquals": "B", "Next": "A"}], "Default": "C"},
           "C": {"Type": "Succeed"}"#,
    );
    let program = Definition::parse(&definition, &Default::default()).program.unwrap();
    let mut simulation = Simulation::new(program, start(0));
    simulation.run(|_| Answer::Never);
    let Some(Outcome::Failed(error)) = simulation.outcome() else { panic!("{:?}", simulation.outcome()) };
    assert_eq!(error.name(), "States.Runtime");
    assert_eq!(error.cause.as_deref(), Some("The execution reached the maximum number of history events (25000)."));
    assert_eq!(simulation.history().len(), 25_000);
    let resumed = simulation.journal().iter().filter(|(_, event)| *event == Event::Resumed).count();
    assert_eq!(resumed, 12);
}
