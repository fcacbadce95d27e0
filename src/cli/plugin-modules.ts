// The modules of manifests, looked for only where there may be one: what judges them is not loaded for manifests whose
// modules can't be at hand.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ModuleFacts } from "../mesh/lint/rule.ts";
import type { PluginUse } from "../mesh/model.ts";
import type { Policy } from "../policy/policy.ts";
import type { Io } from "./io.ts";
import type { ModuleOptions, Modules } from "./lint-modules.ts";
import { moduleCacheFolder } from "./module-cache.ts";

/** A module that was to be fetched and couldn't be. */
export interface Unread {
  readonly use: PluginUse;
  readonly reason: string;
}

export interface LazyModules {
  readonly prepare: (uses: readonly PluginUse[]) => Promise<void>;
  /** null where the module isn't at hand. */
  readonly of: (use: PluginUse) => ModuleFacts | null;
  /** What was to be fetched and couldn't be since it was last asked. */
  readonly takeUnread: () => readonly Unread[];
  readonly close: () => void;
}

/** Whether a name of the cache could be what a use is pinned to. */
function cached(folder: string): (use: PluginUse) => boolean {
  let some: boolean | undefined;
  return ({ code }) => {
    if (code === null || code.kind === "file") return false;
    some ??= existsSync(folder);
    const hex = code.sha256?.value || code.digest || "";
    return some && existsSync(join(folder, hex.toLowerCase().replace(/[^0-9a-f]/g, "-")));
  };
}

export function lazyModules(flags: ModuleOptions, policy: Policy | null, io: Io): LazyModules {
  let modules: Modules | undefined;
  let told = 0;
  const inCache = cached(join(moduleCacheFolder(io.env), "sha256"));
  const mayBeThere = (use: PluginUse): boolean => use.code?.kind === "file" || inCache(use);
  return {
    prepare: async (uses) => {
      const all = flags.modules !== undefined || flags.fetch === true;
      if (uses.length === 0 || !(all || uses.some(mayBeThere))) return;
      const { newModules } = await import("./lint-modules.ts");
      modules ??= await newModules(flags, policy, io);
      await modules.prepare(uses);
    },
    of: (use) => modules?.of(use) ?? null,
    takeUnread: () => {
      const fresh = modules?.unread.slice(told) ?? [];
      told += fresh.length;
      return fresh;
    },
    close: () => modules?.close(),
  };
}
