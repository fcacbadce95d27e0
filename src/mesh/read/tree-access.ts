// Small questions to a tree: what stands under a key, as what, and where. Nothing here throws or reports: what is of
// another type is as if it weren't there, since the schema's own notes say so.
import type { Entry, MapTree, Tree } from "../envoy/read/tree.ts";
import type { Placed } from "../model.ts";

/** `vm_config` → `vmConfig`, the other spelling that protobuf's JSON takes. */
function camel(name: string): string {
  if (!name.includes("_")) return name;
  const known = camels.get(name);
  if (known !== undefined) return known;
  const made = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  camels.set(name, made);
  return made;
}

/** Of names in the code, never of those in a document. */
const camels = new Map<string, string>();

/** The entry of a field, in either spelling. */
export function entryOf(tree: Tree | undefined, name: string): Entry | undefined {
  if (tree?.kind !== "map") return undefined;
  const other = camel(name);
  return tree.entries.find(({ key }) => key === name || key === other);
}

/** What stands at the end of a path of fields. */
export function under(tree: Tree | undefined, ...names: readonly string[]): Tree | undefined {
  let at = tree;
  for (const name of names) at = entryOf(at, name)?.value;
  return at;
}

export function mapUnder(tree: Tree | undefined, ...names: readonly string[]): MapTree | undefined {
  const found = under(tree, ...names);
  return found?.kind === "map" ? found : undefined;
}

export function itemsUnder(tree: Tree | undefined, ...names: readonly string[]): readonly Tree[] {
  const found = under(tree, ...names);
  return found?.kind === "list" ? found.items : [];
}

export function mapsUnder(tree: Tree | undefined, ...names: readonly string[]): readonly MapTree[] {
  return itemsUnder(tree, ...names).filter((item) => item.kind === "map");
}

/** A scalar as text; null where there is none. Numbers are the text that they were written as. */
export function text(tree: Tree | undefined): Placed<string> | null {
  if (tree?.kind !== "scalar" || tree.value === null) return null;
  const value = typeof tree.value === "string" ? tree.value : tree.source;
  return { value, at: tree.at };
}

export function textUnder(
  tree: Tree | undefined,
  ...names: readonly string[]
): Placed<string> | null {
  return text(under(tree, ...names));
}

export function flagUnder(
  tree: Tree | undefined,
  ...names: readonly string[]
): Placed<boolean> | null {
  const found = under(tree, ...names);
  if (found?.kind !== "scalar") return null;
  if (typeof found.value === "boolean") return { value: found.value, at: found.at };
  if (found.value === "true" || found.value === "false") {
    return { value: found.value === "true", at: found.at };
  }
  return null;
}

export function numberUnder(
  tree: Tree | undefined,
  ...names: readonly string[]
): Placed<number> | null {
  const found = under(tree, ...names);
  return found?.kind === "scalar" && typeof found.value === "number"
    ? { value: found.value, at: found.at }
    : null;
}

/** The words of a list of texts. */
export function textsUnder(
  tree: Tree | undefined,
  ...names: readonly string[]
): readonly Placed<string>[] {
  return itemsUnder(tree, ...names).flatMap((item) => text(item) ?? []);
}

/** Whether a text is free of control characters, in short: for messages. */
export const shown = (value: string, max = 60): string =>
  value.length > max ? `${value.slice(0, max - 3)}...` : value;
