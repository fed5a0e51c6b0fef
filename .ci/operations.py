#!/usr/bin/env python3
"""Every operation of the API through boto3, with its paginators, against a running server.

    .ci/operations.py http://127.0.0.1:8083

The operations are those of boto3's own model: one that is never called fails. Needs boto3.
"""
import json
import os
import sys
import threading
import time
import urllib.request
import uuid

import boto3
from botocore.config import Config

from e2e import ROLE, Checks, until_ended

check = Checks()
MAP = {
    "StartAt": "M",
    "States": {
        "M": {
            "Type": "Map",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "W",
                "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}},
            },
            "MaxConcurrency": 1,
            "End": True,
        }
    },
}


def machine(*states):
    """A state machine whose states follow each other."""
    names = ["S%d" % number for number in range(len(states))]
    following = [{"Next": name} for name in names[1:]] + [{} if states[-1]["Type"] == "Fail" else {"End": True}]
    return json.dumps({"StartAt": "S0", "States": {name: {**state, **then} for name, state, then in zip(names, states, following)}})


PASS = machine({"Type": "Pass"})


class Caller:
    """The client, which remembers what it called and makes pages small."""

    def __init__(self, endpoint):
        config = Config(inject_host_prefix=False, retries={"max_attempts": 0}, read_timeout=70)
        self.client = boto3.client("stepfunctions", endpoint_url=endpoint, region_name="us-east-1", config=config)
        self.called, self.paged = set(), set()
        self.client.meta.events.register("before-call.stepfunctions", lambda model, **_: self.called.add(model.name))

    def __getattr__(self, name):
        return getattr(self.client, name)

    def pages(self, name, key, **arguments):
        """All items of a list, one a page."""
        self.paged.add(name)
        if self.client.can_paginate(name):
            pages = list(self.client.get_paginator(name).paginate(PaginationConfig={"PageSize": 1}, **arguments))
        else:
            pages, token = [], {}
            while not pages or token:
                pages.append(getattr(self.client, name)(maxResults=1, **arguments, **token))
                token = {"nextToken": pages[-1]["nextToken"]} if "nextToken" in pages[-1] else {}
        check("%s: a page has one item" % name, all(len(page[key]) <= 1 for page in pages))
        return [item for page in pages for item in page[key]]


def state_machines(sfn, name):
    made = sfn.create_state_machine(name=name, definition=PASS, roleArn=ROLE, publish=True, tags=[{"key": "a", "value": "1"}])
    arn, first = made["stateMachineArn"], made["stateMachineVersionArn"]
    check("create_state_machine publishes", first, arn + ":1")
    updated = sfn.update_state_machine(stateMachineArn=arn, definition=machine({"Type": "Pass", "Result": 2}), publish=True)
    second = updated["stateMachineVersionArn"]
    published = sfn.publish_state_machine_version(stateMachineArn=arn, revisionId=updated["revisionId"])
    check("publish_state_machine_version finds it published", published["stateMachineVersionArn"], second)
    versions = sfn.pages("list_state_machine_versions", "stateMachineVersions", stateMachineArn=arn)
    check("versions are listed, newest first", [each["stateMachineVersionArn"] for each in versions], [second, first])
    described = sfn.describe_state_machine(stateMachineArn=first)
    check("describe_state_machine tells a version", described["definition"], PASS)
    names = [each["name"] for each in sfn.pages("list_state_machines", "stateMachines")]
    check("the state machine is listed once", names.count(name), 1)

    route = lambda version, weight: {"stateMachineVersionArn": version, "weight": weight}  # noqa: E731
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=[route(first, 100)])["stateMachineAliasArn"]
    sfn.create_state_machine_alias(name="test", routingConfiguration=[route(second, 100)])
    sfn.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=[route(first, 0), route(second, 100)])
    described = sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
    check("an alias is updated", described["routingConfiguration"], [route(first, 0), route(second, 100)])
    aliases = sfn.pages("list_state_machine_aliases", "stateMachineAliases", stateMachineArn=arn)
    check("aliases are listed", [each["stateMachineAliasArn"] for each in aliases], [alias, arn + ":test"])
    execution = sfn.start_execution(stateMachineArn=alias)["executionArn"]
    execution = until_ended(lambda: sfn.describe_execution(executionArn=execution))
    told = [execution.get(key) for key in ("output", "stateMachineVersionArn", "stateMachineAliasArn")]
    check("an execution runs the alias's version", told, ["2", second, alias])
    check.raises("a version in use", "ConflictException", lambda: sfn.delete_state_machine_version(stateMachineVersionArn=first))
    sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
    sfn.delete_state_machine_version(stateMachineVersionArn=first)

    sfn.tag_resource(resourceArn=arn, tags=[{"key": "b", "value": "2"}])
    sfn.untag_resource(resourceArn=arn, tagKeys=["a"])
    check("tags are set and taken away", sfn.list_tags_for_resource(resourceArn=arn)["tags"], [{"key": "b", "value": "2"}])
    sfn.delete_state_machine(stateMachineArn=arn)


def executions(sfn, name):
    arn = sfn.create_state_machine(name=name + "-e", definition=PASS, roleArn=ROLE)["stateMachineArn"]
    started = [sfn.start_execution(stateMachineArn=arn, name="e%d" % number)["executionArn"] for number in range(3)]
    for execution in started:
        until_ended(lambda: sfn.describe_execution(executionArn=execution))
    listed = sfn.pages("list_executions", "executions", stateMachineArn=arn)
    check("executions are listed, newest first", [each["executionArn"] for each in listed], started[::-1])
    events = sfn.pages("get_execution_history", "events", executionArn=started[0])
    check("a history is read in pages", [event["id"] for event in events], [1, 2, 3, 4])
    run = sfn.describe_state_machine_for_execution(executionArn=started[0])
    check("describe_state_machine_for_execution tells what ran", run["definition"], PASS)
    sfn.update_state_machine(stateMachineArn=arn, definition=machine({"Type": "Wait", "Seconds": 600}))
    waits = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    sfn.stop_execution(executionArn=waits, error="Enough")
    check("stop_execution stops", sfn.describe_execution(executionArn=waits)["status"], "ABORTED")
    sfn.delete_state_machine(stateMachineArn=arn)
    arn = sfn.create_state_machine(name=name + "-x", definition=PASS, roleArn=ROLE, type="EXPRESS")["stateMachineArn"]
    check("start_sync_execution waits", sfn.start_sync_execution(stateMachineArn=arn)["status"], "SUCCEEDED")
    sfn.delete_state_machine(stateMachineArn=arn)


def activities(sfn, name):
    arn = sfn.create_activity(name=name)["activityArn"]
    other = sfn.create_activity(name=name + "-other")["activityArn"]
    check("describe_activity tells the name", sfn.describe_activity(activityArn=arn)["name"], name)
    listed = [each["activityArn"] for each in sfn.pages("list_activities", "activities")]
    check("activities are listed", [each for each in listed if each in (arn, other)], [arn, other])
    definition = machine({"Type": "Task", "Resource": arn, "HeartbeatSeconds": 30})
    made = sfn.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
    given = {}
    worker = threading.Thread(target=lambda: given.update(sfn.get_activity_task(activityArn=arn, workerName="w")))
    worker.start()
    succeeds = sfn.start_execution(stateMachineArn=made, input='{"n": 1}')["executionArn"]
    worker.join()
    check("a worker that waits is given the task", json.loads(given["input"]), {"n": 1})
    sfn.send_task_heartbeat(taskToken=given["taskToken"])
    sfn.send_task_success(taskToken=given["taskToken"], output="[1]")
    check("send_task_success", until_ended(lambda: sfn.describe_execution(executionArn=succeeds)).get("output"), "[1]")
    fails = sfn.start_execution(stateMachineArn=made)["executionArn"]
    token = sfn.get_activity_task(activityArn=arn)["taskToken"]
    sfn.send_task_failure(taskToken=token, error="E", cause="C")
    check("send_task_failure", until_ended(lambda: sfn.describe_execution(executionArn=fails)).get("error"), "E")
    check.raises("a token is good once", "TaskTimedOut", lambda: sfn.send_task_heartbeat(taskToken=token))
    sfn.delete_state_machine(stateMachineArn=made)
    for each in (arn, other):
        sfn.delete_activity(activityArn=each)


def definitions(sfn):
    found = sfn.validate_state_machine_definition(definition="{}")
    check("validate_state_machine_definition", [found["result"], found["diagnostics"][0]["severity"]], ["FAIL", "ERROR"])
    tested = sfn.test_state(definition=json.dumps({"Type": "Pass", "Result": {"a": 1}, "Next": "N"}), roleArn=ROLE)
    check("test_state", [tested["status"], json.loads(tested["output"]), tested["nextState"]], ["SUCCEEDED", {"a": 1}, "N"])


def redrive(sfn, name):
    definition = machine({"Type": "Pass"}, {"Type": "Fail", "Error": "E"})
    arn = sfn.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
    execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    describe = lambda: sfn.describe_execution(executionArn=execution)  # noqa: E731
    until_ended(describe)
    sfn.redrive_execution(executionArn=execution)
    ended = until_ended(describe)
    check("redrive_execution runs it again", [ended["status"], ended["redriveCount"]], ["FAILED", 1])
    sfn.delete_state_machine(stateMachineArn=arn)


def map_runs(sfn, name):
    arn = sfn.create_state_machine(name=name, definition=json.dumps(MAP), roleArn=ROLE)["stateMachineArn"]
    execution = sfn.start_execution(stateMachineArn=arn, input="[1, 2]")["executionArn"]
    runs, deadline = [], time.monotonic() + 30
    while not runs and time.monotonic() < deadline:
        runs = sfn.pages("list_map_runs", "mapRuns", executionArn=execution)
    run = runs[0]["mapRunArn"]
    sfn.update_map_run(mapRunArn=run, maxConcurrency=2)
    described = sfn.describe_map_run(mapRunArn=run)
    check("update_map_run is seen", [described["maxConcurrency"], described["status"]], [2, "RUNNING"])
    sfn.stop_execution(executionArn=execution)
    sfn.delete_state_machine(stateMachineArn=arn)


def main():
    endpoint = sys.argv[1].rstrip("/")
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        del os.environ[name]
    os.environ.update(AWS_ACCESS_KEY_ID="123456789012", AWS_SECRET_ACCESS_KEY="e2e", AWS_EC2_METADATA_DISABLED="true")
    os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
    with urllib.request.urlopen(endpoint, timeout=10) as home:
        known = set(home.read().decode().split())
    sfn, name = Caller(endpoint), "ops-%s" % uuid.uuid4().hex[:8]
    check.group("State machines, versions, aliases, tags", state_machines, sfn, name)
    check.group("Executions", executions, sfn, name)
    check.group("Activities", activities, sfn, name)
    check.group("Definitions", definitions, sfn)
    if "RedriveExecution" in known:
        check.group("Redrive", redrive, sfn, name)
    if "UpdateMapRun" in known:
        check.group("Map Runs", map_runs, sfn, name)
    operations = set(sfn.meta.service_model.operation_names)
    check("the server knows every operation that was called", sfn.called - known, set())
    missing = {name for name in operations & known if name not in sfn.called}
    check("every operation was called", missing, set())
    methods = sfn.client.meta.method_to_api_mapping
    paginators = {name for name in methods if sfn.client.can_paginate(name)}
    check("every paginator was used", paginators - sfn.paged, set())
    check("boto3 has no waiters for Step Functions", sfn.client.waiter_names, [])
    print("%d of the %d operations of boto3 %s were called" % (len(sfn.called), len(operations), boto3.__version__))
    print("\n%d passed, %d failed" % (check.passed, check.failed))
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
