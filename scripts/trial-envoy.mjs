// `npm run trial:envoy`: the trial in every release of Envoy that the interop tests keep in their cache, into
// docs/trial-envoy.json and, from that, docs/trial-envoy.md. Takes about a minute a release.
import "./lib/node-version.mjs";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { prepareParties } from "./lib/parties.mjs";
import { root } from "./lib/tree.mjs";

const { env, missing } = prepareParties();
for (const problem of missing) console.error(`not available: ${problem}`);

const kept = readdirSync(env.GLOVEBOX_CACHE)
  .filter((name) => name.startsWith("envoy-"))
  .map((name) => join(env.GLOVEBOX_CACHE, name, "envoy/_bin/envoy"));
const onPath = env.PATH.split(delimiter).map((folder) => join(folder, "envoy"));
const programs = [...kept, onPath.find((path) => existsSync(path))].filter(
  (path) => path !== undefined && existsSync(path),
);

const { keep, trialEnvoyPage } = await import(join(root, "dist/scripts/docs-trial.js"));
const reports = new Map();
for (const program of programs) {
  const args = [join(root, "bin/glovebox"), "trial", "--engine", "envoy", "--envoy", program];
  const ran = spawnSync(process.execPath, [...args, "--json"], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    timeout: 1_200_000,
  });
  const { result, error } = JSON.parse(ran.stdout || "{}");
  if (result === undefined) {
    console.error(`${program}: ${error?.message ?? ran.stderr}`);
    continue;
  }
  console.log(`Envoy ${result.release}: ${JSON.stringify(result.counts)}`);
  reports.set(result.release, keep(result));
}

const minor = (release) => Number(release.split(".")[1]);
const sorted = [...reports.values()].sort((a, b) => minor(a.release) - minor(b.release));
writeFileSync(join(root, "docs/trial-envoy.json"), `${JSON.stringify(sorted, null, 1)}\n`);
writeFileSync(join(root, "docs/trial-envoy.md"), trialEnvoyPage(sorted));
process.exitCode = sorted.some((one) => one.counts.broken > 0) ? 1 : 0;
