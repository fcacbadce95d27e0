// Bundles that were recorded from the public sigstore instance, against its trusted root: the bundles come with
// sigstore-go's source, the root with npm itself (the seeds of its @sigstore/tuf) and with sigstore-go.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Failure } from "../../src/errors/failure.ts";
import { parseBundle } from "../../src/signing/bundle.ts";
import { certificateSigner } from "../../src/signing/keyless.ts";
import { parseTrustedRoot, type TrustedRoot } from "../../src/signing/trusted-root.ts";
import { flip64 } from "../supply/tamper-case.ts";

const ci = process.env.CI === "true" || process.env.CI === "1";
const RECORDED = "github.com/sigstore/sigstore-go@v1.3.0";

/** The folder of sigstore-go's source, which Go fetches once; skips where it can't be had. */
function recorded(t: TestContext): string | null {
  const done = spawnSync("go", ["mod", "download", "-json", RECORDED], { encoding: "utf8" });
  if (done.status === 0) return JSON.parse(done.stdout).Dir;
  const reason = `${RECORDED} can't be fetched: ${done.error?.message ?? done.stderr}`;
  if (ci) throw new Error(reason);
  t.skip(reason);
  return null;
}

/** The root that npm ships for the public instance. */
function npmRoot(): string | null {
  const { stdout } = spawnSync("npm", ["root", "--global", "--silent"], { encoding: "utf8" });
  const seeds = join(stdout.trim(), "npm/node_modules/@sigstore/tuf/seeds.json");
  if (!existsSync(seeds)) return null;
  const instance = createRequire(import.meta.url)(seeds)["https://tuf-repo-cdn.sigstore.dev"];
  return Buffer.from(instance.targets["trusted_root.json"], "base64").toString("utf8");
}

const read = (text: string): Promise<TrustedRoot> =>
  parseTrustedRoot(Buffer.from(text), "trusted_root.json");

async function codeOf(text: string, root: TrustedRoot): Promise<string> {
  try {
    await certificateSigner(parseBundle(Buffer.from(text), "the bundle"), root, "the bundle");
    return "accepted";
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  }
}

test("a recorded public bundle is good under the root that npm ships, and under sigstore-go's", async (t) => {
  const folder = recorded(t);
  if (folder === null) return;
  const text = readFileSync(join(folder, "examples/bundle-provenance.json"), "utf8");
  const roots = [readFileSync(join(folder, "examples/trusted-root-public-good.json"), "utf8")];
  const shipped = npmRoot();
  if (shipped === null) t.diagnostic("this npm ships no root");
  else roots.push(shipped);
  for (const one of roots) {
    const root = await read(one);
    const bundle = parseBundle(Buffer.from(text), "the bundle");
    assert.deepEqual(await certificateSigner(bundle, root, "the bundle"), {
      subject:
        "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main",
      issuer: "https://token.actions.githubusercontent.com",
    });
  }
});

test("changed in any of its parts, the recorded bundle is refused", async (t) => {
  const folder = recorded(t);
  if (folder === null) return;
  const text = readFileSync(join(folder, "examples/bundle-provenance.json"), "utf8");
  const root = await read(
    readFileSync(join(folder, "examples/trusted-root-public-good.json"), "utf8"),
  );
  // biome-ignore lint/suspicious/noExplicitAny: any field of it may be attacked
  const changed = (change: (bundle: any) => void): Promise<string> => {
    const bundle = JSON.parse(text);
    change(bundle);
    return codeOf(JSON.stringify(bundle), root);
  };
  const material = "verificationMaterial";
  const outcomes = {
    payload: await changed((one) => {
      one.dsseEnvelope.payload = flip64(one.dsseEnvelope.payload, 0.5);
    }),
    signature: await changed((one) => {
      one.dsseEnvelope.signatures[0].sig = flip64(one.dsseEnvelope.signatures[0].sig, 0.5);
    }),
    certificate: await changed((one) => {
      const [leaf] = one[material].x509CertificateChain.certificates;
      leaf.rawBytes = flip64(leaf.rawBytes, 0.95);
    }),
    body: await changed((one) => {
      const [entry] = one[material].tlogEntries;
      entry.canonicalizedBody = flip64(entry.canonicalizedBody, 0.5);
    }),
    promise: await changed((one) => {
      const { inclusionPromise } = one[material].tlogEntries[0];
      inclusionPromise.signedEntryTimestamp = flip64(inclusionPromise.signedEntryTimestamp, 0.5);
    }),
    time: await changed((one) => {
      one[material].tlogEntries[0].integratedTime = "1000000000";
    }),
  };
  assert.deepEqual(outcomes, {
    payload: "signature-log",
    signature: "signature-log",
    certificate: "signature-certificate",
    body: "signature-log",
    promise: "signature-log",
    time: "signature-stale",
  });
});
