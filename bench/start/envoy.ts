// How long a stock Envoy takes from its start until it says that it is ready, with a plugin in its listener.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { bootstrap } from "../../test/interop/envoy.ts";

export interface Plugin {
  readonly file: string;
  readonly rootId: string;
  readonly configuration: string;
}

const PATIENCE_MS = 120_000;
const POLL_MS = 2;

/** The address of the admin listener once Envoy has written it, or null. */
function addressIn(file: string): string | null {
  try {
    return readFileSync(file, "utf8") || null;
  } catch {
    return null;
  }
}

async function isReady(address: string): Promise<boolean> {
  try {
    const { status } = await fetch(`http://${address}/ready`);
    return status === 200;
  } catch {
    return false;
  }
}

/** Milliseconds from the start of the process to the first 200 of /ready. Throws where Envoy ends before. */
export async function readiness({ file, rootId, configuration }: Plugin): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-ready-"));
  const [config, admin] = [join(folder, "bootstrap.json"), join(folder, "admin")];
  const address = { socket_address: { address: "127.0.0.1", port_value: 0 } };
  const text = { ...bootstrap(file, rootId, configuration), admin: { address } };
  writeFileSync(config, JSON.stringify(text));
  const args = ["-c", config, "--admin-address-path", admin, "--concurrency", "1"];
  const start = performance.now();
  const child = spawn("envoy", [...args, "--log-level", "warning", "--use-dynamic-base-id"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (piece) => (said = (said + String(piece)).slice(-2000)));
  let ended = false;
  const closed = new Promise<void>((resolve) => {
    const end = () => {
      ended = true;
      resolve();
    };
    child.on("close", end);
    child.on("error", end);
  });
  try {
    while (!ended && performance.now() - start < PATIENCE_MS) {
      const at = addressIn(admin);
      if (at !== null && (await isReady(at))) return performance.now() - start;
      await wait(POLL_MS);
    }
    throw new Error(`Envoy is not ready: ${said}`);
  } finally {
    child.kill("SIGKILL");
    await closed;
    rmSync(folder, { recursive: true, force: true });
  }
}
