// Wasmtime as a party: one long-lived Python process with the `wasmtime` package, one line a module.
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { decode } from "../../src/wasm/decode.ts";
import type { Call } from "./generate.ts";
import { answerOf } from "./host-answers.ts";
import type { Trace } from "./trace.ts";

const PYTHON = process.platform === "win32" ? "python" : "python3";
const worker = fileURLToPath(new URL("../../../test/fuzz/wasmtime_worker.py", import.meta.url));
const ask = "import importlib.metadata as m, wasmtime; print(m.version('wasmtime'))";

/** The version of the package, or undefined where Python or the package is missing. */
export function wasmtimeVersion(): string | undefined {
  const { status, stdout } = spawnSync(PYTHON, ["-c", ask], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** JSON has no 64-bit integers and no minus zero. */
function argumentText(value: number | bigint): number | string {
  if (typeof value === "bigint") return `${value}n`;
  return Object.is(value, -0) ? "-0" : value;
}

export interface WasmtimeOptions {
  readonly stack?: number;
  readonly opt?: "none" | "speed";
}

export class Wasmtime {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;
  readonly #waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  #said = "";

  /** `stack`: bytes of stack that WebAssembly may use. `opt`: Cranelift's level. */
  constructor({ stack = 1 << 20, opt = "none" }: WasmtimeOptions = {}) {
    this.#child = spawn(PYTHON, ["-u", worker, String(stack), opt], { stdio: "pipe" });
    this.#lines = createInterface(this.#child.stdout);
    this.#lines.on("line", (line) => this.#waiting.shift()?.resolve(line));
    this.#child.stderr.on("data", (piece: Buffer) => {
      this.#said = (this.#said + piece.toString()).slice(-4000);
    });
    this.#child.on("close", () => {
      for (const { reject } of this.#waiting.splice(0))
        reject(new Error(`Wasmtime ended: ${this.#said}`));
    });
  }

  /** Runs a module's calls; throws where Wasmtime refuses the module or the process has ended. */
  async run(bytes: Uint8Array, calls: readonly Call[]): Promise<Trace> {
    const plain = calls.map(({ name, args }) => ({
      name,
      args: args.map(argumentText),
    }));
    const answers = Object.fromEntries(
      decode(bytes).imports.map(({ name }) => [name, answerOf(name)]),
    );
    const wasm = Buffer.from(bytes).toString("base64");
    const request = JSON.stringify({ wasm, calls: plain, answers });
    const line = await new Promise<string>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(request + "\n");
    });
    const answer = JSON.parse(line) as Trace | { error: string };
    if ("error" in answer) throw new Error(`Wasmtime refuses the module: ${answer.error}`);
    return answer;
  }

  end(): void {
    this.#child.stdin.end();
    this.#lines.close();
  }
}
