// The match of a route as one function over a request's headers. Envoy's rules: the path without its query; a
// header that is missing fails every test but `present`, inverted or not; of a repeated one, one value is enough.
import type { HeaderMap } from "../../host/header-map.ts";
import type { HeaderMatch, QueryMatch, RouteMatch } from "../../mesh/envoy/lab-config.ts";
import { bytesText } from "./bytes-text.ts";
import { compileRegex } from "./linear-regex.ts";
import { compileMatch } from "./string-match.ts";

export type RequestTest = (headers: HeaderMap) => boolean;

const MILLION = 1_000_000;

/** Throws the Failure of an expression that is refused. `random` is from 0 to 1. */
export function compileRouteMatch(match: RouteMatch, random: () => number): RequestTest {
  const path = pathTest(match.path, match.caseSensitive);
  const tests: RequestTest[] = match.headers.map(headerTest);
  if (match.grpcOnly) tests.push(isGrpc);
  const { fraction } = match;
  const queries = match.query.map(queryTest);
  return (headers) => {
    const whole = headers.get(":path") ?? "";
    const mark = whole.indexOf("?");
    if (!path(mark < 0 ? whole : whole.slice(0, mark))) return false;
    for (const test of tests) if (!test(headers)) return false;
    if (queries.length > 0) {
      const parameters = mark < 0 ? NONE : queryOf(whole.slice(mark + 1));
      for (const test of queries) if (!test(parameters)) return false;
    }
    return fraction === null || random() * MILLION < fraction;
  };
}

function pathTest(path: RouteMatch["path"], caseSensitive: boolean): (path: string) => boolean {
  if (path.kind === "regex") {
    const regex = compileRegex(path.pattern);
    return (text) => regex.matches(text);
  }
  const plain = bytesText(path.value);
  const value = caseSensitive ? plain : plain.toLowerCase();
  const test = plainTest(path.kind, value);
  return caseSensitive ? test : (text) => test(text.toLowerCase());
}

function plainTest(
  kind: "prefix" | "path" | "path-separated-prefix",
  value: string,
): (path: string) => boolean {
  switch (kind) {
    case "prefix":
      return value === "/"
        ? (text) => text.charCodeAt(0) === 0x2f
        : (text) => text.startsWith(value);
    case "path":
      return (text) => text === value;
    case "path-separated-prefix": {
      const below = `${value}/`;
      return (text) => text === value || text.startsWith(below);
    }
  }
}

function headerTest({ name: said, test, invert, treatMissingAsEmpty }: HeaderMatch): RequestTest {
  const name = said === "host" ? ":authority" : said;
  if (test.kind === "present") {
    return (headers) => ((headers.get(name) !== undefined) === test.present) !== invert;
  }
  const fits = test.kind === "string" ? compileMatch(test.match) : rangeTest(test.from, test.to);
  return (headers) => {
    const values = headers.all(name);
    if (values.length === 0) return treatMissingAsEmpty && fits("") !== invert;
    return values.some(fits) !== invert;
  };
}

function rangeTest(from: number, to: number): (text: string) => boolean {
  return (text) => {
    const value = /^[+-]?\d{1,18}$/.test(text) ? Number(text) : Number.NaN;
    return value >= from && value < to;
  };
}

function isGrpc(headers: HeaderMap): boolean {
  return /^application\/grpc(\+|$)/.test(headers.get("content-type") ?? "");
}

type Parameters = ReadonlyMap<string, string>;
const NONE: Parameters = new Map();

function queryOf(query: string): Parameters {
  const found = new Map<string, string>();
  for (const part of query.split("&")) {
    const equals = part.indexOf("=");
    const name = equals < 0 ? part : part.slice(0, equals);
    if (!found.has(name)) found.set(name, equals < 0 ? "" : part.slice(equals + 1));
  }
  return found;
}

function queryTest({ name, match }: QueryMatch): (parameters: Parameters) => boolean {
  if (match === null) return (parameters) => parameters.has(name);
  const fits = compileMatch(match);
  return (parameters) => {
    const value = parameters.get(name);
    return value !== undefined && fits(value);
  };
}
