// The globals of request slots, and the functions that pick those of one slot by its number. From
// docs/guards.md, "Slots".
import type { Policy } from "../../../policy/policy.ts";
import { injectedGlobals, slotGlobals, slotOffset } from "../../../spec/layout.ts";
import { op } from "../../../spec/opcodes.ts";
import type { Expected, Signature } from "../expected.ts";
import type { Link } from "../link.ts";
import { price, written } from "../words.ts";

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
export function switching(
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
