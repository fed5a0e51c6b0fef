// Every operation of the API through the AWS SDK for JavaScript v3, with its paginators, against a running server.
//
//     npm ci && node operations.js http://127.0.0.1:8083
//
// The operations are those the SDK exports: one that is never called fails.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import * as sdk from "@aws-sdk/client-sfn";

const [endpoint] = process.argv.slice(2);
const role = "arn:aws:iam::123456789012:role/e2e";
const client = new sdk.SFNClient({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "123456789012", secretAccessKey: "e2e" },
  maxAttempts: 1,
  // StartSyncExecution would go to the host `sync-127.0.0.1`.
  disableHostPrefix: true,
});
const called = new Set();
const paged = new Set();
let checks = 0;

const call = (operation, input) => {
  called.add(operation);
  return client.send(new sdk[`${operation}Command`](input));
};

const check = (name, actual, expected = true) => {
  assert.deepEqual(actual, expected, name);
  checks += 1;
  console.log(`ok    ${name}`);
};

const refused = async (name, error, promise) => {
  const refusal = await promise.then(() => undefined, (refusal) => refusal);
  check(name, [refusal?.name, refusal instanceof sdk[error], refusal?.message !== ""], [error, true, true]);
};

// All items of a list, one a page: with the SDK's paginator when it has one.
const pages = async (operation, key, input = {}) => {
  const paginate = sdk[`paginate${operation}`];
  paged.add(`paginate${operation}`);
  called.add(operation);
  const items = [];
  if (paginate) {
    for await (const page of paginate({ client, pageSize: 1 }, input)) {
      assert(page[key].length <= 1);
      items.push(...page[key]);
    }
    return items;
  }
  for (let nextToken, more = true; more; more = nextToken !== undefined) {
    const page = await call(operation, { ...input, maxResults: 1, nextToken });
    assert(page[key].length <= 1);
    items.push(...page[key]);
    nextToken = page.nextToken;
  }
  return items;
};

const until = async (look, reached) => {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const seen = await look();
    if (reached(seen) || Date.now() > deadline) return seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
const ended = (executionArn) =>
  until(() => call("DescribeExecution", { executionArn }), (execution) => execution.status !== "RUNNING");

const machine = (...states) => {
  const following = (index) =>
    index + 1 < states.length ? { Next: `S${index + 1}` } : states[index].Type === "Fail" ? {} : { End: true };
  const entries = states.map((state, index) => [`S${index}`, { ...state, ...following(index) }]);
  return JSON.stringify({ StartAt: "S0", States: Object.fromEntries(entries) });
};
const pass = machine({ Type: "Pass" });
const create = async (name, definition, more = {}) => {
  const made = await call("CreateStateMachine", { name, definition, roleArn: role, ...more });
  assert(made.creationDate instanceof Date);
  return made.stateMachineArn;
};
const remove = (stateMachineArn) => call("DeleteStateMachine", { stateMachineArn });

const stateMachines = async (name) => {
  const arn = await create(name, pass, { publish: true, tags: [{ key: "a", value: "1" }] });
  const [first, second] = [`${arn}:1`, `${arn}:2`];
  const definition = machine({ Type: "Pass", Result: 2 });
  const { revisionId } = await call("UpdateStateMachine", { stateMachineArn: arn, definition });
  const published = await call("PublishStateMachineVersion", { stateMachineArn: arn, revisionId });
  check("PublishStateMachineVersion", published.stateMachineVersionArn, second);
  const versions = await pages("ListStateMachineVersions", "stateMachineVersions", { stateMachineArn: arn });
  check("versions, newest first", versions.map((version) => version.stateMachineVersionArn), [second, first]);
  const described = await call("DescribeStateMachine", { stateMachineArn: first });
  check("DescribeStateMachine of a version", described.definition, pass);
  const listed = await pages("ListStateMachines", "stateMachines");
  check("listed once", listed.filter((each) => each.name === name).length, 1);

  const route = (stateMachineVersionArn, weight) => ({ stateMachineVersionArn, weight });
  const live = { name: "live", routingConfiguration: [route(first, 100)] };
  const { stateMachineAliasArn } = await call("CreateStateMachineAlias", live);
  const moved = { stateMachineAliasArn, routingConfiguration: [route(second, 100)] };
  check("UpdateStateMachineAlias", (await call("UpdateStateMachineAlias", moved)).updateDate instanceof Date);
  const alias = await call("DescribeStateMachineAlias", { stateMachineAliasArn });
  check("DescribeStateMachineAlias", alias.routingConfiguration, [route(second, 100)]);
  const aliases = await pages("ListStateMachineAliases", "stateMachineAliases", { stateMachineArn: arn });
  check("aliases", aliases.map((each) => each.stateMachineAliasArn), [stateMachineAliasArn]);
  const { executionArn } = await call("StartExecution", { stateMachineArn: stateMachineAliasArn });
  check("an execution by alias", (await ended(executionArn)).output, "2");
  const used = call("DeleteStateMachineVersion", { stateMachineVersionArn: second });
  await refused("a version in use", "ConflictException", used);
  await call("DeleteStateMachineAlias", { stateMachineAliasArn });
  await call("DeleteStateMachineVersion", { stateMachineVersionArn: second });

  await call("TagResource", { resourceArn: arn, tags: [{ key: "b", value: "2" }] });
  await call("UntagResource", { resourceArn: arn, tagKeys: ["a"] });
  check("tags", (await call("ListTagsForResource", { resourceArn: arn })).tags, [{ key: "b", value: "2" }]);
  await remove(arn);
  await refused("a name with a space", "InvalidName", create("a b", pass));
};

const executions = async (name) => {
  const arn = await create(`${name}-e`, pass);
  const started = [];
  for (const each of ["e0", "e1", "e2"]) {
    const { executionArn } = await call("StartExecution", { stateMachineArn: arn, name: each });
    started.unshift(executionArn);
    await ended(executionArn);
  }
  const listed = await pages("ListExecutions", "executions", { stateMachineArn: arn });
  check("executions, newest first", listed.map((execution) => execution.executionArn), started);
  const [executionArn] = started;
  const events = await pages("GetExecutionHistory", "events", { executionArn });
  check("a history in pages", events.map((event) => event.id), [1, 2, 3, 4]);
  check("timestamps are dates", events.every((event) => event.timestamp instanceof Date));
  const ran = await call("DescribeStateMachineForExecution", { executionArn });
  check("DescribeStateMachineForExecution", ran.definition, pass);
  await call("UpdateStateMachine", { stateMachineArn: arn, definition: machine({ Type: "Wait", Seconds: 600 }) });
  const waits = await call("StartExecution", { stateMachineArn: arn });
  await call("StopExecution", { executionArn: waits.executionArn, error: "Enough" });
  check("StopExecution", (await ended(waits.executionArn)).status, "ABORTED");
  await remove(arn);
  const express = await create(`${name}-x`, pass, { type: "EXPRESS" });
  check("StartSyncExecution", (await call("StartSyncExecution", { stateMachineArn: express })).status, "SUCCEEDED");
  await remove(express);
};

const activities = async (name) => {
  const { activityArn } = await call("CreateActivity", { name });
  check("DescribeActivity", (await call("DescribeActivity", { activityArn })).name, name);
  const listed = await pages("ListActivities", "activities");
  check("activities", listed.some((activity) => activity.activityArn === activityArn));
  const arn = await create(`${name}-a`, machine({ Type: "Task", Resource: activityArn, HeartbeatSeconds: 30 }));
  const waiting = call("GetActivityTask", { activityArn, workerName: "w" });
  const succeeds = await call("StartExecution", { stateMachineArn: arn, input: '{"n":1}' });
  const { taskToken, input } = await waiting;
  check("GetActivityTask", JSON.parse(input), { n: 1 });
  await call("SendTaskHeartbeat", { taskToken });
  await call("SendTaskSuccess", { taskToken, output: "[1]" });
  check("SendTaskSuccess", (await ended(succeeds.executionArn)).output, "[1]");
  const fails = await call("StartExecution", { stateMachineArn: arn });
  const next = await call("GetActivityTask", { activityArn });
  await call("SendTaskFailure", { taskToken: next.taskToken, error: "E", cause: "C" });
  check("SendTaskFailure", (await ended(fails.executionArn)).error, "E");
  await refused("a token is good once", "TaskTimedOut", call("SendTaskHeartbeat", { taskToken }));
  await remove(arn);
  await call("DeleteActivity", { activityArn });
};

const definitions = async () => {
  const found = await call("ValidateStateMachineDefinition", { definition: "{}" });
  check("ValidateStateMachineDefinition", [found.result, found.diagnostics[0].severity], ["FAIL", "ERROR"]);
  const definition = JSON.stringify({ Type: "Pass", Result: 1, Next: "N" });
  const tested = await call("TestState", { definition, roleArn: role });
  check("TestState", [tested.status, tested.output, tested.nextState], ["SUCCEEDED", "1", "N"]);
};

const redrive = async (name) => {
  const arn = await create(`${name}-r`, machine({ Type: "Pass" }, { Type: "Fail", Error: "E" }));
  const { executionArn } = await call("StartExecution", { stateMachineArn: arn });
  await ended(executionArn);
  await call("RedriveExecution", { executionArn });
  check("RedriveExecution", (await ended(executionArn)).redriveCount, 1);
  await remove(arn);
};

const mapRuns = async (name) => {
  const ItemProcessor = {
    ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
    StartAt: "Waits",
    States: { Waits: { Type: "Wait", Seconds: 600, End: true } },
  };
  const arn = await create(`${name}-m`, machine({ Type: "Map", ItemProcessor, MaxConcurrency: 1 }));
  const { executionArn } = await call("StartExecution", { stateMachineArn: arn, input: "[1, 2]" });
  const [{ mapRunArn }] = await until(() => pages("ListMapRuns", "mapRuns", { executionArn }), (runs) => runs.length > 0);
  await call("UpdateMapRun", { mapRunArn, maxConcurrency: 2 });
  check("UpdateMapRun", (await call("DescribeMapRun", { mapRunArn })).maxConcurrency, 2);
  await call("StopExecution", { executionArn });
  await remove(arn);
};

const known = new Set((await (await fetch(endpoint)).text()).split(/\s+/));
const name = `js-${randomUUID().slice(0, 8)}`;
await stateMachines(name);
await executions(name);
await activities(name);
await definitions();
if (known.has("RedriveExecution")) await redrive(name);
if (known.has("UpdateMapRun")) await mapRuns(name);

const exported = Object.keys(sdk).filter((name) => /.Command$/.test(name)).map((name) => name.slice(0, -"Command".length));
const operations = exported.filter((name) => name !== "$");
check("every operation was called", operations.filter((name) => known.has(name) && !called.has(name)), []);
const paginators = Object.keys(sdk).filter((name) => name.startsWith("paginate"));
check("every paginator was used", paginators.filter((name) => !paged.has(name)), []);
check("the SDK has no waiters for Step Functions", Object.keys(sdk).filter((name) => name.startsWith("waitUntil")), []);
console.log(`${called.size} of the ${operations.length} operations of the SDK were called; ${checks} checks passed`);
