// What the readers of the lab's configuration share: where findings go, the outside world, and the table of
// plugins that filters and loggers name by index.
import type { PluginConfig } from "../lab-config.ts";
import type { Report } from "../read/report.ts";

/** The only way to the outside: files that the configuration names, and the environment. */
export interface LabIo {
  /** Throws where the file cannot be read. */
  readFile(path: string): Uint8Array;
  env(name: string): string | undefined;
}

export interface Lab {
  readonly report: Report;
  readonly io: LabIo;
  /** Names of the clusters of the file. */
  readonly clusters: ReadonlySet<string>;
  /** The index of a plugin; one that says the same as another is the same plugin. */
  plugin(config: PluginConfig): number;
}

/** Bytes and all, without the places: equal where two plugins say the same. */
function keyOf(config: PluginConfig): string {
  return JSON.stringify(config, (name, value: unknown) => {
    if (name === "at") return undefined;
    return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
  });
}

export function pluginTable(): {
  readonly list: PluginConfig[];
  add(config: PluginConfig): number;
} {
  const list: PluginConfig[] = [];
  const known = new Map<string, number>();
  return {
    list,
    add: (config) => {
      const key = keyOf(config);
      const index = known.get(key) ?? list.push(config) - 1;
      known.set(key, index);
      return index;
    },
  };
}

/** A cluster that something names must be there. */
export function checkCluster(
  lab: Lab,
  name: string,
  at: number,
  level: "error" | "warning" = "error",
): void {
  if (name === "" || lab.clusters.has(name)) return;
  const otherwise =
    lab.clusters.size === 0
      ? "The configuration has none"
      : `There are ${[...lab.clusters].slice(0, 8).join(", ")}`;
  const suggestion = lab.report.suggest(name, () => lab.clusters, otherwise);
  lab.report.add("envoy-unknown-cluster", level, at, { name, suggestion });
}
