// Reads our own TypeScript as text: files, imports, exports. No compiler: a line-based reading is enough
// for code that the formatter has laid out, and the test says so when it meets something it can't read.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../../", import.meta.url));

export interface Source {
  /** Relative to the repository, with forward slashes: `src/wasm/emit.ts`. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
}

/** Every .ts file below a folder, tests included, sorted. */
export function sourcesUnder(folder: string): readonly Source[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll("\\", "/"))
    .sort()
    .map((path) => {
      const text = readFileSync(join(root, path), "utf8");
      return { path, text, lines: text.split("\n").length - 1 };
    });
}

export const isTest = (source: Source): boolean => source.path.endsWith(".test.ts");

export interface Import {
  readonly specifier: string;
  /** Repository path of a relative import, the specifier itself otherwise. */
  readonly target: string;
  readonly line: number;
}

const importing =
  /^(?:import|export)\b[^;'"]*?\bfrom\s*["']([^"']+)["']|^import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/gm;

/** Static, re-exporting, side-effect and dynamic imports, `import type` included. */
export function importsOf(source: Source): readonly Import[] {
  return [...source.text.matchAll(importing)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3]!;
    const target = specifier.startsWith(".")
      ? new URL(specifier, `file:///${source.path}`).pathname.slice(1)
      : specifier;
    return { specifier, target, line: source.text.slice(0, match.index).split("\n").length };
  });
}

/** Code without comments and without the contents of strings, for rules about words of the language. */
export function codeOf(source: Source): string {
  return source.text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""')
    .replace(/\/\/.*$/gm, "");
}
