// What plugins leave in the shared memory: it is given back when no plugin of their namespace is left, as the
// reference host does with the last VM of a `vm_id`. The invariant: a namespace is given back only when every thread
// has said, after the last version it was given, that nothing of it is there any more: a request that is in flight
// keeps its plugin, and with it the namespace.
import { RegionData } from "../../host/shared/data.ts";
import { RegionQueues } from "../../host/shared/queues.ts";
import type { SharedRegion } from "../../host/shared/region.ts";
import { type SpaceOwner, spaceOf } from "../plugins/space-of.ts";

/** Shared data, or queues. */
export interface Store {
  drop(namespace: string): void;
}

interface Thread {
  /** The last version that it was given, and the last of which it has said what became of it. */
  given: number;
  told: number;
  holds: ReadonlySet<string>;
}

export class Leftovers {
  readonly #stores: readonly Store[];
  readonly #threads = new Map<number, Thread>();
  /** Namespaces of the version in use. */
  #used: ReadonlySet<string> = new Set();
  /** Others that may have left something. */
  readonly #left = new Set<string>();

  constructor(...stores: readonly Store[]) {
    this.#stores = stores;
  }

  /** Threads are given a version: whether it will be used or not, its plugins may write. */
  given(threads: readonly number[], version: number, plugins: readonly SpaceOwner[]): void {
    for (const one of threads) this.#thread(one).given = version;
    for (const one of plugins) if (!this.#used.has(spaceOf(one))) this.#left.add(spaceOf(one));
  }

  /** A version is in use. */
  used(plugins: readonly SpaceOwner[]): void {
    for (const one of this.#used) this.#left.add(one);
    this.#used = new Set(plugins.map(spaceOf));
    for (const one of this.#used) this.#left.delete(one);
    this.#sweep();
  }

  /** A thread says whose plugins it has, having used or given up all versions up to this one. */
  holds(thread: number, upTo: number, namespaces: readonly string[]): void {
    const one = this.#thread(thread);
    one.told = upTo;
    one.holds = new Set(namespaces);
    this.#sweep();
  }

  /** A thread runs nothing any more. */
  ended(thread: number): void {
    if (this.#threads.delete(thread)) this.#sweep();
  }

  #thread(number: number): Thread {
    let one = this.#threads.get(number);
    if (one === undefined) {
      one = { given: 0, told: 0, holds: new Set() };
      this.#threads.set(number, one);
    }
    return one;
  }

  #sweep(): void {
    const all = [...this.#threads.values()];
    if (this.#left.size === 0 || all.some(({ given, told }) => told < given)) return;
    for (const namespace of this.#left) {
      if (all.some(({ holds }) => holds.has(namespace))) continue;
      this.#left.delete(namespace);
      for (const store of this.#stores) store.drop(namespace);
    }
  }
}

/** Of the shared data and queues of a region. */
export const leftoversOf = (region: SharedRegion): Leftovers =>
  new Leftovers(new RegionData(region), new RegionQueues(region, () => {}));
