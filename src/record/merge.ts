// Several records of one module as one: of several threads, several files, or several runs. Counts are added,
// greatest values compared; the first evidence is that of the first record that has any.
import type { CallbackRecord, Most, RunRecord, Use, UseKind } from "./run-record.ts";
import { useKinds } from "./run-record.ts";
import { Sketch, type SketchData } from "./sketch.ts";
import { Tally } from "./tally.ts";

function sketches(data: readonly SketchData[]): SketchData {
  const all = new Sketch();
  for (const one of data) all.merge(Sketch.from(one));
  return all.data();
}

function uses(lists: readonly (readonly Use[])[]): readonly Use[] {
  const tally = new Tally();
  for (const { name, of, count, first } of lists.flat()) tally.add(name, of, () => first, count);
  return tally.uses();
}

function callbacks(lists: readonly (readonly CallbackRecord[])[]): readonly CallbackRecord[] {
  const byName = new Map<string, CallbackRecord[]>();
  for (const one of lists.flat()) byName.set(one.name, [...(byName.get(one.name) ?? []), one]);
  const sum = (rows: readonly CallbackRecord[], of: (row: CallbackRecord) => number): number =>
    rows.reduce((total, row) => total + of(row), 0);
  return [...byName].map(([name, rows]) => ({
    name,
    calls: sum(rows, (row) => row.calls),
    traps: sum(rows, (row) => row.traps),
    fuel: sketches(rows.map((row) => row.fuel)),
  }));
}

function greatest(all: readonly Most[]): Most {
  const of = (key: Exclude<keyof Most, "stackBytes">): number =>
    Math.max(...all.map((one) => one[key]));
  const stack = all.flatMap(({ stackBytes }) => (stackBytes === null ? [] : [stackBytes]));
  return {
    outstanding: of("outstanding"),
    logBytes: of("logBytes"),
    headerBytes: of("headerBytes"),
    dispatches: of("dispatches"),
    bodyBytes: of("bodyBytes"),
    sharedDataBytes: of("sharedDataBytes"),
    queueItems: of("queueItems"),
    metrics: of("metrics"),
    memoryPages: of("memoryPages"),
    stackBytes: stack.length === 0 ? null : Math.max(...stack),
  };
}

/** At least one record, all of the same module and the same way to count fuel: the caller has looked. */
export function mergeRecords(records: readonly RunRecord[]): RunRecord {
  const [first, ...more] = records;
  if (first === undefined) throw new Error("no record to merge");
  if (more.length === 0) return first;
  const ticks = records.flatMap(({ tick }) => (tick === null ? [] : [tick]));
  return {
    ...first,
    requests: records.reduce((sum, one) => sum + one.requests, 0),
    traps: records.reduce((sum, one) => sum + one.traps, 0),
    uses: Object.fromEntries(
      useKinds.map((kind) => [kind, uses(records.map((one) => one.uses[kind]))] as const),
    ) as Record<UseKind, readonly Use[]>,
    callbacks: callbacks(records.map((one) => one.callbacks)),
    most: greatest(records.map((one) => one.most)),
    tick: ticks.length === 0 ? null : Math.min(...ticks),
    perCallback: sketches(records.map((one) => one.perCallback)),
    perRequest: sketches(records.map((one) => one.perRequest)),
    perStart: sketches(records.map((one) => one.perStart)),
    pages: sketches(records.map((one) => one.pages)),
  };
}
