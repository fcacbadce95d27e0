// The edge of the process under test: what a crash prints, what a pipe or a terminal gets, what is loaded.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { main } from "../../src/cli/main.ts";
import { createProgress } from "../../src/cli/progress.ts";
import { stylesFor } from "../../src/cli/style.ts";

const bin = fileURLToPath(new URL("../../../bin/glovebox", import.meta.url));

function glovebox(args: readonly string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [bin, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
}

test("the command ends with the exit code of its outcome and prints the result to standard output", () => {
  const { status, stdout, stderr } = glovebox(["--version"]);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  assert.equal(stderr, "");
  assert.equal(status, 0);
});

test("an unexpected exception is one line and exit code 70; the stack only with GLOVEBOX_DEBUG=1", async () => {
  for (const debug of ["0", "1"]) {
    let err = "";
    let broken = false;
    const exit = await main(["explain", "cli-usage"], {
      out: () => {
        if (!broken) {
          broken = true;
          throw new TypeError("first line\nsecond line");
        }
      },
      err: (text) => void (err += text),
      outTerminal: false,
      errTerminal: false,
      env: { GLOVEBOX_DEBUG: debug },
      now: () => 0,
    });
    assert.equal(exit, 70);
    assert.match(
      err,
      /^error\[internal-bug\]: unexpected TypeError: first line\. This is a bug.*\n/,
    );
    assert.equal(err.includes("\n    at "), debug === "1");
    if (debug === "0") assert.equal(err.split("\n").length, 2);
  }
});

test("a reader that closes the pipe early is no error", () => {
  const done = spawnSync(
    "sh",
    ["-c", `"${process.execPath}" "${bin}" completion fish | head -n 1; echo "$?"`],
    { encoding: "utf8" },
  );
  assert.equal(done.stderr, "");
  assert.match(done.stdout, /^# fish completion for glovebox\n0\n$/);
});

test("a reader that closes the pipe early does not turn findings into success", async () => {
  // /dev/null is no module, so that verify finds something; nobody reads what it prints.
  const child = spawn(process.execPath, [bin, "verify", "/dev/null", "--role", "auth"]);
  child.stdout.destroy();
  assert.deepEqual(await once(child, "exit"), [1, null]);
});

test("a result that can't be printed is one line and exit code 5", {
  skip: existsSync("/dev/full") ? false : "there is no /dev/full here",
}, () => {
  const full = openSync("/dev/full", "w");
  try {
    const done = spawnSync(process.execPath, [bin, "explain", "cli-usage"], {
      encoding: "utf8",
      stdio: ["ignore", full, "pipe"],
    });
    assert.match(done.stderr, /^error\[file-unwritable\]: cannot write standard output: .*\n$/);
    assert.equal(done.status, 5);
  } finally {
    closeSync(full);
  }
});

test("a signal ends the command, so that a shell reports 130 for SIGINT and 143 for SIGTERM", async () => {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-signal-"));
  const pipe = join(folder, "pipe");
  spawnSync("mkfifo", [pipe]);
  try {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      // Reading a pipe that nobody writes to waits for ever.
      const child = spawn(process.execPath, [bin, "verify", pipe, "--role", "auth"]);
      setTimeout(() => child.kill(signal), 500);
      assert.deepEqual(await once(child, "exit"), [null, signal]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("bash completes commands, then a command's own flags", () => {
  const complete = (line: string) => {
    const script = `
      eval "$("${process.execPath}" "${bin}" completion bash)"
      COMP_WORDS=(${line}) COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      _glovebox; echo "\${COMPREPLY[*]}"`;
    return spawnSync("bash", ["-c", script], { encoding: "utf8", cwd: "/" }).stdout.trim();
  };
  assert.match(complete("glovebox ver"), /^verify$/);
  assert.equal(complete("glovebox policy ex"), "explain");
  assert.equal(complete("glovebox harden plugin.wasm --po"), "--policy");
  assert.equal(complete("glovebox verify --ou"), "");
});

test("--help loads the parser and the table, and no engine", () => {
  const probe = `
    const { main } = await import(${JSON.stringify(new URL("../../src/cli/main.js", import.meta.url).href)});
    await main(["--help"], { out() {}, err() {}, outTerminal: false, errTerminal: false, env: {}, now: () => 0 });
  `;
  const done = spawnSync(process.execPath, ["--input-type=module", "-e", probe], {
    encoding: "utf8",
    env: { ...process.env, NODE_DEBUG: "esm" },
  });
  assert.equal(done.status, 0, done.stderr);
  const loaded = [...done.stderr.matchAll(/file:\/\/\S*dist\/src\/(\w+)\/([\w-]+)\.js/g)].map(
    (match) => `${match[1]}/${match[2]}`,
  );
  assert.ok(loaded.includes("cli/parse"), "the probe sees what is loaded");
  const engines = loaded.filter((path) => !/^(cli|util|errors|spec)\//.test(path));
  assert.deepEqual(engines, []);
});

test("progress is silent in a pipe, silent for what takes less than two seconds, and leaves nothing behind", () => {
  let time = 0;
  let written = "";
  const write = (text: string) => void (written += text);
  const piped = createProgress(false, () => time, write);
  const shown = createProgress(true, () => time, write);
  shown.step("reading");
  time = 1999;
  shown.step("rewriting");
  shown.clear();
  assert.equal(written, "");
  shown.step("rewriting 20 MB", 4000);
  assert.equal(written, "\r\x1b[Krewriting 20 MB …");
  shown.clear();
  written = "";
  time = 2000;
  piped.step("verifying");
  assert.equal(written, "");
  shown.step("verifying");
  assert.equal(written, "\r\x1b[Kverifying …");
  shown.clear();
  shown.clear();
  assert.equal(written, "\r\x1b[Kverifying …\r\x1b[K");
});

test("colours need a terminal, and NO_COLOR and a dumb terminal turn them off", () => {
  assert.notEqual(stylesFor(true, {}).bad("x"), "x");
  assert.notEqual(stylesFor(true, { NO_COLOR: "" }).bad("x"), "x");
  assert.equal(stylesFor(true, { NO_COLOR: "1" }).bad("x"), "x");
  assert.equal(stylesFor(true, { TERM: "dumb" }).bad("x"), "x");
  assert.equal(stylesFor(false, {}).bad("x"), "x");
});
