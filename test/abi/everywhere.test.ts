// Every host function in every phase, with addresses and sizes that no guest has: a number comes back, never a trap,
// nothing is written, and the plugin works afterwards. While the module starts, what is not allowed there traps.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostFunction } from "../../src/spec/host-function-row.ts";
import { hostFunctions } from "../../src/spec/host-functions.ts";
import { ERRNO, STATUS } from "../../src/spec/status.ts";
import { call } from "../host/guest.ts";
import { FAR } from "./cell.ts";
import { phases, play, startOnly } from "./play.ts";

const callable = hostFunctions.filter((row) => row.abis.includes("0.2.1") && row.result !== null);
const statuses = new Set<number>([...Object.values(STATUS), ...Object.values(ERRNO), 1]);

/** Arguments of one function: addresses far away with lengths that are good, or good addresses with huge lengths. */
function hostile(row: HostFunction, how: "far" | "huge"): string {
  const args = row.params.map(({ type, role }) => {
    if (type === "i64") return 0n;
    const length = role === "inLen" || role === "bufLen" || role === "iovsLen";
    if (length) return how === "far" ? 8 : -1;
    if (role === "int") return 0;
    return how === "far" ? FAR : 1024;
  });
  return call(row.name, ...args);
}

const pointed = (row: HostFunction): boolean => row.params.some(({ role }) => role !== "int");
const sized = (row: HostFunction): boolean => row.params.some(({ role }) => role === "inLen");

/** Once a stream has been cut off, later phases don't come. */
const ending = new Set(["proxy_send_local_response", "proxy_close_stream"]);

let cells = 0;
for (const phase of phases.filter((one) => one !== "_initialize")) {
  for (const how of ["far", "huge"] as const) {
    test(`in ${phase}, ${how} addresses and sizes give a status and change nothing`, () => {
      const rows = callable.filter((row) => !ending.has(row.name) || pointed(row));
      const { notes, plugin } = play(
        rows.map((row) => hostile(row, how)),
        phase,
      );
      assert.deepEqual(plugin.traps, []);
      const seen = notes.filter((note) => typeof note === "number");
      assert.equal(seen.length % rows.length, 0);
      assert.ok(seen.length > 0, "the phase was not played");
      for (const [i, status] of seen.entries()) {
        const row = rows[i % rows.length]!;
        assert.ok(statuses.has(status), `${row.name}: ${status}`);
        const refused = how === "far" ? pointed(row) : sized(row);
        if (row.module === "env" && refused) assert.notEqual(status, STATUS.ok, row.name);
        cells++;
      }
    });
  }
}

test("while the module starts, each function is answered or traps, as the reference host's list has it", (t) => {
  for (const row of hostFunctions.filter((one) => one.abis.includes("0.2.1"))) {
    const plain = row.params.map(({ type }) => (type === "i64" ? 0n : 0));
    const text = call(row.name, ...plain);
    const one = row.result === null ? text.replace("call $note (", "").replace(/\)$/, "") : text;
    const expected = row.atStart ? [] : ["restricted-call"];
    const reasons = startOnly([one]).traps.map(({ reason }) => reason);
    assert.deepEqual(reasons, expected, row.name);
    cells++;
  }
  t.diagnostic(`${cells} functions in phases`);
});
