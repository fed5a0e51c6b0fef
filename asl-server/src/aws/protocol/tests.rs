//! What requests of AWS's services look like, and what their answers mean.

use super::{ParameterError, WireAnswer, answer, request};
use crate::aws::model::Model;
use asl_engine::Value;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

const TOKEN: &str = "d9428888-122b-11e1-b85c-61cd3cbb3210";

fn parse(json: &str) -> Value {
    Value::parse(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn call(service: &str, action: &str, parameters: &str) -> Result<super::WireRequest, ParameterError> {
    let model = Model::of(service).unwrap();
    request(model, &model.operation(action).unwrap(), &parse(parameters), TOKEN)
}

/// `METHOD PATH [host=PREFIX] [NAME: VALUE]… BODY`, the headers sorted.
fn written(service: &str, action: &str, parameters: &str) -> String {
    let request = call(service, action, parameters).unwrap_or_else(|error| panic!("{service} {action}: {error}"));
    let mut headers: Vec<_> =
        request.headers.iter().map(|(name, value)| format!("[{name}: {}]", value.to_str().unwrap())).collect();
    headers.sort();
    let host = request.host_prefix.map(|prefix| format!("host={prefix} ")).unwrap_or_default();
    let body = String::from_utf8(request.body).unwrap();
    format!("{} {} {host}{} {body}", request.method, request.path_and_query, headers.join(" ")).trim_end().to_owned()
}

fn read(service: &str, action: &str, status: u16, headers: &[(&str, &str)], body: &str) -> String {
    let model = Model::of(service).unwrap();
    let header = |(name, value): &(&str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
    };
    let headers: HeaderMap = headers.iter().map(header).collect();
    match answer(model, &model.operation(action).unwrap(), &WireAnswer { status, headers, body: body.into() }) {
        Ok(Ok(result)) => result.to_json(),
        Ok(Err(refusal)) => {
            format!("{} {} {}", refusal.code, refusal.shape.as_deref().unwrap_or("-"), refusal.message)
        }
        Err(unreadable) => unreadable.to_string(),
    }
}

#[test]
fn requests_are_as_the_services_take_them() {
    for (service, action, parameters, expected) in [
        // JSON
        (
            "dynamodb",
            "putItem",
            r#"{"TableName":"t","Item":{"id":{"S":"1"},"on":{"Bool":true},"none":{"Nul":true},"raw":{"B":"hi"},"set":{"Ss":["a"]}}}"#,
            "POST / [content-type: application/x-amz-json-1.0] [x-amz-target: DynamoDB_20120810.PutItem] \
             {\"TableName\":\"t\",\"Item\":{\"id\":{\"S\":\"1\"},\"on\":{\"BOOL\":true},\"none\":{\"NULL\":true},\
             \"raw\":{\"B\":\"aGk=\"},\"set\":{\"SS\":[\"a\"]}}}",
        ),
        (
            "ecs",
            "stopTask",
            r#"{"Cluster":"c","Task":"t","Reason":null}"#,
            "POST / [content-type: application/x-amz-json-1.1] [x-amz-target: AmazonEC2ContainerServiceV20141113.StopTask] \
             {\"cluster\":\"c\",\"task\":\"t\"}",
        ),
        (
            "secretsmanager",
            "createSecret",
            r#"{"Name":"n"}"#,
            "POST / [content-type: application/x-amz-json-1.1] [x-amz-target: secretsmanager.CreateSecret] \
             {\"Name\":\"n\",\"ClientRequestToken\":\"d9428888-122b-11e1-b85c-61cd3cbb3210\"}",
        ),
        (
            "sqs",
            "deleteMessage",
            r#"{"QueueUrl":"u","ReceiptHandle":"r"}"#,
            "POST / [content-type: application/x-amz-json-1.0] [x-amz-target: AmazonSQS.DeleteMessage] \
             [x-amzn-query-mode: true] {\"QueueUrl\":\"u\",\"ReceiptHandle\":\"r\"}",
        ),
        (
            "cloudwatchlogs",
            "putLogEvents",
            r#"{"LogGroupName":"g","LogStreamName":"s","LogEvents":[{"Timestamp":1,"Message":"m"}]}"#,
            "POST / [content-type: application/x-amz-json-1.1] [x-amz-target: Logs_20140328.PutLogEvents] \
             {\"logGroupName\":\"g\",\"logStreamName\":\"s\",\"logEvents\":[{\"timestamp\":1,\"message\":\"m\"}]}",
        ),
        (
            "eventbridge",
            "putEvents",
            r#"{"Entries":[{"Time":"2026-01-31T12:00:00.5Z","Source":"s"}]}"#,
            "POST / [content-type: application/x-amz-json-1.1] [x-amz-target: AWSEvents.PutEvents] \
             {\"Entries\":[{\"Time\":1769860800.5,\"Source\":\"s\"}]}",
        ),
        // Query
        (
            "sns",
            "publish",
            r#"{"TopicArn":"a:b","Message":"1 & 2","MessageAttributes":{"k":{"DataType":"String","StringValue":"v"}}}"#,
            "POST / [content-type: application/x-www-form-urlencoded; charset=utf-8] \
             Action=Publish&Version=2010-03-31&TopicArn=a%3Ab&Message=1%20%26%202&MessageAttributes.entry.1.Name=k&\
             MessageAttributes.entry.1.Value.DataType=String&MessageAttributes.entry.1.Value.StringValue=v",
        ),
        (
            "rds",
            "createDBInstance",
            r#"{"DbInstanceIdentifier":"d","VpcSecurityGroupIds":["a","b"],"MultiAZ":false,"DbSecurityGroups":[]}"#,
            "POST / [content-type: application/x-www-form-urlencoded; charset=utf-8] \
             Action=CreateDBInstance&Version=2014-10-31&DBInstanceIdentifier=d&\
             VpcSecurityGroupIds.VpcSecurityGroupId.1=a&VpcSecurityGroupIds.VpcSecurityGroupId.2=b&MultiAZ=false&\
             DBSecurityGroups=",
        ),
        // EC2
        (
            "ec2",
            "describeInstances",
            r#"{"InstanceIds":["i-1"],"Filters":[{"Name":"n","Values":["a","b"]}],"MaxResults":5,"DryRun":true}"#,
            "POST / [content-type: application/x-www-form-urlencoded; charset=utf-8] \
             Action=DescribeInstances&Version=2016-11-15&InstanceId.1=i-1&Filter.1.Name=n&Filter.1.Value.1=a&\
             Filter.1.Value.2=b&MaxResults=5&DryRun=true",
        ),
        // REST with JSON
        (
            "lambda",
            "invoke",
            r#"{"FunctionName":"a/b","InvocationType":"Event","Qualifier":"1","Payload":{"a":1}}"#,
            "POST /2015-03-31/functions/a%2Fb/invocations?Qualifier=1 [content-type: application/octet-stream] \
             [x-amz-invocation-type: Event] {\"a\":1}",
        ),
        ("lambda", "listFunctions", r#"{"MaxItems":3}"#, "GET /2015-03-31/functions?MaxItems=3"),
        (
            "batch",
            "submitJob",
            r#"{"JobName":"j","JobQueue":"q","Tags":{"K":"v"}}"#,
            "POST /v1/submitjob [content-type: application/json] {\"jobName\":\"j\",\"jobQueue\":\"q\",\"tags\":{\"K\":\"v\"}}",
        ),
        (
            "iot",
            "tagResource",
            r#"{"ResourceArn":"r","Tags":[{"Key":"k"}]}"#,
            "POST /tags [content-type: application/json] {\"resourceArn\":\"r\",\"tags\":[{\"Key\":\"k\"}]}",
        ),
        ("apigateway", "getRestApis", r#"{"Limit":1}"#, "GET /restapis?limit=1 [accept: application/json]"),
        (
            "s3control",
            "getJobTagging",
            r#"{"AccountId":"123","JobId":"j"}"#,
            "GET /v20180820/jobs/j/tagging host=123. [x-amz-account-id: 123]",
        ),
        // REST with XML
        (
            "s3",
            "putObject",
            r#"{"Bucket":"b","Key":"a b/c","Body":"text data","Metadata":{"x":"1"},"Acl":"private"}"#,
            "PUT /b/a%20b/c [x-amz-acl: private] [x-amz-checksum-crc32: KUmHvQ==] [x-amz-meta-x: 1] \
             [x-amz-sdk-checksum-algorithm: CRC32] \"text data\"",
        ),
        (
            "s3",
            "putObject",
            r#"{"Bucket":"b","Key":"k","Body":{"Dict":"Value"},"ChecksumAlgorithm":"SHA256"}"#,
            "PUT /b/k [x-amz-checksum-sha256: JjvCknO2ur55Pke9C2zF7Qhaz3YuhR0IJPdq/3SVbMQ=] \
             [x-amz-sdk-checksum-algorithm: SHA256] {\"Dict\":\"Value\"}",
        ),
        (
            "s3",
            "listObjectsV2",
            r#"{"Bucket":"b","Prefix":"p/","MaxKeys":2}"#,
            "GET /b?list-type=2&prefix=p%2F&max-keys=2",
        ),
        (
            "s3",
            "deleteObjects",
            r#"{"Bucket":"b","Delete":{"Objects":[{"Key":"<a>"},{"Key":"b"}],"Quiet":true}}"#,
            "POST /b?delete [content-type: application/xml] [x-amz-checksum-crc32: 9gRS9Q==] \
             [x-amz-sdk-checksum-algorithm: CRC32] <Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object>\
             <Key>&lt;a&gt;</Key></Object><Object><Key>b</Key></Object><Quiet>true</Quiet></Delete>",
        ),
        (
            "route53",
            "createHostedZone",
            r#"{"Name":"example.com","CallerReference":"c"}"#,
            "POST /2013-04-01/hostedzone [content-type: application/xml] <CreateHostedZoneRequest \
             xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Name>example.com</Name>\
             <CallerReference>c</CallerReference></CreateHostedZoneRequest>",
        ),
        ("route53", "getHostedZone", r#"{"Id":"/hostedzone/Z1"}"#, "GET /2013-04-01/hostedzone/Z1"),
    ] {
        assert_eq!(written(service, action, parameters), expected, "{service} {action}");
    }
}

#[test]
fn wrong_parameters_are_named() {
    for (service, action, parameters, expected) in [
        ("dynamodb", "putItem", "[]", "The parameters must be an object"),
        ("dynamodb", "putItem", r#"{"TableName":1}"#, "The field 'TableName' must be a string"),
        ("dynamodb", "putItem", r#"{"tableName":"t"}"#, r#"The field "tableName" is not supported by Step Functions"#),
        ("dynamodb", "putItem", r#"{"X":1}"#, r#"The field "X" is not supported by Step Functions"#),
        // Seen in reports of users.
        (
            "batch",
            "submitJob",
            r#"{"RetryStrategy":{"EvaluateOnExit":[{"onStatusReason":"*"}]}}"#,
            r#"The field "onStatusReason" is not supported by Step Functions"#,
        ),
        ("dynamodb", "putItem", r#"{"Item":{"id":{"S":1}}}"#, "The field 'Item.id.S' must be a string"),
        ("dynamodb", "putItem", r#"{"Item":[]}"#, "The field 'Item' must be an object"),
        (
            "sns",
            "publishBatch",
            r#"{"PublishBatchRequestEntries":{}}"#,
            "The field 'PublishBatchRequestEntries' must be an array",
        ),
        (
            "eventbridge",
            "putEvents",
            r#"{"Entries":[{},{"Time":"noon"}]}"#,
            "The field 'Entries[1].Time' must be a time such as 2026-01-31T12:00:00Z",
        ),
        ("lambda", "listFunctions", r#"{"MaxItems":1.5}"#, "The field 'MaxItems' must be an integer"),
        ("ec2", "describeInstances", r#"{"DryRun":"true"}"#, "The field 'DryRun' must be a boolean"),
        ("s3", "getObject", r#"{"Bucket":"b"}"#, "The field 'Key' is required but was missing"),
        ("s3", "getObject", r#"{"Bucket":"","Key":"k"}"#, "The field 'Bucket' must not be empty"),
        (
            "s3",
            "getObject",
            r#"{"Bucket":"b","Key":"../c/k"}"#,
            "The field 'Key' must not have '.' or '..' between slashes",
        ),
        (
            "s3",
            "headObject",
            "{\"Bucket\":\"b\",\"Key\":\"k\",\"IfMatch\":\"a\\r\\nx: y\"}",
            "The field 'IfMatch' has characters that a header cannot have",
        ),
        (
            "s3control",
            "getJobTagging",
            r#"{"AccountId":"a/b","JobId":"j"}"#,
            "The field 'AccountId' must be a part of a host's name: letters, digits, '-' and '.'",
        ),
        (
            "s3",
            "putObject",
            r#"{"Bucket":"b","Key":"k","ChecksumAlgorithm":"MD4"}"#,
            "The field 'ChecksumAlgorithm' must be one of CRC32, CRC32C, CRC64NVME, SHA1 and SHA256",
        ),
        (
            "kinesis",
            "subscribeToShard",
            "{}",
            "SubscribeToShard takes or answers a stream of events, which a state machine cannot hold",
        ),
    ] {
        assert_eq!(
            call(service, action, parameters).unwrap_err().to_string(),
            expected,
            "{service} {action} {parameters}"
        );
    }
}

#[test]
fn results_are_in_step_functions_spelling() {
    for (service, action, headers, body, expected) in [
        // JSON
        (
            "dynamodb",
            "getItem",
            &[][..],
            r#"{"Item":{"on":{"BOOL":true},"raw":{"B":"aGk="},"bin":{"B":"/w=="},"none":{"NULL":true}},"New":1}"#,
            r#"{"Item":{"on":{"Bool":true},"raw":{"B":"hi"},"bin":{"B":"/w=="},"none":{"Nul":true}}}"#,
        ),
        (
            "sqs",
            "receiveMessage",
            &[],
            r#"{"Messages":[{"MD5OfBody":"m","Body":"b"}]}"#,
            r#"{"Messages":[{"Md5OfBody":"m","Body":"b"}]}"#,
        ),
        (
            "ecs",
            "describeClusters",
            &[],
            r#"{"clusters":[{"clusterName":"c"}],"failures":null}"#,
            r#"{"Clusters":[{"ClusterName":"c"}]}"#,
        ),
        (
            "secretsmanager",
            "describeSecret",
            &[],
            r#"{"CreatedDate":1523477145.713,"LastChangedDate":1523477145}"#,
            r#"{"LastChangedDate":"2018-04-11T20:05:45Z","CreatedDate":"2018-04-11T20:05:45.713Z"}"#,
        ),
        ("dynamodb", "tagResource", &[], "", "{}"),
        // Query
        (
            "sns",
            "publish",
            &[],
            "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>m</MessageId>\
             </PublishResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishResponse>",
            r#"{"MessageId":"m"}"#,
        ),
        (
            "rds",
            "describeDBInstances",
            &[],
            "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance><DBName>n</DBName>\
             <MultiAZ>false</MultiAZ><AllocatedStorage>20</AllocatedStorage></DBInstance></DBInstances>\
             </DescribeDBInstancesResult></DescribeDBInstancesResponse>",
            r#"{"DbInstances":[{"DbName":"n","AllocatedStorage":20,"MultiAZ":false}]}"#,
        ),
        // EC2
        (
            "ec2",
            "describeInstances",
            &[],
            "<DescribeInstancesResponse><requestId>r</requestId><reservationSet><item><instancesSet><item>\
             <instanceId>i-1</instanceId><launchTime>2026-01-31T12:00:00.000Z</launchTime><ebsOptimized>true</ebsOptimized>\
             </item></instancesSet></item></reservationSet></DescribeInstancesResponse>",
            r#"{"Reservations":[{"Instances":[{"EbsOptimized":true,"InstanceId":"i-1","LaunchTime":"2026-01-31T12:00:00Z"}]}]}"#,
        ),
        // REST with JSON
        (
            "lambda",
            "invoke",
            &[("X-Amz-Function-Error", "Unhandled"), ("x-amz-executed-version", "$LATEST")],
            r#"{"a":1}"#,
            r#"{"StatusCode":200,"FunctionError":"Unhandled","ExecutedVersion":"$LATEST","Payload":"{\"a\":1}"}"#,
        ),
        (
            "batch",
            "submitJob",
            &[],
            r#"{"jobArn":"a","jobId":"i","jobName":"n"}"#,
            r#"{"JobArn":"a","JobName":"n","JobId":"i"}"#,
        ),
        // REST with XML
        (
            "s3",
            "getObject",
            &[
                ("accept-ranges", "bytes"),
                ("last-modified", "Thu, 06 Nov 2025 12:22:00 GMT"),
                ("content-length", "11"),
                ("etag", "\"e1a4\""),
                ("content-type", "binary/octet-stream"),
                ("x-amz-meta-a", "b"),
            ],
            "binary data",
            r#"{"AcceptRanges":"bytes","LastModified":"2025-11-06T12:22:00Z","ContentLength":11,"ETag":"\"e1a4\"","ContentType":"binary/octet-stream","Metadata":{"a":"b"},"Body":"binary data"}"#,
        ),
        (
            "s3",
            "listObjectsV2",
            &[],
            "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>false\
             </IsTruncated><Contents><Key>a &amp; b</Key><Size>3</Size></Contents><Contents><Key>c</Key></Contents>\
             <CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListBucketResult>",
            r#"{"IsTruncated":false,"Contents":[{"Key":"a & b","Size":3},{"Key":"c"}],"CommonPrefixes":[{"Prefix":"p/"}]}"#,
        ),
        (
            "route53",
            "getChange",
            &[],
            "<GetChangeResponse><ChangeInfo><Id>/change/C1</Id><Status>INSYNC</Status></ChangeInfo></GetChangeResponse>",
            r#"{"ChangeInfo":{"Id":"C1","Status":"INSYNC"}}"#,
        ),
        (
            "s3",
            "getBucketLocation",
            &[],
            "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">eu-west-1</LocationConstraint>",
            r#"{"LocationConstraint":"eu-west-1"}"#,
        ),
        (
            "s3",
            "getBucketAcl",
            &[],
            "<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xsi:type=\"CanonicalUser\"><ID>i</ID></Grantee></Grant></AccessControlList></AccessControlPolicy>",
            r#"{"Grants":[{"Grantee":{"Id":"i","Type":"CanonicalUser"}}]}"#,
        ),
    ] {
        assert_eq!(read(service, action, 200, headers, body), expected, "{service} {action}");
    }
}

#[test]
fn optimised_integrations_have_the_services_own_spelling() {
    let model = Model::of("sqs").unwrap();
    let operation = model.operation("sendMessage").unwrap().with_own_names();
    let body = br#"{"MD5OfMessageBody":"m","MessageId":"i"}"#.to_vec();
    let result = answer(model, &operation, &WireAnswer { status: 200, headers: HeaderMap::new(), body });
    assert_eq!(result.unwrap().unwrap().to_json(), r#"{"MD5OfMessageBody":"m","MessageId":"i"}"#);
    // Parameters are known in both spellings.
    let item = r#"{"TableName":"t","Item":{"a":{"BOOL":true}}}"#;
    assert!(written("dynamodb", "putItem", item).ends_with(item));
}

#[test]
fn refusals_have_code_error_and_message() {
    for (service, action, status, headers, body, expected) in [
        (
            "dynamodb",
            "putItem",
            400,
            &[][..],
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"gone"}"#,
            "ResourceNotFoundException ResourceNotFoundException gone",
        ),
        (
            "dynamodb",
            "putItem",
            400,
            &[],
            r#"{"__type":"com.amazon.coral.validate#ValidationException","Message":"bad"}"#,
            "ValidationException - bad",
        ),
        (
            "sqs",
            "sendMessage",
            400,
            &[("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender")],
            r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no queue"}"#,
            "AWS.SimpleQueueService.NonExistentQueue QueueDoesNotExistException no queue",
        ),
        (
            "lambda",
            "invoke",
            404,
            &[("x-amzn-errortype", "ResourceNotFoundException:http://internal.amazon.com/coral/")],
            r#"{"Type":"User","Message":"no function"}"#,
            "ResourceNotFoundException ResourceNotFoundException no function",
        ),
        (
            "rds",
            "describeDBInstances",
            404,
            &[],
            "<ErrorResponse><Error><Type>Sender</Type><Code>DBInstanceNotFound</Code><Message>no db</Message></Error>\
             <RequestId>r</RequestId></ErrorResponse>",
            "DBInstanceNotFound DbInstanceNotFoundException no db",
        ),
        (
            "ec2",
            "describeInstances",
            400,
            &[],
            "<Response><Errors><Error><Code>InvalidInstanceID.Malformed</Code><Message>bad id</Message></Error></Errors>\
             <RequestID>r</RequestID></Response>",
            "InvalidInstanceID.Malformed - bad id",
        ),
        (
            "s3",
            "getObject",
            404,
            &[],
            "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>no key</Message></Error>",
            "NoSuchKey NoSuchKeyException no key",
        ),
        (
            "s3",
            "copyObject",
            200,
            &[],
            "<?xml version=\"1.0\"?>\n\n<Error><Code>InternalError</Code><Message>again</Message></Error>",
            "InternalError - again",
        ),
        ("s3", "headObject", 404, &[], "", "NoSuchKey NoSuchKeyException "),
        ("s3", "headBucket", 404, &[], "", "NoSuchBucket NoSuchBucketException "),
        ("s3", "headObject", 403, &[], "", "403 - "),
        ("dynamodb", "putItem", 503, &[], "<html>Service Unavailable</html>", "503 - "),
        ("rds", "describeDBInstances", 502, &[], "Bad Gateway", "502 - "),
    ] {
        assert_eq!(read(service, action, status, headers, body), expected, "{service} {action}");
    }
}

#[test]
fn answers_of_something_else_are_unreadable() {
    let deep = format!(r#"{{"Item":{{"a":{}{}}}}}"#, r#"{"L":["#.repeat(150), "]}".repeat(150));
    for (service, action, body, expected) in [
        ("dynamodb", "getItem", "<html>", "the answer cannot be read: it is not JSON"),
        ("dynamodb", "getItem", &deep, "the answer cannot be read: it "),
        ("rds", "describeDBInstances", "{}", "the answer cannot be read: it is not XML"),
        (
            "rds",
            "describeDBInstances",
            "<html/>",
            "the answer cannot be read: it has no element DescribeDBInstancesResult",
        ),
        (
            "rds",
            "describeDBInstances",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
            "the answer cannot be read: it is not XML",
        ),
        ("lambda", "getFunction", "[1]", "the answer cannot be read: it is not a JSON object"),
    ] {
        let got = read(service, action, 200, &[], body);
        assert!(got.starts_with(expected), "{service} {action}: {got}");
    }
}

/// One operation of each protocol, whose shapes recur or have every kind of member.
const VARIED: [(&str, &str); 7] = [
    ("dynamodb", "putItem"),
    ("sqs", "receiveMessage"),
    ("rds", "describeDBInstances"),
    ("ec2", "describeInstances"),
    ("lambda", "invoke"),
    ("s3", "getObject"),
    ("s3", "listObjectsV2"),
];

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,6}", inner), 0..4).prop_map(|members| {
                Value::from(
                    members
                        .into_iter()
                        .map(|(name, value)| (name.into(), value))
                        .collect::<asl_engine::value::Object>(),
                )
            }),
        ]
    })
}

/// An attribute of a DynamoDB item, nested.
fn attribute() -> impl Strategy<Value = Value> {
    let one = |name: &'static str, value: Value| {
        Value::from([(name.into(), value)].into_iter().collect::<asl_engine::value::Object>())
    };
    let leaf = prop_oneof![
        ".{0,12}".prop_map(move |text| one("S", Value::from(text))),
        any::<bool>().prop_map(move |on| one("Bool", Value::from(on))),
        ".{0,12}".prop_map(move |text| one("B", Value::from(text))),
    ];
    leaf.prop_recursive(6, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(move |items| one("L", Value::from(items))),
            prop::collection::vec((".{1,6}", inner), 0..5).prop_map(move |members| {
                let map: asl_engine::value::Object =
                    members.into_iter().map(|(name, value)| (name.into(), value)).collect();
                one("M", Value::from(map))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_in_json_is_read_again(item in prop::collection::vec((".{1,6}", attribute()), 0..5)) {
        let item: asl_engine::value::Object = item.into_iter().map(|(name, value)| (name.into(), value)).collect();
        let parameters: asl_engine::value::Object =
            [("TableName".into(), Value::from("t")), ("Item".into(), Value::from(item.clone()))].into_iter().collect();
        let model = Model::of("dynamodb").unwrap();
        let written = request(model, &model.operation("putItem").unwrap(), &Value::from(parameters), TOKEN).unwrap();
        // `getItem` answers an item as `putItem` takes it.
        let answered = WireAnswer { status: 200, headers: HeaderMap::new(), body: written.body };
        let read = answer(model, &model.operation("getItem").unwrap(), &answered).unwrap().unwrap();
        prop_assert_eq!(read.get("Item"), Some(&Value::from(item)));
    }

    #[test]
    fn no_parameters_and_no_answer_panic(
        parameters in any_value(),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        text in "[<>/a-zA-Z{}\\[\\]\":,&;= 0-9]{0,60}",
        status in 200_u16..600,
    ) {
        for (service, action) in VARIED {
            let model = Model::of(service).unwrap();
            let operation = model.operation(action).unwrap();
            _ = request(model, &operation, &parameters, TOKEN);
            for body in [bytes.clone(), text.clone().into_bytes()] {
                let header = HeaderValue::from_bytes(&bytes).unwrap_or_else(|_| HeaderValue::from_static("-"));
                let headers = ["x-amzn-errortype", "last-modified", "x-amz-meta-a", "content-length"]
                    .map(|name| (HeaderName::from_static(name), header.clone()));
                _ = answer(model, &operation, &WireAnswer { status, headers: HeaderMap::from_iter(headers), body });
            }
        }
    }
}
