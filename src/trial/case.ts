// The shape of a case: one row of the article or beyond it, what is measured for it, and how a measurement becomes a cell.
// A cell's words are put together from what was seen; no case holds a result.

import type { Lab } from "./lab.ts";

export type Table = "expected-behaviour" | "failure-modes" | "host-safety";

/** What was measured in one column. `data` is what the words were made of. */
export interface Cell {
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** One plugin's part of a row. */
export interface Detail {
  readonly plugin: string;
  /** Null where that column was not run for it. */
  readonly unhardened: Cell | null;
  readonly hardened: Cell;
  readonly held: boolean;
}

export interface Measured {
  readonly unhardened: Cell;
  readonly hardened: Cell;
  /** Whether the promise held in everything that was measured. */
  readonly held: boolean;
  readonly details: readonly Detail[];
}

export interface CaseRow {
  /** Stable, kebab-case. */
  readonly id: string;
  readonly table: Table;
  /** The row's first cell in the article, or what stands there for rows beyond it. */
  readonly signal: string;
  /** What the row is measured by, and when it counts as held. */
  readonly measurement: string;
}

export interface Case extends CaseRow {
  /** Plugins of the catalogue that it needs. */
  readonly plugins: readonly string[];
  readonly measure: (lab: Lab) => Promise<Measured>;
}
