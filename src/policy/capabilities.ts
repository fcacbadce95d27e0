// Names in a capability list → real names of host functions and callbacks. Names that people write and no
// host knows are translated and reported; names that nothing resembles are refused. The list may be a list or
// Envoy's map of empty values.
import { type Finding, fail, finding } from "../errors/failure.ts";
import type { Where } from "../errors/where.ts";
import { alias } from "../spec/aliases.ts";
import { callback, callbacks } from "../spec/callbacks.ts";
import { hostFunctionNamed, hostFunctions } from "../spec/host-functions.ts";
import { closest } from "../util/closest.ts";
import type { Field } from "./schema.ts";
import type { Tree } from "./tree.ts";
import { items, wrongType } from "./values.ts";

interface Named {
  readonly word: string;
  readonly where: Where;
}

/** Whether a policy can take this callback away: hosts need the others to run any plugin. */
export function optional(name: string): boolean {
  const row = callback(name);
  return row !== undefined && (row.gated || row.kind === "callback");
}

/** Every name that a capability list may hold, in the order of the tables. */
export const capabilityNames: readonly string[] = [
  ...hostFunctions.map((row) => row.name),
  ...callbacks.map((row) => row.name).filter(optional),
];

function words(row: Field, tree: Tree): readonly Named[] {
  if (tree.kind === "map") {
    return [...tree.entries].map(([word, entry]) => {
      const { tree: value } = entry;
      const empty =
        value.kind === "map"
          ? value.entries.size === 0
          : value.kind === "scalar" && value.value === null;
      return empty ? { word, where: entry.where } : wrongType(row, value);
    });
  }
  return items(row, tree).map((item) => {
    if (item.kind !== "scalar" || typeof item.value !== "string") return wrongType(row, item);
    return { word: item.value, where: item.where };
  });
}

/** Real names, each once, in the order written; findings about translated and needless ones go to `warnings`. */
export function parseCapabilities(row: Field, tree: Tree, warnings: Finding[]): readonly string[] {
  const names = new Set<string>();
  for (const { word, where } of words(row, tree)) {
    const translated = alias(word);
    if (translated !== undefined) {
      const note = translated.note === undefined ? "" : `; ${translated.note}`;
      warnings.push(
        finding("policy-alias", "warning", { alias: word, name: translated.name, note }, where),
      );
    }
    const name = translated?.name ?? word;
    if (hostFunctionNamed(name) !== undefined || optional(name)) names.add(name);
    else if (callback(name) !== undefined)
      warnings.push(finding("policy-always-there", "warning", { name }, where));
    else fail("policy-unknown-capability", { name: shown(word), closest: nearest(word) }, where);
  }
  return [...names];
}

function shown(word: string): string {
  return JSON.stringify(word.length > 60 ? `${word.slice(0, 57)}...` : word);
}

/** `env.proxy_log` is a common slip: hosts match names without their module. */
function nearest(word: string): string {
  const last = word.slice(word.lastIndexOf(".") + 1);
  return closest(last, capabilityNames) ?? "none";
}
