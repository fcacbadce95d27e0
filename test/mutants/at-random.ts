// Random mutants of hardened modules: bytes changed anywhere, and instructions of guest code, templates among them,
// changed so that they stay valid. Nothing is expected of verify but that what it accepts keeps the promise.
import { mutate } from "../fuzz/mutate.ts";
import type { Random } from "../fuzz/random.ts";
import type { Instruction } from "./body.ts";
import type { Edit } from "./edits.ts";
import { alternatives, encode } from "./encode.ts";
import { cut, type Guest, insert, swap } from "./of-templates.ts";
import { guestOf } from "./plan.ts";
import { type Subject, withEdits } from "./subject.ts";

type Change = (guest: Guest, one: Instruction, r: Random) => Edit | undefined;

const NUMBERS = [0n, 1n, -1n, 2n, 7n, 64n, 1000n, 65536n, 2n ** 31n - 1n, -(2n ** 31n)];

const otherOpcode: Change = (_, one, r) => {
  const others = alternatives(one.name);
  return others.length === 0 ? undefined : swap(one, r.pick(others));
};

const otherConstant: Change = (_, one, r) =>
  /^i(32|64)\.const$/.test(one.name) ? swap(one, `${one.name} ${r.pick(NUMBERS)}`) : undefined;

const otherLocal: Change = ({ params, body }, one, r) => {
  if (!one.name.startsWith("local.")) return undefined;
  const types = [...params, ...body.locals];
  const same = types.flatMap((type, i) => (type === types[one.a] && i !== one.a ? [i] : []));
  return same.length === 0 ? undefined : swap(one, `${one.name} ${r.pick(same)}`);
};

const otherLabel: Change = (_, one, r) =>
  one.name === "br" || one.name === "br_if"
    ? swap(one, `${one.name} ${Math.max(0, one.a + r.pick([-2, -1, 1, 2]))}`)
    : undefined;

const nop: Change = (_, one) => insert(one.at, encode("nop"));
const nothing: Change = (_, one) => cut(one);

/** A template once more, or not at all. */
const template: Change = ({ body, sites }, one, r) => {
  const site = sites.find(({ from, to }) => body.code[from]!.at >= one.at && to > from);
  if (site === undefined) return undefined;
  const [at, end] = [body.code[site.from]!.at, body.code[site.to - 1]!.end];
  return r.int(2) === 0
    ? insert(end, body.bytes.slice(at, end))
    : { at, remove: end - at, put: [] };
};

const changes: readonly Change[] = [
  otherOpcode,
  otherOpcode,
  otherConstant,
  otherConstant,
  otherLocal,
  otherLabel,
  nop,
  nothing,
  template,
];

function structured(subject: Subject, r: Random): Uint8Array {
  const { firstGuest, functions } = subject;
  const func = firstGuest + r.int(functions - firstGuest);
  const guest = guestOf(subject, func);
  const live = guest.body.code.slice(0, -1);
  const edits: Edit[] = [];
  for (let left = 1 + r.int(3), tries = 40; left > 0 && tries > 0 && live.length > 0; tries--) {
    const edit = r.pick(changes)(guest, r.pick(live), r);
    if (edit === undefined) continue;
    const apart = edits.every(
      ({ at, remove }) => edit.at + edit.remove < at || at + remove < edit.at,
    );
    if (!apart) continue;
    edits.push(edit);
    left--;
  }
  return withEdits(subject, new Map([[func, edits]]));
}

/** One random mutant; undefined where it came out the same. */
export function atRandom(subject: Subject, r: Random): Uint8Array | undefined {
  const { bytes, firstGuest, functions } = subject;
  const whole = r.int(4) === 0 || firstGuest === functions;
  const made = whole ? mutate(bytes, r) : structured(subject, r);
  const same = made.length === bytes.length && made.every((byte, i) => byte === bytes[i]);
  return same ? undefined : made;
}
