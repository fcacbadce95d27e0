// Walks a tree of Envoy's configuration, whatever message it is, and finds every plugin in it by its type, and every
// key of the runtime. It carries along what a plugin's scope is made of: the listener and the route it stands in.
import type { Entry, MapTree, Tree } from "../envoy/read/tree.ts";
import type { Dialect, MeshDocument, PluginUse, Position, RuntimeKey, Scope } from "../model.ts";
import { pluginUse } from "./plugin-config.ts";
import { entryOf, mapUnder, textUnder } from "./tree-access.ts";

const positions: Readonly<Record<string, Position>> = {
  "envoy.extensions.filters.http.wasm.v3.Wasm": "http-filter",
  "envoy.extensions.filters.network.wasm.v3.Wasm": "network-filter",
  "envoy.extensions.access_loggers.wasm.v3.WasmAccessLog": "access-log",
  "envoy.extensions.stat_sinks.wasm.v3.Wasm": "stat-sink",
  "envoy.extensions.wasm.v3.WasmService": "bootstrap-service",
};

/** The plugin's own message, and the name that the article gives it. */
const bare = new Set([
  "envoy.extensions.wasm.v3.PluginConfig",
  "envoy.extensions.filters.http.wasm.v3.PluginConfig",
]);

export interface Found {
  readonly uses: PluginUse[];
  readonly runtimeKeys: RuntimeKey[];
}

interface Context {
  readonly document: MeshDocument;
  readonly dialect: Dialect;
  readonly found: Found;
  readonly scope: Scope;
  readonly partial: boolean;
  /** Inside of typed_per_filter_config. */
  readonly perRoute: boolean;
  /** What an outer filter or resource is called. */
  readonly name: string;
}

function typeIn(tree: MapTree, field: string): string {
  const url = textUnder(tree, field)?.value ?? "";
  return url.slice(url.lastIndexOf("/") + 1);
}

/** The type that a map says it is, and the map that holds its fields. */
function typed(tree: MapTree): { readonly type: string; readonly body: MapTree } {
  const type = typeIn(tree, "@type");
  if (!type.endsWith(".TypedStruct")) return { type, body: tree };
  const body = mapUnder(tree, "value") ?? { kind: "map", at: tree.at, entries: [] };
  return { type: typeIn(tree, "type_url"), body };
}

function add(context: Context, tree: MapTree, position: Position): void {
  const { document, dialect, scope, partial, name } = context;
  const around = { document, dialect, position, scope, partial, fallback: name };
  context.found.uses.push(pluginUse(tree, around));
}

/** Whether the map is a plugin, which is then taken. */
function take(context: Context, tree: MapTree): boolean {
  const { type, body } = typed(tree);
  if (type === "") return false;
  const position = positions[type];
  if (position === undefined && !bare.has(type)) return false;
  const inner = bare.has(type) ? body : mapUnder(body, "config");
  if (inner !== undefined) add(context, inner, context.perRoute ? "route" : (position ?? "route"));
  return true;
}

/** A route's match in words. */
function matchOf(tree: MapTree): string | undefined {
  const match = mapUnder(tree, "match");
  for (const kind of ["prefix", "path", "path_separated_prefix"]) {
    const path = textUnder(match, kind);
    if (path !== null) return `${kind} ${path.value}`;
  }
  const regex = textUnder(match, "safe_regex", "regex");
  return regex === null ? undefined : `regex ${regex.value}`;
}

function inside(context: Context, tree: MapTree): Context {
  const match = matchOf(tree);
  const name = textUnder(tree, "name")?.value ?? context.name;
  if (match !== undefined) {
    const { document } = context;
    const hosts = context.scope.kind === "route" ? context.scope.of : [];
    const of = [...hosts, match];
    return { ...context, name, document, scope: { kind: "route", at: tree.at, of } };
  }
  if (entryOf(tree, "filter_chains") !== undefined) {
    return { ...context, name, scope: { kind: "listener", at: tree.at, of: [name] } };
  }
  return { ...context, name };
}

/** Leaves of a layer: maps in it are parts of names, as Envoy reads them. */
function keysOf(context: Context, layer: MapTree, prefix: string): void {
  for (const { key, at, value } of layer.entries) {
    if (value.kind === "map" && entryOf(value, "numerator") === undefined) {
      keysOf(context, value, `${prefix}${key}.`);
    } else context.found.runtimeKeys.push({ key: prefix + key, at, value, parent: layer });
  }
}

function walkEntry(context: Context, tree: MapTree, { key, value }: Entry): void {
  if ((key === "static_layer" || key === "staticLayer") && value.kind === "map") {
    keysOf(context, value, "");
  } else if (
    key === "layer" &&
    value.kind === "map" &&
    typeIn(tree, "@type").endsWith(".Runtime")
  ) {
    keysOf(context, value, "");
  } else if (key === "typed_per_filter_config" || key === "typedPerFilterConfig") {
    walk({ ...context, perRoute: true }, value);
  } else walk(context, value);
}

function walk(context: Context, tree: Tree): void {
  if (tree.kind === "list") {
    for (const item of tree.items) walk(context, item);
  } else if (tree.kind === "map" && !take(context, tree)) {
    const within = inside(context, tree);
    for (const entry of tree.entries) walkEntry(within, tree, entry);
  }
}

export interface Where {
  readonly document: MeshDocument;
  readonly dialect: Dialect;
  readonly found: Found;
  readonly scope: Scope;
  readonly partial?: boolean;
  readonly name?: string;
}

/** Finds what is in `tree`. */
export function findPlugins(tree: Tree, where: Where): void {
  walk({ partial: false, perRoute: false, name: "", ...where }, tree);
}

/** The map is a Wasm filter's `config` or a PluginConfig, by where it stands and not by a type. */
export function addPlugin(tree: MapTree, where: Where, position: Position): void {
  add({ partial: false, perRoute: false, name: "", ...where }, tree, position);
}
