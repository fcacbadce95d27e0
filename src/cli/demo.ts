// `glovebox demo`: the whole of it on the plugins of this repository. Every sample and adversary is hardened
// under its role and verified; then the trial measures each promise, default beside hardened.
import { contain } from "../contain/contain.ts";
import { Failure } from "../errors/failure.ts";
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
  readonly before: number;
  /** null where harden refused the plugin; then `refused` is the code. */
  readonly after: number | null;
  readonly refused: string | null;
}

function containOne({ name, kind, does, role, bytes }: BuiltIn): Contained {
  const row = { plugin: name, kind, does, role, before: bytes.length } as const;
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
    const end = `${paint(verdict.padEnd(9))}  ${detail.padEnd(22)}`;
    return `  ${row.plugin.padEnd(width)}  ${size}  ${end}  ${row.does}`;
  });
  return lines.join("\n");
}

export async function run(_input: InputOf<"demo">, io: Io): Promise<Outcome> {
  const plugins = await builtInPlugins();
  const rows: Contained[] = [];
  for (const plugin of plugins) {
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
