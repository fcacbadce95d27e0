// Compiles one plugin from source with the compilers that npm carries: AssemblyScript and WebAssembly text.
// A compiler is loaded only when something is compiled. Knows nothing of the catalogue and writes no file.
import { readdir, readFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { fail } from "../src/errors/failure.ts";
import { sha256 } from "../src/util/digest.ts";

/** The checkout, seen from the built file (dist/plugins/compile.js). */
export const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Compiled {
  readonly wasm: Uint8Array;
  /** sha256 of every source file that the compiler read, by path from the checkout; packages left out. */
  readonly inputs: Readonly<Record<string, string>>;
}

const packages = {
  assemblyscript: ["assemblyscript", "@gcoredev/proxy-wasm-sdk-as", "@assemblyscript/wasi-shim"],
  wat: ["wabt"],
} as const;

export type CompiledLanguage = keyof typeof packages;

/** Options of asc, the same for every plugin: optimised as a release build, aborts logged before the trap. */
const ascOptions = [
  "--config",
  "node_modules/@assemblyscript/wasi-shim/asconfig.json",
  "--use",
  "abort=abort_proc_exit",
  "-O",
];

/** What besides the sources decides the bytes: versions of the packages, options, and this file's own format. */
export async function toolsOf(language: CompiledLanguage): Promise<string> {
  const versions = packages[language].map(async (name) => {
    const text = await readFile(join(root, "node_modules", name, "package.json"), "utf8");
    return `${name}@${(JSON.parse(text) as { version: string }).version}`;
  });
  const options = language === "assemblyscript" ? ascOptions : [];
  return [...(await Promise.all(versions)), ...options].join(" ");
}

/** Compiles the source at `path` (from the checkout); fails with `plugin-not-compiled` and the compiler's words. */
export function compile(path: string, language: CompiledLanguage): Promise<Compiled> {
  return language === "wat" ? compileText(path) : compileAssemblyScript(path);
}

async function compileText(path: string): Promise<Compiled> {
  const { default: loadWabt } = await import("wabt");
  const wabt = await loadWabt();
  const source = await readFile(join(root, path));
  try {
    const module = wabt.parseWat(path, source, { bulk_memory: true });
    try {
      // Names stay in: they are what a finding or a trap tells the reader.
      const { buffer } = module.toBinary({ write_debug_names: true });
      return { wasm: buffer, inputs: { [path]: sha256(source) } };
    } finally {
      module.destroy();
    }
  } catch (cause) {
    fail("plugin-not-compiled", { path, reason: (cause as Error).message }, undefined, cause);
  }
}

/** The sources of a folder, as asc wants them; null where there is no such folder. */
async function listSources(folder: string): Promise<string[] | null> {
  const names = await readdir(folder).catch(() => null);
  return names?.filter((name) => /(?<!\.d)\.ts$/.test(name)) ?? null;
}

async function compileAssemblyScript(path: string): Promise<Compiled> {
  const { default: asc } = await import("assemblyscript/asc");
  const inputs: Record<string, string> = {};
  const stderr = asc.createMemoryStream();
  let wasm: Uint8Array | undefined;
  const readSource = async (name: string, base: string): Promise<string | null> => {
    const file = resolve(base, name);
    const text = await readFile(file, "utf8").catch(() => null);
    const inside = relative(root, file).split(sep).join("/");
    if (text !== null && !inside.startsWith("node_modules/")) inputs[inside] = sha256(text);
    return text;
  };
  const { error } = await asc.main(
    [path, ...ascOptions, "--baseDir", root, "--outFile", "plugin.wasm"],
    {
      stdout: stderr,
      stderr,
      readFile: readSource,
      writeFile: (_name: string, contents: string | Uint8Array) => {
        if (typeof contents !== "string") wasm = contents;
      },
      listFiles: (name: string, base: string) => listSources(resolve(base, name)),
    },
  );
  if (error !== null || wasm === undefined) {
    const reason = `${error?.message ?? "no output"}\n${stderr.toString()}`;
    fail("plugin-not-compiled", { path, reason }, undefined, error ?? undefined);
  }
  return { wasm, inputs };
}
