// What was used by name, how often, and where first. Bounded: a plugin that makes up names is counted, not kept.
import type { Evidence, Use } from "./run-record.ts";

/** Names of one kind that are kept one by one. */
const MAX = 500;

export const OTHERS = "(others)";

interface Row {
  readonly name: string;
  readonly of: string | null;
  count: number;
  readonly first: () => Evidence;
}

export class Tally {
  readonly #rows = new Map<string, Row>();

  /** `first` is asked when the tally is read: a request's path may be known only later. */
  add(name: string, of: string | null, first: () => Evidence, count = 1): void {
    const key = `${of ?? ""}\0${name}`;
    let row = this.#rows.get(key);
    if (row === undefined && this.#rows.size >= MAX && name !== OTHERS) {
      this.add(OTHERS, null, first, count);
      return;
    }
    if (row === undefined) {
      row = { name, of, count: 0, first };
      this.#rows.set(key, row);
    }
    row.count += count;
  }

  has(name: string, of: string | null): boolean {
    return this.#rows.has(`${of ?? ""}\0${name}`);
  }

  get size(): number {
    return this.#rows.size;
  }

  /** In the order of their first use. */
  uses(): readonly Use[] {
    return [...this.#rows.values()].map(({ name, of, count, first }) => ({
      name,
      of,
      count,
      first: first(),
    }));
  }
}
