// The process: start, what it says, signals, a port in use, an upstream that is down, bad configurations.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { bootstrap, Lab, wasm, withLab } from "./lab.ts";

const bin = fileURLToPath(new URL("../../../bin/glovebox", import.meta.url));

function run(lab: Lab, ...flags: string[]) {
  return spawnSync(process.execPath, [bin, "run", lab.config, ...flags], {
    encoding: "utf8",
    cwd: lab.folder,
    env: { ...process.env, XDG_CACHE_HOME: join(lab.folder, "cache") },
    timeout: 30_000,
  });
}

/** A test with a folder and no process that goes on. */
async function withFolder(body: (lab: Lab) => Promise<void> | void): Promise<void> {
  const lab = new Lab();
  try {
    await body(lab);
  } finally {
    await lab.close();
  }
}

for (const [signal, exit] of [
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const) {
  test(`${signal} lets a request in flight end, then the process ends with ${exit}`, () =>
    withLab(
      async (lab, clusters) => {
        lab.write(bootstrap({ clusters }));
        await lab.start(["--concurrency", "2"]);
        const slow = lab.ask("/slow");
        await lab.until(async () => (await lab.stat("http.ingress.downstream_rq_active")) === 1);
        lab.signal(signal);
        const answer = await slow;
        assert.equal(answer.status, 200);
        assert.equal(answer.body, "slow but whole");
        assert.deepEqual(await lab.ended(), [exit, null]);
      },
      (_request, response) => void setTimeout(() => response.end("slow but whole"), 600),
    ));
}

test("a second signal ends at once", () =>
  withLab(
    async (lab, clusters) => {
      lab.write(bootstrap({ clusters }));
      await lab.start(["--concurrency", "1"]);
      const never = lab.ask("/never").then(
        () => "answered",
        () => "cut off",
      );
      await lab.until(async () => (await lab.stat("http.ingress.downstream_rq_active")) === 1);
      lab.signal("SIGTERM");
      await new Promise((done) => setTimeout(done, 200));
      lab.signal("SIGTERM");
      assert.equal(await never, "cut off");
      assert.deepEqual(await lab.ended(), [143, null]);
    },
    () => {},
  ));

test("the admin ends it: /drain after what is in flight, /quitquitquit at once, both by POST only", () =>
  withLab(async (lab, clusters) => {
    lab.write(bootstrap({ clusters }));
    await lab.start(["--concurrency", "1"]);
    assert.equal(await lab.adminText("/ready"), "LIVE\n");
    assert.match(await lab.adminText("/quitquitquit"), /is for POST/);
    assert.equal((await lab.ask("/")).status, 200);
    assert.equal(await lab.adminText("/drain", "POST"), "draining\n");
    assert.deepEqual(await lab.ended(), [0, null]);
  }));

test("a port in use is one clear line and exit code 5", () =>
  withFolder(async (lab) => {
    const taken = createServer();
    taken.listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    try {
      lab.write(bootstrap({ clusters: { backend: 1 }, port }));
      const done = run(lab);
      assert.equal(done.status, 5);
      assert.match(
        done.stderr,
        new RegExp(
          `^error\\[gateway-port\\]: cannot listen on 127.0.0.1:${port}: another program listens there.*\n$`,
        ),
      );
    } finally {
      taken.close();
    }
  }));

test("an upstream that is down is a 503 that says so", () =>
  withFolder(async (lab) => {
    lab.write(bootstrap({ clusters: { backend: 1 } }));
    await lab.start(["--concurrency", "1"]);
    const answer = await lab.ask("/");
    assert.equal(answer.status, 503);
    assert.match(answer.body, /upstream connect error.*remote connection failure/);
  }));

test("a bad configuration is listed with line and column, and ends with 3", () =>
  withFolder((lab) => {
    lab.write(bootstrap({ clusters: { backend: 1 } }).replace('"stat_prefix"', '"stat_prefxi"'));
    const done = run(lab);
    assert.equal(done.status, 3);
    assert.match(done.stderr, /stat_prefxi.*envoy\.yaml:\d+:\d+/);
    assert.match(done.stderr, /error\[gateway-config\]/);
    const missing = spawnSync(process.execPath, [bin, "run", join(lab.folder, "no.yaml")], {
      encoding: "utf8",
    });
    assert.equal(missing.status, 3);
    assert.match(missing.stderr, /^error\[file-unreadable\]: cannot read .*no\.yaml/);
  }));

test("--check loads and hardens every plugin and serves nothing", () =>
  withFolder((lab) => {
    const plugins = [{ name: "tag", file: wasm("header-tag") }];
    lab.write(bootstrap({ plugins, clusters: { backend: 1 } }));
    const fine = run(lab, "--check");
    assert.equal(fine.status, 0, fine.stderr);
    assert.equal(fine.stdout, "plugin tag: fine\n");
    writeFileSync(join(lab.folder, "bad.wasm"), "bad");
    lab.write(
      bootstrap({ plugins: [{ name: "bad", file: "bad.wasm" }], clusters: { backend: 1 } }),
    );
    const bad = run(lab, "--check", "--json");
    assert.equal(bad.status, 1);
    const { result } = JSON.parse(bad.stdout) as {
      result: { plugins: { error: { code: string } }[] };
    };
    assert.match(result.plugins[0]!.error.code, /^wasm-/);
  }));

test("a policy file decides for the plugin of its name, and one that nobody can enforce is refused", () =>
  withLab(async (lab, clusters) => {
    const policy = join(lab.folder, "p.yaml");
    const head =
      "apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: exfiltrator }\n";
    writeFileSync(policy, `${head}spec: { role: logging }\n`);
    lab.write(
      bootstrap({ plugins: [{ name: "exfiltrator", file: wasm("exfiltrate-http") }], clusters }),
    );
    await lab.start(["--concurrency", "1", "-p", policy]);
    await lab.ask("/");
    await lab.until(() =>
      lab.err.includes("WASM filter capability denied: proxy_http_call (proxy_dispatch_http_call)"),
    );
    assert.match(lab.err, /policy from .*p\.yaml/);
  }));

test("wrong flags are usage errors", () =>
  withFolder((lab) => {
    lab.write(bootstrap({ clusters: { backend: 1 } }));
    for (const flags of [
      ["--concurrency", "0"],
      ["--admin", "nowhere"],
      ["--log-format", "xml"],
    ]) {
      assert.equal(run(lab, ...flags).status, 2, flags.join(" "));
    }
  }));
