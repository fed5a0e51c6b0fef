//! Redrive: what an execution that ended without success does again, and what it does not (Developer Guide, *Restarting state
//! machine executions with redrive*).

use asl_engine::history::HistoryDetail;
use asl_engine::machine::{Event, Outcome, Start, TaskCommand};
use asl_engine::simulation::{Answer, Simulation};
use asl_engine::{Definition, StatesError, Value};

fn simulation(definition: &str, input: &str) -> Simulation {
    let definition = Definition::parse(definition, &Default::default());
    assert!(definition.program.is_some(), "{}", definition.render("test", false));
    let start = Start {
        input: Value::parse(input).unwrap(),
        execution_arn: "arn:aws:states:us-east-1:123456789012:execution:M:e".into(),
        state_machine_name: "M".into(),
        ..Start::default()
    };
    Simulation::new(definition.program.unwrap(), start)
}

/// A Task state whose name is also its function's.
fn task(name: &str, more: &str) -> String {
    format!(
        r#""{name}": {{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:{name}", {more}}}"#
    )
}

fn broken(_: &TaskCommand) -> Answer {
    Answer::Now(Err(StatesError::new("Broken", "for now")))
}

fn ok(_: &TaskCommand) -> Answer {
    Answer::Now(Ok("ok".into()))
}

/// What the history tells after event number `after`: `id<-previous What`.
fn told(simulation: &Simulation, after: usize) -> Vec<String> {
    let name = |detail: &HistoryDetail| match detail {
        HistoryDetail::StateEntered { name, .. } => format!("StateEntered {name}"),
        HistoryDetail::StateExited { name, .. } => format!("StateExited {name}"),
        HistoryDetail::MapIterationStarted { index, .. } => format!("MapIterationStarted {index}"),
        HistoryDetail::MapIterationSucceeded { index, .. } => format!("MapIterationSucceeded {index}"),
        other => format!("{other:?}").chars().take_while(|c| c.is_alphanumeric()).collect(),
    };
    let events = simulation.history().iter().skip(after);
    events.map(|event| format!("{}<-{} {}", event.id, event.previous, name(&event.detail))).collect()
}

fn redrive(simulation: &mut Simulation, answer: impl FnMut(&TaskCommand) -> Answer) -> String {
    assert!(!matches!(simulation.outcome(), None | Some(Outcome::Succeeded { .. })), "{:?}", simulation.outcome());
    simulation.happen(Event::Redriven);
    match simulation.run(answer) {
        Some(Outcome::Succeeded { output }) => output.to_json(),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_task_is_scheduled_again_without_being_entered_again() {
    let definition = format!(
        r#"{{"StartAt": "P", "States": {{"P": {{"Type": "Pass", "Result": 7, "Next": "A"}}, {}}}}}"#,
        task("A", r#""End": true"#)
    );
    let mut simulation = simulation(&definition, "{}");
    simulation.run(broken);
    let before = simulation.history().len();
    let mut inputs = Vec::new();
    let output = redrive(&mut simulation, |task| {
        inputs.push(task.input.to_json());
        ok(task)
    });
    assert_eq!((output.as_str(), inputs), (r#""ok""#, vec!["7".to_owned()]));
    assert_eq!(
        told(&simulation, before),
        [
            "9<-8 ExecutionRedriven",
            "10<-9 LambdaFunctionScheduled",
            "11<-10 LambdaFunctionStarted",
            "12<-11 LambdaFunctionSucceeded",
            "13<-12 StateExited A",
            "14<-13 ExecutionSucceeded"
        ]
    );
}

#[test]
fn retries_count_from_the_beginning_again() {
    let retry = r#""Retry": [{"ErrorEquals": ["Broken"], "MaxAttempts": 2}], "End": true"#;
    let mut simulation = simulation(&format!(r#"{{"StartAt": "A", "States": {{{}}}}}"#, task("A", retry)), "{}");
    let mut calls = 0;
    let mut count = |task: &TaskCommand| {
        calls += 1;
        broken(task)
    };
    simulation.run(&mut count);
    redrive(&mut simulation, &mut count);
    assert_eq!(calls, 6);
}

#[test]
fn only_the_branches_that_did_not_succeed_go_on() {
    let branch = |name: &str| format!(r#"{{"StartAt": "{name}", "States": {{{}}}}}"#, task(name, r#""End": true"#));
    let definition = format!(
        r#"{{"StartAt": "P", "States": {{"P": {{"Type": "Parallel", "End": true, "Branches": [{}, {}, {}]}}}}}}"#,
        branch("Good"),
        branch("Bad"),
        branch("Slow")
    );
    let mut simulation = simulation(&definition, "{}");
    simulation.run(|task| match task.state.as_str() {
        "Good" => ok(task),
        "Bad" => Answer::After(std::time::Duration::from_secs(1), Err(StatesError::named("Broken"))),
        _ => Answer::Never,
    });
    let mut again = Vec::new();
    let output = redrive(&mut simulation, |task| {
        again.push(task.state.to_string());
        Answer::Now(Ok(task.state.clone().into()))
    });
    assert_eq!(again, ["Bad", "Slow"]);
    assert_eq!(output, r#"["ok","Bad","Slow"]"#);
    let parallel_started = simulation.history().iter().filter(|e| e.detail == HistoryDetail::ParallelStateStarted);
    assert_eq!(parallel_started.count(), 1);
}

#[test]
fn only_the_iterations_that_did_not_succeed_go_on_and_the_others_start() {
    let definition = format!(
        r#"{{"StartAt": "M", "States": {{"M": {{"Type": "Map", "MaxConcurrency": 2, "End": true,
            "ItemProcessor": {{"StartAt": "W", "States": {{{}}}}}}}}}}}"#,
        task("W", r#""End": true"#)
    );
    let mut simulation = simulation(&definition, "[0, 1, 2, 3]");
    simulation.run(|task| if task.input == Value::from(1) { broken(task) } else { ok(task) });
    let mut again = Vec::new();
    let output = redrive(&mut simulation, |task| {
        again.push(task.input.to_json());
        Answer::Now(Ok(task.input.clone()))
    });
    assert!(!again.contains(&"0".to_owned()), "{again:?}");
    assert_eq!(output, r#"["ok",1,2,3]"#);
}

#[test]
fn nested_states_go_on_where_they_were() {
    let inner = format!(
        r#"{{"StartAt": "A", "States": {{{}, {}}}}}"#,
        task("A", r#""Next": "B""#),
        task("B", r#""Assign": {"b.$": "$"}, "End": true"#)
    );
    let definition = format!(
        r#"{{"StartAt": "M", "States": {{"M": {{"Type": "Map", "End": true, "ItemProcessor": {{"StartAt": "P", "States": {{
            "P": {{"Type": "Parallel", "End": true, "Branches": [{inner}, {{"StartAt": "C", "States": {{
                "C": {{"Type": "Pass", "Result": "c", "End": true}}}}}}]}}}}}}}}}}}}"#
    );
    let mut simulation = simulation(&definition, "[1, 2]");
    simulation.run(|task| if task.state == "B" { broken(task) } else { ok(task) });
    let mut again = Vec::new();
    let output = redrive(&mut simulation, |task| {
        again.push(task.state.to_string());
        ok(task)
    });
    assert_eq!(again.iter().filter(|state| *state == "B").count(), 2);
    assert!(again.iter().filter(|state| *state == "A").count() < 2, "{again:?}");
    assert_eq!(output, r#"[["ok","c"],["ok","c"]]"#);
}

#[test]
fn a_fail_state_is_entered_again_and_fails_again() {
    let mut simulation = simulation(r#"{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}}"#, "{}");
    simulation.run(ok);
    let before = simulation.history().len();
    let output = redrive(&mut simulation, ok);
    assert!(output.contains("Failed"), "{output}");
    assert_eq!(told(&simulation, before), ["4<-3 ExecutionRedriven", "5<-4 StateEntered F", "6<-5 ExecutionFailed"]);
}

#[test]
fn a_stopped_execution_goes_on_and_its_timeout_begins_anew() {
    let definition = r#"{"StartAt": "W", "TimeoutSeconds": 100, "States": {
        "W": {"Type": "Wait", "Seconds": 90, "Next": "A"},
        "A": {"Type": "Pass", "Parameters": {"redrives.$": "$$.Execution.RedriveCount"}, "End": true}}}"#;
    let mut simulation = simulation(definition, "{}");
    simulation.step(&mut ok);
    simulation.happen(Event::StopRequested { error: StatesError::default() });
    let output = redrive(&mut simulation, ok);
    assert_eq!(output, r#"{"redrives":1}"#);
}

#[test]
fn an_execution_that_timed_out_goes_on() {
    let definition =
        format!(r#"{{"StartAt": "A", "TimeoutSeconds": 5, "States": {{{}}}}}"#, task("A", r#""End": true"#));
    let mut simulation = simulation(&definition, "{}");
    simulation.run(|_| Answer::Never);
    assert!(matches!(simulation.outcome(), Some(Outcome::TimedOut(_))));
    assert_eq!(redrive(&mut simulation, ok), r#""ok""#);
}

#[test]
fn what_succeeded_or_runs_is_not_redriven() {
    let mut simulation = simulation(r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#, "{}");
    simulation.run(ok);
    let before = simulation.history().len();
    simulation.happen(Event::Redriven);
    assert_eq!(simulation.history().len(), before);
}

/// A distributed Map with this execution type and these fields.
fn distributed(execution_type: &str, fields: &str) -> String {
    format!(
        r#"{{"StartAt": "M", "States": {{"M": {{"Type": "Map", {fields} "End": true, "ItemProcessor": {{
            "ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "{execution_type}"}},
            "StartAt": "W", "States": {{{}}}}}}}}}}}"#,
        task("W", r#""End": true"#)
    )
}

#[test]
fn a_map_run_redrives_the_children_that_did_not_succeed_and_starts_the_others() {
    for execution_type in ["STANDARD", "EXPRESS"] {
        let mut simulation = simulation(&distributed(execution_type, r#""MaxConcurrency": 2,"#), "[0, 1, 2, 3, 4]");
        simulation.run(|task| if task.input == Value::from(2) { broken(task) } else { ok(task) });
        let before = simulation.history().len();
        let mut again = Vec::new();
        let output = redrive(&mut simulation, |task| {
            again.push(task.input.to_json());
            Answer::Now(Ok(task.input.clone()))
        });
        assert_eq!(
            output,
            r#"["ok","ok",2,3,4]"#.replace("3", if again.contains(&"3".into()) { "3" } else { r#""ok""# })
        );
        assert!(!again.contains(&"0".to_owned()) && again[0] == "2", "{again:?}");
        let last = told(&simulation, before);
        assert!(last[0].ends_with("ExecutionRedriven") && last[1].ends_with("MapRunRedriven"), "{last:?}");
        assert_eq!(last.len(), 6, "{last:?}");
        let of_item_2 = simulation.children().filter(|(child, _)| child.start().input == Value::from(2)).count();
        assert_eq!(of_item_2, if execution_type == "EXPRESS" { 2 } else { 1 });
    }
}

#[test]
fn a_map_run_whose_reader_failed_is_a_new_one() {
    let reader = r#""ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "b", "Key": "k"}},"#;
    let mut simulation = simulation(&distributed("STANDARD", reader), "{}");
    simulation.run(broken);
    let mut asked = 0;
    redrive(&mut simulation, |task| {
        asked += 1;
        broken(task)
    });
    assert_eq!(asked, 1);
    let started = |detail: &HistoryDetail| matches!(detail, HistoryDetail::MapRunStarted { .. });
    assert_eq!(simulation.history().iter().filter(|event| started(&event.detail)).count(), 2);
}
