//! Local queues: state machines and SQS clients send to them and receive from them.

mod support;

use asl_engine::Timestamp;
use asl_engine::runtime::{Clock, VirtualClock};
use asl_server::Service;
use asl_server::http::router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};
use support::{ACCOUNT, create, run, service, start, task};
use tower::ServiceExt;

const URL: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/orders";

/// Asks as an SQS client does: the answer, or the code that SDKs tell and the message.
async fn ask(service: &Service, operation: &str, request: Value) -> Result<Value, (String, String)> {
    let request = Request::post("/")
        .header("x-amz-target", format!("AmazonSQS.{operation}"))
        .header("content-type", "application/x-amz-json-1.0")
        .header("host", "127.0.0.1:8083")
        .body(Body::from(request.to_string()))
        .unwrap();
    let response = router(service.clone()).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let code = response.headers().get("x-amzn-query-error").map(|code| code.to_str().unwrap().to_owned());
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    match code {
        None => {
            assert_eq!(status, 200, "{body}");
            Ok(body)
        }
        Some(code) => {
            assert_eq!(status, 400, "{body}");
            assert!(body["__type"].as_str().unwrap().starts_with("com.amazonaws.sqs#"), "{body}");
            let code = code.strip_suffix(";Sender").unwrap().to_owned();
            Err((code, body["message"].as_str().unwrap().to_owned()))
        }
    }
}

fn output(ended: &Value) -> Value {
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    serde_json::from_str(ended["output"].as_str().unwrap()).unwrap()
}

fn send_message(pattern: &str, parameters: Value) -> Value {
    task(json!({ "Resource": format!("arn:aws:states:::sqs:sendMessage{pattern}"), "Parameters": parameters }))
}

#[tokio::test]
async fn a_worker_receives_the_token_and_hands_it_back() {
    let service = service();
    let body = json!({ "order.$": "$.order", "token.$": "$$.Task.Token" });
    let parameters = json!({ "QueueUrl": URL, "MessageBody": body });
    let machine = create(&service, "M", send_message(".waitForTaskToken", parameters), "STANDARD").await;
    let execution = start(&service, &machine, "e", r#"{"order":7}"#).await;

    // The host of the URL does not matter, and the receiver may be there first.
    let there = json!({ "QueueUrl": "http://127.0.0.1:8083/123456789012/orders", "WaitTimeSeconds": 20 });
    ask(&service, "CreateQueue", json!({ "QueueName": "orders" })).await.unwrap();
    let received = ask(&service, "ReceiveMessage", there.clone()).await.unwrap();
    let message = &received["Messages"][0];
    let body: Value = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
    assert_eq!(body["order"], 7);
    let request = json!({ "taskToken": body["token"], "output": "\"packed\"" });
    support::call(&service, "SendTaskSuccess", request).await.ok();
    let delete = json!({ "QueueUrl": URL, "ReceiptHandle": message["ReceiptHandle"] });
    assert_eq!(ask(&service, "DeleteMessage", delete).await.unwrap(), json!({}));
    service.engine().finished(&execution).await.unwrap();
    let history = support::call(&service, "GetExecutionHistory", json!({ "executionArn": execution })).await.ok();
    let submitted = history["events"].as_array().unwrap().iter().find(|event| event["type"] == "TaskSubmitted");
    let answer = submitted.unwrap()["taskSubmittedEventDetails"]["output"].as_str().unwrap();
    let answer: Value = serde_json::from_str(answer).unwrap();
    assert_eq!(answer["MessageId"], message["MessageId"]);
    assert_eq!(answer["MD5OfMessageBody"], message["MD5OfBody"]);
    assert_eq!(answer["SdkHttpMetadata"]["HttpHeaders"]["Content-Length"], "106");
    assert!(service.dispatcher().queues().messages()["123456789012/orders"].is_empty());
}

#[tokio::test]
async fn the_integration_tells_errors_as_aws_does() {
    let service = service();
    let send = |name: &'static str, parameters: Value| {
        let service = service.clone();
        async move {
            let machine = create(&service, name, send_message("", parameters), "STANDARD").await;
            let ended = run(&service, &machine, "e", "{}").await;
            let cause = ended["cause"].as_str().unwrap_or_default().to_owned();
            (ended["error"].as_str().unwrap_or_default().to_owned(), cause)
        }
    };
    let (error, cause) = send("Empty", json!({ "QueueUrl": URL, "MessageBody": null })).await;
    assert_eq!(error, "SQS.AmazonSQSException");
    let begins = "The request must contain the parameter MessageBody. \
                  (Service: AmazonSQS; Status Code: 400; Error Code: MissingParameter; Request ID: ";
    assert!(cause.starts_with(begins) && cause.ends_with("; Proxy: null)"), "{cause}");
    let (error, cause) = send("Group", json!({ "QueueUrl": format!("{URL}.fifo"), "MessageBody": "m" })).await;
    assert_eq!(error, "SQS.AmazonSQSException");
    assert!(cause.starts_with("The request must contain the parameter MessageGroupId. "), "{cause}");
    let (error, _) = send("Address", json!({ "QueueUrl": "http://x/a b", "MessageBody": "m" })).await;
    assert_eq!(error, "SQS.InvalidAddressException");
}

#[tokio::test]
async fn state_machines_call_the_queues_operations() {
    let service = service();
    let call = |action: &'static str, parameters: Value| {
        let service = service.clone();
        async move {
            let fields =
                json!({ "Resource": format!("arn:aws:states:::aws-sdk:sqs:{action}"), "Parameters": parameters });
            let machine = create(&service, action, task(fields), "STANDARD").await;
            run(&service, &machine, &uuid(), "{}").await
        }
    };
    let refused = call("getQueueUrl", json!({ "QueueName": "orders" })).await;
    assert_eq!(refused["error"], "Sqs.QueueDoesNotExistException");
    let cause = refused["cause"].as_str().unwrap();
    assert!(cause.starts_with("The specified queue does not exist. (Service: Sqs, Status Code: 400, Request ID: "));
    assert!(cause.ends_with(") (SDK Attempt Count: 1)"), "{cause}");
    assert_eq!(output(&call("createQueue", json!({ "QueueName": "orders" })).await), json!({ "QueueUrl": URL }));
    let attributes = json!({ "a": { "DataType": "String", "StringValue": "Hello" } });
    let parameters = json!({ "QueueUrl": URL, "MessageBody": "hello", "MessageAttributes": attributes });
    let sent = output(&call("sendMessage", parameters).await);
    assert_eq!(sent["Md5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    let parameters = json!({ "QueueUrl": URL, "MessageAttributeNames": ["All"], "AttributeNames": ["All"] });
    let received = output(&call("receiveMessage", parameters).await);
    let message = &received["Messages"][0];
    assert_eq!((&message["Body"], &message["MessageAttributes"]), (&json!("hello"), &attributes));
    assert_eq!(message["Md5OfMessageAttributes"], sent["Md5OfMessageAttributes"]);
    assert_eq!(message["Attributes"]["ApproximateReceiveCount"], "1");
    let parameters = json!({ "QueueUrl": URL });
    let none = create(
        &service,
        "None",
        task(json!({ "Resource": "arn:aws:states:::aws-sdk:sqs:receiveMessage", "Parameters": parameters })),
        "STANDARD",
    );
    assert_eq!(output(&run(&service, &none.await, "e", "{}").await), json!({}), "it is in flight");
    let unknown = call("startMessageMoveTask", json!({ "SourceArn": "a" })).await;
    assert_eq!(unknown["error"], "Sqs.UnsupportedOperationException");
    assert!(unknown["cause"].as_str().unwrap().contains("operation StartMessageMoveTask"), "{unknown}");
}

fn uuid() -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("e{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

#[tokio::test]
async fn a_receiver_waits_for_the_first_message_and_no_longer_than_it_said() {
    let clock = VirtualClock::at(Timestamp::from_millis(1_767_323_045_678));
    let service = Service::builder(ACCOUNT, "us-east-1").clock(Clock::Virtual(clock.clone())).build();
    ask(&service, "CreateQueue", json!({ "QueueName": "orders" })).await.unwrap();
    let receive = |seconds: u64| {
        let request = json!({ "QueueUrl": URL, "WaitTimeSeconds": seconds });
        let service = service.clone();
        tokio::spawn(async move { ask(&service, "ReceiveMessage", request).await.unwrap() })
    };
    let began = clock.now();
    let waiting = receive(20);
    while !waiting.is_finished() {
        tokio::task::yield_now().await;
        service.engine().advance().await;
    }
    assert_eq!(waiting.await.unwrap(), json!({}));
    assert_eq!(clock.now(), began.plus_seconds(20));

    let waiting = receive(20);
    tokio::task::yield_now().await;
    ask(&service, "SendMessage", json!({ "QueueUrl": URL, "MessageBody": "late", "DelaySeconds": 5 })).await.unwrap();
    while !waiting.is_finished() {
        tokio::task::yield_now().await;
        service.engine().advance().await;
    }
    assert_eq!(waiting.await.unwrap()["Messages"][0]["Body"], "late");
    assert_eq!(clock.now(), began.plus_seconds(25));
}

#[tokio::test]
async fn queues_are_made_looked_at_and_emptied() {
    let service = service();
    let url = "http://127.0.0.1:8083/123456789012/orders";
    let attributes = json!({ "VisibilityTimeout": "5" });
    let created = ask(&service, "CreateQueue", json!({ "QueueName": "orders", "Attributes": attributes })).await;
    assert_eq!(created.unwrap(), json!({ "QueueUrl": url }));
    assert_eq!(ask(&service, "CreateQueue", json!({ "QueueName": "orders" })).await.unwrap()["QueueUrl"], url);
    let entries = json!([{ "Id": "1", "MessageBody": "a" }, { "Id": "2", "MessageBody": "" }]);
    let sent = ask(&service, "SendMessageBatch", json!({ "QueueUrl": url, "Entries": entries })).await.unwrap();
    assert_eq!((&sent["Successful"][0]["Id"], &sent["Failed"][0]["Code"]), (&json!("1"), &json!("MissingParameter")));
    let names = json!(["VisibilityTimeout", "ApproximateNumberOfMessages", "QueueArn"]);
    let told = ask(&service, "GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": names })).await.unwrap();
    let expected = json!({
        "ApproximateNumberOfMessages": "1", "QueueArn": "arn:aws:sqs:us-east-1:123456789012:orders", "VisibilityTimeout": "5",
    });
    assert_eq!(told["Attributes"], expected);
    assert_eq!(ask(&service, "ListQueues", json!({})).await.unwrap(), json!({ "QueueUrls": [url] }));
    let message = &ask(&service, "ReceiveMessage", json!({ "QueueUrl": url })).await.unwrap()["Messages"][0];
    let back = json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0 });
    ask(&service, "ChangeMessageVisibility", back).await.unwrap();
    ask(&service, "PurgeQueue", json!({ "QueueUrl": url })).await.unwrap();
    assert_eq!(ask(&service, "ReceiveMessage", json!({ "QueueUrl": url })).await.unwrap(), json!({}));
    ask(&service, "DeleteQueue", json!({ "QueueUrl": url })).await.unwrap();
    assert_eq!(ask(&service, "ListQueues", json!({})).await.unwrap(), json!({}));
}

#[tokio::test]
async fn what_sqs_refuses_is_refused() {
    let service = service();
    let url = "http://127.0.0.1:8083/123456789012/orders";
    ask(&service, "CreateQueue", json!({ "QueueName": "orders", "Attributes": { "MaximumMessageSize": "1024" } }))
        .await
        .unwrap();
    ask(&service, "CreateQueue", json!({ "QueueName": "f.fifo", "Attributes": { "FifoQueue": "true" } }))
        .await
        .unwrap();
    let fifo = "http://127.0.0.1:8083/123456789012/f.fifo";
    let ten = "Must be between 1 and 10, if provided.";
    for (operation, request, code, says) in [
        ("SendMessage", json!({ "MessageBody": "m" }), "MissingParameter", "parameter QueueUrl."),
        ("SendMessage", json!({ "QueueUrl": url }), "MissingParameter", "parameter MessageBody."),
        (
            "SendMessage",
            json!({ "QueueUrl": url, "MessageBody": "m".repeat(1_025) }),
            "InvalidParameterValue",
            "1024 bytes",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": url, "MessageBody": "m", "DelaySeconds": 901 }),
            "InvalidParameterValue",
            "between 0 and 900",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": url, "MessageBody": "m", "Colour": "red" }),
            "SerializationException",
            "unknown field `Colour`",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": url, "MessageBody": "m", "MessageAttributes": { "a": { "DataType": "Colour" } } }),
            "InvalidParameterValue",
            "type prefixes",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": url, "MessageBody": "m", "MessageAttributes": { "a": { "DataType": "String" } } }),
            "InvalidParameterValue",
            "'a' must contain a non-empty",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": fifo, "MessageBody": "m", "MessageGroupId": "g" }),
            "InvalidParameterValue",
            "ContentBasedDeduplication",
        ),
        ("ReceiveMessage", json!({ "QueueUrl": url, "MaxNumberOfMessages": 11 }), "InvalidParameterValue", ten),
        (
            "ReceiveMessage",
            json!({ "QueueUrl": url, "WaitTimeSeconds": 21 }),
            "InvalidParameterValue",
            ">= 0 and <= 20",
        ),
        (
            "ReceiveMessage",
            json!({ "QueueUrl": format!("{url}2") }),
            "AWS.SimpleQueueService.NonExistentQueue",
            "The specified queue does not exist.",
        ),
        (
            "DeleteMessage",
            json!({ "QueueUrl": url, "ReceiptHandle": "x" }),
            "ReceiptHandleIsInvalid",
            "receipt handle is invalid",
        ),
        (
            "SendMessageBatch",
            json!({ "QueueUrl": url, "Entries": [] }),
            "AWS.SimpleQueueService.EmptyBatchRequest",
            "at least one entry",
        ),
        (
            "SendMessageBatch",
            json!({ "QueueUrl": url, "Entries": [{ "Id": "1" }, { "Id": "1" }] }),
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            "Id 1 repeated",
        ),
        ("CreateQueue", json!({ "QueueName": "a b" }), "InvalidParameterValue", "alphanumeric"),
        (
            "CreateQueue",
            json!({ "QueueName": "orders", "Attributes": { "VisibilityTimeout": "31" } }),
            "QueueAlreadyExists",
            "attribute VisibilityTimeout",
        ),
        (
            "CreateQueue",
            json!({ "QueueName": "d", "Attributes": { "RedrivePolicy": "{}" } }),
            "AWS.SimpleQueueService.UnsupportedOperation",
            "dead-letter queues",
        ),
        (
            "SetQueueAttributes",
            json!({ "QueueUrl": url, "Attributes": { "VisibilityTimeout": "x" } }),
            "InvalidAttributeValue",
            "VisibilityTimeout",
        ),
        (
            "GetQueueAttributes",
            json!({ "QueueUrl": url, "AttributeNames": ["Colour"] }),
            "InvalidAttributeName",
            "Unknown Attribute Colour.",
        ),
        (
            "AddPermission",
            json!({ "QueueUrl": url }),
            "AWS.SimpleQueueService.UnsupportedOperation",
            "operation AddPermission",
        ),
    ] {
        let (told, message) = ask(&service, operation, request.clone()).await.unwrap_err();
        assert_eq!(told, code, "{operation} {request:.200}");
        assert!(message.contains(says), "{operation}: {message}");
    }
}
