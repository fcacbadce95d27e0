// The three forms: parts to paste, a listener with its clusters, a bootstrap.
import { boundOf, type Clusters } from "./clusters.ts";
import { httpFilters, routeOf } from "./http-filter.ts";
import { types } from "./names.ts";
import type { Plan } from "./plan.ts";
import type { Endpoint, EnvoyRequest } from "./request.ts";
import { at, type Entry, type MapNode, map, type Node, tree, under } from "./yaml.ts";

const address = ({ host, port }: Endpoint): Node =>
  tree({ socket_address: { address: host, port_value: port } });

function clusterEntries(
  plan: Plan,
  { list }: Clusters,
  above: readonly string[] = [],
): readonly Entry[] {
  if (list.length === 0) return [];
  return [under([...above, boundOf(plan)], at("clusters", list))];
}

function parts(plan: Plan, clusters: Clusters): MapNode {
  const filters = httpFilters(plan);
  const routed = plan.stable.scopes.filter((scope) => scope.route !== null);
  const routes =
    "Into the virtual host's routes, in this order: the first that matches counts. Envoy matches paths as they come, so let the connection manager set normalize_path and merge_slashes, or /x/../ gets around a route.";
  return map(
    under(
      ["Into http_filters of the HTTP connection manager, before the router."],
      at("http_filters", filters),
    ),
    ...(routed.length === 0 ? [] : [under([routes], at("routes", routed.map(routeOf)))]),
    ...clusterEntries(plan, clusters, ["Into static_resources.clusters."]),
  );
}

function listener(plan: Plan): Node {
  const { request, stable } = plan;
  const routes =
    "The first route that matches counts. The plugin runs on each of them; a path that none matches gets 404. Before adding routes without it, set normalize_path and merge_slashes in this connection manager: Envoy matches paths as they come.";
  const host = map(
    at("name", "all"),
    at("domains", ["*"]),
    under([routes], at("routes", stable.scopes.map(routeOf))),
  );
  const router = tree({
    name: "envoy.filters.http.router",
    typed_config: { "@type": types.router },
  });
  const manager = map(
    at("@type", types.manager),
    at("stat_prefix", request.policy.name),
    at("route_config", map(at("name", "local"), at("virtual_hosts", [host]))),
    at("http_filters", [...httpFilters(plan), router]),
  );
  const filter = map(
    at("name", "envoy.filters.network.http_connection_manager"),
    at("typed_config", manager),
  );
  return map(
    at("name", request.policy.name),
    at("address", address(request.listen)),
    at("filter_chains", [map(at("filters", [filter]))]),
  );
}

/** A last resort: Envoy knows no limit on a plugin's time, and the module's own ends a callback long before. */
function watchdogs({ policy }: EnvoyRequest): Entry {
  const above = [
    `A last resort beneath the module's own ${policy.limits.fuel.callback} units of fuel a callback: statistics where a thread is late.`,
    "Loading and configuring modules takes the main thread, so it isn't killed for that.",
  ];
  const kill =
    "JUDGE: ends the whole process after a worker has stood still so long; something must start it again. Larger than any module takes to start.";
  return under(
    above,
    at(
      "watchdogs",
      map(
        at("main_thread_watchdog", tree({ miss_timeout: "1s", megamiss_timeout: "5s" })),
        at(
          "worker_watchdog",
          map(
            at("miss_timeout", "0.2s"),
            at("megamiss_timeout", "1s"),
            under([kill], at("kill_timeout", "30s")),
          ),
        ),
      ),
    ),
  );
}

/** The document of the request's form. */
export function documentOf(plan: Plan, clusters: Clusters): MapNode {
  const { request } = plan;
  if (request.form === "filter") return parts(plan, clusters);
  const resources = at(
    "static_resources",
    map(at("listeners", [listener(plan)]), ...clusterEntries(plan, clusters)),
  );
  if (request.form === "listener") return map(resources);
  const { name } = request.policy;
  return map(
    at("node", tree({ id: `${name}-1`, cluster: name })),
    under(
      ["Whoever reaches it can stop the proxy and read its configuration."],
      at("admin", map(at("address", address(request.admin)))),
    ),
    watchdogs(request),
    resources,
  );
}
