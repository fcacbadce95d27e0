// Envoy's PluginConfig, as a tree → a plugin's use. It reads what is there and judges nothing; both spellings of a
// field are taken, and the article's forms too.
import type { MapTree, Tree } from "../envoy/read/tree.ts";
import type {
  Capabilities,
  Dialect,
  Environment,
  Failures,
  MeshDocument,
  Placed,
  PluginUse,
  Position,
  Scope,
} from "../model.ts";
import { envoySource } from "./code-source.ts";
import { entryOf, flagUnder, mapUnder, text, textsUnder, textUnder, under } from "./tree-access.ts";

const KEY = "capability_restriction_config";

function capabilitiesIn(tree: MapTree | undefined, message: Capabilities["in"]) {
  const entry = entryOf(tree, KEY);
  if (entry?.value.kind !== "map") return null;
  return capabilities(entry.at, message, entry.value);
}

/** The names of a restriction, which the article also writes as a list. */
export function capabilities(
  at: number,
  message: Capabilities["in"],
  block: MapTree,
): Capabilities {
  const entry = entryOf(block, "allowed_capabilities");
  const list = entry?.value ?? null;
  const names: Placed<string>[] = [];
  if (list?.kind === "map") {
    for (const { key, at: place } of list.entries) names.push({ value: key, at: place });
  } else if (list?.kind === "list") {
    for (const item of list.items) {
      if (item.kind === "map") {
        for (const { key, at: place } of item.entries) names.push({ value: key, at: place });
      } else names.push(...[text(item)].flatMap((one) => one ?? []));
    }
  }
  const empty = list === null || (list.kind === "scalar" && list.value === null);
  const form = empty || list.kind === "map" ? "map" : list.kind === "list" ? "list" : "other";
  return { at, in: message, form, names, list, listAt: entry?.at ?? at };
}

const modes: Readonly<Record<string, Failures["mode"]>> = {
  FAIL_OPEN: "open",
  FAIL_RELOAD: "reload",
};

/** What a trap does; the newer field counts where both are written. */
export function failuresOf(
  failOpen: Placed<boolean> | null,
  policy: Placed<string> | null,
  reload: Placed<boolean> | null,
): Failures {
  const mode =
    policy === null ? (failOpen?.value === true ? "open" : "closed") : modes[policy.value];
  return { failOpen, policy, reload, mode: mode ?? "closed" };
}

function environmentOf(vm: MapTree | undefined): Environment {
  const variables = mapUnder(vm, "environment_variables");
  const values = mapUnder(variables, "key_values")?.entries ?? [];
  return {
    host: textsUnder(variables, "host_env_keys"),
    values: values.map(({ key, at }) => ({ value: key, at })),
  };
}

/** The text of an Any that holds a StringValue; null for other types. */
function configurationOf(tree: Tree | undefined): Placed<string> | null {
  const type = textUnder(tree, "@type");
  if (type === null) return text(tree);
  return type.value.endsWith("google.protobuf.StringValue") ? textUnder(tree, "value") : null;
}

export interface Around {
  readonly document: MeshDocument;
  readonly dialect: Dialect;
  readonly position: Position;
  readonly scope: Scope;
  /** What it is called where it says no name itself. */
  readonly fallback: string;
  readonly partial: boolean;
}

export function pluginUse(tree: MapTree, around: Around): PluginUse {
  const vm = mapUnder(tree, "vm_config");
  const reload = entryOf(tree, "reload_config");
  const { document, dialect, position, scope } = around;
  return {
    document,
    dialect,
    position,
    scope,
    at: tree.at,
    tree,
    name: textUnder(tree, "name") ?? { value: around.fallback, at: tree.at },
    rootId: textUnder(tree, "root_id"),
    vmId: textUnder(vm, "vm_id"),
    runtime: textUnder(vm, "runtime"),
    code: envoySource(vm),
    capabilities: capabilitiesIn(vm, "VmConfig") ?? capabilitiesIn(tree, "PluginConfig"),
    failure: failuresOf(
      flagUnder(tree, "fail_open"),
      textUnder(tree, "failure_policy"),
      reload === undefined ? null : { value: true, at: reload.at },
    ),
    environment: environmentOf(vm),
    allowPrecompiled: flagUnder(vm, "allow_precompiled"),
    configuration: configurationOf(under(tree, "configuration")),
    phase: null,
    priority: null,
    partial: around.partial || document.partial,
  };
}
