// `glovebox generate envoy REF -p POLICY`: what was asked for → the generated file and, with --hardened, the module
// that it names. Nothing is written unless all of it could be made.
import { fileURLToPath } from "node:url";
import { renderFinding } from "../errors/render.ts";
import { type Generated, generateEnvoy } from "../mesh/envoy/generate/generate.ts";
import { BACKEND } from "../mesh/envoy/generate/names.ts";
import type { Code, EnvoyRequest } from "../mesh/envoy/generate/request.ts";
import { parseReference, pluginName } from "../net/reference.ts";
import { setting } from "../policy/settings.ts";
import { type EnvoyVersion, envoyReleases } from "../spec/envoy-versions.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import { clusterMap, endpointOf, routesOf, urlOf, variablesOf } from "./generate-flags.ts";
import type { Io } from "./io.ts";
import { refuseInputAsOutput, writeOutput } from "./output.ts";
import { policyAndDocument } from "./policy-source.ts";
import { shownPolicy, sourceOf } from "./source.ts";
import { count } from "./units.ts";
import { usage } from "./usage.ts";

type Flags = InputOf<"generate envoy">["flags"];

const COMMAND = "generate envoy";
const NEWEST = envoyReleases.at(-1)!.release;

function codeOf({ url, hardened }: Flags): Code {
  if (url !== undefined) {
    const where = urlOf(COMMAND, url);
    if (where.protocol !== "file:") return { kind: "remote", url: where };
    return { kind: "local", filename: fileURLToPath(where) };
  }
  if (hardened !== undefined) return { kind: "local", filename: hardened };
  return usage(COMMAND, "where is the hardened module? Give --hardened FILE, --url URL, or both");
}

async function requestOf(ref: string, flags: Flags, io: Io): Promise<EnvoyRequest> {
  const code = codeOf(flags);
  const routes = routesOf(COMMAND, flags.route ?? []);
  const clusters = clusterMap(COMMAND, flags.cluster ?? []);
  const listen = endpointOf(COMMAND, "listen", flags.listen ?? "127.0.0.1:10000");
  const admin = endpointOf(COMMAND, "admin", flags.admin ?? "127.0.0.1:9901");
  const environment = variablesOf(COMMAND, flags.env ?? []);
  const { policy, document } = await policyAndDocument(COMMAND, flags, io);
  const dispatch = setting(document, "spec.dispatch.clusters") ?? null;
  const named = [
    ...(routes.length === 0 ? [BACKEND] : routes.map((one) => one.cluster)),
    ...(dispatch ?? []),
  ];
  for (const name of clusters.keys()) {
    // A cluster more is one more that the plugin could call.
    if (!named.includes(name)) usage(COMMAND, `no route and no rule of the policy names ${name}`);
  }
  return {
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
}

/** What stays to be known beside the file. */
function summaryOf({ report, findings }: Generated, flags: Flags): string {
  const { sha256, bytes } = report.hardened;
  const where = flags.hardened === undefined ? "not written (--hardened FILE)" : flags.hardened;
  const module = `hardened module: ${where}, ${count(bytes)} bytes, sha256 ${sha256}`;
  return [module, ...findings.map(renderFinding)].map((line) => `${line}\n`).join("");
}

export async function run({ args, flags }: InputOf<typeof COMMAND>, io: Io): Promise<Outcome> {
  const asked = await requestOf(args.ref, flags, io);
  const { artifact } = await sourceOf(args.ref, asked.policy, flags, io);
  const { ref, module: bytes } = artifact;
  const request = { ...asked, policy: shownPolicy(asked.policy) };
  const inputs = [ref, flags.policy];
  if (flags.hardened !== undefined) await refuseInputAsOutput(inputs, flags.hardened, "--hardened");
  if (flags.output !== undefined) await refuseInputAsOutput(inputs, flags.output);
  if (flags.output !== undefined && flags.output === flags.hardened) {
    usage(COMMAND, "--output and --hardened name the same file");
  }
  io.progress(`hardening ${ref}`);
  const generated = generateEnvoy(bytes, request);
  if (flags.hardened !== undefined) await writeOutput(flags.hardened, generated.bytes);
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
      findings,
      config,
      yaml,
    },
    text: () =>
      flags.output === undefined ? yaml : `configuration written to ${flags.output}\n${said}`,
  };
}
