// Plays the calls that go to one module, which needs no other: the prepared module, and what harden makes of
// it.
import { FUNCREF, V128 } from "../../src/spec/binary.ts";
import { PHASE } from "../../src/spec/layout.ts";
import { BUDGET_DOOR, globalDoor, PHASE_DOOR } from "./doors.ts";
import { type EngineGlobal, type EngineMemory, type Exports, engine } from "./engine.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { type ExportTypes, Played } from "./play.ts";
import type { Prepared } from "./prepare.ts";
import type { Call } from "./script.ts";

export interface Run {
  /** What instantiation and the start function came to. */
  readonly start: Outcome;
  readonly outcomes: readonly Outcome[];
  /** Units that each call spent; null where it did not return. */
  readonly spent: readonly (number | null)[];
  /** Memory and globals after the last call. */
  readonly state: { readonly memory: Uint8Array; readonly globals: readonly unknown[] } | null;
}

const DONE: Outcome = { kind: "values", values: [] };

/** Of hardened modules, an `unreachable` that a limit brought about. */
function named(outcome: Outcome, exports: Exports): Outcome {
  if (outcome.kind !== "trap" || exports.glovebox_fuel === undefined) return outcome;
  if (Number((exports.glovebox_fuel as EngineGlobal).value) < 0)
    return { kind: "exhausted", of: "fuel" };
  if (Number((exports.glovebox_stack as EngineGlobal).value) < 0)
    return { kind: "exhausted", of: "stack" };
  return outcome;
}

function instantiate(bytes: Uint8Array): Exports | Outcome {
  let exports: Exports | undefined;
  try {
    exports = new engine.Instance(new engine.Module(bytes), {}).exports;
    // The start section of a hardened module has moved there.
    if (exports.glovebox_fuel !== undefined) (exports._initialize as (() => void) | undefined)?.();
    return exports;
  } catch (error) {
    return exports === undefined ? outcomeOf(error) : named(outcomeOf(error), exports);
  }
}

function isOutcome(made: Exports | Outcome): made is Outcome {
  return typeof (made as Outcome).kind === "string";
}

/**
 * Instantiates and makes the calls in order. After a trap a hardened instance is set back to idle through the
 * phase door. `budgets` gives each call's budget where the module has a door for it.
 */
export function playAlone(
  bytes: Uint8Array,
  prepared: Prepared,
  types: ExportTypes,
  calls: readonly Call[],
  budgets?: readonly number[],
): Run {
  const exports = instantiate(bytes);
  if (isOutcome(exports)) return { start: exports, outcomes: [], spent: [], state: null };
  const played = new Played(exports, types);
  const phase = exports[PHASE_DOOR] as EngineGlobal | undefined;
  const budget = exports[BUDGET_DOOR] as EngineGlobal | undefined;
  const spent: (number | null)[] = [];
  const outcomes = calls.map((call, i) => {
    if (budget !== undefined) budget.value = BigInt(budgets![i]!);
    const outcome = played.do(call.action, prepared.names.get(call.action.field));
    if (outcome.kind === "values") {
      const units = exports.glovebox_spent as EngineGlobal | undefined;
      spent.push(call.action.type === "get" || units === undefined ? null : Number(units.value));
      return outcome;
    }
    spent.push(null);
    if (phase !== undefined) phase.value = PHASE.idle;
    return named(outcome, exports);
  });
  return { start: DONE, outcomes, spent, state: stateOf(exports, prepared) };
}

function stateOf(exports: Exports, { module }: Prepared): Run["state"] {
  const globals = module.globals.flatMap(({ type }, i) =>
    type === V128 || type === FUNCREF ? [] : [(exports[globalDoor(i)] as EngineGlobal).value],
  );
  return { memory: new Uint8Array((exports.memory as EngineMemory).buffer), globals };
}
