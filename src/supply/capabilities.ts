// What a module may ask of its host, as two sorted lists: enough to say what a new version newly wants.
import { inspect } from "../inspect/inspect.ts";
import type { Artifact } from "./artifact.ts";
import type { LockedPlugin } from "./lock.ts";

/** The entry of a lock for an artifact. Throws what inspecting throws for bytes that are no module. */
export function lockedPlugin(url: string, artifact: Artifact): LockedPlugin {
  const report = inspect(artifact.module);
  const sorted = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();
  return {
    url,
    manifest: artifact.at?.subject.digest ?? null,
    sha256: artifact.sha256,
    imports: sorted(report.imports.map(({ name }) => name)),
    callbacks: sorted(report.callbacks.map(({ name }) => name)),
  };
}

export interface CapabilityChange {
  readonly imports: Change;
  readonly callbacks: Change;
}

interface Change {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

function change(before: readonly string[], after: readonly string[]): Change {
  return {
    added: after.filter((name) => !before.includes(name)),
    removed: before.filter((name) => !after.includes(name)),
  };
}

/** What changes where `after` takes the place of `before`. */
export function capabilityChange(before: LockedPlugin, after: LockedPlugin): CapabilityChange {
  return {
    imports: change(before.imports, after.imports),
    callbacks: change(before.callbacks, after.callbacks),
  };
}

export const isSameContent = (a: LockedPlugin, b: LockedPlugin): boolean =>
  a.url === b.url && a.manifest === b.manifest && a.sha256 === b.sha256;
