// Reads versions of the configuration, one after the other, and keeps what they have in common: a number for each
// plugin's name, what became of remote modules, and the statistics of loading. It changes nothing that is in use.
import type { Ready } from "../plugins/prepare.ts";
import { ReadyMemory } from "../plugins/ready-memory.ts";
import { RemoteMemory } from "../plugins/remote-memory.ts";
import type { StatCells } from "../stats/cells.ts";
import type { GatewayOptions } from "./options.ts";
import { type ReadVersion, readVersion } from "./read-version.ts";

export interface VersionAt extends ReadVersion {
  /** When reading began, in milliseconds since 1970. */
  readonly began: number;
}

export class VersionReader {
  readonly #options: GatewayOptions;
  readonly #stats: StatCells;
  readonly #remote: RemoteMemory;
  readonly #made = new ReadyMemory<Ready>();
  /** Names of plugins by their numbers. */
  readonly #places: string[] = [];

  constructor(options: GatewayOptions, stats: StatCells) {
    this.#options = options;
    this.#stats = stats;
    this.#remote = new RemoteMemory(options.wall);
    stats.cell("compileFailures");
    stats.cell("compileSuccesses");
  }

  /** The plugin of a number. */
  plugin(place: number): string {
    return this.#places[place] ?? "?";
  }

  /** The configuration as it is now, with its plugins prepared. Throws what `readVersion` throws. */
  async read(): Promise<VersionAt> {
    const began = this.#options.wall();
    const stats = this.#stats;
    const places = this.#places;
    const place = (name: string): number => {
      const at = places.indexOf(name);
      return at >= 0 ? at : places.push(name) - 1;
    };
    const count = (stat: Parameters<StatCells["cell"]>[0]): void => stats.cell(stat).add(1);
    const made = this.#made;
    const memory = this.#remote;
    const read = await readVersion({ ...this.#options, place, count, memory, made });
    stats.cell("remoteCacheEntries").set(this.#remote.entries);
    for (const { module } of read.plugins) {
      count(module === null ? "compileFailures" : "compileSuccesses");
    }
    return { ...read, began };
  }
}
