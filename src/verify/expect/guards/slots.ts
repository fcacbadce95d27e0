// The functions that keep the accounts of streams (A29): a stream finds its slot by its id among a
// few neighbours. From docs/guards.md, "Slots".
import type { Policy } from "../../../policy/policy.ts";
import { EFFECTIVE_CONTEXT } from "../../../spec/guards.ts";
import type { HostFunction } from "../../../spec/host-function-row.ts";
import { SLOT_PROBES, UNNAMED } from "../../../spec/layout.ts";
import { type Expected, signature } from "../expected.ts";
import type { Link, Maker } from "../link.ts";
import { written } from "../words.ts";
import { spentOut } from "./landing.ts";
import { SAY, when } from "./phrases.ts";
import { slotCount, switching } from "./slot-globals.ts";

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
    ${lands(link) ? when("global.get left i64.const 1 i64.lt_s", "local.get 1 return") : ""}
    global.get left local.get 1 global.get left local.get 1 i64.lt_s select end`;
  return written(link, "the slot function begin", signature("iI:I"), text, { locals: "i" });
}

function finish(link: Link): Expected {
  const store = "global.get slot i32.const 1 i32.sub call slotStore";
  const text = `global.get left global.get spent i64.sub global.get fuel i64.add global.set left
    ${when("global.get slot i32.const 0 i32.gt_s", store)} i32.const 0 global.set slot end`;
  return written(link, "the slot function finish", signature(":"), text);
}

function release(link: Link): Expected {
  const { policy } = link.context;
  const tells = `local.get 1 i32.const 1 i32.sub call slotLoad
    i64.const ${policy.limits.fuel.request} global.get left i64.sub call report`;
  const free = `${policy.telemetry ? tells : ""}
    local.get 1 i32.const 1 i32.sub i32.const 0 call slotOwn`;
  const text = `${when("local.get 0 call find local.tee 1", free)} end`;
  return written(link, "the slot function release", signature("i:"), text, { locals: "i" });
}

function adopt(link: Link): Expected {
  const bound = when(
    "global.get fuel global.get left i64.gt_s",
    `global.get spent global.get fuel i64.sub global.get left i64.add global.set spent
      global.get left global.set fuel`,
  );
  const text = `${when(`global.get slot i32.const ${UNNAMED} i32.ne`, "return")}
    ${when("local.get 0 call find local.tee 1 i32.eqz", "return")}
    local.get 1 global.set slot local.get 1 i32.const 1 i32.sub call slotLoad
    ${lands(link) ? when("global.get left i64.const 1 i64.ge_s", bound) : bound}
    global.get left global.get spent i64.add global.get fuel i64.sub global.set left end`;
  return written(link, "the slot function adopt", signature("i:"), text, { locals: "i" });
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
  ["spentOut", spentOut],
  ["adopt", adopt],
];

/** Whether a stream without fuel meets something else than a trap. */
const lands = ({ context }: Link): boolean => context.policy.onExhaustion !== "trap";

/** Whether a module can say for which stream it acts. */
export const adopts = (policy: Policy, imports: readonly HostFunction[]): boolean =>
  slotCount(policy) > 0 && imports.some(({ name }) => name === EFFECTIVE_CONTEXT);

/** Those that a module has under a policy. */
export function slotNames(policy: Policy, imports: readonly HostFunction[]): readonly string[] {
  if (slotCount(policy) === 0) return [];
  const absent = [
    policy.onExhaustion === "trap" ? "spentOut" : "",
    adopts(policy, imports) ? "" : "adopt",
  ];
  return slotFunctions.map(([name]) => name).filter((name) => !absent.includes(name));
}
