// Prints a table: each case of cases.json, evaluated by the engine and by the reference implementation, in one run.
//
//     node compare.mjs ../../target/release/examples/jsonata_speed
//
// The program prints a line of JSON a case: {"name", "parse_ns", "evaluate_ns", "result"}. Both sides evaluate the same
// expressions over the same inputs (made by expressions, too) and must give the same results.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import jsonata from "jsonata";

const file = new URL("cases.json", import.meta.url);
const { inputs, cases } = JSON.parse(readFileSync(file, "utf8"));

const MEASURE_MS = 1000;
const BATCH_MS = 25;

// Nanoseconds a call: the best batch of a second, because other programs only ever make it slower.
async function measure(call) {
  let calls = 1;
  for (;;) {
    const begun = performance.now();
    for (let i = 0; i < calls; i++) await call();
    if (performance.now() - begun > BATCH_MS) break;
    calls *= 2;
  }
  let best = Infinity;
  const until = performance.now() + MEASURE_MS;
  while (performance.now() < until) {
    const begun = performance.now();
    for (let i = 0; i < calls; i++) await call();
    best = Math.min(best, (performance.now() - begun) / calls);
  }
  return best * 1e6;
}

function time(ns) {
  if (ns < 1e4) return `${Math.round(ns).toLocaleString("en")} ns`;
  return ns < 1e6 ? `${(ns / 1e3).toFixed(1)} µs` : `${(ns / 1e6).toFixed(2)} ms`;
}

const program = process.argv[2];
if (!program) {
  console.error("usage: node compare.mjs PROGRAM");
  process.exit(2);
}
const ours = execFileSync(program, [file.pathname], { encoding: "utf8", maxBuffer: 1 << 28 });
const measured = new Map(ours.trim().split("\n").map((line) => JSON.parse(line)).map((row) => [row.name, row]));

console.log("| expression | ours | JavaScript | ratio | parsing: ours | JavaScript |");
console.log("| --- | ---: | ---: | ---: | ---: | ---: |");
let wrong = 0;
for (const { name, input, expression } of cases) {
  const bindings = { states: { input: await jsonata(inputs[input]).evaluate(undefined) } };
  const compiled = jsonata(expression);
  const result = JSON.parse(JSON.stringify(await compiled.evaluate(undefined, bindings)));
  const mine = measured.get(name);
  if (!mine || !isDeepStrictEqual(result, mine.result)) {
    console.error(`${name}: the results differ`);
    wrong++;
    continue;
  }
  const evaluate = await measure(() => compiled.evaluate(undefined, bindings));
  const parse = await measure(() => jsonata(expression));
  const ratio = `${(evaluate / mine.evaluate_ns).toFixed(1)} ×`;
  console.log(
    `| ${name} | ${time(mine.evaluate_ns)} | ${time(evaluate)} | ${ratio} | ${time(mine.parse_ns)} | ${time(parse)} |`,
  );
}
process.exit(wrong ? 1 : 0);
