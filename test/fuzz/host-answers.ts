// What the host of the differential targets answers, the same in every engine and before and after hardening:
// success where nothing comes back, "not found" where a buffer would (a thunk reads lengths after success only).
import { hostFunction } from "../../src/spec/host-functions.ts";
import { STATUS } from "../../src/spec/status.ts";

/** The status of a call by its name. */
export function answerOf(name: string): number {
  const row = hostFunction("env", name) ?? hostFunction("wasi_snapshot_preview1", name);
  return row?.params.some((param) => param.role === "outLen") ? STATUS.notFound : STATUS.ok;
}
