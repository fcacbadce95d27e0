// Who keeps each limit and rule of a plugin's policy: the rewritten module itself, the lab's host, or nobody. Rows
// have the names of the policy's fields; what the policy says nothing about has none.
import { headerItems } from "../../policy/rule-items.ts";
import type { HeaderRule } from "../../policy/rules.ts";
import { LOG_LEVEL, nameOf } from "../../spec/status.ts";
import type { HostRules } from "../plugins/host-rules.ts";
import type { PolicySummary, Prepared } from "../plugins/prepare.ts";

export interface Enforced {
  readonly value: unknown;
  readonly by: string;
}

const NOBODY = "nobody (--unsafe-default)";
const MODULE = "the module";
const HOST = "the host";

/** By the name of the policy's field, without `spec.`. */
export function enforcement(prepared: Prepared): Readonly<Record<string, Enforced>> {
  const { module, policy, rules, config } = prepared;
  const shipped = module?.hardened === "no";
  const rest = shipped ? NOBODY : MODULE;
  const kept = hostKeeps(rules, shipped);
  const rows: Record<string, Enforced> = {};
  for (const [name, value] of Object.entries(policy === null ? {} : valuesOf(policy))) {
    if (value !== null && value !== undefined)
      rows[name] = { value, by: kept.has(name) ? HOST : rest };
  }
  if (rules.requestFuel !== null) {
    rows["limits.fuel.request"] = { value: rules.requestFuel, by: shipped ? NOBODY : HOST };
  }
  if (policy !== null) {
    const asStock = config.capabilities === null ? NOBODY : "the host, as stock proxies do";
    rows["capabilities.allow"] = { value: policy.allow, by: shipped ? asStock : MODULE };
  }
  return rows;
}

function hostKeeps(rules: HostRules, shipped: boolean): ReadonlySet<string> {
  const names = [
    ...(rules.outstanding === null ? [] : ["limits.dispatch.outstanding"]),
    ...(rules.clusters === null ? [] : ["dispatch.clusters"]),
  ];
  const arguments_ = ["headers", "properties"].flatMap((group) =>
    ["read", "add", "replace", "remove", "write"].map((verb) => `${group}.${verb}`),
  );
  return new Set(shipped ? [...names, "limits.log.level", ...arguments_] : names);
}

/** Every limit and rule that is set. */
function valuesOf({ limits, rules }: PolicySummary): Readonly<Record<string, unknown>> {
  const { fuel, dispatch, log, host } = limits;
  const { headers, properties, bodies, sharedData, queues } = rules;
  return {
    "limits.memory": `${limits.memoryPages} pages`,
    "limits.fuel.callback": fuel.callback,
    "limits.fuel.start": fuel.start,
    "limits.fuel.request": fuel.request,
    "limits.stack": limits.stackBytes,
    ...(fuel.request !== null && { "limits.streams": limits.streams }),
    "limits.dispatch.outstanding": dispatch.outstanding,
    "limits.dispatch.total": dispatch.total,
    "limits.log.bytesPerRequest": log.bytes,
    "limits.log.level": log.level === null ? null : nameOf(LOG_LEVEL, log.level),
    ...prefixed("limits.host", host),
    ...prefixed("dispatch", { ...rules.dispatch, names: null, dns: rules.dispatch.names }),
    "properties.read": properties.read,
    "properties.write": properties.write,
    ...prefixed("headers", {
      read: headerList(headers.read),
      add: headerList(headers.add),
      replace: headerList(headers.replace),
      remove: headerList(headers.remove),
    }),
    ...prefixed("bodies", bodies),
    responses: rules.responses?.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)),
    ...prefixed("sharedData", sharedData),
    ...prefixed("queues", queues),
    "metrics.names": rules.metrics,
    "foreign.functions": rules.foreign,
  };
}

const prefixed = (prefix: string, values: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).map(([name, one]) => [`${prefix}.${name}`, one]));

const headerList = (list: readonly HeaderRule[] | null): readonly string[] | null =>
  list === null ? null : list.flatMap(headerItems);
