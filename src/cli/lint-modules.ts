// The modules that manifests name, where they are at hand: a local file beside the manifest, or a file of --modules
// whose digest is the one that is pinned. What can't be had is simply not judged.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { ModuleFacts } from "../mesh/lint/rule.ts";
import type { PluginUse } from "../mesh/model.ts";
import type { Policy } from "../policy/policy.ts";
import { limits } from "../spec/limits.ts";
import { sha256 as sha256Hex } from "../util/digest.ts";

const MAGIC = [0x00, 0x61, 0x73, 0x6d];

/** A module's bytes; undefined for whatever isn't one, a device or a pipe above all. */
function readModuleFile(path: string): Uint8Array | undefined {
  try {
    const { size } = statSync(path);
    if (!statSync(path).isFile() || size > limits.moduleBytes) return undefined;
    const bytes = readFileSync(path);
    return MAGIC.every((byte, at) => bytes[at] === byte) ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function* wasmFiles(folder: string, depth = 0): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && depth < 8) yield* wasmFiles(path, depth + 1);
    else if (entry.isFile() && entry.name.endsWith(".wasm")) yield path;
  }
}

/** The modules of a folder by their digest and by their file's name. */
function indexOf(folder: string): ReadonlyMap<string, string> {
  const index = new Map<string, string>();
  for (const path of wasmFiles(folder)) {
    const bytes = readModuleFile(path);
    if (bytes === undefined) continue;
    index.set(sha256Hex(bytes), path);
    index.set(`name:${path.slice(path.lastIndexOf("/") + 1)}`, path);
  }
  return index;
}

const keyOf = ({ document, code }: PluginUse): string =>
  `${document.file.name}\0${code?.url.value ?? ""}\0${code?.sha256?.value ?? ""}`;

function pathsOf(use: PluginUse, index: ReadonlyMap<string, string>): readonly string[] {
  const { code, document } = use;
  if (code === null) return [];
  const url = code.url.value.replace(/^file:\/\//, "");
  const local =
    code.kind === "file" && url !== ""
      ? [resolve(dirname(document.file.name), url), resolve(url)]
      : [];
  const pinned = index.get(code.sha256?.value.toLowerCase() ?? "");
  const named =
    code.sha256 === null ? index.get(`name:${url.slice(url.lastIndexOf("/") + 1)}`) : undefined;
  return [...local, pinned, named].filter((one) => one !== undefined);
}

export interface Modules {
  /** Looks for the modules of these uses and judges each once. */
  readonly prepare: (uses: readonly PluginUse[]) => Promise<void>;
  readonly of: (use: PluginUse) => ModuleFacts | null;
}

/** `folder` is that of --modules. */
export function newModules(folder: string | undefined, policy: Policy | null): Modules {
  const index = folder === undefined ? new Map<string, string>() : indexOf(folder);
  const byKey = new Map<string, ModuleFacts>();
  const byDigest = new Map<string, ModuleFacts>();
  const prepare = async (use: PluginUse): Promise<void> => {
    const key = keyOf(use);
    if (byKey.has(key)) return;
    const bytes = pathsOf(use, index)
      .map(readModuleFile)
      .find((one) => one !== undefined);
    if (bytes === undefined) return;
    const digest = sha256Hex(bytes);
    const facts = byDigest.get(digest) ?? (await factsOf(bytes, digest, policy));
    if (facts === undefined) return;
    byDigest.set(digest, facts);
    byKey.set(key, facts);
  };
  return {
    prepare: async (uses) => {
      for (const use of uses) await prepare(use);
    },
    of: (use) => byKey.get(keyOf(use)) ?? null,
  };
}

async function factsOf(
  bytes: Uint8Array,
  sha256: string,
  policy: Policy | null,
): Promise<ModuleFacts | undefined> {
  const { inspect } = await import("../inspect/inspect.ts");
  const { Failure } = await import("../errors/failure.ts");
  try {
    const report = inspect(bytes);
    if (policy === null) return { sha256, report, contained: null };
    const { verify } = await import("../verify/verify.ts");
    const contained = !verify(bytes, policy).some((one) => one.level === "error");
    return { sha256, report, contained };
  } catch (error) {
    // Bytes that are no module are `inspect`'s to explain.
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
