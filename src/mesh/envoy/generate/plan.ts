// What a generated file is written from: the request, its scopes, and the plugin's versions, ready and pinned. One
// version usually; two with a canary.
import { type Scope, scopesOf } from "./names.ts";
import { type PluginFacts, pluginFacts } from "./plugin-facts.ts";
import type { EnvoyCanary, EnvoyRequest } from "./request.ts";

/** One version of the plugin as Envoy is told of it. */
export interface Told {
  /** Of the canary too: where it runs is where the other does, what it is is its own. */
  readonly request: EnvoyRequest;
  readonly facts: PluginFacts;
  /** In the order of the request's routes by length; the filter's name is the first version's. */
  readonly scopes: readonly Scope[];
}

export interface Plan {
  readonly request: EnvoyRequest;
  readonly stable: Told;
  readonly canary: (Told & { readonly percent: number }) | null;
}

function told(original: Uint8Array, request: EnvoyRequest, others: readonly Scope[] = []): Told {
  return { request, facts: pluginFacts(original, request), scopes: scopesOf(request, others) };
}

/** Both versions, or the one. */
export function versionsOf({ stable, canary }: Plan): readonly Told[] {
  return canary === null ? [stable] : [stable, canary];
}

/** Hardens and starts what is asked for. Throws what `pluginFacts` throws. */
export function planOf(
  original: Uint8Array,
  request: EnvoyRequest,
  second: EnvoyCanary | null,
): Plan {
  const stable = told(original, request);
  if (second === null) return { request, stable, canary: null };
  const { policy, dispatch, code, percent } = second;
  const own = { ...request, policy, dispatch, code };
  const canary = told(second.original, own, stable.scopes);
  return { request, stable, canary: { ...canary, percent } };
}
