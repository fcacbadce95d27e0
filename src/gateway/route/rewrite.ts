// New paths, hosts and locations: what a route does to a request's target before it goes on, and where a redirect
// points. Envoy's rules, Envoy's names of the headers that keep what was there.
import type { HeaderMap } from "../../host/header-map.ts";
import type {
  ForwardAction,
  RegexRewrite,
  Route,
  RouteAction,
} from "../../mesh/envoy/lab-config.ts";
import { bytesText } from "./bytes-text.ts";
import { compileRegex } from "./linear-regex.ts";

type Redirect = Extract<RouteAction, { kind: "redirect" }>;
type PathChange = (path: string) => string;

/** The part of a target before its query, and the rest. */
function split(target: string): [path: string, query: string] {
  const mark = target.indexOf("?");
  return mark < 0 ? [target, ""] : [target.slice(0, mark), target.slice(mark)];
}

/** What a match by expression has matched is the whole path. */
function prefixChange(route: Route, prefix: string): PathChange {
  const { path } = route.match;
  const text = bytesText(prefix);
  if (path.kind === "regex") return () => text;
  const matched = bytesText(path.value).length;
  return (whole) => text + whole.slice(matched);
}

function regexChange({ pattern, substitution }: RegexRewrite): PathChange {
  const regex = compileRegex(pattern);
  const text = bytesText(substitution);
  return (path) => regex.replace(path, text);
}

/** Whether there is still a target: what doesn't begin with a slash is none. */
export type Rewrite = (headers: HeaderMap) => boolean;

/** What a route does to the target of a request; null for nothing. */
export function compileRewrite(route: Route, action: ForwardAction): Rewrite | null {
  // An empty prefix is one that isn't set.
  const change =
    action.prefixRewrite !== null && action.prefixRewrite !== ""
      ? prefixChange(route, action.prefixRewrite)
      : action.regexRewrite !== null
        ? regexChange(action.regexRewrite)
        : null;
  const host = action.hostRewrite === null ? null : bytesText(action.hostRewrite);
  if (change === null && host === null) return null;
  return (headers) => {
    if (host !== null) {
      headers.set("x-envoy-original-host", headers.get(":authority") ?? "");
      headers.set(":authority", host);
    }
    if (change === null) return true;
    const before = headers.get(":path") ?? "/";
    const [path, query] = split(before);
    const after = change(path);
    // A path of which nothing is left stays.
    if (after === "") return true;
    headers.set("x-envoy-original-path", before);
    headers.set(":path", after + query);
    return after.startsWith("/");
  };
}

/** The location that a redirect gives for a request. */
export function compileRedirect(route: Route, action: Redirect): (headers: HeaderMap) => string {
  const change: PathChange =
    action.path !== null
      ? () => bytesText(action.path!)
      : action.prefix !== null && action.prefix !== ""
        ? prefixChange(route, action.prefix)
        : action.regex !== null
          ? regexChange(action.regex)
          : (path) => path;
  return (headers) => {
    const [path, query] = split(headers.get(":path") ?? "/");
    const scheme = action.https ? "https" : (headers.get(":scheme") ?? "http");
    const authority = headers.get(":authority") ?? "";
    const host = action.host ?? hostOf(authority);
    const port = action.port ?? (action.host === null ? portFor(authority, action.https) : "");
    const shown = port === "" ? host : `${host}:${port}`;
    const target = change(path);
    // A path that brings its own query keeps that.
    const kept = action.stripQuery || target.includes("?") ? "" : query;
    return `${scheme}://${bytesText(shown)}${target}${kept}`;
  };
}

const hostOf = (authority: string): string => authority.replace(/:\d+$/, "");

/** The port of the request stays, but for the one that belongs to the scheme it leaves. */
function portFor(authority: string, https: boolean): string {
  const port = /:(\d+)$/.exec(authority)?.[1] ?? "";
  return https && port === "80" ? "" : port;
}
