// Third parties that read what is generated for meshes, policy engines and monitoring: their own programs, and the
// definitions of their objects out of their published modules. Each once, at one version, into the cache.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { goEnv, install, once, run, unpack } from "./go-parties.mjs";
import { root } from "./tree.mjs";

/** Istio publishes no tagged module: a commit of its main branch between 1.30 and 1.31. */
const ISTIO = "v0.0.0-20260827124520-eed52ebb66ad";

const installed = [
  {
    name: "kubeconform",
    package: "github.com/yannh/kubeconform/cmd/kubeconform",
    version: "v0.8.0",
  },
  { name: "istioctl", package: "istio.io/istio/istioctl/cmd/istioctl", version: ISTIO },
];

/** Programs that can't be installed by name: test/interop/go/NAME lists their modules. */
const wrapped = [
  {
    name: "kyverno",
    package: "github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno",
    flags: "-s -w",
  },
  {
    name: "kube-apiserver",
    slow: true,
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    flags: "-s -w -X k8s.io/component-base/version.gitVersion=v1.37.2",
  },
];

const debian = [
  { name: "promtool", package: "prometheus", program: "usr/bin/promtool" },
  { name: "etcd", package: "etcd-server", program: "usr/bin/etcd" },
];

/** Definitions of objects, by the modules that publish them. */
const definitions = [
  {
    module: `istio.io/istio@${ISTIO}`,
    folder: "manifests/charts/base/files",
    match: /^crd-all\.gen\.yaml$/,
  },
  {
    module: "github.com/envoyproxy/gateway@v1.9.1",
    folder: "charts/gateway-crds-helm/templates/generated",
    match: /_envoy(?:extension|patch)policies\.yaml$/,
  },
  {
    module: "github.com/prometheus-operator/prometheus-operator@v0.85.0",
    folder: "example/prometheus-operator-crd",
    match: /_prometheusrules\.yaml$/,
  },
  {
    module: "github.com/kyverno/kyverno@v1.19.1",
    folder: "config/crds/policies.kyverno.io",
    match: /_(?:image)?validatingpolicies\.yaml$/,
  },
  {
    module: "github.com/kyverno/kyverno@v1.19.1",
    folder: "config/crds/kyverno",
    match: /_clusterpolicies\.yaml$/,
  },
];

const shortHash = (text) => createHash("sha256").update(text).digest("hex").slice(0, 12);

/** Of a run of CI: the tests need the rest of its 75 minutes. */
const SLOW_UNTIL_MS = 40 * 60_000;
/** Less time than this gets no build any further. */
const SLOW_LEAST_MS = 60_000;

/**
 * Milliseconds that a build of a quarter of an hour may take; Infinity where it was asked for by name or by
 * GLOVEBOX_SLOW_PARTIES=1, 0 where nobody did, and in CI what is left of its time.
 */
export function slowBudget(env, words, now) {
  if (env.GLOVEBOX_SLOW_PARTIES === "1" || words.length > 0) return Number.POSITIVE_INFINITY;
  const started = Number(env.GLOVEBOX_STARTED) * 1000;
  if (!(started > 0)) return 0;
  const left = started + SLOW_UNTIL_MS - now;
  return left >= SLOW_LEAST_MS ? left : 0;
}

function wrap(cache, { name, package: path, flags, slow }) {
  const source = join(root, "test/interop/go", name);
  const lines = readdirSync(source)
    .sort()
    .map((file) => readFileSync(join(source, file), "utf8"));
  const folder = join(cache, `go-${name}-${shortHash(lines.join("\n") + flags)}`);
  const budget =
    slow === true ? slowBudget(process.env, process.argv.slice(2), Date.now()) : Infinity;
  const make = (unfinished) => {
    const copy = join(unfinished, "source");
    cpSync(source, copy, { recursive: true });
    // The list of modules is whole; their sums come from the checksum database as they are fetched.
    const options = { cwd: copy, ...goEnv({ GOFLAGS: "-trimpath -mod=mod" }) };
    if (budget !== Infinity) options.timeout = budget;
    return run("go", ["build", `-ldflags=${flags}`, "-o", join(unfinished, name), path], options);
  };
  if (budget === 0 && !existsSync(join(folder, name))) return { folder, problem: undefined };
  const problem = once(folder, name, make);
  // What is compiled by then stays in Go's own cache: the next run goes on from there, and its tests say that they skip.
  if (problem?.includes("ETIMEDOUT")) {
    process.stderr.write(`${name}: not ready within the time that is left for it\n`);
    return { folder, problem: undefined };
  }
  return { folder, problem };
}

function define(cache) {
  const folder = join(
    cache,
    `definitions-${shortHash(JSON.stringify(definitions.map((one) => [one.module, one.folder, String(one.match)])))}`,
  );
  const make = (unfinished) => {
    for (const { module, folder: inside, match } of definitions) {
      const options = { cwd: unfinished, ...goEnv({ GOFLAGS: "-mod=mod" }) };
      const problem = run("go", ["mod", "download", module], options);
      if (problem !== undefined) return problem;
      const { stdout } = spawnSync("go", ["env", "GOMODCACHE"], { encoding: "utf8" });
      const from = join(
        stdout.trim(),
        module.replace(/[A-Z]/g, (c) => `!${c.toLowerCase()}`),
        inside,
      );
      if (!existsSync(from)) return `${module} has no ${inside}`;
      for (const file of readdirSync(from).filter((one) => match.test(one))) {
        copyFileSync(join(from, file), join(unfinished, file));
      }
    }
    mkdirSync(join(unfinished, "complete"));
    return undefined;
  };
  return { folder, problem: once(folder, "complete", make) };
}

/**
 * Makes what is missing of what `wanted(name)` says is needed: some take a quarter of an hour. Answers folders of
 * programs, the folder of definitions, and why something can't be had.
 */
export function prepareMeshParties(cache, wanted = () => true) {
  const needed = ({ name }) => wanted(name);
  const parties = [
    ...installed.filter(needed).map((one) => install(cache, one)),
    ...debian.filter(needed).map((one) => unpack(cache, one)),
    ...wrapped.filter(needed).map((one) => wrap(cache, one)),
  ];
  const defined = wanted("definitions") ? define(cache) : { folder: "", problem: undefined };
  return {
    folders: parties.map(({ folder }) => folder),
    definitions: defined.folder,
    missing: [...parties, defined].flatMap(({ problem }) =>
      problem === undefined ? [] : [problem],
    ),
  };
}
