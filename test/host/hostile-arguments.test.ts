// Every host call with arguments that nobody checked: whatever a guest sends, it gets a number back. No call
// throws, none takes the host down, and the request still ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ManualClock } from "../../src/host/clock.ts";
import { runRequest } from "../../src/host/request.ts";
import { hostFunctions } from "../../src/spec/host-functions.ts";
import { guest, headers, pairs, run } from "./guest.ts";

const SEEDS = 60;
/** Numbers that break things: ends of memory, of 31 and 32 bits, small ones, addresses of good data. */
const odd = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 64, 100, 255, 1024, 4096, 65535, 65536, 65532, 0x7fffffff, -1,
  -2, -4, -65536, -0x80000000, 1_000_000, 403,
];
const oddLong = ["0", "1", "-1", "9223372036854775807", "-9223372036854775808"];
const phases = [
  "vm_start",
  "configure",
  "request_headers",
  "request_body",
  "response_headers",
  "response_body",
  "tick",
  "http_call_response",
  "log",
  "done",
  "delete",
] as const;
const types: Readonly<Record<(typeof phases)[number], string>> = {
  vm_start: "(param i32 i32) (result i32)",
  configure: "(param i32 i32) (result i32)",
  request_headers: "(param i32 i32 i32) (result i32)",
  request_body: "(param i32 i32 i32) (result i32)",
  response_headers: "(param i32 i32 i32) (result i32)",
  response_body: "(param i32 i32 i32) (result i32)",
  tick: "(param i32)",
  http_call_response: "(param i32 i32 i32 i32 i32)",
  log: "(param i32)",
  done: "(param i32) (result i32)",
  delete: "(param i32)",
};

function randomOf(seed: number): (below: number) => number {
  let state = seed * 2654435761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return state % below;
  };
}

/** Mostly to go on, so that later phases are reached. */
const answers = [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, -1];

/** Calls that end the request, and so the test of it. */
const ending = new Set(["proxy_send_local_response", "proxy_close_stream"]);

const callable = hostFunctions.filter((row) => row.abis.includes("0.2.1"));

function callsOf(random: (below: number) => number): string {
  return callable
    .filter((row) => (ending.has(row.name) ? random(12) === 0 : random(3) > 0))
    .map((row) => {
      const args = row.params.map((param) =>
        param.type === "i64"
          ? `(i64.const ${oddLong[random(oddLong.length)]})`
          : `(i32.const ${odd[random(odd.length)]})`,
      );
      const call = `(call $${row.name} ${args.join(" ")})`;
      return row.result === null ? call : `(drop ${call})`;
    })
    .join("\n");
}

test(`every host call in every phase, ${SEEDS} times with odd arguments: only numbers come back`, () => {
  const wire = pairs([":method", "GET"], [":path", "/"], [":authority", "a"]);
  const ran = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = randomOf(seed);
    const bytes = guest({
      imports: callable.map((row) => row.name),
      body: `(data (i32.const 100) "${wire.text}")
        ${phases.map((phase) => `(func (export "proxy_on_${phase}") ${types[phase]} ${callsOf(random)} ${types[phase].includes("result") ? `(i32.const ${phase === "vm_start" || phase === "configure" ? 1 : answers[random(answers.length)]})` : ""})`).join("\n")}`,
    });
    const plugin = run(bytes, { failure: "open" });
    for (let i = 0; i < 3; i++) {
      runRequest(plugin, {
        headers: headers(),
        body: ["ab", "cd"],
        trailers: [["t", "1"]],
        upstream: () => ({ headers: [[":status", "200"]], body: "answer", trailers: [["u", "2"]] }),
        answer: () => ({ headers: [[":status", "200"]], body: "x" }),
      });
      (plugin.services.clock as ManualClock).advance(2 ** 32);
      plugin.poll();
      plugin.tellRoot("proxy_on_http_call_response", 4, 1, 2, 3);
    }
    plugin.close();
    assert.deepEqual(plugin.traps, [], `seed ${seed}`);
    for (const { name, calls } of plugin.telemetry.callbacks.values()) {
      ran.set(name, (ran.get(name) ?? 0) + calls);
    }
  }
  for (const phase of phases) {
    const times = ran.get(`proxy_on_${phase}`) ?? 0;
    assert.ok(times >= SEEDS / 4, `${phase} ran ${times} times`);
  }
});
