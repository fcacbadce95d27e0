// Bytes to an InspectReport: what a module is, what it may do, what a stock Envoy would do with it, and the least
// policy. Pure; runs nothing of the module. Hostile bytes end in a Failure of the codec and nothing else.
import { type Finding, fail, finding } from "../errors/failure.ts";
import type { RoleName } from "../policy/roles.ts";
import { customSection } from "../spec/custom-sections.ts";
import { RESERVED } from "../spec/layout.ts";
import { neededCallbacks } from "../spec/sdk-signs.ts";
import { sha256 } from "../util/digest.ts";
import { engineRefusal } from "../util/engine.ts";
import { decode } from "../wasm/decode.ts";
import { plainName } from "../wasm/names.ts";
import { allocatorOf, callbackReports, otherExports, startFunctions } from "./exports.ts";
import { type Facts, gatherFacts, memoryLimits } from "./facts.ts";
import { importReports } from "./imports.ts";
import { leastPolicyFor } from "./least.ts";
import { reachOf } from "./reach.ts";
import type { ImportReport, InspectReport, SdkReport } from "./report.ts";
import { guessSdk } from "./sdk.ts";
import { sectionSizes } from "./sections.ts";
import { looksHardened, stockFindings, stockReport } from "./stock.ts";

export interface InspectOptions {
  /** The least policy of this role; null: of no role; undefined: of the role that fits best. */
  readonly role?: RoleName | null;
}

function countFunctions({ survey, direct, any }: Facts): InspectReport["functions"] {
  const counts = { reachable: 0, indirect: 0, unused: 0 };
  for (let func = survey.imported; func < survey.count; func++)
    counts[reachOf(func, direct, any)]++;
  return { imported: survey.imported, defined: survey.count - survey.imported, ...counts };
}

function memoryOf({ module, survey }: Facts): InspectReport["memory"] {
  const memory = memoryLimits(module);
  if (memory === undefined) return null;
  const exportedAs = module.exports.filter((one) => one.kind === "memory").map((one) => one.name);
  const imported = module.memories.length === 0;
  return { min: memory.min, max: memory.max, imported, exportedAs, grows: survey.grows };
}

function nativeFindings({ module }: Facts): readonly Finding[] {
  return module.customs
    .filter((one) => customSection(one.name)?.kind === "native")
    .map(({ name, bytes }) => {
      return finding("inspect-native-code", "warning", {
        name: plainName(name, 100),
        bytes: bytes.length,
      });
    });
}

/** What restricting the plugin in a stock host would and would not do. */
function restrictionFindings(imports: readonly ImportReport[], sdk: SdkReport): readonly Finding[] {
  const live = imports.filter((one) => one.known && one.reach !== "unused");
  const ungated = live
    .filter((one) => one.capability === null && one.risk !== "low")
    .map(({ name }) => finding("inspect-ungated", "warning", { name }));
  const traps = live.filter((one) => one.denialTraps).map((one) => one.name);
  if (traps.length === 0) return ungated;
  const calls = [...traps, ...neededCallbacks(sdk.id)].join(", ");
  const args = { sdk: sdk.label ?? "this SDK", calls };
  return [...ungated, finding("inspect-denial-traps", "info", args)];
}

/**
 * Inspects a module. Throws a Failure with a `wasm-…` code for bytes that are no valid module inside the
 * feature gate, and nothing else.
 */
export function inspect(bytes: Uint8Array, options: InspectOptions = {}): InspectReport {
  const module = decode(bytes);
  const facts = gatherFacts(module);
  const reason = engineRefusal(bytes);
  if (reason !== null) fail("wasm-invalid", { reason });
  const sdk = guessSdk(module);
  const imports = importReports(facts.imports, facts.direct, facts.any, sdk.id);
  const hardened = looksHardened(module, RESERVED);
  const stock = stockFindings(facts);
  const { version, marker } = facts.abi;
  return {
    sha256: sha256(bytes),
    bytes: bytes.length,
    abi: { version, marker },
    sdk,
    hardened,
    sections: sectionSizes(bytes, module),
    functions: countFunctions(facts),
    memory: memoryOf(facts),
    tables: module.tables,
    globals: module.globals.length,
    features: [...facts.survey.features].sort(),
    startSection: module.start,
    startFunctions: startFunctions(module),
    allocator: allocatorOf(module),
    imports,
    callbacks: callbackReports(module, version),
    otherExports: otherExports(module),
    stock: stockReport(facts, stock),
    findings: [
      ...stock,
      ...nativeFindings(facts),
      ...restrictionFindings(imports, sdk),
      ...(hardened ? [finding("inspect-hardened", "info")] : []),
    ],
    leastPolicy: leastPolicyFor(facts, imports, options.role),
  };
}
