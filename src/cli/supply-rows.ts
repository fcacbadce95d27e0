// Rows of the commands that sign, attest and lock.
import type { CommandRow } from "./command-row.ts";
import { remoteFlags } from "./oci-rows.ts";
import { modeFlag, policyFlag } from "./plugin-flags.ts";
import { signerFlags } from "./signing-flags.ts";

const artifact = {
  name: "ref",
  summary: "the artifact: oci:// or oci-layout:",
  required: true,
} as const;

const policies = { ...policyFlag, summary: "the policy of a plugin", many: true } as const;

const lockFile = {
  name: "lock",
  value: "FILE",
  summary: "the lock; without it glovebox.lock",
} as const;

const PASSWORD =
  "The key's password comes from GLOVEBOX_KEY_PASSWORD or COSIGN_PASSWORD, or is asked for on a terminal.";

export const supplyRows = {
  keys: {
    summary: "make a pair of keys to sign with, as cosign makes it",
    detail: `Writes NAME.key, encrypted, and NAME.pub; existing files stay. ${PASSWORD}`,
    args: [
      { name: "name", summary: "path without its ending; without it cosign", required: false },
    ],
    flags: [],
    examples: [
      { line: "glovebox keys", does: "write cosign.key and cosign.pub" },
      {
        line: "glovebox keys keys/platform",
        does: "write keys/platform.key and keys/platform.pub",
      },
    ],
    exits: [3, 5],
  },
  sign: {
    summary: "sign an artifact, so that cosign, Kyverno and glovebox verify accept it",
    detail: `What is signed is the manifest's digest; a tag that is moved later takes no signature along. ${PASSWORD}`,
    args: [artifact],
    flags: [
      ...signerFlags,
      {
        name: "format",
        value: "FORMAT",
        summary: "bundle (cosign 3, default), legacy (the tag sha256-HEX.sig) or both",
        choices: ["bundle", "legacy", "both"],
      },
      {
        name: "annotation",
        value: "KEY=VALUE",
        summary: "an annotation that is signed along",
        many: true,
      },
      ...remoteFlags,
    ],
    examples: [
      {
        line: "glovebox sign oci://registry.example.com/plugins/auth:v1.2.3 --key cosign.key",
        does: "by key",
      },
      {
        line: "glovebox sign oci-layout:images:auth-v1.2.3 --key cosign.key --format both --annotation stage=production",
        does: "for old verifiers too, with an annotation",
      },
    ],
    exits: [1, 3, 4, 5],
  },
  attest: {
    summary:
      "attest that an artifact is a plugin hardened under a policy, after checking that it is",
    detail: `Hardens the original again and compares: the statement is signed only if every byte is the artifact's, and verify finds nothing. With --predicate, attaches a statement of yours, such as SLSA provenance; with --bundle, one that is signed already. ${PASSWORD}`,
    args: [artifact],
    flags: [
      { ...policyFlag, summary: "the policy that it is hardened under" },
      {
        name: "original",
        value: "REF",
        summary: "the plugin as its author shipped it: a file or any reference",
      },
      modeFlag,
      { name: "predicate", value: "FILE", summary: "attach this predicate (JSON) instead" },
      { name: "type", value: "URI", summary: "the predicate's type; without it SLSA provenance 1" },
      { name: "bundle", value: "FILE", summary: "attach this bundle instead (harden --attest)" },
      ...signerFlags,
      ...remoteFlags,
    ],
    examples: [
      {
        line: "glovebox attest oci://registry.example.com/plugins/auth:v1.2.3 -p auth.yaml --original vendor-auth.wasm --key cosign.key",
        does: "the usual way",
      },
      {
        line: "glovebox attest oci-layout:images:auth-v1.2.3 --predicate slsa.json --key cosign.key",
        does: "let the build's provenance ride along",
      },
    ],
    exits: [1, 3, 4, 5],
  },
  lock: {
    summary: "write the digests of every plugin that the policies name",
    detail:
      "Fetches each spec.source.url once, checks the policy's own pins and signatures, and writes what was found: manifest, module, and the calls that the module imports. The same content gives the same file.",
    args: [],
    flags: [
      policies,
      { name: "output", short: "o", value: "FILE", summary: "without it glovebox.lock" },
      ...remoteFlags,
    ],
    examples: [{ line: "glovebox lock -p auth.yaml -p logging.yaml", does: "write glovebox.lock" }],
    exits: [1, 3, 4, 5],
  },
  update: {
    summary: "what is new under the locked tags, and take it over in all files at once",
    detail:
      "For each locked plugin: has its tag other content, is that signed, and what may it call that the locked one may not? With --write, the lock, the policies' pins and the digests in the manifests given change together; what isn't signed as the policy demands is left. Without --write it ends with 1 where there is something to take over or a manifest disagrees with the lock.",
    args: [
      {
        name: "manifests",
        summary: "files that name the plugins: WasmPlugin, EnvoyFilter, Envoy bootstraps, others",
        required: false,
        many: true,
      },
    ],
    flags: [
      policies,
      lockFile,
      { name: "write", summary: "write lock, policies and manifests" },
      ...remoteFlags,
    ],
    examples: [
      { line: "glovebox update -p auth.yaml deploy/*.yaml", does: "see what would change" },
      {
        line: "glovebox update -p auth.yaml deploy/*.yaml --write",
        does: "change it, as a pull request of GitOps",
      },
    ],
    exits: [1, 3, 4, 5],
  },
} as const satisfies Readonly<Record<string, CommandRow>>;
