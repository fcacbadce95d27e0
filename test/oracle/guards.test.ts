// What guards walk over is paid: the counting interpreter runs calls with long maps, vectors and paths under the
// smallest budget that suffices, and nothing that was executed is more than what was granted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contain } from "../../src/contain/contain.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { RESERVE } from "../../src/spec/layout.ts";
import type { Call } from "../fuzz/generate.ts";
import { guestOf, policyOf } from "../harden/guards/lab.ts";
import { generousHost } from "./generous-host.ts";
import { generatedOf } from "./hardened.ts";
import { broken, entries } from "./promise.ts";

const names = [
  "proxy_http_call",
  "fd_write",
  "proxy_get_property",
  "proxy_send_local_response",
  "proxy_log",
];

const word = (value: number) => [
  value & 255,
  (value >> 8) & 255,
  (value >> 16) & 255,
  value >>> 24,
];
const hex = (bytes: readonly number[]) =>
  bytes.map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");

/** A map of so many pairs, each with a value of so many bytes. */
function map(pairs: number, size: number): readonly number[] {
  const name = [...Buffer.from("X-Tenant")];
  const sizes = Array.from({ length: pairs }, () => [...word(name.length), ...word(size)]);
  const texts = Array.from({ length: pairs }, () => [...name, 0, ...new Array(size).fill(97), 0]);
  return [...word(pairs), ...sizes.flat(), ...texts.flat()];
}

const [wide, long] = [map(256, 3), map(2, 1500)];
const [WIDE, LONG, VECTOR, PATH, OUT] = [8192, 24_576, 40_960, 60_000, 62_000];
const segments = Array.from({ length: 128 }, () => "a").join("\0");
const data = `(data (i32.const ${WIDE}) "${hex(wide)}") (data (i32.const ${LONG}) "${hex(long)}")
  (data (i32.const ${PATH}) "${hex([...Buffer.from(segments)])}")`;

const setting = {
  rules: {
    headers: {
      add: [
        { name: "etag", maps: 1 },
        { name: "x-tenant", maps: 15 },
      ],
    },
    dispatch: { methods: ["GET"], paths: ["/*"], authorities: ["a"] },
    properties: { read: ["b", "a"] },
  },
  limits: {
    log: { bytes: 1000 },
    dispatch: { total: 3, outstanding: 2 },
    streams: 3,
    fuel: { request: 10 ** 9 },
  },
  more: data,
} as const;

const calls: readonly Call[] = [
  { name: "do proxy_http_call", args: [0, 0, WIDE, wide.length, 0, 0, LONG, long.length, 0, OUT] },
  { name: "do proxy_http_call", args: [0, 0, WIDE, wide.length - 1, 0, 0, 0, 0, 0, OUT] },
  { name: "do proxy_send_local_response", args: [200, 0, 0, 0, 0, WIDE, wide.length, 0] },
  { name: "do proxy_send_local_response", args: [200, 0, 0, 0, 0, LONG, long.length, 0] },
  { name: "do fd_write", args: [1, VECTOR, 1024, OUT] },
  { name: "do fd_write", args: [1, VECTOR, 1025, OUT] },
  { name: "do proxy_get_property", args: [PATH, segments.length, OUT, OUT + 4] },
  { name: "do proxy_get_property", args: [PATH, 400, OUT, OUT + 4] },
  { name: "do proxy_log", args: [2, WIDE, 1001] },
  { name: "proxy_on_context_create", args: [2, 1] },
  { name: "proxy_on_context_create", args: [5, 1] },
  { name: "proxy_on_delete", args: [2] },
];

function withCallback(policy: Policy, callback: number): Policy {
  return { ...policy, limits: { ...policy.limits, fuel: { ...policy.limits.fuel, callback } } };
}

for (const mode of ["bound", "exact"] as const) {
  test(`walks over maps, vectors and paths are paid to the unit, ${mode}`, () => {
    const base = policyOf(names, setting);
    const policy = withCallback(
      { ...base, limits: { ...base.limits, fuel: { ...base.limits.fuel, mode } } },
      10 ** 7,
    );
    const original = guestOf(names, setting);
    const run = (own: Policy, call: Call) => {
      const { bytes } = contain(original, own);
      const [entry] = entries(bytes, [call], own, generousHost, false);
      return { entry: entry!, generated: generatedOf(bytes) };
    };
    for (const call of calls) {
      const what = `${call.name} ${call.args}`;
      const ample = run(policy, call);
      assert.match(ample.entry.outcome, /^=/, what);
      assert.equal(broken([ample.entry], mode), null, what);
      const { own, wrappers } = ample.generated;
      const most = Math.max(...[...wrappers.values()].map((index) => own[index]!));
      const needed = ample.entry.charged + own[wrappers.get(call.name)!]!;
      // No budget may be so small that a wrapper could not begin.
      const smallest = RESERVE + Math.max(needed, most + 1);
      const tight = run(withCallback(policy, smallest), call);
      assert.equal(broken([tight.entry], mode), null, what);
      if (mode === "bound") assert.match(tight.entry.outcome, /^=/, what);
      if (call.name === "do proxy_http_call")
        assert.ok(ample.entry.charged > 40 * wide.length, what);
    }
  });
}
