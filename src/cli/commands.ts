// The one table of commands. The parser, --help, completion and docs/reference/cli.md derive from it, and
// loaders.ts must have a handler for each row. Data only: showing help may load nothing else.
import { envoyReleases } from "../spec/envoy-versions.ts";
import { auditRow } from "./audit-row.ts";
import type { CommandRow, FlagRow, Input } from "./command-row.ts";
import { canaryFlags, generateRows } from "./generate-rows.ts";
import { ociRows, remoteFlags } from "./oci-rows.ts";
import {
  configurationFlag,
  modeFlag,
  policyFlag,
  ref,
  roleFlag,
  rootIdFlag,
  startFlags,
} from "./plugin-flags.ts";
import { serveRow } from "./serve-row.ts";
import { signerFlags, trustFlags } from "./signing-flags.ts";
import { supplyRows } from "./supply-rows.ts";

/** On every command; the parser adds it, no row repeats it. */
export const commonFlags = [
  { name: "json", summary: "print one JSON document instead of text" },
] as const satisfies readonly FlagRow[];

/** What a run is looked at by; `policy learn` and `policy fit` take the same. */
const evidenceFlags = [
  {
    name: "traffic",
    value: "FILE",
    summary: "recorded requests to play: HAR 1.2, or JSON lines (docs/traffic.md)",
    many: true,
  },
  {
    name: "record",
    value: "PATH",
    summary: "a record of a run, or the folder that `glovebox run --record` wrote",
    many: true,
  },
  configurationFlag,
  rootIdFlag,
  {
    name: "margin",
    value: "FACTOR",
    summary: "what measured limits are multiplied by; without it 2",
  },
  {
    name: "percentile",
    value: "P",
    summary: "the percentile that limits come from; without it 99.9",
  },
] as const satisfies readonly FlagRow[];

export const commands = {
  inspect: {
    summary: "what a plugin is and may do, and the least policy it needs",
    detail:
      "Lists ABI version, SDK, imports and callbacks with capability and risk, memory, features and sizes, and what a stock Envoy would do with the module. Calls are marked reachable, indirect (only a call through a table leads there) or unused. Ends with 1 where a stock Envoy would refuse the module or crash by it; warnings end with 0.",
    args: [ref],
    flags: [
      {
        name: "write-policy",
        value: "FILE",
        summary: "write the least policy as a file to judge and start from",
      },
      { ...roleFlag, summary: "the role of the least policy, instead of the one that fits best" },
      { name: "force", summary: "let --write-policy replace an existing file" },
      ...remoteFlags,
    ],
    examples: [
      { line: "glovebox inspect vendor-auth.wasm", does: "read what it may do" },
      {
        line: "glovebox inspect vendor-auth.wasm --write-policy vendor-auth.yaml",
        does: "start a policy from it",
      },
    ],
    exits: [1, 3, 4, 5],
  },
  harden: {
    summary: "rewrite a plugin so that its limits hold in any engine",
    detail:
      "The rewritten module is verified before anything is written, and the file is replaced in one step: it is either the old one or a contained one.",
    args: [ref],
    flags: [
      policyFlag,
      roleFlag,
      { name: "output", short: "o", value: "FILE", summary: "where to write it", required: true },
      modeFlag,
      {
        name: "bundle",
        value: "FILE",
        summary: "a bundle beside the plugin that shows who signed it, where the policy demands it",
        many: true,
      },
      {
        name: "lock",
        value: "FILE",
        summary: "refuse other content than this lock has for the policy",
      },
      {
        name: "attest",
        value: "FILE",
        summary:
          "also write a signed statement of what was hardened, for `glovebox attest --bundle`",
      },
      ...signerFlags,
      ...remoteFlags,
    ],
    examples: [
      {
        line: "glovebox harden vendor-auth.wasm -p vendor-auth.yaml -o contained.wasm",
        does: "the usual way",
      },
      {
        line: "glovebox harden rewriter.wasm --role header-rewriter -o contained.wasm",
        does: "without a policy file",
      },
    ],
    exits: [1, 3, 4, 5],
  },
  verify: {
    summary: "is this module contained under this policy, and is it whose it should be?",
    detail:
      "Four checks, in this order: the digest that pins it, the signatures of those whom --key, --identity or the policy's signedBy name, the attestation that it is hardened, and containment of the bytes themselves. The last trusts neither the tool that rewrote the module nor the stamp in it nor any signature, so an attestation is never needed for trust.",
    args: [ref],
    flags: [
      policyFlag,
      roleFlag,
      modeFlag,
      ...trustFlags,
      {
        name: "require-attestation",
        summary: "refuse an artifact that nobody trusted attests to be hardened under this policy",
      },
      ...remoteFlags,
    ],
    examples: [
      {
        line: "glovebox verify contained.wasm -p vendor-auth.yaml",
        does: "exit 0 if, and only if, it is",
      },
      {
        line: "glovebox verify contained.wasm -p vendor-auth.yaml --json",
        does: "findings for a program",
      },
      {
        line: "glovebox verify oci://registry.example.com/plugins/auth:v1.2.3 -p vendor-auth.yaml --key cosign.pub",
        does: "what is deployed, and who signed it",
      },
    ],
    exits: [1, 3, 4, 5],
  },
  trial: {
    summary: "the expected-behaviour suite on your plugin, default beside hardened",
    args: [{ ...ref, required: false, summary: "the plugin; without it the built-in adversaries" }],
    flags: [
      policyFlag,
      roleFlag,
      configurationFlag,
      { name: "details", summary: "also what each plugin did" },
      { name: "junit", value: "FILE", summary: "also write the rows as a JUnit report" },
      {
        name: "engine",
        value: "NAME",
        choices: ["lab", "envoy"],
        summary: "where it is measured: lab (the embedded host; default) or a real envoy",
      },
      {
        name: "envoy",
        value: "PATH",
        summary: "the Envoy to start; without it the one on the PATH, or of an installed wheel",
      },
      ...remoteFlags,
    ],
    examples: [
      { line: "glovebox trial", does: "every promise, measured on the built-in adversaries" },
      {
        line: "glovebox trial vendor-auth.wasm -p vendor-auth.yaml",
        does: "the same on a plugin of yours",
      },
      {
        line: "glovebox trial --engine envoy",
        does: "the same in a real Envoy, each cell a process",
      },
    ],
    exits: [1, 3, 4, 5],
  },
  run: {
    summary: "the lab: serve an Envoy bootstrap with the promised limits",
    detail:
      "Where a stock Envoy would ignore or refuse what the file says, the lab does what the article promises, and says so at start. Plugins are hardened at load; a new version of the configuration, a policy or a plugin's file is taken over without dropping a request, and a bad one is refused. SIGTERM and SIGINT answer what is in flight first; a second one ends at once. Where OTEL_EXPORTER_OTLP_ENDPOINT says where to, each sampled request is sent there as a span.",
    args: [{ name: "config", summary: "an Envoy bootstrap (YAML or JSON)", required: true }],
    flags: [
      {
        ...policyFlag,
        summary: "the policy of the plugin that metadata.name names, instead of what the file says",
        many: true,
      },
      {
        name: "concurrency",
        value: "N",
        summary: "threads that serve; without it one a processor, four at most",
      },
      {
        name: "admin",
        value: "ADDRESS",
        summary: "HOST:PORT of the admin, instead of the file's",
      },
      {
        name: "unsafe-default",
        summary: "run plugins as shipped, as a stock proxy does, in threads of their own",
      },
      {
        name: "log-format",
        value: "FORMAT",
        summary: "how log lines are written",
        choices: ["text", "json"],
      },
      {
        name: "record",
        value: "DIR",
        summary: "write what plugins do there, for `policy learn` and `policy fit`",
      },
      { name: "check", summary: "read the file, load and harden every plugin, serve nothing" },
      ...remoteFlags,
    ],
    examples: [
      { line: "glovebox run envoy.yaml", does: "serve it" },
      {
        line: "glovebox run envoy.yaml -p auth.yaml -p logging.yaml --admin 127.0.0.1:9901",
        does: "with a policy for each of two plugins",
      },
      { line: "glovebox run envoy.yaml --check", does: "what Envoy would ignore, as a gate of CI" },
    ],
    exits: [1, 3, 4, 5, 130, 143],
  },
  "policy explain": {
    summary: "what a field of the policy means, its unit and its default",
    args: [
      {
        name: "path",
        summary: "a field, such as spec.limits.memory; without it all",
        required: false,
      },
    ],
    flags: [],
    examples: [
      { line: "glovebox policy explain", does: "every field" },
      { line: "glovebox policy explain spec.limits.fuel", does: "one field and what is below it" },
    ],
    exits: [],
  },
  "policy diff": {
    summary: "what a change of a policy grants, for a review",
    detail:
      "Calls and callbacks are compared as resolved, so a change of role shows what it brings. With --require-reason each grant needs `# reason: …` beside it in the new file, or `# reason NAME: …` anywhere in it; without one the command ends with 1.",
    args: [
      { name: "before", summary: "the policy as it was", required: true },
      { name: "after", summary: "the policy as it shall be", required: true },
    ],
    flags: [{ name: "require-reason", summary: "end with 1 where a grant has no reason" }],
    examples: [
      { line: "glovebox policy diff old.yaml new.yaml", does: "read what would change" },
      {
        line: "glovebox policy diff old.yaml new.yaml --require-reason",
        does: "the same as a gate of reviews",
      },
    ],
    exits: [1, 3],
  },
  "policy learn": {
    summary: "the least policy that recorded traffic needs, each grant with its evidence",
    detail:
      "The plugin runs with everything allowed, metered but not limited, under the traffic; what it used becomes a policy, with `# reason: …` beside each grant, and the traffic is played again under it. Evidence names callbacks, paths, clusters, headers and keys, never values. Names that are no plain names make no rule. Ends with 1 where the plugin traps or behaves differently under the policy.",
    args: [ref],
    flags: [
      ...evidenceFlags,
      { ...roleFlag, summary: "the role that the policy is written within; without it none" },
      { name: "output", short: "o", value: "FILE", summary: "write the policy there" },
      { name: "force", summary: "let --output replace an existing file" },
      ...remoteFlags,
    ],
    examples: [
      {
        line: "glovebox policy learn auth.wasm --traffic site.har -o auth.yaml",
        does: "from what a browser saved",
      },
      {
        line: "glovebox policy learn auth.wasm --record records --role auth",
        does: "from what `glovebox run envoy.yaml --record records` wrote",
      },
    ],
    exits: [1, 3, 4, 5],
  },
  "policy fit": {
    summary: "memory, fuel and stack limits from recorded traffic, with the distributions",
    detail:
      "Limits are a percentile of what was seen times the margin, and never less than the most that was seen. Where the sample is too small for the percentile, the maximum is used and said. Stack and call depth are tried: the least power of two under which the traffic passes.",
    args: [ref],
    flags: [{ ...policyFlag, required: true }, ...evidenceFlags, ...remoteFlags],
    examples: [
      {
        line: "glovebox policy fit auth.wasm -p auth.yaml --traffic site.har",
        does: "current limits beside proposed ones",
      },
      {
        line: "glovebox policy fit auth.wasm -p auth.yaml --record records --json",
        does: "quantiles and histograms for a program",
      },
    ],
    exits: [3, 4, 5],
  },
  "generate envoy": {
    summary: "Envoy configuration that holds what a policy promises, for one release",
    detail:
      "Hardens the plugin, starts it once, and writes what Envoy has to say to it: real capability names with callbacks, a vm_id of its own, code pinned to the hardened bytes, what a trap does in that release, and the clusters that it can reach. What that release would refuse, or silently not do, is said instead. Comments mark what a person has to judge. The same input gives the same output.",
    args: [ref],
    flags: [
      policyFlag,
      roleFlag,
      {
        name: "version",
        value: "RELEASE",
        summary: "the oldest release of Envoy that reads it; without it the newest known",
        choices: envoyReleases.map((row) => row.release),
      },
      {
        name: "form",
        value: "FORM",
        summary: "parts to paste, a listener with its clusters, or a bootstrap; without it filter",
        choices: ["filter", "listener", "bootstrap"],
      },
      {
        name: "route",
        value: "PREFIX=CLUSTER",
        summary: "run the plugin on this route alone, with a VM of its own; without it everywhere",
        many: true,
      },
      {
        name: "cluster",
        value: "NAME=HOST:PORT",
        summary: "the address of a cluster that a route or the policy names",
        many: true,
      },
      {
        name: "hardened",
        value: "FILE",
        summary: "write the hardened module there; without --url Envoy reads it from there",
      },
      {
        name: "url",
        value: "URL",
        summary:
          "where Envoy finds the hardened module: http:, https:, or file: on the proxy's machine",
      },
      ...startFlags,
      {
        name: "listen",
        value: "HOST:PORT",
        summary: "address of the listener; without it 127.0.0.1:10000",
      },
      {
        name: "admin",
        value: "HOST:PORT",
        summary: "address of the bootstrap's admin; without it 127.0.0.1:9901",
      },
      ...canaryFlags,
      { name: "output", short: "o", value: "FILE", summary: "write the configuration there" },
      ...remoteFlags,
    ],
    examples: [
      {
        line: "glovebox generate envoy auth.wasm -p auth.yaml --hardened contained.wasm",
        does: "parts to paste into a bootstrap, and the module that they name",
      },
      {
        line: "glovebox generate envoy auth.wasm -p auth.yaml --form bootstrap --route /api=backend --cluster backend=127.0.0.1:8080 --hardened contained.wasm -o envoy.yaml",
        does: "a whole bootstrap: the plugin on one route",
      },
      {
        line: "glovebox generate envoy auth.wasm -p auth.yaml --version 1.36 --url https://modules.example.com/auth.wasm",
        does: "for an older proxy that fetches the module",
      },
      {
        line: "glovebox generate envoy auth.wasm -p auth.yaml --form bootstrap --hardened contained.wasm --canary new.wasm --canary-hardened new-contained.wasm --percent 5 -o envoy.yaml",
        does: "two versions side by side: 5 of a hundred requests meet the new one",
      },
    ],
    exits: [1, 3, 4, 5],
  },
  ...generateRows,
  audit: auditRow,
  lint: {
    summary:
      "what is wrong with the configuration of plugins, in every mesh's dialect, and its repair",
    detail:
      "Reads Envoy bootstraps, xDS JSON and config_dump, WasmPlugin, TrafficExtension, EnvoyFilter, EnvoyExtensionPolicy, EnvoyPatchPolicy, MeshProxyPatch, ProxyTemplate, Gloo's options and WasmDeploymentPolicy, and the policies of Kyverno and Kubernetes that are about them; other documents are skipped. Every rule has a page in docs/rules; `# glovebox-ignore RULE: REASON` suppresses a finding. Ends with 1 for errors and warnings, notes end with 0. --fix repairs what has one right answer, and writes a file only where all of its repairs hold together.",
    args: [
      {
        name: "files",
        summary: "YAML or JSON files, folders of them, - for standard input",
        required: true,
        many: true,
      },
    ],
    flags: [
      {
        name: "format",
        value: "FORMAT",
        summary: "how findings are printed; without it text",
        choices: ["text", "json", "sarif", "junit", "github"],
      },
      {
        name: "target",
        value: "RELEASES",
        summary:
          "the releases that facts are looked up for, as envoy=1.36,istio=1.27,kuma=2.9; without it the newest",
      },
      {
        name: "fix",
        value: "SAFETY",
        summary: "repair the files; --fix=unsafe also where the meaning changes",
        choices: ["safe", "unsafe"],
        preset: "safe",
      },
      {
        name: "dry-run",
        summary: "with --fix: print what would change, as a diff, and write nothing",
      },
      { name: "baseline", value: "FILE", summary: "say only what isn't in this baseline" },
      { name: "write-baseline", value: "FILE", summary: "write all findings as a baseline there" },
      {
        name: "modules",
        value: "FOLDER",
        summary: "where plugins' .wasm files are, found by their digest or name",
      },
      {
        name: "fetch",
        summary: "ask registries and servers for modules; without it only files and the cache",
      },
      { ...policyFlag, summary: "the policy that modules have to be contained under" },
      ...remoteFlags,
    ],
    examples: [
      { line: "glovebox lint manifests/ envoy.yaml", does: "all that is in a folder and a file" },
      { line: "helm template . | glovebox lint -", does: "what a chart renders to" },
      {
        line: "glovebox lint --fix --dry-run envoy.yaml",
        does: "what would be repaired, as a diff",
      },
      {
        line: "glovebox lint manifests/ --target istio=1.27 --format sarif > lint.sarif",
        does: "for a code host, with the facts of one release",
      },
      {
        line: "glovebox lint manifests/ --fetch -p auth.yaml",
        does: "the modules too, from where the manifests have them: hardened, and kept to the policy?",
      },
    ],
    exits: [1, 3, 4, 5],
  },
  ...ociRows,
  ...supplyRows,
  serve: serveRow,
  demo: {
    summary: "inspect, harden, verify and try the sample and hostile plugins",
    args: [],
    flags: [],
    examples: [{ line: "glovebox demo", does: "what `npm start` runs in a checkout" }],
    exits: [1, 5],
  },
  explain: {
    summary: "what an error or finding means and what to do about it",
    args: [{ name: "code", summary: "a code, as printed in error[CODE]", required: true }],
    flags: [],
    examples: [{ line: "glovebox explain file-unreadable", does: "text, hint and exit code" }],
    exits: [],
  },
  completion: {
    summary: "a completion script for your shell",
    args: [{ name: "shell", summary: "bash, zsh or fish", required: true }],
    flags: [],
    examples: [
      { line: 'eval "$(glovebox completion bash)"', does: "complete in this bash" },
      {
        line: "glovebox completion fish > ~/.config/fish/completions/glovebox.fish",
        does: "complete in every fish",
      },
    ],
    exits: [],
  },
} as const satisfies Readonly<Record<string, CommandRow>>;

/** Groups of commands whose name has two words. */
export const groups: Readonly<Record<string, string>> = {
  policy: "work with policy files",
  generate: "write configuration for a proxy",
  cache: "what was fetched and hardened before",
};

export type CommandName = keyof typeof commands;
export type InputOf<Name extends CommandName> = Input<(typeof commands)[Name]>;
export const commandNames = Object.keys(commands) as readonly CommandName[];

/** The row of a command, widened to its common shape. */
export function commandRow(name: CommandName): CommandRow {
  return commands[name];
}
