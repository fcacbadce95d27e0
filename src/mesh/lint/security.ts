// Whether a plugin decides about requests, as far as its configuration tells: by its phase, its name, or what it may
// call. The same judgement for every rule that asks.
import type { RoleName } from "../../policy/roles.ts";
import { role } from "../../policy/roles.ts";
import type { PluginUse } from "../model.ts";

/** Whole words of a name, in the order in which they win. */
const words: readonly (readonly [RegExp, RoleName])[] = [
  [/^(?:ext|external)$/, "external-auth"],
  [
    /^(?:auth|authn|authz|authentication|authorization|oidc|oauth2?|jwt|opa|rbac|acl|apikey|hmac|login|sso|mtls)$/,
    "auth",
  ],
  [/^(?:waf|coraza|modsecurity|firewall|dlp)$/, "body-filter"],
  [/^(?:ratelimit|ratelimiter|ratelimiting|quota|throttle)$/, "rate-limiter"],
  [/^(?:logging|logger|accesslog)$/, "logging"],
  [/^(?:metrics|stats|telemetry|metering)$/, "metrics"],
  [/^(?:tracing|tracer|trace)$/, "tracing"],
  [/^(?:rewriter|rewrite|headers?)$/, "header-rewriter"],
];

const partsOf = (name: string): readonly string[] =>
  name
    .replace(/([a-z])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);

function roleByName(name: string): RoleName | undefined {
  const parts = partsOf(name);
  const has = (pattern: RegExp): boolean => parts.some((part) => pattern.test(part));
  if (has(words[0]![0]) && has(words[1]![0])) return "external-auth";
  if (/rate-?limit/.test(name.toLowerCase())) return "rate-limiter";
  return words.slice(1).find(([pattern]) => has(pattern))?.[1];
}

const phases: Readonly<Record<string, RoleName>> = {
  AUTHN: "auth",
  AUTHZ: "auth",
  AuthNStage: "auth",
  AuthZStage: "auth",
  STATS: "metrics",
};

/** Code that is compiled into the proxy: no module, no VM of its own. */
export function isBuiltIn({ runtime }: PluginUse): boolean {
  return runtime?.value === "envoy.wasm.runtime.null";
}

export interface Judgement {
  readonly role: RoleName;
  readonly security: boolean;
  /** What told, in words. */
  readonly why: string;
}

/** Several rules ask of the same plugin. */
const judged = new WeakMap<PluginUse, Judgement | null>();

/** The role that a plugin seems to have; undefined where nothing tells. */
export function judge(use: PluginUse): Judgement | undefined {
  const known = judged.get(use);
  if (known !== undefined) return known ?? undefined;
  const made = judgement(use);
  judged.set(use, made ?? null);
  return made;
}

function judgement(use: PluginUse): Judgement | undefined {
  const of = (name: RoleName, why: string): Judgement => ({
    role: name,
    security: role(name)!.security,
    why,
  });
  const phase = use.phase?.value ?? "";
  if (phases[phase] !== undefined) return of(phases[phase], `phase ${phase}`);
  for (const name of [use.name.value, use.rootId?.value ?? "", use.document.name]) {
    const byName = roleByName(name);
    if (byName !== undefined) return of(byName, `it is called ${name.slice(0, 60)}`);
  }
  const calls = use.capabilities?.names.map((one) => one.value) ?? [];
  return calls.includes("proxy_send_local_response")
    ? of("auth", "it may answer in the upstream's place")
    : undefined;
}
