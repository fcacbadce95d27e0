// A large plugin from a registry on this machine: crane, which only stores what it gets, beside our pull, which unpacks
// it and keeps it, the same with a signature that must be there, and verify, which also looks for containment. Every run
// is a process with nothing cached; Node's own start is measured beside them, because nothing of ours can be faster.
import { spawn } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { timed, timedGood } from "./lib/process.ts";
import { type Report, spread } from "./lib/report.ts";
import { alternate, ratios, summarise } from "./lib/stats.ts";

const LIMIT = 1.5;
const BYTES = 25_000_000;
const program = fileURLToPath(new URL("../../bin/glovebox", import.meta.url));

const base: Omit<Report, "held" | "rows" | "data"> = {
  name: "pull",
  means:
    "A 25 MB plugin from distribution's registry on loopback, whole processes: `crane pull`, a Node that does nothing, `glovebox pull`, `glovebox pull --key` (pin and signature), and `glovebox verify` of pin, signature and (in vain) containment.",
  target: `pull with verification of digest and signature takes at most ${LIMIT} times as long as crane`,
  head: ["", "time", "crane = 1"],
};

/** A program of the interop tests' cache. */
function party(name: string): string | null {
  const cache = process.env.GLOVEBOX_CACHE ?? "";
  const folder = existsSync(cache)
    ? readdirSync(cache).find((one) => one.startsWith(`go-${name}-v`))
    : undefined;
  return folder === undefined ? null : join(cache, folder, name);
}

/** A module of the size, of bytes that don't pack: all of it has to move. */
function largeModule(): Uint8Array {
  const section = randomFillSync(new Uint8Array(BYTES));
  // The section's name: one letter.
  section.set([1, 0x78]);
  const length: number[] = [];
  for (let rest = BYTES; rest > 0; rest >>>= 7) length.push((rest & 127) | (rest >= 128 ? 128 : 0));
  return Buffer.concat([Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, ...length), section]);
}

/** `verify` looks at containment too, which this module does not have: 1 is an answer here. */
function judged(args: readonly string[]): { readonly ms: number } {
  const ran = timed(process.execPath, [program, ...args]);
  if (ran.status !== 1) throw new Error(`verify ended with ${ran.status}: ${ran.stderr}`);
  return ran;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

async function measure(scratch: string, host: string, crane: string, rounds: number) {
  const module = join(scratch, "large.wasm");
  writeFileSync(module, largeModule());
  process.env.GLOVEBOX_KEY_PASSWORD = "bench";
  process.env.DOCKER_CONFIG = scratch;
  const ours = (...args: readonly string[]) => timedGood(process.execPath, [program, ...args]);
  const ref = `oci://${host}/bench/large:v1`;
  const pushed = JSON.parse(ours("push", module, ref, "--plain-http", "--json").stdout);
  const pin: string = pushed.result.pin;
  ours("keys", join(scratch, "bench"));
  ours("sign", pin, "--key", join(scratch, "bench.key"), "--plain-http");
  const cache = join(scratch, "cache");
  process.env.GLOVEBOX_MODULE_CACHE = cache;
  const cold = (run: () => { readonly ms: number }) => (): number => {
    rmSync(cache, { recursive: true, force: true });
    return run().ms;
  };
  const image = pin.slice("oci://".length);
  const key = join(scratch, "bench.pub");
  const sides = [
    cold(() => timedGood(crane, ["pull", "--insecure", image, join(scratch, "crane.tar")])),
    () => timedGood(process.execPath, ["-e", "0"]).ms,
    cold(() => ours("pull", pin, "-o", join(scratch, "pulled.wasm"), "--plain-http")),
    cold(() => ours("pull", pin, "-o", join(scratch, "signed.wasm"), "--plain-http", "--key", key)),
    cold(() => judged(["verify", pin, "--key", key, "--role", "auth", "--plain-http"])),
  ];
  return alternate(sides, { warmup: 2, rounds });
}

export async function benchPull({ quick }: { readonly quick: boolean }): Promise<Report> {
  const [crane, registry] = [party("crane"), party("registry")];
  if (crane === null || registry === null) {
    const note = "crane or registry is missing: `npm run test:interop` builds them into the cache";
    return { ...base, held: null, note, rows: [], data: {} };
  }
  const scratch = mkdtempSync(join(tmpdir(), "glovebox-bench-pull-"));
  const host = `127.0.0.1:${await freePort()}`;
  const storage = join(scratch, "storage");
  mkdirSync(storage);
  const file = join(scratch, "registry.yml");
  const store = `storage: { filesystem: { rootdirectory: ${storage} } }`;
  writeFileSync(file, `version: 0.1\nlog: { level: error }\n${store}\nhttp: { addr: "${host}" }\n`);
  const server = spawn(registry, ["serve", file], { stdio: "ignore" });
  try {
    await sleep(1500);
    const samples = await measure(scratch, host, crane, quick ? 5 : 25);
    const names = [
      "crane pull",
      "node -e 0",
      "glovebox pull",
      "glovebox pull --key",
      "glovebox verify",
    ];
    const all = samples.map(summarise);
    const shares = samples.map((side) => ratios(side, samples[0]!));
    const rows = names.map((name, i) => [
      name,
      spread(all[i]!, " ms"),
      i === 0 ? "1" : spread(shares[i]!, "", 2),
    ]);
    const held = quick ? null : shares[names.indexOf("glovebox pull --key")]!.median <= LIMIT;
    return { ...base, held, rows, data: { names, times: all, ratios: shares } };
  } finally {
    server.kill("SIGKILL");
    rmSync(scratch, { recursive: true, force: true });
  }
}
