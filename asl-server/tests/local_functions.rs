//! Functions as local processes, well and badly behaved. This test binary is the functions, too: started again with
//! `FUNCTION` set, `the_function_itself` speaks the Runtime API as that function.

mod support;

use asl_server::function::{Functions, LocalFunction, Surroundings};
use asl_server::{Caller, Service};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use support::{ACCOUNT, create, run, start, task};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

/// A client of the Runtime API: what every runtime client does, and what none should do.
struct Client;

struct Invocation {
    headers: String,
    id: String,
    event: String,
}

impl Client {
    /// Sends a request; its answer's head and body.
    fn send(method: &str, path: &str, body: &[u8]) -> (String, String) {
        let address = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        let head = format!(
            "{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        _ = stream.read_to_string(&mut answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        (head.to_owned(), body.to_owned())
    }

    fn next() -> Invocation {
        let (headers, event) = Client::send("GET", "invocation/next", b"");
        let headers = headers.to_lowercase();
        let id = headers.split("lambda-runtime-aws-request-id: ").nth(1).and_then(|rest| rest.lines().next());
        Invocation { id: id.unwrap_or_default().to_owned(), headers, event }
    }

    fn answer(id: &str, body: &[u8]) -> (String, String) {
        Client::send("POST", &format!("invocation/{id}/response"), body)
    }
}

/// Tells the test that this process lives, until it does not.
fn sign_in() -> TcpStream {
    let mut stream = TcpStream::connect(std::env::var("WITNESS").unwrap()).unwrap();
    writeln!(stream, "{}", std::env::var("FUNCTION").unwrap()).unwrap();
    stream
}

#[test]
fn the_function_itself() {
    let Ok(function) = std::env::var("FUNCTION") else { return };
    let _witness = sign_in();
    match function.as_str() {
        "exits-at-init" => std::process::exit(7),
        "sleeps" => loop {
            std::thread::park();
        },
        "fails-at-init" => {
            let report = br#"{"errorType":"Runtime.ImportModuleError","errorMessage":"no module named x"}"#;
            Client::send("POST", "init/error", report);
            std::process::exit(1)
        }
        _ => (),
    }
    for count in 0.. {
        let Invocation { headers, id, event } = Client::next();
        match function.as_str() {
            "echo" => _ = Client::answer(&id, event.as_bytes()),
            "tells" => {
                let deadline = headers.contains("lambda-runtime-deadline-ms: ");
                let arn =
                    headers.split("lambda-runtime-invoked-function-arn: ").nth(1).unwrap().lines().next().unwrap();
                let variable = |name: &str| std::env::var(name).unwrap_or_default();
                let names = ["AWS_LAMBDA_FUNCTION_NAME", "AWS_REGION", "OWN", "AWS_ENDPOINT_URL_SFN", "AWS_PROFILE"];
                let told = json!({
                    "count": count, "deadline": deadline, "arn": arn, "variables": names.map(variable), "event": event,
                });
                Client::answer(&id, told.to_string().as_bytes());
            }
            "hangs" => {
                // With a child that would outlive it.
                let mut child = std::process::Command::new(std::env::current_exe().unwrap());
                child.args(["the_function_itself", "--exact", "--nocapture"]).env("FUNCTION", "sleeps");
                let mut child = child.spawn().unwrap();
                child.wait().unwrap();
            }
            "floods" => {
                let line = [b'x'; 1 << 16];
                for count in 0..400 {
                    std::io::stdout().write_all(&line).unwrap();
                    std::io::stderr().write_all(if count % 2 == 0 { &line } else { b"\n" }).unwrap();
                }
                Client::answer(&id, b"{}");
            }
            "huge" => {
                let (head, body) = Client::answer(&id, format!("\"{}\"", "x".repeat(7_000_000)).as_bytes());
                assert!(head.starts_with("HTTP/1.1 413") && body.contains("RequestEntityTooLarge"), "{head} {body}");
            }
            "not-utf-8" => _ = Client::answer(&id, b"\"\xff\xfe\""),
            "broken" => _ = Client::answer(&id, b"{\"a\":"),
            "empty" => _ = Client::answer(&id, b""),
            "exits" => std::process::exit(3),
            "says-goodbye" => {
                Client::answer(&id, b"\"bye\"");
                std::process::exit(0)
            }
            "breaks-off" => {
                let mut stream = TcpStream::connect(std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap()).unwrap();
                let path = format!("/2018-06-01/runtime/invocation/{id}/response");
                write!(stream, "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{}}").unwrap();
                std::process::abort();
            }
            "answers-twice" => {
                Client::answer(&id, event.as_bytes());
                let (head, body) = Client::answer(&id, b"\"again\"");
                assert!(head.starts_with("HTTP/1.1 400") && body.contains("InvalidRequestID"), "{head} {body}");
            }
            "never-answers" => {
                let again = Client::next();
                assert!(again.headers.starts_with("http/1.1 403"), "{}", again.headers);
                std::process::exit(0)
            }
            "reports" => {
                let report = br#"{"errorMessage":"no","errorType":"Oops","stackTrace":[]}"#;
                Client::send("POST", &format!("invocation/{id}/error"), report);
            }
            "reports-nothing" => {
                Client::send("POST", &format!("invocation/{id}/error"), br#"{"statusCode": 500}"#);
            }
            other => panic!("no function {other}"),
        }
    }
}

/// What a function has that the others have not.
type Adjust = fn(&mut LocalFunction);

/// The functions, and the witness of their processes.
struct World {
    service: Service,
    witness: TcpListener,
}

impl World {
    async fn of(functions: &[(&str, Adjust)]) -> World {
        let witness = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = witness.local_addr().unwrap().to_string();
        let program = std::env::current_exe().unwrap().display().to_string();
        let functions = functions.iter().map(|(name, adjust)| {
            let mut function = LocalFunction::new(*name, "");
            function.command = [&program, "the_function_itself", "--exact", "--nocapture"].map(String::from).to_vec();
            let own = [("FUNCTION", *name), ("WITNESS", &address), ("OWN", "mine")];
            function.environment = own.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            // Machines can be slow; those that shall run into it set their own.
            function.timeout = Duration::from_secs(60);
            adjust(&mut function);
            function
        });
        let caller = Caller { account: ACCOUNT.to_owned(), region: "us-east-1".to_owned() };
        let surroundings = Surroundings { caller, endpoint: Some("http://127.0.0.1:1".to_owned()) };
        let functions = Functions::new(functions, &surroundings);
        let service = Service::builder(ACCOUNT, "us-east-1").local_functions(functions).build();
        World { service, witness }
    }

    /// The next process that signs in: its function's name and the connection that ends with it.
    async fn process(&self) -> (String, tokio::io::BufReader<tokio::net::TcpStream>) {
        use tokio::io::AsyncBufReadExt;
        let mut stream = tokio::io::BufReader::new(self.witness.accept().await.unwrap().0);
        let mut name = String::new();
        stream.read_line(&mut name).await.unwrap();
        (name.trim().to_owned(), stream)
    }

    /// Runs one task of the function; what DescribeExecution tells.
    async fn invoke(&self, function: &str, execution: &str) -> Value {
        let resource = format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:{function}");
        let definition = task(json!({ "Resource": resource }));
        let machine = create(&self.service, function, definition, "STANDARD").await;
        run(&self.service, &machine, execution, r#"{"a":1.0}"#).await
    }
}

/// Resolves when the process, and so its connection, has ended.
async fn gone(mut process: tokio::io::BufReader<tokio::net::TcpStream>) {
    let mut rest = Vec::new();
    _ = process.read_to_end(&mut rest).await;
}

#[tokio::test]
async fn a_process_serves_one_invocation_after_the_other() {
    let world = World::of(&[("tells", |_| ())]).await;
    for count in 0..3 {
        let ended = world.invoke("tells", &format!("e{count}")).await;
        let told: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
        assert_eq!((&told["count"], &told["event"]), (&json!(count), &json!(r#"{"a":1.0}"#)));
        assert_eq!(told["deadline"], true);
        assert_eq!(told["arn"], format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:tells"));
        assert_eq!(told["variables"], json!(["tells", "us-east-1", "mine", "http://127.0.0.1:1", ""]));
    }
    let process = world.process().await.1;
    drop(world);
    gone(process).await;
}

#[tokio::test]
async fn lambda_invoke_tells_of_the_invocation() {
    let world = World::of(&[("echo", |_| ())]).await;
    let invoke =
        |parameters: Value| task(json!({ "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters }));
    let parameters = json!({ "FunctionName": "echo:live", "Payload.$": "$" });
    let machine = create(&world.service, "M", invoke(parameters), "STANDARD").await;
    let ended = run(&world.service, &machine, "e", r#"{"a":1}"#).await;
    let output: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
    assert_eq!((&output["Payload"], &output["StatusCode"]), (&json!({ "a": 1 }), &json!(200)));
    let event = json!({ "FunctionName": "echo", "InvocationType": "Event" });
    let machine = create(&world.service, "E", invoke(event), "STANDARD").await;
    let ended = run(&world.service, &machine, "e", "{}").await;
    let output: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
    assert_eq!((&output["Payload"], &output["StatusCode"]), (&json!({}), &json!(202)));
    assert_eq!(output["SdkHttpMetadata"]["HttpStatusCode"], 202);
    let machine = create(&world.service, "N", invoke(json!({ "FunctionName": "echo" })), "STANDARD").await;
    let ended = run(&world.service, &machine, "e", "{}").await;
    let output: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
    assert_eq!(output["Payload"], json!({}), "Lambda's payload is an empty object when there is none");
}

#[tokio::test]
async fn a_function_is_invoked_by_itself() {
    let world = World::of(&[("echo", |_| ()), ("reports", |_| ())]).await;
    let invoke = |name: &str, kind: &str, body: &str| {
        let request = axum::http::Request::post(format!("/2015-03-31/functions/{name}/invocations"))
            .header("x-amz-invocation-type", kind)
            .body(axum::body::Body::from(body.to_owned()));
        let router = asl_server::http::router(world.service.clone());
        async move {
            let (head, body) = tower::ServiceExt::oneshot(router, request.unwrap()).await.unwrap().into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
            let told = header("x-amz-function-error").or(header("x-amzn-errortype")).unwrap_or_default();
            (head.status.as_u16(), told, String::from_utf8(body.to_vec()).unwrap())
        }
    };
    let arn = format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:echo");
    let report = r#"{"errorMessage":"no","errorType":"Oops","stackTrace":[]}"#;
    let missing = r#"{"Type":"User","Message":"Function not found: arn:aws:lambda:us-east-1:123456789012:function:x"}"#;
    let broken = r#"{"Type":"User","Message":"Could not parse request body into json"}"#;
    for (name, kind, body, status, told, answer) in [
        ("echo", "RequestResponse", r#"{"a": 1}"#, 200, "", r#"{"a": 1}"#),
        (&*arn, "RequestResponse", "", 200, "", "{}"),
        ("echo", "Event", "{}", 202, "", ""),
        ("echo", "DryRun", "{}", 204, "", ""),
        ("reports", "RequestResponse", "{}", 200, "Unhandled", report),
        ("x", "RequestResponse", "{}", 404, "ResourceNotFoundException", missing),
        ("echo", "RequestResponse", "{", 400, "InvalidRequestContentException", broken),
    ] {
        assert_eq!(invoke(name, kind, body).await, (status, told.to_owned(), answer.to_owned()), "{name} {kind}");
    }
}

#[tokio::test]
async fn what_goes_wrong_ends_in_the_error_that_aws_names() {
    let short = |function: &mut LocalFunction| function.timeout = Duration::from_millis(10);
    let world = World::of(&[
        ("reports", |_| ()),
        ("reports-nothing", |_| ()),
        ("hangs", short),
        ("huge", |_| ()),
        ("not-utf-8", |_| ()),
        ("broken", |_| ()),
        ("empty", |_| ()),
        ("exits", |_| ()),
        ("exits-at-init", |_| ()),
        ("fails-at-init", |_| ()),
        ("breaks-off", |_| ()),
        ("never-answers", |_| ()),
        ("not-there", |function| function.command = vec!["/no/such/program".to_owned()]),
        ("nowhere", |function| function.directory = "/no/such/directory".into()),
        ("unbuilt", |function| function.command.clear()),
    ])
    .await;
    for (function, error, cause) in [
        ("reports", "Oops", r#"{"errorMessage":"no","errorType":"Oops","stackTrace":[]}"#),
        (
            "reports-nothing",
            "Lambda.Unknown",
            r#"Lambda did not return an error type. Returned payload: {"statusCode": 500}"#,
        ),
        ("hangs", "Sandbox.Timedout", "Error: Task timed out after 0.01 seconds"),
        ("huge", "Function.ResponseSizeTooLarge", "exceeded maximum allowed payload size (6291556 bytes)"),
        (
            "not-utf-8",
            "Lambda.Unknown",
            "The function not-utf-8 returned a payload that is no JSON: \"\u{fffd}\u{fffd}\"",
        ),
        ("broken", "Lambda.Unknown", "The function broken returned a payload that is no JSON: {\"a\":"),
        ("empty", "Lambda.Unknown", "The function empty returned a payload that is no JSON"),
        ("exits", "Runtime.ExitError", "Error: Runtime exited with error: exit status 3"),
        ("exits-at-init", "Runtime.ExitError", "Error: Runtime exited with error: exit status 7"),
        ("fails-at-init", "Runtime.ImportModuleError", "no module named x"),
        ("breaks-off", "Runtime.ExitError", "Error: Runtime exited with error: signal: aborted"),
        ("never-answers", "Runtime.ExitError", "Error: Runtime exited without providing a reason"),
        ("not-there", "Runtime.InvalidEntrypoint", "Error: fork/exec /no/such/program: No such file"),
        ("nowhere", "Runtime.InvalidEntrypoint", "its directory `/no/such/directory` is not there"),
        ("unbuilt", "Runtime.InvalidEntrypoint", "Couldn't find valid bootstrap(s): ["),
    ] {
        let ended = world.invoke(function, "e").await;
        assert_eq!(ended["error"], error, "{function}: {ended}");
        assert!(ended["cause"].as_str().unwrap().contains(cause), "{function}: {}", ended["cause"]);
    }
}

#[tokio::test]
async fn a_timeout_ends_the_process_and_what_it_started() {
    // The timeout is as short as can be: the child may or may not have come so far.
    let world = World::of(&[("hangs", |function| function.timeout = Duration::from_millis(1))]).await;
    assert_eq!(world.invoke("hangs", "e").await["error"], "Sandbox.Timedout");
    let (name, process) = world.process().await;
    assert_eq!(name, "hangs");
    gone(process).await;
}

#[tokio::test]
async fn a_crash_costs_one_invocation_and_the_next_starts_anew() {
    let world = World::of(&[("exits", |_| ()), ("says-goodbye", |_| ())]).await;
    for execution in ["first", "second"] {
        assert_eq!(world.invoke("exits", execution).await["error"], "Runtime.ExitError");
        gone(world.process().await.1).await;
    }
    // A process that ends between two invocations costs none.
    for execution in ["first", "second", "third"] {
        assert_eq!(world.invoke("says-goodbye", execution).await["output"], r#""bye""#);
    }
}

#[tokio::test]
async fn output_without_end_and_second_answers_do_no_harm() {
    let world = World::of(&[("floods", |_| ()), ("answers-twice", |_| ())]).await;
    assert_eq!(world.invoke("floods", "e").await["status"], "SUCCEEDED");
    for execution in ["first", "second"] {
        assert_eq!(world.invoke("answers-twice", execution).await["output"], r#"{"a":1.0}"#);
    }
}

#[tokio::test]
async fn a_process_that_may_not_be_idle_ends_after_its_answer() {
    let world = World::of(&[("echo", |function| function.idle = Duration::ZERO)]).await;
    for execution in ["first", "second"] {
        assert_eq!(world.invoke("echo", execution).await["status"], "SUCCEEDED");
        gone(world.process().await.1).await;
    }
}

#[tokio::test]
async fn a_process_that_is_idle_for_too_long_is_ended() {
    let world = World::of(&[("echo", |function| function.idle = Duration::from_millis(1))]).await;
    for execution in ["first", "second"] {
        assert_eq!(world.invoke("echo", execution).await["status"], "SUCCEEDED");
        gone(world.process().await.1).await;
    }
}

#[tokio::test]
async fn so_many_processes_and_no_more() {
    let world = World::of(&[("tells", |function| function.concurrency = 2)]).await;
    let resource = format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:tells");
    let machine = create(&world.service, "M", task(json!({ "Resource": resource })), "STANDARD").await;
    let mut executions = Vec::new();
    for count in 0..20 {
        executions.push(start(&world.service, &machine, &format!("e{count}"), "{}").await);
    }
    for execution in executions {
        world.service.engine().finished(&execution).await.unwrap();
    }
    // Whoever lived has signed in by now; nobody else will.
    let witness = world.witness.into_std().unwrap();
    let processes: Vec<_> = std::iter::from_fn(|| witness.accept().ok()).collect();
    assert!((1..=2).contains(&processes.len()), "{} processes", processes.len());
}

#[test]
fn the_end_of_a_server_is_the_end_of_its_functions() {
    // A server that is killed outright: `kill -9`.
    let witness = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let function = std::env::current_exe().unwrap();
    let folder = std::env::temp_dir().join(format!("asl-local-functions-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let config = format!(
        "ephemeral = true\nlisten = '127.0.0.1:0'\ndeploy = ['m.asl.json']\n[functions.F]\n\
         command = [{function:?}, 'the_function_itself', '--exact', '--nocapture']\ntimeout = 900.0\n\
         environment = {{ FUNCTION = 'hangs', WITNESS = '{}' }}\n",
        witness.local_addr().unwrap()
    );
    std::fs::write(folder.join("asl.toml"), config).unwrap();
    let resource = format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:F");
    std::fs::write(folder.join("m.asl.json"), task(json!({ "Resource": resource })).to_string()).unwrap();
    let mut server = std::process::Command::new(env!("CARGO_BIN_EXE_asl"))
        .args(["serve", "--config"])
        .arg(folder.join("asl.toml"))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut greeting = BufReader::new(server.stdout.take().unwrap()).lines().map_while(Result::ok);
    let first = greeting.next().unwrap();
    let address = first.split("http://").nth(1).unwrap().split(' ').next().unwrap();
    // Goes on reading, lest the server's greeting finds a closed pipe.
    let ended = greeting.find(|line| line.contains("Ctrl-C"));
    assert!(ended.is_some());
    let machine = format!("arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:m");
    let body = json!({ "stateMachineArn": machine }).to_string();
    let mut request = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(request, "POST /StartExecution HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    // The function, and the child that it started.
    let mut processes: Vec<TcpStream> = (0..2).map(|_| witness.accept().unwrap().0).collect();
    server.kill().unwrap();
    server.wait().unwrap();
    for process in &mut processes {
        _ = process.read_to_end(&mut Vec::new());
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
