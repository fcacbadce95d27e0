// A configuration text as nested maps, lists and scalars, each with its offset. Offsets become lines and columns
// only when something is said of them: most values never are. It knows nothing of Envoy's fields.
import type { Where } from "../../../errors/where.ts";

export type Tree = MapTree | ListTree | ScalarTree;

export interface MapTree {
  readonly kind: "map";
  readonly at: number;
  readonly entries: readonly Entry[];
}

export interface Entry {
  readonly key: string;
  /** Where the key stands. */
  readonly at: number;
  readonly value: Tree;
}

export interface ListTree {
  readonly kind: "list";
  readonly at: number;
  readonly items: readonly Tree[];
}

export interface ScalarTree {
  readonly kind: "scalar";
  readonly at: number;
  readonly value: string | number | boolean | null;
  /** As written: whole numbers beyond 2^53 are read from it. */
  readonly source: string;
}

/** The file that a text came from, and its lines. */
export interface Source {
  readonly file: string;
  readonly lineStarts: readonly number[];
}

export function sourceOf(text: string, file: string): Source {
  const lineStarts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
    lineStarts.push(at + 1);
  }
  return { file, lineStarts };
}

/** Line and column of an offset; both count from 1. */
export function position(
  source: Source,
  at: number,
): { readonly line: number; readonly column: number } {
  const { lineStarts } = source;
  let low = 0;
  let high = lineStarts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (lineStarts[middle]! <= at) low = middle;
    else high = middle;
  }
  return { line: low + 1, column: at - lineStarts[low]! + 1 };
}

export function whereOf(source: Source, at: number): Where {
  return { at: "file", file: source.file, ...position(source, at) };
}

/** A value in words for a message: cut, never quoted whole. */
export function found(tree: Tree): string {
  if (tree.kind === "map") return "a map";
  if (tree.kind === "list") return "a list";
  if (tree.value === null) return "nothing";
  return typeof tree.value === "string" ? quoted(tree.value) : String(tree.value);
}

export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}
