// A policy with every rule and quota of docs/guards.md, and a module that imports every host function that has a
// check: what the verifier's tests of guards are made of.
import { hostFunctions } from "../../src/spec/host-functions.ts";
import { type Plan, policy, policyWith } from "./forge.ts";

/** Host functions that have a check under `guardedPolicy`. */
export const checked = [
  "proxy_log",
  "fd_write",
  "fd_pwrite",
  "proxy_set_tick_period_milliseconds",
  "proxy_get_header_map_value",
  "proxy_get_header_map_pairs",
  "proxy_add_header_map_value",
  "proxy_replace_header_map_value",
  "proxy_remove_header_map_value",
  "proxy_set_header_map_pairs",
  "proxy_get_buffer_bytes",
  "proxy_set_buffer_bytes",
  "proxy_send_local_response",
  "proxy_http_call",
  "proxy_grpc_call",
  "proxy_grpc_stream",
  "proxy_grpc_send",
  "envoy_resolve_dns",
  "proxy_set_shared_data",
  "proxy_get_shared_data",
  "proxy_register_shared_queue",
  "proxy_resolve_shared_queue",
  "proxy_enqueue_shared_queue",
  "proxy_dequeue_shared_queue",
  "proxy_define_metric",
  "proxy_get_property",
  "proxy_set_property",
  "proxy_call_foreign_function",
] as const;

export const guardedPolicy = policyWith(
  {
    allow: new Set([...checked, "proxy_get_status", "environ_sizes_get", "proc_exit"]),
    rules: {
      dispatch: {
        clusters: ["outbound|443||api", "other-cluster"],
        methods: ["GET"],
        paths: ["/v1/*", "/health"],
        authorities: ["api.example"],
        names: ["db.example"],
      },
      properties: {
        read: ["request.headers.X-Tenant", "xds.node", "source"],
        write: ["tenant"],
        hidden: ["request", "request.headers", "request.path"],
      },
      headers: {
        read: [
          { name: ":path", maps: 15 },
          { name: "x-tenant", maps: 1 },
        ],
        add: [{ name: "x-added-by-plugin", maps: 5 }],
        replace: [{ name: "x-1", maps: 4 }],
        remove: [],
      },
      bodies: { read: ["request"], write: ["response", "upstream"] },
      responses: [
        [401, 401],
        [500, 503],
      ],
      sharedData: { read: ["a."], write: ["a.b."] },
      queues: { register: ["mine"], resolve: ["theirs", ""] },
      metrics: ["plugin_"],
      foreign: ["declare_property"],
    },
  },
  {
    fuel: { ...policy.limits.fuel, request: 3_000_000 },
    streams: 5,
    dispatch: { outstanding: 4, total: 32 },
    log: { bytes: 65_536, level: 2 },
    host: {
      headerBytes: 65_536,
      bodyBytes: 8_388_608,
      sharedData: 1_048_576,
      queueItems: 1000,
      sharedDataPerRequest: 256,
      queueItemsPerRequest: 4,
      metrics: 256,
      tick: 100,
    },
  },
);

/** With quotas and nothing else: what a policy that says nothing has. */
export const quotaPolicy = policyWith(
  { allow: guardedPolicy.allow },
  { ...guardedPolicy.limits, fuel: policy.limits.fuel, log: { bytes: 65_536, level: null } },
);

function imported(name: string): string {
  const { module } = hostFunctions.find((row) => row.name === name)!;
  return `${module === "env" ? "env" : "wasi_snapshot_preview1"}.${name}`;
}

/** Everything with a check imported, every kind of entry exported; both slot exports added. */
export const guardedPlan: Plan = {
  policy: guardedPolicy,
  imports: [...checked, "proxy_get_status", "environ_sizes_get", "proc_exit"].map(imported).sort(),
  stubs: ["proxy_done"],
  exports: [
    ["proxy_abi_version_0_2_1", 0],
    ["malloc", 1],
    ["proxy_on_configure", 2],
    ["proxy_on_http_call_response", 3],
    ["proxy_on_request_headers", 4],
    ["proxy_on_context_create", "added"],
    ["proxy_on_delete", "added"],
  ],
  guests: [
    { type: ":", code: "CHARGE_G=9 end" },
    { type: "i:i", code: "CHARGE_G=10 local.get 0 end" },
    { type: "ii:i", code: "CHARGE_G=10 local.get 0 end" },
    { type: "iiiii:", code: "CHARGE_G=9 end" },
    {
      type: "iii:i",
      code: `CHARGE_G=9000 i32.const 2 i32.const 8 i32.const 4 call $thunk.proxy_log drop
        call $stub.proxy_done end`,
    },
  ],
};
