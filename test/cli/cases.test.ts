// Command lines as files: each of test/cli/cases/*.txt says in words what it shows, then holds commands with
// what they print and their exit code. BLESS=1 rewrites them; read the diff before you commit it.
//
//   $ glovebox ARGS        runs in a folder of its own, shared by the commands of one file
//   file NAME:             (before the first command) a text file to put there, up to the next blank line
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { main } from "../../src/cli/main.ts";

// Tests run from dist/test/cli; the cases stay in the source tree.
const folder = fileURLToPath(new URL("../../../test/cli/cases/", import.meta.url));

interface Case {
  /** Everything before the first command, kept as it is. */
  readonly head: string;
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly lines: readonly string[];
}

function parseCase(text: string): Case {
  const start = text.search(/^\$ glovebox/m);
  assert.notEqual(start, -1, "a case holds at least one command");
  const head = text.slice(0, start);
  const files = [...head.matchAll(/^file (\S+):\n((?:.+\n)*)/gm)].map((match) => ({
    name: match[1]!,
    text: match[2]!,
  }));
  const lines = [...text.slice(start).matchAll(/^\$ glovebox ?(.*)$/gm)].map((match) => match[1]!);
  return { head, files, lines };
}

function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2]!);
}

async function render(parsed: Case): Promise<string> {
  let text = parsed.head;
  for (const line of parsed.lines) {
    let out = "";
    let err = "";
    const exit = await main(words(line), {
      out: (piece) => void (out += piece),
      err: (piece) => void (err += piece),
      outTerminal: false,
      errTerminal: false,
      env: {},
      now: () => 0,
    });
    text += line === "" ? "$ glovebox\n" : `$ glovebox ${line}\n`;
    if (out !== "") text += `stdout:\n${out.endsWith("\n") ? out : `${out}(no line feed)\n`}`;
    if (err !== "") text += `stderr:\n${err}`;
    text += `exit: ${exit}\n\n`;
  }
  return text;
}

for (const name of readdirSync(folder).sort()) {
  test(`test/cli/cases/${name}`, async () => {
    const file = join(folder, name);
    const expected = readFileSync(file, "utf8");
    const parsed = parseCase(expected);
    const before = process.cwd();
    const scratch = mkdtempSync(join(tmpdir(), "glovebox-cli-"));
    process.chdir(scratch);
    try {
      for (const { name: path, text } of parsed.files) writeFileSync(path, text);
      const actual = await render(parsed);
      if (process.env.BLESS === "1") writeFileSync(file, actual);
      else assert.equal(actual, expected);
    } finally {
      process.chdir(before);
      rmSync(scratch, { recursive: true, force: true });
    }
  });
}
