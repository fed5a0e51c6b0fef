#!/usr/bin/env python3
"""End to end with functions in Python, Node.js and Rust as local processes, started from the saga's SAM template.

    .ci/functions.py --asl target/release/asl --rust target/debug/saga-lambda --node-path DIR/node_modules

Every language plays the saga's seven scenarios: Python and Node.js once with the client built in and once with AWS's own
(`awslambdaric` of the Python that runs this, `aws-lambda-ric` in --node-path), Rust with `lambda_runtime`.
Needs boto3 and Linux. Prints a line a check; the last line is `N passed, N failed`.
"""
import argparse
import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import boto3
from botocore.config import Config

from e2e import SCENARIOS, check, order, until_ended, visited

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROBES = {
    "python": ("probe.py", "import sys\ndef handler(event, context):\n"
               "    return ['awslambdaric' in sys.modules, context.client_context.custom['name']]\n"
               # Sends its token back with boto3 as it is: the server says where to.
               "def callback(event, context):\n    import boto3\n    client = boto3.client('stepfunctions')\n"
               "    client.send_task_success(taskToken=event['token'], output='\"called back\"')\n"),
    "nodejs": ("probe.mjs", "export const handler = async (event, context) =>\n"
               "    [globalThis.awslambda !== undefined, context.clientContext.custom.name];\n"),
}
# What is told of the caller of a function.
CONTEXT = b'{"custom": {"name": "Ada"}}'
# What the seven scenarios leave behind: undoing adds records, it removes none.
RECORDS = {"orders": 7, "payments": 5 + 3, "inventory": 3 + 2}


def processes(mark):
    """The processes that have `mark` in their environment: what the server started, and what that started."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            pass  # somebody else's, or gone
    return found


class Server:
    """A server with the template in one language."""

    def __init__(self, asl, language, work, environment):
        self.records = work / "records"
        self.log = open(work / "server.log", "w", encoding="utf-8")
        command = [asl, "serve", "--ephemeral", "--listen", "127.0.0.1:0"]
        command += ["--template", str(ROOT / "statemachine/template.yaml")]
        command += ["--parameter", "Language=%s" % language, "--parameter", "Records=%s" % self.records]
        if language in PROBES:
            name, code = PROBES[language]
            (work / name).write_text(code)
            parameters = {"FunctionName": "${Probe}", "ClientContext": base64.b64encode(CONTEXT).decode()}
            probe = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters,
                     "OutputPath": "$.Payload", "End": True}
            (work / "probe.asl.json").write_text(json.dumps({"StartAt": "P", "States": {"P": probe}}))
            runtime = {"python": "python3", "nodejs": "nodejs"}[language]
            function = '[functions.%s]\nruntime = "%s"\nhandler = "probe.%s"\ntimeout = 60\n'
            settings = 'deploy = ["probe.asl.json", "callback.asl.json"]\n'
            settings += function % ("Probe", runtime, "handler") + function % ("Callback", runtime, "callback")
            (work / "asl.toml").write_text(settings)
            parameters = {"FunctionName": "Callback", "Payload": {"token.$": "$$.Task.Token"}}
            resource = "arn:aws:states:::lambda:invoke.waitForTaskToken"
            callback = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}
            (work / "callback.asl.json").write_text(json.dumps({"StartAt": "C", "States": {"C": callback}}))
            arn = "arn:aws:lambda:us-east-1:123456789012:function:Probe"
            command += ["--config", str(work / "asl.toml"), "--set", "Probe=" + arn]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment)
        self.greeting = ""
        for line in self.process.stdout:
            self.greeting += line
            if line.startswith("Ctrl-C"):
                break
        url = re.search(r"http://\S+", self.greeting)
        if not url:
            sys.exit("the server did not start: " + pathlib.Path(self.log.name).read_text())
        config = Config(inject_host_prefix=False, retries={"max_attempts": 0}, read_timeout=60)
        keys = {"aws_access_key_id": "123456789012", "aws_secret_access_key": "e2e"}
        self.boto = boto3.client("stepfunctions", endpoint_url=url[0], region_name="us-east-1", config=config, **keys)

    def run(self, machine, input):
        machine = "arn:aws:states:us-east-1:123456789012:stateMachine:" + machine
        arn = self.boto.start_execution(stateMachineArn=machine, input=input)["executionArn"]
        return until_ended(lambda: self.boto.describe_execution(executionArn=arn))

    def end(self):
        self.process.terminate()
        code = self.process.wait(timeout=30)
        self.log.close()
        return code


def saga(server, who):
    check("%s: everything in the template is resolved" % who, "NOT RESOLVED" in server.greeting, False)
    for prefix, path in SCENARIOS:
        execution = server.run("OrderSaga", order(prefix))
        events = server.boto.get_execution_history(executionArn=execution["executionArn"])["events"]
        check("%s: %s… goes its path" % (who, prefix), visited(events), path)
        if path[-1] == "OrderSucceeded":
            output = json.loads(execution["output"])
            told = (execution["status"], output["order_status"], output["payment"]["payment_amount"])
            check("%s: %s… succeeds" % (who, prefix), told, ("SUCCEEDED", "New", 199.99))
        else:
            report = json.loads(execution["cause"])
            told = (execution["status"], report["errorType"], "fails on purpose" in report["errorMessage"])
            check("%s: %s… fails with a report" % (who, prefix), told, ("FAILED", execution["error"], True))
    kept = {table: len(list((server.records / table).glob("*.json"))) for table in RECORDS}
    check("%s: the records are there" % who, kept, RECORDS)
    check("%s: one process a function" % who, len(processes("SAGA_RECORDS=%s" % server.records)), 6)


def play(arguments, language, client, environment):
    who = "%s (%s)" % (language, client)
    with tempfile.TemporaryDirectory() as work:
        begin = time.monotonic()
        server = Server(arguments.asl, language, pathlib.Path(work), environment)
        try:
            check.group("The saga in %s" % who, saga, server, who)
            if language in PROBES:
                built_in = client == "built in"
                told = json.loads(server.run("probe", "{}").get("output", "null"))
                check("%s: it is this client, and it knows its caller" % who, told, [not built_in, "Ada"])
                if client == "awslambdaric":
                    check("%s: a function calls back" % who, server.run("callback", "{}").get("output"), '"called back"')
        finally:
            code = server.end()
        check("%s: the server ends well" % who, code, 0)
        deadline = time.monotonic() + 10
        while processes(work) and time.monotonic() < deadline:
            time.sleep(0.05)
        check("%s: no process is left" % who, processes(work), [])
        print("      %.1f s" % (time.monotonic() - begin))
        if check.failed:
            print(pathlib.Path(work, "server.log").read_text()[-5000:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--asl", default="target/release/asl")
    parser.add_argument("--rust", help="the program `saga-lambda`; left out: no Rust")
    parser.add_argument("--node-path", help="where aws-lambda-ric is installed; left out: only the client built in")
    arguments = parser.parse_args()

    # Nothing of the user's own configuration or of a proxy comes in between.
    own = lambda name: name.startswith("AWS_") or name.lower().endswith("_proxy")
    bare = {name: value for name, value in os.environ.items() if not own(name)}
    # Isolated from this Python's packages: there the built-in client steps in.
    play(arguments, "python", "built in", bare | {"PYTHONNOUSERSITE": "1", "PATH": system_path()})
    here = os.path.dirname(sys.executable)
    play(arguments, "python", "awslambdaric", bare | {"PATH": here + os.pathsep + bare["PATH"]})
    play(arguments, "nodejs", "built in", bare)
    if arguments.node_path:
        play(arguments, "nodejs", "aws-lambda-ric", bare | {"NODE_PATH": os.path.abspath(arguments.node_path)})
    if arguments.rust:
        bootstrap = ROOT / "target/lambda/saga/bootstrap"
        bootstrap.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(arguments.rust, bootstrap)
        play(arguments, "rust", "lambda_runtime", bare)
    print("\n%d passed, %d failed" % (check.passed, check.failed))
    return 1 if check.failed else 0


def system_path():
    """The path without the virtual environment that this runs in."""
    here = os.path.realpath(os.path.dirname(sys.executable)) if sys.prefix != sys.base_prefix else None
    virtual = os.path.dirname(sys.executable)
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if folder not in (virtual, here))


if __name__ == "__main__":
    sys.exit(main())
