// `npm run bench`: set up, find the peers, then run the benches with the arguments given after `--`.
import "./lib/node-version.mjs";
import { prepareParties } from "./lib/parties.mjs";
import { setup } from "./setup.mjs";

if (setup()) {
  const { env, missing } = prepareParties();
  for (const problem of missing) console.error(`not available: ${problem}`);
  Object.assign(process.env, env);
  await import("../dist/bench/main.js");
} else {
  process.exitCode = 5;
}
