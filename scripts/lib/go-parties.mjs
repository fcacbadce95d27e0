// Third parties that are written in Go, or come from Debian: each built once, at one version, into a folder of the
// cache that is named after it. A build that did not finish leaves nothing that a later one would take for whole.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { root } from "./tree.mjs";

/** Programs of a published module. */
const installed = [
  {
    name: "crane",
    package: "github.com/google/go-containerregistry/cmd/crane",
    version: "v0.22.1",
  },
  { name: "oras", package: "oras.land/oras/cmd/oras", version: "v1.3.6" },
  {
    name: "registry",
    package: "github.com/distribution/distribution/v3/cmd/registry",
    version: "v3.1.2",
  },
  {
    name: "cosign",
    package: "github.com/sigstore/cosign/v3/cmd/cosign",
    version: "v3.1.3",
  },
];

/** Programs of ours around the parties' own packages: test/interop/go/NAME. */
const own = ["referrers-registry", "istio-fetch"];

/** Programs of Debian packages, unpacked without being installed. */
const debian = [
  { name: "docker-registry", package: "docker-registry", program: "usr/bin/docker-registry" },
];

export function run(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26, ...options });
  if (done.error) return `${command}: ${done.error.message}`;
  const said = (done.stderr || done.stdout || "").trim().split("\n").at(-1);
  return done.status === 0
    ? undefined
    : `${command} ${args[0]}: ${said || `exit code ${done.status}`}`;
}

/** Runs `make(unfinished)` where the folder isn't there yet; answers why it couldn't, or undefined. */
export function once(folder, program, make) {
  if (existsSync(join(folder, program))) return undefined;
  process.stderr.write(`Building ${program} into ${folder}\n`);
  const unfinished = `${folder}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const problem = make(unfinished);
  if (problem === undefined) {
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
  }
  rmSync(unfinished, { recursive: true, force: true });
  return problem;
}

export const goEnv = (more) => ({
  env: { ...process.env, GOFLAGS: "-trimpath", GOTOOLCHAIN: "local", ...more },
});

export function install(cache, { name, package: path, version }) {
  const folder = join(cache, `go-${name}-${version}`);
  const make = (unfinished) =>
    run("go", ["install", `${path}@${version}`], goEnv({ GOBIN: unfinished }));
  return { folder, problem: once(folder, name, make) };
}

function build(cache, name) {
  const source = join(root, "test/interop/go", name);
  const hash = createHash("sha256");
  for (const file of readdirSync(source).sort()) hash.update(readFileSync(join(source, file)));
  const folder = join(cache, `go-${name}-${hash.digest("hex").slice(0, 12)}`);
  const make = (unfinished) => {
    // Built from a copy: the checkout stays as it is.
    const copy = join(unfinished, "source");
    cpSync(source, copy, { recursive: true });
    const options = { cwd: copy, ...goEnv({ GOFLAGS: "-trimpath -mod=readonly" }) };
    const problem = run("go", ["build", "-o", join(unfinished, name), "."], options);
    rmSync(copy, { recursive: true, force: true });
    return problem;
  };
  return { folder, problem: once(folder, name, make) };
}

export function unpack(cache, { name, package: path, program }) {
  const folder = join(cache, `debian-${name}`);
  const make = (unfinished) => {
    const problem = run("apt-get", ["download", path], { cwd: unfinished });
    if (problem !== undefined) return problem;
    const file = readdirSync(unfinished).find((one) => one.endsWith(".deb"));
    const unpacked = join(unfinished, "unpacked");
    const failed = run("dpkg", ["-x", file, unpacked], { cwd: unfinished });
    if (failed !== undefined) return failed;
    renameSync(join(unpacked, program), join(unfinished, name));
    rmSync(unpacked, { recursive: true, force: true });
    return undefined;
  };
  return { folder, problem: once(folder, name, make) };
}

/** Builds what is missing. Answers the folders of the programs and, per program that can't be had, why. */
export function prepareGoParties(cache) {
  const parties = [
    ...installed.map((one) => install(cache, one)),
    ...own.map((name) => build(cache, name)),
    ...debian.map((one) => unpack(cache, one)),
  ];
  return {
    folders: parties.map(({ folder }) => folder),
    missing: parties.flatMap(({ problem }) => (problem === undefined ? [] : [problem])),
  };
}
