#!/usr/bin/env python3
"""End to end with AWS's services: Task states call a real implementation of them, `moto_server`, on this machine.

    .ci/services.py --asl target/release/asl

Each check runs a state machine and looks with boto3 at what it did. Needs boto3 and `moto[server]` in the Python that runs it.
Prints a line a check; the last line is `N passed, N failed`.
"""
import argparse
import datetime
import ipaddress
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import jobs
from e2e import ROLE, check, until_ended

REGION = "us-east-1"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


class Process:
    """A program that tells its URL when it is ready, and is ended with `end`."""

    def __init__(self, name, command, log, environment, ready):
        self.name, self.log = name, log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            told = log.read_text(errors="replace")
            # A line that has not been written whole is looked at again.
            url = re.search(r"https?://[\w.:]+(?=\s)", told)
            if url and re.search(ready, told):
                self.url = url[0]
                return
            time.sleep(0.05)
        self.end()
        sys.exit("%s did not start:\n%s" % (name, log.read_text(errors="replace")))

    def end(self):
        self.process.terminate()
        try:
            return self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class World:
    """A server, and AWS's services as its tasks see them."""

    def __init__(self, asl, aws):
        self.asl, self.aws_url = asl, aws
        config = Config(inject_host_prefix=False, retries={"max_attempts": 0}, read_timeout=60)
        self.states = boto3.client("stepfunctions", endpoint_url=asl, region_name=REGION, config=config, **KEYS)

    def aws(self, service):
        """boto3's client of a service."""
        path_style = Config(s3={"addressing_style": "path"}, inject_host_prefix=False)
        return boto3.client(service, endpoint_url=self.aws_url, region_name=REGION, config=path_style, **KEYS)

    def run(self, definition, input=None):
        """Runs a definition to its end; returns what DescribeExecution tells."""
        name = "m-%s" % uuid.uuid4()
        machine = self.states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
        arn = self.states.start_execution(
            stateMachineArn=machine["stateMachineArn"], input=json.dumps(input or {})
        )["executionArn"]
        return until_ended(lambda: self.states.describe_execution(executionArn=arn))

    def result(self, definition, input=None):
        """The output of a definition that succeeds; of another one its error and cause, which no check expects."""
        ended = self.run(definition, input)
        return json.loads(ended["output"]) if "output" in ended else (ended.get("error"), ended.get("cause"))

    def call(self, resource, parameters):
        """The result of one task."""
        return self.result(task(resource, parameters))

    def caught(self, resource, parameters, error):
        """The cause of one task's error, which the Catcher of that name has caught."""
        catcher = {"ErrorEquals": [error], "Next": "Caught"}
        definition = task(resource, parameters, Catch=[catcher])
        definition["States"]["Caught"] = {"Type": "Pass", "End": True}
        output = self.result(definition)
        return output.get("Cause") if isinstance(output, dict) and output.get("Error") == error else output


def task(resource, parameters, **more):
    state = {"Type": "Task", "Resource": "arn:aws:states:::" + resource, "Parameters": parameters, "End": True}
    return {"StartAt": "T", "States": {"T": {**state, **more}}}


def cause_is(name, cause, message, service, status):
    """A cause tells the service's message, and of which request it was the answer."""
    pattern = r"%s \(Service: %s, Status Code: %d, Request ID: \S+?(, Extended Request ID: \S+)?\) \(SDK Attempt Count: 1\)"
    found = re.fullmatch(pattern % (message, service, status), cause) if isinstance(cause, str) else None
    check(name, bool(found) or cause)


def sqs(world):
    url = world.aws("sqs").create_queue(QueueName="orders")["QueueUrl"]
    sent = world.call("aws-sdk:sqs:sendMessage", {"QueueUrl": url, "MessageBody": "a parcel"})
    received = world.call("aws-sdk:sqs:receiveMessage", {"QueueUrl": url})
    message = received["Messages"][0]
    check("sqs: what is sent is received", (message["Body"], message["MessageId"]), ("a parcel", sent["MessageId"]))
    deleted = world.call("aws-sdk:sqs:deleteMessage", {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]})
    check("sqs: an answer without members is {}", deleted, {})
    cause = world.caught(
        "aws-sdk:sqs:sendMessage", {"QueueUrl": url + "x", "MessageBody": "b"}, "Sqs.QueueDoesNotExistException"
    )
    cause_is("sqs: an error is caught by its modelled name", cause, "The specified queue does not exist.*", "Sqs", 400)


def sqs_callback(world):
    """A worker takes the token out of the queue and gives it back."""
    client = world.aws("sqs")
    url = client.create_queue(QueueName="callbacks")["QueueUrl"]
    body = {"QueueUrl": url, "MessageBody.$": "$$.Task.Token"}
    definition = task("aws-sdk:sqs:sendMessage.waitForTaskToken", body, TimeoutSeconds=60)
    name = "callback-%s" % uuid.uuid4()
    machine = world.states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    arn = world.states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    messages = client.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages", [])
    world.states.send_task_success(taskToken=messages[0]["Body"], output='"delivered"')
    ended = until_ended(lambda: world.states.describe_execution(executionArn=arn))
    check("sqs: a task waits for its token", ended.get("output"), '"delivered"')
    events = world.states.get_execution_history(executionArn=arn)["events"]
    told = [event["type"] for event in events if event["type"].startswith("Task") and "State" not in event["type"]]
    check("sqs: its history", told, ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"])


def sns(world):
    queue = world.aws("sqs").create_queue(QueueName="subscriber")["QueueUrl"]
    attributes = world.aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    topic = world.call("aws-sdk:sns:createTopic", {"Name": "news", "Tags": [{"Key": "team", "Value": "a&b=c"}]})
    check("sns: a topic is made", topic, {"TopicArn": "arn:aws:sns:us-east-1:123456789012:news"})
    world.aws("sns").subscribe(TopicArn=topic["TopicArn"], Protocol="sqs", Endpoint=attributes["QueueArn"])
    tags = world.aws("sns").list_tags_for_resource(ResourceArn=topic["TopicArn"])["Tags"]
    check("sns: lists and special characters arrive", tags, [{"Key": "team", "Value": "a&b=c"}])
    attribute = {"DataType": "String", "StringValue": "high"}
    world.call(
        "aws-sdk:sns:publish",
        {"TopicArn": topic["TopicArn"], "Message": "schön – 1+1=2", "MessageAttributes": {"priority": attribute}},
    )
    message = json.loads(world.aws("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"][0]["Body"])
    told = (message["Message"], message["MessageAttributes"]["priority"]["Value"])
    check("sns: a message is published", told, ("schön – 1+1=2", "high"))
    missing = {"TopicArn": topic["TopicArn"] + "x", "Message": "m"}
    cause = world.caught("aws-sdk:sns:publish", missing, "Sns.NotFoundException")
    cause_is("sns: an error is caught", cause, ".* does not exist", "Sns", 404)


def dynamodb(world):
    world.aws("dynamodb").create_table(
        TableName="stock",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"id": {"S": "567"}, "left": {"N": "3"}, "tags": {"SS": ["a"]}, "more": {"M": {"deep": {"BOOL": True}}}}
    put = world.call("aws-sdk:dynamodb:putItem", {"TableName": "stock", "Item": item})
    check("dynamodb: an item is put", put, {})
    key = {"TableName": "stock", "Key": {"id": {"S": "567"}}}
    # Names as the SDK for Java has them, also of what is data here: the optimised integration tells them as DynamoDB does.
    told = {"id": {"S": "567"}, "left": {"N": "3"}, "tags": {"Ss": ["a"]}, "more": {"M": {"deep": {"Bool": True}}}}
    check("dynamodb: it is read again", world.call("aws-sdk:dynamodb:getItem", key), {"Item": told})
    world.call("aws-sdk:dynamodb:putItem", {"TableName": "stock", "Item": {"id": {"S": "none"}, "left": {"Nul": True}}})
    nothing = world.call("dynamodb:getItem", {"TableName": "stock", "Key": {"id": {"S": "none"}}})
    check("dynamodb: nothing is NULL", nothing["Item"]["left"], {"NULL": True})
    update = {**key, "UpdateExpression": "SET #l = #l - :n", "ReturnValues": "UPDATED_NEW"}
    update |= {"ExpressionAttributeNames": {"#l": "left"}, "ExpressionAttributeValues": {":n": {"N": "1"}}}
    updated = world.call("aws-sdk:dynamodb:updateItem", update)
    check("dynamodb: it is updated", updated.get("Attributes"), {"left": {"N": "2"}})
    update |= {"ConditionExpression": "#l > :many"}
    update["ExpressionAttributeValues"] = {":n": {"N": "1"}, ":many": {"N": "9"}}
    condition = "DynamoDb.ConditionalCheckFailedException"
    cause = world.caught("aws-sdk:dynamodb:updateItem", update, condition)
    cause_is("dynamodb: a failed condition is caught", cause, "The conditional request failed", "DynamoDb", 400)
    missing = {"TableName": "missing", "Key": {"id": {"S": "1"}}}
    cause = world.caught("aws-sdk:dynamodb:getItem", missing, "DynamoDb.ResourceNotFoundException")
    cause_is("dynamodb: a missing table is caught", cause, "Requested resource not found", "DynamoDb", 400)
    wrong = {"TableName": "stock", "Item": {"other": {"S": "1"}}}
    cause = world.caught("aws-sdk:dynamodb:putItem", wrong, "DynamoDb.DynamoDbException")
    cause_is("dynamodb: what is not modelled has the service's own name", cause, "One or more parameter.*", "DynamoDb", 400)


def eventbridge(world):
    entry = {"Source": "shop", "DetailType": "Sold", "Detail": '{"sku": 1}', "EventBusName": "default"}
    put = world.call("aws-sdk:eventbridge:putEvents", {"Entries": [entry, {"Source": "incomplete"}]})
    check("eventbridge: one entry is taken, one refused", put.get("FailedEntryCount"), 1)
    check("eventbridge: each has its answer", sorted(put["Entries"][0]), ["EventId"])
    rule = {"Name": "sold", "EventPattern": '{"source": ["shop"]}'}
    arn = world.call("aws-sdk:eventbridge:putRule", rule)
    check("eventbridge: a rule is put", arn, {"RuleArn": "arn:aws:events:us-east-1:123456789012:rule/sold"})


def secretsmanager(world):
    made = world.call("aws-sdk:secretsmanager:createSecret", {"Name": "key", "SecretString": "s3cr3t"})
    check("secretsmanager: a secret is made", made.get("Name"), "key")
    got = world.call("aws-sdk:secretsmanager:getSecretValue", {"SecretId": "key"})
    check("secretsmanager: it is read", got.get("SecretString"), "s3cr3t")
    check("secretsmanager: times are text", bool(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", got["CreatedDate"])))
    name = "SecretsManager.ResourceNotFoundException"
    cause = world.caught("aws-sdk:secretsmanager:getSecretValue", {"SecretId": "none"}, name)
    cause_is("secretsmanager: a missing secret is caught", cause, "Secrets Manager can't find .*", "SecretsManager", 404)


def ssm(world):
    put = world.call("aws-sdk:ssm:putParameter", {"Name": "/shop/limit", "Value": "7", "Type": "String"})
    check("ssm: numbers are numbers", put.get("Version"), 1)
    got = world.call("aws-sdk:ssm:getParameter", {"Name": "/shop/limit"})
    check("ssm: a parameter is read", got["Parameter"]["Value"], "7")
    many = world.call("aws-sdk:ssm:getParametersByPath", {"Path": "/shop", "Recursive": True})
    check("ssm: and with others", [parameter["Name"] for parameter in many["Parameters"]], ["/shop/limit"])
    cause = world.caught("aws-sdk:ssm:getParameter", {"Name": "/none"}, "Ssm.ParameterNotFoundException")
    cause_is("ssm: a missing parameter is caught, with the suffix", cause, ".*not found.*", "Ssm", 400)


def s3(world):
    client = world.aws("s3")
    created = world.call("aws-sdk:s3:createBucket", {"Bucket": "reports"})
    check("s3: a bucket is made", created.get("Location"), "/reports")
    key = "2026/a b+ü&/sum.json"
    put = world.call("aws-sdk:s3:putObject", {"Bucket": "reports", "Key": key, "Body": {"sum": 3}, "Metadata": {"by": "asl"}})
    check("s3: an object is put", set(put) >= {"ETag"})
    there = client.get_object(Bucket="reports", Key=key)
    check("s3: it is there", (there["Body"].read(), there["Metadata"]), (b'{"sum":3}', {"by": "asl"}))
    got = world.call("aws-sdk:s3:getObject", {"Bucket": "reports", "Key": key})
    check("s3: it is read again", (got["Body"], got["ContentLength"], got["Metadata"]), ('{"sum":3}', 9, {"by": "asl"}))
    listed = world.call("aws-sdk:s3:listObjectsV2", {"Bucket": "reports", "Prefix": "2026/"})
    told = [(entry["Key"], entry["Size"]) for entry in listed["Contents"]]
    check("s3: it is listed", (told, listed["KeyCount"], listed["IsTruncated"]), ([(key, 9)], 1, False))
    missing = {"Bucket": "reports", "Key": "none"}
    cause = world.caught("aws-sdk:s3:getObject", missing, "S3.NoSuchKeyException")
    cause_is("s3: a missing key is caught", cause, "The specified key does not exist.", "S3", 404)
    # The answer to a HEAD has no body that could tell the error.
    cause = world.caught("aws-sdk:s3:headObject", missing, "S3.NoSuchKeyException")
    cause_is("s3: a missing key is caught from a HEAD", cause, "null", "S3", 404)
    cause = world.caught("aws-sdk:s3:listObjects", {"Bucket": "no-such-bucket"}, "S3.NoSuchBucketException")
    cause_is("s3: a missing bucket is caught", cause, "The specified bucket does not exist", "S3", 404)
    deletion = {"Bucket": "reports", "Delete": {"Objects": [{"Key": key}]}}
    deleted = world.call("aws-sdk:s3:deleteObjects", deletion)
    check("s3: lists in XML arrive", [entry["Key"] for entry in deleted["Deleted"]], [key])
    check("s3: it is gone", client.list_objects_v2(Bucket="reports")["KeyCount"], 0)


def other_protocols(world):
    """Query (iam, sts), EC2's own, and REST with JSON (lambda)."""
    identity = world.call("aws-sdk:sts:getCallerIdentity", {})
    check("sts (query): who calls", identity.get("Account"), "123456789012")
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = world.call("aws-sdk:iam:createRole", {"RoleName": "worker", "AssumeRolePolicyDocument": policy})
    check("iam (query): a role is made", role["Role"]["Arn"], "arn:aws:iam::123456789012:role/worker")
    roles = world.call("aws-sdk:iam:listRoles", {})
    check("iam (query): and listed", [role["RoleName"] for role in roles["Roles"]], ["worker"])
    cause = world.caught("aws-sdk:iam:getRole", {"RoleName": "none"}, "Iam.NoSuchEntityException")
    cause_is("iam (query): a missing role is caught", cause, ".*not found.*", "Iam", 404)
    zones = world.call("aws-sdk:ec2:describeAvailabilityZones", {"ZoneNames": ["us-east-1a", "us-east-1b"]})
    names = [zone["ZoneName"] for zone in zones["AvailabilityZones"]]
    check("ec2: lists arrive and come back", names, ["us-east-1a", "us-east-1b"])
    vpc = world.call("aws-sdk:ec2:createVpc", {"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    vpcs = world.call("aws-sdk:ec2:describeVpcs", {"Filters": filters})["Vpcs"]
    check("ec2: filters", [(entry["VpcId"], entry["CidrBlock"]) for entry in vpcs], [(vpc, "10.0.0.0/16")])
    cause = world.caught("aws-sdk:ec2:describeVpcs", {"VpcIds": ["vpc-0"]}, "Ec2.Ec2Exception")
    cause_is("ec2: errors have the service's own name", cause, ".*vpc-0.*", "Ec2", 400)
    layer = world.call("aws-sdk:lambda:listLayers", {})
    check("lambda (rest-json): an answer", layer.get("Layers"), [])
    cause = world.caught("aws-sdk:lambda:getFunction", {"FunctionName": "none"}, "Lambda.ResourceNotFoundException")
    cause_is("lambda (rest-json): a missing function is caught", cause, "Function not found: .*", "Lambda", 404)


def optimised(world):
    """The optimised integrations: results with metadata, errors in the words of the first SDK."""
    key = {"id": {"S": "1"}}
    world.aws("dynamodb").create_table(
        TableName="optimised",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    put = world.call("dynamodb:putItem", {"TableName": "optimised", "Item": {**key, "n": {"N": "1"}}})
    check("optimised: an answer without members has metadata", sorted(put), ["SdkHttpMetadata", "SdkResponseMetadata"])
    counted = world.call(
        "dynamodb:updateItem",
        {
            "TableName": "optimised",
            "Key": key,
            "UpdateExpression": "SET n = n + :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
            "ReturnValues": "UPDATED_NEW",
        },
    )
    check("optimised: an item is updated", counted["Attributes"], {"n": {"N": "2"}})
    got = world.call("dynamodb:getItem", {"TableName": "optimised", "Key": key})
    check("optimised: and read", (got["Item"]["n"], got["SdkHttpMetadata"]["HttpStatusCode"]), ({"N": "2"}, 200))
    condition = {"TableName": "optimised", "Item": key, "ConditionExpression": "attribute_not_exists(id)"}
    for name, resource, parameters, error, says in [
        ("a condition", "dynamodb:putItem", condition, "DynamoDB.ConditionalCheckFailedException", "The conditional request failed"),
        ("no queue", "sqs:sendMessage", {"QueueUrl": world.aws_url + "/1/none", "MessageBody": "m"}, "SQS.QueueDoesNotExistException", "The specified queue does not exist."),
        ("no topic", "sns:publish", {"TopicArn": "arn:aws:sns:us-east-1:1:none", "Message": "m"}, "SNS.NotFoundException", "Endpoint does not exist"),
    ]:
        cause = str(world.caught(resource, parameters, error))
        told = cause.startswith(says + " (Service: Amazon") and cause.endswith("; Proxy: null)")
        check("optimised: %s is caught" % name, told or cause)

    queue = world.aws("sqs").create_queue(QueueName="optimised")["QueueUrl"]
    bodies = lambda: [message["Body"] for message in world.aws("sqs").receive_message(QueueUrl=queue).get("Messages", [])]
    sent = world.call("sqs:sendMessage", {"QueueUrl": queue, "MessageBody": {"parcel": 1}})
    check("optimised: a body that is no text is sent as JSON", bodies(), ['{"parcel":1}'])
    check("optimised: the answer is in SQS's own spelling", "MD5OfMessageBody" in sent)
    topic = world.aws("sns").create_topic(Name="optimised")["TopicArn"]
    arn = world.aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    world.aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    world.call("sns:publish", {"TopicArn": topic, "Message": {"parcel": 2}})
    check("optimised: a message is published", [json.loads(body)["Message"] for body in bodies()], ['{"parcel":2}'])
    world.aws("events").put_rule(Name="optimised", EventPattern='{"source":["orders"]}')
    world.aws("events").put_targets(Rule="optimised", Targets=[{"Id": "1", "Arn": arn}])
    entry = {"Source": "orders", "DetailType": "d", "Detail": {"parcel": 3}}
    put = world.call("events:putEvents", {"Entries": [entry]})
    check("optimised: events have no metadata", sorted(put), ["Entries", "FailedEntryCount"])
    event = json.loads(bodies()[0])
    kinds = [resource.split(":")[5] for resource in event["resources"]]
    check("optimised: events tell who sent them", (event["detail"], kinds), ({"parcel": 3}, ["execution", "stateMachine"]))
    failed = world.caught("events:putEvents", {"Entries": [{"Source": "orders", "DetailType": "d"}]}, "EventBridge.FailedEntry")
    check("optimised: a failed event fails the task", json.loads(failed)["FailedEntryCount"], 1)


def credentials(world):
    """A role is assumed: with moto, its account is the one that is called."""
    role = {"Credentials": {"RoleArn": "arn:aws:iam::111122223333:role/other"}}
    identity = world.result(task("aws-sdk:sts:getCallerIdentity", {}, **role))
    check("a state's Credentials are honoured", identity.get("Account"), "111122223333")
    check("as the role", ":assumed-role/other/asl" in identity.get("Arn", ""))


def distributed_map(resource, parameters, config=None, **more):
    child = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, **child}
    reader = {"Resource": "arn:aws:states:::" + resource, "Parameters": parameters}
    if config:
        reader["ReaderConfig"] = config
    state = {"Type": "Map", "ItemProcessor": processor, "ItemReader": reader, "End": True, **more}
    return {"StartAt": "M", "States": {"M": state}}


def files_in_s3(world):
    """ItemReader and ResultWriter of a distributed Map state."""
    client = world.aws("s3")
    client.create_bucket(Bucket="items")
    client.put_object(Bucket="items", Key="in/orders.csv", Body="id,left\n1,5\n2,0\n")
    csv = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}
    orders = [{"id": "1", "left": "5"}, {"id": "2", "left": "0"}]
    read = world.result(distributed_map("s3:getObject", {"Bucket": "items", "Key": "in/orders.csv"}, csv))
    check("files: the items of an object", read, orders)
    client.create_bucket(Bucket="versions")
    client.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    first = client.put_object(Bucket="versions", Key="v.json", Body='["old"]')["VersionId"]
    client.put_object(Bucket="versions", Key="v.json", Body='["new"]')
    version = {"Bucket": "versions", "Key": "v.json", "VersionId": first}
    read = world.result(distributed_map("s3:getObject", version, {"InputType": "JSON"}))
    check("files: a version of an object", read, ["old"])
    # Longer than any answer that a task may have: it is read while it arrives, and no further than needed.
    client.put_object(Bucket="items", Key="long.jsonl", Body='{"padding": "%s"}\n' % ("x" * 1000) * 8000)
    long = {"InputType": "JSONL", "MaxItems": 2}
    read = world.result(distributed_map("s3:getObject", {"Bucket": "items", "Key": "long.jsonl"}, long))
    check("files: a long object", [sorted(item) for item in read], [["padding"]] * 2)
    for number in range(10):
        client.put_object(Bucket="items", Key="many/%d.csv" % number, Body="n\n%d\n" % number)
    many = {"Bucket": "items", "Prefix": "many/"}
    listed = world.result(distributed_map("s3:listObjectsV2", many))
    check("files: a listing of several pages", [item["Key"] for item in listed], ["many/%d.csv" % n for n in range(10)])
    told = (listed[3]["Etag"], listed[3]["Size"], isinstance(listed[3]["LastModified"], int))
    check("files: what it tells of an object", told, (client.head_object(Bucket="items", Key="many/3.csv")["ETag"], 4, True))
    flat = world.result(distributed_map("s3:listObjectsV2", many, {**csv, "Transformation": "LOAD_AND_FLATTEN"}))
    check("files: the items of all of them", [item["n"] for item in flat], [str(number) for number in range(10)])

    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "items", "Prefix": "out"}}
    reader = {"Bucket": "items", "Key": "in/orders.csv"}
    output = world.result(distributed_map("s3:getObject", reader, csv, ResultWriter=writer))
    text = lambda key: json.loads(client.get_object(Bucket="items", Key=key)["Body"].read())
    manifest = text(output["ResultWriterDetails"]["Key"])
    results = text(manifest["ResultFiles"]["SUCCEEDED"][0]["Key"])
    check("files: results are written", [json.loads(result["Output"]) for result in results], orders)

    ended = world.run(distributed_map("s3:getObject", {"Bucket": "items", "Key": "none"}, csv))
    check("files: a missing object", ended["error"], "States.ItemReaderFailed")
    check("files: its cause", ended["cause"].startswith("The specified key does not exist. (Service: S3, Status Code: 404"))
    gone = {**writer, "Parameters": {"Bucket": "no-such-bucket"}}
    ended = world.run(distributed_map("s3:getObject", reader, csv, ResultWriter=gone))
    told = (ended["error"], ended["cause"].startswith("The specified bucket does not exist (Service: S3, Status Code: 404"))
    check("files: a bucket that is missing", told, ("States.ResultWriterFailed", True))


def refusals(world):
    """What cannot be called says so."""
    for resource, parameters, says in [
        ("aws-sdk:nosuch:getThing", {}, "nosuch"),
        ("aws-sdk:sqs:noSuchAction", {}, "noSuchAction"),
        ("aws-sdk:ssm:getParameter", {"Name": "x", "Nome": "y"}, "Nome"),
        ("aws-sdk:ssm:getParameter", {"Name": {"a": 1}}, "Name"),
    ]:
        # What is known to be wrong is refused with the definition, the rest when it is called.
        try:
            told = world.run(task(resource, parameters))["cause"]
        except ClientError as error:
            told = str(error)
        check("refused: %s %s" % (resource, parameters), says in told or told)


def nothing_configured(asl, environment, work):
    """A server that was not told where AWS is calls nothing, and says what to do."""
    server = serve(asl, environment, work / "unconfigured", [])
    try:
        ended = World(server.url, None).run(task("aws-sdk:ssm:getParameter", {"Name": "x"}))
        check("nothing configured: the task fails at once", (ended["status"], ended["error"]), ("FAILED", "States.Runtime"))
        queue = {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/own", "MessageBody": {"parcel": 1}}
        World(server.url, None).call("sqs:sendMessage", queue)
        own = World(server.url, server.url).aws("sqs")
        received = own.receive_message(QueueUrl=own.get_queue_url(QueueName="own")["QueueUrl"])["Messages"]
        check("nothing configured: the server's own queue", [message["Body"] for message in received], ['{"parcel":1}'])
        for says in ["'ssm'", "--aws-endpoint ssm=http://", "AWS_ENDPOINT_URL", "[aws-endpoints]"]:
            check("nothing configured: the cause names %s" % says, says in ended["cause"])
    finally:
        server.end()


def tls(asl, environment, work, moto):
    """An endpoint that is called by https, with a certificate of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "moto")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (work / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    (work / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    command = [moto, "-H", "127.0.0.1", "-p", "0", "-s", "-c", work / "certificate.pem", "-k", work / "key.pem"]
    aws = Process("moto_server", command, work / "moto-tls.log", environment, "Running on")
    try:
        check("tls: it is https", aws.url.split(":")[0], "https")
        definition = task("aws-sdk:sts:getCallerIdentity", {})
        trusting = environment | {"SSL_CERT_FILE": str(work / "certificate.pem")}
        for who, environment, says in [("trusted", trusting, "123456789012"), ("unknown", environment, "certificate")]:
            server = serve(asl, environment, work / who, ["--aws-endpoint", aws.url])
            try:
                ended = World(server.url, None).run(definition)
                told = ended.get("output") or "%s: %s" % (ended["error"], ended["cause"])
                check("tls: a certificate that is %s" % who, says in told or told)
            finally:
                server.end()
    finally:
        aws.end()


def serve(asl, environment, work, options):
    work.mkdir()
    command = [asl, "serve", "--ephemeral", "--listen", "127.0.0.1:0", *options]
    # A server reads asl.toml where it is started: here there is none.
    command[0] = os.path.abspath(asl)
    return Process("asl", ["env", "-C", str(work), *command], work / "log", environment, r"Ctrl-C")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--asl", default="target/release/asl")
    parser.add_argument("only", nargs="*", help="the groups to run; left out: all")
    arguments = parser.parse_args()
    groups = [sqs, sqs_callback, sns, dynamodb, eventbridge, secretsmanager, ssm, s3, files_in_s3, other_protocols]
    groups += [optimised, credentials, refusals, *jobs.GROUPS]
    # Nothing of the user's own configuration or of a proxy comes in between.
    own = lambda name: name.startswith(("AWS_", "ASL_")) or name.lower().endswith("_proxy")
    environment = {name: value for name, value in os.environ.items() if not own(name)}
    moto = shutil.which("moto_server", path=os.path.dirname(sys.executable)) or shutil.which("moto_server")
    if not moto:
        sys.exit("moto_server is not installed: pip install 'moto[server]'")
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        # So few keys a page that listings have several.
        environment["MOTO_S3_DEFAULT_MAX_KEYS"] = "4"
        aws = Process("moto_server", [moto, "-H", "127.0.0.1", "-p", "0"], work / "moto.log", environment, "Running on")
        asl = None
        try:
            asl = serve(arguments.asl, environment | {"HOME": str(work)}, work / "asl", ["--aws-endpoint", aws.url])
            check("the start tells where AWS calls go", "AWS calls of all services: " + aws.url in asl.log.read_text())
            world = World(asl.url, aws.url)
            for group in groups:
                if not arguments.only or group.__name__ in arguments.only:
                    check.group(group.__name__, group, world)
            if not arguments.only:
                check.group("nothing_configured", nothing_configured, arguments.asl, environment, work)
                check.group("tls", tls, arguments.asl, environment, work, moto)
        finally:
            for process in (asl, aws):
                if process:
                    process.end()
            if check.failed and asl:
                print(asl.log.read_text()[-5000:])
    print("\n%d passed, %d failed" % (check.passed, check.failed))
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
