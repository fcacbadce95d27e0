// What strangers say stays within its line, and within its header.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeaderMap } from "../../host/header-map.ts";
import { compileFormat, plain } from "./format.ts";

const line = (value: string, format: string): string =>
  compileFormat<string>({ RESPONSE_CODE_DETAILS: plain((text) => text) }, format)(value);

test("a value with line ends or other controls is one line, and one beyond bytes is UTF-8", () => {
  const format = "%RESPONSE_CODE_DETAILS% END\n";
  assert.equal(line("a\nb\r\0\x1b\x7f", format), "a_b____ END\n");
  // Cut to a byte each, these would be a carriage return and a line feed.
  assert.equal(line("\u010d\u010a", format), "\u00c4\u008d\u00c4\u008a END\n");
  assert.equal(line("caf\u00e9", format), "caf\u00e9 END\n");
});

test("no header takes a character that is more than a byte", () => {
  const map = new HeaderMap();
  assert.equal(map.add("x-details", "a\u010d\u010aset-cookie: b"), false);
  assert.equal(map.add("x-details", "caf\u00e9"), true);
});
