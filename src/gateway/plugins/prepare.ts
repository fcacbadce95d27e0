// From a plugin of the configuration to a compiled module that any thread can run: fetch, check the digest, harden
// (or verify what was hardened before), compile. Nothing of the plugin runs here. What goes wrong is kept as the
// plugin's error: others are not touched by it.
import { Failure, fail } from "../../errors/failure.ts";
import { renderFinding } from "../../errors/render.ts";
import { checkModule } from "../../host/check-module.ts";
import { type CompiledModule, compile } from "../../host/engine.ts";
import type { Semantics } from "../../host/failure.ts";
import type { LabConfig, PluginConfig } from "../../mesh/envoy/lab-config.ts";
import type { Policy } from "../../policy/policy.ts";
import { customSection } from "../../spec/custom-sections.ts";
import type { AbiVersion } from "../../spec/host-function-row.ts";
import { sha256 } from "../../util/digest.ts";
import { version } from "../../util/version.ts";
import { verify } from "../../verify/verify.ts";
import { decode } from "../../wasm/decode.ts";
import type { Import } from "../../wasm/module.ts";
import { type HostRules, hostRulesOf, NO_HOST_RULES } from "./host-rules.ts";
import { type CodeSource, loadCode } from "./load-code.ts";
import { type GivenPolicy, type Plan, planOf } from "./plan.ts";
import type { ReadyMemory } from "./ready-memory.ts";

/** Crosses to other threads by structured clone. */
export interface Prepared {
  /** The plugin's words, without its code. */
  readonly config: PluginConfig;
  /** A number for the plugin's name, the same in every version. */
  readonly place: number;
  /** What may share a VM has the same key. */
  readonly key: string;
  readonly module: ReadyModule | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly semantics: Semantics;
  readonly failure: PluginConfig["failure"];
  /** What the host keeps; the module keeps the rest of the policy. */
  readonly rules: HostRules;
  readonly policy: PolicySummary | null;
  readonly environment: Readonly<Record<string, string>>;
}

export interface ReadyModule {
  readonly compiled: CompiledModule;
  readonly imports: readonly Import[];
  readonly abi: AbiVersion;
  /** sha256 of the bytes as shipped, and of those that run. */
  readonly digest: string;
  readonly runs: string;
  /** hardened: here; before: by somebody else, and verified here; no: `--unsafe-default`. */
  readonly hardened: "hardened" | "before" | "no";
  readonly bytes: number;
}

export interface PolicySummary extends Pick<Policy, "digest" | "limits" | "rules"> {
  readonly origin: string;
  readonly allow: readonly string[];
}

export interface PrepareOptions extends CodeSource {
  readonly limits: LabConfig["limits"];
  readonly policies: ReadonlyMap<string, GivenPolicy>;
  /** Plugins run as shipped, as in a stock proxy. */
  readonly unsafe: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly place: (name: string) => number;
  /** What was made ready for earlier versions; without it everything is made anew. */
  readonly made?: ReadyMemory<Ready>;
}

/** A module, and the policy that it keeps by itself; null where it runs as shipped. */
export interface Ready {
  readonly module: ReadyModule;
  readonly kept: Policy | null;
}

/** Prepares one plugin; never throws for what is wrong with the plugin. */
export async function prepare(plugin: PluginConfig, options: PrepareOptions): Promise<Prepared> {
  const semantics = options.unsafe ? "stock" : "glovebox";
  const config = { ...plugin, code: withoutBytes(plugin.code) };
  const environment = environmentOf(plugin, options.environment);
  const base = { config, place: options.place(plugin.name), semantics, environment } as const;
  try {
    const plan = planOf(plugin, options.limits, options.policies.get(plugin.name));
    const bytes = await loadCode(plugin, options);
    const { module, kept } = await ready(plugin, bytes, plan, options);
    const policy = summaryOf(plan);
    const rules = hostRulesOf(plan, kept);
    const { failure } = plan;
    const key = keyOf(config, module.runs, policy, rules, failure, environment);
    return { ...base, key, module, error: null, failure, rules, policy };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { code, message } = error;
    const { failure } = plugin;
    const key = `failed ${plugin.name}`;
    return {
      ...base,
      key,
      module: null,
      error: { code, message },
      failure,
      rules: NO_HOST_RULES,
      policy: null,
    };
  }
}

function withoutBytes(code: PluginConfig["code"]): PluginConfig["code"] {
  return code.kind === "inline" ? { ...code, bytes: new Uint8Array(0) } : code;
}

/** As Envoy does it: what the host's environment has by these names, then the values given. */
function environmentOf(
  plugin: PluginConfig,
  host: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const known = plugin.environment.host.flatMap((name) => {
    const value = host[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(known), ...plugin.environment.values };
}

function summaryOf({ origin, policy }: Plan): PolicySummary {
  const { digest, limits, rules, allow } = policy;
  return { origin, digest, limits, rules, allow: [...allow] };
}

/** Everything that may make two VMs behave differently. */
function keyOf(
  config: PluginConfig,
  runs: string,
  policy: PolicySummary,
  rules: HostRules,
  failure: string,
  environment: Readonly<Record<string, string>>,
): string {
  const { vmId, rootId, allowHeadersStop, reloadBackoff } = config;
  const texts = [config.configuration, config.vmConfiguration].map((one) => sha256(one));
  const facts = [
    vmId,
    rootId,
    texts,
    runs,
    policy.digest,
    rules,
    failure,
    environment,
    allowHeadersStop,
    reloadBackoff,
  ];
  // Without a VM id, every plugin has a VM of its own.
  return sha256(JSON.stringify(vmId === "" ? [config.name, ...facts] : facts));
}

/** `kept`: the policy that the bytes keep by themselves; null where they run as shipped. */
interface Run {
  readonly bytes: Uint8Array;
  readonly hardened: ReadyModule["hardened"];
  readonly kept: Policy | null;
}

async function ready(
  plugin: PluginConfig,
  bytes: Uint8Array,
  plan: Plan,
  options: PrepareOptions,
): Promise<Ready> {
  const digest = sha256(bytes);
  const { policy, own } = plan;
  if (policy.sha256 !== null && policy.sha256 !== digest) {
    fail("gateway-digest", { name: plugin.name, found: digest, expected: policy.sha256 });
  }
  checkSource(policy);
  const make = () => makeReady(plugin, bytes, digest, plan, options);
  const { made, unsafe } = options;
  // All that it depends on: the rest of a plan is not the module's.
  const facts = [digest, policy.digest, own.digest, unsafe];
  return made === undefined ? make() : made.get(facts.join(" "), make);
}

async function makeReady(
  plugin: PluginConfig,
  bytes: Uint8Array,
  digest: string,
  plan: Plan,
  options: PrepareOptions,
): Promise<Ready> {
  const { policy } = plan;
  const shipped = decode(bytes);
  const before = shipped.customs.some((one) => customSection(one.name)?.kind === "stamp");
  const run: Run = options.unsafe
    ? { bytes, hardened: "no", kept: null }
    : before
      ? { bytes, hardened: "before", kept: keptBefore(plugin.name, bytes, plan) }
      : {
          bytes: await hardened(bytes, digest, plan, options),
          hardened: "hardened",
          kept: policy,
        };
  const module = run.bytes === bytes ? shipped : decode(run.bytes);
  const abi = checkModule(module);
  return {
    module: {
      compiled: compiled(run.bytes),
      imports: module.imports,
      abi,
      digest,
      runs: run.bytes === bytes ? digest : sha256(run.bytes),
      hardened: run.hardened,
      bytes: run.bytes.length,
    },
    kept: run.kept,
  };
}

/** Envoy's sources are files and downloads: nothing comes with them that a policy's other demands could hold of. */
function checkSource({ manifest, signedBy }: Policy): void {
  if (manifest !== null) {
    fail("source-manifest", { expected: manifest, found: "a module without a manifest" });
  }
  if (signedBy.length > 0) fail("source-unsigned", { signers: signedBy.join(", ") });
}

/** A module that was hardened before keeps the whole policy, or the file's own: the host then keeps the rest. */
function keptBefore(name: string, bytes: Uint8Array, { policy, own }: Plan): Policy {
  const errors = (one: Policy) => verify(bytes, one).find(({ level }) => level === "error");
  const first = errors(policy);
  if (first === undefined) return policy;
  if (own !== policy && errors(own) === undefined) return own;
  return fail("gateway-not-contained", { name, first: renderFinding(first) });
}

/** What is in the cache is verified again: the disk is not trusted. */
async function hardened(
  bytes: Uint8Array,
  digest: string,
  { policy }: Plan,
  { cache }: PrepareOptions,
): Promise<Uint8Array> {
  const name = `hardened-${sha256(`${digest} ${policy.digest} ${version()}`)}.wasm`;
  const kept = await cache.read(name);
  if (kept !== null && verify(kept, policy).every((one) => one.level !== "error")) return kept;
  // Most starts find everything in the cache, and then never need what hardens.
  const { contain } = await import("../../contain/contain.ts");
  const made = contain(bytes, policy).bytes;
  await cache.write(name, made);
  return made;
}

function compiled(bytes: Uint8Array): CompiledModule {
  try {
    return compile(bytes);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "CompileError") throw error;
    return fail("host-compile", { detail: error.message }, undefined, error);
  }
}
