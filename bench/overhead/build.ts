// Builds the corpus into the cache: C from crates by Zig, Go by its own compiler, AssemblyScript by the npm
// package, plugins by their fixtures. A module is kept by the hash of what decides its bytes. Third-party
// sources come from their registries and are never copied into the checkout.
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root } from "../../plugins/compile.ts";
import { fixture } from "../../plugins/fixtures.ts";
import { cacheFolder } from "../../plugins/toolchains.ts";
import { sha256 } from "../../src/util/digest.ts";
import { type CorpusRow, type CRow, corpus, crates } from "./corpus.ts";

export interface Module {
  readonly row: CorpusRow;
  readonly path: string;
  readonly bytes: Uint8Array;
}

const drivers = join(root, "bench/overhead/drivers");
export const benchCache = (): string => join(cacheFolder(), "overhead");

function run(command: string, args: readonly string[], cwd: string, env = {}): string {
  return execFileSync(command, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();
}

/** The folder of a crate's sources, fetched by cargo. */
function crateFolders(): ReadonlyMap<string, string> {
  const folder = join(benchCache(), `crates-${sha256(JSON.stringify(crates)).slice(0, 12)}`);
  mkdirSync(folder, { recursive: true });
  const needs = Object.entries(crates).map(([name, version]) => `${name} = "=${version}"`);
  const head =
    '[package]\nname = "sources"\nversion = "0.0.0"\nedition = "2021"\n[lib]\npath = "lib.rs"\n';
  writeFileSync(join(folder, "lib.rs"), "");
  writeFileSync(
    join(folder, "Cargo.toml"),
    `${head}[dependencies]\n${needs.join("\n")}\n[workspace]\n`,
  );
  const text = run("cargo", ["metadata", "--format-version", "1", "--quiet"], folder);
  const { packages } = JSON.parse(text) as {
    packages: readonly { name: string; manifest_path: string }[];
  };
  return new Map(packages.map((one) => [one.name, dirname(one.manifest_path)]));
}

function sourcesOf(row: CRow, folder: string): readonly string[] {
  const without = new Set(row.without ?? []);
  return row.sources.flatMap((source) => {
    if (!source.endsWith("/")) return [join(folder, source)];
    return readdirSync(join(folder, source))
      .filter((name) => name.endsWith(".c") && !without.has(name))
      .sort()
      .map((name) => join(folder, source, name));
  });
}

/** What oniguruma's own build would find out. */
const onigConfig = [
  ...["STDC_HEADERS", "HAVE_STRING_H", "HAVE_STDARG_H", "HAVE_STDLIB_H", "HAVE_LIMITS_H"],
  ...["HAVE_INTTYPES_H", "HAVE_ALLOCA_H"],
]
  .map((name) => `#define ${name} 1\n`)
  .concat("#define SIZEOF_INT 4\n#define SIZEOF_SHORT 2\n#define SIZEOF_LONG 4\n")
  .concat("#define SIZEOF_VOIDP 4\n#define SIZEOF_LONG_LONG 8\n")
  .join("");

const cFlags = [
  ...["cc", "-target", "wasm32-wasi", "-mexec-model=reactor", "-O2", "-DNDEBUG", "-w"],
  ...["-fno-sanitize=undefined", "-Wl,--strip-debug", "-Wl,--export=malloc"],
];

function buildC(row: CRow, output: string, work: string): void {
  const folder = join(crateFolders().get(row.crate)!, row.folder);
  writeFileSync(join(work, "config.h"), onigConfig);
  const includes = [join(drivers, "shim"), folder, work].map((path) => `-I${path}`);
  const all = [...cFlags, ...row.flags, ...includes, `-I${drivers}`];
  const args = [...all, join(drivers, `${row.name}.c`), ...sourcesOf(row, folder), "-o", output];
  run("python3", ["-m", "ziglang", ...args], work);
}

function buildGo(row: CorpusRow, output: string, work: string): void {
  cpSync(join(drivers, row.name), work, { recursive: true });
  const env = { GOOS: "wasip1", GOARCH: "wasm", GOTOOLCHAIN: "local", GOFLAGS: "" };
  const args = ["build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared", "-o", output, "."];
  run("go", args, work, env);
}

function buildScript(row: CorpusRow, output: string): void {
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  const source = `bench/overhead/drivers/${row.name}.ts`;
  const wasi = "node_modules/@assemblyscript/wasi-shim/asconfig.json";
  run(process.execPath, [asc, source, "--config", wasi, "-O", "--outFile", output], root);
}

/** What decides a module's bytes besides the compiler: its row, the drivers' texts, versions. */
function keyOf(row: CorpusRow): string {
  const texts = readdirSync(drivers, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .filter((path) => path.includes(`/${row.name}`) || /driver\.h$|shim/.test(path))
    .sort()
    .map((path) => readFileSync(path, "utf8"));
  const { rounds: _rounds, what: _what, ...rest } = row;
  return sha256(JSON.stringify([rest, crates, cFlags, onigConfig, ...texts])).slice(0, 16);
}

async function build(row: CorpusRow): Promise<string> {
  if (row.kind === "plugin") {
    const built = await fixture(row.fixture, { fetch: true });
    if ("missing" in built) throw new Error(built.missing);
    return built.path;
  }
  const path = join(benchCache(), "modules", `${row.name}-${keyOf(row)}.wasm`);
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const work = mkdtempSync(join(tmpdir(), "glovebox-overhead-"));
  try {
    const draft = `${path}.${process.pid}.tmp`;
    if (row.kind === "c") buildC(row, draft, work);
    else if (row.kind === "go") buildGo(row, draft, work);
    else buildScript(row, draft);
    renameSync(draft, path);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return path;
}

/** The modules of the corpus, all or those named; what can't be built here is listed with its reason. */
export async function buildCorpus(names: readonly string[] = []): Promise<{
  readonly found: readonly Module[];
  readonly missing: readonly string[];
}> {
  const found: Module[] = [];
  const missing: string[] = [];
  for (const row of corpus) {
    if (names.length > 0 && !names.includes(row.name)) continue;
    try {
      const path = await build(row);
      found.push({ row, path, bytes: readFileSync(path) });
    } catch (cause) {
      const { stderr, message } = cause as { stderr?: string; message: string };
      missing.push(`${row.name}: ${(stderr || message).trim().split("\n").slice(0, 3).join(" ")}`);
    }
  }
  return { found, missing };
}
