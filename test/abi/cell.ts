// A cell of the conformance matrix: a host function, in a phase, used right, wrong or at an edge, and what the guest
// must see. Subjects are lists of cells; matrix.test.ts runs them all and counts.
import type { HostFunctionName } from "../../src/spec/host-functions.ts";
import type { Phase, Played, PlayOptions } from "./play.ts";

export type Kind = "right" | "misuse" | "edge";

export interface Cell {
  readonly fn: HostFunctionName;
  readonly kind: Kind;
  readonly phase: Phase;
  /** A sentence about what the function does here. */
  readonly what: string;
  readonly calls: readonly string[];
  readonly notes: readonly (number | string)[];
  readonly options?: PlayOptions;
  /** More that has to hold. */
  readonly check?: (played: Played) => void;
}

export interface Subject {
  readonly name: string;
  readonly cells: readonly Cell[];
}

/** Far outside of any guest's memory. */
export const FAR = 0x7fff0000;

/** Makes cells of one function in one phase, unless a cell says otherwise. */
export function of(
  fn: HostFunctionName,
  phase: Phase,
  common: PlayOptions,
  ...rows: readonly (readonly [
    kind: Kind,
    what: string,
    calls: readonly string[],
    notes: readonly (number | string)[],
    more?: Partial<Pick<Cell, "phase" | "options" | "check">>,
  ])[]
): Cell[] {
  return rows.map(([kind, what, calls, notes, more]) => ({
    fn,
    kind,
    phase,
    what,
    calls,
    notes,
    ...more,
    options: { ...common, ...more?.options },
  }));
}
