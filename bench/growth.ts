// How much larger a hardened plugin is: proxies fetch, keep and compile what we add.
import { contain } from "../src/contain/contain.ts";
import { policyFromRole } from "../src/policy/resolve.ts";
import type { RoleName } from "../src/policy/roles.ts";
import { realPlugins } from "./lib/inputs.ts";
import { megabytes, type Report } from "./lib/report.ts";
import { geomean } from "./lib/stats.ts";

const LIMIT = 0.1;
const percent = (ratio: number): string => `${((ratio - 1) * 100).toFixed(1)} %`;

export async function benchGrowth(): Promise<Report> {
  const { found, missing } = await realPlugins();
  const measured = found.map(({ name, role, bytes }) => {
    const size = (mode: "bound" | "exact") =>
      contain(bytes, policyFromRole(role as RoleName, { "spec.limits.fuel.mode": mode })).bytes
        .length;
    return { name, role, before: bytes.length, bound: size("bound"), exact: size("exact") };
  });
  const bound = geomean(measured.map((one) => one.bound / one.before));
  const exact = geomean(measured.map((one) => one.exact / one.before));
  const total = (key: "before" | "bound" | "exact") =>
    measured.reduce((sum, one) => sum + one[key], 0);
  return {
    name: "growth",
    means:
      "Size of real plugins after hardening under their role's template, compared with what their toolchain wrote.",
    target: `in bound mode at most ${percent(1 + LIMIT)} larger, geometric mean`,
    held: measured.length === 0 ? null : bound <= 1 + LIMIT,
    ...(missing.length > 0 && { note: `Not measured: ${missing.join("; ")}.` }),
    head: ["Plugin", "Role", "As built", "bound", "exact"],
    rows: [
      ...measured.map(({ name, role, before, bound, exact }) => [
        name,
        role,
        megabytes(before),
        percent(bound / before),
        percent(exact / before),
      ]),
      ["geometric mean", "", "", percent(bound), percent(exact)],
      [
        "all together",
        "",
        megabytes(total("before")),
        percent(total("bound") / total("before")),
        percent(total("exact") / total("before")),
      ],
    ],
    data: measured,
  };
}
