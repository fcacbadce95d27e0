// Times as Envoy 1.40 wrote them for the same formats.
import assert from "node:assert/strict";
import { test } from "node:test";
import { commandProblems } from "../../spec/log-commands.ts";
import { timeText } from "./time-text.ts";

const at = Date.UTC(2026, 10, 23, 18, 34, 20, 243);

test("times are written as their format says, and by ISO 8601 without one", () => {
  for (const [format, expected] of [
    ["", "2026-11-23T18:34:20.243Z"],
    ["%s", "1795458860"],
    ["%s.%3f", "1795458860.243"],
    ["%s.%6f", "1795458860.243000"],
    ["%Y/%m/%dT%H:%M:%S%z", "2026/11/23T18:34:20+0000"],
    ["%b %e %H:%M:%S.%9f %Z", "Nov 23 18:34:20.243000000 UTC"],
    ["%a %A %B %d %j %I %p %y %D %F", "Mon Monday November 23 327 06 PM 26 11/23/26 2026-11-23"],
    ["%T %R %t%% %Q %f", "18:34:20 18:34 \t% %Q 243000000"],
    ["%1f %E*S %E3S %E0S %Ez", "2 20.243 20.243 20 +00:00"],
    [
      "%c|%x|%X|%r|%h|%u|%w|%C",
      "Mon Nov 23 18:34:20 2026|11/23/26|18:34:20|06:34:20 PM|Nov|1|1|20",
    ],
    ["no conversion", "no conversion"],
  ] as const) {
    assert.equal(timeText(format)(at), expected, format);
  }
  assert.equal(timeText("%I %p %e %j %u")(Date.UTC(2023, 0, 1)), "12 AM  1 001 7");
  assert.equal(timeText("%E*S")(Date.UTC(2023, 0, 1)), "00");
});

test("what Envoy converts and the lab doesn't is told, and what Envoy refuses is refused", () => {
  const kinds = (format: string) =>
    commandProblems(`%START_TIME(${format})%`).map(({ kind }) => kind);
  for (const format of ["%s", "%E3S%Ez%E*S", "%%U", "%%n", "%Q", ""]) {
    assert.deepEqual(kinds(format), [], format);
  }
  for (const format of ["%U", "%EY", "%Od", "%k"]) assert.deepEqual(kinds(format), ["unanswered"]);
  for (const format of ["%n", "a\nb"]) assert.deepEqual(kinds(format), ["argument"]);
});
