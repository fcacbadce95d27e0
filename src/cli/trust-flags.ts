// Who is trusted on the command line: --key, --identity with --issuer and --trusted-root, --threshold, --annotation; or
// whom the policy names. A policy's keys are found from the policy's own folder.
import { dirname, resolve } from "node:path";
import type { Policy } from "../policy/policy.ts";
import type { Candidate } from "../signing/candidates.ts";
import { type PublicKey, parsePublicKey } from "../signing/public-key.ts";
import { everyKey, signersOf, type Trust } from "../signing/trust.ts";
import { parseTrustedRoot } from "../signing/trusted-root.ts";
import { signingLimits } from "../spec/signing.ts";
import type { CommandName } from "./commands.ts";
import { readText } from "./ref.ts";
import { usage } from "./usage.ts";

export interface TrustFlags {
  readonly key: readonly string[] | undefined;
  readonly identity: string | undefined;
  readonly issuer: string | undefined;
  readonly "trusted-root": string | undefined;
  readonly threshold: string | undefined;
  readonly annotation: readonly string[] | undefined;
}

/** `KEY=VALUE` texts as pairs; a key only once. */
export function annotationsOf(
  command: CommandName,
  texts: readonly string[] = [],
): Readonly<Record<string, string>> {
  if (texts.length > signingLimits.annotations) usage(command, "there are too many annotations");
  const found = new Map<string, string>();
  for (const text of texts) {
    const equals = text.indexOf("=");
    if (equals <= 0) usage(command, `--annotation wants KEY=VALUE, not ${text}`);
    const key = text.slice(0, equals);
    if (found.has(key)) usage(command, `--annotation ${key} is given twice`);
    found.set(key, text.slice(equals + 1));
  }
  return Object.fromEntries(found);
}

/** Keys by the names that messages call them, from where they lie. */
function readKeys(names: readonly string[], folder: string): Promise<readonly PublicKey[]> {
  return Promise.all(
    names.map(async (name) => parsePublicKey(await readText(resolve(folder, name)), name)),
  );
}

/** The keys that a policy names; `file` is the policy's. */
export function policyKeys(
  policy: Policy,
  file: string | undefined,
): Promise<readonly PublicKey[]> {
  return readKeys(policy.signedBy, dirname(file ?? ""));
}

function thresholdOf(command: CommandName, text: string | undefined, all: number): number {
  if (text === undefined) return all;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= all) return value;
  return usage(
    command,
    `--threshold must be a number from 1 to ${all}, the signers that are named`,
  );
}

/** Who must have signed; null where neither flags nor policy name anybody. */
export async function trustOf(
  command: CommandName,
  flags: TrustFlags,
  policy: Policy | null,
  policyFile: string | undefined,
): Promise<Trust | null> {
  const { identity, issuer } = flags;
  const rootFile = flags["trusted-root"];
  const keyless = [identity, issuer, rootFile].filter((one) => one !== undefined).length;
  if (keyless !== 0 && keyless !== 3) {
    usage(command, "--identity, --issuer and --trusted-root belong together");
  }
  const given = (flags.key ?? []).length + keyless > 0;
  const keys =
    given || policy === null
      ? await readKeys(flags.key ?? [], "")
      : await policyKeys(policy, policyFile);
  const annotations = annotationsOf(command, flags.annotation);
  if (keys.length + keyless === 0) {
    const lost = flags.threshold !== undefined || Object.keys(annotations).length > 0;
    if (lost)
      usage(command, "--threshold and --annotation need a --key, or a policy with signedBy");
    return null;
  }
  const trust: Trust = {
    ...everyKey(keys),
    annotations,
    ...(identity !== undefined &&
      issuer !== undefined &&
      rootFile !== undefined && {
        identities: [{ subject: identity, issuer }],
        root: await parseTrustedRoot(
          new TextEncoder().encode(await readText(rootFile, signingLimits.trustedRootBytes)),
          rootFile,
        ),
      }),
  };
  return { ...trust, threshold: thresholdOf(command, flags.threshold, signersOf(trust)) };
}

/** The bundles that --bundle names. */
export function bundlesOf(files: readonly string[] = []): Promise<readonly Candidate[]> {
  return Promise.all(
    files.map(async (file) => {
      const bytes = new TextEncoder().encode(await readText(file, signingLimits.bundleBytes));
      return { kind: "bundle", what: `the bundle ${file}`, bytes } as const;
    }),
  );
}
