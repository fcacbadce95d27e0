// Rules on the arguments of host calls, for plugins that run as shipped: which headers and properties they may read
// and write. Hardened modules keep these and more by themselves (docs/guards.md). They are bound when an instance is
// linked, and only for functions that a rule is about: nothing is asked for the others. A rule never grants a call,
// and answers like a denied function.
import { type HeaderRule, noRules, type Rules } from "../policy/rules.ts";
import { MAP } from "../spec/status.ts";
import type { Vm } from "./vm.ts";

export type ArgumentRules = Pick<Rules, "headers" | "properties">;

export const NO_ARGUMENT_RULES: ArgumentRules = {
  headers: noRules.headers,
  properties: noRules.properties,
};

/** What is refused, in words for the log; null lets the call through. */
export type Guard = (vm: Vm, args: readonly (number | bigint)[]) => string | null;

/** By host function. */
export type Guards = Readonly<Record<string, Guard>>;

/** Maps of the request that is served and of its answer; those of a plugin's own calls are its own. */
export const CLIENT_MAPS: ReadonlySet<number> = new Set([
  MAP.httpRequestHeaders,
  MAP.httpRequestTrailers,
  MAP.httpResponseHeaders,
  MAP.httpResponseTrailers,
]);

/** Text of an argument pair; "" where it lies outside of the memory, which the call itself answers. */
function text(
  vm: Vm,
  address: number | bigint | undefined,
  size: number | bigint | undefined,
): string {
  const [at, length] = [Number(address ?? 0), Number(size ?? 0)];
  return vm.memory.has(at, length) ? vm.memory.latin1(at, length) : "";
}

/** A path as rules write it. */
function dotted(path: string): string {
  return path.replace(/\0+$/, "").replaceAll("\0", ".");
}

const granted = (rules: readonly string[], path: string): boolean =>
  rules.some((one) => path === one || path.startsWith(`${one}.`));

type Grants = (map: number, name: string) => boolean;

function grantsOf(rules: readonly HeaderRule[]): Grants {
  const maps = new Map(rules.map((rule) => [rule.name, rule.maps]));
  return (map, name) => (((maps.get(name) ?? 0) >> map) & 1) === 1;
}

function headerOf(rules: readonly HeaderRule[]): Guard {
  const grants = grantsOf(rules);
  return (vm, [map, key, size]) => {
    if (!CLIENT_MAPS.has(Number(map))) return null;
    const name = text(vm, key, size).toLowerCase();
    return grants(Number(map), name) ? null : `header ${name}`;
  };
}

/** The whole map at once, where only some of it may be seen or changed. */
const wholeMap: Guard = (_vm, [map]) => (CLIENT_MAPS.has(Number(map)) ? "all headers" : null);

const headerPath = /^(request|response)\.(headers|trailers)\.(.*)$/;

function mapOf(side: string, part: string): number {
  if (side === "request")
    return part === "headers" ? MAP.httpRequestHeaders : MAP.httpRequestTrailers;
  return part === "headers" ? MAP.httpResponseHeaders : MAP.httpResponseTrailers;
}

function readProperty({ read, hidden }: Rules["properties"], headers: Grants | null): Guard {
  return (vm, [address, size]) => {
    const path = dotted(text(vm, address, size));
    if (read !== null && !granted(read, path)) return `property ${path}`;
    if (hidden?.includes(path) === true) return `property ${path}`;
    // A header is a header by whatever name it is asked for.
    const found = headers === null ? null : headerPath.exec(path);
    if (found === null) return null;
    const [, side, part, name] = found as unknown as [string, string, string, string];
    return headers!(mapOf(side, part), name.toLowerCase()) ? null : `property ${path}`;
  };
}

/** The guards of a set of rules. */
export function guardsOf({ headers, properties }: ArgumentRules): Guards {
  const guards: Record<string, Guard> = {};
  const { read, add, replace, remove } = headers;
  if (read !== null) {
    guards.proxy_get_header_map_value = headerOf(read);
    guards.proxy_get_header_map_pairs = wholeMap;
  }
  if (add !== null) guards.proxy_add_header_map_value = headerOf(add);
  if (replace !== null) guards.proxy_replace_header_map_value = headerOf(replace);
  if (remove !== null) guards.proxy_remove_header_map_value = headerOf(remove);
  if (add !== null || replace !== null || remove !== null) {
    guards.proxy_set_header_map_pairs = wholeMap;
  }
  if (properties.read !== null || read !== null) {
    guards.proxy_get_property = readProperty(properties, read === null ? null : grantsOf(read));
  }
  const { write } = properties;
  if (write !== null) {
    guards.proxy_set_property = (vm, [address, size]) => {
      const path = dotted(text(vm, address, size));
      return granted(write, path) ? null : `property ${path}`;
    };
  }
  return guards;
}
