// Judges one script: the codec over every module, hardening wherever it can be done, and each assertion once,
// as passed, failed, or excluded for a reason.
import { Failure } from "../../src/errors/failure.ts";
import { decode } from "../../src/wasm/decode.ts";
import { emit } from "../../src/wasm/emit.ts";
import type { Reason } from "./exclusions.ts";
import { judgeHardened } from "./hardened.ts";
import { type Outcomes, playLinked } from "./linked.ts";
import { holds, isTrap, same, show } from "./outcome.ts";
import { callAt, type Planned, plan } from "./plan.ts";
import { ExportTypes } from "./play.ts";
import { prepare } from "./prepare.ts";
import { judgeInvalid, refusalProblem } from "./refused.ts";
import { type Command, isCall, type Script } from "./script.ts";
import type { Tally } from "./tally.ts";

/** The module through our codec: as it was where it was canonical, else shorter; the second time no change. */
function reemitted(script: Script, one: Planned, tally: Tally): Uint8Array {
  if (one.linked === null) return one.bytes;
  const out = emit(one.linked.module);
  if (Buffer.compare(out, one.bytes) === 0) tally.canonical++;
  else if (out.length < one.bytes.length) tally.shorten(script.name);
  else tally.problem(script.name, one.command.line, "emit changes it and makes it no shorter");
  if (Buffer.compare(emit(decode(out)), out) !== 0) {
    tally.problem(script.name, one.command.line, "emit changes what emit wrote");
  }
  return out;
}

/** Why a module is not hardened; null where it has to be possible. */
function reasonAgainst({ linked, outside }: Planned): Reason | null {
  if (linked === null) return outside;
  return linked.shared || linked.supplies.some(({ kind }) => kind === "none") ? "shared" : null;
}

/** Hardens a module and plays what goes to it; answers what is wrong. */
function hardened(script: Script, one: Planned, tally: Tally): readonly string[] {
  const { module, supplies } = one.linked!;
  const calls = one.calls.map((at) => callAt(script, at));
  const prepared = prepare(module, supplies);
  let judged: ReturnType<typeof judgeHardened>;
  try {
    judged = judgeHardened(prepared, new ExportTypes(module), calls);
  } catch (error) {
    if (error instanceof Failure) return [`harden refuses it: ${error.code}: ${error.message}`];
    throw error;
  }
  const { before, verdicts } = judged;
  const problems = verdicts.flatMap((verdict) => verdict.problems);
  const { command } = one;
  const starts =
    command.type === "assert_uninstantiable"
      ? isTrap(before.start, command.text)
      : before.start.kind === "values";
  if (!starts) problems.push(`as a plugin, at its start: ${show(before.start)}`);
  before.outcomes.forEach((outcome, i) => {
    const call = calls[i]!;
    if (!holds(call, outcome)) problems.push(`as a plugin, line ${call.line}: ${show(outcome)}`);
  });
  tally.hardened++;
  for (const verdict of verdicts) tally.verdict(verdict);
  return problems;
}

/** Whether an outcome is what the script demands of the command. */
function right(command: Command, outcome: NonNullable<Outcomes[number]>): boolean {
  if (isCall(command)) return holds(command, outcome);
  switch (command.type) {
    case "assert_unlinkable":
      return outcome.kind === "unlinkable";
    case "assert_uninstantiable":
      return isTrap(outcome, command.text);
    default:
      return outcome.kind === "values";
  }
}

interface Plays {
  readonly original: Outcomes;
  readonly recoded: Outcomes;
}

/** What is wrong with a command that ran, before and after our codec; null where nothing is. */
function linkedProblem(command: Command, at: number, { original, recoded }: Plays): string | null {
  const one = original[at];
  const other = recoded[at];
  if (one == null || other == null) return null;
  if (!right(command, one)) return show(one);
  if (!right(command, other)) return `through the codec: ${show(other)}`;
  // The engine numbers bytes in its link errors.
  const equal = isCall(command) ? same(command, one, other) : one.kind === other.kind;
  return equal ? null : `through the codec: ${show(one)} became ${show(other)}`;
}

/** A module that has to be refused. */
function judgeRefused(
  script: Script,
  command: Extract<Command, { readonly type: "assert_invalid" | "assert_malformed" }>,
  tally: Tally,
): void {
  const { type, line } = command;
  tally.assertion(type);
  if (command.module_type === "text") {
    tally.exclude("text", script.name);
    return;
  }
  const { code, problems } = judgeInvalid(script.bytesOf(command));
  tally.refuse(code);
  if (problems.length === 0) tally.pass(type);
  for (const text of problems) tally.problem(script.name, line, `${type}: ${text}`);
}

/** Judges a script into the tally. */
export function judge(script: Script, tally: Tally): void {
  tally.files++;
  const planned = plan(script);
  const original = playLinked(script, planned, (one) => one.bytes);
  const again = new Map(planned.map((one) => [one.at, reemitted(script, one, tally)]));
  const recoded = playLinked(script, planned, (one) => again.get(one.at)!);
  const owners = new Map(planned.flatMap((one) => [one.at, ...one.calls].map((at) => [at, one])));
  const failed = new Set<Planned>();
  for (const one of planned) {
    const reason = reasonAgainst(one);
    const refusal = one.outside === null ? null : refusalProblem(one.bytes);
    const problems =
      reason === null ? hardened(script, one, tally) : refusal === null ? [] : [refusal];
    if (problems.length > 0) failed.add(one);
    for (const text of problems) tally.problem(script.name, one.command.line, text);
  }
  script.commands.forEach((command, at) => {
    if (command.type === "register") return;
    if (command.type === "assert_invalid" || command.type === "assert_malformed") {
      judgeRefused(script, command, tally);
      return;
    }
    const text = linkedProblem(command, at, { original, recoded });
    if (text !== null) tally.problem(script.name, command.line, text);
    if (command.type === "module") {
      tally.modules++;
      return;
    }
    tally.assertion(command.type);
    const owner = owners.get(at);
    const reason = owner === undefined ? "text" : reasonAgainst(owner);
    // What cannot be linked is never hardened: that it stays so through the codec is all there is to it.
    const unlinkable = command.type === "assert_unlinkable" && reason === "shared";
    if (reason !== null && !unlinkable) tally.exclude(reason, script.name);
    else if (text === null && !failed.has(owner!)) tally.pass(command.type);
  });
}
