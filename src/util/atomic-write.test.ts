import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { atomicWrite } from "./atomic-write.ts";

const scratch = mkdtempSync(join(tmpdir(), "glovebox-atomic-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

function folder(name: string): string {
  const path = join(scratch, name);
  mkdirSync(path);
  return path;
}

test("a new file holds the bytes, and nothing else is left in its folder", async () => {
  const at = folder("new");
  await atomicWrite(join(at, "out.wasm"), new Uint8Array([0, 97, 115, 109]));
  assert.deepEqual(readdirSync(at), ["out.wasm"]);
  assert.deepEqual([...readFileSync(join(at, "out.wasm"))], [0, 97, 115, 109]);
});

test("an existing file is replaced, not written into, and keeps its permissions", async () => {
  const at = folder("replace");
  const file = join(at, "out.wasm");
  writeFileSync(file, "old");
  chmodSync(file, 0o640);
  linkSync(file, join(at, "second-name"));
  await atomicWrite(file, "new");
  assert.equal(readFileSync(file, "utf8"), "new");
  assert.equal(readFileSync(join(at, "second-name"), "utf8"), "old");
  assert.equal(statSync(file).mode & 0o777, 0o640);
});

test("a link stays a link, and what it points to is replaced", async () => {
  const at = folder("link");
  writeFileSync(join(at, "real"), "old");
  symlinkSync("real", join(at, "link"));
  await atomicWrite(join(at, "link"), "new");
  assert.equal(readFileSync(join(at, "real"), "utf8"), "new");
  assert.deepEqual(readdirSync(at).sort(), ["link", "real"]);
});

test("with `create` an existing file is an error and stays as it is", async () => {
  const file = join(folder("create"), "out.yaml");
  await atomicWrite(file, "first", { create: true });
  await assert.rejects(atomicWrite(file, "second", { create: true }), { code: "EEXIST" });
  assert.equal(readFileSync(file, "utf8"), "first");
});

test("a folder, a device and a missing folder are errors that leave nothing behind", async () => {
  const at = folder("errors");
  await assert.rejects(atomicWrite(at, "x"), { code: "EISDIR" });
  await assert.rejects(atomicWrite(join(at, "no", "out"), "x"), { code: "ENOENT" });
  if (existsSync("/dev/null"))
    await assert.rejects(atomicWrite("/dev/null", "x"), { code: "ENOTSUP" });
  assert.deepEqual(readdirSync(at), []);
});

test("a process killed at any moment leaves the old file or the whole new one", async () => {
  const file = join(folder("kill"), "out.wasm");
  const size = 8 * 1024 * 1024;
  const script = `
    const { atomicWrite } = await import(${JSON.stringify(new URL("./atomic-write.js", import.meta.url).href)});
    for (let i = 0; ; i = (i + 1) % 250) {
      await atomicWrite(process.argv[1], new Uint8Array(${size}).fill(i));
      process.stdout.write("written ");
    }
  `;
  writeFileSync(file, new Uint8Array(size).fill(250));
  for (const wait of [1, 4, 9, 16]) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, file]);
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.stdout.once("data", () => setTimeout(() => child.kill("SIGKILL"), wait));
    await gone;
    const bytes = readFileSync(file);
    assert.equal(bytes.length, size);
    assert.notEqual(bytes[0], 250, "the process was killed after it had begun to write");
    assert.ok(bytes.every((byte) => byte === bytes[0]));
  }
});
