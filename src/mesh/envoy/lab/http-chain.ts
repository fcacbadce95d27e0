// The HTTP connection manager, with Envoy's defaults filled in.
import type { HttpChain } from "../lab-config.ts";
import { readAccessLogs } from "./access-logs.ts";
import { readHttpFilters } from "./http-filters.ts";
import type { Lab } from "./lab.ts";
import type { Picker } from "./picker.ts";
import { readVirtualHosts } from "./virtual-hosts.ts";

export const HTTP_MANAGER =
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

/** Envoy's defaults: times in milliseconds, sizes as named. */
const defaults = {
  idleTimeout: 3_600_000,
  streamIdleTimeout: 300_000,
  headersKiB: 60,
  headers: 100,
  serverName: "envoy",
} as const;

const codecs: Readonly<Record<string, HttpChain["codec"]>> = {
  "": "auto",
  AUTO: "auto",
  HTTP1: "http1",
  HTTP2: "http2",
};

function readCodec(manager: Picker): HttpChain["codec"] {
  const name = manager.choice("codec_type");
  const codec = codecs[name];
  if (codec === undefined) manager.unsupported("codec_type", name, "AUTO, HTTP1, HTTP2");
  return codec ?? "auto";
}

export function readHttpChain(lab: Lab, manager: Picker): HttpChain {
  const { filters, names } = readHttpFilters(lab, manager);
  const routes = manager.child("route_config");
  const common = manager.child("common_http_protocol_options");
  return {
    kind: "http",
    codec: readCodec(manager),
    statPrefix: manager.text("stat_prefix"),
    serverName: manager.text("server_name") || defaults.serverName,
    virtualHosts: routes === undefined ? [] : readVirtualHosts(lab, routes, names),
    routeConfigName: routes?.text("name") ?? "",
    filters,
    accessLogs: readAccessLogs(lab, manager.messages("access_log")),
    maxRequestHeaderBytes: (manager.number("max_request_headers_kb") ?? defaults.headersKiB) * 1024,
    maxRequestHeaders: common?.number("max_headers_count") ?? defaults.headers,
    idleTimeout: common?.duration("idle_timeout") ?? defaults.idleTimeout,
    requestTimeout: manager.duration("request_timeout") ?? 0,
    requestHeadersTimeout: manager.duration("request_headers_timeout") ?? 0,
    streamIdleTimeout: manager.duration("stream_idle_timeout") ?? defaults.streamIdleTimeout,
    useRemoteAddress: manager.flag("use_remote_address"),
  };
}
