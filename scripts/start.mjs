// `npm start`: set up, then `glovebox demo` with the arguments given after `--`.
import "./lib/node-version.mjs";
import { setup } from "./setup.mjs";

if (setup()) {
  const { run } = await import("../dist/src/cli/main.js");
  await run(["demo", ...process.argv.slice(2)]);
} else {
  process.exitCode = 5;
}
