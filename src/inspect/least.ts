// The least policy: the template of one role, cut down to what the module can call at all. The role is one that
// covers every call reached directly and whose purpose shows; of several the one that covers most of the calls
// through tables, then the one with the most telling purpose. A draft for a person to judge: code tells what a plugin
// can do and not what it should.
import { type RoleName, role, roles } from "../policy/roles.ts";
import { PAGE } from "../spec/binary.ts";
import { stockMemoryPages } from "../spec/envoy-versions.ts";
import type { Risk } from "../spec/host-function-row.ts";
import { type HostFunctionName, hostFunctionNamed } from "../spec/host-functions.ts";
import { exportedFunc, type Facts, memoryLimits } from "./facts.ts";
import { directReach } from "./reach.ts";
import type { ImportReport, LeastEntry, LeastPolicy } from "./report.ts";

/** A body callback reads the body: the same call reads the configuration in every plugin. */
const READS_BODY = "body callbacks read the buffer";

type Sign = HostFunctionName | typeof READS_BODY;

const WRITES = [
  "proxy_add_header_map_value",
  "proxy_replace_header_map_value",
  "proxy_remove_header_map_value",
] as const;

/** By role, the most telling purpose first: groups of calls, and of each at least one must be there. */
const purposes: Readonly<Record<RoleName, readonly (readonly Sign[])[]>> = {
  "external-auth": [
    ["proxy_http_call"],
    ["proxy_send_local_response", "proxy_continue_stream", "proxy_continue_request"],
  ],
  "rate-limiter": [
    ["proxy_send_local_response"],
    ["proxy_get_shared_data", "proxy_set_shared_data"],
  ],
  "body-filter": [[READS_BODY, "proxy_set_buffer_bytes"]],
  auth: [["proxy_send_local_response"]],
  metrics: [["proxy_define_metric", "proxy_record_metric", "proxy_increment_metric"]],
  tracing: [["proxy_get_property"], WRITES],
  "header-rewriter": [WRITES],
  logging: [["proxy_log", "fd_write"]],
};

const BODY_CALLBACKS = ["proxy_on_request_body", "proxy_on_response_body"];

function readsBody({ module, survey, imports }: Facts): boolean {
  const roots = BODY_CALLBACKS.flatMap((name) => exportedFunc(module, name) ?? []);
  const seen = directReach(survey, roots);
  const reads = (name: string) => name === ("proxy_get_buffer_bytes" satisfies HostFunctionName);
  return imports.some((one) => one.func !== null && seen[one.func] === 1 && reads(one.entry.name));
}

/** One entry a capability: a WASI function may be imported under both module names. */
function entriesOf(imports: readonly ImportReport[]): readonly LeastEntry[] {
  const rank = { reachable: 2, indirect: 1, unused: 0 } as const;
  const byName = new Map<string, LeastEntry>();
  for (const { name, known, reach, risk, why } of imports) {
    if (!known || risk === null || why === null) continue;
    const before = byName.get(name);
    if (before === undefined || rank[reach] > rank[before.reach]) {
      byName.set(name, { name, reach, risk, why });
    }
  }
  return [...byName.values()];
}

/** WASI functions that SDKs need to start: they come with every role. */
function comesWithRole({ name }: LeastEntry): boolean {
  return hostFunctionNamed(name)?.startup === true;
}

/** WASI beyond that does nothing in a proxy: no role has it, so none is chosen by it. */
function decides(entry: LeastEntry): boolean {
  return !comesWithRole(entry) && hostFunctionNamed(entry.name)?.module === "env";
}

interface Choice {
  readonly role: RoleName | null;
  readonly why: string;
}

const has = (name: RoleName, entry: LeastEntry): boolean => role(name)!.allow.includes(entry.name);

function chooseRole(entries: readonly LeastEntry[], bodies: boolean): Choice {
  const live = entries.filter((one) => one.reach !== "unused");
  const direct = live.filter((one) => one.reach === "reachable" && decides(one));
  const indirect = live.filter((one) => one.reach === "indirect" && decides(one));
  const signs = new Set<string>(live.map((one) => one.name));
  if (bodies) signs.add(READS_BODY);
  const names = Object.keys(purposes) as RoleName[];
  const purposeful = names.filter((name) =>
    purposes[name].every((group) => group.some((sign) => signs.has(sign))),
  );
  const covering = purposeful.filter((name) => direct.every((one) => has(name, one)));
  const score = (name: RoleName) => indirect.filter((one) => has(name, one)).length;
  const best = covering.reduce<RoleName | undefined>(
    (a, b) => (a === undefined || score(b) > score(a) ? b : a),
    undefined,
  );
  if (best !== undefined) {
    const sign = purposes[best].map((group) => group.find((one) => signs.has(one))!).join(", ");
    const all = `told by ${sign}; has every call that is reached directly`;
    if (indirect.length === 0) return { role: best, why: all };
    const part = `${score(best)} of ${indirect.length} that only a table leads to`;
    return { role: best, why: `${all}, and ${part}` };
  }
  if (direct.length + indirect.length === 0) {
    return { role: null, why: "it calls nothing that a role is about" };
  }
  const lacks = (name: RoleName) => direct.filter((one) => !has(name, one));
  const near = names.reduce((a, b) => (lacks(b).length < lacks(a).length ? b : a));
  const missing = lacks(near).map((one) => one.name);
  const why =
    missing.length === 0
      ? `the purpose of none shows in what it calls`
      : `the closest, ${near}, lacks ${missing.join(", ")}`;
  return { role: null, why };
}

const MiB = 2 ** 20;
const USUAL = (64 * MiB) / PAGE;

/** A cap that lets the plugin start and leaves it room, but no more than it could take anyway. */
function memoryCap({ module, survey }: Facts): Pick<LeastPolicy, "memoryPages" | "memoryWhy"> {
  const { min, max } = memoryLimits(module) ?? { min: 0, max: null };
  const pages = `starts with ${min} ${min === 1 ? "page" : "pages"} of 64 KiB`;
  if (!survey.grows) {
    return { memoryPages: Math.max(1, min), memoryWhy: `it ${pages} and never grows` };
  }
  let room = USUAL;
  while (room < 2 * min) room *= 2;
  room = Math.max(min, Math.min(room, stockMemoryPages));
  if (max !== null && max <= room) {
    return { memoryPages: Math.max(1, max), memoryWhy: `it ${pages}; its own maximum` };
  }
  return { memoryPages: room, memoryWhy: `it ${pages} and may grow` };
}

/**
 * The least policy of a role, of no role (null), or of the role that fits best (undefined). Where no role is
 * named, whatever the module can call is allowed.
 */
export function leastPolicyFor(
  facts: Facts,
  imports: readonly ImportReport[],
  wanted?: RoleName | null,
): LeastPolicy {
  const entries = entriesOf(imports);
  const asked = wanted === null ? "no role was asked for" : "the role that was asked for";
  const choice =
    wanted === undefined
      ? chooseRole(entries, readsBody(facts))
      : { role: wanted, why: `${asked}${wanted === null ? "" : `: ${roles[wanted].what}`}` };
  const live = entries.filter((one) => one.reach !== "unused");
  const withRole = choice.role === null ? [] : live.filter(comesWithRole);
  const allow = live.filter((one) => choice.role === null || has(choice.role, one));
  const leftOut = entries.filter((one) => !allow.includes(one) && !withRole.includes(one));
  return {
    ...choice,
    allow: byRisk(allow),
    leftOut: byRisk(leftOut),
    withRole: withRole.map((one) => one.name),
    ...memoryCap(facts),
  };
}

const severity: Readonly<Record<Risk, number>> = { high: 0, medium: 1, low: 2 };

/** What can do most first, then in the order of the table. */
function byRisk(entries: readonly LeastEntry[]): readonly LeastEntry[] {
  return [...entries].sort((a, b) => severity[a.risk] - severity[b.risk]);
}
