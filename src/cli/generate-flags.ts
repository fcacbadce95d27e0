// The flags of `generate` that hold two things in one word: routes, clusters, variables, addresses. What is
// taken here goes into configuration as it stands, so that anything odd is a usage error.
import type { Endpoint, Route } from "../mesh/envoy/generate/request.ts";
import type { ModuleSource, TargetRef } from "../mesh/generate/request.ts";
import type { PolicyDocument } from "../policy/settings.ts";
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

const namesOf = {
  env: { name: /^[A-Za-z_][A-Za-z0-9_]{0,252}$/, value: /^/ },
  label: {
    name: /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
    value: /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/,
  },
} as const;

/** `NAME=VALUE` each; no name twice. Labels as Kubernetes takes them. */
export function variablesOf(
  command: CommandName,
  given: readonly string[],
  flag: keyof typeof namesOf = "env",
): readonly (readonly [string, string])[] {
  const seen = new Set<string>();
  return given.map((text) => {
    const equals = text.indexOf("=");
    const name = text.slice(0, Math.max(0, equals));
    const value = text.slice(equals + 1);
    if (!namesOf[flag].name.test(name) || !namesOf[flag].value.test(value)) {
      usage(command, `--${flag} must be NAME=VALUE; found ${shown(text)}`);
    }
    if (seen.has(name)) usage(command, `--${flag} ${name} is given twice`);
    seen.add(name);
    return [name, value] as const;
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

const HEX = /^(?:sha256:)?([0-9a-f]{64})$/;

/** `KIND/NAME` each, or a kind alone. */
export function targetsOf(command: CommandName, given: readonly string[]): readonly TargetRef[] {
  return given.map((text) => {
    const found = /^([A-Z][A-Za-z]{0,62})(?:\/([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?))?$/.exec(
      text,
    );
    if (found === null) usage(command, `--target must be KIND/NAME; found ${shown(text)}`);
    return { kind: found[1]!, name: found[2] ?? "" };
  });
}

/** The same policy under another name. */
export function renamed(document: PolicyDocument, name: string, flag: string): PolicyDocument {
  const settings = new Map(document.settings);
  settings.set("metadata.name", { value: name, where: { at: "flag", flag } });
  return { ...document, settings };
}

/** Of a hundred requests; without a value 5. */
export function shareOf(command: CommandName, text: string | undefined): number {
  if (text === undefined) return 5;
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  return usage(command, `--percent must be a whole number from 1 to 99; found ${shown(text)}`);
}

/** Paths that something is taken of; no one twice. */
export function prefixesOf(command: CommandName, given: readonly string[]): readonly string[] {
  for (const text of given) {
    if (!PREFIX.test(text)) {
      usage(command, `--route must be a path that begins with /; found ${shown(text)}`);
    }
  }
  return [...new Set(given)];
}

/** Digests in hex, `sha256:` before them or not. */
export function digestsOf(
  command: CommandName,
  flag: string,
  given: readonly string[],
): readonly string[] {
  const all = given.map((text) => {
    const hex = HEX.exec(text)?.[1];
    return hex ?? usage(command, `--${flag} must be 64 hex digits of sha256; found ${shown(text)}`);
  });
  return [...new Set(all)];
}

/** Prefixes of URLs with a scheme, each with a slash at its end. */
export function registriesOf(command: CommandName, given: readonly string[]): readonly string[] {
  return given.map((text) => {
    if (!/^(?:oci|https):\/\/[a-z0-9][a-z0-9.-]*(?::\d{1,5})?(?:\/[a-z0-9._/-]*)?$/.test(text)) {
      usage(command, `--registry must be an oci:// or https:// prefix; found ${shown(text)}`);
    }
    return text.endsWith("/") ? text : `${text}/`;
  });
}

const REFERENCE =
  /^oci:\/\/([a-z0-9][a-z0-9.-]*(?::\d{1,5})?\/[a-z0-9][a-z0-9._/-]+(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?)(?:@sha256:([0-9a-f]{64}))?$/;

/** Where the hardened module is, with the digest that consumers compare there. */
export function sourceOf(
  command: CommandName,
  text: string,
  manifest: string | undefined,
  sha256: string,
): ModuleSource {
  if (!text.startsWith("oci:")) {
    const url = urlOf(command, text);
    if (manifest !== undefined) usage(command, "--manifest is for modules in a registry (oci:)");
    return url.protocol === "file:"
      ? { kind: "file", url: url.href, pin: null }
      : { kind: "http", url: url.href, pin: sha256 };
  }
  const found = REFERENCE.exec(text);
  if (found === null) {
    return usage(command, `--url must be oci://REGISTRY/REPOSITORY:TAG; found ${shown(text)}`);
  }
  const given = manifest === undefined ? undefined : HEX.exec(manifest)?.[1];
  if (manifest !== undefined && given === undefined) {
    usage(command, `--manifest must be sha256: and 64 hex digits; found ${shown(manifest)}`);
  }
  if (given !== undefined && found[2] !== undefined && given !== found[2]) {
    usage(command, "--manifest and the digest in the URL are not the same");
  }
  const pin = given ?? found[2];
  if (pin === undefined) {
    return usage(
      command,
      "a module in a registry is pinned by its manifest: give --manifest sha256:…, or a URL that ends in @sha256:… (`glovebox push` prints it)",
    );
  }
  return { kind: "oci", url: text, pin };
}
