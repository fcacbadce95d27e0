// Our command and cosign as programs, in a folder of their own, against registries on loopback.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const PASSWORD = "interop";
const bin = fileURLToPath(new URL("../../../bin/glovebox", import.meta.url));

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  /** Both streams, for messages. */
  readonly said: string;
}

export interface Desk {
  readonly folder: string;
  readonly file: (name: string) => string;
  readonly glovebox: (...args: readonly string[]) => Ran;
  readonly run: (program: string, ...args: readonly string[]) => Ran;
  /** The `result` of a command with --json. */
  // biome-ignore lint/suspicious/noExplicitAny: its shape is the command's
  readonly result: (...args: readonly string[]) => any;
  readonly end: () => void;
}

export function desk(): Desk {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-signing-"));
  const env = {
    ...process.env,
    GLOVEBOX_KEY_PASSWORD: PASSWORD,
    COSIGN_PASSWORD: PASSWORD,
    GLOVEBOX_MODULE_CACHE: join(folder, "cache"),
    HOME: folder,
    DOCKER_CONFIG: folder,
    // No key server and no update of roots is asked for in these tests.
    TUF_ROOT: join(folder, "tuf"),
    NO_COLOR: "1",
  };
  const run = (program: string, ...args: readonly string[]): Ran => {
    const done = spawnSync(program, args, { cwd: folder, env, encoding: "utf8", timeout: 120_000 });
    const said = `${program} ${args.join(" ")}\n${done.stdout}${done.stderr}${done.error ?? ""}`;
    return { status: done.status, out: done.stdout, said };
  };
  const glovebox = (...args: readonly string[]) => run(process.execPath, bin, ...args);
  return {
    folder,
    file: (name) => join(folder, name),
    run,
    glovebox,
    result: (...args) => JSON.parse(glovebox(...args, "--json").out).result,
    end: () => rmSync(folder, { recursive: true, force: true }),
  };
}
