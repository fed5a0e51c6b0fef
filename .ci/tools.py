#!/usr/bin/env python3
"""What deployment tools do, call by call, and every command of `aws stepfunctions`, against a running server.

    .ci/tools.py http://127.0.0.1:8083

Terraform, CloudFormation (with SAM and CDK) and the AWS CLI cannot all be run here, but their calls can: the order, the members
they send, what they wait for and the errors they count on. Needs boto3 and awscli.
"""
import contextlib
import io
import json
import os
import sys
import time
import uuid

import boto3
from botocore.config import Config

from e2e import PASS, ROLE, WAIT, Checks, until_ended

check = Checks()
LOGGING = {"level": "OFF", "includeExecutionData": False}
GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/orders:*"


def until(what, look, reached):
    """What tools that poll do. The last thing seen is told."""
    deadline = time.monotonic() + 30
    while True:
        seen = look()
        if reached(seen) or time.monotonic() > deadline:
            check(what, reached(seen))
            return seen
        time.sleep(0.05)


def gone(sfn, arn):
    try:
        sfn.describe_state_machine(stateMachineArn=arn)
        return False
    except sfn.exceptions.StateMachineDoesNotExist:
        return True


def terraform(sfn, name):
    """aws_sfn_state_machine, aws_sfn_alias, aws_sfn_activity: plan, apply, apply a change, destroy."""
    validated = sfn.validate_state_machine_definition(definition=PASS, type="STANDARD", severity="ERROR", maxResults=100)
    check("plan: the definition is valid", (validated["result"], validated["diagnostics"]), ("OK", []))
    wrong = sfn.validate_state_machine_definition(definition=PASS.replace('"End": true', '"Next": "X"'), type="STANDARD")
    check("plan: a wrong one is not", (wrong["result"], wrong["diagnostics"][0]["location"]), ("FAIL", "/States/P/Next"))

    settings = {
        "roleArn": ROLE,
        "loggingConfiguration": LOGGING,
        "tracingConfiguration": {"enabled": False},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }
    made = sfn.create_state_machine(
        name=name, definition=PASS, type="STANDARD", publish=True, versionDescription="first",
        tags=[{"key": "team", "value": "orders"}], **settings
    )
    arn = made["stateMachineArn"]
    read = sfn.describe_state_machine(stateMachineArn=arn)
    check("apply: what was written is read back", {key: read[key] for key in settings}, settings)
    check("apply: it is active", (read["status"], read["type"], read["definition"]), ("ACTIVE", "STANDARD", PASS))
    check("apply: its tags", sfn.list_tags_for_resource(resourceArn=arn)["tags"], [{"key": "team", "value": "orders"}])
    versions = sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
    check("apply: its version", [each["stateMachineVersionArn"] for each in versions], [made["stateMachineVersionArn"]])

    changed = {**settings, "loggingConfiguration": {
        "level": "ERROR", "includeExecutionData": True, "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": GROUP}}]}}
    updated = sfn.update_state_machine(stateMachineArn=arn, definition=WAIT, publish=True, **changed)
    check("change: a version is published", updated["stateMachineVersionArn"], arn + ":2")
    seen = lambda: sfn.describe_state_machine(stateMachineArn=arn)  # noqa: E731
    read = until("change: it is seen", seen, lambda read: (read["definition"], read["roleArn"]) == (WAIT, ROLE))
    check("change: the logging configuration", read["loggingConfiguration"], changed["loggingConfiguration"])
    sfn.untag_resource(resourceArn=arn, tagKeys=["team"])
    sfn.tag_resource(resourceArn=arn, tags=[{"key": "stage", "value": "test"}])
    check("change: the tags", sfn.list_tags_for_resource(resourceArn=arn)["tags"], [{"key": "stage", "value": "test"}])

    route = [{"stateMachineVersionArn": arn + ":2", "weight": 100}]
    alias = sfn.create_state_machine_alias(name="live", description="d", routingConfiguration=route)["stateMachineAliasArn"]
    read = sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
    check("alias: read back", (read["name"], read["description"], read["routingConfiguration"]), ("live", "d", route))
    halves = [{"stateMachineVersionArn": arn + ":" + version, "weight": 50} for version in "12"]
    sfn.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=halves)
    sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
    read = lambda: sfn.describe_state_machine_alias(stateMachineAliasArn=alias)  # noqa: E731
    check.raises("alias: destroyed", "ResourceNotFound", read)

    activity = sfn.create_activity(name=name, tags=[{"key": "a", "value": "b"}])["activityArn"]
    check("activity: read back", sfn.describe_activity(activityArn=activity)["name"], name)
    check("activity: its tags", sfn.list_tags_for_resource(resourceArn=activity)["tags"], [{"key": "a", "value": "b"}])
    sfn.delete_activity(activityArn=activity)
    check.raises("activity: destroyed", "ActivityDoesNotExist", lambda: sfn.describe_activity(activityArn=activity))

    running = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    sfn.delete_state_machine(stateMachineArn=arn)
    check("destroy: while an execution runs it is being deleted", seen()["status"], "DELETING")
    sfn.stop_execution(executionArn=running)
    until("destroy: then it is gone", lambda: gone(sfn, arn), bool)
    check("destroy: again changes nothing", sfn.delete_state_machine(stateMachineArn=arn)["ResponseMetadata"]["HTTPStatusCode"], 200)


def cloudformation(sfn, name):
    """AWS::StepFunctions::StateMachine, …Version and …Alias with a canary, as SAM's AutoPublishAlias makes them."""
    tags = [{"key": "stateMachine:createdBy", "value": "SAM"}, {"key": "aws-stack", "value": name}]
    made = sfn.create_state_machine(name=name, definition=PASS, roleArn=ROLE, type="STANDARD", tags=tags)
    again = sfn.create_state_machine(name=name, definition=PASS, roleArn=ROLE, type="STANDARD", tags=tags)
    check("create: again is the same", again["creationDate"], made["creationDate"])
    other = lambda: sfn.create_state_machine(name=name, definition=WAIT, roleArn=ROLE, type="STANDARD")  # noqa: E731
    check.raises("create: another of that name", "StateMachineAlreadyExists", other)
    arn = made["stateMachineArn"]
    check("create: read", sfn.describe_state_machine(stateMachineArn=arn).get("revisionId"), None)
    check("create: an initial revision is published", sfn.publish_state_machine_version(
        stateMachineArn=arn, revisionId="INITIAL")["stateMachineVersionArn"], arn + ":1")
    live = [{"stateMachineVersionArn": arn + ":1", "weight": 100}]
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=live)["stateMachineAliasArn"]
    again = sfn.create_state_machine_alias(name="live", routingConfiguration=live)["stateMachineAliasArn"]
    check("alias: again is the same", again, alias)

    revision = sfn.update_state_machine(stateMachineArn=arn, definition=WAIT, roleArn=ROLE)["revisionId"]
    check.raises("update: another revision was meant", "ConflictException",
                 lambda: sfn.publish_state_machine_version(stateMachineArn=arn, revisionId="INITIAL"))
    second = sfn.publish_state_machine_version(stateMachineArn=arn, revisionId=revision)["stateMachineVersionArn"]
    for weight in (10, 100):
        routes = [{"stateMachineVersionArn": second, "weight": weight}]
        if weight < 100:
            routes.append({"stateMachineVersionArn": arn + ":1", "weight": 100 - weight})
        sfn.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=routes)
        read = sfn.describe_state_machine_alias(stateMachineAliasArn=alias)["routingConfiguration"]
        check("canary: %d %% of the new version" % weight, read, routes)
    sfn.delete_state_machine_version(stateMachineVersionArn=arn + ":1")
    sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
    sfn.delete_state_machine_version(stateMachineVersionArn=second)
    sfn.delete_state_machine_version(stateMachineVersionArn=second)
    sfn.delete_state_machine(stateMachineArn=arn)
    until("delete: gone", lambda: gone(sfn, arn), bool)
    listed = [each["name"] for page in sfn.get_paginator("list_state_machines").paginate() for each in page["stateMachines"]]
    check("delete: not listed", name in listed, False)


class Aws:
    """The AWS CLI, in this process: starting it anew takes half a second each time."""

    def __init__(self, endpoint):
        from awscli.clidriver import create_clidriver

        self.driver, self.called = create_clidriver(), set()
        self.start = ["--endpoint-url", endpoint, "--region", "us-east-1", "--output", "json", "stepfunctions"]

    def __call__(self, command, **options):
        self.called.add(command)
        arguments = [command]
        for name, value in options.items():
            given = [] if value is True else [value if isinstance(value, str) else json.dumps(value)]
            arguments += ["--" + name.replace("_", "-"), *given]
        said, problem = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(problem):
            code = self.driver.main(self.start + arguments)
        if code:
            raise RuntimeError("aws stepfunctions %s: %d: %s" % (command, code, problem.getvalue().strip()))
        return json.loads(said.getvalue()) if said.getvalue().strip() else {}


def commands(aws, name):
    """Every command once, in an order that makes sense."""
    arn = aws("create-state-machine", name=name, definition=PASS, role_arn=ROLE, tags=[{"key": "a", "value": "b"}])["stateMachineArn"]
    check("describe-state-machine", aws("describe-state-machine", state_machine_arn=arn)["status"], "ACTIVE")
    aws("tag-resource", resource_arn=arn, tags=[{"key": "c", "value": "d"}])
    aws("untag-resource", resource_arn=arn, tag_keys="a")
    check("list-tags-for-resource", aws("list-tags-for-resource", resource_arn=arn)["tags"], [{"key": "c", "value": "d"}])
    version = aws("publish-state-machine-version", state_machine_arn=arn)["stateMachineVersionArn"]
    listed = aws("list-state-machine-versions", state_machine_arn=arn)["stateMachineVersions"]
    check("list-state-machine-versions", listed[0]["stateMachineVersionArn"], version)
    route = "stateMachineVersionArn=%s,weight=100" % version
    alias = aws("create-state-machine-alias", name="live", routing_configuration=route)["stateMachineAliasArn"]
    aws("update-state-machine-alias", state_machine_alias_arn=alias, description="d")
    check("describe-state-machine-alias", aws("describe-state-machine-alias", state_machine_alias_arn=alias)["description"], "d")
    listed = aws("list-state-machine-aliases", state_machine_arn=arn)["stateMachineAliases"]
    check("list-state-machine-aliases", [each["stateMachineAliasArn"] for each in listed], [alias])
    execution = aws("start-execution", state_machine_arn=alias, name="e", input="{}")["executionArn"]
    ended = until_ended(lambda: aws("describe-execution", execution_arn=execution))
    check("describe-execution", (ended["status"], ended["output"]), ("SUCCEEDED", '{"done":true}'))
    check("get-execution-history", len(aws("get-execution-history", execution_arn=execution)["events"]), 4)
    listed = aws("list-executions", state_machine_arn=arn, status_filter="SUCCEEDED", max_items="5")["executions"]
    check("list-executions", [each["name"] for each in listed], ["e"])
    ran = aws("describe-state-machine-for-execution", execution_arn=execution)
    check("describe-state-machine-for-execution", ran["definition"], PASS)
    aws("delete-state-machine-alias", state_machine_alias_arn=alias)
    aws("delete-state-machine-version", state_machine_version_arn=version)
    check("list-state-machines", arn in [each["stateMachineArn"] for each in aws("list-state-machines")["stateMachines"]])

    fails = json.dumps({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}})
    aws("update-state-machine", state_machine_arn=arn, definition=fails)
    execution = aws("start-execution", state_machine_arn=arn)["executionArn"]
    describe = lambda: aws("describe-execution", execution_arn=execution)  # noqa: E731
    until_ended(describe)
    aws("redrive-execution", execution_arn=execution)
    check("redrive-execution", until_ended(describe)["redriveCount"], 1)
    aws("update-state-machine", state_machine_arn=arn, definition=WAIT)
    execution = aws("start-execution", state_machine_arn=arn)["executionArn"]
    aws("stop-execution", execution_arn=execution, error="Enough", cause="of it")
    check("stop-execution", describe()["error"], "Enough")
    express = aws("create-state-machine", name=name + "-x", definition=PASS, role_arn=ROLE, type="EXPRESS")["stateMachineArn"]
    check("start-sync-execution", aws("start-sync-execution", state_machine_arn=express)["output"], '{"done":true}')
    check("test-state", aws("test-state", definition=json.dumps({"Type": "Succeed"}), input="1")["output"], "1")
    check("validate-state-machine-definition", aws("validate-state-machine-definition", definition=PASS)["result"], "OK")

    activity = aws("create-activity", name=name)["activityArn"]
    check("describe-activity", aws("describe-activity", activity_arn=activity)["name"], name)
    check("list-activities", activity in [each["activityArn"] for each in aws("list-activities")["activities"]])
    task = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": activity, "HeartbeatSeconds": 60, "End": True}}}
    aws("update-state-machine", state_machine_arn=arn, definition=json.dumps(task))
    for report, options, status in [
        ("send-task-success", {"task_output": "[1]"}, "SUCCEEDED"),
        ("send-task-failure", {"error": "E", "cause": "C"}, "FAILED"),
    ]:
        execution = aws("start-execution", state_machine_arn=arn)["executionArn"]
        token = aws("get-activity-task", activity_arn=activity)["taskToken"]
        aws("send-task-heartbeat", task_token=token)
        aws(report, task_token=token, **options)
        check(report, until_ended(describe)["status"], status)
    aws("delete-activity", activity_arn=activity)

    waits = json.loads(WAIT)
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **waits}
    each = {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": processor, "End": True}}}
    aws("update-state-machine", state_machine_arn=arn, definition=json.dumps(each))
    execution = aws("start-execution", state_machine_arn=arn, input="[1]")["executionArn"]
    runs = until("list-map-runs", lambda: aws("list-map-runs", execution_arn=execution)["mapRuns"], bool)
    aws("update-map-run", map_run_arn=runs[0]["mapRunArn"], max_concurrency="3")
    check("describe-map-run", aws("describe-map-run", map_run_arn=runs[0]["mapRunArn"])["maxConcurrency"], 3)
    aws("stop-execution", execution_arn=execution)
    for each in (arn, express):
        aws("delete-state-machine", state_machine_arn=each)


def main():
    endpoint = sys.argv[1].rstrip("/")
    for variable in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        del os.environ[variable]
    os.environ.update(AWS_ACCESS_KEY_ID="123456789012", AWS_SECRET_ACCESS_KEY="e2e", AWS_EC2_METADATA_DISABLED="true")
    os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
    # StartSyncExecution and TestState would go to the host `sync-127.0.0.1`.
    os.environ.update(AWS_DISABLE_HOST_PREFIX_INJECTION="true")
    config = Config(retries={"max_attempts": 0}, read_timeout=70)
    sfn = boto3.client("stepfunctions", endpoint_url=endpoint, region_name="us-east-1", config=config)
    name = "tools-%s" % uuid.uuid4().hex[:8]
    check.group("Terraform", terraform, sfn, name + "-tf")
    check.group("CloudFormation, SAM, CDK", cloudformation, sfn, name + "-cfn")
    aws = Aws(endpoint)
    check.group("aws stepfunctions", commands, aws, name + "-cli")
    known = aws.driver.create_help_command().command_table["stepfunctions"].create_help_command().command_table
    check("every command was given", set(known) - aws.called - {"help", "wait"}, set())
    print("\n%d passed, %d failed" % (check.passed, check.failed))
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
