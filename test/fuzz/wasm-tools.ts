// wasm-tools as a party: its generator of random modules and its mutator, one process a module.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAM = "wasm-tools";

/** What `wasm-tools --version` says; undefined where it is missing. */
export function wasmToolsVersion(): string | undefined {
  const { status, stdout } = spawnSync(PROGRAM, ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.trim().split(" ")[1] : undefined;
}

export type Made = { readonly bytes: Uint8Array } | { readonly problem: string };

/** Runs it on `input`; a module, or what it said last. */
export function wasmTools(args: readonly string[], input: Uint8Array): Made {
  const options = { input, maxBuffer: 1 << 27, timeout: 60_000 };
  const { status, stdout, stderr, error } = spawnSync(PROGRAM, args, options);
  if (error !== undefined) throw error;
  if (status === 0) return { bytes: new Uint8Array(stdout) };
  return { problem: stderr.toString().trim().split("\n")[0] ?? `exit code ${status}` };
}

/** A folder for files that it reads; gone when the process ends. */
export class Scratch {
  readonly #folder = mkdtempSync(join(tmpdir(), "glovebox-fuzz-"));

  file(name: string, content: string | Uint8Array): string {
    const path = join(this.#folder, name);
    writeFileSync(path, content);
    return path;
  }

  end(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
