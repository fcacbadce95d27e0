// `glovebox update [MANIFEST…] -p POLICY…`: what the locked references stand for now, and the change of every file that
// takes it over. All changes are worked out before the first file is written, and the lock is written last.
import type { Failure } from "../errors/failure.ts";
import { type Finding, finding } from "../errors/failure.ts";
import { renderFinding } from "../errors/render.ts";
import { type CapabilityChange, capabilityChange, isSameContent } from "../supply/capabilities.ts";
import { type Lock, type LockedPlugin, writeLock } from "../supply/lock.ts";
import { type PinChange, rewritePins } from "../supply/rewrite-pins.ts";
import { reaching } from "./artifact-ref.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { LOCK_FILE, readLock } from "./lock-file.ts";
import { contentNow, type NamedPolicy, type Now, namedPolicies } from "./locked-policies.ts";
import { writeOutput } from "./output.ts";
import { readText } from "./ref.ts";

interface Proposal {
  readonly name: string;
  readonly url: string;
  readonly was: LockedPlugin | null;
  readonly now: LockedPlugin;
  readonly signature: "held" | "refused" | "not-asked";
  readonly capabilities: CapabilityChange | null;
  /** Calls that it newly imports and the policy doesn't allow: hardened, they answer as denied. */
  readonly denied: readonly string[];
}

interface FileChange {
  readonly file: string;
  readonly text: string;
  readonly changes: readonly PinChange[];
}

function proposalOf({ policy, url }: NamedPolicy, lock: Lock, now: Now): Proposal | null {
  const was = Object.hasOwn(lock.plugins, policy.name) ? lock.plugins[policy.name]! : null;
  if (was !== null && isSameContent(was, now.entry)) return null;
  const capabilities = was === null ? null : capabilityChange(was, now.entry);
  const added = capabilities?.imports.added ?? now.entry.imports;
  return {
    name: policy.name,
    url,
    was,
    now: now.entry,
    signature: now.unsigned !== null ? "refused" : now.signed ? "held" : "not-asked",
    capabilities,
    denied: added.filter((call) => !policy.allow.has(call)),
  };
}

const unsigned = (name: string, url: string, failure: Failure): Finding =>
  finding("update-unsigned", "error", { name, reason: failure.message }, { at: "ref", ref: url });

function proposalLines({ name, url, was, now, signature, capabilities, denied }: Proposal): string {
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ["newly imports", capabilities?.imports.added ?? []],
    ["no longer imports", capabilities?.imports.removed ?? []],
    ["newly exports", capabilities?.callbacks.added ?? []],
    ["no longer exports", capabilities?.callbacks.removed ?? []],
    ["denied by the policy", denied],
  ];
  const lines = [
    `${name}: ${url} has new content`,
    `  manifest   ${was?.manifest ?? "none"} → ${now.manifest ?? "none"}`,
    `  module     ${was?.sha256 ?? "none"} → ${now.sha256}`,
    `  signature  ${signature.replace("-", " ")}`,
    ...lists.flatMap(([label, names]) =>
      names.length === 0 ? [] : [`  ${label}: ${names.join(", ")}`],
    ),
  ];
  return `${lines.join("\n")}\n`;
}

const changeLines = ({ file, changes }: FileChange): string =>
  changes
    .map(({ line, was, now }) => `  ${file}:${line}: ${was.slice(0, 12)} → ${now.slice(0, 12)}\n`)
    .join("");

async function changesOf(
  files: readonly string[],
  plugins: Lock["plugins"],
): Promise<readonly FileChange[]> {
  const found: FileChange[] = [];
  for (const file of [...new Set(files)]) {
    const { text, changes } = rewritePins(await readText(file), plugins);
    if (changes.length > 0) found.push({ file, text, changes });
  }
  return found;
}

export async function run({ args, flags }: InputOf<"update">, io: Io): Promise<Outcome> {
  const named = await namedPolicies("update", flags.policy, io);
  const file = flags.lock ?? LOCK_FILE;
  const lock = await readLock(file);
  const proposals: Proposal[] = [];
  const findings: Finding[] = [];
  await reaching(flags, io, async (remote) => {
    for (const one of named) {
      const now = await contentNow(one, remote, flags, io);
      const proposal = proposalOf(one, lock, now);
      if (proposal === null) continue;
      proposals.push(proposal);
      if (now.unsigned !== null) findings.push(unsigned(proposal.name, one.url, now.unsigned));
    }
  });
  const taken = proposals.filter(({ signature }) => signature !== "refused");
  const plugins: Record<string, LockedPlugin> = { ...lock.plugins };
  for (const { name, now } of taken) plugins[name] = now;
  const changes = await changesOf([...args.manifests, ...named.map((one) => one.file)], plugins);
  const write = flags.write === true;
  if (write) {
    for (const change of changes) await writeOutput(change.file, change.text);
    if (taken.length > 0) await writeOutput(file, writeLock({ plugins }));
  }
  const open = !write && taken.length + changes.length > 0;
  const text = (): string => {
    const parts = [
      ...findings.map((one) => `${renderFinding(one)}\n`),
      ...proposals.map(proposalLines),
    ];
    const files = changes.map(changeLines).join("");
    if (parts.length === 0 && files === "") return `${io.styles.good("up to date")}: ${file}\n`;
    const verb = write ? "written" : "would be written with --write";
    const last = taken.length > 0 ? `  ${file}\n` : "";
    return `${parts.join("")}${files + last === "" ? "" : `${verb}:\n${files}${last}`}`;
  };
  return {
    exit: open || findings.length > 0 ? 1 : 0,
    result: {
      lock: file,
      written: write,
      proposals,
      files: changes.map(({ file: name, changes: pins }) => ({ file: name, changes: pins })),
      findings,
    },
    text,
  };
}
