// `npm run test:interop [-- WORD…]`: the tests against real third parties. In CI a party that can't be had is
// red; elsewhere its tests are counted skips with the reason.
import "./lib/node-version.mjs";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { prepareGoParties } from "./lib/go-parties.mjs";
import { prepareMeshParties } from "./lib/mesh-parties.mjs";
import { prepareParties } from "./lib/parties.mjs";
import { runTests } from "./lib/run-tests.mjs";
import { filesUnder, removeStaleOutput, root } from "./lib/tree.mjs";

const ci = process.env.CI === "true" || process.env.CI === "1";
const words = process.argv.slice(2);
removeStaleOutput();
const files = filesUnder("dist/test/interop", (path) => path.endsWith(".test.js")).filter(
  (path) => words.length === 0 || words.some((word) => path.includes(word)),
);
// A file names the programs that it asks for; without words everything is made ready.
const texts = files.map((path) => readFileSync(join(root, path), "utf8")).join("\n");
const named = (name) =>
  texts.includes(`"${name}"`) || (name === "definitions" && /definitions/i.test(texts));
const wanted = (name) => words.length === 0 || named(name);
const { env, missing: missingHere } = prepareParties();
const go = prepareGoParties(env.GLOVEBOX_CACHE);
const mesh = prepareMeshParties(env.GLOVEBOX_CACHE, wanted);
env.PATH = [...go.folders, ...mesh.folders, env.PATH].join(delimiter);
env.GLOVEBOX_DEFINITIONS = mesh.definitions;
const missing = [...missingHere, ...go.missing, ...mesh.missing];
for (const problem of missing) console.error(`not available: ${problem}`);
if (ci && missing.length > 0) {
  process.exitCode = 1;
} else {
  Object.assign(process.env, env);
  process.exitCode = await runTests(files, { timeout: 2_700_000 });
}
