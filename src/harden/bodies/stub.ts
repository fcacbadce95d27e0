// Stubs: what a denied host function becomes, and what an allowed one answers where its check denies. A stub
// notes the denial in a bit that the guest cannot reach, logs it once, and answers what the policy chose (rules
// A3, A33).
import type { DeniedAnswer } from "../../policy/policy.ts";
import type { HostFunction, Param } from "../../spec/host-function-row.ts";
import { DENIED_PREFIX, type InjectedGlobal } from "../../spec/layout.ts";
import { ERRNO, STATUS } from "../../spec/status.ts";
import { Asm, type Body, type Ground, type Target } from "./asm.ts";
import { paramTypes, resultTypes } from "./thunk.ts";

const WORDS: readonly InjectedGlobal[] = ["denied0", "denied1", "denied2"];
const PIECES = [
  { bytes: 8, store: "i64.store" },
  { bytes: 4, store: "i32.store" },
  { bytes: 2, store: "i32.store16" },
  { bytes: 1, store: "i32.store8" },
] as const;

/** What a stub logs, and where it lies in the passive segment. */
export interface Message {
  readonly deny: Target;
  readonly offset: number;
  readonly length: number;
}

/** The line that a denied call logs. */
export function denialText(row: HostFunction): string {
  return `${DENIED_PREFIX}${row.name}${row.alias === undefined ? "" : ` (${row.alias})`}`;
}

function answerNumber(
  row: HostFunction,
  answer: Exclude<DeniedAnswer, "trap" | "ok-empty">,
): number {
  const wasi = row.module === "wasi";
  switch (answer) {
    case "host":
      return row.denied === "trap" ? 0 : row.denied;
    case "internal-failure":
      return wasi ? ERRNO.notcapable : STATUS.internalFailure;
    case "unimplemented":
      return wasi ? ERRNO.nosys : STATUS.unimplemented;
    case "not-found":
      return wasi ? ERRNO.noent : STATUS.notFound;
  }
}

/** Bytes that the host writes at a parameter's address; 0 where it writes none of a fixed number. */
export function sizeOut(param: Param): number {
  if (param.role === "outPtr" || param.role === "outLen") return 4;
  return param.role === "out" ? param.bytes! : 0;
}

function writeEmpty(asm: Asm, row: HostFunction): void {
  const fault = row.module === "wasi" ? ERRNO.fault : STATUS.invalidMemoryAccess;
  const outs = row.params
    .map((param, i) => ({ i, size: sizeOut(param), nullable: param.nullable === true }))
    .filter((out) => out.size > 0);
  for (const { i, size, nullable } of outs) {
    if (nullable) asm.local("get", i).if();
    asm.local("get", i).op("i64.extend_i32_u").i64(size).op("i64.add");
    asm.memoryOp("memory.size").op("i64.extend_i32_u").i64(16).op("i64.shl", "i64.gt_u");
    asm.if().i32(fault).return(1).op("end");
    if (nullable) asm.op("end");
  }
  for (const { i, size, nullable } of outs) {
    if (nullable) asm.local("get", i).if();
    for (let done = 0; done < size; ) {
      const piece = PIECES.find((one) => one.bytes <= size - done)!;
      asm.local("get", i);
      if (piece.bytes === 8) asm.i64(0);
      else asm.i32(0);
      asm.memory(piece.store, 0, done);
      done += piece.bytes;
    }
    if (nullable) asm.op("end");
  }
  asm.i32(0);
}

/** The stub of a denied host function; `number` is its row number, `metric` that of its count of denials. */
export function stubBody(
  row: HostFunction,
  number: number,
  answer: DeniedAnswer,
  message: Message | null,
  metric: number | null,
  ground: Ground,
): Body {
  const asm = new Asm(ground);
  if (metric !== null) {
    asm.metricGlobal("get", "count", metric).i32(1).op("i32.add");
    asm.metricGlobal("set", "count", metric);
  }
  const word = WORDS[Math.floor(number / 64)]!;
  const bit = BigInt.asIntN(64, 1n << BigInt(number % 64));
  const note = () => asm.get(word).i64(bit).op("i64.or").set(word);
  if (message === null) note();
  else {
    asm.get(word).i64(bit).op("i64.and", "i64.eqz").if();
    note();
    asm.i32(message.offset).i32(message.length).call(message.deny).op("end");
  }
  if (row.result === null || row.denied === "trap" || answer === "trap") asm.op("unreachable");
  else if (answer === "ok-empty") writeEmpty(asm, row);
  else asm.i32(answerNumber(row, answer));
  return asm.body(paramTypes(row), resultTypes(row));
}
