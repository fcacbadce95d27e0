// `audit` as a command: files, folders, a live Envoy's admin, what it prints and writes, and how it ends.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { glovebox } from "./glovebox.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-audit-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const manifest = join(scratch, "plugin.yaml");
writeFileSync(
  manifest,
  `apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: { name: auth, namespace: edge }
spec: { url: "oci://r.example.com/plugins/auth:v1", phase: AUTHN, failStrategy: FAIL_OPEN }
`,
);

const dump = {
  configs: [
    {
      "@type": "type.googleapis.com/envoy.admin.v3.EcdsConfigDump",
      ecds_filters: [
        {
          ecds_filter: {
            "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
            name: "f",
            typed_config: {
              "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
              config: { name: "live", vm_config: { code: { local: { filename: "/var/a.wasm" } } } },
            },
          },
        },
      ],
    },
  ],
};
/** Answers of 200 that are no dump: of none of them may it be said that no plugin is in force. */
const noDumps: Readonly<Record<string, string>> = {
  "/page": "<html>it works</html>",
  "/nothing": "",
  "/list": "[]",
  "/other": '{"stats": []}',
};
const admin = createServer((request, response) => {
  const other = noDumps[request.url ?? ""];
  if (other !== undefined || request.url === "/cut") {
    response.writeHead(200).end(other ?? '{"configs": [[[');
    return;
  }
  const ok = request.url === "/config_dump";
  response.writeHead(ok ? 200 : 404, { "content-type": "application/json" });
  response.end(ok ? JSON.stringify(dump) : "{}");
});
await new Promise<void>((resolve) => admin.listen(0, "127.0.0.1", resolve));
after(() => admin.close());
const { port } = admin.address() as AddressInfo;

test("a folder is audited as text, and ends with 0 unless a risk is asked to fail", async () => {
  const { exit, out } = await glovebox("audit", scratch);
  assert.equal(exit, 0);
  assert.match(out, /^auth {2}severe\n/);
  assert.match(out, /1 plugin in force: 1 severe/);
  assert.equal((await glovebox("audit", scratch, "--fail-on", "severe")).exit, 1);
});

test("a live Envoy is asked for its configuration", async () => {
  const { exit, out } = await glovebox("audit", `http://127.0.0.1:${port}`, "--format", "json");
  assert.equal(exit, 0);
  const { rows } = JSON.parse(out);
  assert.deepEqual([rows.length, rows[0].plugin, rows[0].source], [1, "live", "/var/a.wasm"]);
  assert.match(rows[0].where, /^http:\/\/127\.0\.0\.1:\d+\/config_dump:1:/);
});

test("a page is written where it is asked for", async () => {
  const file = join(scratch, "page.html");
  const { exit, out } = await glovebox("audit", manifest, "--format", "html", "-o", file);
  assert.equal(exit, 0);
  assert.equal(out, `audit written to ${file}\n`);
  assert.match(readFileSync(file, "utf8"), /^<!doctype html>[\s\S]*severe/);
});

test("--json holds the same rows in an envelope", async () => {
  const { out } = await glovebox("audit", manifest, "--json");
  const { command, result } = JSON.parse(out);
  assert.equal(command, "audit");
  assert.equal(result.rows[0].failure, "open");
});

test("an answer that is no dump is refused, and a dump that can't be read is told", async () => {
  for (const path of Object.keys(noDumps)) {
    const { exit, err } = await glovebox("audit", `http://127.0.0.1:${port}${path}`);
    assert.deepEqual([path, exit], [path, 4]);
    assert.match(err, /audit-not-dump/);
  }
  const cut = `http://127.0.0.1:${port}/cut`;
  assert.match((await glovebox("audit", cut)).out, /not read: .*1 documents could not be read/s);
  // As a gate it doesn't open for what it couldn't look at.
  assert.equal((await glovebox("audit", cut, "--fail-on", "severe")).exit, 1);
});

test("a file that a kubeconfig names and that has no end is refused", async () => {
  const file = join(scratch, "kubeconfig.json");
  const named = (name: string, key: string, fields: object) => [{ name, [key]: fields }];
  const config = {
    "current-context": "a",
    contexts: named("a", "context", { cluster: "a", user: "a" }),
    clusters: named("a", "cluster", {
      server: "https://127.0.0.1:1",
      "certificate-authority": "/dev/zero",
    }),
    users: named("a", "user", {}),
  };
  writeFileSync(file, JSON.stringify(config));
  const { exit, err } = await glovebox("audit", "--cluster", "--kubeconfig", file);
  rmSync(file);
  assert.equal(exit, 3);
  assert.match(err, /file-unreadable.*\/dev\/zero/);
});

for (const [what, args, exit, says] of [
  ["nothing named", [], 2, /audit-nothing/],
  ["a file that isn't there", ["none.yaml"], 3, /file-unreadable/],
  ["nobody who listens", ["http://127.0.0.1:1"], 4, /audit-unreachable.*ECONNREFUSED/],
  ["an address that knows no dump", [`http://127.0.0.1:${port}/none`], 4, /answered 404/],
  ["a kubeconfig that isn't there", ["--cluster", "--kubeconfig", "none"], 3, /file-unreadable/],
] as const) {
  test(`${what} ends with ${exit}`, async () => {
    const ended = await glovebox("audit", ...args);
    assert.equal(ended.exit, exit, ended.err);
    assert.match(ended.err, says);
  });
}
