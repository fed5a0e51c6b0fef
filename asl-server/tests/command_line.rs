//! The built `asl`.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

fn asl(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asl"));
    command.args(arguments).env_clear();
    command
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = asl(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A file in this test's own folder.
fn file(name: &str, text: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("command_line");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

const SAGA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../statemachine/llt.asl.yaml");

#[test]
fn run_prints_the_output_or_the_error() {
    let (code, output, progress) = run(&["run", SAGA, "--input", r#"{"order_id": "4", "items": []}"#]);
    assert_eq!(code, Some(0), "{progress}");
    let output: serde_json::Value = serde_json::from_str(&output).unwrap();
    assert_eq!(output["payment"]["payment_type"], "Debit");
    assert!(progress.contains("→ OrderSucceeded (Succeed)"), "{progress}");
    assert!(progress.contains("used 24 of 25,000 history events; the largest payload: "), "{progress}");

    let (code, output, progress) = run(&["run", SAGA, "--quiet", "--input", r#"{"order_id": "1", "items": []}"#]);
    assert_eq!((code, output.as_str()), (Some(1), ""));
    assert!(progress.starts_with("failed: ErrProcessOrder\n"), "{progress}");
}

#[test]
fn run_reads_its_input_from_a_file_or_from_standard_input() {
    let machine = file("pass.asl.json", r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#);
    let input = file("input.json", r#"{"n": 1}"#);
    let (code, output, _) = run(&["run", &machine, "--input", &format!("@{input}")]);
    assert_eq!((code, output.as_str()), (Some(0), "{\n  \"n\": 1\n}\n"));

    let mut child = asl(&["run", &machine, "--input", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"[7]").unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"[\n  7\n]\n");

    let (code, _, error) = run(&["run", &machine, "--input", "{"]);
    assert_eq!(code, Some(1));
    let begin = "error: the input (--input) is no JSON, and no file of that name is there: ";
    assert!(error.starts_with(begin), "{error}");
    let broken = file("broken.json", "{");
    let (_, _, error) = run(&["run", &machine, "--input", &broken]);
    assert!(error.starts_with(&format!("error: the input (`{broken}`) is no JSON: ")), "{error}");
}

#[test]
fn validate_tells_machines() {
    let wrong = file(
        "wrong one.asl.json",
        "{\"StartAt\": \"A\", \"States\": {\n  \"A\": {\"Type\": \"Pass\", \"Next\": \"B\"}}}",
    );
    let right = file("right.asl.json", r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#);
    let read = |format: &str| -> serde_json::Value {
        let (code, output, error) = run(&["validate", "--format", format, &wrong, &right]);
        assert_eq!((code, error.as_str()), (Some(1), "1 of 2 with errors\n"));
        serde_json::from_str(&output).unwrap()
    };
    let told = read("json");
    assert_eq!((&told[0]["file"], &told[0]["result"]), (&wrong.clone().into(), &"FAIL".into()));
    assert_eq!((&told[1]["result"], &told[1]["diagnostics"]), (&"OK".into(), &serde_json::json!([])));
    let first = &told[0]["diagnostics"][0];
    assert_eq!(first["code"], "MISSING_TRANSITION_TARGET");
    assert_eq!(
        (&first["location"], &first["line"], &first["column"]),
        (&"/States/A/Next".into(), &2.into(), &33.into())
    );
    assert_eq!((&first["severity"], &first["message"]), (&"ERROR".into(), &"Missing 'Next' target: B".into()));

    let told = read("sarif");
    assert_eq!(told["version"], "2.1.0");
    let run = &told["runs"][0];
    let result = &run["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&"MISSING_TRANSITION_TARGET".into(), &"error".into()));
    let rule = result["ruleIndex"].as_u64().unwrap() as usize;
    assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
    let place = &result["locations"][0]["physicalLocation"];
    let region = serde_json::json!({ "startLine": 2, "startColumn": 33, "endLine": 2, "endColumn": 36 });
    assert_eq!(place["region"], region);
    let uri = place["artifactLocation"]["uri"].as_str().unwrap();
    assert!(uri.starts_with("file:///") && uri.ends_with("wrong%20one.asl.json"), "{uri}");
}

#[test]
fn eval_prints_the_value() {
    let order = file("order.json", r#"{"id": "o", "items": [{"qty": 1.0, "price": 2.5}, {"qty": 3, "price": 10}]}"#);
    let context = file("context.json", r#"{"Execution": {"Name": "e1"}}"#);
    for (arguments, expected) in [
        (&["--jsonata", "$sum(items.(qty * price))"][..], "32.5"),
        (&["--jsonata", "$sum($states.input.items.(qty * price))"], "32.5"),
        (&["--jsonata", "{% $states.input.items[0] %}"], r#"{"qty":1.0,"price":2.5}"#),
        (&["--jsonata", "-items[1].qty"], "-3"),
        (&["--jsonata", "items[qty > $least].price", "--var", "least=2"], "10"),
        (&["--jsonata", "$states.context.Execution.Name", "--states-context", &context], r#""e1""#),
        (
            &[
                "--jsonata",
                "$states.result.a & $states.errorOutput.Error",
                "--result",
                r#"{"a": 1}"#,
                "--error-output",
                r#"{"Error": "E"}"#,
            ],
            r#""1E""#,
        ),
        (&["--path", "$.items[0]"], r#"{"qty":1.0,"price":2.5}"#),
        (&["--path", "$.items[?(@.qty > 1)].price"], "[10]"),
        (&["--path", "$$.Execution.Name", "--states-context", &format!("@{context}")], r#""e1""#),
        (&["--path", "$least[0]", "--var", "least=[2]"], "2"),
        (&["--intrinsic", "States.Format('{} has {}', $.id, $n)", "--var", "n=2"], r#""o has 2""#),
    ] {
        let (code, output, error) = run(&[&["eval", "--input", &order], arguments].concat());
        assert_eq!((code, error.as_str()), (Some(0), ""), "{arguments:?}");
        let compact = serde_json::from_str::<serde_json::Value>(&output).unwrap().to_string();
        assert_eq!(compact, expected, "{arguments:?}");
    }
}

#[test]
fn eval_shows_where_an_expression_is_wrong() {
    for (arguments, expected) in [
        (
            &["--jsonata", "$sum(items.(qty*)"][..],
            "error: S0211: The symbol \")\" cannot be used as a unary operator\n  $sum(items.(qty*)\n                  ^\n",
        ),
        (&["--jsonata", "{% 1 + %}"], "error: S0207: Unexpected end of expression\n  {% 1 + %}\n         ^\n"),
        (
            &["--jsonata", "(\n  $a := 1;\n  $a + 'x'\n)"],
            "error: T2002: The right side of the \"+\" operator must evaluate to a number\n    $a + 'x'\n       ^\n",
        ),
        (&["--jsonata", "nothing"], "error: the expression returned nothing (undefined)\n  nothing\n  ^\n"),
        (&["--jsonata", "$sum"], "error: the expression returned a function, which is no JSON\n  $sum\n  ^\n"),
        (&["--path", "$.a["], "error: `[` is never closed\n  $.a[\n     ^\n"),
        (&["--path", "$.none"], "error: States.Runtime: Invalid path '$.none' : "),
        (
            &["--intrinsic", "States.Nope($.a)"],
            "error: `States.Nope` is no intrinsic function\n  States.Nope($.a)\n  ^\n",
        ),
        (
            &["--intrinsic", "States.MathAdd($.id, 1)"],
            "error: States.Runtime: The function 'States.MathAdd($.id, 1)' had the following error: ",
        ),
        (
            &["--jsonata", "1", "--var", "x=hello"],
            "error: the variable `x` is no JSON; a text stands in double quotes: --var 'x=\"hello\"': ",
        ),
        (
            &["--jsonata", "1", "--path", "$"],
            "error: the argument '--jsonata <EXPRESSION>' cannot be used with '--path <PATH>'",
        ),
        (
            &[],
            "error: the following required arguments were not provided:\n  <--jsonata <EXPRESSION>|--path <PATH>|--intrinsic <CALL>>",
        ),
    ] {
        let (code, output, error) = run(&[&["eval"], arguments].concat());
        assert_ne!(code, Some(0), "{arguments:?}");
        assert_eq!(output, "", "{arguments:?}");
        assert!(error.starts_with(expected), "{arguments:?}:\n{error}\nexpected\n{expected}");
    }
}

#[test]
fn run_skips_waits_and_prints_the_history() {
    let machine = file(
        "wait.asl.yaml",
        "StartAt: W\nStates:\n  W: {Type: Wait, Seconds: 86400, Next: P}\n  P: {Type: Pass, Result: '${Word}', End: true}\n",
    );
    let (code, output, _) = run(&["run", &machine, "--skip-waits", "--history", "--set", "Word=hi"]);
    assert_eq!(code, Some(0));
    let history: serde_json::Value = serde_json::from_str(&output).unwrap();
    let events = history["events"].as_array().unwrap();
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        [
            "ExecutionStarted",
            "WaitStateEntered",
            "WaitStateExited",
            "PassStateEntered",
            "PassStateExited",
            "ExecutionSucceeded"
        ]
    );
    assert_eq!(events[5]["executionSucceededEventDetails"]["output"], "\"hi\"");
    let waited = events[2]["timestamp"].as_f64().unwrap() - events[1]["timestamp"].as_f64().unwrap();
    assert!((waited - 86_400.0).abs() < 0.01, "{waited}");

    let (code, _, error) = run(&["run", &machine]);
    assert_eq!(code, Some(1));
    assert!(error.contains("Word") && error.contains("wait.asl.yaml:4:"), "{error}");
}

#[test]
fn validate_shows_where_a_definition_is_wrong() {
    let right = file("right.asl.json", r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#);
    let wrong = file("wrong.asl.yaml", "StartAt: P\nStates:\n  P:\n    Type: Pass\n    Next: Nowhere\n");
    assert_eq!(run(&["validate", &right, SAGA]).0, Some(0));
    let (code, output, error) = run(&["validate", &right, &wrong]);
    assert_eq!(code, Some(1));
    assert!(output.contains("right.asl.json: ok"), "{output}");
    assert!(output.contains("wrong.asl.yaml:5:11") && output.contains("Nowhere"), "{output}");
    assert_eq!(error, "1 of 2 with errors\n");

    let state = r#"{"Type":"Task","Resource":"arn:aws:states:::aws-sdk:events:putEvents","Parameters":{},"End":true}"#;
    let wrong = file("service.asl.json", &format!(r#"{{"StartAt":"S","States":{{"S":{state}}}}}"#));
    let (code, output, _) = run(&["validate", &wrong]);
    assert_eq!(code, Some(1));
    assert!(output.contains("the service is named `eventbridge` here"), "{output}");

    let (code, _, error) = run(&["validate", "no-such-file.json"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("cannot read `no-such-file.json`"), "{error}");
}

#[test]
fn nobody_has_to_read_the_output_to_its_end() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = asl(&["eval", "--jsonata", "1 + 1"]).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    assert_eq!((status.code(), String::from_utf8_lossy(&stderr).as_ref()), (Some(0), ""));
}

#[test]
fn wrong_arguments_are_explained() {
    for (arguments, says) in [
        (&["run"][..], "<FILE>"),
        (&["validate", "--set", "x", "f"], "write `x` as NAME=VALUE"),
        (&["serve", "--account", "12", "--ephemeral"], "the account `12` is not twelve digits"),
        (&["serve", "--aws-endpoint", "sqs=localhost:9324", "--ephemeral"], "(sqs) is no URL; write it as"),
        (&["serve", "--config", "no-such.toml"], "cannot read `no-such.toml`"),
        (
            &["serve", "--listen", "127.0.0.1:0", "--deploy", "no-such.yaml", "--ephemeral"],
            "cannot read `no-such.yaml`",
        ),
        (&["serve", "--data", "x", "--ephemeral"], "leave one out"),
        (&["serve", "--listen", "8083", "--ephemeral"], "`8083` is no place to listen; write HOST:PORT"),
    ] {
        let (code, _, error) = run(arguments);
        assert_ne!(code, Some(0), "{arguments:?}");
        assert!(error.contains(says), "{arguments:?}: {error}");
    }
}

#[test]
fn settings_come_from_a_file_a_variable_and_an_option() {
    let settings =
        file("settings.toml", "region = 'eu-west-1'\naccount = '210987654321'\n[set]\nWho = 'Ada'\nWhat = 'x'\n");
    let machine = file(
        "settings.asl.json",
        r#"{"StartAt":"P","States":{"P":{"Type":"Pass","Parameters":
            {"who":"${Who}","what":"${What}","role.$":"$$.Execution.RoleArn","arn.$":"$$.StateMachine.Id"},"End":true}}}"#,
    );
    let arguments = ["run", &machine, "--quiet", "--config", &settings, "--set", "What=y"];
    let Output { stdout, stderr, .. } = asl(&arguments).env("ASL_REGION", "eu-north-1").output().unwrap();
    let output: serde_json::Value =
        serde_json::from_slice(&stdout).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&stderr)));
    let expected = serde_json::json!({
        "who": "Ada",
        "what": "y",
        "role": "arn:aws:iam::210987654321:role/asl",
        "arn": "arn:aws:states:eu-north-1:210987654321:stateMachine:settings",
    });
    assert_eq!(output, expected);
    // Settings that a validation has no use for do not stop it.
    let more = "mock-config = 'missing.json'\naws-endpoints = { sqs = 'nowhere' }\nset = { Who = 'Ada', What = 'x' }\n";
    let more = file("more.toml", more);
    let (code, output, error) = run(&["validate", &machine, "--config", &more]);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{output}");
}

#[test]
fn serve_listens_on_a_host_by_name_and_a_variable_says_that_nothing_is_kept() {
    let serve = |ephemeral: &str, arguments: &[&str]| {
        let mut command = asl(&[&["serve", "--listen", "localhost:0"], arguments].concat());
        command.env("ASL_EPHEMERAL", ephemeral).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let mut child = serve("1", &[]);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let greeting: Vec<String> = lines.take(2).collect();
    child.kill().unwrap();
    assert!(greeting[0].starts_with("asl serves AWS Step Functions on http://"), "{greeting:?}");
    assert_eq!(greeting[1], "Nothing is kept on disk.");
    child.wait().unwrap();
    let Output { stderr, .. } = serve("yes", &["--data", "x"]).wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&stderr).contains("leave one out"));
}

#[test]
fn serve_says_what_to_type_and_ends_when_told() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("serve");
    _ = std::fs::remove_dir_all(&folder);
    let data = folder.display().to_string();
    let mut child = asl(&["--listen", "127.0.0.1:0", "--data", &data])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let greeting: Vec<String> = lines.by_ref().take_while(|line| !line.starts_with("Ctrl-C")).collect();
    let greeting = greeting.join("\n");
    assert!(greeting.contains("Deployed arn:aws:states:us-east-1:123456789012:stateMachine:OrderSaga"), "{greeting}");
    assert!(greeting.contains("/StartExecution -d '"), "{greeting}");

    // A second server must not share the first one's records.
    let (code, _, error) = run(&["--listen", "127.0.0.1:0", "--data", &data]);
    assert_eq!(code, Some(1));
    assert!(error.contains("cannot keep data in"), "{error}");

    #[cfg(unix)]
    {
        let told = Command::new("kill").arg(child.id().to_string()).status().unwrap();
        assert!(told.success());
        assert_eq!(lines.next().as_deref(), Some("stopped"));
        assert!(child.wait().unwrap().success());
    }
    #[cfg(not(unix))]
    child.kill().unwrap();
}
