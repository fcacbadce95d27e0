// The guards of property paths (A15): how a path is taken apart, and which headers properties would
// show. From docs/guards.md: PATH, `segments`, and what follows `hidden`.
import { GUARD, headerPaths } from "../../../spec/guards.ts";
import { signature } from "../expected.ts";
import type { Maker } from "../link.ts";
import { price, written } from "../words.ts";
import { DENY, SAY, unless, when, wide } from "./phrases.ts";
import { bytesOf, EXACT, pieces } from "./pieces.ts";

const type = signature("ii:i");
const extras = { names: "p n i z", locals: "ii" };

const EACH = `local.get p local.get i i32.add i32.load8_u 0 0 i32.eqz
  if ${when("local.get z", SAY(0))} i32.const 1 local.set z
  else i32.const 0 local.set z end
  local.get i i32.const 1 i32.add local.tee i local.get n i32.lt_u br_if 0`;

/** Whether no segment of a path of at least one byte is empty. */
export const segments: Maker = (link) => {
  const text = `${wide("n")} i64.const ${price(link, type, EACH, extras)} i64.mul call pay
    i32.const 1 local.set z loop ${EACH} end local.get z i32.eqz end`;
  return written(link, "the guard segments", type, text, extras);
};

const LAST = "local.get 0 local.get n i32.add i32.const 1 i32.sub i32.load8_u 0 0";
const SHORTER = "local.get n i32.const 1 i32.sub";

/** PATH: leaves the length without a trailing zero in n. */
export const PATH = `local.get 1 local.set n
  ${when("local.get n", when(`${LAST} i32.eqz`, `${SHORTER} local.set n`))}
  ${when(`${SHORTER} i32.const ${GUARD.pathBytes} i32.ge_u`, DENY)}
  ${unless("local.get 0 local.get n call segments", DENY)}`;

/** A path that names one header, for which reading headers has its own rule. */
const headersIn = headerPaths.map(({ segments, map }) => {
  const q = bytesOf(segments.map((one) => `${one}\0`).join(""));
  const k = q.length;
  const rest = `local.get 0 i32.const ${k} i32.add local.get n i32.const ${k} i32.sub`;
  const read = unless(`${rest} i32.const ${map} call headers-read`, DENY);
  return when(`local.get n i32.const ${k} i32.gt_u`, when(pieces(q, EXACT, 0), read));
});

export const HIDDEN = `${when("local.get 0 local.get n call hidden", DENY)} ${headersIn.join(" ")}`;
