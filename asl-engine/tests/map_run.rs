//! The distributed Map state: Map Runs and their child executions, in virtual time without a runtime.

use asl_engine::history::{HistoryDetail, HistoryEvent};
use asl_engine::machine::{
    Command, Effects, Event, Machine, MachineType, MapRunLimits, MapRunNews, MapRunStatus, Outcome, Start, TaskCommand,
};
use asl_engine::simulation::{Answer, Simulation};
use asl_engine::task::{ItemsRead, Purpose, WriteResults};
use asl_engine::{Definition, Program, StatesError, Timestamp, Value, limits};
use std::sync::Arc;
use std::time::Duration;

const WORK: &str =
    r#""W": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:W", "End": true}"#;

fn value(json: &str) -> Value {
    Value::parse(json).unwrap()
}

fn compile(definition: &str) -> Arc<Program> {
    let definition = Definition::parse(definition, &Default::default());
    assert!(definition.program.is_some(), "{}", definition.render("test", false));
    definition.program.unwrap()
}

/// A machine of one distributed Map, whose item processor has these states; the first is `W`.
fn map(fields: &str, states: &str) -> Arc<Program> {
    compile(&format!(
        r#"{{"StartAt": "M", "States": {{"M": {{"Type": "Map", {fields} "Next": "End", "ItemProcessor": {{
            "ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
            "StartAt": "W", "States": {{{states}}}}}}}, "End": {{"Type": "Succeed"}}}}}}"#
    ))
}

fn start(input: &str) -> Start {
    Start {
        input: value(input),
        execution_arn: "arn:aws:states:us-east-1:123456789012:execution:Orders:e1".into(),
        execution_name: "e1".into(),
        state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:Orders".into(),
        state_machine_name: "Orders".into(),
        seed: 7,
        ..Start::default()
    }
}

fn run(program: &Arc<Program>, input: &str, answer: impl FnMut(&TaskCommand) -> Answer) -> Simulation {
    let mut simulation = Simulation::new(program.clone(), start(input));
    simulation.run(answer);
    simulation
}

/// Fails for the items "bad" and "late" (which never ends), gives the item back otherwise.
fn echo(task: &TaskCommand) -> Answer {
    match task.input.as_str() {
        Some("bad") => Answer::Now(Err(StatesError::new("Bad", "no good"))),
        Some("late") => Answer::Never,
        _ => Answer::Now(Ok(task.input.clone())),
    }
}

/// The history in short: `id<-previous Event`.
fn told(history: &[HistoryEvent]) -> Vec<String> {
    let name = |detail: &HistoryDetail| match detail {
        HistoryDetail::StateEntered { state_type, .. } => format!("{state_type:?}StateEntered"),
        HistoryDetail::StateExited { state_type, .. } => format!("{state_type:?}StateExited"),
        HistoryDetail::StateAborted { state_type, .. } => format!("{state_type:?}StateAborted"),
        other => format!("{other:?}").chars().take_while(|c| c.is_alphanumeric()).collect(),
    };
    history.iter().map(|event| format!("{}<-{} {}", event.id, event.previous, name(&event.detail))).collect()
}

fn output(simulation: &Simulation) -> String {
    match simulation.outcome() {
        Some(Outcome::Succeeded { output }) => output.to_json(),
        other => format!("{other:?}"),
    }
}

fn inputs(simulation: &Simulation) -> Vec<String> {
    simulation.children().map(|(child, _)| child.start().input.to_json()).collect()
}

#[test]
fn the_history_is_that_of_a_map_run() {
    let done = run(&map("", WORK), r#"["a", "b"]"#, echo);
    assert_eq!(
        told(done.history()),
        [
            "1<-0 ExecutionStarted",
            "2<-0 MapStateEntered",
            "3<-2 MapStateStarted",
            "4<-3 MapRunStarted",
            "5<-4 MapRunSucceeded",
            "6<-5 MapStateSucceeded",
            "7<-5 MapStateExited",
            "8<-7 SucceedStateEntered",
            "9<-8 SucceedStateExited",
            "10<-9 ExecutionSucceeded",
        ]
    );
    let failed = run(&map("", WORK), r#"["a", "bad"]"#, echo);
    assert_eq!(told(failed.history())[4..], ["5<-4 MapRunFailed", "6<-5 MapStateFailed", "7<-6 ExecutionFailed"]);
    // Every child has a history of its own.
    let (_, history) = failed.children().nth(1).unwrap();
    assert_eq!(told(history).last().unwrap(), "6<-5 ExecutionFailed");
}

#[test]
fn results_are_in_the_order_of_the_items() {
    for (items, max_concurrency, seconds) in [(6, 2, 8), (6, 1, 15), (6, 0, 5), (0, 0, 0)] {
        let program = map(&format!(r#""MaxConcurrency": {max_concurrency},"#), WORK);
        let input = Value::from_iter((0..items).map(Value::from)).to_json();
        // The first item takes longest.
        let done = run(&program, &input, |task| {
            Answer::After(Duration::from_secs(5 - task.input.as_i64().unwrap() as u64), Ok(task.input.clone()))
        });
        assert_eq!(output(&done), input);
        assert_eq!(done.elapsed().as_secs(), seconds, "{max_concurrency} at once");
    }
}

#[test]
fn failures_are_tolerated_up_to_a_limit() {
    let exceeded = |text: &str| text.contains("States.ExceedToleratedFailureThreshold");
    for (fields, items, fails) in [
        ("", r#"["a", "b"]"#, false),
        ("", r#"["a", "bad"]"#, true),
        (r#""ToleratedFailureCount": 0,"#, r#"["a", "bad"]"#, true),
        (r#""ToleratedFailureCount": 1,"#, r#"["a", "bad"]"#, false),
        (r#""ToleratedFailureCount": 1,"#, r#"["bad", "a", "bad"]"#, true),
        (r#""ToleratedFailurePercentage": 50,"#, r#"["a", "bad"]"#, false),
        (r#""ToleratedFailurePercentage": 49.9,"#, r#"["a", "bad"]"#, true),
        (r#""ToleratedFailurePercentage": 100,"#, r#"["bad", "bad"]"#, false),
        (r#""ToleratedFailurePercentage": 100, "ToleratedFailureCount": 1,"#, r#"["bad", "bad"]"#, true),
    ] {
        let done = run(&map(fields, WORK), items, echo);
        assert_eq!(exceeded(&output(&done)), fails, "{fields} {items}: {}", output(&done));
    }
}

#[test]
fn a_failed_map_run_stops_its_children() {
    let program =
        map(r#""Catch": [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "End"}],"#, WORK);
    let done = run(&program, r#"["late", "bad", "late"]"#, echo);
    assert_eq!(
        output(&done),
        r#"{"Error":"States.ExceedToleratedFailureThreshold","Cause":"The specified tolerated failure threshold was exceeded"}"#
    );
    let statuses: Vec<_> = done.children().map(|(child, _)| child.outcome().cloned()).collect();
    let aborted = Some(Outcome::Aborted(StatesError::default()));
    assert_eq!(statuses, [aborted.clone(), Some(Outcome::Failed(StatesError::new("Bad", "no good"))), aborted]);
}

#[test]
fn a_map_run_is_retried_as_a_whole() {
    let program = map(r#""Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],"#, WORK);
    let mut calls = 0;
    let done = run(&program, r#"["a"]"#, |_| {
        calls += 1;
        Answer::Now(if calls == 1 { Err(StatesError::named("Busy")) } else { Ok("done".into()) })
    });
    assert_eq!(output(&done), r#"["done"]"#);
    assert_eq!(told(done.history())[4..7], ["5<-4 MapRunFailed", "6<-5 MapStateStarted", "7<-6 MapRunStarted"]);
}

#[test]
fn tolerated_failures_are_told_among_the_results() {
    let done = run(&map(r#""ToleratedFailureCount": 1,"#, WORK), r#"["a", "bad", "c"]"#, echo);
    let results = value(&output(&done));
    let [a, failed, c] = &results.as_array().unwrap()[..] else { panic!("three results") };
    assert_eq!((a.as_str(), c.as_str()), (Some("a"), Some("c")));
    for (name, text) in [("Status", "FAILED"), ("Error", "Bad"), ("Cause", "no good"), ("Input", r#""bad""#)] {
        assert_eq!(failed.get(name).and_then(Value::as_str), Some(text), "{name}");
    }
}

#[test]
fn batches_hold_to_their_limits() {
    for (batcher, items, expected) in [
        (r#"{"MaxItemsPerBatch": 2}"#, "[1, 2, 3]", vec![r#"{"Items":[1,2]}"#, r#"{"Items":[3]}"#]),
        (
            r#"{"MaxItemsPerBatchPath": "$$.Execution.Input[0]", "BatchInput": {"who.$": "$$.Execution.Name"}}"#,
            "[2, 3, 4]",
            vec![r#"{"BatchInput":{"who":"e1"},"Items":[2,3]}"#, r#"{"BatchInput":{"who":"e1"},"Items":[4]}"#],
        ),
        // {"Items":["aaaa","bbbb"]} has 25 bytes.
        (
            r#"{"MaxInputBytesPerBatch": 25}"#,
            r#"["aaaa", "bbbb", "cccc"]"#,
            vec![r#"{"Items":["aaaa","bbbb"]}"#, r#"{"Items":["cccc"]}"#],
        ),
        (
            r#"{"MaxInputBytesPerBatch": 24, "MaxItemsPerBatch": 3}"#,
            r#"["aaaa", "bbbb"]"#,
            vec![r#"{"Items":["aaaa"]}"#, r#"{"Items":["bbbb"]}"#],
        ),
    ] {
        let program = map(&format!(r#""ItemBatcher": {batcher},"#), WORK);
        let done = run(&program, items, echo);
        assert_eq!(inputs(&done), expected, "{batcher}");
        assert_eq!(output(&done), format!("[{}]", expected.join(",")));
    }
    // The items of a batch that failed count one by one.
    let program = map(r#""ItemBatcher": {"MaxItemsPerBatch": 3}, "ToleratedFailureCount": 2,"#, WORK);
    let done = run(&program, "[1, 2, 3]", |_| Answer::Now(Err(StatesError::named("Bad"))));
    assert!(output(&done).contains("States.ExceedToleratedFailureThreshold"));
}

#[test]
fn item_selectors_see_the_item_and_the_input() {
    let fields = r#""ItemsPath": "$.all", "ItemSelector": {"at.$": "$$.Map.Item.Index", "is.$": "$$.Map.Item.Value", "of.$": "$.name"},"#;
    let pass = r#""W": {"Type": "Pass", "End": true, "Parameters": {"in.$": "$", "item.$": "$$.Map.Item.Value"}}"#;
    let done = run(&map(fields, pass), r#"{"name": "n", "all": ["x"]}"#, echo);
    assert_eq!(output(&done), r#"[{"in":{"at":0,"is":"x","of":"n"},"item":"x"}]"#);
}

#[test]
fn names_are_made_of_those_of_the_execution() {
    let nested = r#""W": {"Type": "Map", "Label": "Inner", "End": true, "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": true}}}}"#;
    let done = run(&map(r#""Label": "Outer","#, nested), "[[1, 2]]", echo);
    assert_eq!(output(&done), "[[1,2]]");
    let arn = done.history().iter().find_map(|event| match &event.detail {
        HistoryDetail::MapRunStarted { map_run_arn } => Some(map_run_arn.as_str()),
        _ => None,
    });
    assert!(arn.unwrap().starts_with("arn:aws:states:us-east-1:123456789012:mapRun:Orders/Outer:"));
    let starts: Vec<&Start> = done.children().map(|(child, _)| child.start()).collect();
    let arns: Vec<&str> = starts.iter().map(|start| start.execution_arn.as_str()).collect();
    assert!(arns[0].starts_with("arn:aws:states:us-east-1:123456789012:execution:Orders/Outer:"), "{arns:?}");
    assert!(arns[1].starts_with("arn:aws:states:us-east-1:123456789012:express:Orders/Inner:"), "{arns:?}");
    assert!(arns[0].ends_with(starts[0].execution_name.as_str()) && starts[0].execution_name.len() == 36);
    assert_eq!(starts[1].state_machine_arn, "arn:aws:states:us-east-1:123456789012:stateMachine:Orders/Inner");
    assert_eq!([starts[0].machine_type, starts[1].machine_type], [MachineType::Standard, MachineType::Express]);
    assert_eq!(starts.len(), 3);
    assert_ne!((arns[1], starts[1].seed), (arns[2], starts[2].seed));
}

#[test]
fn the_timeouts_of_children_are_their_own() {
    let program = compile(
        r#"{"StartAt": "M", "TimeoutSeconds": 1000, "States": {"M": {"Type": "Map", "End": true, "ToleratedFailurePercentage": 100,
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "W", "States": {"W": {"Type": "Wait", "SecondsPath": "$", "End": true}}}}}}"#,
    );
    // EXPRESS executions live five minutes.
    let done = run(&program, "[299, 301]", echo);
    let statuses = value(&output(&done));
    assert_eq!(statuses.as_array().unwrap()[1].get("Status").and_then(Value::as_str), Some("TIMED_OUT"));
    assert_eq!(done.elapsed().as_secs(), 300);
    // The machine's own timeout is that of the parent: its children are stopped with it.
    let program = compile(
        r#"{"StartAt": "M", "TimeoutSeconds": 10, "States": {"M": {"Type": "Map", "End": true,
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "V", "States": {"V": {"Type": "Wait", "Seconds": 5, "Next": "W"}, "W": {"Type": "Wait", "Seconds": 8, "End": true}}}}}}"#,
    );
    let done = run(&program, "[1, 2]", echo);
    assert!(matches!(done.outcome(), Some(Outcome::TimedOut(_))));
    assert!(done.children().all(|(child, _)| matches!(child.outcome(), Some(Outcome::Aborted(_)))));
}

#[test]
fn a_failing_sibling_aborts_the_map_run() {
    let program = compile(
        r#"{"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": true}}}}}},
            {"StartAt": "V", "States": {"V": {"Type": "Wait", "Seconds": 1, "Next": "F"}, "F": {"Type": "Fail"}}}]}}}"#,
    );
    let done = run(&program, "[1, 2]", echo);
    let told = told(done.history());
    let aborted: Vec<_> = told.iter().filter(|event| event.contains("Aborted")).collect();
    assert_eq!(aborted, ["10<-9 MapRunAborted", "11<-9 MapStateAborted"], "{told:?}");
    assert!(done.children().all(|(child, _)| matches!(child.outcome(), Some(Outcome::Aborted(_)))));
    assert_eq!(done.elapsed().as_secs(), 1);
}

#[test]
fn limits_are_evaluated_before_the_map_run_starts() {
    for (fields, input, cause) in [
        (r#""ToleratedFailureCountPath": "$.n","#, r#"{"n": -1}"#, "ToleratedFailureCount cannot be negative."),
        (
            r#""ToleratedFailureCountPath": "$.n","#,
            r#"{"n": {}}"#,
            r#"The ToleratedFailureCountPath field refers to value "{}" which is not a valid integer: $.n"#,
        ),
        (r#""ToleratedFailurePercentagePath": "$.n","#, r#"{"n": 101}"#, "must be between 0 and 100"),
        (r#""ToleratedFailurePercentagePath": "$.n","#, r#"{"n": "x"}"#, r#"refers to value "x" which is not a valid"#),
    ] {
        let program = map(&format!(r#"{fields} "ItemReader": {{"Resource": "arn:aws:states:::s3:getObject"}},"#), WORK);
        let done = run(&program, input, echo);
        assert_eq!(told(done.history())[2..], ["3<-2 MapStateStarted", "4<-3 ExecutionFailed"]);
        assert!(output(&done).contains(&cause.replace('"', "\\\"")), "{}", output(&done));
    }
    // A text that holds a number is one.
    let program = map(
        r#""ItemsPath": "$.all", "ToleratedFailurePercentagePath": "$.n", "ToleratedFailureCountPath": "$.n","#,
        WORK,
    );
    assert_eq!(output(&run(&program, r#"{"n": "1", "all": [1]}"#, echo)), "[1]");
}

#[test]
fn items_are_read() {
    let reader = |config: &str| {
        map(
            &format!(
                r#""ItemReader": {{"Resource": "arn:aws:states:::s3:getObject", "Parameters": {{"Key.$": "$.key"}},
                "ReaderConfig": {{"InputType": "JSON" {config}}}}},"#
            ),
            WORK,
        )
    };
    let read = |program: &Arc<Program>, input: &str, answer: Result<Value, StatesError>| {
        run(program, input, move |task| match &task.purpose {
            Purpose::ReadItems { config, .. } => {
                assert_eq!(config.to_json(), r#"{"InputType":"JSON"}"#);
                assert_eq!(task.input.to_json(), r#"{"Key":"k"}"#);
                Answer::Now(answer.clone())
            }
            _ => echo(task),
        })
    };
    let done = read(&reader(""), r#"{"key": "k"}"#, Ok(value(r#"["a", "b"]"#)));
    assert_eq!(output(&done), r#"["a","b"]"#);
    // Nothing tells of the reading, and the length is not known yet.
    assert!(matches!(done.history()[2].detail, HistoryDetail::MapStateStarted { length: 0 }));
    assert_eq!(told(done.history())[4], "5<-4 MapRunSucceeded");

    for (config, input, answer, result) in [
        (r#", "MaxItems": 1"#, r#"{"key": "k"}"#, Ok("[1, 2]"), "[1]"),
        (r#", "MaxItems": 0"#, r#"{"key": "k"}"#, Ok("[1, 2]"), "[1,2]"),
        (r#", "MaxItemsPath": "$.max""#, r#"{"key": "k", "max": "1"}"#, Ok("[1, 2]"), "[1]"),
        (r#", "MaxItemsPath": "$.max""#, r#"{"key": "k", "max": -1}"#, Ok("[1]"), "field MaxItems must be positive"),
        ("", r#"{"key": "k"}"#, Ok(r#"{"a": 1}"#), "Attempting to map over non-iterable node."),
        ("", r#"{"key": "k"}"#, Err("no such key"), "no such key"),
    ] {
        let done = read(&reader(config), input, answer.map(value).map_err(|cause| StatesError::new("S3", cause)));
        assert!(output(&done).contains(result), "{config} {input}: {}", output(&done));
        let failed = told(done.history()).contains(&"5<-4 MapRunFailed".to_owned());
        assert_eq!(failed, output(&done).contains("States.ItemReaderFailed"), "{config} {input}");
    }
}

#[test]
fn results_are_transformed_and_written() {
    let output_of = |writer: &str, answer: Result<Value, StatesError>| {
        let program = map(&format!(r#""ToleratedFailureCount": 1, "ResultWriter": {writer},"#), WORK);
        let mut written = None;
        let done = run(&program, r#"[[1, 2], "bad", [3]]"#, |task| match &task.purpose {
            Purpose::WriteResults(results) => {
                written = Some((task.input.clone(), results.clone()));
                Answer::Now(answer.clone())
            }
            _ => echo(task),
        });
        (output(&done), written)
    };
    let compact = r#"{"WriterConfig": {"OutputType": "JSON", "Transformation": "COMPACT"}}"#;
    assert!(output_of(compact, Ok(Value::Null)).0.starts_with(r#"[[1,2],{"Cause":"no good","Error":"Bad","#));
    let flat = r#"{"WriterConfig": {"OutputType": "JSON", "Transformation": "FLATTEN"}}"#;
    let (output, written) = output_of(flat, Ok(Value::Null));
    assert!(output.starts_with(r#"[1,2,{"Cause":"#) && output.ends_with("},3]"), "{output}");
    assert!(written.is_none());
    let none = r#"{"WriterConfig": {"OutputType": "JSON", "Transformation": "NONE"}}"#;
    let records = value(&output_of(none, Ok(Value::Null)).0);
    let record = &records.as_array().unwrap()[0];
    assert_eq!(record.get("Output").and_then(Value::as_str), Some("[1,2]"));
    assert_eq!(record.get("Status").and_then(Value::as_str), Some("SUCCEEDED"));

    let store = r#"{"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"},
        "WriterConfig": {"OutputType": "JSON", "Transformation": "FLATTEN"}}"#;
    let (output, written) = output_of(store, Ok(value(r#"{"Bucket": "b", "Key": "k"}"#)));
    let result = value(&output);
    assert_eq!(result.get("ResultWriterDetails"), Some(&value(r#"{"Bucket": "b", "Key": "k"}"#)));
    let (arguments, results) = written.unwrap();
    assert_eq!(arguments.to_json(), r#"{"Bucket":"b"}"#);
    assert_eq!(result.get("MapRunArn").and_then(Value::as_str), Some(results.map_run_arn.as_str()));
    assert_eq!(results.succeeded, ["1", "2", "3"]);
    assert_eq!((results.failed.len(), results.pending.len(), results.last), (1, 0, true));
    let (output, _) = output_of(store, Err(StatesError::new("S3.NoSuchBucket", "there is none")));
    assert!(output.contains("States.ResultWriterFailed") && output.contains("there is none"), "{output}");
}

/// What the ResultWriter of a run was asked, and the run's output.
fn written(fields: &str, input: &str) -> (Vec<WriteResults>, String) {
    let writer = r#""ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}"#;
    let mut parts = Vec::new();
    let done = run(&map(&format!("{fields} {writer},"), WORK), input, |task| match &task.purpose {
        Purpose::WriteResults(part) => {
            parts.push(WriteResults::clone(part));
            Answer::Now(Ok(value(&format!(r#"{{"part": {}}}"#, parts.len()))))
        }
        _ => echo(task),
    });
    (parts, output(&done))
}

#[test]
fn results_are_handed_over_in_parts() {
    let items: Vec<String> = (0..250).map(|at| format!("\"{at:03}{}\"", "x".repeat(100_000))).collect();
    let (parts, output) = written(r#""MaxConcurrency": 10,"#, &format!("[{}]", items.join(",")));
    assert!(output.contains(r#""ResultWriterDetails":{"part":2}"#), "{output}");
    // A result holds its input and its output.
    let sizes: Vec<usize> = parts.iter().map(|part| part.succeeded.iter().map(|json| json.len()).sum()).collect();
    assert!(sizes[..1].iter().all(|size| (limits::RESULT_PART_BYTES_MAX..40_000_000).contains(size)), "{sizes:?}");
    assert_eq!(parts.iter().map(|part| part.succeeded.len()).sum::<usize>(), 250);
    assert_eq!(parts.iter().map(|part| part.last).collect::<Vec<_>>(), [false, true]);
    assert_eq!(parts[1].earlier, [value(r#"{"part": 1}"#)]);
    let starts: Vec<Value> = parts[0].succeeded.iter().map(|json| value(json)).collect();
    assert!(starts[0].get("Output").and_then(Value::as_str).is_some_and(|output| output.starts_with("\"000")));
}

#[test]
fn a_map_run_that_fails_writes_what_is_known_of_its_items() {
    let (parts, output) = written(r#""MaxConcurrency": 1,"#, r#"["a", "bad", "c", "d"]"#);
    assert!(output.contains("States.ExceedToleratedFailureThreshold"), "{output}");
    // The last part is for the manifest alone.
    let [part, last] = &parts[..] else { panic!("{parts:?}") };
    assert_eq!((part.last, last.last), (false, true));
    assert_eq!((last.succeeded.len(), last.failed.len(), last.pending.len()), (0, 0, 0));
    assert_eq!((part.succeeded.len(), part.failed.len()), (1, 1));
    let pending =
        |input: &str| format!(r#"{{"Input":"{input}","InputDetails":{{"Included":true}},"Status":"PENDING"}}"#);
    assert_eq!(part.pending, [pending(r#"\"c\""#), pending(r#"\"d\""#)]);
}

#[test]
fn items_know_where_they_come_from() {
    let fields = r#""ItemSelector": {"from.$": "$$.Map.Item.Source", "at.$": "$$.Map.Item.Index"},"#;
    assert_eq!(output(&run(&map(fields, WORK), "[7]", echo)), r#"[{"from":"STATE_DATA","at":0}]"#);
    let reader = r#""ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2", "ReaderConfig": {}},"#;
    let sources = vec![("S3://b/1".into(), 1), ("S3://b/2".into(), 0), ("S3://b/3".into(), 1)];
    let read = ItemsRead { items: [Value::from(7), Value::from(8)].into_iter().collect(), sources };
    let done = run(&map(&format!("{fields} {reader}"), WORK), "{}", |task| match &task.purpose {
        Purpose::ReadItems { .. } => Answer::Now(Ok(read.clone().answer())),
        _ => echo(task),
    });
    assert_eq!(output(&done), r#"[{"from":"S3://b/1","at":0},{"from":"S3://b/3","at":1}]"#);
}

/// Steps one machine by hand.
fn step(machine: &mut Machine, event: Event) -> Vec<Command> {
    let mut effects = Effects::default();
    machine.step(Timestamp::from_millis(0), event, &mut effects);
    effects.commands
}

#[test]
fn ten_thousand_children_start_a_thousand_at_a_time() {
    let input = Value::from_iter((0..10_001).map(Value::from)).to_json();
    let mut machine = Machine::new(map("", WORK), start(&input));
    let (mut event, mut children, mut steps) = (Event::Started, Vec::new(), 0);
    loop {
        let commands = step(&mut machine, event);
        let resume = commands.contains(&Command::Resume);
        let started = commands.into_iter().filter_map(|command| match command {
            Command::StartChild(command) => Some(command.child),
            _ => None,
        });
        let before = children.len();
        children.extend(started);
        assert!(children.len() - before <= limits::TRANSITIONS_PER_STEP);
        steps += 1;
        if !resume {
            break;
        }
        event = Event::Resumed;
    }
    // The service runs 10,000 at once; the next starts when one is over.
    assert_eq!((children.len(), steps), (10_000, 11));
    let done = |child| Event::ChildFinished { child, outcome: Outcome::Succeeded { output: Value::Null } };
    let commands = step(&mut machine, done(children[5]));
    assert!(matches!(commands[..], [Command::StartChild(_)]), "{commands:?}");
    // Told twice, or of a child that is none, nothing happens.
    assert_eq!(step(&mut machine, done(children[5])), []);
    let stopped = step(&mut machine, Event::StopRequested { error: StatesError::default() });
    let stops = stopped.iter().filter(|command| matches!(command, Command::StopChild { .. })).count();
    assert_eq!(stops, 10_000);
    assert!(stopped.iter().any(|command| matches!(
        command,
        Command::MapRun { news: MapRunNews::Ended { status: MapRunStatus::Aborted, .. }, .. }
    )));
    assert_eq!(step(&mut machine, done(children[6])), []);
}

#[test]
fn limits_change_while_a_map_run_runs() {
    let mut machine = Machine::new(map(r#""MaxConcurrency": 1,"#, WORK), start("[1, 2, 3]"));
    let commands = step(&mut machine, Event::Started);
    let map_run_arn = commands.iter().find_map(|command| match command {
        Command::MapRun { map_run_arn, .. } => Some(map_run_arn.clone()),
        _ => None,
    });
    let map_run_arn = map_run_arn.unwrap();
    let starts = |commands: &[Command]| commands.iter().filter(|c| matches!(c, Command::StartChild(_))).count();
    assert_eq!(starts(&commands), 1);
    let limits = MapRunLimits { max_concurrency: Some(5), ..MapRunLimits::default() };
    let commands = step(&mut machine, Event::MapRunUpdated { map_run_arn, limits });
    assert_eq!(starts(&commands), 2);
}

#[test]
fn the_same_journal_gives_the_same_history_also_after_snapshots() {
    let program = map(r#""ToleratedFailureCount": 1, "MaxConcurrency": 2,"#, WORK);
    let done = run(&program, r#"["a", "bad", "c"]"#, echo);
    let mut again = Machine::new(program.clone(), done.machine().start().clone());
    let mut effects = Effects::with_history();
    for (at, event) in done.journal() {
        let snapshot = serde_json::to_string(&again.snapshot()).unwrap();
        again = Machine::restore(program.clone(), serde_json::from_str(&snapshot).unwrap()).unwrap();
        again.step(*at, event.clone(), &mut effects);
    }
    assert_eq!(effects.history.as_deref(), Some(done.history()));
    assert_eq!(again.outcome(), done.outcome());
}
