// What we attest: "this module is that one, hardened under this policy by this version, and verified". The predicate
// is written and read here; whether it is true of a module is checked by whoever holds its bytes.
import { Failure, fail } from "../errors/failure.ts";
import { type Digest, hexOf } from "../net/digest.ts";
import { predicateTypes } from "../spec/signing.ts";
import { type Fields, isFields, isSha256 } from "./json.ts";
import { type Statement, type Subject, writeStatement } from "./statement.ts";

export interface Hardening {
  /** The plugin as its author shipped it. */
  readonly original: {
    readonly sha256: string;
    /** Where it was read from, without what may be secret; null for a file. */
    readonly reference: string | null;
    readonly manifest: Digest | null;
  };
  readonly module: { readonly sha256: string };
  readonly policy: { readonly name: string; readonly digest: string };
  readonly tool: { readonly name: string; readonly version: string };
}

/** The predicate's fields; `verified` is always true, since nothing else is attested. */
function predicateOf({ original, module, policy, tool }: Hardening): Fields {
  const { sha256, reference, manifest } = original;
  return {
    original: {
      sha256,
      ...(reference !== null && { reference }),
      ...(manifest !== null && { manifest }),
    },
    module,
    policy,
    tool,
    verified: true,
  };
}

/** The statement's bytes. With a manifest it is a subject too, so that tools that know manifests only find theirs. */
export function writeHardening(hardening: Hardening, manifest: Digest | null): Uint8Array {
  const module: Subject = { name: "module", sha256: hardening.module.sha256, annotations: {} };
  const artifact: Subject[] =
    manifest === null ? [] : [{ name: "manifest", sha256: hexOf(manifest), annotations: {} }];
  return writeStatement({
    subjects: [...artifact, module],
    predicateType: predicateTypes.hardened,
    predicate: predicateOf(hardening),
  });
}

const textOf = (value: unknown): string | null =>
  typeof value === "string" ? value.slice(0, 500) : null;

/** Reads the predicate of a statement of ours. Throws `attestation-predicate`. */
export function hardeningOf({ predicate }: Statement, what: string): Hardening {
  const bad = (reason: string): never => fail("attestation-predicate", { what, reason });
  const { original, module, policy, tool, verified } = predicate;
  if (verified !== true) return bad("it doesn't say that the module was verified");
  if (!isFields(original) || !isSha256(original.sha256)) return bad("it names no original");
  if (!isFields(module) || !isSha256(module.sha256)) return bad("it names no module");
  if (!isFields(policy) || !isSha256(policy.digest)) return bad("it names no policy by digest");
  if (!isFields(tool)) return bad("it names no tool");
  const { manifest } = original;
  if (manifest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(String(manifest))) {
    return bad("its original's manifest is no digest");
  }
  return {
    original: {
      sha256: original.sha256,
      reference: textOf(original.reference),
      manifest: (manifest as Digest | undefined) ?? null,
    },
    module: { sha256: module.sha256 },
    policy: { name: textOf(policy.name) ?? "", digest: policy.digest },
    tool: { name: textOf(tool.name) ?? "", version: textOf(tool.version) ?? "" },
  };
}

/** What an attestation must agree with. */
export interface Expected {
  /** Hex of the bytes at hand. */
  readonly module: string;
  readonly policyDigest: string;
  /** The policy's pins of the original: its bytes, in hex, and its manifest; null where it has none. */
  readonly original: string | null;
  readonly originalManifest: string | null;
}

/** Throws `attestation-module`, `attestation-policy`, `attestation-original`. */
export function checkHardening(hardening: Hardening, expected: Expected, what: string): void {
  const { module, policy, original } = hardening;
  if (module.sha256 !== expected.module) {
    fail("attestation-module", { what, found: module.sha256, expected: expected.module });
  }
  if (policy.digest !== expected.policyDigest) {
    fail("attestation-policy", { what, found: policy.digest, expected: expected.policyDigest });
  }
  if (expected.original !== null && original.sha256 !== expected.original) {
    fail("attestation-original", { what, found: original.sha256, expected: expected.original });
  }
  const { manifest } = original;
  if (expected.originalManifest !== null && manifest !== expected.originalManifest) {
    const found = manifest ?? "no manifest";
    fail("attestation-original", { what, found, expected: expected.originalManifest });
  }
}

/** As checkHardening, with the refusal as an answer. */
export function judgeHardening(
  statement: Statement,
  expected: Expected,
  what: string,
): Hardening | Failure {
  try {
    const hardening = hardeningOf(statement, what);
    checkHardening(hardening, expected, what);
    return hardening;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
