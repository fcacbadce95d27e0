// `glovebox harden REF -p POLICY -o FILE`: contain, write in one step, report. Nothing is written where
// contain throws, and the output never replaces the input.
import { contain } from "../contain/contain.ts";
import type { HardenReport } from "../harden/report.ts";
import { PAGE } from "../spec/binary.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { refuseInputAsOutput, writeOutput } from "./output.ts";
import { policyFrom } from "./policy-source.ts";
import { sourceOf } from "./source.ts";
import { count, growth, sizeOf } from "./units.ts";

/** About what a megabyte takes, verify included; only decides whether progress is shown. */
const MS_PER_MB = 200;

const listed = (names: readonly string[]): string =>
  names.length === 0 ? "none" : names.join(", ");

/** `before → after`, with what the plugin itself declared. */
function memoryLine({ memory }: HardenReport): string {
  const was = memory.was === null ? "no maximum declared" : `declared ${sizeOf(memory.was * PAGE)}`;
  return `${sizeOf(memory.min * PAGE)} to ${sizeOf(memory.max * PAGE)} (${was})`;
}

/** Each call with the fields that its arguments are held to. */
function guardsLine({ guards }: HardenReport): string {
  return guards.map(({ call, by }) => `${call} (${by.join(", ")})`).join(", ");
}

function requestsLine({ fuel, streams }: NonNullable<HardenReport["requests"]>): string {
  return `${count(fuel)} units of fuel each, ${count(streams)} at a time`;
}

/** The report for people; ends with a line feed. */
export function reportText(report: HardenReport, output: string, io: Pick<Io, "styles">): string {
  const { styles } = io;
  const { original, hardened, imports, functions } = report;
  const charged = `${count(functions.chargedAtEntry)} of ${count(functions.guest)} functions and ${count(functions.loops)} loops charge`;
  const rows: readonly (readonly [string, string])[] = [
    ["plugin", `${report.plugin}, ABI ${report.abi}`],
    ["policy", `${report.policy}`],
    ["memory", memoryLine(report)],
    ["fuel", `${report.mode}, costs ${report.costs}: ${charged}`],
    ["allowed", listed(imports.allowed)],
    ["denied", listed(imports.denied)],
    ...(report.guards.length === 0 ? [] : [["guarded", guardsLine(report)] as const]),
    ...(report.requests === null ? [] : [["requests", requestsLine(report.requests)] as const]),
    ...(imports.unused.length === 0 ? [] : [["unused", listed(imports.unused)] as const]),
    ...(report.exports.dropped.length === 0
      ? []
      : [["not exported", listed(report.exports.dropped)] as const]),
    ...(report.startMoved ? [["start", "the start section runs in the first entry"] as const] : []),
    [
      "size",
      `${count(original.bytes)} → ${count(hardened.bytes)} bytes (${growth(original.bytes, hardened.bytes)})`,
    ],
    ["sha256", hardened.sha256],
  ];
  const lines = rows.map(([name, value]) => `  ${name.padEnd(13)}${value}`);
  return `${styles.good("contained")}: ${output}\n${lines.join("\n")}\n`;
}

export async function run({ args, flags }: InputOf<"harden">, io: Io): Promise<Outcome> {
  const policy = await policyFrom("harden", flags, io);
  const source = await sourceOf(args.ref, policy, flags, io);
  const { module, ref } = source.artifact;
  await refuseInputAsOutput([args.ref, flags.policy], flags.output);
  io.progress(`hardening ${ref}`, (module.length / 1e6) * MS_PER_MB);
  const contained = contain(module, policy, source.shown);
  if (flags.attest !== undefined) {
    const { attestTo } = await import("./harden-attest.ts");
    await attestTo(flags.attest, source.artifact, contained.bytes, policy, flags, io);
  }
  await writeOutput(flags.output, contained.bytes);
  const attested = flags.attest === undefined ? "" : `  attested     ${flags.attest}\n`;
  return {
    exit: 0,
    result: {
      ref,
      output: flags.output,
      attestation: flags.attest ?? null,
      report: contained.report,
    },
    text: () => reportText(contained.report, flags.output, io) + attested,
  };
}
