// The functions behind proxy_call_foreign_function in Envoy. None is gated one by one by any host; a policy
// that allows the call and no name allows nothing (rule A16). No logic but look-up.
// Source: Envoy's foreign.cc as of 1.37-dev and the .proto files beside it; `since` is the release where it is known
// to be newer than 1.28.

/** A field of a protobuf message; enums are numbers. */
export interface MessageField {
  readonly number: number;
  readonly name: string;
  readonly type: "string" | "bytes" | "bool" | "enum";
}

export interface ForeignFunction {
  readonly name: string;
  readonly since?: string;
  readonly risk: "low" | "medium" | "high";
  readonly why: string;
  /** Whether our own host offers it. */
  readonly offered: boolean;
  /** The argument, where it is a protobuf message; else bytes, or nothing. */
  readonly argument?: readonly MessageField[];
  readonly result?: readonly MessageField[];
}

const field = <const Name extends string, const Type extends MessageField["type"]>(number: number, name: Name, type: Type) => ({ number, name, type }) as const;

export const verifyArguments = [
  field(1, "hash_function", "string"),
  field(2, "public_key", "bytes"),
  field(3, "signature", "bytes"),
  field(4, "text", "bytes"),
  field(5, "public_key_pem", "string"),
] as const satisfies readonly MessageField[];
export const verifyResult = [field(1, "result", "bool"), field(2, "error", "string")] as const satisfies readonly MessageField[];
export const signArguments = [
  field(1, "hash_function", "string"),
  field(2, "private_key", "bytes"),
  field(3, "text", "bytes"),
  field(4, "private_key_pem", "string"),
] as const satisfies readonly MessageField[];
export const signResult = [field(1, "result", "bool"), field(2, "signature", "bytes"), field(3, "error", "string")] as const satisfies readonly MessageField[];
export const filterStateArguments = [field(1, "path", "string"), field(2, "value", "string"), field(3, "span", "enum")] as const satisfies readonly MessageField[];
export const declareArguments = [
  field(1, "name", "string"),
  field(2, "readonly", "bool"),
  field(3, "type", "enum"),
  field(4, "schema", "bytes"),
  field(5, "span", "enum"),
] as const satisfies readonly MessageField[];

/** How long a value of the filter state lives. */
export const LIFE_SPAN = { filterChain: 0, downstreamRequest: 1, downstreamConnection: 2 } as const;

/** Hash functions that sign and verify_signature know, in any case. */
export const signatureHashes: readonly string[] = ["sha1", "sha224", "sha256", "sha384", "sha512"];

/** Keys that set_envoy_filter_state takes: those for which Envoy has a factory, by its own reference page. */
export const filterStateKeys: readonly string[] = [
  "envoy.network.upstream_server_name",
  "envoy.network.application_protocols",
  "envoy.network.upstream_subject_alt_names",
  "envoy.network.transport_socket.original_dst_address",
  "envoy.tcp_proxy.cluster",
  "envoy.tcp_proxy.disable_tunneling",
  "envoy.filters.listener.original_dst.local_ip",
  "envoy.filters.listener.original_dst.remote_ip",
  "envoy.upstream.dynamic_host",
  "envoy.upstream.dynamic_port",
  "envoy.string",
];

const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/;

/** What a value must look like, for the keys whose factory in Envoy refuses others. */
const filterStateForms: Readonly<Record<string, RegExp>> = {
  "envoy.upstream.dynamic_port": /^\d{1,10}$/,
  "envoy.filters.listener.original_dst.local_ip": ADDRESS,
  "envoy.filters.listener.original_dst.remote_ip": ADDRESS,
  "envoy.network.transport_socket.original_dst_address": ADDRESS,
};

/** Whether Envoy's factory for a key makes something of a value. */
export function filterStateFits(key: string, value: string): boolean {
  return !Object.hasOwn(filterStateForms, key) || filterStateForms[key]!.test(value);
}

export const foreignFunctions: readonly ForeignFunction[] = [
  { name: "verify_signature", risk: "medium", why: "Checks signatures with native code over the plugin's bytes", offered: true, argument: verifyArguments, result: verifyResult },
  { name: "sign", since: "1.37", risk: "medium", why: "Signs with native code over the plugin's bytes", offered: true, argument: signArguments, result: signResult },
  { name: "compress", risk: "medium", why: "Spends the proxy's time and memory", offered: true },
  { name: "uncompress", risk: "high", why: "A small input may take gigabytes of the proxy's memory", offered: true },
  { name: "set_envoy_filter_state", risk: "high", why: "Writes filter state that other filters trust", offered: true, argument: filterStateArguments },
  { name: "clear_route_cache", since: "1.33", risk: "medium", why: "Makes the proxy choose the route again", offered: true },
  { name: "expr_create", risk: "high", why: "Prepares an expression over any attribute, past every property rule", offered: false },
  { name: "expr_evaluate", risk: "high", why: "Reads any attribute, past every property rule", offered: false },
  { name: "expr_delete", risk: "low", why: "Frees an expression", offered: false },
  { name: "declare_property", risk: "medium", why: "Declares filter state that other filters see", offered: true, argument: declareArguments },
];
