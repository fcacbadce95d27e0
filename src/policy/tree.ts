// A policy document as nested maps, lists and scalars with their places. Apart from the YAML reader, so that
// a policy made in code loads none.
import type { Where } from "../errors/where.ts";

export type Tree =
  | { readonly kind: "map"; readonly where: Where; readonly entries: ReadonlyMap<string, Entry> }
  | { readonly kind: "list"; readonly where: Where; readonly items: readonly Tree[] }
  | {
      readonly kind: "scalar";
      readonly where: Where;
      readonly value: Scalar;
      readonly source: string;
    };

export interface Entry {
  /** Where the key stands. */
  readonly where: Where;
  readonly tree: Tree;
}

export type Scalar = string | number | boolean | null;

/** What stands there, in words for a message. Values are cut, never quoted whole. */
export function found(tree: Tree): string {
  if (tree.kind === "map") return "a map";
  if (tree.kind === "list") return "a list";
  if (tree.value === null) return "nothing";
  if (typeof tree.value !== "string") return String(tree.value);
  return JSON.stringify(tree.value.length > 60 ? `${tree.value.slice(0, 57)}...` : tree.value);
}
