// Decides whether a module is contained under a policy, from its bytes alone: neither the tool that wrote
// them nor their stamp is believed (docs/containment.md). The steps of `check` are the whole list. The
// invariant: hostile bytes lead to findings, never to a throw, in time linear in their length.
import type { Finding } from "../errors/failure.ts";
import type { Policy } from "../policy/policy.ts";
import { ENTRY_FREE } from "../spec/layout.ts";
import { engineRefusal } from "../util/engine.ts";
import { Graph } from "../util/graph.ts";
import { type Walk, walkOver } from "./code.ts";
import { ROLE } from "./expect/roster.ts";
import { Layout } from "./layout.ts";
import { Module } from "./module.ts";
import { HALT, Report, STOP } from "./report.ts";
import { Scanner } from "./scanner.ts";
import { readModule } from "./sections.ts";
import { StackJudge } from "./stack.ts";

/** Figures of a module for reports; meaningful where there are no findings. */
export interface VerifyFacts {
  readonly guestFunctions: number;
  /** Guest functions that charge at their entry; fuel units that another leaves to its callers, at most. */
  readonly charged: number;
  readonly largestShortfall: number;
  /** Estimated stack bytes: of one frame, and of one uncounted path from an export on, at most. */
  readonly largestFrame: number;
  readonly heaviestEntry: number;
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
    // The third opinion, asked only of modules that it could still save us from.
    const reason = report.findings.length === 0 ? engineRefusal(bytes) : null;
    if (reason !== null) report.add("verify-engine", { reason }, "module", 0);
  } catch (signal) {
    if (signal !== STOP && signal !== HALT) throw signal;
  }
  return { findings: report.findings, facts };
}

function check(bytes: Uint8Array, policy: Policy, report: Report): VerifyFacts {
  const scanner = new Scanner(bytes, report);
  const module = new Module();
  readModule(scanner, module, policy);
  const layout = new Layout(scanner, module, policy);
  layout.read();
  const stack = new StackJudge(module);
  const walk = walkOver(scanner, module, layout, stack, policy);
  judgeGuest(module, layout, walk, report);
  checkNamed(module, layout, walk, report);
  stack.check(module, layout, policy, report);
  const largest = (values: Float64Array): number => values.reduce((a, b) => Math.max(a, b), 0);
  return {
    guestFunctions: module.functions - layout.guest,
    charged: walk.charged.reduce((sum, one) => sum + one, 0),
    largestShortfall: largest(walk.shortfall),
    largestFrame: largest(stack.frame),
    heaviestEntry: largest(Float64Array.from(module.exports, (one) => stack.heaviest[one.func]!)),
  };
}

/** Judges every guest function: the uncharged ones first, callees before callers (A1, A2). */
function judgeGuest(module: Module, layout: Layout, walk: Walk, report: Report): void {
  const uncharged: number[] = [];
  const charged: number[] = [];
  for (let func = layout.guest; func < module.functions; func++) {
    const readable = report.attempt(() => walk.head(func));
    if (readable) (walk.charged[func] === 1 ? charged : uncharged).push(func);
  }
  const calls = new Graph(module.functions);
  for (const func of uncharged) walk.collect(func, calls);
  const cycle = calls.leaveAll(uncharged, (func) => walk.judge(func));
  for (const func of charged) walk.judge(func);
  if (cycle < 0) return;
  const at = module.bodyStart[cycle - module.imports.length]!;
  report.add("verify-uncharged-cycle", {}, "code", at, cycle);
}

/**
 * Elements, initialisers and `ref.func` name charged guest functions only, and so do `enter` and allocators;
 * other wrappers may name one that leaves no more than what is kept back for it (A3, A4, A24).
 */
function checkNamed(module: Module, layout: Layout, walk: Walk, report: Report): void {
  const codeStart = module.bodyStart[0] ?? 0;
  module.named.forEach((place, func) => {
    if (place === 0) return;
    const at = place - 1;
    const early = module.elementsAt === 0 || at < module.elementsAt;
    const section = at >= codeStart ? "code" : early ? "global" : "element";
    const role = layout.role[func]!;
    if (role === ROLE.import) report.add("verify-import-named", { func }, section, at);
    else if (role !== ROLE.guest) report.add("verify-private-function", { func }, section, at);
    else if (walk.charged[func] === 0) report.add("verify-uncharged-named", { func }, section, at);
  });
  for (const { func, by, offset } of layout.targets) {
    const free = layout.role[by] === ROLE.wrapper && walk.shortfall[func]! <= ENTRY_FREE;
    if (layout.role[func] !== ROLE.guest || (walk.charged[func] === 0 && !free)) {
      report.add("verify-target", { func }, "code", offset, by);
    }
  }
}
