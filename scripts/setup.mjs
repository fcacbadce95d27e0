// Makes a checkout runnable: dependencies, build, plugins. Each step is skipped when its inputs have not
// changed since it last succeeded. Runs before anything is installed, so it uses Node alone.
import "./lib/node-version.mjs";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { filesUnder, hashOf, removeStaleOutput, root, typescriptSources } from "./lib/tree.mjs";

const lockfiles = ["package.json", "package-lock.json"];

// A stamp lives inside what its step makes: whoever deletes the one deletes the other.
const steps = [
  {
    name: "install",
    says: "Installing dependencies",
    stamp: "node_modules/.cache/glovebox-install",
    inputs: () => hashOf(lockfiles, `${process.platform} ${process.arch}`),
    present: () => existsSync(join(root, "node_modules/typescript/bin/tsc")),
    // --include=dev wins over NODE_ENV=production and over omit=dev in the user's own settings.
    run: () => npm(["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"]),
  },
  {
    name: "build",
    says: "Building",
    stamp: "dist/.build-stamp",
    inputs: () => hashOf([...lockfiles, "tsconfig.json", ...typescriptSources()]),
    present: () => existsSync(join(root, "dist/src/cli/main.js")),
    run: () => {
      removeStaleOutput();
      return node(["node_modules/typescript/bin/tsc", "-p", "tsconfig.json"]);
    },
  },
  {
    name: "plugins",
    says: "Building the sample plugins",
    stamp: "dist/.plugins-stamp",
    inputs: () => hashOf([...lockfiles, ...filesUnder("plugins")]),
    present: () => existsSync(join(root, "dist/plugins/wasm")),
    wanted: () => existsSync(join(root, "dist/plugins/build.js")),
    // It shows its own progress on a terminal.
    run: () =>
      node(["dist/plugins/build.js"], {
        stdio: ["ignore", "pipe", process.stderr.isTTY ? "inherit" : "pipe"],
      }),
  },
];

function run(command, args, options = {}) {
  const env = { ...process.env };
  delete env.NODE_ENV;
  // Output is held back and shown only when the step fails: a good set-up is three lines.
  const done = spawnSync(command, args, {
    cwd: root,
    env,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    ...options,
  });
  if (done.error) return { ok: false, output: `${command}: ${done.error.message}\n` };
  return { ok: done.status === 0, output: `${done.stdout ?? ""}${done.stderr ?? ""}` };
}

function node(args, options = {}) {
  return run(process.execPath, args, options);
}

function npm(args) {
  // Under `npm run` this is the same npm; a bare `node scripts/setup.mjs` uses the one on the PATH.
  const script = process.env.npm_execpath;
  if (script !== undefined && /npm-cli\.c?js$/.test(script)) return node([script, ...args]);
  return run("npm", args, { shell: process.platform === "win32" });
}

function stamped(step) {
  const file = join(root, step.stamp);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** Brings the checkout up to date; true when everything is in place. Writes to standard error only. */
export function setup() {
  for (const step of steps) {
    if (step.wanted !== undefined && !step.wanted()) continue;
    const inputs = step.inputs();
    if (stamped(step) === inputs && step.present()) continue;
    const began = Date.now();
    if (process.stderr.isTTY) process.stderr.write(`${step.says} …`);
    const { ok, output } = step.run();
    const seconds = `${((Date.now() - began) / 1000).toFixed(1)} s`;
    const start = process.stderr.isTTY ? "\r\x1b[K" : "";
    if (!ok) {
      process.stderr.write(`${start}${step.says}: failed after ${seconds}\n${output}`);
      return false;
    }
    process.stderr.write(`${start}${step.says}: done in ${seconds}\n`);
    mkdirSync(dirname(join(root, step.stamp)), { recursive: true });
    writeFileSync(join(root, step.stamp), inputs);
  }
  return true;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (!setup()) process.exitCode = 5;
}
