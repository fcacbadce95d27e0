// The toolchains of the test-only plugins: how each is found, what names its version, and how it builds one
// source folder. What can be had from a package registry is fetched into the cache, and only when allowed;
// the machine itself is never changed. Knows nothing of the catalogue.
import { execFile } from "node:child_process";
import { cp, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { withLock } from "./lock.ts";

export interface Setting {
  /** The cache, outside the checkout. */
  readonly cache: string;
  /** Whether missing toolchains may be fetched from their registries. */
  readonly fetch: boolean;
}

export interface Toolchain {
  /** What decides the bytes beside the sources. */
  readonly version: string;
  /** Builds the folder's plugin into `output`; `work` is an empty folder to work in. */
  build(sources: string, output: string, work: string): Promise<void>;
}

/** A toolchain, or in one line why there is none. */
export type Found = Toolchain | { readonly missing: string };

const exec = promisify(execFile);

async function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const env = { ...process.env, ...options.env };
  const cwd = options.cwd ?? homedir();
  const { stdout } = await exec(command, args, { cwd, env, maxBuffer: 1 << 26 });
  return stdout.trim();
}

/** What a command says, or null where it cannot be run or fails. */
async function ask(command: string, ...args: string[]): Promise<string | null> {
  return run(command, args).catch(() => null);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** GLOVEBOX_CACHE, or glovebox in the user's cache folder. */
export function cacheFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  return env.GLOVEBOX_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "glovebox");
}

/**
 * Makes a folder of the cache once, whoever comes first: `make` fills a draft, which is then renamed.
 * The folder exists or it does not; there is no half of one.
 */
async function once(folder: string, make: (draft: string) => Promise<void>): Promise<void> {
  if (await exists(folder)) return;
  await withLock(`${folder}.lock`, async () => {
    if (await exists(folder)) return;
    const draft = `${folder}.draft`;
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    await make(draft);
    await rename(draft, folder);
  });
}

/** C and C++ by the Zig that PyPI carries. */
export async function zig(language: "c" | "cpp"): Promise<Found> {
  const version = await ask("python3", "-m", "ziglang", "version");
  if (version === null) return { missing: "python3 has no package ziglang" };
  // Debug information of the C library alone would be nine tenths of the module; names stay.
  const flags = ["-target", "wasm32-wasi", "-mexec-model=reactor", "-O2", "-Wl,--strip-debug"];
  const args =
    language === "c"
      ? ["cc", ...flags, "plugin.c"]
      : ["c++", ...flags, "-std=c++20", "-fno-exceptions", "plugin.cc"];
  return {
    version: `zig ${version} ${args.join(" ")}`,
    build: async (sources, output) => {
      await run("python3", ["-m", "ziglang", ...args, "-o", output], { cwd: sources });
    },
  };
}

/** Go's own compiler for wasip1. */
export async function go(): Promise<Found> {
  const version = await ask("go", "env", "GOVERSION");
  if (version === null) return { missing: "there is no go" };
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0);
  if (minor < 24) return { missing: `${version} has no go:wasmexport: 1.24 or newer is needed` };
  const args = ["build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared"];
  return {
    version: `${version} ${args.join(" ")}`,
    build: async (sources, output) => {
      // GOTOOLCHAIN: what was asked for its version is what builds.
      const env = { GOOS: "wasip1", GOARCH: "wasm", GOTOOLCHAIN: "local", GOFLAGS: "" };
      await run("go", [...args, "-o", output, "."], { cwd: sources, env });
    },
  };
}

/** The older AssemblyScript SDK with the compiler of its days, from npm. */
export async function solo(setting: Setting): Promise<Found> {
  const packages = ["assemblyscript@0.14.9", "@solo-io/proxy-runtime@0.1.8"];
  const folder = join(setting.cache, "solo-0.1.8");
  if (!setting.fetch && !(await exists(folder)))
    return { missing: "the older SDK is not in the cache" };
  await once(folder, async (draft) => {
    await writeFile(join(draft, "package.json"), '{ "private": true }\n');
    await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", ...packages], {
      cwd: draft,
    });
  });
  const args = ["index.ts", "--use", "abort=abort_proc_exit", "--optimize"];
  return {
    version: `${packages.join(" ")} ${args.join(" ")}`,
    build: async (sources, output, work) => {
      // The compiler looks for packages above the source.
      const inside = join(folder, `build-${process.pid}`);
      try {
        await cp(sources, inside, { recursive: true });
        const asc = join(folder, "node_modules/assemblyscript/bin/asc");
        await run(process.execPath, [asc, ...args, "-b", join(work, "out.wasm")], { cwd: inside });
        await cp(join(work, "out.wasm"), output);
      } finally {
        await rm(inside, { recursive: true, force: true });
      }
    },
  };
}

const rustDebian = [
  "rustc-web",
  "libstd-rust-web-1.96",
  "libstd-rust-web-dev",
  "rust-web-src",
  "libllvm22",
];

const cargo = ["build", "--quiet", "--release", "--locked", "--target", "wasm32-wasip1"];

/** Copies what cargo made of a crate whose name is its folder's. */
async function copyBuilt(sources: string, target: string, output: string): Promise<void> {
  const crate = basename(sources).replaceAll("-", "_");
  await cp(join(target, "wasm32-wasip1/release", `${crate}.wasm`), output);
}

/** Rust for wasip1: the standard library that rustup installed, else Debian's compiler and its sources. */
export async function rust(setting: Setting): Promise<Found> {
  if ((await ask("cargo", "--version")) === null) return { missing: "there is no cargo" };
  const sysroot = await ask("rustc", "--print", "sysroot");
  if (sysroot !== null && (await exists(join(sysroot, "lib/rustlib/wasm32-wasip1/lib")))) {
    return {
      version: `${await ask("rustc", "--version")} ${cargo.join(" ")}`,
      build: async (sources, output, work) => {
        await run("cargo", cargo, { cwd: sources, env: { CARGO_TARGET_DIR: work } });
        await copyBuilt(sources, work, output);
      },
    };
  }
  return rustOfDebian(setting);
}

// There is no prebuilt standard library in reach, so cargo builds it from Debian's sources with the compiler
// of the same version; the linker is Zig's.
async function rustOfDebian(setting: Setting): Promise<Found> {
  const folder = join(setting.cache, "rust-1.96");
  if (!(await exists(folder))) {
    const missing = "rustc has no standard library for wasm32-wasip1";
    if (!setting.fetch) return { missing };
    if (process.platform !== "linux" || process.arch !== "x64") return { missing };
    if ((await ask("apt-get", "--version")) === null) return { missing };
  }
  const linker = await ask("python3", "-m", "ziglang", "version");
  if (linker === null)
    return { missing: "python3 has no package ziglang, whose linker Rust needs" };
  await once(folder, unpackRust);
  return {
    version: `Debian rustc-web 1.96 zig ${linker} ${cargo.join(" ")}`,
    build: async (sources, output) => {
      // The target folder stays, so that the standard library is built once; one build at a time.
      const target = join(folder, "target");
      const env = {
        CARGO_TARGET_DIR: target,
        RUSTC: join(folder, "rustc"),
        RUSTC_BOOTSTRAP: "1",
        RUSTFLAGS: `-C linker=${join(folder, "wasm-ld")} -C linker-flavor=wasm-ld`,
      };
      await withLock(`${target}.lock`, async () => {
        await run("cargo", [...cargo, "-Zbuild-std=std,panic_abort"], { cwd: sources, env });
        await copyBuilt(sources, target, output);
      });
    },
  };
}

async function unpackRust(draft: string): Promise<void> {
  const folder = draft.replace(/\.draft$/, "");
  const packages = [...rustDebian, "wasi-libc"];
  await run("apt-get", ["download", ...packages], { cwd: draft }).catch(async () => {
    await run("apt-get", ["update"]);
    await run("apt-get", ["download", ...packages], { cwd: draft });
  });
  for (const file of (await readdir(draft)).filter((name) => name.endsWith(".deb"))) {
    await run("dpkg", ["-x", join(draft, file), join(draft, "debian")]);
    await rm(join(draft, file));
  }
  const usr = join(draft, "debian/usr");
  // Of the compiler's own sources only the standard library is needed: 60 MB instead of 600.
  for (const version of await readdir(join(usr, "src"))) {
    for (const name of await readdir(join(usr, "src", version))) {
      if (name === "library") continue;
      await rm(join(usr, "src", version, name), { recursive: true });
    }
  }
  const contained = join(usr, "lib/rustlib/wasm32-wasip1/lib/self-contained");
  await mkdir(contained, { recursive: true });
  for (const name of ["libc.a", "crt1-reactor.o", "crt1-command.o"]) {
    await cp(join(usr, "lib/wasm32-wasi", name), join(contained, name));
  }
  // The scripts name the folder as it will be called.
  const home = join(folder, "debian/usr");
  const rustc = `#!/bin/sh\nLD_LIBRARY_PATH='${home}/lib/x86_64-linux-gnu' exec '${home}/bin/rustc' "$@"\n`;
  const linker = '#!/bin/sh\n[ "$1" = -flavor ] && shift 2\nexec python3 -m ziglang wasm-ld "$@"\n';
  await writeFile(join(draft, "rustc"), rustc, { mode: 0o755 });
  await writeFile(join(draft, "wasm-ld"), linker, { mode: 0o755 });
  // Fails here, not in the middle of the first build, when a library is missing.
  await run(join(usr, "bin/rustc"), ["-vV"], {
    env: { LD_LIBRARY_PATH: join(usr, "lib/x86_64-linux-gnu") },
  });
}
