// The functions that keep the accounts of streams (A29): a stream finds its slot by its id among a
// few neighbours. From docs/guards.md, "Slots".
import type { Policy } from "../../../policy/policy.ts";
import { injectedGlobals, SLOT_PROBES, slotGlobals, slotOffset } from "../../../spec/layout.ts";
import { op } from "../../../spec/opcodes.ts";
import { type Expected, type Signature, signature } from "../expected.ts";
import type { Link, Maker } from "../link.ts";
import { price, written } from "../words.ts";
import { SAY, when } from "./phrases.ts";

/** How many slots a module has under a policy. */
export function slotCount({ limits }: Policy): number {
  return limits.fuel.request === null ? 0 : limits.streams;
}

/** The globals of all slots, in their order. */
export function slotRows(policy: Policy) {
  const row = slotGlobals.map(({ key, type }) => ({ key: `${key} of a slot`, type, init: 0n }));
  return Array.from({ length: slotCount(policy) }, () => row).flat();
}

/** Does what `arm` says for the slot in local 0; costs what the longest way costs. */
function switching(
  link: Link,
  name: string,
  type: Signature,
  arm: (id: number, left: number, used: number) => string,
): Expected {
  const n = slotCount(link.context.policy);
  const first = link.context.globals + injectedGlobals.length;
  const at = (k: number, key: "id" | "left" | "used"): number => first + slotOffset(k, key);
  const slots = Array.from({ length: n }, (_, k) => k);
  const arms = slots.map((k) => arm(at(k, "id"), at(k, "left"), at(k, "used")));
  const labels = slots.slice(0, -1).map((k) => `${k} `);
  const text = `${"block ".repeat(n)}local.get 0 br_table ${n - 1} ${labels.join("")}${n - 1}
    ${arms.map((one) => `end ${one} return`).join(" ")} end`;
  const { flat } = link.context.table;
  const way = price(link, type, `local.get 0 br_table 0 0 ${arms.at(-1)} return`);
  const cost = n * flat[op("block")]! + way + flat[op("end")]!;
  return { ...written(link, `the slot function ${name}`, type, text), cost };
}

const place = (probe: number, n: number): string =>
  `local.get 0 i32.const ${probe} i32.add i32.const ${n} i32.rem_u`;

function probes(link: Link, of: (at: string) => string): string {
  const n = slotCount(link.context.policy);
  const count = Math.min(SLOT_PROBES, n);
  return Array.from({ length: count }, (_, probe) => of(place(probe, n))).join(" ");
}

function find(link: Link): Expected {
  const found = (at: string): string =>
    when(`${at} call slotId local.get 0 i32.eq`, `${at} i32.const 1 i32.add return`);
  const text = `${when("local.get 0 i32.eqz", SAY(0))} ${probes(link, found)} i32.const 0 end`;
  return written(link, "the slot function find", signature("i:i"), text);
}

const budget = (link: Link): string =>
  `i64.const ${link.context.policy.limits.fuel.request} global.set left`;

function take(link: Link): Expected {
  const fill = `local.get 1 local.get 0 call slotOwn ${budget(link)} i64.const 0 global.set used
    local.get 1 call slotStore return`;
  const free = (at: string): string => when(`${at} local.tee 1 call slotId i32.eqz`, fill);
  const text = `${when("local.get 0 i32.eqz", "return")} ${when("local.get 0 call find", "return")}
    ${probes(link, free)} global.get unslotted i32.const 1 i32.add global.set unslotted end`;
  return written(link, "the slot function take", signature("i:"), text, { locals: "i" });
}

function begin(link: Link): Expected {
  const text = `i64.const 0 global.set used local.get 0 call find local.tee 2 global.set slot
    ${when("local.get 2 i32.eqz", `${budget(link)} local.get 1 return`)}
    local.get 2 i32.const 1 i32.sub call slotLoad
    global.get left local.get 1 global.get left local.get 1 i64.lt_s select end`;
  return written(link, "the slot function begin", signature("iI:I"), text, { locals: "i" });
}

function finish(link: Link): Expected {
  const store = `global.get slot i32.const 1 i32.sub call slotStore i32.const 0 global.set slot`;
  const text = `global.get left global.get spent i64.sub global.get fuel i64.add global.set left
    ${when("global.get slot", store)} end`;
  return written(link, "the slot function finish", signature(":"), text);
}

function release(link: Link): Expected {
  const free = "local.get 1 i32.const 1 i32.sub i32.const 0 call slotOwn";
  const text = `${when("local.get 0 call find local.tee 1", free)} end`;
  return written(link, "the slot function release", signature("i:"), text, { locals: "i" });
}

const load = (id: number): string => `global.get ${id}`;
const own = (id: number): string => `local.get 1 global.set ${id}`;
const fetch = (_: number, left: number, used: number): string =>
  `global.get ${left} global.set left global.get ${used} global.set used`;
const store = (_: number, left: number, used: number): string =>
  `global.get left global.set ${left} global.get used global.set ${used}`;

export const slotFunctions: readonly (readonly [string, Maker])[] = [
  ["slotId", (link) => switching(link, "slotId", signature("i:i"), load)],
  ["slotOwn", (link) => switching(link, "slotOwn", signature("ii:"), own)],
  ["slotLoad", (link) => switching(link, "slotLoad", signature("i:"), fetch)],
  ["slotStore", (link) => switching(link, "slotStore", signature("i:"), store)],
  ["find", find],
  ["take", take],
  ["begin", begin],
  ["finish", finish],
  ["release", release],
];
