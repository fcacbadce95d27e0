// Rules on the arguments of host calls: which headers and properties a plugin may read and write. They are bound
// when an instance is linked, and only for functions that a rule is about: nothing is asked for the others. A
// rule never grants a call, and answers like a denied function.
import { MAP } from "../spec/status.ts";
import type { Vm } from "./vm.ts";

/** null where there is no rule. Names of headers are in lower case. */
export interface ArgumentRules {
  /** Dotted paths; a path grants itself and all below. */
  readonly propertiesRead: readonly string[] | null;
  readonly propertiesWrite: readonly string[] | null;
  readonly headersRead: readonly string[] | null;
  readonly headersWrite: readonly string[] | null;
}

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

function headerOf(names: ReadonlySet<string>): Guard {
  return (vm, [map, key, size]) => {
    if (!CLIENT_MAPS.has(Number(map))) return null;
    const name = text(vm, key, size).toLowerCase();
    return names.has(name) ? null : `header ${name}`;
  };
}

/** The whole map at once, where only some of it may be seen or changed. */
const wholeMap: Guard = (_vm, [map]) => (CLIENT_MAPS.has(Number(map)) ? "all headers" : null);

const headerPath = /^(?:request|response)\.(?:headers|trailers)(?:\.(.*))?$/;

function readProperty(paths: readonly string[] | null, headers: ReadonlySet<string> | null): Guard {
  return (vm, [address, size]) => {
    const path = dotted(text(vm, address, size));
    if (paths !== null && !granted(paths, path)) return `property ${path}`;
    // A header is a header by whatever name it is asked for.
    const found = headers === null ? null : headerPath.exec(path);
    if (found === null || headers!.has((found[1] ?? "").toLowerCase())) return null;
    return `property ${path}`;
  };
}

/** The guards of a set of rules. */
export function guardsOf(rules: ArgumentRules): Guards {
  const guards: Record<string, Guard> = {};
  const reads = rules.headersRead === null ? null : new Set(rules.headersRead);
  if (reads !== null) {
    guards.proxy_get_header_map_value = headerOf(reads);
    guards.proxy_get_header_map_pairs = wholeMap;
  }
  if (rules.headersWrite !== null) {
    const names = new Set(rules.headersWrite);
    guards.proxy_add_header_map_value = headerOf(names);
    guards.proxy_replace_header_map_value = headerOf(names);
    guards.proxy_remove_header_map_value = headerOf(names);
    guards.proxy_set_header_map_pairs = wholeMap;
  }
  if (rules.propertiesRead !== null || reads !== null) {
    guards.proxy_get_property = readProperty(rules.propertiesRead, reads);
  }
  const { propertiesWrite } = rules;
  if (propertiesWrite !== null) {
    guards.proxy_set_property = (vm, [address, size]) => {
      const path = dotted(text(vm, address, size));
      return granted(propertiesWrite, path) ? null : `property ${path}`;
    };
  }
  return guards;
}
