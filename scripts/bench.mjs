// `npm run bench`: set up, find the peers, then run the benches with the arguments given after `--`.
import "./lib/node-version.mjs";
import { delimiter } from "node:path";
import { prepareMeshParties } from "./lib/mesh-parties.mjs";
import { prepareParties } from "./lib/parties.mjs";
import { setup } from "./setup.mjs";

if (setup()) {
  const { env, missing } = prepareParties();
  const named = process.argv.slice(2).filter((one) => !one.startsWith("--"));
  const asked = named.length === 0 || named.includes("lint");
  const mesh = asked
    ? prepareMeshParties(env.GLOVEBOX_CACHE, (name) => name === "kyverno")
    : { folders: [], missing: [] };
  env.PATH = [...mesh.folders, env.PATH].join(delimiter);
  for (const problem of [...missing, ...mesh.missing]) console.error(`not available: ${problem}`);
  Object.assign(process.env, env);
  await import("../dist/bench/main.js");
} else {
  process.exitCode = 5;
}
