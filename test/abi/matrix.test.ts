// The conformance matrix: every host function, in its phases, used right, wrong and at its edges; and every one of
// them in every phase with addresses and sizes that no guest has.
import assert from "node:assert/strict";
import { test } from "node:test";
import { foreignTable } from "../../src/host/foreign/table.ts";
import { subjectOf } from "../../src/spec/abi-support.ts";
import { foreignFunctions } from "../../src/spec/foreign-functions.ts";
import { hostFunctions } from "../../src/spec/host-functions.ts";
import { buffers } from "./buffers.ts";
import type { Subject } from "./cell.ts";
import { foreign } from "./foreign.ts";
import { grpc } from "./grpc.ts";
import { headers } from "./headers.ts";
import { httpCalls } from "./http-call.ts";
import { localResponses } from "./local-response.ts";
import { log } from "./log.ts";
import { metrics } from "./metrics.ts";
import { network } from "./network.ts";
import { play } from "./play.ts";
import { properties } from "./properties.ts";
import { queues } from "./queues.ts";
import { sharedData } from "./shared-data.ts";
import { streams } from "./streams.ts";
import { timers } from "./timers.ts";
import { wasi } from "./wasi.ts";

/** Functions that take any number and do nothing. */
const inert = new Set(["pthread_equal", "emscripten_notify_memory_growth"]);

const subjects: readonly Subject[] = [
  headers,
  buffers,
  properties,
  sharedData,
  queues,
  metrics,
  timers,
  httpCalls,
  grpc,
  localResponses,
  streams,
  foreign,
  log,
  network,
  wasi,
];

for (const { name, cells } of subjects) {
  for (const { fn, kind, phase, what, calls, notes, options, check } of cells) {
    test(`${name}: ${fn} in ${phase}, ${kind}: ${what}`, () => {
      const played = play(calls, phase, options);
      assert.deepEqual(played.plugin.traps, []);
      if (notes.length > 0) assert.deepEqual(played.notes, notes);
      else assert.ok(check !== undefined, "a cell expects something");
      check?.(played);
    });
  }
}

test("every host function is used right, those with arguments wrong, and at an edge", (t) => {
  const kinds = new Map<string, Set<string>>();
  const counts = { right: 0, misuse: 0, edge: 0 };
  for (const { fn, kind } of subjects.flatMap((subject) => subject.cells)) {
    counts[kind]++;
    kinds.set(fn, (kinds.get(fn) ?? new Set()).add(kind));
  }
  const missing = hostFunctions.flatMap(({ name, module, params }) => {
    const wanted = module === "wasi" || inert.has(name) ? ["right"] : ["right", "edge"];
    if (module === "env" && params.length > 0 && !inert.has(name)) wanted.push("misuse");
    return wanted.filter((kind) => !kinds.get(name)?.has(kind)).map((kind) => `${name}: ${kind}`);
  });
  assert.deepEqual(missing, []);
  t.diagnostic(`${counts.right} right, ${counts.misuse} misuse, ${counts.edge} edge`);
});

test("every foreign function that is offered is used right, and no other has a handler", () => {
  const right = foreign.cells.filter(({ kind }) => kind === "right");
  const names = right.map(({ what }) => what.split(" ")[0]);
  const offered = foreignFunctions.filter((row) => row.offered).map((row) => row.name);
  assert.deepEqual(Object.keys(foreignTable).sort(), [...offered].sort());
  for (const name of offered) assert.ok(names.includes(name), name);
});

test("the reference page names for each function a file of this matrix that uses it", () => {
  for (const { name } of hostFunctions) {
    const subject = subjects.find((one) => one.name === subjectOf(name));
    assert.ok(
      subject?.cells.some(({ fn }) => fn === name),
      `${name}: ${subjectOf(name)}`,
    );
  }
});
