// `glovebox trial [REF]`: the article's tables with measured cells. Without a plugin on the built-in ones, with
// one on that plugin under its policy. Exit 1 where a promise did not hold or a row could not be measured for
// want of a plugin.

import { parseReference, pluginName } from "../net/reference.ts";
import type { FoundEnvoy } from "../trial/envoy/find-envoy.ts";
import type { TrialReport } from "../trial/trial.ts";
import { builtInPlugins } from "./built-in.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { refuseInputAsOutput, writeOutput } from "./output.ts";
import { policyFrom } from "./policy-source.ts";
import { shownPolicy, sourceOf } from "./source.ts";
import { trialReportText } from "./trial-text.ts";
import { usage } from "./usage.ts";

/** `lab`, or the Envoy that is meant. */
type Engine = "lab" | FoundEnvoy;
type Flags = InputOf<"trial">["flags"];

async function ownTrial(ref: string, flags: Flags, engine: Engine, io: Io): Promise<TrialReport> {
  const policy = await policyFrom("trial", flags, io);
  const { artifact } = await sourceOf(ref, policy, flags, io);
  const shown = shownPolicy(policy);
  const options = {
    name: pluginName(parseReference(ref)),
    progress: io.progress,
    ...(flags.configuration !== undefined && { configuration: flags.configuration }),
  };
  if (engine !== "lab") {
    const { trialPluginInEnvoy } = await import("../trial/envoy/own-in-envoy.ts");
    return trialPluginInEnvoy(artifact.module, shown, options, engine);
  }
  const { trialPlugin } = await import("../trial/own.ts");
  return trialPlugin(artifact.module, shown, options);
}

/** The trial of the built-in plugins; the demo ends with it. */
export async function builtInTrial(io: Io, engine: Engine = "lab"): Promise<TrialReport> {
  const plugins = new Map((await builtInPlugins()).map(({ name, bytes }) => [name, bytes]));
  const options = { plugins, progress: io.progress };
  if (engine !== "lab") {
    const { runTrialInEnvoy } = await import("../trial/envoy/trial-in-envoy.ts");
    return runTrialInEnvoy(options, engine);
  }
  const { runTrial } = await import("../trial/trial.ts");
  return runTrial(options);
}

async function engineOf(flags: Flags, io: Io): Promise<Engine> {
  if (flags.engine !== "envoy") {
    if (flags.envoy !== undefined) usage("trial", "--envoy is for --engine envoy");
    return "lab";
  }
  const { findEnvoy } = await import("../trial/envoy/find-envoy.ts");
  return findEnvoy(flags.envoy, io.env);
}

export async function run({ args, flags }: InputOf<"trial">, io: Io): Promise<Outcome> {
  const { ref } = args;
  const needsRef = ["policy", "role", "configuration"] as const;
  const alone = needsRef.find((flag) => flags[flag] !== undefined);
  if (ref === undefined && alone !== undefined) {
    usage("trial", `--${alone} is for a plugin of yours: name its file`);
  }
  if (flags.junit !== undefined) {
    await refuseInputAsOutput([ref, flags.policy], flags.junit, "--junit");
  }
  const engine = await engineOf(flags, io);
  const report = await (ref === undefined
    ? builtInTrial(io, engine)
    : ownTrial(ref, flags, engine, io));
  if (flags.junit !== undefined) {
    const { trialJunit } = await import("../trial/report-junit.ts");
    await writeOutput(flags.junit, trialJunit(report));
  }
  return {
    exit: report.held ? 0 : 1,
    result: report,
    text: () => trialReportText(report, io, flags.details),
  };
}
