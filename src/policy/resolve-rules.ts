// The argument rules of a document, joined and decided: verbs that have no list of their own take `headers.write`,
// `host` and `:authority` become one, `*` takes the rule away, and attributes that would show a header which no rule
// grants are hidden. Lists come out sorted and without duplicates, whatever the order in which they were written.
import { headerAttributes, headerNodes } from "../spec/attributes.ts";
import { type ForeignFunction, foreignFunctions } from "../spec/foreign-functions.ts";
import { MAP } from "../spec/status.ts";
import { ALL_HEADERS, headerRule, statusRange } from "./rule-items.ts";
import type { BufferName, HeaderRule, Rules, StatusRange } from "./rules.ts";
import type { Path, ValueAt } from "./schema.ts";

/** What a document sets for a field; null where it sets nothing. */
export type Settings = <P extends Path>(path: P) => ValueAt<P> | null;

export function resolveRules(get: Settings): Rules {
  const texts = (path: Path): readonly string[] | null =>
    sorted(get(path) as readonly string[] | null);
  const buffers = (path: "spec.bodies.read" | "spec.bodies.write") =>
    sorted(get(path)) as readonly BufferName[] | null;
  const read = headers(get("spec.headers.read"));
  const write = get("spec.headers.write");
  return {
    dispatch: {
      clusters: texts("spec.dispatch.clusters"),
      methods: texts("spec.dispatch.methods"),
      paths: texts("spec.dispatch.paths"),
      authorities: texts("spec.dispatch.authorities"),
      names: texts("spec.dispatch.dns"),
    },
    properties: {
      read: texts("spec.properties.read"),
      write: texts("spec.properties.write"),
      hidden: read === null ? null : hidden(read),
    },
    headers: {
      read,
      add: headers(get("spec.headers.add") ?? write),
      replace: headers(get("spec.headers.replace") ?? write),
      remove: headers(get("spec.headers.remove") ?? write),
    },
    bodies: { read: buffers("spec.bodies.read"), write: buffers("spec.bodies.write") },
    responses: statuses(get("spec.responses")),
    sharedData: { read: texts("spec.sharedData.read"), write: texts("spec.sharedData.write") },
    queues: { register: texts("spec.queues.register"), resolve: texts("spec.queues.resolve") },
    metrics: texts("spec.metrics.names"),
    // Nobody means all of what a proxy may add one day: none is allowed that isn't named (rule A16).
    foreign: texts("spec.foreign.functions") ?? [],
  };
}

/** Those of the named functions that go past other rules or hurt the proxy. */
export function riskyForeign(names: readonly string[]): readonly ForeignFunction[] {
  return foreignFunctions.filter(({ name, risk }) => risk === "high" && names.includes(name));
}

function sorted(list: readonly string[] | null): readonly string[] | null {
  return list === null ? null : [...new Set(list)].sort();
}

const [HOST, AUTHORITY] = ["host", ":authority"] as const;

/** Null for no rule: nothing written, or `*` among the items. */
function headers(items: readonly string[] | null): readonly HeaderRule[] | null {
  if (items === null || items.includes(ALL_HEADERS)) return null;
  const maps = new Map<string, number>();
  const add = (name: string, bits: number): void => {
    maps.set(name, (maps.get(name) ?? 0) | bits);
  };
  for (const { name, maps: bits } of items.map(headerRule)) {
    add(name, bits);
    if (name === HOST) add(AUTHORITY, bits);
    if (name === AUTHORITY) add(HOST, bits);
  }
  return [...maps]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, bits]) => ({ name, maps: bits }));
}

/** Attributes that would show headers beyond the granted ones. */
function hidden(read: readonly HeaderRule[]): readonly string[] {
  const granted = (header: string): boolean =>
    read.some(({ name, maps }) => name === header && (maps >> MAP.httpRequestHeaders) & 1);
  const aliases = headerAttributes.filter(([, header]) => !granted(header)).map(([path]) => path);
  return [...headerNodes, ...aliases].sort();
}

/** Sorted ranges that neither touch nor overlap. */
function statuses(items: readonly string[] | null): readonly StatusRange[] | null {
  if (items === null) return null;
  const ranges: [number, number][] = [];
  for (const [from, to] of items.map(statusRange).sort((a, b) => a[0] - b[0])) {
    const last = ranges.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else ranges.push([from, to]);
  }
  return ranges;
}
