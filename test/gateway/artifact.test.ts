// A plugin that the configuration names by an artifact: pulled, pinned by its manifest's digest as with Istio's agent,
// hardened and ready; everything else is refused before anything is decoded.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { buildPlugins } from "../../plugins/build.ts";
import { buildArtifact } from "../../src/oci/build-artifact.ts";
import { LayoutStore } from "../../src/oci/layout-store.ts";
import { writeArtifact } from "../../src/oci/write-artifact.ts";
import { sha256 } from "../../src/util/digest.ts";
import { glovebox } from "../cli/glovebox.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-artifact-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const [plugin] = (await buildPlugins({ only: ["header-rewriter"] })).values();
const module = readFileSync(plugin!);
const folder = join(scratch, "images");
const store = new LayoutStore(folder);
const { digest } = await writeArtifact(store, buildArtifact({ module, layout: "image" }), "v1");
const manifest = digest.slice("sha256:".length);

const TYPE = "type.googleapis.com/envoy.extensions";

/** `glovebox run --check` of one plugin behind one listener, its code as Istio's agent gets it. */
async function check(uri: string, pin: string) {
  const wasm = {
    "@type": `${TYPE}.filters.http.wasm.v3.Wasm`,
    config: {
      name: "auth",
      vm_config: {
        runtime: "envoy.wasm.runtime.v8",
        code: { remote: { http_uri: { uri, cluster: "_", timeout: "5s" }, sha256: pin } },
      },
    },
  };
  const manager = {
    "@type": `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "in",
    route_config: {
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, direct_response: { status: 200 } }],
        },
      ],
    },
    http_filters: [
      { name: "auth", typed_config: wasm },
      { name: "router", typed_config: { "@type": `${TYPE}.filters.http.router.v3.Router` } },
    ],
  };
  const address = { socket_address: { address: "127.0.0.1", port_value: 0 } };
  const filters = [{ name: "http", typed_config: manager }];
  const listener = { name: "in", address, filter_chains: [{ filters }] };
  const file = join(scratch, "envoy.json");
  writeFileSync(file, JSON.stringify({ static_resources: { listeners: [listener] } }));
  const { out, err } = await glovebox("run", file, "--check", "--json");
  const { result } = JSON.parse(out);
  const findings = result.findings.map((one: { code: string }) => one.code);
  assert.ok(findings.includes("envoy-artifact-uri"), err);
  return result.plugins[0] as { sha256: string | null; error: { code: string } | null };
}

test("the lab loads an artifact whose manifest has the pinned digest", async () => {
  for (const uri of [`oci-layout:${folder}:v1`, `oci-layout:${folder}@${digest}`]) {
    const { sha256: found, error } = await check(uri, manifest);
    assert.deepEqual([found, error], [sha256(module), null]);
  }
});

test("a tag that moved changes nothing, and other digests give no module", async () => {
  const other = buildArtifact({ module, layout: "artifact" });
  const moved = await writeArtifact(store, other, "v1");
  assert.equal((await check(`oci-layout:${folder}:v1`, manifest)).sha256, sha256(module));
  const cases: readonly (readonly [string, string, string])[] = [
    // The module's own digest: what https: consumers pin.
    [`oci-layout:${folder}:v1`, sha256(module), "manifest-missing"],
    [`oci-layout:${folder}@${moved.digest}`, manifest, "digest-mismatch"],
    [`oci-layout:${join(scratch, "nowhere")}:v1`, manifest, "layout-none"],
    ["oci://registry.example/Upper", manifest, "ref-malformed"],
  ];
  for (const [uri, pin, code] of cases) {
    const { sha256: found, error } = await check(uri, pin);
    assert.deepEqual([found, error?.code], [null, code], uri);
  }
});
