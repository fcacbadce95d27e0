// The walk over a serialised map (A18, A20): strict about its form, so that no host reads it in
// another way, and asking about each name. From docs/guards.md, "Serialised maps".
import type { Rules } from "../../../policy/rules.ts";
import { DISPATCH_REFUSED, dispatchHeaders, GUARD } from "../../../spec/guards.ts";
import { MAP, STATUS } from "../../../spec/status.ts";
import { signature } from "../expected.ts";
import type { Link, Maker } from "../link.ts";
import { price, written } from "../words.ts";
import { DENY, SAY, unless, when, wide } from "./phrases.ts";
import { bytesOf, pieces } from "./pieces.ts";

const type = signature("ii:i");
const extras = { names: "p n c a e i k v z", locals: "iiiiiii" };
const FINE = SAY(-1);
const MALFORMED = SAY(STATUS.badArgument);
const NEXT = "local.get i i32.const 1 i32.add local.set i br 0";

const ZEROS = `local.get i local.get e i32.ge_u br_if 1
  local.get z local.get i i32.load8_u 0 0 i32.eqz i32.add local.set z ${NEXT}`;

const PAIR_END = `${wide("a")} ${wide("k")} i64.add ${wide("v")} i64.add i64.const 2 i64.add
  ${wide("e")} i64.gt_u`;
const KEY_END = "local.get a local.get k i32.add";
const FIRST_BYTES = "local.get c i32.const 8 i32.mul i32.const 4 i32.add";
const VALUE_END = `${KEY_END} local.get v i32.add`;

const each = (name: string): string => `local.get i local.get c i32.ge_u br_if 1
  local.get p local.get i i32.const 3 i32.shl i32.add local.tee v i32.load 0 4 local.set k
  local.get v i32.load 0 8 local.set v
  ${when(PAIR_END, MALFORMED)}
  ${when(`${KEY_END} i32.load8_u 0 0 ${VALUE_END} i32.load8_u 0 1 i32.or`, MALFORMED)}
  ${name} ${VALUE_END} i32.const 2 i32.add local.set a ${NEXT}`;

function pairs(link: Link, what: string, name: string): ReturnType<Maker> {
  const own = (text: string): number => price(link, type, text, extras);
  const perPair = own(each(name));
  const longer = `local.get n i32.const ${GUARD.mapBytes} i32.gt_u`;
  const text = `local.get n i32.const 2 i32.lt_u if
      ${when("local.get n i32.eqz", FINE)}
      ${when("local.get p i32.load8_u 0 0 i32.eqz", FINE)} ${MALFORMED} end
    ${when(`local.get n i32.const 4 i32.lt_u ${longer} i32.or`, MALFORMED)}
    ${when(`local.get p i32.load 0 0 local.tee c i32.const ${GUARD.mapPairs} i32.gt_u`, MALFORMED)}
    ${when(`${FIRST_BYTES} local.tee a local.get n i32.gt_u`, MALFORMED)}
    ${wide("c")} i64.const ${perPair} i64.mul ${wide("n")} i64.const ${own(ZEROS)} i64.mul i64.add
    call pay
    local.get p local.get n i32.add local.set e local.get p local.get a i32.add local.set a
    local.get a local.set i block loop ${ZEROS} end end
    ${when("local.get z local.get c i32.const 1 i32.shl i32.ne", MALFORMED)}
    i32.const 0 local.set i block loop ${each(name)} end end
    ${when("local.get a local.get e i32.ne", MALFORMED)} i32.const -1 end`;
  return written(link, `the guard ${what}`, type, text, extras);
}

const hasLength = (b: Uint8Array, compare: "eq" | "ge_u"): string =>
  `local.get k i32.const ${b.length} i32.${compare}`;

function only(header: string, rule: string): string {
  const h = bytesOf(header);
  const value = "local.get a local.get k i32.add i32.const 1 i32.add local.get v";
  const allowed = unless(`${value} call ${rule}`, DENY);
  return when(hasLength(h, "eq"), when(pieces(h, 0, "a"), allowed));
}

/** NAME of pairsDispatch. */
function dispatched(rules: Rules["dispatch"]): string {
  const ruled = dispatchHeaders.filter(({ rule }) => rules[rule] !== null);
  const refused = bytesOf(DISPATCH_REFUSED);
  const choosing = when(hasLength(refused, "ge_u"), when(pieces(refused, 0, "a"), DENY));
  return [...ruled.map(({ name, rule }) => only(name, rule)), choosing].join(" ");
}

export const pairsDispatch: Maker = (link) =>
  pairs(link, "pairsDispatch", dispatched(link.context.policy.rules.dispatch));

const ADDED = `local.get a local.get k i32.const ${MAP.httpResponseHeaders} call headers-add`;
export const pairsReply: Maker = (link) => pairs(link, "pairsReply", unless(ADDED, DENY));
