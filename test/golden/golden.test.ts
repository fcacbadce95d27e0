// Golden pairs: a plugin in text and its hardened form, printed. `BLESS=1` rewrites the expected files. The
// first lines of a case are comments: what it shows, and `;; policy: PATH=VALUE …` to change the policy, `[A,B]`
// being a list.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { harden } from "../../src/harden/harden.ts";
import { policyFromRole } from "../../src/policy/resolve.ts";
import { engineRefusal } from "../../src/util/engine.ts";
import { verify } from "../../src/verify/verify.ts";
import { decode } from "../../src/wasm/decode.ts";
import { print } from "../../src/wasm/print.ts";
import { wat } from "../wat.ts";

const folder = new URL("../../../test/golden/cases/", import.meta.url);
const bless = process.env.BLESS === "1";

/** A number, a list in brackets, or a word. */
function settingOf(text: string): number | string | readonly string[] {
  if (text.startsWith("[")) return text.slice(1, -1).split(",");
  return /^\d+$/.test(text) ? Number(text) : text;
}

function policyOf(text: string) {
  const line = /^;; policy: (.*)$/m.exec(text)?.[1] ?? "";
  const overrides = Object.fromEntries(
    line
      .split(" ")
      .filter((pair) => pair !== "")
      .map((pair) => {
        const [path, value] = pair.split("=") as [string, string];
        return [`spec.${path}`, settingOf(value)];
      }),
  );
  // Telemetry would be most of what is printed; its bytes are in test/harden and test/verify.
  return policyFromRole("logging", { "spec.telemetry": false, ...overrides });
}

const cases = readdirSync(folder).filter((file) => file.endsWith(".wat"));

test("there are golden cases", () => {
  assert.ok(cases.length >= 12, `found ${cases.length}`);
});

for (const file of cases) {
  test(`harden writes what ${file.replace(".wat", ".txt")} says`, () => {
    const text = readFileSync(new URL(file, folder), "utf8");
    const policy = policyOf(text);
    const { bytes } = harden(wat(text), policy);
    assert.equal(engineRefusal(bytes), null);
    assert.deepEqual(verify(bytes, policy), []);
    // The stamp holds digests: it has a test of its own.
    const module = decode(bytes);
    const printed = print({
      ...module,
      customs: module.customs.filter((one) => one.name !== "glovebox"),
    });
    const expected = new URL(file.replace(".wat", ".txt"), folder);
    if (bless || !existsSync(expected)) {
      assert.ok(bless, `${expected.pathname} is missing: run with BLESS=1 and read what it writes`);
      writeFileSync(expected, printed);
    }
    assert.equal(printed, readFileSync(expected, "utf8"));
  });
}
