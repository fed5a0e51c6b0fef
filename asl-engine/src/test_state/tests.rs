use super::{MockMissing, Progress, Report, StateTest, Status, Subject};
use crate::definition::Definition;
use crate::machine::{RetrierSeen, Start};
use crate::query::QueryLanguage;
use crate::{StatesError, Timestamp, Value};

fn json(text: &str) -> Value {
    Value::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn test(state: &str, subject: Subject) -> StateTest {
    let definition = Definition::parse_state(state, "S", &Default::default());
    assert!(definition.program.is_some(), "{state}: {:?}", definition.diagnostics);
    StateTest::new(definition.program.unwrap(), subject).unwrap()
}

fn done(progress: Progress) -> Report {
    match progress {
        Progress::Done(report) => *report,
        Progress::Asks(command) => panic!("asks for {command:?}"),
    }
}

fn subject(input: &str) -> Subject {
    Subject { start: Start { input: json(input), ..Start::default() }, ..Subject::default() }
}

fn report(state: &str, subject: Subject) -> Report {
    done(test(state, subject).run(Timestamp::default()))
}

fn mocked(input: &str, result: &str) -> Subject {
    Subject { mock: Some(Ok(json(result))), ..subject(input) }
}

fn failing(error: &str) -> Subject {
    Subject { mock: Some(Err(StatesError::new(error, "why"))), ..subject("{}") }
}

/// What was seen, in the order of the data flow: `name=value`.
fn seen(report: &Report) -> String {
    let seen = &report.inspection;
    let values = [
        ("input_path", &seen.after_input_path),
        ("arguments", &seen.arguments),
        ("items_path", &seen.after_items_path),
        ("items_pointer", &seen.after_items_pointer),
        ("item_selector", &seen.after_item_selector),
        ("item_batcher", &seen.after_item_batcher),
        ("result", &seen.result),
        ("result_selector", &seen.after_result_selector),
        ("result_path", &seen.after_result_path),
    ];
    let values = values.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)));
    values.collect::<Vec<_>>().join(" ")
}

#[test]
fn each_kind_of_state_shows_its_own_steps() {
    let task = r#""Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:f""#;
    let branch = r#"{"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}"#;
    let processor = format!(r#""ItemProcessor": {branch}"#);
    let distributed = r#""ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "B", "States": {"B": {"Type": "Succeed"}}}"#;
    let table: [(String, &str, &str, &str, &str); 13] = [
        (
            r#"{"Type": "Pass", "InputPath": "$.a", "Parameters": {"c.$": "$.b"}, "ResultPath": "$.d", "End": true}"#
                .into(),
            r#"{"a":{"b":1}}"#,
            "null",
            r#"input_path={"b":1} arguments={"c":1} result_selector={"c":1} result_path={"a":{"b":1},"d":{"c":1}}"#,
            r#"{"a":{"b":1},"d":{"c":1}}"#,
        ),
        (
            r#"{"Type": "Pass", "Result": 7, "End": true}"#.into(),
            "{}",
            "null",
            "result=7 result_selector=7 result_path=7",
            "7",
        ),
        (
            r#"{"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input.a %}", "End": true}"#.into(),
            r#"{"a":1}"#,
            "null",
            "",
            "1",
        ),
        (
            r#"{"Type": "Choice", "InputPath": "$.a", "Choices": [], "Default": "Next"}"#
                .replace("[]", r#"[{"Variable": "$", "IsNull": true, "Next": "Null"}]"#),
            r#"{"a":1}"#,
            "null",
            "input_path=1",
            "1",
        ),
        (r#"{"Type": "Wait", "Seconds": 60, "End": true}"#.into(), "{}", "null", "input_path={}", "{}"),
        (r#"{"Type": "Succeed", "OutputPath": "$.a"}"#.into(), r#"{"a":1}"#, "null", r#"input_path={"a":1}"#, "1"),
        (
            format!(r#"{{{task}, "ResultSelector": {{"id.$": "$.MessageId"}}, "ResultPath": "$.sent", "End": true}}"#),
            r#"{"a":1}"#,
            r#"{"MessageId":"m"}"#,
            r#"input_path={"a":1} arguments={"a":1} result={"MessageId":"m"} result_selector={"id":"m"} result_path={"a":1,"sent":{"id":"m"}}"#,
            r#"{"a":1,"sent":{"id":"m"}}"#,
        ),
        (
            format!(
                r#"{{{task}, "QueryLanguage": "JSONata", "Arguments": {{"x": "{{% $states.input.a %}}"}}, "End": true}}"#
            ),
            r#"{"a":1}"#,
            r#"{"MessageId":"m"}"#,
            r#"arguments={"x":1} result={"MessageId":"m"}"#,
            r#"{"MessageId":"m"}"#,
        ),
        (
            format!(r#"{{"Type": "Parallel", "InputPath": "$.a", "Branches": [{branch}], "End": true}}"#),
            r#"{"a":1}"#,
            "[2]",
            "result_selector=[2] result_path=[2]",
            "[2]",
        ),
        (
            format!(
                r#"{{"Type": "Map", "ItemsPath": "$.a", "ItemSelector": {{"v.$": "$$.Map.Item.Value"}}, {processor}, "End": true}}"#
            ),
            r#"{"a":[1,2]}"#,
            "[3,4]",
            r#"input_path={"a":[1,2]} items_path=[1,2] item_selector=[{"v":1},{"v":2}] result_selector=[3,4] result_path=[3,4]"#,
            "[3,4]",
        ),
        (
            format!(
                r#"{{"Type": "Map", "ItemBatcher": {{"MaxItemsPerBatch": 2, "BatchInput": {{"b": 1}}}}, {distributed}, "End": true}}"#
            ),
            "[1,2,3]",
            "[]",
            r#"input_path=[1,2,3] items_path=[1,2,3] item_batcher=[{"BatchInput":{"b":1},"Items":[1,2]},{"BatchInput":{"b":1},"Items":[3]}] result_selector=[] result_path=[]"#,
            "[]",
        ),
        (
            format!(
                r#"{{"Type": "Map", "QueryLanguage": "JSONata", "Items": [1, 2],
                    "ItemSelector": "{{% $states.context.Map.Item.Index %}}", {processor}, "End": true}}"#
            ),
            "{}",
            "[]",
            "item_selector=[0,1]",
            "[]",
        ),
        (
            format!(
                r#"{{"Type": "Map", "ItemReader": {{"Resource": "arn:aws:states:::s3:getObject",
                    "ReaderConfig": {{"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}},
                    "Parameters": {{"Bucket": "b", "Key": "k"}}}}, "ItemSelector": {{"n.$": "$$.Map.Item.Value.n"}},
                    {distributed}, "End": true}}"#
            ),
            "{}",
            "[]",
            r#"input_path={} item_selector=[{"n":"1"},{"n":"2"}] result_selector=[] result_path=[]"#,
            "[]",
        ),
    ];
    for (state, input, result, expected, output) in table {
        let mut subject = mocked(input, result);
        subject.map_item_reader_data = Some("n\n1\n2\n".into());
        let report = report(&state, subject);
        assert_eq!(report.status, Status::Succeeded, "{state}: {:?}", report.error);
        assert_eq!(seen(&report), expected, "{state}");
        assert_eq!(report.output.unwrap().to_json(), output, "{state}");
        let jsonata = state.contains("JSONata");
        assert_eq!(report.query_language == QueryLanguage::Jsonata, jsonata, "{state}");
    }
}

#[test]
fn a_failure_is_retried_caught_or_final() {
    let retry =
        r#""Retry": [{"ErrorEquals": ["Other"]}, {"ErrorEquals": ["E"], "IntervalSeconds": 2, "MaxAttempts": 3}]"#;
    let catch = r#""Catch": [{"ErrorEquals": ["Other"], "Next": "A"}, {"ErrorEquals": ["E"], "ResultPath": "$.e", "Next": "B"}]"#;
    let both = format!("{retry}, {catch}");
    let retrier = |backoff_seconds| Some(RetrierSeen { index: 1, backoff_seconds });
    let branch = r#"{"StartAt": "X", "States": {"X": {"Type": "Succeed"}}}"#;
    let kinds = [
        r#""Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:f""#.to_owned(),
        format!(r#""Type": "Parallel", "Branches": [{branch}]"#),
        format!(r#""Type": "Map", "ItemsPath": "$$.Execution.Input.items", "ItemProcessor": {branch}"#),
    ];
    for kind in kinds {
        for (fields, retries, status, seen_retrier, next) in [
            (retry, 0, Status::Retriable, retrier(Some(2)), None),
            (retry, 2, Status::Retriable, retrier(Some(8)), None),
            (retry, 3, Status::Failed, retrier(None), None),
            (catch, 0, Status::CaughtError, None, Some("B")),
            (both.as_str(), 2, Status::Retriable, retrier(Some(8)), None),
            (both.as_str(), 3, Status::CaughtError, retrier(None), Some("B")),
            (r#""Comment": """#, 0, Status::Failed, None, None),
        ] {
            let mut subject = Subject { retrier_retry_count: retries, ..failing("E") };
            subject.start.input = json(r#"{"items":[]}"#);
            let state = format!("{{{kind}, {fields}, \"End\": true}}");
            let report = report(&state, subject);
            assert_eq!((report.status, report.inspection.retrier), (status, seen_retrier), "{state} {retries}");
            assert_eq!(report.next_state.as_deref(), next, "{state} {retries}");
            assert_eq!(report.error, Some(StatesError::new("E", "why")));
            let output =
                (status == Status::CaughtError).then(|| r#"{"items":[],"e":{"Error":"E","Cause":"why"}}"#.to_owned());
            assert_eq!(report.output.map(|output| output.to_json()), output, "{state} {retries}");
        }
    }
}

#[test]
fn a_threshold_counts_where_it_is_set() {
    for (threshold, failures, fails) in [
        ("", 3, false),
        (r#""ToleratedFailureCount": 1,"#, 1, false),
        (r#""ToleratedFailureCount": 1,"#, 2, true),
        (r#""ToleratedFailurePercentage": 50,"#, 2, false),
        (r#""ToleratedFailurePercentage": 50,"#, 3, true),
    ] {
        let state = format!(
            r#"{{"Type": "Map", {threshold} "ItemProcessor": {{
                "ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}},
                "StartAt": "B", "States": {{"B": {{"Type": "Succeed"}}}}}}, "End": true}}"#
        );
        let report = report(&state, Subject { map_iteration_failure_count: failures, ..mocked("[1,2,3,4]", "[0]") });
        let error = fails.then_some("States.ExceedToleratedFailureThreshold");
        assert_eq!(report.error.as_ref().map(StatesError::name), error, "{state} {failures}");
    }
}

#[test]
fn variables_go_in_and_come_out() {
    let state = r#"{"Type": "Pass", "Assign": {"b.$": "$a", "c": 3}, "Parameters": {"was.$": "$a"}, "Next": "N"}"#;
    let mut subject = subject("{}");
    subject.variables = json(r#"{"a":1,"c":2}"#).as_object().unwrap().clone();
    let report = report(state, subject);
    assert_eq!(report.output.unwrap().to_json(), r#"{"was":1}"#);
    let variables = Value::Object(report.inspection.variables);
    assert_eq!(
        (variables.get("a"), variables.get("b"), variables.get("c")),
        (Some(&1.into()), Some(&1.into()), Some(&3.into()))
    );
}

#[test]
fn a_given_context_object_is_the_whole_one() {
    let state = r#"{"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token", "all.$": "$$"}}, "End": true}"#;
    let subject = Subject { context: Some(json(r#"{"Task":{"Token":"t"}}"#)), ..mocked("{}", "1") };
    let arguments = report(state, subject).inspection.arguments.unwrap();
    assert_eq!(arguments.get("MessageBody").unwrap().to_json(), r#"{"token":"t","all":{"Task":{"Token":"t"}}}"#);
}

#[test]
fn a_task_without_mock_is_asked_for() {
    let state = r#"{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:f", "TimeoutSeconds": 7,
        "Retry": [{"ErrorEquals": ["States.Timeout"]}], "End": true}"#;
    let now = Timestamp::from_millis(1000);
    let mut answered = test(state, subject(r#"{"a":1}"#));
    let Progress::Asks(command) = answered.run(now) else { panic!("a task is asked for") };
    assert_eq!((command.input.to_json().as_str(), answered.deadline()), (r#"{"a":1}"#, Some(now.plus_seconds(7))));
    assert_eq!(done(answered.answer(now, Ok("sent".into()))).output, Some("sent".into()));
    // It is over: nothing changes it any more.
    assert_eq!(done(answered.answer(now, Ok("again".into()))).output, Some("sent".into()));

    let mut late = test(state, subject("{}"));
    assert!(matches!(late.run(now), Progress::Asks(_)));
    let report = done(late.deadline_reached());
    assert_eq!((report.status, report.error), (Status::Retriable, Some(StatesError::named("States.Timeout"))));
}

#[test]
fn no_test_lasts_longer_than_five_minutes() {
    for (seconds, status) in [(299, Status::Succeeded), (301, Status::Failed)] {
        let state = format!(r#"{{"Type": "Wait", "Seconds": {seconds}, "End": true}}"#);
        assert_eq!(report(&state, subject("{}")).status, status);
    }
}

#[test]
fn errors_of_the_state_itself_are_told_without_its_name() {
    let items = r#"{"Type": "Map", "ItemsPath": "$$.Execution.Input",
        "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}, "End": true}"#;
    let failed = report(items, mocked("{}", "[]"));
    let cause = "Reference path \"$.Execution.Input\" must point to array.";
    assert_eq!(failed.error, Some(StatesError::new("States.Runtime", cause)));
    assert_eq!((seen(&failed).as_str(), failed.inspection.max_concurrency), ("input_path={}", None));

    let fail = report(r#"{"Type": "Fail", "Error": "E", "CausePath": "$.c"}"#, subject(r#"{"c":"why"}"#));
    assert_eq!((fail.status, fail.error), (Status::Failed, Some(StatesError::new("E", "why"))));
}

#[test]
fn states_with_a_body_need_a_mock() {
    let state =
        r#"{"Type": "Map", "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}, "End": true}"#;
    let program = Definition::parse_state(state, "S", &Default::default()).program.unwrap();
    assert_eq!(StateTest::new(program, subject("[]")).err(), Some(MockMissing));
}
