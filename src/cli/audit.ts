// `glovebox audit TARGETS`: every plugin in force in manifests, in a live Envoy, or in a cluster. Nothing is changed
// anywhere, and nothing is asked but what is named.
import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { audit } from "../audit/audit.ts";
import { readCluster } from "../audit/cluster.ts";
import { get } from "../audit/get.ts";
import { auditHtml } from "../audit/html.ts";
import { readKubeconfig } from "../audit/kubeconfig.ts";
import { type Audit, risks } from "../audit/row.ts";
import { auditText, inOrder } from "../audit/text.ts";
import { fail } from "../errors/failure.ts";
import { type FileRead, readFileText } from "../mesh/read/read-file.ts";
import type { Policy } from "../policy/policy.ts";
import type { Outcome } from "./command-row.ts";
import type { InputOf } from "./commands.ts";
import type { Io } from "./io.ts";
import { readManifests, readStandardInput } from "./manifests.ts";
import { writeOutput } from "./output.ts";
import { lazyModules } from "./plugin-modules.ts";
import { reasonOf } from "./reason.ts";
import { readText } from "./ref.ts";

type Flags = InputOf<"audit">["flags"];

/** How a dump begins, or all of one that has nothing of the resource that was asked for. */
const isDump = /^\s*\{\s*(?:"configs"\s*:\s*\[|\}\s*$)/;

/** An Envoy's admin by its address: its configuration, ECDS and all. */
async function liveEnvoy(text: string): Promise<FileRead> {
  const url = new URL(text);
  if (url.pathname === "/") url.pathname = "/config_dump";
  const { status, text: dump } = await get(url);
  if (status !== 200) fail("audit-status", { host: url.host, status, path: url.pathname });
  // Of anything else it would be said that no plugin is in force.
  if (!isDump.test(dump)) fail("audit-not-dump", { host: url.host, path: url.pathname });
  return readFileText(`${url.origin}${url.pathname}`, dump, { everything: true });
}

/** Of a file that a kubeconfig names: a certificate, a key, a token. */
const BESIDE_LIMIT = 1024 * 1024;

function readBeside(file: string): (path: string) => string {
  return (path) => {
    const whole = resolve(dirname(file), path);
    try {
      // What isn't a file, such as a device, may have no end.
      const status = statSync(whole);
      if (!status.isFile()) throw Object.assign(new Error(), { code: "ENOTSUP" });
      if (status.size > BESIDE_LIMIT) fail("file-too-large", { file: whole, limit: BESIDE_LIMIT });
      return readFileSync(whole, "utf8");
    } catch (error) {
      return fail("file-unreadable", { file: whole, reason: reasonOf(error) }, undefined, error);
    }
  };
}

interface Found {
  readonly reads: readonly FileRead[];
  readonly problems: readonly string[];
  readonly skipped: number;
}

async function ofCluster(flags: Flags, io: Io): Promise<Found> {
  // Of several kubeconfigs the first: merging them is kubectl's.
  const file =
    flags.kubeconfig ??
    io.env.KUBECONFIG?.split(":").find((one) => one !== "") ??
    join(homedir(), ".kube", "config");
  const access = readKubeconfig(await readText(file), file, flags.context, readBeside(file));
  io.progress(`reading cluster ${access.context}`);
  return { ...(await readCluster(access)), skipped: 0 };
}

async function gather(targets: readonly string[], flags: Flags, io: Io): Promise<Found> {
  const urls = targets.filter((one) => /^https?:\/\//.test(one));
  const files = targets.filter((one) => !urls.includes(one));
  const reads: FileRead[] = [];
  let skipped = 0;
  if (files.length > 0) {
    const manifests = readManifests(files, readStandardInput);
    reads.push(...manifests.reads);
    // What stands in files that hold plugins too is counted by the audit.
    skipped += manifests.skipped - manifests.reads.reduce((sum, one) => sum + one.skipped, 0);
  }
  for (const url of urls) {
    io.progress(`asking ${url}`);
    reads.push(await liveEnvoy(url));
  }
  const cluster = flags.cluster === true ? await ofCluster(flags, io) : undefined;
  return {
    reads: [...reads, ...(cluster?.reads ?? [])],
    problems: cluster?.problems ?? [],
    skipped,
  };
}

function textOf(result: Audit, flags: Flags, targets: readonly string[], io: Io): string {
  if (flags.format === "json") return `${JSON.stringify(result, null, 2)}\n`;
  if (flags.format !== "html") return auditText(result, io.styles);
  const what = [...targets, ...(flags.cluster === true ? ["the cluster"] : [])].join(", ");
  return auditHtml(result, `Of ${what}.`);
}

async function policyOf({ policy }: Flags, io: Io): Promise<Policy | null> {
  if (policy === undefined) return null;
  const { policyFrom } = await import("./policy-source.ts");
  return policyFrom("audit", { policy, role: undefined }, io);
}

/** The audit, with what is known of the modules; those that were to be fetched and couldn't be are told. */
async function withModules({ reads }: Found, flags: Flags, io: Io): Promise<Audit> {
  const modules = lazyModules(flags, await policyOf(flags, io), io);
  try {
    await modules.prepare(reads.flatMap((one) => one.documents.flatMap(({ uses }) => uses)));
    const read = audit(reads, modules.of);
    const unread = modules.takeUnread().map(({ use, reason }) => {
      return `module of ${use.name.value} (${use.document.file.name}): ${reason}`;
    });
    return { ...read, problems: [...read.problems, ...unread] };
  } finally {
    modules.close();
  }
}

export async function run({ args, flags }: InputOf<"audit">, io: Io): Promise<Outcome> {
  const targets = args.targets;
  if (targets.length === 0 && flags.cluster !== true) fail("audit-nothing");
  const found = await gather(targets, flags, io);
  const read = await withModules(found, flags, io);
  const result: Audit = {
    rows: inOrder(read.rows),
    problems: [...read.problems, ...found.problems],
    skipped: read.skipped + found.skipped,
  };
  const text = textOf(result, flags, targets, io);
  if (flags.output !== undefined) await writeOutput(flags.output, text);
  const limit = flags["fail-on"];
  // A gate that couldn't look at something doesn't open.
  const failed =
    limit !== undefined &&
    (result.problems.length > 0 ||
      result.rows.some((row) => risks.indexOf(row.risk) <= risks.indexOf(limit)));
  return {
    exit: failed ? 1 : 0,
    result,
    text: () => (flags.output === undefined ? text : `audit written to ${flags.output}\n`),
  };
}
