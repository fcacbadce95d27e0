// Every command that takes a plugin takes it from a registry with the same three flags: credentials that are given reach
// the registry, and without them the answer is the same everywhere.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { commandNames, commandRow } from "../../src/cli/commands.ts";
import { buildArtifact } from "../../src/oci/build-artifact.ts";
import { openRegistry } from "../../src/oci/remote.ts";
import { writeArtifact } from "../../src/oci/write-artifact.ts";
import { FakeRegistry } from "../oci/fake-registry.ts";
import { testRemote } from "../oci/remote.ts";
import { command, file } from "../supply/command.ts";
import { wat } from "../wat.ts";

const registry = await FakeRegistry.start();
after(() => registry.stop());

const module = wat(`(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $log (i32.const 2) (i32.const 0) (i32.const 0))) i32.const 0))`);
const where = { registry: registry.host, repository: "plugins/auth" };
const { digest } = await writeArtifact(
  openRegistry(where, testRemote()),
  buildArtifact({ module, layout: "image" }),
  "v1",
);
const user = Buffer.from("user:secret").toString("base64");
registry.intercept = ({ headers }) =>
  headers.authorization === `Basic ${user}`
    ? undefined
    : { status: 401, headers: { "www-authenticate": 'Basic realm="tests"' } };
writeFileSync(file("auth.json"), JSON.stringify({ auths: { [registry.host]: { auth: user } } }));
writeFileSync(file("traffic.jsonl"), '{"method":"GET","path":"/"}\n');

const role = ["--role", "logging"];
const url = ["--url", "https://modules.example.com/a.wasm"];
const hub = ["--url", `oci://registry.example.com/plugins/a@${digest}`];
const target = ["--target", "Gateway/public"];

/** What each command wants beside its plugin, and the exit code that it ends with. */
const rest: Readonly<Record<string, readonly [exit: number, ...args: string[]]>> = {
  inspect: [0],
  harden: [0, ...role, "-o", file("hardened.wasm")],
  verify: [1, ...role],
  // This one counts nothing, so the promise of telemetry is not held.
  trial: [1, ...role],
  pull: [0, "-o", file("pulled.wasm")],
  "policy learn": [0, "--traffic", file("traffic.jsonl"), "-o", file("learnt.yaml")],
  "generate envoy": [0, ...role, ...url],
  "generate istio": [0, ...role, ...url],
  "generate envoy-gateway": [0, ...role, ...url, ...target],
  "generate kuma": [0, ...role, ...url],
  "generate gloo": [0, ...role, ...hub, ...target],
};

test("every command whose argument is a plugin has the flags that reach a registry", () => {
  const takes = commandNames.filter((name) =>
    commandRow(name).args.some((one) => one.name === "ref"),
  );
  for (const name of [...takes, "push", "run", "lint", "lock", "update"] as const) {
    const flags = commandRow(name).flags.map((one) => one.name);
    for (const flag of ["ca", "plain-http", "credentials"]) {
      assert.ok(flags.includes(flag), `${name} --${flag}`);
    }
  }
  for (const name of Object.keys(rest))
    assert.ok((takes as readonly string[]).includes(name), name);
});

for (const [name, [exit, ...args]] of Object.entries(rest)) {
  test(`${name} shows a registry the credentials that it is given, and says where there are none`, async () => {
    const line = [...name.split(" "), `oci://${registry.host}/plugins/auth:v1`, ...args];
    const without = await command([...line, "--plain-http"], { DOCKER_CONFIG: file("none") });
    assert.equal(without.exit, 4, without.said);
    assert.match(without.err, /error\[registry-login\]/);
    const given = await command([...line, "--plain-http", "--credentials", file("auth.json")]);
    assert.equal(given.exit, exit, given.said);
  });
}
