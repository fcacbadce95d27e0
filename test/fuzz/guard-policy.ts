// Policies with rules, quotas and slots at random, and what plugins under them hand to their host: texts that are on
// a list, nearly on one, or on none; maps that are right or nearly. One pool for policies and calls, so that rules
// are met and missed about as often.
import type { Policy } from "../../src/policy/policy.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import type { HeaderRule, Rules } from "../../src/policy/rules.ts";
import { hostFunctions } from "../../src/spec/host-functions.ts";
import type { Random } from "./random.ts";

/** Host functions of ABI 0.2.1 that answer a status. */
export const answering = hostFunctions.filter(
  ({ result, abis }) => result !== null && abis.includes("0.2.1"),
);

const words = [
  "",
  "a",
  "ab",
  "GET",
  "post",
  "backend",
  "backend-2",
  "/api/",
  "/api/v1/users",
  "ours.key",
  "ours.",
  "x.example",
  "a-name-of-exactly-24-byte",
  "kunde-ä",
  "x-envoy-",
  "*",
  "/static/*",
];
const headers = [
  ":authority",
  "host",
  ":path",
  ":method",
  "x-tenant",
  "cookie",
  "x-1[]{}@^",
  "authorization",
  "x-envoy-retry-on",
];
const paths = [
  "request",
  "response",
  "request.headers",
  "request.headers.x-tenant",
  "response.trailers",
  "response.trailers.Cookie",
  "request.path",
  "plugin_name",
  "filter_state.ours.x",
  "xds",
];
const buffers = ["request", "response", "downstream", "upstream"] as const;

function some<T>(r: Random, items: readonly T[], most = 5): T[] {
  return [...new Set(Array.from({ length: r.int(most) }, () => r.pick(items)))];
}

/** A list, or no rule every third time. */
function list<T>(r: Random, items: readonly T[]): T[] | null {
  return r.int(3) === 0 ? null : some(r, items);
}

const names = (r: Random) => list(r, words)?.filter((word) => word !== "") ?? null;

function headerRules(r: Random): HeaderRule[] | null {
  const own = list(r, headers);
  return own?.map((name) => ({ name, maps: r.int(3) === 0 ? 1 + r.int(15) : 15 })) ?? null;
}

function rulesOf(r: Random): Rules {
  const read = headerRules(r);
  return {
    dispatch: {
      clusters: names(r),
      methods: list(r, words),
      paths: list(r, words),
      authorities: list(r, words),
      names: names(r),
    },
    properties: {
      read: list(r, paths),
      write: list(r, paths),
      hidden: read === null ? null : some(r, paths),
    },
    headers: { read, add: headerRules(r), replace: headerRules(r), remove: headerRules(r) },
    bodies: { read: list(r, buffers), write: list(r, buffers) },
    responses: list(r, [
      [200, 200],
      [400, 499],
      [503, 505],
    ] as const),
    sharedData: { read: list(r, words), write: list(r, words) },
    queues: { register: list(r, words), resolve: list(r, words) },
    metrics: list(r, words),
    foreign: list(r, words),
  };
}

/** A policy that allows every call, with its rules and quotas at random; fuel is ample. */
export function guardPolicy(r: Random, ample: number): Policy {
  const base = policyFromRole(null, {
    "spec.limits.fuel.callback": ample,
    "spec.limits.fuel.start": ample,
    "spec.limits.fuel.mode": r.pick(["bound", "exact"]),
  });
  const limit = (...values: number[]): number | null => (r.int(3) === 0 ? null : r.pick(values));
  return {
    ...base,
    allow: new Set(answering.filter(() => r.int(5) > 0).map(({ name }) => name)),
    rules: rulesOf(r),
    limits: {
      ...base.limits,
      fuel: { ...base.limits.fuel, request: r.int(2) === 0 ? null : 2 ** 50 },
      streams: r.pick([1, 2, 3, 4, 7, 32]),
      dispatch: { outstanding: limit(0, 1, 3), total: limit(0, 2, 1000) },
      log: { bytes: limit(0, 40, 2 ** 20), level: limit(0, 2, 5) },
      host: {
        headerBytes: limit(0, 60, 2 ** 20),
        bodyBytes: limit(0, 100, 2 ** 40),
        sharedData: limit(0, 100, 2 ** 40),
        queueItems: limit(0, 3, 10 ** 6),
        sharedDataPerRequest: r.pick([0, 1, 50, 2 ** 20]),
        queueItemsPerRequest: r.pick([0, 1, 3]),
        metrics: limit(0, 3, 10 ** 5),
        tick: limit(1, 100, 86_400_000),
      },
    },
  };
}

/** Bytes of a text that is on a list, or nearly. */
function near(r: Random, items: readonly string[]): number[] {
  const bytes = [...new TextEncoder().encode(r.pick(items))];
  switch (r.int(8)) {
    case 0:
      return [...bytes, r.pick([0, 42, 97])];
    case 1:
      return bytes.slice(0, -1);
    case 2:
      return bytes.map((byte) => byte ^ (r.int(6) === 0 ? 0x20 : 0));
    case 3:
      return bytes.map((byte) => (r.int(9) === 0 ? r.int(256) : byte));
    default:
      return bytes;
  }
}

const word = (value: number) => [
  value & 255,
  (value >> 8) & 255,
  (value >> 16) & 255,
  value >>> 24,
];

function map(r: Random): number[] {
  const pairs = Array.from({ length: r.int(4) }, () => [near(r, headers), near(r, words)] as const);
  const bytes = [
    ...word(pairs.length),
    ...pairs.flatMap(([name, value]) => [...word(name.length), ...word(value.length)]),
    ...pairs.flatMap(([name, value]) => [...name, 0, ...value, 0]),
  ];
  if (r.int(3) === 0) bytes[r.int(bytes.length)] = r.int(256);
  if (r.int(6) === 0) bytes.length = r.int(bytes.length);
  if (r.int(12) === 0) bytes.push(0);
  return bytes;
}

/** Bytes for a parameter, by its name in the table of host functions. */
export function bytesFor(r: Random, param: string): number[] {
  if (param.startsWith("serialized")) return map(r);
  if (param.startsWith("path")) {
    const path = near(r, paths).map((byte) => (byte === 0x2e ? 0 : byte));
    return r.int(5) === 0 ? [...path, 0] : path;
  }
  return near(r, param.startsWith("key") ? [...headers, ...words] : words);
}
