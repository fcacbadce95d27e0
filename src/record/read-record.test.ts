// Records as files: what is written is read, and what was tampered with is refused at its place.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../errors/failure.ts";
import { mergeRecords } from "./merge.ts";
import { readRecord } from "./read-record.ts";
import { Recorder } from "./recorder.ts";
import type { RunRecord } from "./run-record.ts";

const empty = new Recorder({
  plugin: "one",
  module: "ab".repeat(32),
  fuel: { mode: "bound", costs: "v1" },
});
const use = (name: string, count: number, path: string) => ({
  name,
  of: null,
  count,
  first: { callback: "proxy_on_request_headers", request: 1, path, what: null },
});
const record: RunRecord = {
  ...empty.record(),
  requests: 2,
  uses: { ...empty.record().uses, calls: [use("proxy_log", 2, "GET /a")] },
  callbacks: [
    {
      name: "proxy_on_log",
      calls: 2,
      traps: 0,
      fuel: {
        exact: true,
        values: [
          [10, 1],
          [20, 1],
        ],
      },
    },
  ],
  tick: 500,
  perCallback: {
    exact: true,
    values: [
      [10, 1],
      [20, 1],
    ],
  },
};

test("a record that was written is read as it was", () => {
  assert.deepEqual(readRecord(JSON.stringify(record), "r.json"), record);
});

test("every field that is left out or of another kind is refused by its path", () => {
  const refuse = (text: string, where: RegExp): void => {
    assert.throws(
      () => readRecord(text, "r.json"),
      (error) => error instanceof Failure && where.test(`${error.code} ${error.message}`),
      text,
    );
  };
  for (const key of Object.keys(record)) {
    const { [key as keyof RunRecord]: _, ...rest } = record;
    refuse(JSON.stringify(rest), new RegExp(`${key}.* must be|record-other-format`));
    refuse(JSON.stringify({ ...record, [key]: true }), /must be|record-other-format/);
  }
  refuse(JSON.stringify({ ...record, format: "glovebox-record/2" }), /record-other-format/);
  refuse(JSON.stringify({ ...record, module: "xyz" }), /module must be 64 lower-case/);
  const uses = { ...record.uses, calls: [{ ...use("a", 0, "") }] };
  refuse(
    JSON.stringify({ ...record, uses }),
    /uses\.calls\[0\]\.count must be a whole number from 1/,
  );
  refuse(
    JSON.stringify({ ...record, pages: { exact: true, values: [[1]] } }),
    /pages\.values\[0\]/,
  );
  refuse(`${JSON.stringify(record)}x`, /traffic-not-json/);
});

test("records merged add up, compare their greatest and keep the first evidence", () => {
  const other: RunRecord = {
    ...record,
    requests: 5,
    uses: {
      ...record.uses,
      calls: [use("proxy_log", 3, "GET /b"), use("proxy_done", 1, "GET /c")],
    },
    most: { ...record.most, memoryPages: 7 },
    tick: 100,
    perCallback: { exact: true, values: [[20, 4]] },
  };
  const merged = mergeRecords([record, other]);
  assert.equal(merged.requests, 7);
  assert.deepEqual(merged.uses.calls, [
    use("proxy_log", 5, "GET /a"),
    use("proxy_done", 1, "GET /c"),
  ]);
  assert.deepEqual([merged.most.memoryPages, merged.tick], [7, 100]);
  assert.deepEqual(merged.perCallback.values, [
    [10, 1],
    [20, 5],
  ]);
  assert.equal(merged.callbacks[0]!.calls, 4);
  assert.deepEqual(mergeRecords([record]), record);
});
