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

test("JSON keeps its shape; a command by itself is what Envoy makes of it, also where it is missing", () => {
  const commands = {
    DURATION: plain<string | undefined>(() => "37"),
    RESPONSE_FLAGS: plain<string | undefined>(() => undefined),
    REQ: () => (text: string | undefined) => text,
  };
  const format = {
    number: "%DURATION%",
    text: "%DURATION%ms",
    flags: "%RESPONSE_FLAGS%",
    header: "%REQ(a)%",
    both: "%REQ(a)%|%REQ(a)%",
    nested: { a: ["%DURATION%", { b: "%REQ(a)%" }, 5, true, null], percent: "%%", empty: "" },
  };
  const read = compileFormat(commands, format);
  const rest = { number: 37, text: "37ms", flags: "-" };
  const tail = { percent: "%", empty: "" };
  assert.deepEqual(JSON.parse(read("-")), {
    ...rest,
    ...{ header: "-", both: "-|-" },
    nested: { a: [37, { b: "-" }, 5, true, null], ...tail },
  });
  assert.deepEqual(JSON.parse(read(undefined)), {
    ...rest,
    ...{ header: null, both: "-|-" },
    nested: { a: [37, { b: null }, 5, true, null], ...tail },
  });
  const bytes = Buffer.from(read("caf\u00c3\u00a9"), "latin1").toString("utf8");
  assert.equal(JSON.parse(bytes).header, "caf\u00e9");
});

test("no header takes a character that is more than a byte", () => {
  const map = new HeaderMap();
  assert.equal(map.add("x-details", "a\u010d\u010aset-cookie: b"), false);
  assert.equal(map.add("x-details", "caf\u00e9"), true);
});
