//! `http:invoke` against APIs that behave, and against those that do not.

mod support;

use asl_server::Service;
use asl_server::config::Settings;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::routing::{any, get, post};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{ACCOUNT, call, create, run, task};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const CONNECTIONS: &str = r#"
[connections.Basic]
AuthorizationType = "BASIC"
AuthParameters.BasicAuthParameters = { Username = "u", Password = "p" }
[connections.Key]
AuthorizationType = "API_KEY"
AuthParameters.ApiKeyAuthParameters = { ApiKeyName = "X-Key", ApiKeyValue = "k" }
[connections.Key.AuthParameters.InvocationHttpParameters]
HeaderParameters = [{ Key = "x-team", Value = "connection" }]
QueryStringParameters = [{ Key = "q", Value = "connection" }]
BodyParameters = [{ Key = "body", Value = "connection" }]
"#;

/// Tells what it was asked.
async fn echo(method: Method, uri: Uri, headers: HeaderMap, body: String) -> axum::Json<Value> {
    let headers: Value =
        headers.iter().map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap()))).collect();
    axum::Json(json!({"method": method.as_str(), "uri": uri.to_string(), "headers": headers, "body": body}))
}

/// The address of an API, and how often it was asked for a token.
async fn api() -> (String, Arc<AtomicUsize>) {
    let tokens = Arc::new(AtomicUsize::new(0));
    let asked = tokens.clone();
    let token = |body: String| async move {
        assert_eq!(body, "grant_type=client_credentials&client_id=id&client_secret=s%26t&audience=a");
        let number = asked.fetch_add(1, Ordering::Relaxed) + 1;
        axum::Json(json!({"access_token": format!("t{number}"), "expires_in": 3600}))
    };
    let router = Router::new()
        .route("/echo", any(echo))
        .route("/token", post(token))
        .route("/text", get(|| async { "<p>é</p>" }))
        .route("/none", get(|| async { StatusCode::NO_CONTENT }))
        .route("/broken", get(|| async { ([("content-type", "application/json")], "{\"a\":") }))
        .route("/gone", get(|| async { (StatusCode::NOT_FOUND, "there is none") }))
        .route("/busy", get(|| async { StatusCode::TOO_MANY_REQUESTS }))
        .route("/moved", get(|| async { (StatusCode::FOUND, [("location", "/text")]) }))
        .route("/image", get(|| async { ([("content-type", "image/png")], "x") }))
        .route("/binary", get(|| async { Bytes::from_static(b"\xff\xfe") }))
        .route("/large", get(|| async { Body::from("x".repeat(300_000)) }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, router).await });
    (format!("http://{address}"), tokens)
}

/// A server that sends half of an answer and hangs up.
async fn hangs_up() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            _ = stream.read(&mut [0; 1024]).await;
            _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
        }
    });
    format!("http://{address}/")
}

fn service(settings: &str) -> Service {
    let settings: Settings = toml::from_str(settings).unwrap();
    Service::builder(ACCOUNT, "us-east-1").http_apis(settings.apis().unwrap()).build()
}

fn arn(connection: &str) -> String {
    format!("arn:aws:events:us-east-1:{ACCOUNT}:connection/{connection}/81210c42")
}

/// The output of an HTTP task, or its error and cause.
async fn outcome(service: &Service, connection: &str, parameters: Value) -> Result<Value, (String, String)> {
    let mut all = json!({"Method": "GET", "InvocationConfig": {"ConnectionArn": arn(connection)}});
    all.as_object_mut().unwrap().extend(parameters.as_object().unwrap().clone());
    let definition = task(json!({"Resource": "arn:aws:states:::http:invoke", "Parameters": all}));
    let machine = create(service, &uuid::Uuid::new_v4().to_string(), definition, "STANDARD").await;
    let execution = run(service, &machine, "e", "{}").await;
    let text = |name: &str| execution[name].as_str().unwrap_or_default().to_owned();
    match execution["status"].as_str() {
        Some("SUCCEEDED") => Ok(serde_json::from_str(&text("output")).unwrap()),
        _ => Err((text("error"), text("cause"))),
    }
}

#[tokio::test]
async fn requests_are_made_of_the_state_and_its_connection() {
    let (api, tokens) = api().await;
    let oauth = format!(
        "{CONNECTIONS}\n[connections.OAuth]\nAuthorizationType = 'OAUTH_CLIENT_CREDENTIALS'\n\
         [connections.OAuth.AuthParameters.OAuthParameters]\nAuthorizationEndpoint = '{api}/token'\nHttpMethod = 'POST'\n\
         ClientParameters = {{ ClientID = 'id', ClientSecret = 's&t' }}\n\
         OAuthHttpParameters.BodyParameters = [{{ Key = 'audience', Value = 'a' }}]\n"
    );
    let service = service(&format!("[http-endpoints]\n'https://api.example.com' = '{api}'\n{oauth}"));

    let asked = json!({
        "ApiEndpoint": "https://api.example.com/echo?x=1", "Method": "POST", "Headers": {"x-team": "state", "x-own": 7},
        "QueryParameters": {"q": "state", "list": ["a b", "c&d"]}, "RequestBody": {"body": "state", "n": 1},
    });
    let output = outcome(&service, "Key", asked).await.unwrap();
    assert_eq!(
        output.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["Headers", "ResponseBody", "StatusCode", "StatusText"]
    );
    assert_eq!((&output["StatusCode"], &output["StatusText"]), (&json!(200), &json!("OK")));
    assert_eq!(output["Headers"]["content-type"], json!(["application/json"]));
    let seen = &output["ResponseBody"];
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["uri"], "/echo?x=1&list=a%20b&list=c%26d&q=connection");
    assert_eq!(seen["body"], r#"{"body":"connection","n":1}"#);
    for (name, value) in [
        ("x-key", "k"),
        ("x-team", "connection"),
        ("x-own", "7"),
        ("content-type", "application/json; charset=UTF-8"),
        ("user-agent", "Amazon|StepFunctions|HttpInvoke|us-east-1"),
        ("range", "bytes=0-262144"),
    ] {
        assert_eq!(seen["headers"][name], value, "{name}");
    }

    let form = json!({
        "ApiEndpoint": format!("{api}/echo"), "Method": "PUT", "RequestBody": {"a": [1, 2]},
        "Headers": {"Content-Type": "application/x-www-form-urlencoded"},
        "Transform": {"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": "REPEAT"}},
    });
    let output = outcome(&service, "Basic", form).await.unwrap();
    assert_eq!(output["ResponseBody"]["body"], "a=1&a=2");
    assert_eq!(output["ResponseBody"]["headers"]["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(output["ResponseBody"]["headers"]["authorization"], "Basic dTpw");

    for _ in 0..2 {
        let output = outcome(&service, "OAuth", json!({"ApiEndpoint": format!("{api}/echo")})).await.unwrap();
        assert_eq!(output["ResponseBody"]["headers"]["authorization"], "Bearer t1");
    }
    assert_eq!(tokens.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn every_answer_ends_in_an_output_or_the_error_that_aws_names() {
    let (api, _) = api().await;
    let service = service(CONNECTIONS);
    let body = |path: &str| {
        let asked = outcome(&service, "Basic", json!({"ApiEndpoint": format!("{api}{path}")}));
        async { asked.await.map(|output| output["ResponseBody"].clone()) }
    };
    assert_eq!(body("/text").await, Ok(json!("<p>é</p>")));
    assert_eq!(body("/none").await, Ok(json!("")));
    assert_eq!(body("/broken").await, Ok(json!("{\"a\":")));
    for (path, error, cause) in [
        ("/gone", "States.Http.StatusCode.404", "there is none"),
        ("/busy", "States.Http.StatusCode.429", "Too Many Requests"),
        ("/moved", "States.Http.StatusCode.302", "Found"),
        ("/image", "States.Runtime", "content type 'image/png'"),
        ("/binary", "States.Runtime", "content type 'application/octet-stream'"),
        ("/large", "States.DataLimitExceeded", "exceeding the maximum number of bytes"),
    ] {
        let (name, text) = body(path).await.unwrap_err();
        assert!(name == error && text.contains(cause), "{path}: {name} {text}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for endpoint in [format!("http://{nobody}/"), hangs_up().await] {
        let (error, cause) = outcome(&service, "Basic", json!({"ApiEndpoint": endpoint})).await.unwrap_err();
        assert!(error == "States.Http.Socket" && cause.contains(&endpoint), "{error} {cause}");
    }
}

#[tokio::test]
async fn what_must_not_be_sent_is_refused_and_says_why() {
    let (api, _) = api().await;
    let service = service(CONNECTIONS);
    let endpoint = format!("{api}/echo");
    for (connection, parameters, error, cause) in [
        ("Basic", json!({}), "States.Runtime", "'ApiEndpoint' is missing"),
        ("Basic", json!({"ApiEndpoint": endpoint, "Method": "TRACE"}), "States.Runtime", "'TRACE' is no Method"),
        (
            "Basic",
            json!({"ApiEndpoint": endpoint, "Headers": {"Host": "x"}}),
            "States.Runtime",
            "'Host' cannot be given",
        ),
        (
            "Basic",
            json!({"ApiEndpoint": endpoint, "Headers": {"X-Amz-Y": "x"}}),
            "States.Runtime",
            "'X-Amz-Y' cannot be given",
        ),
        ("Basic", json!({"ApiEndpoint": endpoint, "Headers": {"x": "a\nb"}}), "States.Runtime", "The header 'x'"),
        (
            "Key",
            json!({"ApiEndpoint": endpoint, "RequestBody": "text"}),
            "States.Runtime",
            "'RequestBody' is no object",
        ),
        (
            "Basic",
            json!({"ApiEndpoint": "https://api.stripe.com/v1"}),
            "States.Runtime",
            "--http-endpoint https://api.stripe.com=",
        ),
        (
            "Other",
            json!({"ApiEndpoint": endpoint}),
            "Events.ConnectionResource.ResourceNotFound",
            "[connections.Other]",
        ),
        (
            "Basic",
            json!({"ApiEndpoint": endpoint, "InvocationConfig": {}}),
            "States.Runtime",
            "'ConnectionArn' is missing",
        ),
    ] {
        let told = parameters.to_string();
        let (name, text) = outcome(&service, connection, parameters).await.unwrap_err();
        assert!(name == error && text.contains(cause), "{told}: {name} {text}");
    }
}

#[tokio::test]
async fn a_test_of_a_state_tells_the_request_and_the_response() {
    let (api, _) = api().await;
    let service = service(&format!("[http-endpoints]\n'https://api.example.com' = '{api}'\n{CONNECTIONS}"));
    let state = json!({"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": true, "Parameters": {
        "ApiEndpoint": "https://api.example.com/echo?x=1", "Method": "POST", "Headers": {"X-Team": "state", "x-own": 7},
        "QueryParameters": {"q": "state", "p": "1 2"}, "RequestBody": {"body": "state", "n": 1},
        "InvocationConfig": {"ConnectionArn": arn("Key")}}});
    let test = |state: &Value, more: Value| {
        let mut request = json!({"definition": state.to_string(), "inspectionLevel": "TRACE"});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let service = service.clone();
        async move { call(&service, "TestState", request).await.ok() }
    };

    // What a connection adds is secret, also where it replaces what the state gives.
    let answer = test(&state, json!({})).await;
    assert_eq!(answer["status"], "SUCCEEDED");
    let told = &answer["inspectionData"]["request"];
    assert_eq!((&told["protocol"], &told["method"]), (&json!("https"), &json!("POST")));
    assert_eq!(told["url"], "https://api.example.com/echo?x=1&p=1%202");
    assert_eq!(told["body"], r#"{"n":1}"#);
    assert_eq!(
        told["headers"],
        "[x-own: 7, content-type: application/json; charset=UTF-8, \
         user-agent: Amazon|StepFunctions|HttpInvoke|us-east-1, range: bytes=0-262144]"
    );
    let response = &answer["inspectionData"]["response"];
    assert_eq!((&response["statusCode"], &response["statusMessage"]), (&json!("200"), &json!("OK")));
    assert!(response["headers"].as_str().unwrap().starts_with("[content-type: application/json, "), "{response}");
    assert!(response["body"].as_str().unwrap().contains("/echo?x=1&p=1%202&q=connection"), "{response}");

    let answer = test(&state, json!({"revealSecrets": true})).await;
    let told = &answer["inspectionData"]["request"];
    assert_eq!(told["url"], "https://api.example.com/echo?x=1&p=1%202&q=connection");
    assert_eq!(told["body"], r#"{"body":"connection","n":1}"#);
    let headers = told["headers"].as_str().unwrap();
    assert!(headers.contains("x-key: k") && headers.contains("x-team: connection"), "{headers}");

    let answer = test(&state, json!({"inspectionLevel": "DEBUG"})).await;
    assert_eq!(answer["inspectionData"].get("request"), None);

    // A refusal is told, too; without an answer there is only the request.
    let mut gone = state.clone();
    gone["Parameters"]["ApiEndpoint"] = json!(format!("{api}/gone"));
    gone["Parameters"]["Method"] = json!("GET");
    let answer = test(&gone, json!({})).await;
    assert_eq!((&answer["status"], &answer["error"]), (&json!("FAILED"), &json!("States.Http.StatusCode.404")));
    assert_eq!(answer["inspectionData"]["response"]["body"], "there is none");
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    gone["Parameters"]["ApiEndpoint"] = json!(format!("http://{nobody}/"));
    let answer = test(&gone, json!({})).await;
    assert_eq!(answer["error"], "States.Http.Socket");
    assert_eq!(answer["inspectionData"]["request"]["url"], format!("http://{nobody}/?p=1%202"));
    assert_eq!(answer["inspectionData"].get("response"), None);
}

#[test]
fn connections_are_read_as_eventbridge_writes_them() {
    let read = |text: &str| toml::from_str::<Settings>(text);
    for (text, says) in [
        ("[connections.A]\nAuthorizationType = 'X'\nAuthParameters = {}", "`X` is no AuthorizationType"),
        ("[connections.A]\nAuthorizationType = 'BASIC'\nAuthParameters = {}", "goes with BasicAuthParameters"),
        (
            "[connections.A]\nAuthorizationType = 'BASIC'\nAuthParameters.BasicAuthParameters = { Username = 'u', Password = 'env:NO_SUCH_VARIABLE' }",
            "`NO_SUCH_VARIABLE` is not set",
        ),
        ("[connections.A]\nAuthParameters = {}", "AuthorizationType"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let settings = read(CONNECTIONS).unwrap();
    assert!(!format!("{settings:?}").contains("\"p\""), "secrets are not shown");
}
