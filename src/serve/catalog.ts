// What is served: for each plugin its version now and the last few before, which are still given out by digest while
// consumers move on. A name that isn't in here is served to nobody, whatever lies in the store.
import type { Digest } from "../net/digest.ts";
import { serveLimits } from "../spec/serve.ts";
import type { ContentRow, Version } from "./artifacts.ts";

export interface Found {
  readonly plugin: string;
  readonly row: ContentRow;
}

export class Catalog {
  /** The first of each list is the one of now. */
  readonly #plugins = new Map<string, readonly Version[]>();
  /** Modules by digest, of all plugins. */
  #modules = new Map<Digest, Found>();

  /** Sorted. */
  get names(): readonly string[] {
    return [...this.#plugins.keys()].sort();
  }

  get versions(): readonly Version[] {
    return this.names.map((name) => this.#plugins.get(name)![0]!);
  }

  has(plugin: string): boolean {
    return this.#plugins.has(plugin);
  }

  current(plugin: string): Version | undefined {
    return this.#plugins.get(plugin)?.[0];
  }

  /** Takes the place of what was served under the plugin's name. */
  add(version: Version): void {
    const { plugin, sha256 } = version;
    const former = (this.#plugins.get(plugin) ?? []).filter((one) => one.sha256 !== sha256);
    this.#plugins.set(plugin, [version, ...former.slice(0, serveLimits.former)]);
    const rows = [...this.#plugins].flatMap(([name, all]) =>
      all.map(({ module }): [Digest, Found] => [module.digest, { plugin: name, row: module }]),
    );
    this.#modules = new Map(rows);
  }

  module(digest: Digest): Found | undefined {
    return this.#modules.get(digest);
  }

  manifest(plugin: string, digest: Digest): ContentRow | undefined {
    return this.#find(plugin, (version) => version.manifests.get(digest));
  }

  blob(plugin: string, digest: Digest): ContentRow | undefined {
    return this.#find(plugin, (version) => version.blobs.get(digest));
  }

  /** Digests of all manifests of a plugin that are served. */
  manifests(plugin: string): readonly Digest[] {
    return (this.#plugins.get(plugin) ?? []).flatMap((one) => [...one.manifests.keys()]);
  }

  #find(plugin: string, pick: (version: Version) => ContentRow | undefined) {
    for (const version of this.#plugins.get(plugin) ?? []) {
      const row = pick(version);
      if (row !== undefined) return row;
    }
    return undefined;
  }
}
