// Decides whether a module is contained under a policy, from its bytes alone: neither the tool that wrote
// them nor their stamp is believed (docs/containment.md). The checks below are the whole list. The
// invariant: hostile bytes lead to findings, never to a throw, in time linear in their length.
import type { Finding } from "../errors/failure.ts";
import type { Policy } from "../policy/policy.ts";
import { ENTRY_FREE } from "../spec/layout.ts";
import { engineRefusal } from "../util/engine.ts";
import { Walk } from "./code.ts";
import { type Layout, ROLE, readLayout } from "./layout.ts";
import { Module } from "./module.ts";
import { checkCustomSections } from "./names.ts";
import { calleesFirst } from "./order.ts";
import { HALT, Report, STOP } from "./report.ts";
import { Scanner } from "./scanner.ts";
import { readModule } from "./sections.ts";
import { StackGraph } from "./stack.ts";

/** Figures of a module for reports; meaningful where there are no findings. */
export interface VerifyFacts {
  readonly bytes: number;
  readonly instructions: number;
  /** Instrumentation sequences in guest functions. */
  readonly templates: number;
  readonly imports: number;
  readonly stubs: number;
  readonly wrappers: number;
  readonly guestFunctions: number;
  /** Guest functions that charge at their entry. */
  readonly charged: number;
  /** Fuel units that an uncharged function leaves to its callers, at most. */
  readonly largestShortfall: number;
  /** Estimated stack bytes: of one frame, and of one uncounted path from an export on, at most. */
  readonly largestFrame: number;
  readonly heaviestEntry: number;
  readonly memoryMaximum: number;
}

/** The findings of a module under a policy; none means that the module is contained. */
export function verify(bytes: Uint8Array, policy: Policy): readonly Finding[] {
  return verifyWithFacts(bytes, policy).findings;
}

/** As `verify`, with the module's figures; they are null where the module could not be read whole. */
export function verifyWithFacts(
  bytes: Uint8Array,
  policy: Policy,
): { readonly findings: readonly Finding[]; readonly facts: VerifyFacts | null } {
  const report = new Report();
  let facts: VerifyFacts | null = null;
  try {
    facts = check(bytes, policy, report);
    if (report.findings.length === 0) checkEngine(bytes, report);
  } catch (signal) {
    if (signal !== STOP && signal !== HALT) throw signal;
  }
  return { findings: report.findings, facts };
}

function check(bytes: Uint8Array, policy: Policy, report: Report): VerifyFacts {
  const scanner = new Scanner(bytes, report);
  const module = new Module();
  readModule(scanner, module, policy);
  const layout = readLayout(scanner, module, policy);
  const graph = new StackGraph(module);
  const walk = new Walk(scanner, module, layout, graph, policy);
  judgeGuest(module, layout, walk, report);
  checkNamed(module, layout, walk, report);
  graph.check(module, layout, policy, report);
  checkCustomSections(scanner, module);

  const { charged, shortfall } = walk.facts;
  return {
    bytes: bytes.length,
    instructions: walk.facts.instructions,
    templates: walk.facts.templates,
    imports: module.imports.length,
    stubs: layout.stubs,
    wrappers: module.exports.length,
    guestFunctions: module.functions - layout.guest,
    charged: charged.reduce((sum, one) => sum + one, 0),
    largestShortfall: largest(shortfall),
    largestFrame: largest(graph.frame),
    heaviestEntry: largest(Float64Array.from(module.exports, (one) => graph.heaviest[one.func]!)),
    memoryMaximum: module.memoryMaximum,
  };
}

function largest(values: Float64Array): number {
  return values.reduce((most, one) => Math.max(most, one), 0);
}

/** Judges every guest function: the uncharged ones first, callees before callers. */
function judgeGuest(module: Module, layout: Layout, walk: Walk, report: Report): void {
  const uncharged: number[] = [];
  const charged: number[] = [];
  for (let func = layout.guest; func < module.functions; func++) {
    const readable = report.attempt(() => walk.head(func));
    if (readable) (walk.facts.charged[func] === 1 ? charged : uncharged).push(func);
  }
  const calls = (func: number): readonly number[] => walk.collect(func);
  for (const func of calleesFirst(uncharged, calls, module, report)) walk.judge(func);
  for (const func of charged) walk.judge(func);
}

/**
 * Elements, initialisers and `ref.func` name charged guest functions only, and so do `enter` and allocators;
 * other wrappers may name one that leaves no more than what is kept back for it.
 */
function checkNamed(module: Module, layout: Layout, walk: Walk, report: Report): void {
  const { charged, shortfall } = walk.facts;
  const codeStart = module.bodyStart[0] ?? 0;
  const codeEnd = module.bodyEnd.at(-1) ?? 0;
  for (let func = 0; func < module.functions; func++) {
    const at = module.named[func]! - 1;
    if (at < 0) continue;
    const inCode = at >= codeStart && at < codeEnd;
    const inElement = module.elementsAt > 0 && at >= module.elementsAt;
    const section = inCode ? "code" : inElement ? "element" : "global";
    const role = layout.role[func]!;
    if (role === ROLE.import) report.add("verify-import-named", { func }, section, at);
    else if (role !== ROLE.guest) report.add("verify-private-function", { func }, section, at);
    else if (charged[func] === 0) report.add("verify-uncharged-named", { func }, section, at);
  }
  for (const { func, by, offset } of layout.targets) {
    const free = layout.role[by] === ROLE.wrapper && !layout.allocators.includes(by);
    const paid = charged[func] === 1 || (free && shortfall[func]! <= ENTRY_FREE);
    if (layout.role[func] !== ROLE.guest || !paid) {
      report.add("verify-target", { func }, "code", offset, by);
    }
  }
}

/** The third opinion: the JavaScript engine must take the module too. */
function checkEngine(bytes: Uint8Array, report: Report): void {
  const reason = engineRefusal(bytes);
  if (reason !== null) report.add("verify-engine", { reason }, "module", 0);
}
