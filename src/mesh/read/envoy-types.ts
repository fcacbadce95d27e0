// The message that a patch's value is, by what it is applied to.

const HCM = "envoy.extensions.filters.network.http_connection_manager.v3";

/** By EnvoyFilter's `applyTo`. */
export const patched: Readonly<Record<string, string>> = {
  LISTENER: "envoy.config.listener.v3.Listener",
  FILTER_CHAIN: "envoy.config.listener.v3.FilterChain",
  LISTENER_FILTER: "envoy.config.listener.v3.ListenerFilter",
  NETWORK_FILTER: "envoy.config.listener.v3.Filter",
  HTTP_FILTER: `${HCM}.HttpFilter`,
  ROUTE_CONFIGURATION: "envoy.config.route.v3.RouteConfiguration",
  VIRTUAL_HOST: "envoy.config.route.v3.VirtualHost",
  HTTP_ROUTE: "envoy.config.route.v3.Route",
  CLUSTER: "envoy.config.cluster.v3.Cluster",
  EXTENSION_CONFIG: "envoy.config.core.v3.TypedExtensionConfig",
  BOOTSTRAP: "envoy.config.bootstrap.v3.Bootstrap",
};

/** By the field of a Kuma modification. */
export const kumaParts: Readonly<Record<string, string>> = {
  cluster: patched.CLUSTER!,
  listener: patched.LISTENER!,
  networkFilter: patched.NETWORK_FILTER!,
  httpFilter: patched.HTTP_FILTER!,
  virtualHost: patched.VIRTUAL_HOST!,
};
