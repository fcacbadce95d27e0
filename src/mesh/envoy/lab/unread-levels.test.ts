// The fields that the lab goes without are fields of Envoy's, and none of them decides who may do what.
import assert from "node:assert/strict";
import { test } from "node:test";
import { messageOf } from "../schema/schema.ts";
import { listedFields, unreadLevel } from "./unread-levels.ts";

test("every listed field is one of its message", () => {
  assert.ok(listedFields.length > 150);
  for (const [type, field] of listedFields) {
    assert.equal(messageOf(type)?.byName.get(field)?.name, field, `${type}.${field}`);
  }
});

test("what decides over requests is an error where the lab does not do it", () => {
  const manager =
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
  for (const [type, field] of [
    [manager, "normalize_path"],
    [manager, "merge_slashes"],
    [manager, "path_with_escaped_slashes_action"],
    [manager, "forward_client_cert_details"],
    [manager, "local_reply_config"],
    [manager, "rds"],
    ["envoy.config.route.v3.RouteMatch", "tls_context"],
    ["envoy.config.route.v3.RouteMatch", "cookies"],
    ["envoy.config.route.v3.RouteAction", "rate_limits"],
    ["envoy.config.route.v3.RouteAction", "request_mirror_policies"],
    ["envoy.config.route.v3.VirtualHost", "cors"],
    ["envoy.config.listener.v3.FilterChain", "filter_chain_match"],
    ["envoy.config.cluster.v3.Cluster", "eds_cluster_config"],
    ["envoy.extensions.transport_sockets.tls.v3.CommonTlsContext", "tls_params"],
    ["envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext", "crl"],
    ["envoy.config.bootstrap.v3.Bootstrap", "dynamic_resources"],
    ["no.such.Message", "field"],
  ] as const) {
    assert.equal(unreadLevel(type, field), "error", `${type}.${field}`);
  }
});
