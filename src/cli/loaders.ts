// Command name → the module that runs it. Each is loaded when its command runs and not before; a row
// without a handler doesn't compile.
import type { Outcome } from "./command-row.ts";
import type { CommandName, InputOf } from "./commands.ts";
import type { Io } from "./io.ts";

export type Run<Name extends CommandName> = (input: InputOf<Name>, io: Io) => Promise<Outcome>;

export const loaders: { readonly [Name in CommandName]: () => Promise<{ run: Run<Name> }> } = {
  inspect: () => import("./inspect.ts"),
  harden: () => import("./harden.ts"),
  verify: () => import("./verify.ts"),
  trial: () => import("./trial.ts"),
  run: () => import("./run.ts"),
  "policy explain": () => import("./policy-explain.ts"),
  "policy diff": () => import("./policy-diff.ts"),
  "policy learn": () => import("./policy-learn.ts"),
  "policy fit": () => import("./policy-fit.ts"),
  "generate envoy": () => import("./generate.ts"),
  "generate istio": async () => ({ run: (await import("./generate-mesh.ts")).runIstio }),
  "generate envoy-gateway": async () => ({
    run: (await import("./generate-mesh.ts")).runEnvoyGateway,
  }),
  "generate kuma": async () => ({ run: (await import("./generate-mesh.ts")).runKuma }),
  "generate gloo": async () => ({ run: (await import("./generate-mesh.ts")).runGloo }),
  "generate kyverno": async () => ({ run: (await import("./generate-rules.ts")).runKyverno }),
  "generate admission-policy": async () => ({
    run: (await import("./generate-rules.ts")).runAdmissionPolicy,
  }),
  "generate prometheus": async () => ({ run: (await import("./generate-rules.ts")).runPrometheus }),
  "generate grafana": async () => ({ run: (await import("./generate-rules.ts")).runGrafana }),
  "generate networkpolicy": async () => ({
    run: (await import("./generate-rules.ts")).runNetworkPolicy,
  }),
  lint: () => import("./lint.ts"),
  push: () => import("./push.ts"),
  pull: () => import("./pull.ts"),
  "cache prune": () => import("./cache-prune.ts"),
  keys: () => import("./keys.ts"),
  sign: () => import("./sign.ts"),
  attest: () => import("./attest.ts"),
  lock: () => import("./lock.ts"),
  update: () => import("./update.ts"),
  serve: () => import("./serve.ts"),
  audit: () => import("./audit.ts"),
  demo: () => import("./demo.ts"),
  explain: () => import("./explain.ts"),
  completion: () => import("./completion.ts"),
};
