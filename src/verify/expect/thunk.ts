// The expected body of a thunk: the only function but `deny` that calls an import. It refuses what
// lies outside the memory and what the check refuses, takes the price of the bytes that go into the
// host before the call and of those that come out after it, and holds the phase at HOST meanwhile.
// From docs/guards.md, "Thunk".

import { CHECK, EFFECTIVE_CONTEXT } from "../../spec/guards.ts";
import type { HostFunction, ParamRole } from "../../spec/host-function-row.ts";
import { allowedInAllocator } from "../../spec/host-functions.ts";
import { PHASE } from "../../spec/layout.ts";
import { ERRNO, STATUS } from "../../spec/status.ts";
import { dispatchCalls } from "../../spec/telemetry.ts";
import { hostSignature } from "./context.ts";
import type { Expected } from "./expected.ts";
import { canDeny, hasCheck, inputs } from "./guards/check.ts";
import { SAY, unless, when } from "./guards/phrases.ts";
import { bytesOf, EXACT, pieces } from "./guards/pieces.ts";
import { TRAP_IF_EXHAUSTED } from "./guards/range.ts";
import { slotCount } from "./guards/slot-globals.ts";
import type { Link } from "./link.ts";
import { countedClusters, countUp } from "./metrics.ts";
import { gets, written } from "./words.ts";

const INPUT_LENGTHS: readonly ParamRole[] = ["inLen", "bufLen", "iovsLen"];
const queues: ReadonlySet<string> = new Set([
  "proxy_register_shared_queue",
  "proxy_resolve_shared_queue",
]);

/** A call of the host, with the phase at HOST meanwhile. */
export function hosting(call: string): string {
  return `global.get phase i32.const 1 i32.add global.set phase ${call}
    global.get phase i32.const 1 i32.and i32.eqz if unreachable end
    global.get phase i32.const 1 i32.sub global.set phase`;
}

/** CROSS: charges for bytes, or entries of a vector, that cross the wall. */
function cross(link: Link, values: readonly string[]): string {
  const shift = link.context.table.hostShift;
  const price = `i64.extend_i32_u i64.const ${shift} i64.shr_u i64.sub`;
  const all = values.map((value) => `${value} ${price}`).join(" ");
  return `global.get fuel ${all} global.set fuel ${TRAP_IF_EXHAUSTED}`;
}

/** What a thunk does after a call that succeeded. */
function after({ context, imports }: Link, row: HostFunction): string {
  const { outstanding } = context.policy.limits.dispatch;
  if (dispatchCalls.has(row.name)) {
    const clusters = countedClusters(context.policy, imports);
    const counted = clusters.map((cluster, k) => {
      const text = bytesOf(cluster);
      const one = countUp(context, context.metrics - clusters.length + k);
      const same = when(pieces(text, EXACT, 0), one);
      return when(`local.get 1 i32.const ${text.length} i32.eq`, same);
    });
    const opened = row.name === "proxy_http_call" && outstanding !== null;
    if (opened) counted.push("global.get open i32.const 1 i32.add global.set open");
    return counted.join(" ");
  }
  if (row.name === EFFECTIVE_CONTEXT)
    return slotCount(context.policy) > 0 ? "local.get 0 call adopt" : "";
  if (!queues.has(row.name)) return "";
  return `local.get ${row.params.length - 1} i32.load 0 0 call keepToken`;
}

/** The thunk of import number `index`, which is host function `row`. */
export function thunk(link: Link, row: HostFunction, index: number): Expected {
  const type = hostSignature(row);
  const { policy } = link.context;
  const params = [...row.params.entries()];
  const wasi = row.module === "wasi";
  const answers = row.result !== null;
  const all = gets(type);
  const checked = hasCheck(policy, row);
  const denied = when(
    `local.get res i32.const ${CHECK.deny} i32.eq`,
    `${all} call stub-${row.name} return`,
  );
  const refused = `${canDeny(policy, row) ? denied : ""} local.get res return`;
  const lengths = params.filter(([, { role }]) => INPUT_LENGTHS.includes(role));
  const arrived = params.filter(([, { role }]) => answers && role === "outLen");
  const charges = arrived.map(([q, { nullable }]) => {
    const charge = cross(link, [`local.get ${q} i32.load 2 0`]);
    return nullable === true ? when(`local.get ${q}`, charge) : charge;
  });
  const then = `${charges.join(" ")} ${answers ? after(link, row) : ""}`.trim();
  const fault = SAY(wasi ? ERRNO.fault : STATUS.invalidMemoryAccess);
  const busy = SAY(wasi ? ERRNO.notcapable : STATUS.internalFailure);
  const steps = [
    answers && !allowedInAllocator.has(row.name)
      ? when(`global.get phase i32.const ${PHASE.alloc} i32.eq`, busy)
      : "",
    ...(answers ? inputs(row) : []).map((p) =>
      unless(`local.get ${p} local.get ${p + 1} call inside`, fault),
    ),
    checked
      ? when(`${all} call check-${index} local.tee res i32.const ${CHECK.pass} i32.ne`, refused)
      : "",
    lengths.length > 0
      ? cross(
          link,
          lengths.map(([q]) => `local.get ${q}`),
        )
      : "",
    hosting(`${all} call import-${index}`),
    then === "" ? "" : `${when("local.tee res i32.eqz", then)} local.get res`,
    "end",
  ];
  const text = steps.filter((one) => one !== "").join(" ");
  const locals = checked || then !== "" ? "i" : "";
  const names = [...type.params.keys(), "res"].join(" ");
  return written(link, `thunk of ${row.name}`, type, text, { locals, names });
}
