// The flags of `generate` that hold two things in one word: routes, clusters, variables, addresses. What is
// taken here goes into configuration as it stands, so that anything odd is a usage error.
import type { Endpoint, Route } from "../mesh/envoy/generate/request.ts";
import type { CommandName } from "./commands.ts";
import { usage } from "./usage.ts";

/** Names of clusters as control planes make them, `outbound|80||x.y` for one. */
const CLUSTER = /^[A-Za-z0-9][A-Za-z0-9._:|/-]{0,252}$/;
/** What a path may hold and a prefix can be matched by: no query, no fragment, no escapes of control characters. */
const PREFIX = /^\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]{0,500}$/;
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])$/;

/** `HOST:PORT`, an IPv6 address in brackets. */
export function endpointOf(command: CommandName, flag: string, text: string): Endpoint {
  const colon = text.lastIndexOf(":");
  const host = text.slice(0, Math.max(0, colon));
  const digits = text.slice(colon + 1);
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : Number.NaN;
  if (!HOST.test(host) || !(port <= 65_535)) {
    usage(command, `--${flag} must end in HOST:PORT, such as 127.0.0.1:8080; found ${shown(text)}`);
  }
  return { host: host.replace(/^\[|\]$/g, ""), port };
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

function clusterOf(command: CommandName, flag: string, name: string): string {
  if (CLUSTER.test(name)) return name;
  return usage(command, `--${flag}: ${shown(name)} is no name of a cluster`);
}

/** `PREFIX=CLUSTER` each; no prefix twice. */
export function routesOf(command: CommandName, given: readonly string[]): readonly Route[] {
  const seen = new Set<string>();
  return given.map((text) => {
    const equals = text.lastIndexOf("=");
    const prefix = text.slice(0, Math.max(0, equals));
    if (!PREFIX.test(prefix)) {
      usage(
        command,
        `--route must be PREFIX=CLUSTER with a path that begins with /; found ${shown(text)}`,
      );
    }
    if (seen.has(prefix)) usage(command, `--route ${prefix} is given twice`);
    seen.add(prefix);
    return { prefix, cluster: clusterOf(command, "route", text.slice(equals + 1)) };
  });
}

/** `NAME=HOST:PORT` each; no name twice. */
export function clusterMap(
  command: CommandName,
  given: readonly string[],
): ReadonlyMap<string, Endpoint> {
  const clusters = new Map<string, Endpoint>();
  for (const text of given) {
    const equals = text.indexOf("=");
    const name = clusterOf(command, "cluster", text.slice(0, Math.max(0, equals)));
    if (clusters.has(name)) usage(command, `--cluster ${name} is given twice`);
    clusters.set(name, endpointOf(command, "cluster", text.slice(equals + 1)));
  }
  return clusters;
}

/** `NAME=VALUE` each; no name twice. */
export function variablesOf(
  command: CommandName,
  given: readonly string[],
): readonly (readonly [string, string])[] {
  const seen = new Set<string>();
  return given.map((text) => {
    const equals = text.indexOf("=");
    const name = text.slice(0, Math.max(0, equals));
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,252}$/.test(name)) {
      usage(command, `--env must be NAME=VALUE; found ${shown(text)}`);
    }
    if (seen.has(name)) usage(command, `--env ${name} is given twice`);
    seen.add(name);
    return [name, text.slice(equals + 1)] as const;
  });
}

/** Where a proxy can find a module. */
export function urlOf(command: CommandName, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const schemes = ["http:", "https:", "file:"];
  if (url === undefined || !schemes.includes(url.protocol)) {
    return usage(command, `--url must be an http:, https: or file: URL; found ${shown(text)}`);
  }
  if (url.username !== "" || url.password !== "") {
    return usage(
      command,
      "--url holds credentials; Envoy would show them in its configuration dump",
    );
  }
  return url;
}
