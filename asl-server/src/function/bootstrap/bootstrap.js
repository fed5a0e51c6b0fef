// Runs one Lambda handler: with aws-lambda-ric when it is installed, else by itself.
"use strict";
const { createRequire } = require("node:module");
const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");
const { request } = require("node:http");

const root = process.env.LAMBDA_TASK_ROOT;
const handlerName = process.argv[1];
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");

function call(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const options = { host, port, method, path: "/2018-06-01/runtime/" + path, headers };
    const sent = request(options, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks).toString() }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

function fail(path, error) {
  console.error(error);
  const known = error instanceof Error || (error && error.errorType);
  const errorType = (known && (error.errorType || error.name)) || typeof error;
  const errorMessage = known ? String(error.message) : String(error);
  const trace = error && error.stack ? error.stack.split("\n") : [];
  return call("POST", path, JSON.stringify({ errorType, errorMessage, trace }), {
    "Lambda-Runtime-Function-Error-Type": encodeURIComponent(errorType),
  });
}

function initError(errorType, message) {
  return Object.assign(new Error(message), { errorType });
}

async function load() {
  const cut = handlerName.lastIndexOf(".");
  const [moduleName, functionName] = [handlerName.slice(0, cut), handlerName.slice(cut + 1)];
  const file = [".js", ".mjs", ".cjs"].map((extension) => join(root, moduleName + extension)).find(existsSync);
  if (!file) throw initError("Runtime.ImportModuleError", `Error: Cannot find module '${moduleName}'`);
  const loaded = await import(pathToFileURL(file).href);
  const handler = loaded[functionName] ?? loaded.default?.[functionName];
  if (typeof handler !== "function") {
    throw initError("Runtime.HandlerNotFound", `${handlerName} is undefined or not exported`);
  }
  return handler;
}

async function main() {
  let client;
  try {
    // Beside the code, or below NODE_PATH.
    client = createRequire(join(root, "_")).resolve("aws-lambda-ric");
  } catch {}
  if (client) return (await import(pathToFileURL(client).href)).run(root, handlerName);

  let handler;
  try {
    handler = await load();
  } catch (error) {
    await fail("init/error", error);
    process.exit(1);
  }
  for (;;) {
    const invocation = await call("GET", "invocation/next");
    const header = (name) => invocation.headers["lambda-runtime-" + name];
    const path = `invocation/${header("aws-request-id")}/`;
    process.env._X_AMZN_TRACE_ID = header("trace-id");
    let answer;
    try {
      answer = await new Promise((resolve, reject) => {
        const done = (error, result) => (error ? reject(error) : resolve(result));
        const context = {
          awsRequestId: header("aws-request-id"),
          invokedFunctionArn: header("invoked-function-arn"),
          functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
          functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
          memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
          logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
          logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
          clientContext: JSON.parse(header("client-context") ?? "null") ?? undefined,
          callbackWaitsForEmptyEventLoop: true,
          getRemainingTimeInMillis: () => Math.max(0, Number(header("deadline-ms")) - Date.now()),
          succeed: resolve,
          fail: reject,
          done,
        };
        const result = handler(JSON.parse(invocation.body), context, done);
        if (result && typeof result.then === "function") result.then(resolve, reject);
        else if (handler.length < 3 && result !== undefined) resolve(result);
        else if (handler.length < 3) resolve(null);
      });
      answer = JSON.stringify(answer ?? null);
    } catch (error) {
      await fail(path + "error", error);
      continue;
    }
    const accepted = await call("POST", path + "response", answer);
    if (accepted.status >= 300) console.error(accepted.body);
  }
}

main();
