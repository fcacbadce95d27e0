// keys, sign, attest, verify and harden as a user types them, on folders in OCI image layout.
import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { writePrivateKey } from "../../src/signing/private-key.ts";
import { writePublicKey } from "../../src/signing/public-key.ts";
import { keyEncryption } from "../../src/spec/signing.ts";
import { command, file, PASSWORD, resultOf } from "./command.ts";
import { IDENTITY, sigstore, TOKEN } from "./sigstore.ts";
import { first, second } from "./world.ts";

writeFileSync(file("vendor.wasm"), first.original);
writeFileSync(file("other.wasm"), second.original);

const policyText = (source: string): string =>
  `apiVersion: glovebox.dev/v1alpha1\nkind: PluginPolicy\nmetadata: { name: tampered }\nspec:\n  role: logging\n${source}`;
writeFileSync(file("open.yaml"), policyText(""));
writeFileSync(
  file("signed.yaml"),
  policyText("  source: { signedBy: [{ publicKey: vendor.pub }] }\n"),
);

const layout = (name: string) => `oci-layout:${file(name)}`;
const ok = async (...args: readonly string[]) => {
  const ran = await command(args);
  assert.equal(ran.exit, 0, ran.said);
  return ran;
};
const refuses = async (exit: number, code: string, ...args: readonly string[]) => {
  const ran = await command(args);
  assert.equal(ran.exit, exit, ran.said);
  assert.ok(ran.out.includes(`error[${code}]`) || ran.err.includes(`error[${code}]`), ran.said);
};

await ok("keys", file("vendor"));
/** The other pair is as tools wrote it years ago: opening it costs half. */
const platform = generateKeyPairSync("ec", { namedCurve: "P-256" });
const oldCost = keyEncryption.costs[1];
const platformKey = writePrivateKey(platform.privateKey, PASSWORD, randomBytes, oldCost);
writeFileSync(file("platform.key"), platformKey);
writeFileSync(file("platform.pub"), writePublicKey(platform.publicKey));

test("keys writes a pair once, the private part for its owner alone and never in the clear", async () => {
  const before = readFileSync(file("vendor.key"), "utf8");
  assert.match(before, /ENCRYPTED SIGSTORE PRIVATE KEY/);
  if (process.platform !== "win32") assert.equal(statSync(file("vendor.key")).mode & 0o077, 0);
  await refuses(5, "file-unwritable", "keys", file("vendor"));
  assert.equal(readFileSync(file("vendor.key"), "utf8"), before);
});

test("a password is asked of the environment, and neither shown nor taken as an argument", async () => {
  await ok("push", file("vendor.wasm"), `${layout("vendor")}:v1`);
  const sign = ["sign", `${layout("vendor")}:v1`, "--key", file("vendor.key")];
  const wrong = await command(sign, { GLOVEBOX_KEY_PASSWORD: "wrong" });
  assert.equal(wrong.exit, 3);
  assert.match(wrong.err, /error\[key-password-wrong\]/);
  assert.doesNotMatch(wrong.said, /wrong\b(?!\])/i);
  // The name that cosign knows works too.
  const named = await command(sign, { GLOVEBOX_KEY_PASSWORD: PASSWORD, COSIGN_PASSWORD: "x" });
  assert.equal(named.exit, 0, named.said);
  const given = await command([...sign, "--password", PASSWORD]);
  assert.equal(given.exit, 2);
});

test("a policy that names signers hardens what they signed, and nothing else", async () => {
  const harden = (ref: string, ...more: readonly string[]) =>
    ["harden", ref, "-p", file("signed.yaml"), "-o", file("contained.wasm"), ...more] as const;
  await refuses(1, "source-unsigned", ...harden(file("vendor.wasm")));
  await ok("push", file("other.wasm"), `${layout("vendor")}:unsigned`);
  await refuses(1, "signature-missing", ...harden(`${layout("vendor")}:unsigned`));
  await ok("sign", `${layout("vendor")}:unsigned`, "--key", file("platform.key"));
  await refuses(1, "signature-foreign", ...harden(`${layout("vendor")}:unsigned`));
  assert.equal(existsSync(file("contained.wasm")), false);
  await ok("sign", `${layout("vendor")}:v1`, "--key", file("vendor.key"));
  await ok(...harden(`${layout("vendor")}:v1`));
  assert.equal(existsSync(file("contained.wasm")), true);
});

test("a policy's manifest is held against what was read", async () => {
  const { manifest } = await resultOf(0, "push", file("vendor.wasm"), `${layout("vendor")}:v1`);
  const pinned = (digest: string) => {
    writeFileSync(file("pinned.yaml"), policyText(`  source: { manifest: "${digest}" }\n`));
    return ["harden", `${layout("vendor")}:v1`, "-p", file("pinned.yaml"), "-o", file("x.wasm")];
  };
  await ok(...pinned(manifest));
  await refuses(1, "source-manifest", ...pinned(`sha256:${"0".repeat(64)}`));
  const [, , ...rest] = pinned(manifest);
  await refuses(1, "source-manifest", "harden", file("vendor.wasm"), ...rest);
});

test("an artifact is signed, attested and verified; verify lists all four checks", async () => {
  const image = `${layout("images")}:v1`;
  const open = ["-p", file("open.yaml")];
  await ok("harden", file("vendor.wasm"), ...open, "-o", file("c.wasm"));
  await ok("push", file("c.wasm"), image);
  const key = ["--key", file("platform.key")];
  await ok("sign", image, ...key, "--format", "both", "--annotation", "stage=live");
  const verify = ["verify", image, ...open, "--key", file("platform.pub")];
  await refuses(1, "attestation-missing", ...verify, "--require-attestation");
  const original = ["--original", file("vendor.wasm")];
  await ok("attest", image, ...open, ...original, ...key);
  const all = await resultOf(0, ...verify, "--require-attestation", "--annotation", "stage=live");
  assert.deepEqual(
    all.checks.map((one: { check: string; status: string }) => `${one.check} ${one.status}`),
    ["pin absent", "signature held", "attestation held", "containment held"],
  );
  const pinned = `${layout("images")}@${all.manifest}`;
  const [, , ...rest] = verify;
  const report = await ok("verify", pinned, ...rest);
  assert.match(report.out, /^contained: [^\n]+\n {2}pin +held \(sha256:[0-9a-f]{64}\)\n/);
  assert.match(report.out, /attestation +held \([^)]+\): needed for nothing here/);
  await refuses(1, "signature-annotations", ...verify, "--annotation", "stage=test");
  const [, , ...vendor] = [...verify.slice(0, -1), file("vendor.pub")];
  await refuses(1, "signature-foreign", "verify", image, ...vendor);
});

test("nothing false is attested: other originals, other policies and uncontained modules", async () => {
  const key = ["--key", file("platform.key")];
  const image = `${layout("images")}:false`;
  const attest = (original: string) =>
    ["attest", image, "-p", file("open.yaml"), "--original", original, ...key] as const;
  await ok("harden", file("vendor.wasm"), "-p", file("open.yaml"), "-o", file("c.wasm"));
  await ok("push", file("c.wasm"), image);
  await refuses(1, "attest-not-original", ...attest(file("other.wasm")));
  await ok("push", file("vendor.wasm"), image);
  await refuses(1, "attest-not-contained", ...attest(file("vendor.wasm")));
  const reserved = ["--type", "https://glovebox.dev/attestations/hardened/v1"];
  writeFileSync(file("predicate.json"), "{}");
  await refuses(
    2,
    "cli-usage",
    "attest",
    image,
    "--predicate",
    file("predicate.json"),
    ...reserved,
    ...key,
  );
});

test("harden --attest writes the statement, which attest --bundle attaches to its artifact only", async () => {
  const key = ["--key", file("platform.key")];
  const open = ["-p", file("open.yaml")];
  const out = ["-o", file("d.wasm"), "--attest", file("d.json")];
  await ok("harden", file("vendor.wasm"), ...open, ...out, ...key);
  const image = `${layout("images")}:attested`;
  await ok("push", file("d.wasm"), image);
  await ok("attest", image, "--bundle", file("d.json"));
  await ok("sign", image, ...key);
  const trusted = ["--key", file("platform.pub"), "--require-attestation"];
  const { attestation } = await resultOf(0, "verify", image, ...open, ...trusted);
  assert.equal(attestation.module.sha256.length, 64);
  await ok("push", file("other.wasm"), `${layout("images")}:other`);
  const other = `${layout("images")}:other`;
  await refuses(1, "attestation-module", "attest", other, "--bundle", file("d.json"));
});

test("provenance of the build rides along and is taken for nothing else", async () => {
  // A store of its own: the same module has the same digest, and would bring its attestations along.
  const image = `${layout("builds")}:slsa`;
  const key = ["--key", file("platform.key")];
  await ok("push", file("d.wasm"), image);
  await ok("sign", image, ...key);
  writeFileSync(file("slsa.json"), JSON.stringify({ buildDefinition: {}, runDetails: {} }));
  const { predicateType } = await resultOf(
    0,
    "attest",
    image,
    "--predicate",
    file("slsa.json"),
    ...key,
  );
  assert.equal(predicateType, "https://slsa.dev/provenance/v1");
  const verify = ["verify", image, "-p", file("open.yaml"), "--key", file("platform.pub")];
  await ok(...verify);
  await refuses(1, "attestation-missing", ...verify, "--require-attestation");
});

test("without a key, a token signs by certificate; the same identity verifies and no other", async (t) => {
  const instance = await sigstore();
  const seen: string[] = [];
  const server = createServer((request, answer) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", async () => {
      const body = JSON.parse(Buffer.concat(parts).toString("utf8"));
      seen.push(`${request.url} ${request.headers.authorization ?? ""}`);
      const { authority, log, timestamp, post } = instance.services;
      const base = request.url!.includes("signingCert")
        ? authority
        : request.url!.includes("timestamp")
          ? timestamp!
          : log;
      const bytes = await post(base + request.url!, body, 1e6);
      answer.writeHead(201, { "content-type": "application/octet-stream" }).end(bytes);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(file("root.json"), instance.root);
  const image = `${layout("images")}:keyless`;
  await ok("push", file("d.wasm"), image);
  const services = ["--fulcio", url, "--rekor", url, "--timestamp", url, "--plain-http"];
  await t.test("signing needs a token, and TLS unless it is asked not to", async () => {
    await refuses(2, "cli-usage", "sign", image, ...services);
    const plain = await command(["sign", image, ...services.slice(0, -1)], {
      SIGSTORE_ID_TOKEN: TOKEN,
    });
    assert.equal(plain.exit, 4, plain.said);
    const signed = await command(["sign", image, ...services], { SIGSTORE_ID_TOKEN: TOKEN });
    assert.equal(signed.exit, 0, signed.said);
    assert.doesNotMatch(signed.said, new RegExp(TOKEN.split(".")[1]!));
    assert.equal(seen.length, 3);
  });
  const open = ["-p", file("open.yaml"), "--trusted-root", file("root.json")];
  const as = (subject: string, issuer: string) => ["--identity", subject, "--issuer", issuer];
  await ok("verify", image, ...open, ...as(IDENTITY.subject, IDENTITY.issuer));
  await ok("verify", image, ...open, ...as("https://ci.example.com/*", IDENTITY.issuer));
  const evil = ["verify", image, ...open];
  await refuses(
    1,
    "signature-identity",
    ...evil,
    ...as("https://evil.example.com", IDENTITY.issuer),
  );
  await refuses(1, "signature-identity", ...evil, ...as(".*", IDENTITY.issuer));
  await refuses(2, "cli-usage", "verify", image, "-p", file("open.yaml"), "--identity", "x");
});

test("bad keys, roots, tokens and bundles each end in one clear error", async () => {
  const image = `${layout("images")}:v1`;
  const verify = ["verify", image, "-p", file("open.yaml")];
  writeFileSync(file("empty"), "");
  writeFileSync(file("twice.json"), '{"mediaType":1,"mediaType":2}');
  await refuses(3, "key-malformed", ...verify, "--key", file("empty"));
  await refuses(2, "key-is-private", ...verify, "--key", file("vendor.key"));
  await refuses(3, "file-unreadable", ...verify, "--key", file("nowhere.pub"));
  const identity = ["--identity", "a", "--issuer", "b"];
  await refuses(3, "trust-root", ...verify, ...identity, "--trusted-root", file("empty"));
  await refuses(3, "trust-root", ...verify, ...identity, "--trusted-root", file("twice.json"));
  const key = ["--key", file("platform.pub")];
  await refuses(
    1,
    "json-duplicate-key",
    "verify",
    file("c.wasm"),
    "-p",
    file("open.yaml"),
    ...key,
    "--bundle",
    file("twice.json"),
  );
  await refuses(2, "cli-usage", ...verify, ...key, "--threshold", "2");
  await refuses(2, "cli-usage", ...verify, "--threshold", "1");
  const token = await command(["sign", image], { SIGSTORE_ID_TOKEN: "not a token" });
  assert.equal(token.exit, 3, token.said);
  assert.match(token.err, /error\[token-malformed\]/);
  await refuses(2, "ref-not-artifact", "sign", file("c.wasm"), "--key", file("platform.key"));
});

test("pull --key writes the module only where that key signed it", async () => {
  const image = `${layout("pulled")}:v1`;
  await ok("push", file("d.wasm"), image);
  const pull = ["pull", image, "-o", file("pulled.wasm"), "--key", file("platform.pub")];
  await refuses(1, "signature-missing", ...pull);
  assert.equal(existsSync(file("pulled.wasm")), false);
  await ok("sign", image, "--key", file("platform.key"));
  assert.deepEqual((await resultOf(0, ...pull)).signers, [file("platform.pub")]);
  assert.deepEqual(readFileSync(file("pulled.wasm")), readFileSync(file("d.wasm")));
});

test("what generates configuration and what tries a plugin hold a policy's signers too", async () => {
  const signed = ["-p", file("signed.yaml")];
  const good = `${layout("demanded")}:v1`;
  await ok("push", file("vendor.wasm"), good);
  await ok("sign", good, "--key", file("vendor.key"));
  const hub = `oci://registry.example.com/plugins/a@sha256:${"0".repeat(64)}`;
  const commands: readonly (readonly string[])[] = [
    ["generate", "envoy", "REF", ...signed, "--hardened", file("g.wasm")],
    ["generate", "istio", "REF", ...signed, "--url", hub],
    ["trial", "REF", ...signed],
  ];
  for (const args of commands) {
    const at = (ref: string) => args.map((one) => (one === "REF" ? ref : one));
    await refuses(1, "source-unsigned", ...at(file("vendor.wasm")));
  }
  const [envoy, istio] = commands.map((args) => args.map((one) => (one === "REF" ? good : one)));
  await ok(...envoy!);
  await ok(...istio!);
});
