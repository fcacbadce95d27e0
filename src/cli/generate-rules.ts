// `glovebox generate kyverno|admission-policy|prometheus|grafana|networkpolicy -p POLICY`: from policies alone; no
// plugin is read. Nothing is written unless all of it could be made.
import { createPublicKey } from "node:crypto";
import { fail } from "../errors/failure.ts";
import { renderFinding } from "../errors/render.ts";
import { reachesCluster } from "../mesh/envoy/generate/plugin-facts.ts";
import { generateAdmissionPolicy, generateKyverno } from "../mesh/generate/admission.ts";
import type { AdmissionRequest } from "../mesh/generate/admission-rules.ts";
import { objectName, type Written } from "../mesh/generate/common.ts";
import { grafanaDashboard } from "../mesh/generate/grafana.ts";
import { fileOf } from "../mesh/generate/mesh.ts";
import { generateNetworkPolicy } from "../mesh/generate/network-policy.ts";
import { generatePrometheus } from "../mesh/generate/prometheus.ts";
import { recordings, type WatchedPlugin, type WatchRequest } from "../mesh/generate/watch.ts";
import { parsePolicy } from "../policy/document.ts";
import { resolvePolicy } from "../policy/resolve.ts";
import { setting } from "../policy/settings.ts";
import { istioHas } from "../spec/istio-releases.ts";
import { istioReleases } from "../spec/mesh-api.ts";
import type { Outcome } from "./command-row.ts";
import type { CommandName, InputOf } from "./commands.ts";
import { clusterMap, digestsOf, registriesOf, shareOf, variablesOf } from "./generate-flags.ts";
import { RUNBOOKS } from "./generate-mesh.ts";
import type { Io } from "./io.ts";
import { refuseInputAsOutput, writeOutput } from "./output.ts";
import { readText } from "./ref.ts";
import { usage } from "./usage.ts";

const NEWEST = istioReleases.at(-1)!.release;

/** A policy as it is watched: fields that modules don't enforce yet count all the same, nothing is hardened here. */
async function watched(file: string, io: Io): Promise<WatchedPlugin> {
  const document = parsePolicy(await readText(file), file);
  const policy = resolvePolicy(document);
  for (const warning of policy.warnings) io.note(`${renderFinding(warning)}\n`);
  const calls = [...policy.allow].some(reachesCluster);
  return { policy, dispatch: setting(document, "spec.dispatch.clusters") ?? null, calls };
}

async function allWatched(
  command: CommandName,
  files: readonly string[],
  io: Io,
): Promise<readonly WatchedPlugin[]> {
  const plugins: WatchedPlugin[] = [];
  for (const file of files) {
    const one = await watched(file, io);
    if (plugins.some(({ policy }) => policy.name === one.policy.name)) {
      usage(command, `two policies are of ${one.policy.name}`);
    }
    plugins.push(one);
  }
  return plugins;
}

async function finish(
  inputs: readonly string[],
  output: string | undefined,
  text: string,
  documents: readonly unknown[],
  findings: Written["findings"],
  io: Io,
): Promise<Outcome> {
  if (output !== undefined) {
    await refuseInputAsOutput(inputs, output);
    await writeOutput(output, text);
  }
  const said = findings.map((one) => `${renderFinding(one)}\n`).join("");
  if (output === undefined) io.note(said);
  return {
    exit: 0,
    result: { output: output ?? null, findings, documents, text },
    text: () => (output === undefined ? text : `written to ${output}\n${said}`),
  };
}

function finishYaml(
  inputs: readonly string[],
  output: string | undefined,
  written: Written,
  io: Io,
): Promise<Outcome> {
  const { yaml, documents, findings } = fileOf(written);
  return finish(inputs, output, yaml, documents, findings, io);
}

type AdmissionCommand = "generate kyverno" | "generate admission-policy";

async function admissionOf(
  command: AdmissionCommand,
  flags: InputOf<"generate admission-policy">["flags"],
  io: Io,
): Promise<AdmissionRequest> {
  const plugins = await allWatched(command, flags.policy ?? [], io);
  const open = plugins.find(({ policy }) => policy.security && policy.failure === "open");
  if (open !== undefined) fail("generate-open-refused", { name: open.policy.name });
  return {
    name: objectName(flags.name ?? "glovebox-plugins"),
    mesh: flags.mesh ?? "istio",
    trafficExtension: istioHas(flags.version ?? NEWEST, "traffic-extension"),
    digests: digestsOf(command, "digest", flags.digest),
    canaryDigests: digestsOf(command, "canary", flags.canary ?? []),
    registries: registriesOf(command, flags.registry ?? []),
    security: plugins
      .filter(({ policy }) => policy.security)
      .map(({ policy }) => objectName(policy.name))
      .sort(),
    enforce: flags.audit !== true,
    keys: [],
  };
}

/** Keys as PEM of their own, so that nothing else of a file gets into a policy. */
async function publicKeys(
  command: CommandName,
  files: readonly string[],
): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const file of files) {
    const text = await readText(file);
    try {
      if (text.includes("PRIVATE KEY")) throw new Error("a private key");
      keys.push(String(createPublicKey(text).export({ type: "spki", format: "pem" })));
    } catch {
      usage(command, `--key ${file} is no public key in PEM`);
    }
  }
  return [...new Set(keys)];
}

export async function runKyverno({ flags }: InputOf<"generate kyverno">, io: Io): Promise<Outcome> {
  const request = {
    ...(await admissionOf("generate kyverno", flags, io)),
    keys: await publicKeys("generate kyverno", flags.key ?? []),
  };
  const written = generateKyverno(request, flags.form ?? "validating-policy");
  return finishYaml(flags.policy ?? [], flags.output, written, io);
}

export async function runAdmissionPolicy(
  { flags }: InputOf<"generate admission-policy">,
  io: Io,
): Promise<Outcome> {
  const request = await admissionOf("generate admission-policy", flags, io);
  return finishYaml(flags.policy ?? [], flags.output, generateAdmissionPolicy(request), io);
}

async function watchOf(
  command: "generate prometheus" | "generate grafana",
  flags: Omit<InputOf<"generate grafana">["flags"], "name" | "output">,
  runbooks: string,
  io: Io,
): Promise<WatchRequest> {
  const plugins = await allWatched(command, flags.policy, io);
  if (flags.percent !== undefined && flags.canary !== true) {
    usage(command, "--percent is of a canary: give --canary");
  }
  return {
    plugins,
    source: flags.series ?? "envoy",
    prefix: flags.prefix ?? "",
    expected: flags.expected ?? [],
    runbooks,
    percent: flags.canary === true ? shareOf(command, flags.percent) : null,
  };
}

const DEFAULT_NAME = "glovebox-plugins";

export async function runPrometheus(
  { flags }: InputOf<"generate prometheus">,
  io: Io,
): Promise<Outcome> {
  const runbooks = flags.runbooks ?? RUNBOOKS;
  const request = await watchOf("generate prometheus", flags, runbooks, io);
  const name = objectName(flags.name ?? DEFAULT_NAME);
  const namespace = objectName(flags.namespace ?? "default");
  const written = generatePrometheus(request, flags.form ?? "rules", name, namespace);
  return finishYaml(flags.policy, flags.output, written, io);
}

export async function runGrafana({ flags }: InputOf<"generate grafana">, io: Io): Promise<Outcome> {
  const request = await watchOf("generate grafana", flags, RUNBOOKS, io);
  const dashboard = grafanaDashboard(request, objectName(flags.name ?? DEFAULT_NAME));
  const text = `${JSON.stringify(dashboard, null, 2)}\n`;
  return finish(flags.policy, flags.output, text, [dashboard], recordings(request).findings, io);
}

export async function runNetworkPolicy(
  { flags }: InputOf<"generate networkpolicy">,
  io: Io,
): Promise<Outcome> {
  const command = "generate networkpolicy";
  const bound = ({ calls, dispatch }: WatchedPlugin) => (calls ? dispatch : []);
  const stable = await watched(flags.policy, io);
  const canary = flags.canary === undefined ? null : await watched(flags.canary, io);
  const unbounded = canary !== null && bound(canary) === null;
  const written = generateNetworkPolicy({
    name: objectName(flags.name ?? stable.policy.name),
    namespace: objectName(flags.namespace ?? "default"),
    labels: variablesOf(command, flags.label ?? [], "label"),
    dispatch: unbounded ? null : bound(stable),
    canary: canary === null ? null : bound(canary),
    clusters: clusterMap(command, flags.cluster ?? []),
  });
  const inputs = [flags.policy, ...(flags.canary === undefined ? [] : [flags.canary])];
  return finishYaml(inputs, flags.output, written, io);
}
