// The bytes of what the catalogue names: from memory, else from the depot, else made again from the source. Each content
// is read once however many ask for it, and its digest has been checked before anybody gets a byte.
import { fail } from "../errors/failure.ts";
import { type Digest, digestOf } from "../net/digest.ts";
import type { ContentRow } from "./artifacts.ts";
import type { Depot } from "./depot.ts";
import type { Memory } from "./memory.ts";
import { Metrics } from "./metrics.ts";

export type Kind = "blob" | "manifest";

const from = {
  memory: Metrics.labels({ from: "memory" }),
  store: Metrics.labels({ from: "store" }),
  lost: Metrics.labels({ from: "nowhere" }),
} as const;

export interface ContentOptions {
  readonly memory: Memory;
  readonly depot: Depot;
  readonly metrics: Metrics;
  /** Makes a plugin's content again from its source, where that is what this is a part of. */
  readonly remake: (plugin: string, digest: Digest) => Promise<void>;
}

export class Content {
  readonly #options: ContentOptions;
  readonly #reading = new Map<string, Promise<Uint8Array>>();

  constructor(options: ContentOptions) {
    this.#options = options;
  }

  /** Without waiting, where it is in memory. */
  at(row: ContentRow): Uint8Array | undefined {
    const { memory, metrics } = this.#options;
    const bytes = memory.get(row.digest);
    // A row of somebody's manifest may lie about its size, and the size is what the answer says of its length.
    if (bytes?.length !== row.size) return undefined;
    metrics.add("reads", from.memory);
    return bytes;
  }

  /** Throws `serve-lost`, and what reading a store throws. */
  read(plugin: string, row: ContentRow, kind: Kind): Promise<Uint8Array> {
    const under = `${plugin} ${row.digest}`;
    const before = this.#reading.get(under);
    if (before !== undefined) return before;
    const reading = this.#read(plugin, row, kind).finally(() => this.#reading.delete(under));
    this.#reading.set(under, reading);
    return reading;
  }

  async #read(plugin: string, row: ContentRow, kind: Kind): Promise<Uint8Array> {
    const { memory, depot, metrics, remake } = this.#options;
    const stored = await depot[kind](plugin, row);
    // The depot checks too; what goes into memory is given out unchecked from then on.
    if (stored !== null && stored.length === row.size && digestOf(stored) === row.digest) {
      metrics.add("reads", from.store);
      memory.put(row.digest, stored);
      return stored;
    }
    await remake(plugin, row.digest);
    const again = memory.get(row.digest) ?? (await depot[kind](plugin, row));
    if (again !== null && again.length === row.size && digestOf(again) === row.digest) {
      memory.put(row.digest, again);
      return again;
    }
    metrics.add("reads", from.lost);
    return fail("serve-lost", { digest: row.digest, name: plugin, store: depot.name });
  }
}
