// A document of Envoy's own: a bootstrap, xDS, a configuration dump, or a piece of one to paste. What it is is told by
// its keys, since nothing in it says so; a piece may leave out what its surroundings have.
import { checkMessage, checkOne } from "../envoy/read/check.ts";
import type { Entry, MapTree, Tree } from "../envoy/read/tree.ts";
import { messageOf } from "../envoy/schema/schema.ts";
import type { Scope } from "../model.ts";
import type { Draft } from "./draft.ts";
import { patched } from "./envoy-types.ts";
import { addPlugin, findPlugins } from "./find-plugins.ts";
import { entryOf, itemsUnder, mapUnder, textUnder } from "./tree-access.ts";

interface Form {
  readonly type: string;
  /** A piece: missing fields may stand around it. */
  readonly piece: boolean;
  /** Which map is the plugin, where the form is one without a type. */
  readonly plugin?: "self" | "config";
}

const WASM = "envoy.extensions.wasm.v3.PluginConfig";
const HCM = "envoy.extensions.filters.network.http_connection_manager.v3";
const ROUTE = "envoy.config.route.v3";

const ANY = "google.protobuf.Any";
const RESPONSE = "envoy.service.discovery.v3.DiscoveryResponse";

const whole = (type: string): Form => ({ type, piece: false });
const piece = (type: string): Form => ({ type, piece: true });

/** By a key that tells; the first that a document has counts. */
const forms: readonly (readonly [string, Form])[] = [
  ["static_resources", whole("envoy.config.bootstrap.v3.Bootstrap")],
  ["dynamic_resources", whole("envoy.config.bootstrap.v3.Bootstrap")],
  ["layered_runtime", whole("envoy.config.bootstrap.v3.Bootstrap")],
  ["runtime", piece("envoy.config.bootstrap.v3.Bootstrap")],
  ["bootstrap_extensions", whole("envoy.config.bootstrap.v3.Bootstrap")],
  ["stats_sinks", whole("envoy.config.bootstrap.v3.Bootstrap")],
  ["configs", whole("envoy.admin.v3.ConfigDump")],
  ["resources", whole(RESPONSE)],
  ["http_filters", piece(`${HCM}.HttpConnectionManager`)],
  ["filter_chains", piece(patched.LISTENER!)],
  ["virtual_hosts", piece(`${ROUTE}.RouteConfiguration`)],
  ["routes", piece(`${ROUTE}.VirtualHost`)],
  ["listeners", piece("envoy.config.bootstrap.v3.Bootstrap.StaticResources")],
  ["clusters", piece("envoy.config.bootstrap.v3.Bootstrap.StaticResources")],
  ["typed_per_filter_config", piece(`${ROUTE}.Route`)],
  ["typed_config", piece(`${HCM}.HttpFilter`)],
  ["vm_config", { ...piece(WASM), plugin: "self" }],
  ["capability_restriction_config", { ...piece(WASM), plugin: "self" }],
  ["failure_policy", { ...piece(WASM), plugin: "self" }],
  ["fail_open", { ...piece(WASM), plugin: "self" }],
  ["config", { type: "envoy.extensions.filters.http.wasm.v3.Wasm", piece: true, plugin: "config" }],
  ["configuration", { ...piece(WASM), plugin: "self" }],
];

/** Words that others use too, and what has to stand inside for them to be Envoy's. */
const inner: Readonly<Record<string, (tree: Tree) => boolean>> = {
  runtime: (tree) => entryOf(tree, "layered_runtime") !== undefined,
  configs: (tree) => firstHas(tree, "@type"),
  resources: (tree) => firstHas(tree, "@type"),
  routes: (tree) => firstHas(tree, "match"),
  listeners: (tree) => firstHas(tree, "filter_chains"),
  clusters: (tree) => firstHas(tree, "load_assignment"),
  configuration: (tree) => entryOf(tree, "@type") !== undefined,
  fail_open: (tree) => tree.kind === "scalar",
  typed_config: (tree) => entryOf(tree, "@type") !== undefined,
};

function firstHas(tree: Tree, key: string): boolean {
  return tree.kind === "list" && entryOf(tree.items[0], key) !== undefined;
}

function tells(root: MapTree, key: string): boolean {
  const value = entryOf(root, key)?.value;
  return value !== undefined && (inner[key]?.(value) ?? true);
}

function formOf(root: MapTree): Form | undefined {
  if (entryOf(root, "@type") !== undefined) return whole(ANY);
  const found = forms.find(([key]) => tells(root, key))?.[1];
  if (found?.plugin !== "config") return found;
  // `config` alone is everybody's word.
  const config = mapUnder(root, "config");
  const known = ["vm_config", "capability_restriction_config", "failure_policy", "fail_open"];
  return known.some((key) => entryOf(config, key) !== undefined) ? found : undefined;
}

/** Whether a map is Envoy's, by its keys. */
export function isEnvoy(root: MapTree): boolean {
  return formOf(root) !== undefined;
}

/** The parts of a file to paste from, each with the message that it is a field of. */
function partsOf(root: MapTree): readonly (readonly [Entry, string | undefined])[] {
  const own = forms.find(([key]) => tells(root, key))?.[1].type;
  return root.entries.map((entry) => {
    const row = forms.find(([key, form]) => key === entry.key && form.plugin === undefined)?.[1];
    const known = own !== undefined && messageOf(own)?.byName.has(entry.key) === true;
    return [entry, known ? own : row?.type] as const;
  });
}

/** A DiscoveryResponse is a list of resources; the table doesn't have the message itself. */
function checkResponse({ notes }: Draft, root: MapTree): void {
  for (const item of itemsUnder(root, "resources")) checkOne(notes, "resources", ANY, item);
}

/** Drops what a piece can't be blamed for. */
export function withoutMissing(draft: Draft, from: number): void {
  const { notes } = draft.notes;
  const kept = notes.slice(from).filter((one) => one.code !== "envoy-missing-field");
  notes.splice(from, notes.length - from, ...kept);
}

function dumped({ document, found }: Draft, root: MapTree): true {
  const scope: Scope = { kind: "everything", at: root.at, of: [] };
  findPlugins(root, { document, dialect: "config-dump", found, scope });
  return true;
}

/** Reads a map as Envoy's; false where nothing in it says that it is. */
export function readEnvoyDocument(draft: Draft, root: MapTree): boolean {
  const form = formOf(root);
  if (form === undefined) return false;
  const { document } = draft;
  const parts = form.piece && form.plugin === undefined ? partsOf(root) : undefined;
  // Words of Envoy's among others are somebody else's file.
  if (parts?.some(([, type]) => type === undefined)) return false;
  // What a dump shows a proxy has read already, maybe one of another release: nothing to check.
  if (form.type.endsWith(".ConfigDump")) return dumped(draft, root);
  const before = draft.notes.notes.length;
  if (parts !== undefined) {
    for (const [entry, type] of parts) {
      checkMessage(draft.notes, type!, { kind: "map", at: root.at, entries: [entry] });
    }
  } else if (form.type === ANY) checkOne(draft.notes, "document", ANY, root);
  else if (form.type === RESPONSE) checkResponse(draft, root);
  else checkMessage(draft.notes, form.type, root);
  if (form.piece) withoutMissing(draft, before);
  const scope: Scope = { kind: "everything", at: root.at, of: [] };
  const where = { document, dialect: "envoy", found: draft.found, scope } as const;
  const plugin = form.plugin === "config" ? mapUnder(root, "config") : root;
  if (form.plugin === undefined || plugin === undefined) findPlugins(root, where);
  else {
    const partial =
      textUnder(plugin, "name") === null || entryOf(plugin, "vm_config") === undefined;
    addPlugin(plugin, { ...where, partial }, "http-filter");
  }
  return true;
}
