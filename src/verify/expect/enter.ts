// The expected body of `enter`, which takes the instance from NEW to IDLE and runs the moved start
// function; in any other phase it traps (rules A6, A27). Written from docs/containment.md,
// "Generated functions".
import { PHASE } from "../../spec/layout.ts";
import { reserveOf, stackAtEntry } from "./context.ts";
import { type Expected, signature } from "./expected.ts";
import { when } from "./guards/phrases.ts";
import type { Link } from "./link.ts";
import { write } from "./words.ts";

/** With a start function the body is open at `call s`. */
export function enter(link: Link, starts: boolean): Expected {
  if (!starts) return writeEnter(link, null).done("enter");
  const { policy } = link.context;
  const budget = policy.limits.fuel.start - reserveOf(policy) - writeEnter(link, 0).cost;
  return writeEnter(link, budget).done("enter", budget);
}

function writeEnter(link: Link, budget: number | null): ReturnType<typeof write> {
  const start = `i32.const ${PHASE.guest} global.set phase i64.const ${budget} global.set fuel
    i32.const ${stackAtEntry(link.context.policy)} global.set stack call target
    i64.const 0 global.set fuel`;
  const text = `${when("global.get phase", "unreachable")} ${budget === null ? "" : start}
    i32.const ${PHASE.idle} global.set phase end`;
  return write(link, signature(":"), text);
}
