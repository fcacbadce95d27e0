// One line a log entry, whatever a plugin said, in text and in JSON; and what it said is what stands there.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogEntry } from "../worker/messages.ts";
import { logLine } from "./lines.ts";

const entry = (text: string, plugin: string | null = "p"): LogEntry => ({
  time: 0,
  level: "info",
  plugin,
  text,
});
const START = "1970-01-01T00:00:00.000Z info [p] ";

test("text of every language comes out as it was said: the host has decoded it already", () => {
  const said = "h\u00e9llo \u2713 \u{1f9e4} \ufffd";
  assert.equal(logLine(entry(said), "text"), `${START}${said}\n`);
  assert.equal(JSON.parse(logLine(entry(said), "json")).message, said);
});

test("line ends, escape sequences and marks that turn text around can't forge a line", () => {
  const said = "a\nerror [other] b\r\u2028c\x1b[31m\x07\u202ed\u2066e\u200f\u061cf";
  const line = logLine(entry(said), "text");
  assert.match(line, /^[ -~]+\n$/);
  assert.ok(line.includes("a\\nerror [other] b\\u000d\\u2028c\\u001b[31m\\u0007\\u202ed\\u2066e"));
  const json = logLine(entry(said), "json");
  assert.match(json, /^[ -~]+\n$/);
  assert.equal(JSON.parse(json).message, said);
  assert.match(logLine(entry("x", "p\nq"), "text"), / \[p\\nq\] x\n$/);
});

test("the gateway's own lines name no plugin", () => {
  assert.deepEqual(JSON.parse(logLine(entry("x", null), "json")), {
    time: "1970-01-01T00:00:00.000Z",
    level: "info",
    message: "x",
  });
});
