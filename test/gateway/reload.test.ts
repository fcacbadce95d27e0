// Hot reload with the real binary under load: nothing is dropped, new versions are taken over whole, and bad ones are
// refused while the old one stays.
import assert from "node:assert/strict";
import { copyFileSync, renameSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { guest } from "../host/guest.ts";
import { ask, bootstrap, type Lab, wasm, withLab } from "./lab.ts";

/** A plugin that says its version in x-version. */
const version = (letter: string): Uint8Array =>
  guest({
    imports: ["proxy_add_header_map_value"],
    body: `(data (i32.const 16) "x-version") (data (i32.const 32) "${letter}")
      (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
        (drop (call $proxy_add_header_map_value (i32.const 2)
          (i32.const 16) (i32.const 9) (i32.const 32) (i32.const 1))) (i32.const 0))`,
  });

function replace(file: string, bytes: Uint8Array): void {
  writeFileSync(`${file}.new`, bytes);
  renameSync(`${file}.new`, file);
}

const seen = async (lab: Lab): Promise<string> => String((await lab.ask("/")).headers["x-version"]);

interface Reload {
  readonly taken: boolean;
  readonly findings: readonly { readonly code: string; readonly message: string }[];
}

const lastReload = async (lab: Lab): Promise<Reload | null> =>
  (JSON.parse(await lab.adminText("/plugins")) as { last_reload: Reload | null }).last_reload;

test("a plugin's file is replaced again and again under load: every request is answered, by one version or the next", () =>
  withLab(async (lab, clusters) => {
    const file = join(lab.folder, "p.wasm");
    replace(file, version("0"));
    lab.write(bootstrap({ plugins: [{ name: "p", file }], clusters }));
    await lab.start(["--concurrency", "2"]);
    let done = false;
    let asked = 0;
    const versions = new Set<string>();
    const failed: string[] = [];
    const client = async (): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (!done) {
        const answer = await ask(lab.port, "/", { agent }).catch((error: Error) => error);
        asked++;
        if (answer instanceof Error) failed.push(answer.message);
        else if (answer.status !== 200) failed.push(String(answer.status));
        else versions.add(String(answer.headers["x-version"]));
      }
      agent.destroy();
    };
    const load = Array.from({ length: 4 }, client);
    for (const letter of ["1", "2", "3"]) {
      replace(file, version(letter));
      await lab.until(async () => (await seen(lab)) === letter);
    }
    done = true;
    await Promise.all(load);
    assert.deepEqual(failed, []);
    assert.ok(asked > 50, `${asked} requests`);
    assert.deepEqual([...versions].sort(), ["0", "1", "2", "3"]);
    await lab.until(async () => (await lab.stat("wasm.envoy.wasm.runtime.v8.active")) === 2);
  }));

test("configuration and plugin are rewritten twenty times a second, in place and by renaming: no request fails", () =>
  withLab(async (lab, clusters) => {
    const file = join(lab.folder, "p.wasm");
    const text = (number: number): string =>
      bootstrap({ plugins: [{ name: "p", file, configuration: String(number) }], clusters });
    replace(file, version("0"));
    lab.write(text(0));
    await lab.start(["--concurrency", "2"]);
    let done = false;
    let asked = 0;
    const failed: string[] = [];
    const client = async (): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (!done) {
        const answer = await ask(lab.port, "/", { agent }).catch((error: Error) => error);
        asked++;
        if (answer instanceof Error) failed.push(answer.message);
        else if (answer.status !== 200) failed.push(`${answer.status} ${answer.body}`);
        else if (!/^[0-9]$/.test(String(answer.headers["x-version"]))) failed.push("no version");
      }
      agent.destroy();
    };
    const load = Array.from({ length: 4 }, client);
    for (let i = 1; i <= 60; i++) {
      const bytes = version(String(i % 10));
      // Half of the time a reader may meet a file that is half written.
      if (i % 2 === 0) replace(file, bytes);
      else {
        writeFileSync(file, bytes.subarray(0, 50));
        writeFileSync(file, bytes);
      }
      if (i % 3 === 0) {
        lab.write(text(i).slice(0, 100));
        lab.write(text(i));
      }
      await new Promise((next) => setTimeout(next, 50));
    }
    replace(file, version("9"));
    lab.write(text(99));
    await lab.until(async () => (await seen(lab)) === "9");
    await lab.until(async () => (await lastReload(lab))?.taken === true);
    done = true;
    await Promise.all(load);
    assert.deepEqual(failed, []);
    assert.ok(asked > 50, `${asked} requests`);
    // What has been replaced is gone.
    await lab.until(async () => (await lab.stat("wasm.envoy.wasm.runtime.v8.active")) === 2);
    assert.equal(await lab.stat("envoy.wasm_filter.p.execution_failures"), 0);
    assert.equal(await lab.stat("envoy.wasm_runtime_internal_errors"), 0);
  }));

test("a changed configuration is taken over: routes, plugins, clusters", () =>
  withLab(async (lab, clusters) => {
    const direct = (body: string) => ({
      match: { prefix: "/" },
      direct_response: { status: 200, body: { inline_string: body } },
    });
    lab.write(bootstrap({ clusters, routes: [direct("one")] }));
    await lab.start(["--concurrency", "1"]);
    assert.equal((await lab.ask("/")).body, "one");
    const plugins = [{ name: "tag", file: wasm("header-tag") }];
    lab.write(bootstrap({ clusters, routes: [direct("two")], plugins }));
    await lab.until(async () => (await lab.ask("/")).body === "two");
    assert.equal((await lastReload(lab))?.taken, true);
    const moved = bootstrap({ clusters, routes: [direct("three")], port: 1 });
    lab.write(moved);
    await lab.until(async () => (await lab.ask("/")).body === "three");
    const reload = await lastReload(lab);
    assert.ok(
      reload?.findings.some((one) => one.code === "gateway-restart"),
      "a new address waits for a restart",
    );
  }));

test("a bad new version is refused and the old one stays: broken code, a plugin that does not come up, a wrong configuration", () =>
  withLab(async (lab, clusters) => {
    const file = join(lab.folder, "p.wasm");
    replace(file, version("a"));
    const good = bootstrap({ plugins: [{ name: "p", file }], clusters });
    lab.write(good);
    await lab.start(["--concurrency", "2"]);
    const refused = async (code: string): Promise<void> => {
      await lab.until(async () => {
        const reload = await lastReload(lab);
        return reload?.taken === false && reload.findings.some((one) => one.code === code);
      });
      for (let i = 0; i < 4; i++) assert.equal(await seen(lab), "a");
      assert.match(await lab.adminText("/plugins"), /the old one stays/);
    };
    replace(file, Buffer.from("no module"));
    await refused("gateway-not-started");
    copyFileSync(wasm("trap-configure"), `${file}.new`);
    renameSync(`${file}.new`, file);
    await lab.until(() => lab.err.includes("proxy_on_configure"));
    await refused("gateway-not-started");
    lab.write("static_resources: [");
    await refused("envoy-bad-yaml");
    lab.write(good);
    replace(file, version("b"));
    await lab.until(async () => (await seen(lab)) === "b");
    assert.equal((await lastReload(lab))?.taken, true);
  }));

test("a policy file is taken over when it changes, and a wrong one is refused while the old one stays", () =>
  withLab(async (lab, clusters) => {
    const file = join(lab.folder, "p.wasm");
    replace(file, version("a"));
    const policy = join(lab.folder, "policy.yaml");
    const allow = (name: string): void =>
      replace(
        policy,
        Buffer.from(
          `apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: p }\nspec: { capabilities: { allow: [${name}] } }\n`,
        ),
      );
    allow("proxy_add_header_map_value");
    lab.write(bootstrap({ plugins: [{ name: "p", file }], clusters }));
    await lab.start(["--concurrency", "1", "-p", policy]);
    assert.equal(await seen(lab), "a");
    allow("proxy_log");
    await lab.until(async () => (await seen(lab)) === "undefined");
    allow("proxy_add_header_map_valeu");
    await lab.until(async () => (await lastReload(lab))?.taken === false);
    assert.match(await lab.adminText("/plugins"), /the old one stays/);
    assert.equal(await seen(lab), "undefined");
    allow("proxy_add_header_map_value");
    await lab.until(async () => (await seen(lab)) === "a");
  }));

test("a plugin that aborts when its version goes has failed no request: its statistics and its log say so", () =>
  withLab(async (lab, clusters) => {
    // AssemblyScript's SDK does.
    const text = (configuration: string): string =>
      bootstrap({
        plugins: [{ name: "as", file: wasm("header-rewriter"), configuration }],
        clusters,
      });
    lab.write(text("one"));
    await lab.start(["--concurrency", "2"]);
    for (const configuration of ["two", "three"]) {
      const before = await lastReload(lab);
      assert.equal((await lab.ask("/")).status, 200);
      lab.write(text(configuration));
      await lab.until(async () => {
        const now = await lastReload(lab);
        return now?.taken === true && JSON.stringify(now) !== JSON.stringify(before);
      });
    }
    assert.equal((await lab.ask("/")).status, 200);
    await lab.until(async () => (await lab.stat("glovebox.plugin.as.traps_at_end")) === 4);
    assert.equal(await lab.stat("envoy.wasm_filter.as.execution_failures"), 0);
    assert.match(lab.err, / info \[as\] Function: proxy_on_done failed at the end: /);
    assert.doesNotMatch(lab.err, / error \[as\] Function: /);
  }));
