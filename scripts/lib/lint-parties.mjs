// What the linter is tried on and checked with: the manifests that Istio, Envoy Gateway and Kuma publish in their Go
// modules, and the schema of SARIF with a validator that isn't ours. Each at one version, in the cache.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Istio tags no module: a commit of its main branch. Of Kuma's releases this is the one that the proxy serves. */
const modules = [
  "istio.io/istio@v0.0.0-20260827124520-eed52ebb66ad",
  "github.com/envoyproxy/gateway@v1.9.1",
  "github.com/kumahq/kuma@v1.8.1",
];

const packages = ["@microsoft/jest-sarif@1.0.0-beta.0", "ajv@6.12.6"];

/** The folder of a published module; a module that is there is not asked for again. */
function moduleFolder(name) {
  const done = spawnSync("go", ["mod", "download", "-json", name], {
    encoding: "utf8",
    env: { ...process.env, GOFLAGS: "-mod=mod", GOTOOLCHAIN: "local" },
  });
  try {
    const { Dir, Error: reason } = JSON.parse(done.stdout);
    return Dir === undefined ? { problem: `${name}: ${reason}` } : { folder: Dir };
  } catch {
    return { problem: `${name}: ${done.error?.message ?? done.stderr.trim()}` };
  }
}

function sarifFolder(cache) {
  const folder = join(cache, "sarif-2.1.0-rtm.5");
  if (existsSync(folder)) return { folder };
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const args = ["install", "--silent", "--no-save", "--ignore-scripts", "--prefix", unfinished];
  const done = spawnSync("npm", [...args, ...packages], { encoding: "utf8" });
  if (done.status !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    return { problem: `npm install ${packages.join(" ")}: ${done.error?.message ?? done.stderr}` };
  }
  renameSync(unfinished, folder);
  return { folder };
}

/** Answers environment variables with the folders and, per party that can't be had, why. */
export function prepareLintParties(cache) {
  const manifests = modules.map(moduleFolder);
  const sarif = sarifFolder(cache);
  return {
    env: {
      GLOVEBOX_UPSTREAM: manifests.flatMap((one) => one.folder ?? []).join(":"),
      GLOVEBOX_SARIF: sarif.folder ?? "",
    },
    missing: [...manifests, sarif].flatMap((one) => one.problem ?? []),
  };
}
