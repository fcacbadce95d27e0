// Names that people write for capabilities and that no host knows: those of the article that Glovebox is
// built from, and those of the ABI draft that was given up. Rows with an `alias` in host-functions.ts are
// not repeated here. No logic but look-up.
// Source of the drafts: proxy-wasm/spec 86719f5, deleted in 2023; only names with one clear successor.
import { hostFunctions } from "./host-functions.ts";

export interface Alias {
  readonly alias: string;
  /** The name that hosts know. */
  readonly name: string;
  readonly origin: "article" | "draft";
  /** What the translation does not cover. */
  readonly note?: string;
}

const ALSO_HEADERS = "for headers name proxy_get_header_map_value, proxy_replace_header_map_value and their like";

const notes: Readonly<Record<string, string>> = {
  proxy_get_buffer: ALSO_HEADERS,
  proxy_set_buffer: ALSO_HEADERS,
};

const fromRows = hostFunctions.flatMap((row): Alias[] => {
  if (row.alias === undefined) return [];
  const note = notes[row.alias];
  const base = { alias: row.alias, name: row.name, origin: "article" } as const;
  return [note === undefined ? base : { ...base, note }];
});

/** The article also writes its names without the prefix. */
const bare = fromRows.map((row) => ({ ...row, alias: row.alias.slice("proxy_".length) }));

const drafts = (
  [
    ["proxy_get_map", "proxy_get_header_map_pairs"],
    ["proxy_set_map", "proxy_set_header_map_pairs"],
    ["proxy_get_map_value", "proxy_get_header_map_value"],
    ["proxy_set_map_value", "proxy_replace_header_map_value"],
    ["proxy_add_map_value", "proxy_add_header_map_value"],
    ["proxy_remove_map_value", "proxy_remove_header_map_value"],
    ["proxy_open_grpc_stream", "proxy_grpc_stream"],
    ["proxy_send_grpc_call_message", "proxy_grpc_send"],
    ["proxy_cancel_grpc_call", "proxy_grpc_cancel"],
    ["proxy_close_grpc_call", "proxy_grpc_close"],
    ["proxy_send_http_response", "proxy_send_local_response"],
    ["proxy_get_current_time", "proxy_get_current_time_nanoseconds"],
    ["proxy_set_tick_period", "proxy_set_tick_period_milliseconds"],
    ["proxy_on_http_request_headers", "proxy_on_request_headers"],
    ["proxy_on_http_request_body", "proxy_on_request_body"],
    ["proxy_on_http_request_trailers", "proxy_on_request_trailers"],
    ["proxy_on_http_request_metadata", "proxy_on_request_metadata"],
    ["proxy_on_http_response_headers", "proxy_on_response_headers"],
    ["proxy_on_http_response_body", "proxy_on_response_body"],
    ["proxy_on_http_response_trailers", "proxy_on_response_trailers"],
    ["proxy_on_http_response_metadata", "proxy_on_response_metadata"],
    ["proxy_on_downstream_close", "proxy_on_downstream_connection_close"],
    ["proxy_on_upstream_close", "proxy_on_upstream_connection_close"],
    ["proxy_on_grpc_call_response_header_metadata", "proxy_on_grpc_receive_initial_metadata"],
    ["proxy_on_grpc_call_response_message", "proxy_on_grpc_receive"],
    ["proxy_on_grpc_call_response_trailer_metadata", "proxy_on_grpc_receive_trailing_metadata"],
    ["proxy_on_grpc_call_close", "proxy_on_grpc_close"],
    ["proxy_on_grpc_trailing_metadata", "proxy_on_grpc_receive_trailing_metadata"],
  ] as const
).map(([alias, name]): Alias => ({ alias, name, origin: "draft" }));

/** Every alias with the name that it stands for. */
export const aliases: readonly Alias[] = [...fromRows, ...bare, { alias: "get_property", name: "proxy_get_property", origin: "article" }, ...drafts];

const byAlias = new Map(aliases.map((row) => [row.alias, row]));

/** What an alias stands for; undefined where the word is none. */
export function alias(word: string): Alias | undefined {
  return byAlias.get(word);
}

/** The article's own full name of a host function, where it has one. */
export function articleName(name: string): string | undefined {
  return fromRows.find((row) => row.name === name)?.alias;
}
