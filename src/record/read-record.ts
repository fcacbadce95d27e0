// A record's text → RunRecord, checked throughout: a record may come from another machine.
import { fail } from "../errors/failure.ts";
import { Field } from "./field.ts";
import {
  type CallbackRecord,
  type Evidence,
  laterKinds,
  RECORD_FORMAT,
  type RunRecord,
  type Use,
  type UseKind,
  useKinds,
} from "./run-record.ts";
import type { SketchData } from "./sketch.ts";

/** Bytes of one record's file. */
export const RECORD_BYTES = 16 * 1024 * 1024;

const NAME = 300;
const PAIRS = 20_000;

function textOrNull(field: Field): string | null {
  return field.value === null ? null : field.text(NAME);
}

function countOrNull(field: Field): number | null {
  return field.value === null ? null : field.count();
}

function evidence(field: Field): Evidence {
  return {
    callback: field.get("callback").text(NAME),
    request: countOrNull(field.get("request")),
    path: textOrNull(field.get("path")),
    what: textOrNull(field.get("what")),
  };
}

function use(field: Field): Use {
  return {
    name: field.get("name").text(NAME),
    of: textOrNull(field.get("of")),
    count: field.get("count").count(1),
    first: evidence(field.get("first")),
  };
}

function sketch(field: Field): SketchData {
  const values = field
    .get("values")
    .list(PAIRS)
    .map((pair) => {
      const [value, count] = pair.list(2);
      if (value === undefined || count === undefined) return pair.wrong("a value and a count");
      return [value.count(), count.count(1)] as const;
    });
  return { exact: field.get("exact").flag(), values };
}

function callback(field: Field): CallbackRecord {
  return {
    name: field.get("name").text(NAME),
    calls: field.get("calls").count(),
    traps: field.get("traps").count(),
    fuel: sketch(field.get("fuel")),
  };
}

function fuelOf(field: Field): RunRecord["fuel"] {
  if (field.value === null) return null;
  return { mode: field.get("mode").text(NAME), costs: field.get("costs").text(NAME) };
}

function usesOf(uses: Field, kind: UseKind): readonly Use[] {
  const list = laterKinds.includes(kind) ? uses.optional(kind) : uses.get(kind);
  return list?.list().map(use) ?? [];
}

/** Throws a Failure at the place where the text is no record of this format. */
export function readRecord(text: string, file: string): RunRecord {
  const root = Field.parse(text, file);
  const format = root.get("format");
  if (format.text(NAME) !== RECORD_FORMAT) {
    fail("record-other-format", { expected: RECORD_FORMAT }, format.where);
  }
  const module = root.get("module");
  if (!/^[0-9a-f]{64}$/.test(module.text(NAME))) module.wrong("64 lower-case hex digits");
  const most = root.get("most");
  const uses = root.get("uses");
  return {
    format: RECORD_FORMAT,
    plugin: root.get("plugin").text(NAME),
    module: module.text(NAME),
    fuel: fuelOf(root.get("fuel")),
    requests: root.get("requests").count(),
    traps: root.get("traps").count(),
    uses: Object.fromEntries(
      useKinds.map((kind) => [kind, usesOf(uses, kind)] as const),
    ) as unknown as Record<UseKind, readonly Use[]>,
    callbacks: root.get("callbacks").list().map(callback),
    most: {
      outstanding: most.get("outstanding").count(),
      logBytes: most.get("logBytes").count(),
      headerBytes: most.get("headerBytes").count(),
      dispatches: most.optional("dispatches")?.count() ?? 0,
      bodyBytes: most.optional("bodyBytes")?.count() ?? 0,
      sharedDataBytes: most.get("sharedDataBytes").count(),
      queueItems: most.get("queueItems").count(),
      metrics: most.get("metrics").count(),
      memoryPages: most.get("memoryPages").count(),
      stackBytes: countOrNull(most.get("stackBytes")),
    },
    tick: countOrNull(root.get("tick")),
    perCallback: sketch(root.get("perCallback")),
    perRequest: sketch(root.get("perRequest")),
    perStart: sketch(root.get("perStart")),
    pages: sketch(root.get("pages")),
  };
}
