//! Optimised integrations against a peer that answers as the services do.

mod support;

use asl_server::Service;
use asl_server::aws::ServiceEndpoints;
use asl_server::config::Settings;
use axum::Router;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use support::{ACCOUNT, create, run, task};
use tokio::net::TcpListener;

/// What was asked, in order.
type Asked = Arc<Mutex<Vec<(String, Value)>>>;

const JSON: &str = "application/x-amz-json-1.0";

fn json_answer(status: u16, body: &str) -> Response {
    let headers = [("content-type", JSON), ("x-amzn-requestid", "request-1"), ("x-amz-crc32", "7")];
    (StatusCode::from_u16(status).unwrap(), headers, body.to_owned()).into_response()
}

/// DynamoDB, EventBridge, SQS (JSON) and SNS (query), as far as the tests ask.
async fn services(headers: HeaderMap, body: String, asked: Asked) -> Response {
    assert!(headers["authorization"].to_str().unwrap().starts_with("AWS4-HMAC-SHA256 Credential="));
    let Some(target) = headers.get("x-amz-target").map(|target| target.to_str().unwrap().to_owned()) else {
        asked.lock().unwrap().push(("SNS".to_owned(), json!(body)));
        let (status, kind, text) = match body.contains("Gone") {
            false => (
                200,
                "",
                "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>m-1</MessageId></PublishResult><ResponseMetadata><RequestId>request-2</RequestId></ResponseMetadata></PublishResponse>",
            ),
            true => (404, "NotFound", "Topic does not exist"),
        };
        let error = format!(
            "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>{kind}</Code><Message>{text}</Message></Error><RequestId>request-3</RequestId></ErrorResponse>"
        );
        let body = if status == 200 { text.to_owned() } else { error };
        let headers = [("content-type", "text/xml"), ("x-amzn-requestid", "request-2")];
        return (StatusCode::from_u16(status).unwrap(), headers, body).into_response();
    };
    let request: Value = serde_json::from_str(&body).unwrap();
    asked.lock().unwrap().push((target.clone(), request.clone()));
    match target.rsplit('.').next().unwrap() {
        "PutItem" => json_answer(200, "{}"),
        "GetItem" => json_answer(200, r#"{"Item":{"id":{"S":"1"},"n":{"N":"2"}}}"#),
        "DeleteItem" => json_answer(
            400,
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed"}"#,
        ),
        "UpdateItem" => json_answer(
            400,
            r#"{"__type":"com.amazon.coral.validate#ValidationException","message":"Invalid UpdateExpression"}"#,
        ),
        "PutEvents" => {
            let failed = request["Entries"][0]["Source"] == "bad";
            let entry = if failed { json!({"ErrorCode": "E", "ErrorMessage": "m"}) } else { json!({"EventId": "e-1"}) };
            json_answer(200, &json!({"Entries": [entry], "FailedEntryCount": u8::from(failed)}).to_string())
        }
        "SendMessage" if request["QueueUrl"].as_str().unwrap().ends_with("none") => {
            let mut refused = json_answer(
                400,
                r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}"#,
            );
            let code = "AWS.SimpleQueueService.NonExistentQueue;Sender".parse().unwrap();
            refused.headers_mut().insert("x-amzn-query-error", code);
            refused
        }
        "SendMessage" => json_answer(200, r#"{"MD5OfMessageBody":"d","MessageId":"m-2"}"#),
        other => panic!("{other}"),
    }
}

/// Tells what it was asked.
async fn api(method: Method, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let status = match uri.path() {
        "/prod/forbidden" => {
            return (StatusCode::FORBIDDEN, r#"{"message":"Missing Authentication Token"}"#).into_response();
        }
        "/prod/created" => StatusCode::CREATED,
        _ => StatusCode::OK,
    };
    let custom: Vec<&str> = headers.get_all("custom").iter().map(|value| value.to_str().unwrap()).collect();
    let signed = headers.get("authorization").is_some_and(|text| text.to_str().unwrap().contains("/execute-api/"));
    let told =
        json!({"method": method.as_str(), "uri": uri.to_string(), "custom": custom, "signed": signed, "body": body});
    (status, [("x-amzn-requestid", "request-4")], axum::Json(told)).into_response()
}

/// A service whose AWS services and whose API are all that peer.
async fn world() -> (Service, Asked, String) {
    let asked = Asked::default();
    let seen = asked.clone();
    let answer = move |headers: HeaderMap, body: String| services(headers, body, seen.clone());
    let router = Router::new().route("/", post(answer)).route("/{stage}/{*path}", any(api));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    let apis = Settings {
        http_endpoints: [("https://abc.execute-api.us-east-1.amazonaws.com".to_owned(), url.clone())].into(),
        ..Settings::default()
    };
    let endpoints = ServiceEndpoints::new(&[("default".to_owned(), url.clone())].into()).unwrap();
    let service = Service::builder(ACCOUNT, "us-east-1").http_apis(apis.apis().unwrap()).aws(endpoints);
    (service.build(), asked, url)
}

async fn answer(service: &Service, name: &str, resource: &str, parameters: Value) -> Value {
    let fields = json!({ "Resource": format!("arn:aws:states:::{resource}"), "Parameters": parameters });
    let machine = create(service, name, task(fields), "STANDARD").await;
    let ended = run(service, &machine, "e", "{}").await;
    match ended["output"].as_str() {
        Some(output) => serde_json::from_str(output).unwrap(),
        None => json!([ended["error"], ended["cause"]]),
    }
}

#[tokio::test]
async fn dynamodb_answers_with_metadata_and_refuses_in_the_sdks_words() {
    let (service, asked, _) = world().await;
    let key = json!({ "id": { "S": "1" } });
    let got = answer(&service, "Get", "dynamodb:getItem", json!({ "TableName": "t", "Key": key })).await;
    assert_eq!(got["Item"], json!({ "id": { "S": "1" }, "n": { "N": "2" } }));
    let headers = &got["SdkHttpMetadata"]["HttpHeaders"];
    assert_eq!((&headers["Content-Type"], &headers["x-amz-crc32"]), (&json!(JSON), &json!("7")));
    assert_eq!(got["SdkHttpMetadata"]["AllHttpHeaders"]["x-amzn-RequestId"], json!(["request-1"]));
    assert_eq!(got["SdkHttpMetadata"]["HttpStatusCode"], 200);
    assert_eq!(got["SdkResponseMetadata"], json!({ "RequestId": "request-1" }));
    assert_eq!(
        asked.lock().unwrap()[0],
        ("DynamoDB_20120810.GetItem".to_owned(), json!({ "TableName": "t", "Key": key }))
    );

    let put = answer(&service, "Put", "dynamodb:putItem", json!({ "TableName": "t", "Item": key })).await;
    assert_eq!(put.as_object().unwrap().keys().collect::<Vec<_>>(), ["SdkHttpMetadata", "SdkResponseMetadata"]);
    let refused = answer(&service, "Delete", "dynamodb:deleteItem", json!({ "TableName": "t", "Key": key })).await;
    assert_eq!(
        refused,
        json!([
            "DynamoDB.ConditionalCheckFailedException",
            "The conditional request failed (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: \
             ConditionalCheckFailedException; Request ID: request-1; Proxy: null)"
        ])
    );
    let refused = answer(&service, "Update", "dynamodb:updateItem", json!({ "TableName": "t", "Key": key })).await;
    assert_eq!(refused[0], "DynamoDB.AmazonDynamoDBException", "{refused}");
}

#[tokio::test]
async fn events_tell_who_sent_them_and_fail_together() {
    let (service, asked, _) = world().await;
    let entry = json!({ "Source": "good", "DetailType": "d", "Detail": { "a": 1 }, "Resources": ["r"] });
    let sent = answer(&service, "Sent", "events:putEvents", json!({ "Entries": [entry] })).await;
    assert_eq!(sent, json!({ "Entries": [{ "EventId": "e-1" }], "FailedEntryCount": 0 }));
    let asked = asked.lock().unwrap().remove(0).1;
    let execution = format!("arn:aws:states:us-east-1:{ACCOUNT}:execution:Sent:e");
    let machine = format!("arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:Sent");
    assert_eq!(asked["Entries"][0]["Resources"], json!(["r", execution, machine]));
    assert_eq!(asked["Entries"][0]["Detail"], r#"{"a":1}"#);
    let entry = json!({ "Source": "bad", "DetailType": "d", "Detail": "{}" });
    let failed = answer(&service, "Failed", "events:putEvents", json!({ "Entries": [entry] })).await;
    assert_eq!(failed[0], "EventBridge.FailedEntry");
    let cause: Value = serde_json::from_str(failed[1].as_str().unwrap()).unwrap();
    assert_eq!(cause["Entries"][0]["ErrorCode"], "E");
}

#[tokio::test]
async fn queues_and_topics_are_where_the_user_says() {
    let (service, asked, _) = world().await;
    let send = |queue: &str| json!({ "QueueUrl": format!("http://x/1/{queue}"), "MessageBody": { "a": 1 } });
    let sent = answer(&service, "Send", "sqs:sendMessage", send("q")).await;
    assert_eq!((&sent["MessageId"], &sent["MD5OfMessageBody"]), (&json!("m-2"), &json!("d")));
    assert_eq!(asked.lock().unwrap().remove(0).1["MessageBody"], r#"{"a":1}"#);
    let refused = answer(&service, "None", "sqs:sendMessage", send("none")).await;
    let cause = "The specified queue does not exist. (Service: AmazonSQS; Status Code: 400; Error Code: \
                 AWS.SimpleQueueService.NonExistentQueue; Request ID: request-1; Proxy: null)";
    assert_eq!(refused, json!(["SQS.QueueDoesNotExistException", cause]));
    assert!(service.dispatcher().queues().messages().is_empty());

    let publish = |topic: &str| json!({ "TopicArn": format!("arn:aws:sns:us-east-1:1:{topic}"), "Message": [1] });
    let sent = answer(&service, "Publish", "sns:publish", publish("T")).await;
    assert_eq!((&sent["MessageId"], &sent["SdkHttpMetadata"]["HttpStatusCode"]), (&json!("m-1"), &json!(200)));
    let form = asked.lock().unwrap().pop().unwrap().1;
    assert!(form.as_str().unwrap().contains("Message=%5B1%5D"), "{form}");
    let refused = answer(&service, "Gone", "sns:publish", publish("Gone")).await;
    let cause = "Topic does not exist (Service: AmazonSNS; Status Code: 404; Error Code: NotFound; Request ID: request-2; Proxy: null)";
    assert_eq!(refused, json!(["SNS.NotFoundException", cause]));
    assert!(service.dispatcher().topics().messages().is_empty());
}

#[tokio::test]
async fn apis_are_called_and_their_refusals_told() {
    let (service, _, url) = world().await;
    let host = "abc.execute-api.us-east-1.amazonaws.com";
    let parameters = json!({
        "ApiEndpoint": host, "Method": "POST", "Stage": "prod", "Path": "bills/add",
        "QueryParameters": { "id": ["1", "a b"] }, "Headers": { "custom": ["x", "y"] },
        "RequestBody": { "a": null, "b": 1 },
    });
    let got = answer(&service, "Post", "apigateway:invoke", parameters).await;
    let body = &got["ResponseBody"];
    assert_eq!((&body["method"], &body["uri"]), (&json!("POST"), &json!("/prod/bills/add?id=1&id=a%20b")));
    assert_eq!(
        (&body["custom"], &body["body"], &body["signed"]),
        (&json!(["x", "y"]), &json!(r#"{"b":1}"#), &json!(false))
    );
    assert_eq!((&got["StatusCode"], &got["StatusText"]), (&json!(200), &json!("OK")));
    assert_eq!(got["Headers"]["Content-Type"], json!(["application/json"]));
    assert_eq!(got["Headers"]["x-amzn-RequestId"], json!(["request-4"]));

    let more = |name: &'static str, more: Value| {
        let mut parameters = json!({ "ApiEndpoint": url, "Method": "PUT", "Stage": "prod", "Path": "/x" });
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let service = service.clone();
        async move { answer(&service, name, "apigateway:invoke", parameters).await }
    };
    let nulls = more("Nulls", json!({ "RequestBody": { "a": null }, "AllowNullValues": true })).await;
    assert_eq!(nulls["ResponseBody"]["body"], r#"{"a":null}"#);
    let signed = more("Signed", json!({ "AuthType": "IAM_ROLE", "RequestBody": "text" })).await;
    assert_eq!((&signed["ResponseBody"]["signed"], &signed["ResponseBody"]["body"]), (&json!(true), &json!("text")));
    let created = more("Created", json!({ "Path": "created" })).await;
    assert_eq!((&created["StatusCode"], &created["StatusText"]), (&json!(201), &json!("Created")));
    let refused = more("Forbidden", json!({ "Path": "forbidden" })).await;
    assert_eq!(refused, json!(["ApiGateway.403", r#"{"message":"Missing Authentication Token"}"#]));
    for (name, wrong, says) in [
        ("Header", json!({ "Headers": { "Host": ["x"] } }), "the header 'Host' cannot be given"),
        ("Auth", json!({ "AuthType": "COGNITO" }), "'COGNITO' is no AuthType"),
        ("Method", json!({ "Method": "TRACE" }), "'TRACE' is no Method"),
        (
            "Far",
            json!({ "ApiEndpoint": "far.execute-api.us-east-1.amazonaws.com" }),
            "--http-endpoint https://far.execute-api",
        ),
        ("Format", json!({ "Headers": { "a": "b" } }), "[The value of the field 'Headers' has an invalid format]"),
    ] {
        let refused = more(name, wrong).await;
        assert_eq!(refused[0], "States.Runtime");
        assert!(refused[1].as_str().unwrap().contains(says), "{refused}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = more("Nobody", json!({ "ApiEndpoint": format!("http://{nobody}") })).await;
    assert_eq!(refused[0], "ApiGateway.SdkClientException");
}

#[tokio::test]
async fn what_is_not_configured_says_so() {
    let service = support::service();
    let key = json!({ "id": { "S": "1" } });
    let refused = answer(&service, "Get", "dynamodb:getItem", json!({ "TableName": "t", "Key": key })).await;
    assert_eq!(refused[0], "States.Runtime");
    assert!(refused[1].as_str().unwrap().contains("--aws-endpoint"), "{refused}");
}
