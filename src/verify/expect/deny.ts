// The expected body of `deny`: logs one constant line through the thunk of proxy_log. It borrows a
// window of page 0 and puts back what stood there, since a log call runs no guest code (rule A30).
// Written from docs/containment.md, "Generated functions".
import { I32, I64 } from "../../spec/binary.ts";
import { WINDOW } from "../../spec/layout.ts";
import { LOG_LEVEL } from "../../spec/status.ts";
import { Body } from "./body.ts";
import type { Context } from "./context.ts";
import type { Expected, Signature } from "./expected.ts";

export const denyType: Signature = { params: [I32, I32], results: [] };

const WORD_BYTES = 8;
const WORD_ALIGN = 3;

/** @param segment the passive data segment; @param log the thunk of proxy_log and its own cost */
export function deny(context: Context, segment: number, log: number, logCost: number): Expected {
  const words = WINDOW.bytes / WORD_BYTES;
  const first = denyType.params.length;
  const body = new Body(context.table, denyType, { count: words, type: I64 });
  body.op("memory.size", 0).if();
  for (let k = 0; k < words; k++) {
    body.op("i32.const", WINDOW.address).op("i64.load", WORD_ALIGN, k * WORD_BYTES);
    body.op("local.set", first + k);
  }
  body.op("i32.const", WINDOW.address).op("local.get", 0).op("local.get", 1);
  body.op("memory.init", segment, 0);
  body.op("i32.const", LOG_LEVEL.error).op("i32.const", WINDOW.address).op("local.get", 1);
  body.call(log, 3, 1, logCost).op("drop");
  for (let k = 0; k < words; k++) {
    body.op("i32.const", WINDOW.address).op("local.get", first + k);
    body.op("i64.store", WORD_ALIGN, k * WORD_BYTES);
  }
  return body.end().end().done("deny");
}
