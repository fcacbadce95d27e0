// The least policy as a document that src/policy reads: YAML with a comment beside everything that a person has
// to judge. Values that come from outside (name, path) are written so that YAML can't take them for anything else.
import { API_VERSION, KIND } from "../policy/schema.ts";
import { patterns, show } from "../policy/values.ts";
import { PAGE } from "../spec/binary.ts";
import type { InspectReport, LeastEntry } from "./report.ts";

export interface LeastPolicyOptions {
  /** What the plugin is called, a file name for one; what a policy can't hold becomes `-`. */
  readonly name: string;
  /** Where the module comes from; left out where a policy can't say it. */
  readonly url?: string;
}

const MAX_NAME = 253;
const MAX_URL = 2_000;

/** The nearest name that a policy takes. */
export function policyName(text: string): string {
  const plain = text
    .replace(/\.wasm$/i, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .slice(0, MAX_NAME)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
  return patterns.name.test(plain) ? plain : "plugin";
}

/** Plain where it can only be text, quoted otherwise. */
function scalar(text: string): string {
  const plain = /^[A-Za-z][A-Za-z0-9./_-]*$/.test(text);
  const word = /^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return plain && !word ? text : JSON.stringify(text);
}

const reaches = {
  reachable: "reachable",
  indirect: "only by an indirect call",
  unused: "unused",
} as const;

function item({ name, reach, risk, why }: LeastEntry): string {
  return `- ${name} # ${reaches[reach]}, ${risk} risk: ${why}`;
}

function allowLines(report: InspectReport): readonly string[] {
  const { allow, leftOut, withRole } = report.leastPolicy;
  const lines = ["  capabilities:"];
  if (withRole.length > 0) lines.push(`    # With any role: ${withRole.join(", ")}`);
  if (allow.length === 0) lines.push("    allow: []");
  else lines.push("    allow:", ...allow.map((one) => `      ${item(one)}`));
  const denied = leftOut.filter((one) => one.reach !== "unused");
  const unused = leftOut.filter((one) => one.reach === "unused");
  if (denied.length > 0) {
    lines.push("    # Left out, as the role has no use for them. Whoever needs one moves it up:");
    lines.push(...denied.map((one) => `    #   ${item(one)}`));
  }
  if (unused.length > 0) {
    lines.push(
      `    # Imported, and no call leads there: ${unused.map((one) => one.name).join(", ")}`,
    );
  }
  return lines;
}

function sourceLines(report: InspectReport, url: string | undefined): readonly string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const sayable = url !== undefined && url !== "" && !/[\u0000-\u001f\u007f]/.test(url);
  const lines = sayable && url.length <= MAX_URL ? [`    url: ${scalar(url)}`] : [];
  return ["  source:", ...lines, `    sha256: "${report.sha256}"`];
}

/** The least policy of a report as YAML; `loadPolicy` takes it, and `harden` with it. */
export function leastPolicy(report: InspectReport, options: LeastPolicyOptions): string {
  const { role, why, memoryPages, memoryWhy } = report.leastPolicy;
  const memory = show({ kind: "size" }, memoryPages * PAGE);
  return `${[
    "# The least policy of this module, by `glovebox inspect`: what its code can call, within one role.",
    "# Judge every line: code shows what a plugin can do, and not what it should.",
    "# Callbacks: none is named, so all that the module exports stay.",
    `apiVersion: ${API_VERSION}`,
    `kind: ${KIND}`,
    "metadata:",
    `  name: ${scalar(policyName(options.name))}`,
    "spec:",
    role === null ? `  # No role fits: ${why}` : `  role: ${role} # ${why}`,
    ...sourceLines(report, options.url),
    "  limits:",
    `    memory: ${memory} # ${memoryWhy}`,
    ...allowLines(report),
  ].join("\n")}\n`;
}
