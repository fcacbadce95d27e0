// Artifacts between us and the parties: real registries hold what we push, crane and oras pull it, Istio's own fetcher
// loads each layout that we say it accepts, and what they push we pull. Digests agree everywhere.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { buildPlugins } from "../../plugins/build.ts";
import { digestOf } from "../../src/net/digest.ts";
import { type Manifest, serializeManifest } from "../../src/net/manifest.ts";
import { fallbackTag } from "../../src/net/store.ts";
import { openRegistry } from "../../src/oci/remote.ts";
import { imageLayouts } from "../../src/spec/image-layouts.ts";
import { EMPTY_JSON, mediaTypes } from "../../src/spec/oci.ts";
import { sha256 } from "../../src/util/digest.ts";
import { glovebox } from "../cli/glovebox.ts";
import { testRemote } from "../oci/remote.ts";
import { found } from "./party.ts";
import { type RealRegistry, registryPrograms, startRegistry } from "./registries.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-registries-"));
const registries: RealRegistry[] = [];
after(async () => {
  for (const one of registries) await one.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const [plugin] = (await buildPlugins({ only: ["header-rewriter"] })).values();
const bytes = readFileSync(plugin!);
const moduleDigest = sha256(bytes);

// Parties, and we ourselves, read credentials of whoever runs the tests and use their cache; here they find none.
mkdirSync(join(scratch, "home"), { recursive: true });
process.env.HOME = join(scratch, "home");
const env = { ...process.env, HOME: join(scratch, "home"), DOCKER_CONFIG: join(scratch, "home") };

function party(program: string, ...args: readonly string[]): string {
  const done = spawnSync(program, args, { encoding: "utf8", env, cwd: scratch, timeout: 60_000 });
  assert.equal(done.status, 0, `${program} ${args.join(" ")}: ${done.error ?? done.stderr}`);
  return done.stdout.trim();
}

const file = (name: string): string => join(scratch, name);

async function json(...args: readonly string[]) {
  const { exit, out, err } = await glovebox(...args, "--plain-http", "--json");
  assert.equal(exit, 0, `glovebox ${args.join(" ")}: ${err}`);
  return JSON.parse(out).result;
}

const written = (Object.keys(imageLayouts) as (keyof typeof imageLayouts)[]).filter(
  (name) => imageLayouts[name].written,
);

for (const program of registryPrograms) {
  test(`${program}: what we push, crane and oras and Istio pull; what they push, we pull`, async (t) => {
    for (const name of [program, "crane", "oras", "istio-fetch"]) if (!found(t, name)) return;
    const registry = await startRegistry(program, scratch);
    registries.push(registry);
    for (const layout of written) {
      const ref = `${registry.host}/plugins/${layout}:v1`;
      const pushed = await json("push", plugin!, `oci://${ref}`, "--layout", layout);
      assert.equal(pushed.module, moduleDigest);

      const pulled = await json("pull", `oci://${ref}`, "-o", file("pulled.wasm"));
      assert.deepEqual(readFileSync(file("pulled.wasm")), bytes);
      assert.deepEqual([pulled.manifest, pulled.layout], [pushed.manifest, layout]);

      assert.equal(party("crane", "digest", "--insecure", ref), pushed.manifest);
      const manifest = party("crane", "manifest", "--insecure", ref);
      assert.equal(digestOf(Buffer.from(manifest)), pushed.manifest);
      party("crane", "validate", "--insecure", "--remote", ref, "--fast");
      const copied = `${registry.host}/copies/${layout}:v1`;
      party("oras", "cp", "--from-plain-http", "--to-plain-http", ref, copied);
      assert.equal(party("crane", "digest", "--insecure", copied), pushed.manifest);

      // Istio: the module, and the digest that a WasmPlugin's sha256 is compared with.
      const accepted = pushed.acceptedBy.includes("Istio");
      assert.equal(accepted, layout !== "cncf");
      const fetched = spawnSync("istio-fetch", ["image", ref, file("istio.wasm")], {
        encoding: "utf8",
        env,
      });
      assert.equal(fetched.status === 0, accepted, `${layout}: ${fetched.stderr}`);
      if (accepted) {
        assert.equal(`sha256:${fetched.stdout.trim().split("\n").at(-1)}`, pushed.manifest);
        assert.deepEqual(readFileSync(file("istio.wasm")), bytes);
        const checksum = pushed.manifest.slice("sha256:".length);
        const cache = file(`istio-${program}-${layout}`);
        mkdirSync(cache);
        const kept = party("istio-fetch", "get", `oci://${ref}`, checksum, cache)
          .split("\n")
          .at(-1)!;
        assert.deepEqual(readFileSync(kept), bytes);
        const wrong = spawnSync("istio-fetch", ["get", `oci://${ref}`, moduleDigest, cache], {
          env,
        });
        assert.notEqual(wrong.status, 0, "the module's digest is not what oci:// consumers pin");
      }
    }
  });

  test(`${program}: what crane and oras push, in their ways, we pull`, async (t) => {
    for (const name of [program, "crane", "oras"]) if (!found(t, name)) return;
    const registry = registries.find((one) => one.name === program)!;
    const folder = join(scratch, `${program}-files`);
    mkdirSync(folder);
    writeFileSync(join(folder, "plugin.wasm"), bytes);
    spawnSync("tar", ["-czf", file("layer.tgz"), "-C", folder, "plugin.wasm"]);
    const at = (name: string): string => `${registry.host}/theirs/${name}:v1`;
    // An image by crane: Docker's types, with an empty base.
    party(
      "crane",
      "append",
      "--insecure",
      "-f",
      file("layer.tgz"),
      "-t",
      at("docker"),
      "--oci-empty-base=false",
    );
    party(
      "crane",
      "append",
      "--insecure",
      "-f",
      file("layer.tgz"),
      "-t",
      at("image"),
      "--oci-empty-base",
    );
    const oras = (name: string, ...args: readonly string[]) =>
      party("oras", "push", "--plain-http", "--disable-path-validation", at(name), ...args);
    writeFileSync(
      file("runtime-config.json"),
      '{"type":"envoy_proxy","abi_version":"v0","config":{"root_ids":["r"]}}',
    );
    writeFileSync(file("config.json"), "{}");
    const layer = (type: string): string => `${join(folder, "plugin.wasm")}:${type}`;
    oras(
      "artifact",
      ...["--config", `${file("config.json")}:${mediaTypes.ociConfig}`],
      `${file("runtime-config.json")}:${mediaTypes.hubConfig}`,
      layer(mediaTypes.hubContent),
    );
    oras(
      "cncf",
      "--config",
      `${file("config.json")}:${mediaTypes.cncfConfig}`,
      layer(mediaTypes.cncfContent),
    );
    oras(
      "wasm-to-oci",
      ...["--config", `${file("config.json")}:${mediaTypes.wasmToOciConfig}`],
      layer(mediaTypes.wasmToOciContent),
    );
    for (const layout of ["docker", "image", "artifact", "cncf", "wasm-to-oci"]) {
      const pulled = await json("pull", `oci://${at(layout)}`, "-o", file("theirs.wasm"));
      assert.equal(pulled.layout, layout);
      assert.deepEqual(readFileSync(file("theirs.wasm")), bytes);
      assert.equal(party("crane", "digest", "--insecure", at(layout)), pulled.manifest);
      if (layout === "artifact") assert.deepEqual(pulled.runtimeConfig.rootIds, ["r"]);
    }
  });

  test(`${program}: referrers of ours are found by oras, its own by us`, async (t) => {
    for (const name of [program, "oras"]) if (!found(t, name)) return;
    const registry = registries.find((one) => one.name === program)!;
    const repository = "plugins/image";
    const store = openRegistry({ registry: registry.host, repository }, testRemote());
    const subject = (await store.getManifest("v1"))!.descriptor;
    const type = "application/vnd.glovebox.test";
    const config = await store.putBlob(Buffer.from(EMPTY_JSON), mediaTypes.ociEmpty);
    const refer = (which: string): Promise<unknown> => {
      const manifest: Manifest = {
        kind: "manifest",
        mediaType: mediaTypes.ociManifest,
        artifactType: type,
        config,
        layers: [],
        subject,
        annotations: { which },
      };
      return store.putManifest(serializeManifest(manifest), mediaTypes.ociManifest);
    };
    await refer("a");
    // The party in memory has the API (and doesn't say so in its answer: oras would write the tag all the same).
    const tag = await store.getManifest(fallbackTag(subject.digest));
    assert.equal(tag === null, program === "referrers-registry", "a fallback tag, or an API");
    writeFileSync(file("note.txt"), "a note");
    const ref = `${registry.host}/${repository}:v1`;
    const attach = ["attach", "--plain-http", "--artifact-type", `${type}.oras`, ref];
    party("oras", ...attach, "note.txt:text/plain");
    await refer("b");
    const listed = await store.listReferrers(subject.digest);
    assert.equal(listed.length, 3);
    assert.equal((await store.listReferrers(subject.digest, `${type}.oras`)).length, 1);
    const seen = party("oras", "discover", "--plain-http", "--format", "json", ref);
    for (const { digest } of listed) assert.ok(seen.includes(digest), digest);
  });

  test(`${program}: large blobs go up in pieces, mounts move nothing`, async (t) => {
    if (!found(t, program)) return;
    const registry = registries.find((one) => one.name === program)!;
    const { RegistrySession } = await import("../../src/oci/registry-session.ts");
    const { RegistryStore } = await import("../../src/oci/registry-store.ts");
    const open = (repository: string): InstanceType<typeof RegistryStore> => {
      const session = new RegistrySession({ ...testRemote(), registry: registry.host, repository });
      return new RegistryStore({ session, repository, chunk: 100_000 });
    };
    const large = new Uint8Array(450_001).map((_, i) => (i * 31) ^ (i >> 8));
    const store = open("large/blobs");
    const { digest, size } = await store.putBlob(large, "application/x");
    assert.deepEqual(Uint8Array.from(await store.getBlob({ digest, size }, size)), large);
    const mounted = await open("other/blobs").mountBlob(digest, "large/blobs");
    // The party in memory has one store for all repositories and knows no mounts.
    assert.equal(mounted, program !== "referrers-registry");
    assert.equal(await open("other/blobs").hasBlob(digest), true);
  });
}

test("an image layout of ours is one to crane and oras, and theirs are to us", async (t) => {
  for (const name of ["crane", "oras"]) if (!found(t, name)) return;
  const layout = file("layout");
  const { manifest } = await json("push", plugin!, `oci-layout:${layout}:v1`);
  assert.equal(
    JSON.parse(party("oras", "manifest", "fetch", "--oci-layout", "--descriptor", `${layout}:v1`))
      .digest,
    manifest,
  );
  const theirs = file("theirs");
  party("oras", "cp", "--from-oci-layout", "--to-oci-layout", `${layout}:v1`, `${theirs}:v2`);
  const pulled = await json("pull", `oci-layout:${theirs}:v2`, "-o", file("layout.wasm"));
  assert.equal(pulled.manifest, manifest);
  assert.deepEqual(readFileSync(file("layout.wasm")), bytes);
});
