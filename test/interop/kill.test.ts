// `kill -9` at any moment of a push or a pull: whoever reads afterwards reads what was there before or what was meant,
// never half of it; and the next push goes on and finishes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { isDigest } from "../../src/net/digest.ts";
import type { HttpRequest } from "../../src/net/http.ts";
import { buildArtifact } from "../../src/oci/build-artifact.ts";
import { LayoutStore } from "../../src/oci/layout-store.ts";
import { readArtifact } from "../../src/oci/read-artifact.ts";
import { openRegistry } from "../../src/oci/remote.ts";
import { uploadMemory } from "../../src/oci/upload-memory.ts";
import { writeArtifact } from "../../src/oci/write-artifact.ts";
import { sha256 } from "../../src/util/digest.ts";
import { random as seeded } from "../fuzz/random.ts";
import { codeOf, testRemote } from "../oci/remote.ts";
import { found } from "./party.ts";
import { startRegistry } from "./registries.ts";

const program = fileURLToPath(new URL("../../../bin/glovebox", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "glovebox-kill-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** More than one piece of an upload has. */
const SIZE = 10_000_000;
/** Three commands: 201 moments in all. */
const KILLS = Number(process.env.KILLS ?? 67);
const random = seeded(7);

/** A module of one custom section with bytes that don't pack. */
function largeModule(seed: number): Uint8Array {
  const section = Uint8Array.from(
    { length: SIZE },
    (_, i) => Math.imul(i ^ seed, 0x9e3779b1) >>> 24,
  );
  section.set([1, 0x78]);
  const length: number[] = [];
  for (let rest = SIZE; rest > 0; rest >>>= 7) length.push((rest & 127) | (rest >= 128 ? 128 : 0));
  return Buffer.concat([Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, ...length), section]);
}

const [oldModule, newModule] = [largeModule(1), largeModule(2)];
writeFileSync(join(scratch, "new.wasm"), newModule);
const artifactOf = (module: Uint8Array) => buildArtifact({ module, layout: "artifact" });
const oldArtifact = artifactOf(oldModule);
const cache = join(scratch, "cache");
const env = { ...process.env, HOME: scratch, DOCKER_CONFIG: scratch, GLOVEBOX_MODULE_CACHE: cache };

/** Runs to the end, or is killed after so many milliseconds; answers how long it ran. */
function glovebox(
  args: readonly string[],
  killAfter?: number,
): Promise<{ ms: number; status: number | null }> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(process.execPath, [program, ...args], {
      cwd: scratch,
      env,
      stdio: "ignore",
    });
    const timer =
      killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfter);
    child.on("error", reject);
    child.on("close", (status) => {
      clearTimeout(timer);
      resolve({ ms: performance.now() - start, status });
    });
  });
}

const uploads = join(cache, "uploads");
/** What is remembered of an upload that is under way; null where none is. */
function underWay(): string | null {
  if (!existsSync(uploads)) return null;
  const name = readdirSync(uploads).find((one) => one.endsWith(".upload"));
  try {
    return name === undefined ? null : readFileSync(join(uploads, name), "latin1");
  } catch {
    return null;
  }
}

/** Kills the command once an upload has begun: at any moment of its first piece, or right behind it. */
function killedUploading(args: readonly string[], behind: boolean): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const options = { cwd: scratch, env, stdio: "ignore" } as const;
    const child = spawn(process.execPath, [program, ...args], options);
    let first: string | null = null;
    const timer = setInterval(() => {
      const now = underWay();
      first ??= now;
      if (now === null || (behind && now === first)) return;
      clearInterval(timer);
      if (behind) child.kill("SIGKILL");
      else setTimeout(() => child.kill("SIGKILL"), random.int(15));
    }, 1);
    child.on("error", reject);
    child.on("close", (status) => {
      clearInterval(timer);
      resolve(status);
    });
  });
}

/** Kills the command at moments spread over the time that it takes, and looks after each. */
async function killed(args: readonly string[], look: () => Promise<void>): Promise<number> {
  const whole = await glovebox(args);
  assert.equal(whole.status, 0, args.join(" "));
  let early = 0;
  for (let i = 0; i < KILLS; i++) {
    const { status } = await glovebox(args, 40 + random.int(whole.ms));
    if (status !== 0) early++;
    await look();
  }
  return early;
}

/** No file of the cache holds other bytes than its name says. */
function cacheIsWhole(): void {
  const folder = join(cache, "sha256");
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (/^[0-9a-f]{64}$/.test(name)) assert.equal(sha256(readFileSync(join(folder, name))), name);
  }
}

test("a push into a layout that is killed leaves the old artifact or the new one", async (t) => {
  const folder = join(scratch, "layout");
  const restore = () => writeArtifact(new LayoutStore(folder), oldArtifact, "v1");
  await restore();
  const modules = [sha256(oldModule), sha256(newModule)];
  const seen = new Set<string>();
  let turn = 0;
  const early = await killed(
    ["push", "new.wasm", `oci-layout:${folder}:v1`, "--layout", "artifact"],
    async () => {
      const { digest } = await readArtifact(new LayoutStore(folder), "v1", "the layout");
      assert.ok(modules.includes(digest.slice(7)), digest);
      seen.add(digest);
      // Back to a layout where something is left to be done.
      if (turn++ % 2 === 0) rmSync(folder, { recursive: true, force: true });
      await restore();
    },
  );
  t.diagnostic(`${early} of ${KILLS} died before they were done; ${seen.size} artifacts seen`);
  assert.ok(early > KILLS / 3);
  assert.equal(seen.size, 2);
});

test("a push to a registry that is killed leaves none or all of it, and the next one finishes", async (t) => {
  if (!found(t, "registry")) return;
  const registry = await startRegistry("registry", scratch);
  try {
    let round = 0;
    const repository = (): string => `plugins/round-${round}`;
    const target = (): string => `oci://${registry.host}/${repository()}:v1`;
    const args = (): readonly string[] => [
      "push",
      "new.wasm",
      target(),
      "--layout",
      "artifact",
      "--plain-http",
    ];
    const whole = await glovebox(args());
    assert.equal(whole.status, 0);
    let [early, underway, resumed] = [0, 0, 0];
    for (round = 1; round <= KILLS; round++) {
      // Every other one while a large blob is on its way.
      const status =
        round % 2 === 0
          ? await killedUploading(args(), round % 4 === 0)
          : (await glovebox(args(), 40 + random.int(whole.ms))).status;
      if (status !== 0) early++;
      // With what the killed process remembered of its uploads.
      const remote = testRemote({ memory: uploadMemory(join(cache, "uploads")) });
      let sent = 0;
      const http = {
        close: () => remote.http.close(),
        send: (request: HttpRequest) => {
          if (request.method === "PATCH") sent += request.body?.length ?? 0;
          return remote.http.send(request);
        },
      };
      const store = openRegistry(
        { registry: registry.host, repository: repository() },
        { ...remote, http },
      );
      const read = () => codeOf(readArtifact(store, "v1", "the registry"));
      assert.match(await read(), status === 0 ? /^none$/ : /^(none|manifest-missing)$/);
      const interrupted = underWay() !== null;
      if (interrupted) underway++;
      await writeArtifact(store, artifactOf(newModule), "v1");
      if (interrupted && sent < SIZE) resumed++;
      assert.equal(await read(), "none");
      assert.equal(underWay(), null, "a finished upload is forgotten");
    }
    t.diagnostic(
      `${early} of ${KILLS} died before they were done, ${underway} in the middle of an upload; ${resumed} of those were gone on with behind their first piece`,
    );
    assert.ok(early > KILLS / 3);
    assert.ok(underway > KILLS / 4);
    assert.ok(resumed > 0);
    cacheIsWhole();
  } finally {
    await registry.stop();
  }
});

test("a pull that is killed writes all of the module or nothing, to its file and to the cache", async (t) => {
  if (!found(t, "docker-registry")) return;
  const registry = await startRegistry("docker-registry", scratch);
  try {
    const ref = `oci://${registry.host}/plugins/large:v1`;
    assert.equal(
      (await glovebox(["push", "new.wasm", ref, "--plain-http", "--layout", "artifact"])).status,
      0,
    );
    const output = join(scratch, "pulled.wasm");
    const expected = sha256(newModule);
    const early = await killed(["pull", ref, "-o", output, "--plain-http"], async () => {
      if (existsSync(output)) assert.equal(sha256(readFileSync(output)), expected);
      cacheIsWhole();
      rmSync(output, { force: true });
      rmSync(cache, { recursive: true, force: true });
    });
    t.diagnostic(`${early} of ${KILLS} died before they were done`);
    assert.ok(early > KILLS / 3);
    assert.ok(isDigest(`sha256:${expected}`));
  } finally {
    await registry.stop();
  }
});
