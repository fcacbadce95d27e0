// The filters of the plugin, one a scope, and the routes that switch them on. A Wasm message in a route is refused by
// every Envoy; what works is a filter that is off, and a route that turns it on.
import { BACKEND, type Scope, types } from "./names.ts";
import { pluginConfig } from "./plugin-config.ts";
import type { PluginFacts } from "./plugin-facts.ts";
import type { EnvoyRequest } from "./request.ts";
import { at, map, type Node, tree, under } from "./yaml.ts";

/** One HttpFilter; off where it belongs to a route. */
export function httpFilter(request: EnvoyRequest, facts: PluginFacts, scope: Scope): Node {
  const wasm = map(at("@type", types.wasm), at("config", pluginConfig(request, facts, scope)));
  const off =
    scope.route === null ? [] : [at("disabled", true, `on for ${scope.route.prefix} alone, below`)];
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
