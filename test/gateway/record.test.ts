// `run --record DIR`: live traffic through the real binary becomes records, and these a policy and limits.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { glovebox } from "../cli/glovebox.ts";
import { bootstrap, wasm, withLab } from "./lab.ts";

test("what plugins did under live traffic is recorded, and policy learn and fit read it", () =>
  withLab(async (lab, clusters) => {
    const plugins = [
      { name: "auth", file: wasm("auth"), configuration: "alice = wonderland" },
      { name: "rewriter", file: wasm("header-rewriter"), configuration: "payments" },
    ];
    lab.write(bootstrap({ plugins, clusters }));
    const records = join(lab.folder, "records");
    await lab.start(["--concurrency", "2", "--record", records]);
    const headers = { authorization: "Bearer wonderland" };
    for (let i = 0; i < 20; i++) {
      const { status } = await lab.ask(`/geo?key=hunter2`, { headers });
      assert.equal(status, 200);
    }
    assert.equal((await lab.ask("/out")).status, 401);
    lab.signal("SIGTERM");
    await lab.ended();
    const files = readdirSync(records);
    assert.ok(
      files.length >= 2 && files.every((name) => /^(auth|rewriter)\.\w+\.\d\.\d\.json$/.test(name)),
      files.join(),
    );
    for (const name of files) {
      const text = readFileSync(join(records, name), "utf8");
      assert.ok(!/hunter2|wonderland/.test(text), name);
    }

    const learnt = await glovebox("policy", "learn", wasm("auth"), "--record", records);
    assert.equal(learnt.exit, 0, learnt.err);
    assert.match(learnt.out, /^# The least policy .*: 21 requests in records of records\.$/m);
    assert.match(
      learnt.out,
      /^ {6}- proxy_send_local_response # reason: once, first in proxy_on_request_headers of GET \/out \(request \d+\), 401$/m,
    );
    assert.match(learnt.out, /^ {6}- proxy_add_header_map_value # reason: 20 times, first in /m);
    const policy = join(lab.folder, "auth.yaml");
    writeFileSync(policy, learnt.out);
    const fit = await glovebox(
      "policy",
      "fit",
      wasm("auth"),
      "-p",
      policy,
      "--record",
      records,
      "--json",
    );
    assert.equal(fit.exit, 0, fit.err);
    assert.equal(JSON.parse(fit.out).result.fit.requests, 21);
    const under = await glovebox(
      "harden",
      wasm("auth"),
      "-p",
      policy,
      "-o",
      join(lab.folder, "h.wasm"),
    );
    assert.equal(under.exit, 0, under.err);
  }));

test("what a policy denied is in the record as denied, not as used", () =>
  withLab(async (lab, clusters) => {
    const more = {
      capability_restriction_config: {
        allowed_capabilities: { proxy_log: {}, proxy_get_buffer_bytes: {} },
      },
    };
    const plugins = [
      { name: "rewriter", file: wasm("header-rewriter"), configuration: "payments", more },
    ];
    lab.write(bootstrap({ plugins, clusters }));
    mkdirSync(join(lab.folder, "records"));
    await lab.start(["--concurrency", "1", "--record", "records"]);
    await lab.ask("/x");
    lab.signal("SIGTERM");
    await lab.ended();
    const records = join(lab.folder, "records");
    const learnt = await glovebox(
      "policy",
      "learn",
      wasm("header-rewriter"),
      "--record",
      records,
      "--json",
    );
    const { result } = JSON.parse(learnt.out);
    const names = (kind: string) =>
      result.record.uses[kind].map((one: { name: string }) => one.name);
    assert.ok(names("denied").includes("proxy_remove_header_map_value"), names("denied").join());
    assert.ok(!names("calls").includes("proxy_remove_header_map_value"), names("calls").join());
    assert.ok(
      result.findings.some((one: { code: string }) => one.code === "learn-was-denied"),
      JSON.stringify(result.findings),
    );
  }));

test("a plugin in a cell is recorded to its last request; unhardened it has no fuel to fit by", () =>
  withLab(async (lab, clusters) => {
    const plugins = [
      { name: "rewriter", file: wasm("header-rewriter"), configuration: "payments" },
    ];
    lab.write(bootstrap({ plugins, clusters }));
    const records = join(lab.folder, "records");
    await lab.start(["--concurrency", "1", "--unsafe-default", "--record", records]);
    for (let i = 0; i < 5; i++) assert.equal((await lab.ask("/x")).status, 200);
    lab.signal("SIGTERM");
    await lab.ended();
    const file = wasm("header-rewriter");
    const learnt = await glovebox("policy", "learn", file, "--record", records);
    assert.equal(learnt.exit, 0, learnt.err);
    assert.match(learnt.out, /^# The least policy .*: 5 requests in records of records\.$/m);
    const policy = join(lab.folder, "p.yaml");
    writeFileSync(policy, learnt.out);
    const fit = await glovebox("policy", "fit", file, "-p", policy, "--record", records);
    assert.match(fit.err, /^error\[fit-not-metered\]/);
  }));
