// `glovebox demo`: the whole of it on the plugins of this repository. Every sample and adversary is inspected,
// hardened under its role and verified; then the trial measures each promise, default beside hardened.
import { contain } from "../contain/contain.ts";
import { Failure } from "../errors/failure.ts";
import { inspect } from "../inspect/inspect.ts";
import { policyFromRole } from "../policy/resolve.ts";
import { type BuiltIn, builtInPlugins } from "./built-in.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { builtInTrial } from "./trial.ts";
import { trialReportText } from "./trial-text.ts";
import { count, growth } from "./units.ts";

export interface Contained {
  readonly plugin: string;
  readonly kind: "sample" | "adversary";
  readonly does: string;
  readonly role: string | null;
  /** ABI version of its marker, null without one; host functions that it calls, and those of high risk. */
  readonly abi: string | null;
  readonly calls: number;
  readonly risky: number;
  readonly before: number;
  /** null where harden refused the plugin; then `refused` is the code. */
  readonly after: number | null;
  readonly refused: string | null;
}

function containOne({ name, kind, does, role, bytes }: BuiltIn): Contained {
  const { abi, imports } = inspect(bytes, { role });
  const calls = imports.filter((one) => one.reach !== "unused");
  const risky = calls.filter((one) => one.risk === "high").length;
  const facts = { abi: abi.version, calls: calls.length, risky };
  const row = { plugin: name, kind, does, role, ...facts, before: bytes.length } as const;
  try {
    const { length } = contain(bytes, policyFromRole(role)).bytes;
    return { ...row, after: length, refused: null };
  } catch (error) {
    // A bug of ours is no refusal.
    if (!(error instanceof Failure) || error.code === "contain-unverified") throw error;
    return { ...row, after: null, refused: error.code };
  }
}

function tableText(rows: readonly Contained[], { styles }: Io): string {
  const width = Math.max(...rows.map((row) => row.plugin.length));
  const lines = rows.map((row) => {
    const [paint, verdict, detail] =
      row.after === null
        ? [styles.warn, "refused", row.refused ?? ""]
        : [styles.good, "contained", growth(row.before, row.after)];
    const size = count(row.before).padStart(9);
    const facts = `${(row.abi ?? "none").padEnd(5)}  ${String(row.calls).padStart(5)}  ${String(row.risky).padStart(4)}`;
    const end = `${paint(verdict.padEnd(9))}  ${detail.padEnd(22)}`;
    return `  ${row.plugin.padEnd(width)}  ${size}  ${facts}  ${end}  ${row.does}`;
  });
  const head = `${"bytes".padStart(9)}  ABI    calls  high  ${"".padEnd(9)}  ${"growth, or why".padEnd(22)}`;
  return [styles.dim(`  ${"".padEnd(width)}  ${head}  what it does`), ...lines].join("\n");
}

/** What harden wrote once must not be hardened again: the limits would wrap each other. */
function hardenedAlready(plugin: BuiltIn): BuiltIn {
  const { bytes } = contain(plugin.bytes, policyFromRole(plugin.role));
  const does = `is ${plugin.name} as harden wrote it`;
  return { ...plugin, name: "already-hardened", kind: "adversary", does, bytes };
}

export async function run(_input: InputOf<"demo">, io: Io): Promise<Outcome> {
  const plugins = await builtInPlugins();
  const rows: Contained[] = [];
  for (const plugin of [...plugins, hardenedAlready(plugins[0]!)]) {
    io.progress(`hardening ${plugin.name}`);
    rows.push(containOne(plugin));
  }
  const kinds = ["sample", "adversary"] as const;
  const titles = { sample: "Plugins that behave", adversary: "Plugins that don't" };
  const sections = kinds.map((kind) => {
    const ours = rows.filter((row) => row.kind === kind);
    return `${io.styles.bold(titles[kind])}\n${tableText(ours, io)}\n`;
  });
  const trial = await builtInTrial(io);
  return {
    exit: trial.held ? 0 : 1,
    result: { plugins: rows, trial },
    text: () => [...sections, trialReportText(trial, io)].join("\n"),
  };
}
