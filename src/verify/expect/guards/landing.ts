// What a stream meets whose account is empty, instead of its plugin: an answer, or free passage.
// From docs/telemetry.md, "Soft landing".
import { PHASE } from "../../../spec/layout.ts";
import { ACTION } from "../../../spec/status.ts";
import { ANSWER_IMPORT, EXHAUSTED_STATUS, telemetryNumber } from "../../../spec/telemetry.ts";
import { type Expected, signature } from "../expected.ts";
import type { Link } from "../link.ts";
import { idOf } from "../metrics.ts";
import { hosting } from "../thunk.ts";
import { written } from "../words.ts";
import { SAY, when } from "./phrases.ts";

/** The action that a callback answers without its plugin, -1 where the plugin runs. */
export function spentOut(link: Link): Expected {
  const { policy } = link.context;
  const denies = policy.onExhaustion === "deny";
  const answer = link.imports.findIndex(({ name }) => name === ANSWER_IMPORT);
  const exhausted = idOf(link.context, telemetryNumber("budget_exhausted"));
  const inGuest = (what: string): string =>
    `i32.const ${PHASE.guest} global.set phase ${what} i32.const ${PHASE.idle} global.set phase`;
  const zeros = "i32.const 0 ".repeat(6);
  const call = `i32.const ${EXHAUSTED_STATUS} ${zeros} i32.const -1 call import-${answer}`;
  const tell = inGuest(`global.get ${exhausted} i64.const 1 call tell`);
  const says = denies ? inGuest(`${hosting(call)} if unreachable end`) : "";
  const first = `i64.const -1 global.set left local.get 2 i32.const 1 i32.sub call slotStore
    ${policy.telemetry ? tell : ""} ${says}`;
  const runs = SAY(-1);
  const text = `${when("local.get 0 call find local.tee 2 i32.eqz", runs)}
    ${when(`global.get phase i32.const ${PHASE.idle} i32.ne`, runs)}
    local.get 2 i32.const 1 i32.sub call slotLoad
    ${when("global.get left local.get 1 i64.ge_s", runs)}
    ${when("global.get left i64.const 0 i64.ge_s", first)}
    i32.const ${denies ? ACTION.pause : ACTION.continue} end`;
  return written(link, "the slot function spentOut", signature("iI:i"), text, { locals: "i" });
}
