// How much larger a hardened plugin is: proxies fetch, keep and compile what we add.
import { contain } from "../src/contain/contain.ts";
import { policyFromRole } from "../src/policy/resolve.ts";
import { realPlugins } from "./lib/inputs.ts";
import type { Report } from "./lib/report.ts";
import { geomean } from "./lib/stats.ts";

const LIMIT = 0.1;
/** Below this a plugin is mostly the part that every hardened module has; listed, not averaged. */
const SMALL = 10_000;
const percent = (ratio: number): string => `${((ratio - 1) * 100).toFixed(1)} %`;

export async function benchGrowth(): Promise<Report> {
  const { found, missing } = await realPlugins();
  const measured = found.map(({ name, role, bytes }) => {
    const size = (mode: "bound" | "exact") =>
      contain(bytes, policyFromRole(role, { "spec.limits.fuel.mode": mode })).bytes.length;
    return { name, role, before: bytes.length, bound: size("bound"), exact: size("exact") };
  });
  const large = measured.filter((one) => one.before >= SMALL);
  const bound = geomean(large.map((one) => one.bound / one.before));
  const over = large
    .filter((one) => one.bound / one.before > 1 + LIMIT)
    .map((one) => `${one.name} (${percent(one.bound / one.before)})`);
  const exact = geomean(large.map((one) => one.exact / one.before));
  return {
    name: "growth",
    means:
      "Size of real plugins after hardening under their role's template, compared with what their toolchain wrote.",
    target: `in bound mode each real plugin of at least ${SMALL / 1000} kB at most ${percent(1 + LIMIT)} larger`,
    held: large.length === 0 ? null : over.length === 0,
    note: [
      ...(over.length > 0 ? [`Above the target: ${over.join(", ")}.`] : []),
      `Plugins below ${SMALL / 1000} kB are listed and not averaged: of them the part that every hardened module has (its helpers and wrappers) is the larger part.`,
      ...(missing.length > 0 ? [`Not measured: ${missing.join("; ")}.`] : []),
    ].join(" "),
    head: ["Plugin", "Role", "As built (bytes)", "bound", "exact"],
    rows: [
      ...measured.map(({ name, role, before, bound, exact }) => [
        name,
        role ?? "none",
        String(before),
        `+${bound - before} (${percent(bound / before)})`,
        `+${exact - before} (${percent(exact / before)})`,
      ]),
      ["geometric mean", "", "", percent(bound), percent(exact)],
    ],
    data: measured,
  };
}
