// Documents as read → what is in force in them, plugin by plugin. It knows no dialect's spelling: the neutral model
// has it. Pure: the same documents give the same rows, in their order.
import { fill, textOf } from "../errors/catalogue.ts";
import type { ModuleFacts } from "../mesh/lint/rule.ts";
import { judge } from "../mesh/lint/security.ts";
import {
  type Capabilities,
  controlPlane,
  type MeshDocument,
  type PluginUse,
  type Scope,
} from "../mesh/model.ts";
import type { FileRead } from "../mesh/read/read-file.ts";
import { callback } from "../spec/callbacks.ts";
import { hostFunctionNamed } from "../spec/host-functions.ts";
import { riskOf } from "./risk.ts";
import type { Audit, AuditRow, ModuleState, PinState } from "./row.ts";

function placeOf({ document, at }: PluginUse): string {
  const { lineStarts } = document.file.source;
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (lineStarts[middle]! <= at) low = middle;
    else high = middle - 1;
  }
  return `${document.file.name}:${low + 1}:${at - lineStarts[low]! + 1}`;
}

function objectOf(document: MeshDocument): string {
  const name = [document.namespace, document.name].filter((one) => one !== "").join("/");
  const kind = document.kind === "" ? "Envoy configuration" : document.kind;
  return name === "" ? kind : `${kind} ${name}`;
}

function scopeOf({ kind, of }: Scope): string {
  if (kind === "everything" || of.length === 0) return "everything";
  return `${kind} ${of.join(", ")}`;
}

/** Names that a host would let it call; null where nothing restricts it. */
function capabilitiesOf(capabilities: Capabilities | null): readonly string[] | null {
  // Envoy takes an empty map for no restriction, and refuses or drops other forms.
  if (capabilities === null || capabilities.form !== "map") return null;
  const names = capabilities.names.map((one) => one.value);
  return names.length === 0 ? null : names;
}

const unknownName = (name: string): boolean =>
  hostFunctionNamed(name) === undefined && callback(name) === undefined;

const risky = (names: readonly string[] | null): readonly string[] =>
  (names ?? []).filter((name) => hostFunctionNamed(name)?.risk === "high");

function pinOf({ code }: PluginUse): Pick<AuditRow, "source" | "pin" | "digest"> {
  if (code === null || code.kind === "none") {
    return { source: "not said here", pin: "none", digest: null };
  }
  if (code.kind === "inline") return { source: "inline", pin: "module", digest: null };
  const hex = /^[0-9a-f]{64}$/.exec(code.sha256?.value ?? "")?.[0] ?? null;
  const source =
    code.kind === "oci" && !/^oci:/.test(code.url.value)
      ? `oci://${code.url.value}`
      : code.url.value;
  if (code.kind === "file") return { source, pin: "unchecked", digest: hex };
  const digest = hex ?? code.digest;
  const pin: PinState = digest === null ? "none" : code.kind === "oci" ? "manifest" : "module";
  return { source, pin, digest };
}

const traps = {
  closed: "503 for the request that traps and for all after it on that worker",
  reload: "503 for the request that traps, then a new VM after the back-off",
  open: "the plugin is left out from then on, silently",
} as const;

/** What would be one VM: the same vm_id and the same code, where something is known of both. */
function vmKey(use: PluginUse): string | null {
  const { code } = use;
  if (code === null || code.kind === "none" || code.kind === "inline") return null;
  // Envoy Gateway gives each plugin a vm_id of its own.
  if (controlPlane(use.dialect) === "envoy-gateway" && use.vmId === null) return null;
  const bytes = code.sha256?.value ?? code.digest ?? code.url.value;
  return JSON.stringify([controlPlane(use.dialect), use.vmId?.value ?? "", bytes]);
}

function dataKey(use: PluginUse): string | null {
  const plane = controlPlane(use.dialect);
  if (plane === "envoy-gateway" && use.vmId === null) return null;
  const names = capabilitiesOf(use.capabilities);
  const shares = names?.some((name) => /shared_(?:data|queue)/.test(name)) ?? true;
  return shares ? JSON.stringify([plane, use.vmId?.value ?? ""]) : null;
}

interface Placed {
  readonly use: PluginUse;
  readonly label: string;
}

/** Others of the same key, by name; one plugin in several places is no other. */
function othersOf(
  all: readonly Placed[],
  key: (use: PluginUse) => string | null,
): ReadonlyMap<PluginUse, readonly string[]> {
  const groups = new Map<string, Placed[]>();
  for (const one of all) {
    const own = key(one.use);
    if (own === null) continue;
    const group = groups.get(own);
    if (group === undefined) groups.set(own, [one]);
    else group.push(one);
  }
  const others = new Map<PluginUse, readonly string[]>();
  for (const group of groups.values()) {
    const labels = new Set(group.map((one) => one.label));
    const sorted = [...labels].sort();
    for (const { use, label } of group) {
      others.set(
        use,
        sorted.filter((one) => one !== label),
      );
    }
  }
  return others;
}

function decidesOf(use: PluginUse): string | null {
  const judged = judge(use);
  return judged?.security === true ? judged.why : null;
}

/** What is known of a plugin's module; null where it isn't at hand. */
export type ModuleOf = (use: PluginUse) => ModuleFacts | null;

function moduleOf(facts: ModuleFacts | null): ModuleState | null {
  if (facts === null) return null;
  const { sha256, report, contained } = facts;
  return { sha256, hardened: report.hardened, contained };
}

function rowOf(
  use: PluginUse,
  sameVm: readonly string[],
  sameData: readonly string[],
  facts: ModuleFacts | null,
): AuditRow {
  const names = capabilitiesOf(use.capabilities);
  const row = {
    plugin: use.name.value,
    where: placeOf(use),
    object: objectOf(use.document),
    dialect: use.dialect,
    scope: scopeOf(use.scope),
    ...pinOf(use),
    capabilities: names,
    callbacks: names?.filter((name) => callback(name) !== undefined) ?? null,
    unknown: (names ?? []).filter(unknownName),
    risky: risky(names),
    failure: use.failure.mode,
    trap: traps[use.failure.mode],
    vmId: use.vmId?.value ?? null,
    sameVm,
    sameData,
    decides: decidesOf(use),
    hostVariables: use.environment.host.map((one) => one.value),
    module: moduleOf(facts),
  };
  return { ...row, ...riskOf(row) };
}

/** A dump has what is static twice, as it was started with and as it is in force: said once. */
function once(rows: readonly AuditRow[]): readonly AuditRow[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    if (row.dialect !== "config-dump") return true;
    const key = JSON.stringify({ ...row, where: row.where.replace(/:\d+:\d+$/, "") });
    return seen.has(key) ? false : seen.add(key);
  });
}

/** Audits what was read. Pieces of a plugin's configuration are no plugins of their own. */
export function audit(reads: readonly FileRead[], modules: ModuleOf = () => null): Audit {
  const documents = reads.flatMap((read) => read.documents);
  const uses = documents
    .flatMap((one) => one.uses)
    .filter((use) => !use.partial || use.code !== null);
  const placed = uses.map((use) => ({ use, label: labelOf(use) }));
  const vms = othersOf(placed, vmKey);
  const data = othersOf(placed, dataKey);
  return {
    rows: once(
      uses.map((use) => rowOf(use, vms.get(use) ?? [], data.get(use) ?? [], modules(use))),
    ),
    problems: reads.flatMap((read) => read.problems.map((note) => problemLine(read, note))),
    skipped: reads.reduce((sum, read) => sum + read.skipped, 0),
  };
}

/** Tenants are told apart by what they are called where they stand. */
function labelOf({ name, document }: PluginUse): string {
  return document.namespace === "" ? name.value : `${document.namespace}/${name.value}`;
}

function problemLine({ file }: FileRead, note: FileRead["problems"][number]): string {
  return `${file.name}: ${fill(textOf(note.code).text, note.args)}`;
}
