// What is known of the modules that manifests name: each is looked for once and judged once, for `lint` and `audit`.
// What can't be had is not judged; what was to be fetched and couldn't be is told.
import { Failure } from "../errors/failure.ts";
import type { ModuleFacts } from "../mesh/lint/rule.ts";
import type { PluginUse } from "../mesh/model.ts";
import type { Policy } from "../policy/policy.ts";
import { sha256 as sha256Hex } from "../util/digest.ts";
import type { Io } from "./io.ts";
import { newPluginBytes } from "./plugin-bytes.ts";
import type { Unread } from "./plugin-modules.ts";
import type { RemoteFlags } from "./remote-flags.ts";

const keyOf = ({ document, code }: PluginUse): string =>
  JSON.stringify([
    code?.kind === "file" ? document.file.name : "",
    code?.url.value ?? "",
    code?.sha256?.value ?? "",
  ]);

export interface Modules {
  /** Looks for the modules of these uses and judges each once. */
  readonly prepare: (uses: readonly PluginUse[]) => Promise<void>;
  readonly of: (use: PluginUse) => ModuleFacts | null;
  /** What was to be fetched and couldn't be, each code once. */
  readonly unread: readonly Unread[];
  /** Lets go of the connections. */
  readonly close: () => void;
}

export interface ModuleOptions extends RemoteFlags {
  readonly modules?: string | undefined;
  readonly fetch?: boolean | undefined;
}

async function factsOf(
  bytes: Uint8Array,
  sha256: string,
  policy: Policy | null,
): Promise<ModuleFacts | null> {
  const { inspect } = await import("../inspect/inspect.ts");
  try {
    const report = inspect(bytes);
    if (policy === null) return { sha256, report, contained: null };
    const { verify } = await import("../verify/verify.ts");
    const contained = !verify(bytes, policy).some((one) => one.level === "error");
    return { sha256, report, contained };
  } catch (error) {
    // Bytes that are no module are `inspect`'s to explain.
    if (error instanceof Failure) return null;
    throw error;
  }
}

export async function newModules(
  flags: ModuleOptions,
  policy: Policy | null,
  io: Io,
): Promise<Modules> {
  const { remoteOf } = await import("./remote-flags.ts");
  const remote = flags.fetch === true ? await remoteOf(flags, io) : null;
  const bytesOf = newPluginBytes({ folder: flags.modules, remote }, io);
  const byKey = new Map<string, ModuleFacts | null>();
  const byDigest = new Map<string, ModuleFacts | null>();
  const unread: Unread[] = [];
  const found = async (use: PluginUse): Promise<ModuleFacts | null> => {
    let bytes: Uint8Array | undefined;
    try {
      bytes = await bytesOf(use);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      unread.push({ use, reason: error.message });
    }
    if (bytes === undefined) return null;
    const digest = sha256Hex(bytes);
    const facts = byDigest.get(digest) ?? (await factsOf(bytes, digest, policy));
    byDigest.set(digest, facts);
    return facts;
  };
  return {
    prepare: async (uses) => {
      for (const use of uses) {
        const key = keyOf(use);
        if (!byKey.has(key)) byKey.set(key, await found(use));
      }
    },
    of: (use) => byKey.get(keyOf(use)) ?? null,
    unread,
    close: () => remote?.http.close(),
  };
}
