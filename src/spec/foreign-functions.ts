// The functions behind proxy_call_foreign_function in Envoy. None is gated one by one by any host; a policy
// that allows the call and no name allows nothing (rule A16). No logic but look-up.
// Source: Envoy's foreign.cc as of 1.37-dev; `since` is the release where it is known to be newer than 1.28.

export interface ForeignFunction {
  readonly name: string;
  readonly since?: string;
  readonly risk: "low" | "medium" | "high";
  readonly why: string;
}

export const foreignFunctions: readonly ForeignFunction[] = [
  { name: "verify_signature", risk: "medium", why: "Checks signatures with native code over the plugin's bytes" },
  { name: "sign", since: "1.37", risk: "medium", why: "Signs with native code over the plugin's bytes" },
  { name: "compress", risk: "medium", why: "Spends the proxy's time and memory" },
  { name: "uncompress", risk: "high", why: "A small input may take gigabytes of the proxy's memory" },
  { name: "set_envoy_filter_state", risk: "high", why: "Writes filter state that other filters trust" },
  { name: "clear_route_cache", since: "1.33", risk: "medium", why: "Makes the proxy choose the route again" },
  { name: "expr_create", risk: "high", why: "Prepares an expression over any attribute, past every property rule" },
  { name: "expr_evaluate", risk: "high", why: "Reads any attribute, past every property rule" },
  { name: "expr_delete", risk: "low", why: "Frees an expression" },
  { name: "declare_property", risk: "medium", why: "Declares filter state that other filters see" },
];
