#!/usr/bin/env python3
"""End to end with two real clients: boto3 and the aws command line, against a running server.

    .ci/e2e.py http://127.0.0.1:8083                                        # plays the deployed OrderSaga
    .ci/e2e.py http://127.0.0.1:8083 --definition statemachine/llt.asl.yaml # creates the saga first

Needs boto3 and awscli in the Python that runs it. Prints a line a check; the last line is `N passed, N failed`.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

SCENARIOS = [
    # order_id prefix, the states visited
    ("1", ["ProcessOrder", "UpdateOrderStatus", "OrderFailed"]),
    ("11", ["ProcessOrder", "UpdateOrderStatus", "sns:NotifyUpdateOrderFail", "OrderFailed"]),
    ("2", ["ProcessOrder", "ProcessPayment", "ProcessRefund", "UpdateOrderStatus", "OrderFailed"]),
    ("22", ["ProcessOrder", "ProcessPayment", "ProcessRefund", "sns:NotifyProcessRefundFail", "OrderFailed"]),
    (
        "3",
        [
            "ProcessOrder",
            "ProcessPayment",
            "ReserveInventory",
            "ReleaseInventory",
            "ProcessRefund",
            "UpdateOrderStatus",
            "OrderFailed",
        ],
    ),
    (
        "33",
        [
            "ProcessOrder",
            "ProcessPayment",
            "ReserveInventory",
            "ReleaseInventory",
            "sns:NotifyReleaseInventoryFail",
            "OrderFailed",
        ],
    ),
    ("4", ["ProcessOrder", "ProcessPayment", "ReserveInventory", "sns:NotifySuccess", "OrderSucceeded"]),
]
ROLE = "arn:aws:iam::123456789012:role/e2e"
PASS = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": {"done": True}, "End": True}}})
WAIT = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}})
FAIL = json.dumps({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E2E", "Cause": "as told"}}})


class Checks:
    """Counts checks and prints a line for each."""

    passed = failed = 0

    def __call__(self, name, actual, expected=True):
        if actual == expected:
            self.passed += 1
            print("ok    %s" % name)
        else:
            self.failed += 1
            print("FAIL  %s\n      expected %r\n      got      %r" % (name, expected, actual))

    def raises(self, name, code, call):
        """The call fails with boto3's exception class of this name."""
        try:
            answer = call()
        except ClientError as error:
            seen = (type(error).__name__, error.response["Error"]["Code"])
            self(name, seen, (code, code))
            self(name + ": has a message", bool(error.response["Error"].get("Message")))
            return
        self(name, answer, code)

    def group(self, name, function, *arguments):
        """What goes wrong inside a group fails one check and leaves the others alone."""
        print("\n%s" % name)
        try:
            function(*arguments)
        except Exception:  # whatever a client library throws at a wrong answer
            self("%s runs to its end" % name, traceback.format_exc(limit=-3))


check = Checks()


class CommandLine:
    """The aws command line."""

    def __init__(self, endpoint, region):
        self.program = shutil.which("aws", path=os.path.dirname(sys.executable)) or shutil.which("aws")
        if not self.program:
            sys.exit("the aws command line is not installed: pip install awscli")
        self.start = [self.program, "--endpoint-url", endpoint, "--region", region, "--output", "json", "stepfunctions"]

    def run(self, *arguments):
        return subprocess.run([*self.start, *arguments], capture_output=True, text=True, timeout=60)

    def __call__(self, *arguments):
        done = self.run(*arguments)
        if done.returncode:
            raise RuntimeError("aws stepfunctions %s: %s" % (" ".join(arguments), done.stderr.strip()))
        return json.loads(done.stdout) if done.stdout.strip() else {}


def order(prefix):
    return json.dumps(
        {
            "order_id": "%s-%s" % (prefix, uuid.uuid4()),
            "order_date": "2018-10-19T10:50:16+08:00",
            "customer_id": "8d04ea6f-c6b2-4422-8550-839a16f01feb",
            "items": [{"item_id": "567", "qty": 1.0, "description": "Cart item 1", "unit_price": 199.99}],
        }
    )


def until_ended(describe):
    deadline = time.monotonic() + 30
    while True:
        execution = describe()
        if execution["status"] != "RUNNING" or time.monotonic() > deadline:
            return execution
        time.sleep(0.05)


def visited(events):
    return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]


def wait_for(endpoint):
    """The server may still be starting."""
    deadline = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(urllib.request.Request(endpoint, method="GET"), timeout=2)
            return
        except urllib.error.HTTPError:
            return
        except OSError as error:
            if time.monotonic() > deadline:
                sys.exit("no server at %s: %s" % (endpoint, error))
            time.sleep(0.1)


def post(endpoint, path, body, **headers):
    """What a plain curl user sees: status and JSON."""
    request = urllib.request.Request(endpoint + path, data=body.encode(), headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def read_definition(path, values, account, region):
    """The definition as JSON text, its `${Name}` filled with `values` or an ARN made of the name."""

    def value(match):
        name = match.group(1)
        kind = "lambda:%s:%s:function" if name.endswith("Function") else "sns:%s:%s"
        return values.get(name, "arn:aws:%s:%s" % (kind % (region, account), name))

    with open(path, encoding="utf-8") as file:
        text = re.sub(r"\$\{(\w+)\}", value, file.read())
    if path.endswith(".json"):
        return text
    import yaml  # comes with awscli

    # Dates stay text, as in JSON.
    return json.dumps(yaml.load(text, Loader=text_dates_loader(yaml)))


def text_dates_loader(yaml):
    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return Loader


def the_saga(arguments, boto):
    """The ARN of the saga that is played."""
    if arguments.definition:
        values = dict(pair.split("=", 1) for pair in arguments.set)
        definition = read_definition(arguments.definition, values, arguments.account, arguments.region)
        made = boto.create_state_machine(name="E2E-%s" % uuid.uuid4().hex[:8], definition=definition, roleArn=ROLE)
        return made["stateMachineArn"]
    machines = [machine for page in boto.get_paginator("list_state_machines").paginate() for machine in page["stateMachines"]]
    found = [machine["stateMachineArn"] for machine in machines if machine["name"] == arguments.name]
    if not found:
        sys.exit("the server has no `%s`; give --definition FILE" % arguments.name)
    return found[0]


def scenarios(saga, boto, aws):
    for prefix, path in SCENARIOS:
        status = "SUCCEEDED" if path[-1] == "OrderSucceeded" else "FAILED"

        arn = boto.start_execution(stateMachineArn=saga, input=order(prefix))["executionArn"]
        execution = until_ended(lambda: boto.describe_execution(executionArn=arn))
        check("boto3: %s… ends as %s" % (prefix, status), execution["status"], status)
        check("boto3: %s… goes its path" % prefix, visited(boto.get_execution_history(executionArn=arn)["events"]), path)

        arn = aws("start-execution", "--state-machine-arn", saga, "--input", order(prefix))["executionArn"]
        execution = until_ended(lambda: aws("describe-execution", "--execution-arn", arn))
        check("aws:   %s… ends as %s" % (prefix, status), execution["status"], status)
        check("aws:   %s… goes its path" % prefix, visited(aws("get-execution-history", "--execution-arn", arn)["events"]), path)


def history_paging(saga, boto, aws):
    arn = boto.start_execution(stateMachineArn=saga, input=order("4"))["executionArn"]
    until_ended(lambda: boto.describe_execution(executionArn=arn))
    whole = boto.get_execution_history(executionArn=arn)
    events = whole["events"]
    check("ids count from 1", [event["id"] for event in events], list(range(1, len(events) + 1)))
    check("the whole history has no next page", "nextToken" in whole, False)
    paginator = boto.get_paginator("get_execution_history")
    pages = [page["events"] for page in paginator.paginate(executionArn=arn, PaginationConfig={"PageSize": 3})]
    check("pages have the size asked for", [len(page) for page in pages[:-1]], [3] * (len(pages) - 1))
    check("the pages together are the history", [event for page in pages for event in page], events)
    backwards = boto.get_execution_history(executionArn=arn, reverseOrder=True)["events"]
    check("reverseOrder turns it around", backwards, events[::-1])
    bare = boto.get_execution_history(executionArn=arn, includeExecutionData=False)["events"]
    check("includeExecutionData=False leaves out input", "input" in bare[0].get("executionStartedEventDetails", {}), False)
    check("includeExecutionData=False keeps the events", [event["type"] for event in bare], [event["type"] for event in events])
    check.raises("a token of nobody", "InvalidToken", lambda: boto.get_execution_history(executionArn=arn, nextToken="none"))
    paged = aws("get-execution-history", "--execution-arn", arn, "--page-size", "4")["events"]
    check("aws: pages together are the history", [event["id"] for event in paged], [event["id"] for event in events])


def start_and_stop(boto, aws, made):
    machine = made("wait", WAIT)
    name = "once-%s" % uuid.uuid4().hex[:8]

    def start(input):
        return boto.start_execution(stateMachineArn=machine, name=name, input=input)

    first = start('{"a": 1}')
    again = start('{"a": 1}')
    check("the same start again is the same execution", again["executionArn"], first["executionArn"])
    check("… with the same start date", again["startDate"], first["startDate"])
    check.raises("the same name with another input", "ExecutionAlreadyExists", lambda: start('{"a": 2}'))
    running = boto.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    check("it is listed as running", [execution["name"] for execution in running], [name])
    stopped = boto.stop_execution(executionArn=first["executionArn"], error="Enough", cause="the test is over")
    check("stopping tells when", "stopDate" in stopped)
    execution = boto.describe_execution(executionArn=first["executionArn"])
    told = [execution.get(key) for key in ("status", "error", "cause")]
    check("a stopped execution is aborted", told, ["ABORTED", "Enough", "the test is over"])
    last = boto.get_execution_history(executionArn=first["executionArn"], reverseOrder=True, maxResults=1)["events"][0]
    check("its history ends with ExecutionAborted", last["type"], "ExecutionAborted")
    check.raises("the name stays taken", "ExecutionAlreadyExists", lambda: start('{"a": 1}'))
    arn = aws("start-execution", "--state-machine-arn", machine)["executionArn"]
    aws("stop-execution", "--execution-arn", arn)
    check("aws: stops an execution", aws("describe-execution", "--execution-arn", arn)["status"], "ABORTED")


def synchronous(endpoint, boto, made):
    machine = made("express", PASS, "EXPRESS")
    done = boto.start_sync_execution(stateMachineArn=machine, input="{}")
    check("an EXPRESS machine answers at once", [done["status"], json.loads(done["output"])], ["SUCCEEDED", {"done": True}])
    failed = boto.start_sync_execution(stateMachineArn=made("express-fail", FAIL, "EXPRESS"))
    told = [failed.get(key) for key in ("status", "error", "cause")]
    check("… also when it fails", told, ["FAILED", "E2E", "as told"])
    standard = made("standard", PASS)
    check.raises(
        "a STANDARD machine does not",
        "StateMachineTypeNotSupported",
        lambda: boto.start_sync_execution(stateMachineArn=standard),
    )
    headers = {"X-Amz-Target": "AWSStepFunctions.StartSyncExecution", "Content-Type": "application/x-amz-json-1.0"}
    status, body = post(endpoint, "/", json.dumps({"stateMachineArn": machine}), Host="sync-localhost", **headers)
    check("the SDKs' host `sync-…` is served", [status, body.get("status")], [200, "SUCCEEDED"])


def machines(boto, aws, made):
    machine = made("pass", PASS)
    name = machine.split(":")[-1]
    described = boto.describe_state_machine(stateMachineArn=machine)
    told = [described[key] for key in ("name", "definition", "status", "type", "roleArn")]
    check("a machine is described as made", told, [name, PASS, "ACTIVE", "STANDARD", ROLE])
    again = boto.create_state_machine(name=name, definition=PASS, roleArn=ROLE)
    check("the same creation again is the same machine", again["stateMachineArn"], machine)
    check.raises(
        "another machine of this name",
        "StateMachineAlreadyExists",
        lambda: boto.create_state_machine(name=name, definition=WAIT, roleArn=ROLE),
    )
    boto.update_state_machine(stateMachineArn=machine, definition=FAIL)
    check("an update is seen", boto.describe_state_machine(stateMachineArn=machine)["definition"], FAIL)
    arn = boto.start_execution(stateMachineArn=machine)["executionArn"]
    execution = until_ended(lambda: boto.describe_execution(executionArn=arn))
    told = [execution.get(key) for key in ("status", "error", "cause")]
    check("an update is executed", told, ["FAILED", "E2E", "as told"])
    listed = [each["stateMachineArn"] for each in aws("list-state-machines")["stateMachines"]]
    check("aws: lists the machine", machine in listed)
    boto.delete_state_machine(stateMachineArn=machine)
    gone = lambda: boto.describe_state_machine(stateMachineArn=machine).get("status") == "DELETING"  # noqa: E731
    deadline = time.monotonic() + 10
    try:
        while gone() and time.monotonic() < deadline:
            time.sleep(0.05)
        check("a deleted machine is gone", False)
    except boto.exceptions.StateMachineDoesNotExist:
        check("a deleted machine is gone", True)


def errors(saga, boto, aws, endpoint):
    prefix = saga.rsplit(":", 2)[0]
    nowhere = prefix + ":stateMachine:nowhere"
    lost = prefix + ":execution:nowhere:lost"

    def create(**changes):
        return boto.create_state_machine(**{"name": "never-made", "definition": PASS, "roleArn": ROLE, **changes})

    for name, code, call in [
        ("a machine that is not there", "StateMachineDoesNotExist", lambda: boto.describe_state_machine(stateMachineArn=nowhere)),
        ("starting a machine that is not there", "StateMachineDoesNotExist", lambda: boto.start_execution(stateMachineArn=nowhere)),
        ("an execution that is not there", "ExecutionDoesNotExist", lambda: boto.describe_execution(executionArn=lost)),
        ("stopping nothing", "ExecutionDoesNotExist", lambda: boto.stop_execution(executionArn=lost)),
        ("the history of nothing", "ExecutionDoesNotExist", lambda: boto.get_execution_history(executionArn=lost)),
        ("an ARN that is none", "InvalidArn", lambda: boto.describe_state_machine(stateMachineArn="no-arn")),
        ("a name with a space", "InvalidName", lambda: create(name="a b")),
        ("a definition that is no JSON", "InvalidDefinition", lambda: create(definition="{")),
        (
            "a definition without its start",
            "InvalidDefinition",
            lambda: create(definition='{"StartAt": "Gone", "States": {"A": {"Type": "Succeed"}}}'),
        ),
        ("an input that is no JSON", "InvalidExecutionInput", lambda: boto.start_execution(stateMachineArn=saga, input="{")),
    ]:
        check.raises(name, code, call)
    listed = [machine["name"] for machine in boto.list_state_machines()["stateMachines"]]
    check("a refused machine is not made", "never-made" in listed, False)
    done = aws.run("describe-execution", "--execution-arn", lost)
    check("aws: fails", done.returncode != 0)
    check("aws: says why", "(ExecutionDoesNotExist)" in done.stderr)

    def refused(path, body, **headers):
        status, answer = post(endpoint, path, body, **headers)
        return [status, bool(answer.get("__type")), bool(answer.get("message") or answer.get("Message"))]

    json_1_0 = {"Content-Type": "application/x-amz-json-1.0"}
    unknown = {"X-Amz-Target": "AWSStepFunctions.MakeCoffee", **json_1_0}
    check("an unknown operation is refused in words", refused("/", "{}", **unknown), [400, True, True])
    known = {"X-Amz-Target": "AWSStepFunctions.StartExecution", **json_1_0}
    check("malformed JSON is refused in words", refused("/", "{", **known), [400, True, True])
    check("a missing field is refused in words", refused("/", "{}", **known), [400, True, True])


def plain_http(endpoint, saga):
    json_type = {"Content-Type": "application/json"}
    status, body = post(endpoint, "/StartExecution", json.dumps({"stateMachineArn": saga, "input": order("4")}), **json_type)
    check("POST /StartExecution starts, unsigned", [status, "executionArn" in body], [200, True])
    describe = lambda: post(endpoint, "/DescribeExecution", json.dumps({"executionArn": body["executionArn"]}), **json_type)[1]  # noqa: E731
    check("POST /DescribeExecution tells its end", until_ended(describe)["status"], "SUCCEEDED")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("endpoint", help="e.g. http://127.0.0.1:8083")
    parser.add_argument("--definition", metavar="FILE", help="create the saga from this file (JSON or YAML)")
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="value of ${NAME} in the definition")
    parser.add_argument("--name", default="OrderSaga", help="the deployed saga (default OrderSaga)")
    parser.add_argument("--account", default="123456789012", help="account of the server")
    parser.add_argument("--region", default="us-east-1", help="region of the server")
    arguments = parser.parse_args()
    endpoint = arguments.endpoint.rstrip("/")

    # Both clients sign with these; nothing of the user's own configuration or of a proxy comes in between.
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        del os.environ[name]
    os.environ.update(AWS_ACCESS_KEY_ID=arguments.account, AWS_SECRET_ACCESS_KEY="e2e", AWS_PAGER="")
    os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_EC2_METADATA_DISABLED="true")
    # StartSyncExecution would go to the host `sync-127.0.0.1`.
    config = Config(inject_host_prefix=False, retries={"max_attempts": 0}, read_timeout=60)
    boto = boto3.client("stepfunctions", endpoint_url=endpoint, region_name=arguments.region, config=config)
    aws = CommandLine(endpoint, arguments.region)
    wait_for(endpoint)
    saga = the_saga(arguments, boto)

    leftovers = []

    def made(name, definition, kind="STANDARD"):
        name = "e2e-%s-%s" % (name, uuid.uuid4().hex[:8])
        arn = boto.create_state_machine(name=name, definition=definition, roleArn=ROLE, type=kind)["stateMachineArn"]
        leftovers.append(arn)
        return arn

    try:
        check.group("The saga's seven scenarios", scenarios, saga, boto, aws)
        check.group("Paging of GetExecutionHistory", history_paging, saga, boto, aws)
        check.group("Starting once, stopping", start_and_stop, boto, aws, made)
        check.group("Synchronous executions", synchronous, endpoint, boto, made)
        check.group("State machines", machines, boto, aws, made)
        check.group("Errors", errors, saga, boto, aws, endpoint)
        check.group("Without a client", plain_http, endpoint, saga)
    finally:
        for arn in leftovers + ([saga] if arguments.definition else []):
            try:
                boto.delete_state_machine(stateMachineArn=arn)
            except ClientError:
                pass  # deleted by its own check
    print("\n%d passed, %d failed" % (check.passed, check.failed))
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
