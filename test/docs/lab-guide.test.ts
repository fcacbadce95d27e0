// The lab's guide: its configuration is served as the page says.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ask, withLab } from "../gateway/lab.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const guide = readFileSync(`${root}docs/guide/lab.md`, "utf8");

test("the guide's configuration passes --check, and what the page quotes of its start is what is said", () => {
  const done = spawnSync(
    process.execPath,
    ["bin/glovebox", "run", "docs/guide/lab.yaml", "--check"],
    { cwd: root, encoding: "utf8" },
  );
  assert.equal(done.status, 0, done.stderr);
  assert.equal(done.stdout, "plugin base: fine\nplugin tenant-a: fine\nplugin tenant-b: fine\n");
  const quoted = guide.split("\n").filter((line) => line.startsWith("info["));
  assert.ok(quoted.length > 0);
  for (const line of quoted) assert.ok(done.stderr.includes(`${line}\n`), line);
});

/** Commands of the page's console blocks that begin so, each with what stands below it. */
function quotedAnswers(start: string): readonly (readonly [string, string])[] {
  const blocks = [...guide.matchAll(/```console\n(.*?)```/gs)].map(([, block]) => block!);
  return blocks
    .flatMap((block) => block.split(/^\$ /m).slice(1))
    .filter((text) => text.startsWith(start))
    .map((text): readonly [string, string] => {
      const end = text.indexOf("\n");
      return [text.slice(start.length, end), text.slice(end + 1)];
    });
}

test("what the page quotes of requests, statistics and the log is what the lab answers", () =>
  withLab(async (lab) => {
    const yaml = readFileSync(`${root}docs/guide/lab.yaml`, "utf8");
    lab.write(
      yaml
        .replace(/port_value: (?:9901|10000)/g, "port_value: 0")
        .replaceAll("filename: dist/", `filename: ${root}dist/`),
    );
    await lab.start(["--concurrency", "1"]);
    const requests = quotedAnswers("curl -si http://127.0.0.1:10000");
    assert.equal(requests.length, 2);
    for (const [command, expected] of requests) {
      const answer = await lab.ask(command.split(" ")[0]!);
      const [status, ...headers] = expected.trim().split("\n");
      assert.equal(Number(status!.split(" ")[1]), answer.status, command);
      for (const header of headers) {
        const [name = "", value] = header.split(": ");
        assert.equal(answer.headers[name], value, command);
      }
    }
    await lab.until(() => lab.err.includes("runs in a cell of its own"));
    const quotedLog = guide.split("\n").filter((line) => /^(?:error|warning) /.test(line));
    assert.equal(quotedLog.length, 2);
    for (const line of quotedLog) {
      const milliseconds = line.replace(/[\d.]+ ms$/, "");
      assert.ok(lab.err.includes(milliseconds), line);
    }
    const pages = quotedAnswers("curl -s 'http://127.0.0.1:9901");
    assert.equal(pages.length, 2);
    for (const [command, expected] of pages) {
      const path = command.replace(/'$/, "");
      await lab.until(async () => (await lab.adminText(path)) === expected);
    }
    const [[command, expected] = ["", ""]] = quotedAnswers("curl -sX POST 'http://127.0.0.1:9901");
    const posted = await ask(lab.admin, command.replace(/'$/, ""), { method: "POST" });
    assert.equal(posted.body, expected);
  }));
