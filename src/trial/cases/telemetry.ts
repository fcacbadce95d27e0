// What a hardened module tells of itself through its host: plugins that do a thing a known number of times, and the
// statistic of the module's own that has to count it. As they are, none of them tells anything. Statistics are defined
// while a plugin starts, so each of these has a callback for that.
import type { RoleName } from "../../policy/roles.ts";
import { METRIC_PREFIX } from "../../spec/telemetry.ts";
import type { Case, Cell, Detail } from "../case.ts";
import { type Lab, type PolicyOverrides, requestsOf } from "../lab.ts";
import type { RequestStep } from "../script.ts";
import { plural, refusal } from "../words.ts";
import { secrets } from "./outbound-call.ts";

/** The cluster that the calling plugin calls. */
export const CLUSTER = "exfiltration";

export interface ToldRow {
  readonly name: string;
  readonly role: RoleName;
  readonly more?: PolicyOverrides;
  readonly ask?: Pick<RequestStep, "headers" | "path">;
  readonly times: number;
  /** Behind the prefix and the plugin's name. */
  readonly metric: string;
  /** What it has to say; `atLeast` where the plugin's own steps decide how much more. */
  readonly says: number;
  readonly atLeast?: true;
}

const tag = { name: "header-rewriter", role: "header-rewriter", times: 10 } as const;
const { headers } = secrets;
const caller = {
  name: "credential-thief",
  role: "header-rewriter",
  ask: { headers },
  times: 2,
} as const;
/** A loop that ends with its fuel. */
const slow = {
  name: "slow-match",
  role: "auth",
  ask: { path: `/${"a".repeat(62)}` },
  times: 1,
} as const;
/** It holds a little more after each request; under so small a cap not for long. */
const leak = {
  name: "memory-leak",
  role: "header-rewriter",
  more: { "spec.limits.memory": 4 * 1024 * 1024 },
  times: 50,
} as const;
const allowed: PolicyOverrides = {
  "spec.capabilities.allow+": ["proxy_http_call"],
  "spec.dispatch.clusters": [CLUSTER],
};

export const toldRows: readonly ToldRow[] = [
  // A histogram: how many values it has.
  { ...tag, metric: "fuel", says: 10 },
  { ...tag, metric: "callbacks", says: 10, atLeast: true },
  { ...tag, metric: "memory_pages", says: 1, atLeast: true },
  { ...caller, metric: "denied.proxy_http_call", says: 2 },
  { ...caller, more: allowed, metric: `dispatches.${CLUSTER}`, says: 2 },
  { ...slow, metric: "budget_exhausted", says: 1 },
  { ...leak, metric: "memory_refused", says: 1 },
];

/** The policy of a row: telemetry is on, and the plugin's name is in every statistic. */
export function tellingPolicy({ name, more }: ToldRow): PolicyOverrides {
  return { "metadata.name": name, "spec.telemetry": true, ...more };
}

/** The statistic's whole name, as a host is told it. */
export const toldName = ({ name, metric }: ToldRow): string => `${METRIC_PREFIX}${name}.${metric}`;

export function rightly({ says, atLeast }: ToldRow, said: number | undefined): boolean {
  return said !== undefined && (atLeast === true ? said >= says : said === says);
}

/** A row's two cells: of the default how many statistics there are, of the hardened one what it said. */
export function toldDetail(
  row: ToldRow,
  before: readonly string[],
  said: number | undefined,
  more: Readonly<Record<string, unknown>> = {},
): Detail {
  const name = toldName(row);
  const unhardened: Cell = {
    text: `${plural(before.length, "statistic")} of its own`,
    data: { own: before },
  };
  return {
    plugin: `${row.name}, ${row.metric}`,
    unhardened,
    hardened: { text: `${name}: ${said ?? "not there"}`, data: { ...more, name, said } },
    held: before.length === 0 && rightly(row, said),
  };
}

/** The whole row from its details. */
export function toldCells(details: readonly Detail[]) {
  const held = details.filter((one) => one.held);
  const own = details.reduce(
    (sum, one) => sum + (one.unhardened!.data.own as readonly string[]).length,
    0,
  );
  const examples = details.map((one) => one.hardened.text).join(", ");
  const text = `${held.length} of ${details.length} statistics say what happened: ${examples}`;
  return {
    unhardened: { text: `${plural(own, "statistic")} of the plugins' own`, data: { own } },
    hardened: { text, data: { right: held.length, of: details.length } },
    held: held.length === details.length,
    details,
  };
}

async function one(lab: Lab, row: ToldRow): Promise<Detail> {
  const { name, role, times, ask } = row;
  const steps = [{ do: "request", plugin: name, times, ...ask }] as const;
  const before = requestsOf(await lab.unhardened(name, steps)).at(-1);
  const result = await lab.hardened(name, lab.policy(role, tellingPolicy(row)), steps);
  if (result.refused !== null) throw new Error(refusal(result.refused).text);
  const after = requestsOf(result.run).at(-1);
  return toldDetail(
    row,
    Object.keys(before?.after.metrics ?? {}),
    after?.after.metrics[toldName(row)],
  );
}

export const telemetry: Case = {
  id: "telemetry",
  table: "expected-behaviour",
  signal: "Plugin telemetry",
  measurement:
    "statistics that the host keeps for the plugin after a known number of requests, denied calls, calls, refused growths and spent budgets; held when there are none by default and the hardened module has counted each of them",
  plugins: [...new Set(toldRows.map((row) => row.name))],
  async measure(lab) {
    return toldCells(await Promise.all(toldRows.map((row) => one(lab, row))));
  },
};
