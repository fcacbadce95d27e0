// The expected body of an entry wrapper: opens the entry with its budget, calls, closes; an
// allocator inside a host call instead spends the fuel of the entry that is under way (rules A6,
// A35). With slots it keeps the stream's account (A29). From docs/guards.md, "Entries".
import { answers, type Callback, HTTP_ANSWER, streamActions } from "../../spec/callbacks.ts";
import { PHASE } from "../../spec/layout.ts";
import { reserveOf } from "./context.ts";
import type { Expected, Signature } from "./expected.ts";
import { when } from "./guards/phrases.ts";
import { TRAP_IF_EXHAUSTED } from "./guards/range.ts";
import { slotCount } from "./guards/slot-globals.ts";
import { adopts } from "./guards/slots.ts";
import type { Link } from "./link.ts";
import {
  CLOSE,
  COUNTED,
  definers,
  ifPhase,
  open,
  REFILLED,
  SETTLED,
  settles,
  UNNAMED_STREAM,
} from "./opening.ts";
import { gets, write } from "./words.ts";

export type WrapperKind = "start" | "context" | "allocator" | "callback";

/** What an export says about its wrapper; `added` where it stands for no function of the guest. */
export interface Entry {
  readonly name: string;
  readonly row: Callback | undefined;
  readonly type: Signature;
  readonly added: boolean;
}

/** Which wrapper an export gets; unknown names and ABI markers are callbacks. */
export function wrapperKind(row: Callback | undefined): WrapperKind {
  const kind = row?.kind;
  return kind === "start" || kind === "context" || kind === "allocator" ? kind : "callback";
}

/** The body is open at `call f`, the exported function, unless it is `added`. */
export function wrapper(link: Link, entry: Entry): Expected {
  const { start, callback } = link.context.policy.limits.fuel;
  const own = writeWrapper(link, entry, 0).cost;
  const kind = wrapperKind(entry.row);
  const least = { start, callback, allocator: callback, context: Math.min(start, callback) };
  const body = writeWrapper(link, entry, own);
  return body.done(
    `wrapper of "${entry.name}"`,
    least[kind] - reserveOf(link.context.policy) - own,
  );
}

/** `own` is the cost of the whole body, on which its constants depend. */
function writeWrapper(link: Link, entry: Entry, own: number): ReturnType<typeof write> {
  const { name, row, type, added } = entry;
  const { policy } = link.context;
  const kind = wrapperKind(row);
  const slots = slotCount(policy) > 0;
  const ofStream = slots && row?.kind === "callback";
  const given = (key: "start" | "callback"): string =>
    `i64.const ${policy.limits.fuel[key] - reserveOf(policy) - own}`;
  const budgets = {
    start: given("start"),
    callback:
      ofStream && !added ? `local.get 0 ${given("callback")} call begin` : given("callback"),
    allocator: given("callback"),
    context: `${given("start")} ${given("callback")} local.get 1 i32.eqz select`,
  };
  const calls = added ? "" : `${gets(type)} call target`;
  const opens = open(link, budgets[kind]);
  if (kind === "allocator") {
    const charge = `global.get fuel i64.const ${own} i64.sub global.set fuel ${TRAP_IF_EXHAUSTED}`;
    const inHost = `i32.const ${PHASE.alloc} global.set phase ${charge}`;
    const back = `i32.const ${PHASE.host} global.set phase`;
    const opening = ifPhase(PHASE.host, inHost, opens);
    return write(link, type, `${opening} ${calls} ${ifPhase(PHASE.alloc, back, CLOSE)} end`);
  }
  const refilled = `${slots ? "local.get 0 call take" : ""} ${REFILLED(link)}`.trim();
  const unnamed =
    ofStream && !added && answers.has(name) && adopts(policy, link.imports) ? UNNAMED_STREAM : "";
  const b = policy.limits.fuel.callback - reserveOf(policy) - own;
  const least = Math.min(b, Math.floor((policy.limits.fuel.request ?? 0) / 2));
  const out = type.params.length;
  const lands =
    ofStream &&
    !added &&
    policy.onExhaustion !== "trap" &&
    type.results.length === 1 &&
    streamActions.has(name);
  const answered = `local.get 0 i64.const ${least} call spentOut local.tee ${out}
    i32.const -1 i32.ne`;
  const steps = [
    lands ? when(answered, `local.get ${out} return`) : "",
    opens,
    policy.telemetry && ofStream && !added ? COUNTED : "",
    kind === "context" && refilled !== "" ? when("local.get 1", refilled) : "",
    name === HTTP_ANSWER && settles(policy, link.imports) ? SETTLED : "",
    unnamed,
    calls,
    ofStream && !added ? "call finish" : "",
    ofStream && name === "proxy_on_delete" ? "local.get 0 call release" : "",
    policy.telemetry && definers.has(name) ? "call define" : "",
    CLOSE,
  ];
  return write(link, type, `${steps.join(" ")} end`, { locals: lands ? "i" : "" });
}
