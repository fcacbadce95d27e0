// Fields that the lab does not read although leaving them out changes neither who gets what nor who may: tuning,
// names of statistics, notes for control planes. They are warnings, or information where they do nothing at
// all; every field that is not listed is an error. No logic but look-up.
import type { Level } from "../../../errors/failure.ts";

const CONFIG = "envoy.config.";
const EXT = "envoy.extensions.";

/** Tuning and telemetry that the lab goes without. */
const warnings: Readonly<Record<string, string>> = {
  [`${CONFIG}bootstrap.v3.Bootstrap`]:
    "cluster_manager deferred_stat_options stats_config stats_flush_interval stats_flush_on_admin stats_eviction_interval stats_sinks overload_manager enable_dispatcher_stats stats_server_version_override use_tcp_for_dns_lookups dns_resolution_config typed_dns_resolver_config fatal_actions perf_tracing_file_path application_log_config grpc_async_client_manager_config memory_allocator_manager enable_worker_cpu_affinity default_regex_engine tracing inline_headers header_prefix flags_path",
  [`${CONFIG}bootstrap.v3.Admin`]:
    "access_log access_log_path socket_options ignore_global_conn_limit",
  [`${CONFIG}bootstrap.v3.RuntimeLayer`]: "disk_layer rtds_layer",
  [`${CONFIG}listener.v3.Listener`]:
    "stats_matcher per_connection_buffer_high_watermark_timeout drain_type listener_filters_timeout continue_on_listener_filters_timeout freebind socket_options tcp_fast_open_queue_length connection_balance_config reuse_port enable_reuse_port access_log tcp_backlog_size max_connections_to_accept_per_socket_event enable_mptcp ignore_global_conn_limit bypass_overload_manager tcp_keepalive",
  [`${CONFIG}listener.v3.FilterChain`]: "transport_socket_connect_timeout",
  [`${EXT}filters.network.http_connection_manager.v3.HttpConnectionManager`]:
    "add_user_agent tracing http1_safe_max_connection_duration http_protocol_options http2_protocol_options server_header_transformation stream_flush_timeout drain_timeout drain_timeout_jitter delayed_close_timeout access_log_flush_interval flush_access_log_on_new_request access_log_options via generate_request_id preserve_external_request_id always_set_request_id_in_response proxy_100_continue upgrade_configs request_id_extension stream_error_on_invalid_http_message proxy_status_config append_x_forwarded_port append_local_overload record_route_resolution_stats",
  [`${CONFIG}core.v3.HttpProtocolOptions`]:
    "max_connection_duration max_connection_duration_jitter max_response_headers_kb max_stream_duration max_requests_per_connection",
  [`${CONFIG}core.v3.Http1ProtocolOptions`]:
    "allow_absolute_url accept_http_10 default_host_for_http_10 header_key_format enable_trailers allow_chunked_length override_stream_error_on_invalid_http_message send_fully_qualified_url use_balsa_parser allow_custom_methods ignore_http_11_upgrade",
  [`${CONFIG}core.v3.Http2ProtocolOptions`]:
    "hpack_table_size max_concurrent_streams initial_stream_window_size initial_connection_window_size allow_connect allow_metadata max_outbound_frames max_outbound_control_frames max_consecutive_inbound_frames_with_empty_payload max_inbound_priority_frames_per_stream max_inbound_window_update_frames_per_data_frame_sent stream_error_on_invalid_http_messaging override_stream_error_on_invalid_http_message custom_settings_parameters connection_keepalive use_oghttp2_codec max_metadata_size enable_huffman_encoding max_header_field_size_kb disallow_obs_text stream_reset_burst stream_reset_rate",
  [`${CONFIG}core.v3.RuntimeFractionalPercent`]: "runtime_key",
  [`${CONFIG}route.v3.VirtualHost`]:
    "virtual_clusters include_request_attempt_count include_attempt_count_in_response hedge_policy include_is_timeout_retry_header",
  [`${CONFIG}route.v3.Route`]: "tracing",
  [`${CONFIG}route.v3.RouteAction`]:
    "append_x_forwarded_host flush_timeout early_data_policy priority hash_policy max_grpc_timeout grpc_timeout_offset upgrade_configs hedge_policy max_stream_duration",
  [`${CONFIG}route.v3.WeightedCluster`]: "runtime_key_prefix total_weight",
  [`${CONFIG}route.v3.RetryPolicy`]:
    "per_try_idle_timeout retry_priority retry_host_predicate retry_options_predicates host_selection_retry_max_attempts retry_back_off rate_limited_retry_back_off refresh_cluster_on_retry",
  [`${CONFIG}core.v3.RetryPolicy`]:
    "retry_on retry_priority retry_host_predicate host_selection_retry_max_attempts",
  [`${CONFIG}core.v3.HeaderValueOption`]: "keep_empty_value",
  [`${CONFIG}cluster.v3.Cluster`]:
    "alt_stat_name stats_matcher per_connection_buffer_limit_bytes per_connection_buffer_high_watermark_timeout health_checks max_requests_per_connection upstream_http_protocol_options common_http_protocol_options http_protocol_options dns_refresh_rate dns_jitter dns_failure_refresh_rate respect_dns_ttl dns_lookup_family use_tcp_for_dns_lookups typed_dns_resolver_config wait_for_warm_on_init outlier_detection cleanup_interval least_request_lb_config round_robin_lb_config common_lb_config upstream_connection_options close_connections_on_host_health_failure ignore_health_on_host_removal track_timeout_budgets track_cluster_stats preconnect_policy connection_pool_per_downstream_connection queuing_policies",
  [`${CONFIG}cluster.v3.CircuitBreakers`]: "per_host_thresholds",
  [`${CONFIG}cluster.v3.CircuitBreakers.Thresholds`]:
    "max_connections max_pending_requests max_requests max_retries retry_budget track_remaining max_connection_pools",
  [`${CONFIG}endpoint.v3.ClusterLoadAssignment`]: "policy",
  [`${CONFIG}endpoint.v3.LocalityLbEndpoints`]: "load_balancing_weight proximity",
  [`${CONFIG}endpoint.v3.Endpoint`]: "health_check_config",
  [`${EXT}upstreams.http.v3.HttpProtocolOptions`]:
    "common_http_protocol_options upstream_http_protocol_options outlier_detection hash_policy",
  [`${EXT}filters.http.router.v3.Router`]:
    "dynamic_stats start_child_span upstream_log upstream_log_options suppress_envoy_headers respect_expected_rq_timeout suppress_grpc_request_failure_code_stats reject_connect_request_early_data",
  [`${EXT}filters.network.tcp_proxy.v3.TcpProxy`]:
    "downstream_idle_timeout upstream_idle_timeout max_connect_attempts backoff_options hash_policy max_downstream_connection_duration max_downstream_connection_duration_jitter_percentage access_log_flush_interval flush_access_log_on_connected access_log_options check_drain_close",
  [`${CONFIG}accesslog.v3.AccessLog`]: "filter",
  [`${CONFIG}core.v3.SubstitutionFormatString`]:
    "omit_empty_values content_type json_format_options",
  [`${EXT}transport_sockets.tls.v3.UpstreamTlsContext`]:
    "allow_renegotiation max_session_keys enforce_rsa_key_usage",
  [`${EXT}transport_sockets.tls.v3.DownstreamTlsContext`]:
    "disable_stateless_session_resumption disable_stateful_session_resumption session_timeout session_ticket_keys ocsp_staple_policy full_scan_certs_on_sni_mismatch prefer_client_ciphers",
  [`${EXT}transport_sockets.tls.v3.CommonTlsContext`]: "key_log",
  [`${EXT}transport_sockets.tls.v3.TlsCertificate`]:
    "watched_directory ocsp_staple signed_certificate_timestamp",
  [`${EXT}transport_sockets.tls.v3.CertificateValidationContext`]:
    "watched_directory suppress_client_ca_list",
  [`${CONFIG}core.v3.DataSource`]: "watched_directory",
  [`${EXT}wasm.v3.VmConfig`]: "allow_precompiled",
  [`${CONFIG}core.v3.SocketAddress`]: "ipv4_compat",
};

/** What means nothing to the lab: names of statistics, notes for others, what it does anyway. */
const notes: Readonly<Record<string, string>> = {
  [`${CONFIG}bootstrap.v3.Bootstrap`]: "node_context_params watchdog watchdogs",
  [`${CONFIG}bootstrap.v3.Admin`]: "profile_path",
  [`${CONFIG}core.v3.Node`]:
    "metadata locality dynamic_parameters user_agent_name user_agent_version user_agent_build_version extensions client_features listening_addresses",
  [`${CONFIG}listener.v3.Listener`]: "stat_prefix metadata traffic_direction",
  [`${CONFIG}listener.v3.FilterChain`]: "metadata name",
  [`${CONFIG}route.v3.RouteConfiguration`]: "metadata",
  [`${CONFIG}route.v3.VirtualHost`]: "metadata",
  [`${CONFIG}route.v3.Route`]: "metadata decorator stat_prefix",
  [`${CONFIG}cluster.v3.Cluster`]: "metadata",
  [`${CONFIG}endpoint.v3.LocalityLbEndpoints`]: "locality metadata",
  [`${CONFIG}endpoint.v3.LbEndpoint`]: "metadata",
  [`${CONFIG}endpoint.v3.Endpoint`]: "observability_name",
  [`${EXT}wasm.v3.VmConfig`]: "nack_on_code_cache_miss",
};

function holds(table: Readonly<Record<string, string>>, type: string, field: string): boolean {
  return Object.hasOwn(table, type) && table[type]!.split(" ").includes(field);
}

/** Every field that the two lists name, for the test that looks each of them up. */
export const listedFields: readonly (readonly [string, string])[] = [warnings, notes].flatMap(
  (table) =>
    Object.entries(table).flatMap(([type, fields]) =>
      fields
        .split(" ")
        .filter((field) => field !== "")
        .map((field) => [type, field] as const),
    ),
);

/** How bad it is that the lab does not read a field of a message. */
export function unreadLevel(type: string, field: string): Level {
  if (holds(notes, type, field)) return "info";
  return holds(warnings, type, field) ? "warning" : "error";
}
