// What a host call is about, by name: which cluster, header, property, key. Names only; the values beside them are
// not looked at. A function without a row here is counted as a call and nothing more.
import type { TracedValue } from "../host/tracer.ts";
import type { HostFunctionName } from "../spec/host-functions.ts";
import { BUFFER, LOG_LEVEL, MAP, nameOf } from "../spec/status.ts";
import {
  domainOf,
  keyPrefix,
  plainMethod,
  plainPath,
  plainWords,
  propertyName,
  visible,
} from "./plain-name.ts";
import type { UseKind } from "./run-record.ts";

export interface Subject {
  readonly kind: UseKind;
  readonly name: string;
  readonly of: string | null;
}

/** The arguments of one call by name. */
export class Arguments {
  readonly #values: readonly TracedValue[];

  constructor(values: readonly TracedValue[]) {
    this.#values = values;
  }

  number(name: string): number {
    const found = this.#values.find((one) => one.name === name);
    return found !== undefined && "value" in found ? Number(found.value) : 0;
  }

  text(name: string): string {
    const found = this.#values.find((one) => one.name === name);
    return found !== undefined && "text" in found ? found.text : "";
  }

  /** Bytes, all of them. */
  size(name: string): number {
    const found = this.#values.find((one) => one.name === name);
    return found !== undefined && "size" in found ? found.size : 0;
  }
}

/** Names that ids stand for, as the plugin was given them. */
export interface Ids {
  readonly queues: ReadonlyMap<number, string>;
}

type Row = (args: Arguments, ids: Ids) => Subject | readonly Subject[];

const one = (kind: UseKind, name: string, of: string | null = null): Subject => ({
  kind,
  name,
  of,
});

const mapOf = (args: Arguments): string => nameOf(MAP, args.number("map_id")) ?? "(no map)";

const header =
  (...kinds: readonly UseKind[]): Row =>
  (args) => {
    const name = visible(args.text("key").toLowerCase(), "(no header name)");
    return kinds.map((kind) => one(kind, name, mapOf(args)));
  };

/** A call and what it is addressed to, cluster first. */
const dispatched =
  (of: string, pairs: string): Row =>
  (args) => {
    const cluster = visible(args.text("upstream_name"), "(a service definition)");
    const about = [...pairsOf(args.text(pairs))].flatMap(([name, value]): Subject[] => {
      if (name === ":method") return [one("methods", plainMethod(value), of)];
      if (name === ":path") return [one("paths", plainPath(value), of)];
      const authority = name === ":authority" || name === "host";
      return authority ? [one("authorities", domainOf(value), of)] : [];
    });
    return [one("clusters", cluster, of), ...about];
  };

const buffer =
  (kind: UseKind): Row =>
  (args) =>
    one(kind, nameOf(BUFFER, args.number("buffer_id")) ?? "(no buffer)");

/** Names in lower case and values of serialised pairs; the lengths are at the front, 4 bytes each. */
function pairsOf(text: string): readonly (readonly [name: string, value: string])[] {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.length < 4) return [];
  const count = bytes.readUInt32LE(0);
  let at = 4 + count * 8;
  if (at > bytes.length) return [];
  const pairs: (readonly [string, string])[] = [];
  for (let i = 0; i < count && at < bytes.length; i++) {
    const [key, value] = [bytes.readUInt32LE(4 + i * 8), bytes.readUInt32LE(8 + i * 8)];
    const name = bytes.toString("latin1", at, at + key).toLowerCase();
    pairs.push([name, bytes.toString("latin1", at + key + 1, at + key + 1 + value)]);
    at += key + value + 2;
  }
  return pairs;
}

/** Names of serialised pairs, in lower case. */
export function pairNames(text: string): readonly string[] {
  return pairsOf(text).map(([name]) => name);
}

const LEVELS: Readonly<Record<number, string>> = { 1: "info", 2: "error" };

export const subjects: { readonly [Name in HostFunctionName]?: Row } = {
  proxy_http_call: dispatched("http", "serialized_headers"),
  proxy_grpc_call: dispatched("grpc", "serialized_initial_metadata"),
  proxy_grpc_stream: dispatched("grpc", "serialized_initial_metadata"),
  envoy_resolve_dns: (args) => one("names", domainOf(args.text("address"))),
  proxy_get_property: (args) => one("propertiesRead", propertyName(args.text("path"))),
  proxy_set_property: (args) => one("propertiesWritten", propertyName(args.text("path"))),
  proxy_get_header_map_value: header("headersRead"),
  proxy_get_header_map_pairs: (args) => one("headersRead", "*", mapOf(args)),
  proxy_add_header_map_value: header("headersWritten", "headersAdded"),
  proxy_replace_header_map_value: header("headersWritten", "headersReplaced"),
  proxy_remove_header_map_value: header("headersWritten", "headersRemoved"),
  proxy_set_header_map_pairs: (args) => {
    const names = pairNames(args.text("serialized_pairs"));
    const of = mapOf(args);
    const each = names.map((name) => visible(name, "(no header name)"));
    return ["*", ...each].map((name) => one("headersWritten", name, of));
  },
  proxy_get_buffer_bytes: buffer("buffersRead"),
  proxy_set_buffer_bytes: buffer("buffersWritten"),
  proxy_get_configuration: () => one("buffersRead", "pluginConfiguration"),
  proxy_send_local_response: (args) => [
    one("localResponses", String(args.number("status_code"))),
    ...pairNames(args.text("serialized_headers")).map((name) =>
      one("headersAdded", visible(name, "(no header name)"), "httpResponseHeaders"),
    ),
  ],
  proxy_log: (args) =>
    one("logLevels", nameOf(LOG_LEVEL, args.number("log_level")) ?? "(no level)"),
  fd_write: (args) => one("logLevels", LEVELS[args.number("fd")] ?? "(no level)"),
  fd_pwrite: (args) => one("logLevels", LEVELS[args.number("fd")] ?? "(no level)"),
  proxy_get_shared_data: (args) => one("sharedDataRead", keyPrefix(args.text("key"))),
  proxy_set_shared_data: (args) => one("sharedDataWritten", keyPrefix(args.text("key"))),
  proxy_register_shared_queue: (args) => one("queues", plainWords(args.text("name")), "registered"),
  proxy_resolve_shared_queue: (args) => one("queues", plainWords(args.text("name")), "resolved"),
  proxy_enqueue_shared_queue: (args, ids) =>
    one("queues", ids.queues.get(args.number("queue_id")) ?? "(not by name)", "written"),
  proxy_dequeue_shared_queue: (args, ids) =>
    one("queues", ids.queues.get(args.number("queue_id")) ?? "(not by name)", "read"),
  proxy_define_metric: (args) => one("metrics", plainWords(args.text("name"))),
  proxy_call_foreign_function: (args) => one("foreign", visible(args.text("name"), "(no name)")),
};
