// `glovebox generate envoy REF -p POLICY`: what was asked for → the generated file and, with --hardened, the module
// that it names. Nothing is written unless all of it could be made.
import { fileURLToPath } from "node:url";
import { renderFinding } from "../errors/render.ts";
import type { HardenReport } from "../harden/report.ts";
import { type Generated, generateEnvoy } from "../mesh/envoy/generate/generate.ts";
import { BACKEND } from "../mesh/envoy/generate/names.ts";
import type { Code, Endpoint, EnvoyCanary, EnvoyRequest } from "../mesh/envoy/generate/request.ts";
import { CANARY } from "../mesh/generate/common.ts";
import { parseReference, pluginName } from "../net/reference.ts";
import { resolvePolicy } from "../policy/resolve.ts";
import { type PolicyDocument, setting } from "../policy/settings.ts";
import { type EnvoyVersion, envoyReleases } from "../spec/envoy-versions.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import {
  clusterMap,
  endpointOf,
  renamed,
  routesOf,
  shareOf,
  urlOf,
  variablesOf,
} from "./generate-flags.ts";
import type { Io } from "./io.ts";
import { refuseInputAsOutput, writeOutput } from "./output.ts";
import { policyAndDocument } from "./policy-source.ts";
import { portsTaken } from "./ports.ts";
import { shownPolicy, sourceOf } from "./source.ts";
import { count } from "./units.ts";
import { usage } from "./usage.ts";

type Flags = InputOf<"generate envoy">["flags"];

const COMMAND = "generate envoy";
const NEWEST = envoyReleases.at(-1)!.release;

function codeOf(url: string | undefined, hardened: string | undefined, flags: string): Code {
  if (url !== undefined) {
    const where = urlOf(COMMAND, url);
    if (where.protocol !== "file:") return { kind: "remote", url: where };
    return { kind: "local", filename: fileURLToPath(where) };
  }
  if (hardened !== undefined) return { kind: "local", filename: hardened };
  return usage(COMMAND, `where is the hardened module? Give ${flags}, or both`);
}

/** Under the policy's name with `-canary`, which tells the versions apart. */
async function canaryOf(
  asked: EnvoyRequest,
  document: PolicyDocument,
  flags: Flags,
  io: Io,
): Promise<EnvoyCanary | null> {
  const { canary: ref } = flags;
  if (ref === undefined) {
    for (const flag of ["canary-policy", "canary-url", "canary-hardened", "percent"] as const) {
      if (flags[flag] !== undefined) usage(COMMAND, `--${flag} is of a canary: give --canary REF`);
    }
    return null;
  }
  const code = codeOf(
    flags["canary-url"],
    flags["canary-hardened"],
    "--canary-hardened FILE, --canary-url URL",
  );
  const file = flags["canary-policy"];
  const own =
    file === undefined
      ? document
      : (await policyAndDocument(COMMAND, { policy: file, role: undefined }, io)).document;
  const named = renamed(own, `${asked.policy.name}-${CANARY}`, "--canary");
  const policy = resolvePolicy(named);
  const { artifact } = await sourceOf(ref, policy, { ...flags, policy: file ?? flags.policy }, io);
  io.progress(`hardening ${ref}`);
  return {
    original: artifact.module,
    policy: shownPolicy(policy),
    dispatch: setting(named, "spec.dispatch.clusters") ?? null,
    code,
    percent: shareOf(COMMAND, flags.percent),
  };
}

interface Asked {
  readonly request: EnvoyRequest;
  readonly document: PolicyDocument;
}

async function requestOf(ref: string, flags: Flags, io: Io): Promise<Asked> {
  const code = codeOf(flags.url, flags.hardened, "--hardened FILE, --url URL");
  const routes = routesOf(COMMAND, flags.route ?? []);
  const clusters = clusterMap(COMMAND, flags.cluster ?? []);
  const listen = endpointOf(COMMAND, "listen", flags.listen ?? "127.0.0.1:10000");
  const admin = endpointOf(COMMAND, "admin", flags.admin ?? "127.0.0.1:9901");
  const environment = variablesOf(COMMAND, flags.env ?? []);
  const { policy, document } = await policyAndDocument(COMMAND, flags, io);
  const dispatch = setting(document, "spec.dispatch.clusters") ?? null;
  const request: EnvoyRequest = {
    policy,
    version: (flags.version ?? NEWEST) as EnvoyVersion,
    form: flags.form ?? "filter",
    routes,
    clusters,
    dispatch,
    code,
    rootId: flags["root-id"] ?? pluginName(parseReference(ref)),
    configuration: flags.configuration ?? null,
    environment,
    listen,
    admin,
  };
  const same = listen.host === admin.host && listen.port === admin.port && listen.port !== 0;
  if (request.form === "bootstrap" && same)
    usage(COMMAND, "--listen and --admin are the same address");
  return { request, document };
}

/** Addresses that an Envoy would listen on. */
function bound({ form, listen, admin }: EnvoyRequest): readonly (readonly [string, Endpoint])[] {
  if (form === "filter") return [];
  return form === "listener"
    ? [["listen", listen]]
    : [
        ["listen", listen],
        ["admin", admin],
      ];
}

function checkClusters(request: EnvoyRequest, canary: EnvoyCanary | null): void {
  const { routes, clusters, dispatch } = request;
  const named = [
    ...(routes.length === 0 ? [BACKEND] : routes.map((one) => one.cluster)),
    ...(dispatch ?? []),
    ...(canary?.dispatch ?? []),
  ];
  for (const name of clusters.keys()) {
    // A cluster more is one more that the plugin could call.
    if (!named.includes(name)) usage(COMMAND, `no route and no rule of the policy names ${name}`);
  }
}

/** What stays to be known beside the file. */
function summaryOf({ report, canary, findings }: Generated, flags: Flags): string {
  const line = ({ hardened }: HardenReport, file: string | undefined, flag: string): string => {
    const where = file ?? `not written (${flag} FILE)`;
    return `hardened module: ${where}, ${count(hardened.bytes)} bytes, sha256 ${hardened.sha256}`;
  };
  const modules = [
    line(report, flags.hardened, "--hardened"),
    ...(canary === null
      ? []
      : [line(canary.report, flags["canary-hardened"], "--canary-hardened")]),
  ];
  return [...modules, ...findings.map(renderFinding)].map((text) => `${text}\n`).join("");
}

export async function run({ args, flags }: InputOf<typeof COMMAND>, io: Io): Promise<Outcome> {
  const { request: asked, document } = await requestOf(args.ref, flags, io);
  const { artifact } = await sourceOf(args.ref, asked.policy, flags, io);
  const { ref, module: bytes } = artifact;
  const request = { ...asked, policy: shownPolicy(asked.policy) };
  const canary = await canaryOf(asked, document, flags, io);
  checkClusters(request, canary);
  const inputs = [ref, flags.policy, flags.canary, flags["canary-policy"]];
  const outputs = (["hardened", "canary-hardened", "output"] as const).flatMap((flag) =>
    flags[flag] === undefined ? [] : [{ flag, file: flags[flag] }],
  );
  for (const { flag, file } of outputs) await refuseInputAsOutput(inputs, file, `--${flag}`);
  const twice = outputs.find(({ file }, i) => outputs.slice(0, i).some((one) => one.file === file));
  if (twice !== undefined) {
    const other = outputs.find(({ file }) => file === twice.file)!;
    usage(COMMAND, `--${twice.flag} and --${other.flag} name the same file`);
  }
  io.progress(`hardening ${ref}`);
  const made = generateEnvoy(bytes, request, canary);
  const generated = {
    ...made,
    findings: [...made.findings, ...(await portsTaken(bound(request)))],
  };
  if (flags.hardened !== undefined) await writeOutput(flags.hardened, generated.bytes);
  if (flags["canary-hardened"] !== undefined && generated.canary !== null) {
    await writeOutput(flags["canary-hardened"], generated.canary.bytes);
  }
  if (flags.output !== undefined) await writeOutput(flags.output, generated.yaml);
  const said = summaryOf(generated, flags);
  if (flags.output === undefined) io.note(said);
  const { yaml, config, report, capabilities, vmIds, findings } = generated;
  return {
    exit: 0,
    result: {
      ref,
      envoy: request.version,
      form: request.form,
      output: flags.output ?? null,
      hardened: { file: flags.hardened ?? null, ...report.hardened },
      policy: report.policy,
      capabilities,
      vmIds,
      canary:
        generated.canary === null
          ? null
          : {
              file: flags["canary-hardened"] ?? null,
              ...generated.canary.report.hardened,
              policy: generated.canary.report.policy,
              capabilities: generated.canary.capabilities,
              vmIds: generated.canary.vmIds,
            },
      findings,
      config,
      yaml,
    },
    text: () =>
      flags.output === undefined ? yaml : `configuration written to ${flags.output}\n${said}`,
  };
}
