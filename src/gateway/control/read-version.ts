// From files to a version that threads can serve: configuration, policies, plugins. What was prepared for the
// version before is used again where its bytes and policy are the same.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type Finding, fail, finding } from "../../errors/failure.ts";
import { readLabConfig } from "../../mesh/envoy/lab/read-lab-config.ts";
import type { LabConfig } from "../../mesh/envoy/lab-config.ts";
import type { DiskCache } from "../plugins/cache.ts";
import type { CodeSource, RemoteStat } from "../plugins/load-code.ts";
import { type GivenPolicy, readPolicies } from "../plugins/plan.ts";
import { type Prepared, prepare, type Ready } from "../plugins/prepare.ts";
import type { ReadyMemory } from "../plugins/ready-memory.ts";
import type { RemoteMemory } from "../plugins/remote-memory.ts";

export interface VersionSource {
  readonly configFile: string;
  readonly policyFiles: readonly string[];
  readonly unsafe: boolean;
  readonly cache: DiskCache;
  readonly pull?: NonNullable<CodeSource["pull"]>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly random: () => number;
  readonly place: (name: string) => number;
  readonly count: (stat: RemoteStat) => void;
  readonly memory: RemoteMemory;
  readonly made: ReadyMemory<Ready>;
}

export interface ReadVersion {
  /** null where a finding is an error. */
  readonly config: LabConfig | null;
  readonly findings: readonly Finding[];
  readonly plugins: readonly Prepared[];
  /** Everything that the version was made from. */
  readonly files: readonly string[];
}

/** Reads and prepares. Throws a Failure for files that can't be read, and for policies that are wrong. */
export async function readVersion(source: VersionSource): Promise<ReadVersion> {
  const { configFile, policyFiles } = source;
  const read: string[] = [configFile, ...policyFiles];
  const text = await readText(configFile);
  const texts = await Promise.all(
    policyFiles.map(async (file) => ({ file, text: await readText(file) })),
  );
  const policies = readPolicies(texts);
  const { config, findings } = readLabConfig(text, configFile, {
    readFile: (path) => {
      read.push(path);
      return readFileSync(path);
    },
    env: (name) => source.environment[name],
  });
  if (config === null) return { config, findings, plugins: [], files: read };
  for (const { code } of config.plugins) if (code.kind === "file") read.push(code.path);
  const { clusters, limits } = config;
  const options = { ...source, clusters, limits, policies };
  const plugins = await Promise.all(config.plugins.map((one) => prepare(one, options)));
  source.made.turn();
  return {
    config,
    findings: [...findings, ...unused(config, policies), ...sharing(plugins)],
    plugins,
    files: read,
  };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "there is no such file" : (code ?? message);
    return fail("file-unreadable", { file, reason }, undefined, error);
  }
}

/** Policies that no plugin has. */
function unused(config: LabConfig, policies: ReadonlyMap<string, GivenPolicy>): Finding[] {
  const names = new Set(config.plugins.map((one) => one.name));
  return [...policies].flatMap(([name, { file }]) =>
    names.has(name)
      ? []
      : finding(
          "gateway-policy-unused",
          "warning",
          { name, names: [...names].join(", ") || "none" },
          { at: "file", file },
        ),
  );
}

/** Plugins that have the same VM id: what they share. */
function sharing(plugins: readonly Prepared[]): Finding[] {
  const byVm = new Map<string, Prepared[]>();
  for (const one of plugins) {
    const { vmId } = one.config;
    if (vmId !== "") byVm.set(vmId, [...(byVm.get(vmId) ?? []), one]);
  }
  return [...byVm].flatMap(([vm, list]) => {
    if (list.length < 2) return [];
    const names = [...new Set(list.map((one) => one.config.name))].join(", ");
    const one = new Set(list.map((prepared) => prepared.key)).size === 1;
    const what = one
      ? "they share one VM and its shared data, because everything about them is the same"
      : "they share shared data and queues; each has a VM of its own, because they differ";
    return [finding("gateway-shared-vm", "warning", { names, vm, what })];
  });
}
