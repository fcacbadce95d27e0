// `npm test [-- WORD…]`: every test of src, test and plugins but the interop ones, or only the files whose
// path contains a word. Set-up has run before (pretest).
import "./lib/node-version.mjs";
import { runTests } from "./lib/run-tests.mjs";
import { filesUnder, removeStaleOutput } from "./lib/tree.mjs";

for (const path of removeStaleOutput()) console.error(`removed ${path}: its source is gone`);
const words = process.argv.slice(2);
const files = ["src", "test", "plugins", "bench"]
  .flatMap((folder) => filesUnder(`dist/${folder}`, (path) => path.endsWith(".test.js")))
  .filter((path) => !/[\\/]interop[\\/]/.test(path))
  .filter((path) => words.length === 0 || words.some((word) => path.includes(word)));
process.exitCode = await runTests(files);
