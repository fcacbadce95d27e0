// `kill -9` at any moment of serving: while it hardens, writes its store or answers. No client ever takes wrong bytes for
// whole ones, nothing in cache or store is other than its name says, and whoever is started next serves the same.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { contain } from "../../src/contain/contain.ts";
import { Failure } from "../../src/errors/failure.ts";
import { digestOf } from "../../src/net/digest.ts";
import { LayoutStore } from "../../src/oci/layout-store.ts";
import { readArtifact } from "../../src/oci/read-artifact.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { API_VERSION, KIND } from "../../src/policy/schema.ts";
import { artifactsOf } from "../../src/serve/artifacts.ts";
import { sha256 } from "../../src/util/digest.ts";
import { random as seeded } from "../fuzz/random.ts";
import { wat } from "../wat.ts";

const program = fileURLToPath(new URL("../../../bin/glovebox", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "glovebox-serve-kill-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const KILLS = Number(process.env.KILLS ?? 67);
const random = seeded(11);
const file = (name: string): string => join(scratch, name);
const cache = file("cache");
const store = file("store");
const env = { ...process.env, HOME: scratch, GLOVEBOX_MODULE_CACHE: cache };

/** A plugin with 2 MB of data that doesn't pack. */
function large(seed: number): Uint8Array {
  const bytes = Array.from({ length: 500_000 }, (_, i) =>
    (Math.imul(i ^ seed, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0").replace(/../g, "\\$&"),
  );
  return wat(`(module
    (memory (export "memory") 40)
    (data (i32.const 1024) "${bytes.join("")}")
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 2500000)
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) i32.const 0))`);
}

const policy = policyFromRole("logging", {
  "metadata.name": "large",
  "spec.source.url": "large.wasm",
});
writeFileSync(
  file("large.yaml"),
  `apiVersion: ${API_VERSION}\nkind: ${KIND}\nmetadata: { name: large }\nspec: { role: logging, source: { url: large.wasm } }\n`,
);

/** Each content with everything that may be served of it, by path. */
const contents = [1, 2].map((seed) => {
  const shipped = large(seed);
  const module = contain(shipped, policy).bytes;
  const artifacts = artifactsOf(module);
  const blobs = artifacts.flatMap(({ artifact }) =>
    artifact.blobs.map(({ descriptor }) => descriptor.digest),
  );
  const manifests = artifacts.map(({ digest }) => digest);
  const paths = new Map<string, string>([
    [`/modules/${sha256(module)}.wasm`, digestOf(module)],
    ...blobs.map((one): [string, string] => [`/v2/large/blobs/${one}`, one]),
    ...manifests.map((one): [string, string] => [`/v2/large/manifests/${one}`, one]),
  ]);
  return { shipped, module: sha256(module), paths };
});

interface Ended {
  readonly ms: number;
  /** When it began to serve; null where it didn't get there. */
  readonly served: number | null;
  readonly whole: number;
  readonly broken: number;
}

/** When to kill: after so many milliseconds, of the process or of its serving. */
interface Moment {
  readonly since: "start" | "serving";
  readonly ms: number;
}

/** Serves, with clients that ask without a pause, until it is killed. */
async function killed(
  args: readonly string[],
  paths: ReadonlyMap<string, string>,
  { since, ms }: Moment,
): Promise<Ended> {
  const all = ["serve", "-p", "large.yaml", "--plain-http", "--listen", "127.0.0.1:0", ...args];
  const start = performance.now();
  const child = spawn(process.execPath, [program, ...all], {
    cwd: scratch,
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const kill = (): NodeJS.Timeout => setTimeout(() => child.kill("SIGKILL"), ms);
  const timer = since === "start" ? kill() : undefined;
  let [gone, served, whole, broken, said] = [false, null as number | null, 0, 0, ""];
  const closed = new Promise<void>((done) => child.on("close", () => done()));
  void closed.then(() => (gone = true));
  const client = async (base: string): Promise<void> => {
    const wanted = [...paths];
    while (!gone) {
      const [path, digest] = wanted[random.int(wanted.length)]!;
      try {
        const answer = await fetch(base + path);
        const bytes = new Uint8Array(await answer.arrayBuffer());
        assert.equal(answer.status, 200, path);
        assert.equal(digestOf(bytes), digest, path);
        whole++;
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        broken++;
        await sleep(5);
      }
    }
  };
  const clients: Promise<void>[] = [];
  const wrong: Error[] = [];
  child.stderr.on("data", (piece: Buffer) => {
    said += piece.toString();
    const base = /serving on (http:\S+)/.exec(said)?.[1];
    if (base === undefined || served !== null) return;
    served = performance.now() - start;
    for (let i = 0; i < 2; i++) {
      clients.push(client(base).catch((error: Error) => void wrong.push(error)));
    }
    if (since === "serving") kill();
  });
  await closed;
  clearTimeout(timer);
  await Promise.all(clients);
  if (wrong[0] !== undefined) throw wrong[0];
  if (since === "serving") assert.ok(served !== null, said);
  return { ms: performance.now() - start, served, whole, broken };
}

/** No file of the cache holds other bytes than its name says. */
function cacheIsWhole(): void {
  const folder = join(cache, "sha256");
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (/^[0-9a-f]{64}$/.test(name)) assert.equal(sha256(readFileSync(join(folder, name))), name);
  }
}

/** Every tag of the store is a whole artifact of one of the two contents, or isn't there. */
async function storeIsWhole(): Promise<void> {
  const layout = new LayoutStore(join(store, "large"));
  for (const tag of ["istio", "envoy-gateway", "cncf"]) {
    try {
      const { digest } = await readArtifact(layout, tag, tag);
      assert.ok(contents.some(({ module }) => digest === `sha256:${module}`));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      assert.match(error.code, /^(layout-none|manifest-missing)$/);
    }
  }
}

/** Time for some answers. */
const ENOUGH: Moment = { since: "serving", ms: 500 };

for (const [what, args, look, folder] of [
  ["with the cache on disk", ["--memory", "0"], async () => cacheIsWhole(), cache],
  ["with a store", ["--store", "oci-layout:store", "--memory", "0"], storeIsWhole, store],
] as const) {
  test(`serve ${what} that is killed leaves nothing wrong, and was believed nothing wrong`, async (t) => {
    const kills = Math.ceil(KILLS / 2);
    writeFileSync(file("large.wasm"), contents[0]!.shipped);
    const usual = await killed(args, contents[0]!.paths, ENOUGH);
    let [early, whole, broken] = [0, 0, 0];
    for (let round = 0; round < kills; round++) {
      const content = contents[round % 2]!;
      writeFileSync(file("large.wasm"), content.shipped);
      const moment: Moment =
        round % 3 === 2
          ? { since: "serving", ms: random.int(ENOUGH.ms) }
          : { since: "start", ms: 40 + random.int(usual.ms) };
      const one = await killed(args, content.paths, moment);
      if (one.served === null) early++;
      whole += one.whole;
      broken += one.broken;
      await look();
      // Now and then there is nothing yet, and everything has to be written.
      if (round % 4 === 3) rmSync(folder, { recursive: true, force: true });
    }
    const last = await killed(args, contents[(kills - 1) % 2]!.paths, ENOUGH);
    assert.ok(last.whole > 0, "whoever is started next serves");
    t.diagnostic(
      `${early} of ${kills} died before they served; ${whole} whole answers, ${broken} broken ones, 0 wrong`,
    );
    assert.ok(early > 0 && early < kills);
    assert.ok(whole > 0);
  });
}
