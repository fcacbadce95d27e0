// The check that the thunk of an import calls before the host: whether there is one, whether it can
// deny, its body. From docs/guards.md, "Checks".
import type { Policy } from "../../../policy/policy.ts";
import { I32 } from "../../../spec/binary.ts";
import { CHECK } from "../../../spec/guards.ts";
import type { HostFunction } from "../../../spec/host-function-row.ts";
import { STATUS } from "../../../spec/status.ts";
import { hostSignature } from "../context.ts";
import type { Expected } from "../expected.ts";
import type { Link } from "../link.ts";
import { idOf } from "../metrics.ts";
import { written } from "../words.ts";
import { checkSteps, OWN_METRIC } from "./checks.ts";
import { SAY, when } from "./phrases.ts";

/** Rows for which an output over an input is refused (A12), where they have another step. */
const marked: ReadonlySet<string> = new Set([
  "proxy_get_header_map_value",
  "proxy_http_call",
  "proxy_grpc_call",
  "proxy_grpc_stream",
  "envoy_resolve_dns",
  "proxy_get_shared_data",
  "proxy_register_shared_queue",
  "proxy_resolve_shared_queue",
  "proxy_define_metric",
  "proxy_get_property",
  "proxy_call_foreign_function",
]);
const OUTPUTS: readonly string[] = ["out", "outPtr", "outLen"];
const POINTER_BYTES = 4;

/** Where the inputs begin: the length of each is the parameter after it. */
export function inputs({ params }: HostFunction): readonly number[] {
  return [...params.keys()].filter((p) => params[p]!.role === "in");
}

function overlaps(row: HostFunction): string[] {
  const outputs = [...row.params.entries()].filter(([, { role }]) => OUTPUTS.includes(role));
  return inputs(row).flatMap((p) =>
    outputs.map(([q, { bytes }]) => {
      const output = `local.get ${q} i32.const ${bytes ?? POINTER_BYTES}`;
      return when(
        `${output} local.get ${p} local.get ${p + 1} call overlap`,
        SAY(STATUS.badArgument),
      );
    }),
  );
}

const tables = new WeakMap<Policy, ReturnType<typeof checkSteps>>();

/** What a host function's check does; undefined where it has none. */
function stepsOf(policy: Policy, row: HostFunction): readonly string[] | undefined {
  // What only generated functions call has no check.
  if (!policy.allow.has(row.name)) return undefined;
  const table = tables.get(policy) ?? checkSteps(policy);
  tables.set(policy, table);
  const steps = table[row.name]?.filter((one) => one !== false) ?? [];
  if (steps.length === 0) return undefined;
  return marked.has(row.name) ? [...overlaps(row), ...steps] : steps;
}

export function hasCheck(policy: Policy, row: HostFunction): boolean {
  return stepsOf(policy, row) !== undefined;
}

/** Answers BAD where the id in parameter 0 is one of telemetry's. */
function ownMetrics({ context }: Link): string {
  const same = Array.from({ length: context.metrics }, (_, j) => {
    const one = `local.get 0 global.get ${idOf(context, j)} i32.eq`;
    return j === 0 ? one : `${one} i32.or`;
  });
  const some = `${same.join(" ")} local.get 0 i32.eqz i32.eqz i32.and`;
  return when(some, SAY(STATUS.badArgument));
}

/** Whether the check of an import can deny: then the import has a stub too. */
export function canDeny(policy: Policy, row: HostFunction): boolean {
  const { limits, rules } = policy;
  if (!policy.allow.has(row.name) || ids.has(row.name)) return false;
  if (row.name === "proxy_log") return limits.log.bytes !== null;
  if (row.name === "proxy_register_shared_queue") return rules.queues.register !== null;
  if (row.name === "proxy_resolve_shared_queue") return rules.queues.resolve !== null;
  if (row.name === "proxy_dequeue_shared_queue") return false;
  if (row.name === "proxy_enqueue_shared_queue")
    return limits.host.queueItems !== null || limits.host.bodyBytes !== null;
  return hasCheck(policy, row);
}

/** Calls whose check is about ids alone, and says that there is none. */
const ids: ReadonlySet<string> = new Set([
  "proxy_record_metric",
  "proxy_increment_metric",
  "proxy_get_metric",
]);

/** Locals by the name that a step gives them; no check has two. */
const locals: readonly (readonly [set: string, type: string])[] = [
  ["local.tee v", "i"],
  ["local.set n", "i"],
  ["local.tee t", "I"],
];

export function check(link: Link, row: HostFunction): Expected {
  const { params } = hostSignature(row);
  const steps = stepsOf(link.context.policy, row)!.join(" ").replace(OWN_METRIC, ownMetrics(link));
  const text = `${steps} i32.const ${CHECK.pass} end`;
  const own = locals.find(([set]) => text.includes(set));
  const name = own?.[0].at(-1) ?? "";
  const names = [...params.keys(), name].join(" ");
  const type = { params, results: [I32] };
  return written(link, `the check of ${row.name}`, type, text, { locals: own?.[1] ?? "", names });
}
