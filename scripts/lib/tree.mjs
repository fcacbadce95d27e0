// Files of the checkout: lists, content hashes, and what stale output to remove. Content decides, never
// times: a fresh clone, a branch switch and a touched file all give the right answer.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Paths of the files under `folder` (relative to the root), sorted; missing folders are empty. */
export function filesUnder(folder, keep = () => true) {
  const start = join(root, folder);
  if (!existsSync(start)) return [];
  return readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .filter((path) => !path.split(/[\\/]/).includes("node_modules") && keep(path))
    .sort();
}

/** One sha256 over names and contents; a file that is missing counts as missing. */
export function hashOf(paths, salt = "") {
  const sum = createHash("sha256").update(salt);
  for (const path of paths) {
    const file = join(root, path);
    const bytes = existsSync(file) ? readFileSync(file) : undefined;
    sum.update(`\0${path}\0${bytes === undefined ? "missing" : bytes.length}\0`);
    if (bytes !== undefined) sum.update(bytes);
  }
  return sum.digest("hex");
}

const compiled = ["src", "test", "bench", "plugins", "scripts"];

export function typescriptSources() {
  return compiled.flatMap((folder) =>
    filesUnder(folder, (path) => path.endsWith(".ts") && !path.includes("assembly")),
  );
}

/** Removes compiler output whose source is gone, so that no deleted test goes on passing. */
export function removeStaleOutput() {
  const removed = [];
  for (const path of compiled.flatMap((folder) => filesUnder(join("dist", folder)))) {
    const source = relative("dist", path).replace(/(\.d\.ts|\.js)$/, ".ts");
    if (!source.endsWith(".ts") || existsSync(join(root, source))) continue;
    rmSync(join(root, path));
    removed.push(path);
  }
  return removed;
}
