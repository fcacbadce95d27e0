// What `policy learn` and `policy fit` look at: traffic files that are played, and records of runs. Both flags may
// be given several times; a folder stands for the records in it that are of the plugin.
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { fail } from "../errors/failure.ts";
import { readTraffic } from "../learn/read-traffic.ts";
import { TRAFFIC_BYTES, type TrafficRequest } from "../learn/traffic.ts";
import { parseReference, pluginName } from "../net/reference.ts";
import { RECORD_BYTES, readRecord } from "../record/read-record.ts";
import type { RunRecord } from "../record/run-record.ts";
import { sha256 } from "../util/digest.ts";
import type { CommandName } from "./commands.ts";
import { type Module, readText } from "./ref.ts";
import { usage } from "./usage.ts";

export interface EvidenceFlags {
  readonly traffic: readonly string[] | undefined;
  readonly record: readonly string[] | undefined;
  readonly configuration: string | undefined;
  readonly "root-id": string | undefined;
  readonly margin: string | undefined;
  readonly percentile: string | undefined;
}

export interface GivenEvidence {
  readonly requests: readonly TrafficRequest[];
  /** Entries of traffic files that no plugin would be shown. */
  readonly skipped: number;
  readonly records: readonly RunRecord[];
  /** In words, for the head of a policy. */
  readonly origin: string;
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

async function recordsOf(path: string, module: Module): Promise<readonly RunRecord[]> {
  const expected = sha256(module.bytes);
  const short = (digest: string): string => digest.slice(0, 12);
  if (!(await isFolder(path))) {
    const record = readRecord(await readText(path, RECORD_BYTES), path);
    if (record.module !== expected) {
      const found = { found: short(record.module), expected: short(expected), ref: module.ref };
      fail("record-other-module", found, { at: "file", file: path });
    }
    return [record];
  }
  const files = (await readdir(path)).filter((name) => name.endsWith(".json")).sort();
  const records: RunRecord[] = [];
  for (const name of files) {
    const file = join(path, name);
    const record = readRecord(await readText(file, RECORD_BYTES), file);
    if (record.module === expected) records.push(record);
  }
  if (records.length === 0) {
    const args = { folder: path, ref: module.ref, expected: short(expected) };
    fail("record-none-of-module", args, { at: "file", file: path });
  }
  return records;
}

/** Reads all that the flags name; at least one of the two has to be given. */
export async function readEvidence(
  command: CommandName,
  flags: EvidenceFlags,
  module: Module,
): Promise<GivenEvidence> {
  const { traffic = [], record = [] } = flags;
  if (traffic.length + record.length === 0) {
    usage(command, "nothing to look at: give --traffic FILE or --record FILE");
  }
  const requests: TrafficRequest[] = [];
  let skipped = 0;
  for (const file of traffic) {
    const read = readTraffic(await readText(file, TRAFFIC_BYTES), file);
    requests.push(...read.requests);
    skipped += read.skipped;
  }
  const records: RunRecord[] = [];
  for (const path of record) records.push(...(await recordsOf(path, module)));
  const recorded = records.reduce((sum, one) => sum + one.requests, 0);
  const names = (paths: readonly string[]): string =>
    paths.map((path) => basename(path)).join(", ");
  const origin = [
    ...(traffic.length > 0 ? [`${requests.length} requests of ${names(traffic)}`] : []),
    ...(record.length > 0 ? [`${recorded} requests in records of ${names(record)}`] : []),
  ].join(" and ");
  // A file's name may hold anything, and this becomes a comment.
  return { requests, skipped, records, origin: origin.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "?") };
}

/** The plugin's name where nothing else says it: the file's, as a policy takes it. */
export function playOptions(ref: string, flags: EvidenceFlags) {
  const name = pluginName(parseReference(ref));
  return {
    name,
    rootId: flags["root-id"] ?? name,
    ...(flags.configuration !== undefined && { configuration: flags.configuration }),
  };
}

function numberOf(
  command: CommandName,
  flag: string,
  text: string | undefined,
  otherwise: number,
  [min, max]: readonly [number, number],
): number {
  if (text === undefined) return otherwise;
  const value = /^\d{1,4}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  return usage(command, `--${flag} must be a number from ${min} to ${max}`);
}

export function fitOptions(command: CommandName, flags: EvidenceFlags) {
  return {
    margin: numberOf(command, "margin", flags.margin, 2, [1, 100]),
    percentile: numberOf(command, "percentile", flags.percentile, 99.9, [50, 100]),
  };
}
