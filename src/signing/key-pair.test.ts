// Keys: written as cosign writes them, read strictly, and every other file refused with its reason.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { Failure } from "../errors/failure.ts";
import { toPem } from "./pem.ts";
import { generateKeyPair, readPrivateKey, signingKey, writePrivateKey } from "./private-key.ts";
import { isSignedBy, parsePublicKey, writePublicKey } from "./public-key.ts";

/** Bytes that are the same in every run. */
const counted = (length: number) => Uint8Array.from({ length }, (_, at) => at + 1);

const codeOf = (run: () => unknown): string => {
  try {
    run();
    return "accepted";
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    return error.code;
  }
};

const pair = generateKeyPair("p4ssword", counted);
const message = new TextEncoder().encode("a module");

test("a pair signs and verifies, and nothing else does", () => {
  const key = readPrivateKey(pair.private, "p4ssword", "cosign.key");
  const known = parsePublicKey(pair.public, "cosign.pub");
  const signature = key.sign(message);
  assert.equal(key.public.id, known.id);
  assert.equal(isSignedBy(known, message, signature), true);
  assert.equal(isSignedBy(known, new TextEncoder().encode("a Module"), signature), false);
  for (let at = 0; at < signature.length; at++) {
    const changed = signature.slice();
    changed[at]! ^= 1;
    assert.equal(isSignedBy(known, message, changed), false, `byte ${at}`);
  }
  assert.equal(isSignedBy(known, message, signature.subarray(0, -1)), false);
  assert.equal(isSignedBy(known, message, new Uint8Array()), false);
});

test("the file of a key has cosign's form and the parameters that it demands", () => {
  const [label, ...lines] = pair.private.trimEnd().split("\n");
  assert.equal(label, "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----");
  const file = JSON.parse(Buffer.from(lines.slice(0, -1).join(""), "base64").toString("utf8"));
  assert.deepEqual(file.kdf.params, { N: 65536, r: 8, p: 1 });
  assert.equal(file.kdf.name, "scrypt");
  assert.equal(file.cipher.name, "nacl/secretbox");
  assert.deepEqual(Buffer.from(file.kdf.salt, "base64"), Buffer.from(counted(32)));
  assert.deepEqual(Buffer.from(file.cipher.nonce, "base64"), Buffer.from(counted(24)));
  assert.match(pair.public, /^-----BEGIN PUBLIC KEY-----\n/);
});

test("a wrong password and a damaged file are refused alike, and tell nothing of the password", () => {
  assert.equal(
    codeOf(() => readPrivateKey(pair.private, "p4ssworD", "k")),
    "key-password-wrong",
  );
  assert.equal(
    codeOf(() => readPrivateKey(pair.private, "", "k")),
    "key-password-wrong",
  );
  try {
    readPrivateKey(pair.private, "hunter2", "cosign.key");
  } catch (error) {
    assert.doesNotMatch(JSON.stringify(error) + String(error), /hunter2/);
  }
});

test("files that are no encrypted key each have their code", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const plain = privateKey.export({ format: "pem", type: "pkcs8" }) as string;
  const wrap = (value: object) =>
    toPem("ENCRYPTED SIGSTORE PRIVATE KEY", new TextEncoder().encode(JSON.stringify(value)));
  const good = JSON.parse(
    Buffer.from(pair.private.split("\n").slice(1, -2).join(""), "base64").toString("utf8"),
  );
  const cases: readonly (readonly [string, string])[] = [
    [plain, "key-not-encrypted"],
    [pair.public, "key-malformed"],
    ["", "key-malformed"],
    ["hello", "key-malformed"],
    [pair.private + pair.private, "key-malformed"],
    [`x\n${pair.private}`, "key-malformed"],
    ["a".repeat(70_000), "key-malformed"],
    [toPem("ENCRYPTED SIGSTORE PRIVATE KEY", new Uint8Array([1, 2])), "key-malformed"],
    // A file that asks for gigabytes of memory, or for next to no work.
    [wrap({ ...good, kdf: { ...good.kdf, params: { N: 2 ** 30, r: 8, p: 1 } } }), "key-malformed"],
    [wrap({ ...good, kdf: { ...good.kdf, params: { N: 2, r: 8, p: 1 } } }), "key-malformed"],
    [wrap({ ...good, kdf: { ...good.kdf, params: { N: 65536, r: 8000, p: 1 } } }), "key-malformed"],
    [wrap({ ...good, kdf: { ...good.kdf, name: "pbkdf2" } }), "key-malformed"],
    [wrap({ ...good, cipher: { ...good.cipher, name: "none" } }), "key-malformed"],
    [wrap({ ...good, cipher: { ...good.cipher, nonce: "AAAA" } }), "key-malformed"],
    [wrap({ ...good, ciphertext: "AA AA" }), "key-malformed"],
    [wrap({}), "key-malformed"],
  ];
  for (const [text, code] of cases) {
    assert.equal(
      codeOf(() => readPrivateKey(text, "p4ssword", "k")),
      code,
      text.slice(0, 200),
    );
  }
});

test("public keys: one of a strong kind in one block, and no private one", () => {
  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey;
  const curve = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey;
  const exchange = generateKeyPairSync("x25519").publicKey;
  assert.equal(
    codeOf(() => parsePublicKey(pair.private, "k")),
    "key-is-private",
  );
  for (const text of [
    ...[weak, curve, exchange].map(writePublicKey),
    pair.public + pair.public,
    pair.public.replace("PUBLIC", "PUBLIK"),
    pair.public.replace(/\n(.)/, "\nA$1"),
    "",
  ]) {
    assert.equal(
      codeOf(() => parsePublicKey(text, "k")),
      "key-malformed",
      text,
    );
  }
});

test("every kind of key that is read signs and verifies with its own digest", () => {
  const keys = [
    generateKeyPairSync("ec", { namedCurve: "P-256" }),
    generateKeyPairSync("ec", { namedCurve: "P-384" }),
    generateKeyPairSync("ec", { namedCurve: "P-521" }),
    generateKeyPairSync("ed25519"),
    generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ];
  for (const { privateKey, publicKey } of keys) {
    const signer = signingKey(privateKey, "k");
    const known = parsePublicKey(writePublicKey(publicKey), "k.pub");
    assert.equal(isSignedBy(known, message, signer.sign(message)), true);
  }
  const [first] = keys;
  const text = writePrivateKey(first!.privateKey, "", counted);
  const id = readPrivateKey(text, "", "k").public.id;
  const der = first!.publicKey.export({ format: "der", type: "spki" });
  assert.equal(id, createHash("sha256").update(der).digest("hex"));
});
