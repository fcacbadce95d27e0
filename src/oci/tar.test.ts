// Archives: what is written is read again, and what two unpackers could see differently is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../errors/failure.ts";
import { readTar, writeTar } from "./tar.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const file = (path: string, content = "x") => ({ path, bytes: text(content) });

/** An archive whose first header is changed, with a checksum that fits again. */
function changed(archive: Uint8Array, change: (header: Uint8Array) => void): Uint8Array {
  const copy = archive.slice();
  const header = copy.subarray(0, 512);
  change(header);
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(text(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return copy;
}

const typed = (type: string, path = "plugin.wasm", content = ""): Uint8Array =>
  changed(writeTar([file(path, content)]), (header) => header.set(text(type), 156));

/** Entries without the end mark, so that more can follow. */
const open = (archive: Uint8Array): Uint8Array => archive.subarray(0, archive.length - 1024);
const joined = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);

function codeOf(archive: Uint8Array): string {
  try {
    readTar(archive, "a test");
    return "none";
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.code;
  }
}

const paths = (archive: Uint8Array): readonly string[] =>
  readTar(archive, "a").map((one) => one.path);

test("files come back as they were written, and the same files give the same bytes", () => {
  const files = [file("plugin.wasm", "a".repeat(1000)), file("runtime-config.json", "{}")];
  const archive = writeTar(files);
  assert.equal(archive.length % 512, 0);
  assert.deepEqual(
    readTar(archive, "a").map(({ path, bytes }) => ({
      path,
      bytes: Buffer.from(bytes).toString(),
    })),
    files.map(({ path, bytes }) => ({ path, bytes: Buffer.from(bytes).toString() })),
  );
  assert.deepEqual(writeTar(files), archive);
});

test("folders, a leading ./, long names in either form and a missing end mark are fine", () => {
  assert.deepEqual(paths(writeTar([file("./a/plugin.wasm")])), ["a/plugin.wasm"]);
  assert.deepEqual(paths(joined(open(typed("5", "a/")), writeTar([file("a/b")]))), ["a/b"]);
  assert.deepEqual(paths(open(writeTar([file("a")]))), ["a"]);
  const long = `${"d/".repeat(90)}plugin.wasm`;
  const gnu = joined(open(typed("L", "././@LongLink", `${long}\0`)), writeTar([file("cut")]));
  assert.deepEqual(paths(gnu), [long]);
  const record = (value: string): string => {
    const length = value.length + 4;
    return `${length + 1 > 99 ? length + 1 : length} ${value}\n`;
  };
  const path = `path=${long}`;
  const pax = joined(open(typed("x", "PaxHeaders/a", record(path))), writeTar([file("cut")]));
  assert.deepEqual(paths(pax), [long]);
});

test("paths that lead out of the archive are refused", () => {
  for (const path of ["../plugin.wasm", "a/../../b", "/plugin.wasm", "a\\b", "C:a", "..", "."]) {
    assert.equal(codeOf(writeTar([file(path)])), "tar-path", path);
  }
  const gnu = joined(open(typed("L", "x", "../../etc/passwd\0")), writeTar([file("cut")]));
  assert.equal(codeOf(gnu), "tar-path");
});

test("links and devices are refused, whatever they are called", () => {
  for (const type of ["1", "2", "3", "4", "6"]) assert.equal(codeOf(typed(type)), "tar-link", type);
});

test("what is ambiguous or broken is malformed", () => {
  const good = writeTar([file("plugin.wasm")]);
  const bad: Readonly<Record<string, Uint8Array>> = {
    twice: writeTar([file("plugin.wasm"), file("./plugin.wasm")]),
    "cut within a file": good.subarray(0, 700),
    "cut within a header": good.subarray(0, 100),
    empty: new Uint8Array(0),
    "a second archive behind the end": joined(good, good),
    "a wrong checksum": Uint8Array.from(good, (byte, i) => (i === 3 ? byte ^ 1 : byte)),
    "a size that is no number": changed(good, (header) => header.set(text("9x"), 124)),
    "a size in the form for giants": changed(good, (header) => header.fill(0xff, 124, 136)),
    "a size beyond the end": changed(good, (header) => header.set(text("77777777777\0"), 124)),
    "a type that nobody knows": typed("Z"),
    "a sparse file": typed("S"),
    "an extended header with a size": joined(open(typed("x", "p", "12 size=123\n")), good),
    "an extended header that is cut": joined(open(typed("x", "p", "99 path=a\n")), good),
    "a name that is not UTF-8": changed(good, (header) => header.set([0xff, 0xfe], 0)),
    "a header of a name for nothing": typed("L", "x", "name\0"),
    "a folder with content": typed("5", "a/", "content"),
    "too many entries": writeTar(Array.from({ length: 1_010 }, (_, i) => file(`f${i}`))),
  };
  for (const [name, archive] of Object.entries(bad)) {
    assert.equal(codeOf(archive), "tar-malformed", name);
  }
});

test("no byte flip in a header makes the reader throw anything but a Failure", () => {
  const good = writeTar([file("plugin.wasm", "abc"), file("b")]);
  for (let i = 0; i < good.length; i++) {
    for (const bit of [1, 0x80]) {
      const flipped = good.slice();
      flipped[i]! ^= bit;
      codeOf(flipped);
    }
  }
});
