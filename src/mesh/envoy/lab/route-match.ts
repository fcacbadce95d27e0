// RouteMatch: the path, headers and query parameters that a route is for.
import type { RouteMatch } from "../lab-config.ts";
import { readHeaderMatches, readQueryMatches, readRegex } from "./matchers.ts";
import type { Picker } from "./picker.ts";

const MILLION = 1_000_000;
const denominators: Readonly<Record<string, number>> = {
  "": 100,
  HUNDRED: 100,
  TEN_THOUSAND: 10_000,
  MILLION,
};

function readPath(match: Picker): RouteMatch["path"] | undefined {
  for (const [field, kind] of [
    ["prefix", "prefix"],
    ["path", "path"],
    ["path_separated_prefix", "path-separated-prefix"],
  ] as const) {
    if (match.has(field)) return { kind, value: match.text(field) };
  }
  const pattern = readRegex(match.child("safe_regex"));
  return pattern === undefined ? undefined : { kind: "regex", pattern };
}

function readFraction(match: Picker): number | null {
  const fraction = match.child("runtime_fraction")?.child("default_value");
  if (fraction === undefined) return null;
  const whole = denominators[fraction.choice("denominator")]!;
  return Math.min(MILLION, ((fraction.number("numerator") ?? 0) * MILLION) / whole);
}

/** undefined where the path is matched in a way that the lab does not know. */
export function readRouteMatch(match: Picker): RouteMatch | undefined {
  const path = readPath(match);
  const rest = {
    caseSensitive: match.has("case_sensitive") ? match.flag("case_sensitive") : true,
    headers: readHeaderMatches(match.messages("headers")),
    query: readQueryMatches(match.messages("query_parameters")),
    grpcOnly: match.child("grpc") !== undefined,
    fraction: readFraction(match),
  };
  return path === undefined ? undefined : { path, ...rest };
}
