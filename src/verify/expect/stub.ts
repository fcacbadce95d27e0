// The expected body of a stub: what stands in for a host function that the policy denies. It notes
// the denial in its bit, has the message logged once where that is possible, and answers without
// the host. Written from docs/containment.md, "Generated functions".
import { PAGE } from "../../spec/binary.ts";
import type { HostFunction, ParamRole } from "../../spec/host-function-row.ts";
import { DENIED_PREFIX } from "../../spec/layout.ts";
import type { OpcodeName } from "../../spec/opcodes.ts";
import { ERRNO, STATUS } from "../../spec/status.ts";
import { telemetryMetrics } from "../../spec/telemetry.ts";
import { Body } from "./body.ts";
import { type Context, globalIndex, hostSignature } from "./context.ts";
import type { Expected } from "./expected.ts";
import type { Link } from "./link.ts";
import { countOf } from "./metrics.ts";

const BITS = 64;
const POINTER_BYTES = 4;
const WORDS = ["denied0", "denied1", "denied2"] as const;
const OUT_ROLES: readonly ParamRole[] = ["out", "outPtr", "outLen"];

/** Stores by width, widest first, with the constant that feeds them. */
const stores: readonly [width: number, zero: OpcodeName, store: OpcodeName][] = [
  [8, "i64.const", "i64.store"],
  [4, "i32.const", "i32.store"],
  [2, "i32.const", "i32.store16"],
  [1, "i32.const", "i32.store8"],
];

/** The line that a stub logs; ASCII. */
export function denialMessage(row: HostFunction): string {
  return DENIED_PREFIX + row.name + (row.alias === undefined ? "" : ` (${row.alias})`);
}

/** Which word and bit a row number is noted in: the signed 64-bit constant that the body holds. */
function denialBit(row: number): { word: (typeof WORDS)[number]; bit: bigint } {
  const word = WORDS[Math.floor(row / BITS)]!;
  return { word, bit: BigInt.asIntN(BITS, 1n << BigInt(row % BITS)) };
}

/** With telemetry, stub `number` counts its denials. */
function countDenial(body: Body, context: Context, number: number): void {
  if (context.metrics === 0) return;
  const count = countOf(context, telemetryMetrics.length + number);
  body.op("global.get", count).op("i32.const", 1).op("i32.add").op("global.set", count);
}

/** How stub `number` begins if it is that of row `place`, and no other function of the format. */
export function stubHead(context: Context, place: number, number: number): readonly number[] {
  const { word, bit } = denialBit(place);
  const body = new Body(context.table, { params: [], results: [] });
  countDenial(body, context, number);
  return body.op("global.get", globalIndex(context, word)).op("i64.const", bit).done("").head;
}

/**
 * The stub of host function `row`, which is number `place` of the table. Its message stands at
 * `offset` of the segment of messages, -1 without a denial log; it is stub number `number`.
 */
export function stub(
  link: Link,
  row: HostFunction,
  place: number,
  offset: number,
  number: number,
): Expected {
  const { context } = link;
  const { word: key, bit } = denialBit(place);
  const word = globalIndex(context, key);
  const body = new Body(context.table, hostSignature(row));
  countDenial(body, context, number);
  const note = () =>
    body.op("global.get", word).op("i64.const", bit).op("i64.or").op("global.set", word);
  if (offset < 0) note();
  else {
    const { index, params, results, cost } = link.callee("deny");
    body.op("global.get", word).op("i64.const", bit).op("i64.and").op("i64.eqz").if();
    note();
    body.op("i32.const", offset).op("i32.const", denialMessage(row).length);
    body.call(index, params, results, cost).end();
  }
  answer(body, row, context.policy.denied);
  return body.end().done(`stub of ${row.name}`);
}

function answer(body: Body, row: HostFunction, policy: Context["policy"]["denied"]): void {
  const wasi = row.module === "wasi";
  if (row.result === null || policy === "trap" || (policy === "host" && row.denied === "trap")) {
    body.op("unreachable");
  } else if (policy === "host") body.op("i32.const", row.denied as number);
  else if (policy === "internal-failure") {
    body.op("i32.const", wasi ? ERRNO.notcapable : STATUS.internalFailure);
  } else if (policy === "unimplemented") {
    body.op("i32.const", wasi ? ERRNO.nosys : STATUS.unimplemented);
  } else if (policy === "not-found") {
    body.op("i32.const", wasi ? ERRNO.noent : STATUS.notFound);
  } else emptyOutput(body, row, wasi ? ERRNO.fault : STATUS.invalidMemoryAccess);
}

function emptyOutput(body: Body, row: HostFunction, outside: number): void {
  const outputs = [...row.params.entries()].filter(([, param]) => OUT_ROLES.includes(param.role));
  const width = (q: number): number => row.params[q]!.bytes ?? POINTER_BYTES;
  for (const [q, { nullable }] of outputs) {
    body.unlessNull(q, nullable === true, () => {
      body.op("local.get", q).op("i64.extend_i32_u").op("i64.const", width(q)).op("i64.add");
      body.op("memory.size", 0).op("i64.extend_i32_u").op("i64.const", Math.log2(PAGE));
      body.op("i64.shl").op("i64.gt_u").if().op("i32.const", outside).op("return").end();
    });
  }
  for (const [q, { nullable }] of outputs) {
    body.unlessNull(q, nullable === true, () => {
      let offset = 0;
      for (const [size, zero, store] of stores) {
        for (; offset + size <= width(q); offset += size) {
          body.op("local.get", q).op(zero, 0).op(store, 0, offset);
        }
      }
    });
  }
  body.op("i32.const", 0);
}
