// The functions by which a module tells its host's metrics of itself (A30 to A32). From
// docs/telemetry.md.
import type { Policy } from "../../policy/policy.ts";
import type { HostFunction } from "../../spec/host-function-row.ts";
import { PHASE, WINDOW } from "../../spec/layout.ts";
import { op } from "../../spec/opcodes.ts";
import { METRIC_ID_OFFSET, telemetryMetrics, telemetryNumber } from "../../spec/telemetry.ts";
import type { Context, Helper } from "./context.ts";
import { WINDOW_AT, window } from "./deny.ts";
import { type Expected, signature } from "./expected.ts";
import { when } from "./guards/phrases.ts";
import { unsigned } from "./leb.ts";
import { Link, type Maker } from "./link.ts";
import { countOf, idOf } from "./metrics.ts";
import { hosting } from "./thunk.ts";
import { written } from "./words.ts";

/** A host call of a telemetry function, by the name of the import. */
const calling = (link: Link, name: string): string =>
  `call import-${link.imports.findIndex((row) => row.name === name)}`;

const named = (link: Link, suffix: Parameters<typeof telemetryNumber>[0]): string =>
  `global.get ${idOf(link.context, telemetryNumber(suffix))}`;

function define(link: Link): Expected {
  const { context } = link;
  const { save, restore } = window(0);
  let offset = context.text;
  const each = context.names.map(({ name, type }, j) => {
    const at = offset;
    offset += name.length;
    const call = `i32.const ${type} ${WINDOW_AT} i32.const ${name.length}
      i32.const ${WINDOW.address + METRIC_ID_OFFSET} ${calling(link, "proxy_define_metric")}`;
    const keep = `${WINDOW_AT} i32.load 2 ${METRIC_ID_OFFSET} global.set ${idOf(context, j)}`;
    return `${WINDOW_AT} i32.const ${at} i32.const ${name.length} memory.init ${context.segment} 0
      ${hosting(call)} ${when("i32.eqz", keep)}`;
  });
  const text = `${when("global.get told", "return")} ${when("memory.size i32.eqz", "return")}
    i32.const 1 global.set told ${save} ${each.join(" ")} ${restore} end`;
  return written(link, "define", signature(":"), text, { locals: "I".repeat(WINDOW.bytes / 8) });
}

function tell(link: Link): Expected {
  const call = `local.get 0 local.get 1 ${calling(link, "proxy_increment_metric")} drop`;
  const text = `${when("local.get 0 i32.eqz", "return")} ${when("local.get 1 i64.eqz", "return")}
    ${hosting(call)} end`;
  return written(link, "tell", signature("iI:"), text);
}

function report(link: Link): Expected {
  const { context } = link;
  const record = `${calling(link, "proxy_record_metric")} drop`;
  const grown = `${named(link, "memory_pages")} memory.size i64.extend_i32_u ${record}`;
  const news = (suffix: "memory_refused" | "unslotted", now: string, old: string): string =>
    when(
      `global.get ${now} global.get ${old} i32.ne`,
      `${named(link, suffix)} global.get ${now} global.get ${old} i32.sub i64.extend_i32_u call tell
        global.get ${now} global.set ${old}`,
    );
  const counts = Array.from({ length: context.metrics }, (_, j) => j)
    .slice(telemetryMetrics.length)
    .map((j) => {
      const count = `global.get ${countOf(context, j)}`;
      const said = `global.get ${idOf(context, j)} ${count} i64.extend_i32_u call tell`;
      return when(count, `${said} i32.const 0 global.set ${countOf(context, j)}`);
    });
  const text = `${when("global.get told i32.eqz", "return")}
    ${hosting(`${named(link, "fuel")} local.get 0 ${record}`)}
    ${named(link, "callbacks")} global.get calls call tell i64.const 0 global.set calls
    ${when("memory.size global.get pages i32.ne", `memory.size global.set pages ${hosting(grown)}`)}
    ${news("memory_refused", "refused", "refusedTold")}
    ${news("unslotted", "unslotted", "unslottedTold")}
    ${counts.join(" ")} end`;
  return written(link, "report", signature("I:"), text);
}

const once =
  (suffix: "budget_exhausted" | "memory_refused", name: string): Maker =>
  (link) => {
    const said = `${named(link, suffix)} i64.const 1 call tell`;
    const text = `${when(`global.get phase i32.const ${PHASE.guest} i32.eq`, said)} end`;
    return written(link, name, signature(":"), text);
  };

/** In their order, right before `enter`. */
export const telemetryFunctions: readonly (readonly [string, Maker])[] = [
  ["define", define],
  ["tell", tell],
  ["report", report],
  ["exhausted", once("budget_exhausted", "exhausted")],
  ["refuse", once("memory_refused", "refuse")],
];

/** What templates do when they trap: `exhausted` stands two before `enter`. */
export function trapArm(policy: Policy, entry: number): readonly number[] {
  const bytes = [op("unreachable")];
  if (!policy.telemetry) return bytes;
  const call = [op("call")];
  unsigned(call, entry - 2);
  return [...call, ...bytes];
}

/** Index and own cost of `refuse`, which stands right before `enter`; null without telemetry. */
export function refusing(
  context: Context,
  imports: readonly HostFunction[],
  entry: number,
): Helper | null {
  if (!context.policy.telemetry) return null;
  const { cost } = new Link(context, imports, new Map(telemetryFunctions)).made("refuse");
  return { index: entry - 1, cost };
}
