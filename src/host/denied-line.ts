// The log line of a denied call, in the article's words with its name for the function where it has one. Hardened
// modules carry the same text; this is for calls that the host denies, and for modules that can't log.
import type { HostFunction } from "../spec/host-function-row.ts";
import { DENIED_PREFIX } from "../spec/layout.ts";

export function deniedLine({ name, alias }: HostFunction): string {
  return `${DENIED_PREFIX}${name}${alias === undefined ? "" : ` (${alias})`}`;
}
