// What a policy document says, field by field, as data. Knows no syntax: the reader of YAML is not loaded for
// policies that are made in code.
import type { Finding } from "../errors/failure.ts";
import type { Where } from "../errors/where.ts";
import type { Path, ValueAt } from "./schema.ts";

export interface Setting {
  readonly value: string | number | boolean | readonly string[];
  readonly where: Where;
}

export interface PolicyDocument {
  readonly file: string;
  /** The fields that are set, by path, in the table's order. */
  readonly settings: ReadonlyMap<Path, Setting>;
  /** Findings about names that were translated and the like. */
  readonly warnings: readonly Finding[];
}

/** The value that a document sets for a field, typed by the table; undefined where it sets none. */
export function setting<P extends Path>(document: PolicyDocument, path: P): ValueAt<P> | undefined {
  return document.settings.get(path)?.value as ValueAt<P> | undefined;
}
