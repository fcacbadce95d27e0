// The filters of the plugin, one a scope, and the routes that switch them on. A Wasm message in a route is refused by
// every Envoy; what works is a filter that is off, and a route that turns it on.
import { BACKEND, type Scope, types } from "./names.ts";
import { pluginConfig } from "./plugin-config.ts";
import type { PluginFacts } from "./plugin-facts.ts";
import type { EnvoyRequest } from "./request.ts";
import { at, bare, map, type Node, tree, under } from "./yaml.ts";

/** The plugin's filters; only the first is explained, the others say the same with a vm_id of their own. */
export function httpFilters(
  request: EnvoyRequest,
  facts: PluginFacts,
  scopes: readonly Scope[],
): readonly Node[] {
  return scopes.map((scope, i) => httpFilter(scope, pluginConfig(request, facts, scope), i > 0));
}

/** One HttpFilter; off where it belongs to a route. */
function httpFilter(scope: Scope, config: Node, again: boolean): Node {
  const wasm = map(at("@type", types.wasm), at("config", again ? bare(config) : config));
  const off =
    scope.route === null ? [] : [at("disabled", true, `on for ${scope.route.prefix} alone`)];
  return map(at("name", scope.filter), ...off, at("typed_config", wasm));
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
