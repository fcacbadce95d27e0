// The conformance matrix in a stock Envoy: what a guest of a cell sees there is what it sees in our own host, but for
// what the two machines differ in and for the differences that the reference page names.
import assert from "node:assert/strict";
import { test } from "node:test";
import { findEnvoy } from "../../src/trial/envoy/find-envoy.ts";
import { playScene } from "../../src/trial/envoy/scene.ts";
import { buffers } from "../abi/buffers.ts";
import type { Cell } from "../abi/cell.ts";
import { headers } from "../abi/headers.ts";
import { httpCalls } from "../abi/http-call.ts";
import { log } from "../abi/log.ts";
import { metrics } from "../abi/metrics.ts";
import { guestOf, type Phase } from "../abi/play.ts";
import { properties } from "../abi/properties.ts";
import { queues } from "../abi/queues.ts";
import { sharedData } from "../abi/shared-data.ts";
import { streams } from "../abi/streams.ts";
import { timers } from "../abi/timers.ts";
import { wasi } from "../abi/wasi.ts";
import { present } from "./party.ts";

/** Local responses are left out: the process of Envoy ends by a signal at some of those that no response can be. */
const subjects = [
  headers,
  buffers,
  properties,
  sharedData,
  queues,
  metrics,
  streams,
  log,
  wasi,
  timers,
  httpCalls,
];

/** Callbacks that come once for each request, with what the guest asks for at its start or without. */
const phases = new Set<Phase>([
  "proxy_on_request_headers",
  "proxy_on_request_body",
  "proxy_on_response_headers",
  "proxy_on_response_body",
]);

/** Why a cell can't hold in Envoy, by its sentence. */
const elsewhere: Readonly<Record<string, readonly string[]>> = {
  "what a client and an operator of another machine give": [
    "counts the bytes of all names and values",
    "gives all pairs, the count first",
    "ignores the case of the name",
    "appends one more of the same name",
    "host is another name of :authority",
    "of two with the name one stays",
    "gives the VM's configuration at any time",
    "gives what the gateway knows, numbers as 8 bytes",
    "gives all values of a header",
    "host is a header of a request",
    "what the host itself knows can't be said otherwise",
    "tells the level",
    "below the level of the host nothing is written",
    "gives what the operator set",
    "writes standard error to the log of errors",
  ],
  "other clocks": [
    "knows the time of day and a steady clock",
    "gives nanoseconds since 1970",
    "goes on with the host's clock",
  ],
  "one name is one metric and one queue of all plugins there": [
    "64 bits go round",
    "sets a gauge, adds to a counter, takes a value of a histogram",
    "a counter takes any 64 bits",
    "finds a queue of its own VM, and of one by its id",
  ],
  "limits and refusals that the reference page names": [
    "a line break in a value, a bad address, a closed map",
    "a line break, a closed map, bad addresses",
    "a key beyond what a name may have",
    "an empty name is a name, one that is too long is not",
    "no cluster, no authority, a negative time, a line break",
    "no vectors are no line, too many are refused",
  ],
  "bad addresses that are looked at in another order, or not at all": [
    "another descriptor, bad addresses",
    "bad addresses",
  ],
  "Envoy's process ends by a signal": [
    "a write of 65535 bytes at 0 makes XY",
    "before there is a response nothing happens",
  ],
};
const left = new Set(Object.values(elsewhere).flat());

const cells: readonly Cell[] = subjects
  .flatMap((subject) => subject.cells)
  .filter(({ phase, notes, options }) => phases.has(phase) && notes.length > 0 && !options?.keep)
  .filter(({ what }) => !left.has(what));

test("what guests of the matrix see in Envoy is what they see in our host", async (t) => {
  if (!present(t, "envoy")) return;
  const found = await findEnvoy(undefined, process.env);
  const plugins = cells.map(({ calls, phase, options }, i) => ({
    name: `cell${i}`,
    bytes: guestOf(calls, phase, options ?? {}),
    failure: "closed" as const,
    vmId: `cell${i}`,
    configuration: "settings",
  }));
  const B = "proxy_on_request_body";
  const asks = cells.map(({ phase, options }, i) => ({
    plugin: `cell${i}`,
    path: "/p?q=1",
    headers: [["x-one", "1"]] as const,
    ...((phase === B || options?.more?.includes(B)) && { body: "question" }),
  }));
  const scene = { plugins, asks, targets: ["auth"], patience: 60_000, level: "debug" as const };
  const played = await playScene(scene, found);
  assert.equal(played.start, "ready");
  assert.equal(played.ended, null, "Envoy stayed alive");
  const seen = new Map<string, (number | string)[]>();
  for (const { text } of played.lines) {
    const [, name, said] = /^wasm log (cell\d+)[^:]*: (.*)$/.exec(text) ?? [];
    if (name === undefined || said === undefined) continue;
    const notes = seen.get(name) ?? [];
    seen.set(name, notes);
    notes.push(/^\d+$/.test(said) ? Number(said) : said);
  }
  // A body comes in two callbacks there: what the first has seen counts.
  const differences = cells.flatMap(({ fn, what, notes }, i) => {
    const there = (seen.get(`cell${i}`) ?? []).slice(0, notes.length);
    return JSON.stringify(there) === JSON.stringify(notes)
      ? []
      : [`${fn}: ${what}: ${JSON.stringify(there)} instead of ${JSON.stringify(notes)}`];
  });
  assert.deepEqual(differences, []);
  t.diagnostic(`${cells.length} cells in Envoy ${played.release}`);
  assert.ok(cells.length >= 100, `${cells.length} cells`);
});

test("every sentence that is left out is one of the matrix", () => {
  const sentences = new Set(subjects.flatMap((subject) => subject.cells.map(({ what }) => what)));
  assert.deepEqual(
    [...left].filter((what) => !sentences.has(what)),
    [],
  );
});
