// What a stock Envoy does with a module, as findings in the order in which its host would notice: linking, the
// start section, then exports and start functions. An error is a refusal or a crash; what a path only may do is
// a warning. Loops and traps of the plugin's own code are not looked for.
import { type Finding, finding } from "../errors/failure.ts";
import type { Where } from "../errors/where.ts";
import { alias } from "../spec/aliases.ts";
import { PAGE } from "../spec/binary.ts";
import { callback, setUpCallbacks } from "../spec/callbacks.ts";
import { minorOf, stockMemoryPages, wasiSteps } from "../spec/envoy-versions.ts";
import { funcImports, funcTypeIndex, type Module } from "../wasm/module.ts";
import { plainName } from "../wasm/names.ts";
import { typeText } from "../wasm/type-text.ts";
import {
  allocatorOf,
  callbackReports,
  callbackType,
  entries,
  hasType,
  otherExports,
  startFunctions,
} from "./exports.ts";
import {
  callsIn,
  exportedFunc,
  type Facts,
  memoryLimits,
  needsInstance,
  touchesMemory,
} from "./facts.ts";
import { type CheckedImport, hostType, isRefused } from "./imports.ts";
import { directReach } from "./reach.ts";
import type { StockReport } from "./report.ts";

const SHOWN = 100;

const shown = (one: CheckedImport): string =>
  plainName(`${one.entry.module}.${one.entry.name}`, SHOWN);

function abiFindings({ abi }: Facts): readonly Finding[] {
  if (abi.version === null) {
    const found = abi.marker === null ? "none" : plainName(abi.marker, SHOWN);
    return [finding("inspect-abi-missing", "error", { found })];
  }
  if (abi.ignored.length === 0) return [];
  const args = { first: abi.marker ?? "", ignored: abi.ignored.join(", ") };
  return [finding("inspect-abi-several", "warning", args)];
}

function importFinding({ module, abi }: Facts, one: CheckedImport): readonly Finding[] {
  const { entry, row, problem } = one;
  const where: Where = { at: "bytes", section: "import", offset: entry.offset };
  const name = shown(one);
  switch (problem) {
    case null:
      return [];
    case "kind":
      return [finding("inspect-import-kind", "error", { kind: entry.desc.kind, name }, where)];
    case "made":
      return [finding("inspect-import-made", "warning", { kind: entry.desc.kind, name }, where)];
    case "unknown":
      return [finding("inspect-import-unknown", "error", { name }, where)];
    case "abi":
      return [finding("inspect-import-abi", "error", { name, abi: abi.version ?? "" }, where)];
    case "type": {
      const type = entry.desc.kind === "func" ? module.types[entry.desc.type]! : hostType(row!);
      const args = { name, found: typeText(type), expected: typeText(hostType(row!)) };
      return [finding("inspect-import-type", "error", args, where)];
    }
  }
}

/** One finding for each step of the host after the first that the table covers. */
function sinceFindings(facts: Facts): readonly Finding[] {
  const linked = facts.imports.filter((one) => one.problem === null && one.row?.module === "wasi");
  const names = new Set(linked.map((one) => one.entry.name));
  return wasiSteps.slice(1).flatMap((step) => {
    const needed = step.names.filter((name) => names.has(name));
    if (needed.length === 0) return [];
    const args = { names: needed.join(", "), since: step.since, evidence: step.evidence };
    return [finding("inspect-import-since", "warning", args)];
  });
}

function minimumFindings({ module }: Facts): readonly Finding[] {
  const min = memoryLimits(module)?.min ?? 0;
  if (min <= stockMemoryPages) return [];
  const limit = `${stockMemoryPages} (${(stockMemoryPages * PAGE) / 2 ** 30} GiB)`;
  return [finding("inspect-memory-minimum", "error", { pages: min, limit })];
}

/** A host finds the memory by its kind, under any name; one that it made for an import it knows already. */
function exportFindings(facts: Facts): readonly Finding[] {
  const { module } = facts;
  if (module.imports.some((one) => one.desc.kind === "memory")) return [];
  const exported = module.exports.filter((one) => one.kind === "memory");
  if (exported.length === 0) {
    const calls = callsIn(facts, facts.any).filter(touchesMemory);
    const level = calls.length === 0 ? "warning" : "error";
    const call = atLoad(facts)?.entry.name ?? calls[0]?.entry.name ?? "proxy_log";
    return [finding("inspect-memory-unexported", level, { call })];
  }
  if (exported.some((one) => one.name === "memory")) return [];
  const found = plainName(exported[0]!.name, SHOWN);
  return [finding("inspect-memory-name", "warning", { found })];
}

/** A call that is certain to be made during loading, and needs the plugin's memory. */
function atLoad(facts: Facts): CheckedImport | undefined {
  const names = [...startFunctions(facts.module), ...setUpCallbacks];
  const roots = names.flatMap((name) => exportedFunc(facts.module, name) ?? []);
  return callsIn(facts, directReach(facts.survey, roots, true)).find(touchesMemory);
}

/** The host has neither memory nor context of the plugin yet: a call that needs one ends the process. */
function startSectionFindings(facts: Facts): readonly Finding[] {
  const { start } = facts.module;
  if (start === null) return [];
  const body = facts.module.bodies.start[start - facts.survey.imported];
  const where: Where = { at: "bytes", section: "code", offset: body ?? 0, func: start };
  const certain = callsIn(facts, directReach(facts.survey, [start], true)).find(needsInstance);
  if (certain !== undefined) {
    return [finding("inspect-start-crash", "error", { call: certain.entry.name }, where)];
  }
  const may = callsIn(facts, directReach(facts.survey, [start])).find(needsInstance);
  if (may === undefined) return [];
  return [finding("inspect-start-may-crash", "warning", { call: may.entry.name }, where)];
}

function startFunctionFindings(facts: Facts): readonly Finding[] {
  return startFunctions(facts.module).flatMap((start) => {
    const func = exportedFunc(facts.module, start);
    if (func === undefined) return [];
    const calls = callsIn(facts, directReach(facts.survey, [func], true));
    const refused = calls.find((one) => one.row !== undefined && !one.row.atStart);
    if (refused === undefined) return [];
    return [finding("inspect-start-restricted", "error", { start, call: refused.entry.name })];
  });
}

function signatureFindings({ module, abi }: Facts): readonly Finding[] {
  const { version } = abi;
  if (version === null) return [];
  const imported = funcImports(module);
  return entries(module, version).flatMap(({ name, index }) => {
    const row = callback(name)!;
    const type = module.types[funcTypeIndex(module, imported, index)]!;
    if (hasType(row, version, type)) return [];
    const args = {
      name,
      abi: version,
      found: typeText(type),
      expected: typeText(callbackType(row, version)),
    };
    return [finding("inspect-callback-type", "error", args)];
  });
}

function callbackFindings({ module, abi }: Facts): readonly Finding[] {
  const drafts = otherExports(module).flatMap((name) => {
    const real = alias(name)?.name;
    const row = real === undefined ? undefined : callback(real);
    if (row === undefined) return [];
    const level = row.requestPath ? "warning" : "info";
    return [finding("inspect-callback-draft", level, { name, real: row.name })];
  });
  if (callbackReports(module, abi.version).some((one) => one.called)) return drafts;
  return [...drafts, finding("inspect-callback-none", "warning")];
}

function allocatorFindings({ module }: Facts): readonly Finding[] {
  return allocatorOf(module) === null ? [finding("inspect-allocator-missing", "error")] : [];
}

/** Findings about loading, in the order in which a host comes to them. */
export function stockFindings(facts: Facts): readonly Finding[] {
  return [
    ...abiFindings(facts),
    ...facts.imports.flatMap((one) => importFinding(facts, one)),
    ...minimumFindings(facts),
    ...startSectionFindings(facts),
    ...signatureFindings(facts),
    ...allocatorFindings(facts),
    ...exportFindings(facts),
    ...startFunctionFindings(facts),
    ...callbackFindings(facts),
    ...sinceFindings(facts),
  ];
}

/** The first error decides; a memory that is missed only later does not stop the loading. */
export function stockReport(facts: Facts, findings: readonly Finding[]): StockReport {
  const errors = findings.filter((one) => one.level === "error").map((one) => one.code);
  const missed = atLoad(facts) !== undefined;
  const first = errors.find((code) => code !== "inspect-memory-unexported" || missed);
  return { verdict: first === undefined ? "loads" : verdictOf(first), since: sinceOf(facts) };
}

function verdictOf(code: Finding["code"]): StockReport["verdict"] {
  const crash = code === "inspect-start-crash" || code === "inspect-memory-unexported";
  return crash ? "crashes" : "refuses";
}

function sinceOf({ imports }: Facts): string | null {
  if (imports.some(isRefused)) return null;
  const names = new Set(
    imports.filter((one) => one.row?.module === "wasi").map((one) => one.entry.name),
  );
  const steps = wasiSteps.filter(
    (step, i) => i === 0 || step.names.some((name) => names.has(name)),
  );
  return steps.reduce((a, b) => (minorOf(b.since) > minorOf(a.since) ? b : a)).since;
}

/** Whether anything in the module's sections begins with what only `harden` writes. */
export function looksHardened(module: Module, reserved: string): boolean {
  return (
    module.customs.some((one) => one.name === reserved) ||
    module.exports.some((one) => one.name.startsWith(`${reserved}_`))
  );
}
