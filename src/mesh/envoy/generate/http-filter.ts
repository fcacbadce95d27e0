// The filters of the plugin, one a scope, and the routes that switch them on. A Wasm message in a route is refused by
// every Envoy; what works is a filter that is off, and a route that turns it on. With a canary the filter holds both.
import { canaryFilter, inlineDelegate } from "./canary.ts";
import { BACKEND, type Scope, types } from "./names.ts";
import type { Plan, Told } from "./plan.ts";
import { pluginConfig } from "./plugin-config.ts";
import { at, bare, map, type Node, tree, under } from "./yaml.ts";

/** The plugin's filters; only the first is explained, the others say the same with a vm_id of their own. */
export function httpFilters(plan: Plan): readonly Node[] {
  return plan.stable.scopes.map((scope, i) => httpFilter(plan, scope, i));
}

/** Envoy's message for one version in the scope of that number. */
function wasm({ request, facts, scopes }: Told, i: number, explained: boolean): Node {
  const config = pluginConfig(request, facts, scopes[i]!);
  return map(at("@type", types.wasm), at("config", explained ? config : bare(config)));
}

/** One HttpFilter; off where it belongs to a route. */
function httpFilter({ stable, canary }: Plan, { filter, route }: Scope, i: number): Node {
  const off = route === null ? [] : [at("disabled", true, `on for ${route.prefix} alone`)];
  if (canary === null) {
    return map(at("name", filter), ...off, at("typed_config", wasm(stable, i, i === 0)));
  }
  const share = { percent: canary.percent, prefixes: [] };
  const delegates = {
    stable: inlineDelegate("stable", wasm(stable, i, false)),
    canary: inlineDelegate("canary", wasm(canary, i, i === 0)),
  };
  const whole = canaryFilter(filter, stable.request.policy.name, share, delegates, off);
  return i === 0 ? whole : bare(whole);
}

/** The route of a scope, which switches the scope's filter on. */
export function routeOf({ route, filter }: Scope): Node {
  if (route === null) return tree({ match: { prefix: "/" }, route: { cluster: BACKEND } });
  const on = tree({ "@type": types.filterConfig, config: {} });
  return map(
    at("match", tree({ prefix: route.prefix })),
    at("route", tree({ cluster: route.cluster })),
    under(["Switches the filter on."], at("typed_per_filter_config", map(at(filter, on)))),
  );
}
