// `glovebox cache prune`: the oldest entries go until the rest fits.
import { pruneCache } from "../net/blob-cache.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { moduleCacheFolder, moduleCacheSize, sizeOf } from "./module-cache.ts";
import { count } from "./units.ts";
import { usage } from "./usage.ts";

export async function run({ flags }: InputOf<"cache prune">, io: Io): Promise<Outcome> {
  const size = flags["max-size"];
  if (flags.all && size !== undefined) usage("cache prune", "give --all or --max-size, not both");
  const limit = flags.all ? 0 : size === undefined ? moduleCacheSize(io.env) : sizeOf(size);
  const folder = moduleCacheFolder(io.env);
  const pruned = await pruneCache({ folder, limit, now: () => Date.now() });
  const { removed, removedBytes, kept, keptBytes } = pruned;
  return {
    exit: 0,
    result: { folder, limit, ...pruned },
    text: () =>
      `${folder}: removed ${count(removed)} files with ${count(removedBytes)} bytes, kept ${count(kept)} with ${count(keptBytes)}\n`,
  };
}
