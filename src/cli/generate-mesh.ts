// `glovebox generate istio|envoy-gateway|kuma|gloo REF -p POLICY`: what was asked for → the generated objects and,
// where asked, the hardened modules that they name. Nothing is written unless all of it could be made.
import { fileURLToPath } from "node:url";
import { renderFinding } from "../errors/render.ts";
import { pluginFacts } from "../mesh/envoy/generate/plugin-facts.ts";
import type { Code, EnvoyRequest } from "../mesh/envoy/generate/request.ts";
import { CANARY, objectName, phaseOf } from "../mesh/generate/common.ts";
import { generateMesh, type MeshFile, type TargetRequest } from "../mesh/generate/mesh.ts";
import type { Canary, MeshRequest, ModuleSource, Revision } from "../mesh/generate/request.ts";
import { parseReference, pluginName } from "../net/reference.ts";
import type { Policy } from "../policy/policy.ts";
import { resolvePolicy } from "../policy/resolve.ts";
import { type PolicyDocument, setting } from "../policy/settings.ts";
import type { EnvoyVersion } from "../spec/envoy-versions.ts";
import { type IstioVersion, istioEnvoy } from "../spec/istio-releases.ts";
import { istioReleases } from "../spec/mesh-api.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import { prefixesOf, shareOf, sourceOf, targetsOf, variablesOf } from "./generate-flags.ts";
import type { Io } from "./io.ts";
import { refuseInputAsOutput, writeOutput } from "./output.ts";
import { policyAndDocument } from "./policy-source.ts";
import { sourceOf as pluginOf, shownPolicy } from "./source.ts";
import { count } from "./units.ts";
import { usage } from "./usage.ts";

type MeshCommand = "generate istio" | "generate envoy-gateway" | "generate kuma" | "generate gloo";

/** The flags that all four take. */
type Common = Omit<InputOf<"generate kuma">["flags"], "envoy" | "mesh">;

const NEWEST = istioReleases.at(-1)!.release;
/** Envoy's failure_policy came with it: older proxies are asked for by name. */
const ENVOY: EnvoyVersion = "1.33";
export const RUNBOOKS = "docs/guide/alerts.md";

/** Envoy's own words for where the code is; agents of a mesh find the rest by theirs. */
function codeOf(source: ModuleSource, byAgent: boolean): Code {
  if (source.kind === "file") return { kind: "local", filename: fileURLToPath(source.url) };
  if (!byAgent && source.kind === "http") return { kind: "remote", url: new URL(source.url) };
  const what =
    source.kind === "oci"
      ? "Of the manifest in the registry: other bytes are refused."
      : "Of the hardened module: other bytes are refused.";
  return { kind: "agent", url: source.url, pin: source.pin!, what };
}

interface Wanted {
  readonly ref: string;
  readonly policy: Policy;
  readonly document: PolicyDocument;
  /** The policy's; its keys are found from there. */
  readonly file: string | undefined;
  readonly url: string;
  readonly manifest: string | undefined;
}

async function revisionOf(
  command: MeshCommand,
  wanted: Wanted,
  flags: Common,
  version: EnvoyVersion,
  io: Io,
): Promise<Revision> {
  const from = { ...flags, policy: wanted.file };
  const { artifact } = await pluginOf(wanted.ref, wanted.policy, from, io);
  const policy = shownPolicy(wanted.policy);
  io.progress(`hardening ${wanted.ref}`);
  const base = {
    policy,
    version,
    dispatch: setting(wanted.document, "spec.dispatch.clusters") ?? null,
    rootId: flags["root-id"] ?? pluginName(parseReference(wanted.ref)),
    configuration: flags.configuration ?? null,
    environment: variablesOf(command, flags.env ?? []),
  };
  const facts = pluginFacts(artifact.module, base);
  const source = sourceOf(command, wanted.url, wanted.manifest, facts.report.hardened.sha256);
  const envoy: EnvoyRequest = {
    ...base,
    form: "filter",
    routes: [],
    clusters: new Map(),
    code: codeOf(source, command === "generate istio"),
    listen: { host: "127.0.0.1", port: 0 },
    admin: { host: "127.0.0.1", port: 0 },
  };
  return { envoy, facts, source };
}

/** Under a name of its own: the proxy's statistics and the module's tell versions apart by it. */
function canaryPolicy(
  document: PolicyDocument,
  stable: string,
): Pick<Wanted, "policy" | "document"> {
  const settings = new Map(document.settings);
  const name = `${stable}-${CANARY}`;
  settings.set("metadata.name", { value: name, where: { at: "flag", flag: "--canary" } });
  const named = { ...document, settings };
  return { policy: resolvePolicy(named), document: named };
}

async function canaryOf(
  command: MeshCommand,
  stable: Wanted,
  flags: Common,
  version: EnvoyVersion,
  io: Io,
): Promise<Canary | null> {
  const { canary: ref } = flags;
  if (ref === undefined) {
    for (const flag of [
      "canary-policy",
      "canary-url",
      "canary-manifest",
      "canary-hardened",
      "percent",
      "route",
    ] as const) {
      if (flags[flag] !== undefined) usage(command, `--${flag} is of a canary: give --canary REF`);
    }
    return null;
  }
  if (flags["canary-url"] === undefined)
    usage(command, "where is the canary? Give --canary-url URL");
  const other = flags["canary-policy"];
  const { document } =
    other === undefined
      ? stable
      : await policyAndDocument(command, { policy: other, role: undefined }, io);
  const wanted: Wanted = {
    ref,
    ...canaryPolicy(document, stable.policy.name),
    file: other ?? stable.file,
    url: flags["canary-url"],
    manifest: flags["canary-manifest"],
  };
  return {
    revision: await revisionOf(command, wanted, flags, version, io),
    percent: shareOf(command, flags.percent),
    prefixes: prefixesOf(command, flags.route ?? []),
  };
}

interface Made {
  readonly request: MeshRequest;
  readonly file: MeshFile;
}

async function make(
  command: MeshCommand,
  ref: string,
  flags: Common,
  version: EnvoyVersion,
  io: Io,
  target: (request: MeshRequest) => TargetRequest,
): Promise<Made> {
  const { policy, document } = await policyAndDocument(command, flags, io);
  const wanted: Wanted = {
    ref,
    policy,
    document,
    file: flags.policy,
    url: flags.url,
    manifest: flags.manifest,
  };
  const labels = variablesOf(command, flags.label ?? [], "label");
  const request: MeshRequest = {
    name: objectName(flags.name ?? policy.name),
    namespace: objectName(flags.namespace ?? "default"),
    labels,
    targets: targetsOf(command, flags.target ?? []),
    listener: "http",
    side: flags.side ?? "gateway",
    phase: flags.phase ?? phaseOf(policy.role, policy.security),
    pullSecret: flags["pull-secret"] ?? null,
    stable: await revisionOf(command, wanted, flags, version, io),
    canary: await canaryOf(command, wanted, flags, version, io),
  };
  return { request, file: generateMesh(target(request), flags.runbooks ?? RUNBOOKS) };
}

/** What stays to be known beside the file. */
function summaryOf({ request, file }: Made, flags: Common): string {
  const modules = [
    [request.stable, flags.hardened, "--hardened"] as const,
    ...(request.canary === null
      ? []
      : [[request.canary.revision, flags["canary-hardened"], "--canary-hardened"] as const]),
  ].map(([{ facts, source }, written, flag]) => {
    const { sha256, bytes } = facts.report.hardened;
    const where = written ?? `not written (${flag} FILE)`;
    return `hardened module: ${where}, ${count(bytes)} bytes, sha256 ${sha256}, expected at ${source.url}`;
  });
  const all = [
    ...request.stable.facts.findings,
    ...(request.canary?.revision.facts.findings ?? []),
    ...file.findings,
  ];
  return [...modules, ...all.map(renderFinding)].map((line) => `${line}\n`).join("");
}

async function finish(
  command: MeshCommand,
  ref: string,
  flags: Common,
  made: Made,
  io: Io,
): Promise<Outcome> {
  const { request, file } = made;
  const outputs = [flags.output, flags.hardened, flags["canary-hardened"]].filter(
    (one) => one !== undefined,
  );
  if (new Set(outputs).size < outputs.length) usage(command, "two outputs name the same file");
  const inputs = [ref, flags.policy, flags.canary, flags["canary-policy"]];
  for (const one of outputs) await refuseInputAsOutput(inputs, one);
  if (flags.hardened !== undefined) await writeOutput(flags.hardened, request.stable.facts.bytes);
  if (flags["canary-hardened"] !== undefined && request.canary !== null) {
    await writeOutput(flags["canary-hardened"], request.canary.revision.facts.bytes);
  }
  if (flags.output !== undefined) await writeOutput(flags.output, file.yaml);
  const said = summaryOf(made, flags);
  if (flags.output === undefined) io.note(said);
  const module = ({ facts, source }: Revision) => ({ ...facts.report.hardened, source });
  return {
    exit: 0,
    result: {
      ref,
      output: flags.output ?? null,
      hardened: module(request.stable),
      canary: request.canary === null ? null : module(request.canary.revision),
      findings: [
        ...request.stable.facts.findings,
        ...(request.canary?.revision.facts.findings ?? []),
        ...file.findings,
      ],
      documents: file.documents,
      yaml: file.yaml,
    },
    text: () =>
      flags.output === undefined ? file.yaml : `configuration written to ${flags.output}\n${said}`,
  };
}

export async function runIstio(
  { args, flags }: InputOf<"generate istio">,
  io: Io,
): Promise<Outcome> {
  const version = (flags.version ?? NEWEST) as IstioVersion;
  const form = flags.form ?? "wasm-plugin";
  const envoy = istioEnvoy(version);
  const command = "generate istio";
  const made = await make(command, args.ref, flags, envoy, io, (request) => ({
    target: "istio",
    request: { ...request, version, form },
  }));
  return finish(command, args.ref, flags, made, io);
}

export async function runEnvoyGateway(
  { args, flags }: InputOf<"generate envoy-gateway">,
  io: Io,
): Promise<Outcome> {
  const command = "generate envoy-gateway";
  const form = flags.form ?? "extension-policy";
  const listener = flags.listener ?? "http";
  const envoy = (flags.envoy ?? ENVOY) as EnvoyVersion;
  const made = await make(command, args.ref, flags, envoy, io, (request) => ({
    target: "envoy-gateway",
    request: { ...request, form, listener },
  }));
  return finish(command, args.ref, flags, made, io);
}

export async function runKuma({ args, flags }: InputOf<"generate kuma">, io: Io): Promise<Outcome> {
  const command = "generate kuma";
  const mesh = flags.mesh ?? "default";
  const envoy = (flags.envoy ?? ENVOY) as EnvoyVersion;
  const made = await make(command, args.ref, flags, envoy, io, (request) => ({
    target: "kuma",
    request: { ...request, mesh },
  }));
  return finish(command, args.ref, flags, made, io);
}

export async function runGloo({ args, flags }: InputOf<"generate gloo">, io: Io): Promise<Outcome> {
  const command = "generate gloo";
  const form = flags.form ?? "listener-option";
  const envoy = (flags.envoy ?? ENVOY) as EnvoyVersion;
  const made = await make(command, args.ref, flags, envoy, io, (request) => ({
    target: "gloo",
    request: { ...request, form },
  }));
  return finish(command, args.ref, flags, made, io);
}
