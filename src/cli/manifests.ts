// The files that `lint` and `audit` are given: files, folders of them, standard input → what stands in them about
// plugins. Nine in ten are told by their bytes alone and never made a string.
import {
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fail } from "../errors/failure.ts";
import { sourceOf } from "../mesh/envoy/read/tree.ts";
import type { SchemaNote } from "../mesh/model.ts";
import { type FileRead, readFileText } from "../mesh/read/read-file.ts";
import { bytesMayMatter, notText } from "../mesh/read/split.ts";
import { reasonOf } from "./reason.ts";

/** The most bytes of one file. */
const MAX_FILE = 64 * 1024 * 1024;

const extensions = /\.(?:ya?ml|json)$/i;
const passedOver = new Set(["node_modules", ".git", ".terraform", "vendor"]);
const kustomizations = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/** Manifests under a folder, by name. Links to folders are not followed: they may go round. */
function* under(folder: string): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!passedOver.has(entry.name)) yield* under(path);
    } else if (extensions.test(entry.name) && (entry.isFile() || isFile(path))) yield path;
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Paths that a kustomization names as patches, so that they hold parts of resources. */
export function patchesOf(folder: string): ReadonlySet<string> {
  const name = kustomizations.find((one) => existsSync(join(folder, one)));
  if (name === undefined) return new Set();
  const text = readFileSync(join(folder, name), "utf8").slice(0, 1_000_000);
  const at = /^patches(?:StrategicMerge|Json6902)?:/m.exec(text)?.index;
  if (at === undefined) return new Set();
  const files = [
    ...text.slice(at).matchAll(/^\s*(?:-\s+)?(?:path:\s*)?["']?([\w./-]+\.ya?ml)["']?\s*$/gm),
  ];
  return new Set(files.map((match) => resolve(folder, match[1]!)));
}

const patches = new Map<string, ReadonlySet<string>>();

/** Whether a kustomization beside the file says that it is a patch of something else. */
export function isPatch(path: string): boolean {
  if (path === "-") return false;
  const folder = dirname(resolve(path));
  let known = patches.get(folder);
  if (known === undefined) {
    known = patchesOf(folder);
    patches.set(folder, known);
  }
  return known.has(resolve(path));
}

function unreadable(name: string, note: Omit<SchemaNote, "at">): FileRead {
  const file = { name, text: "", source: sourceOf("", name) };
  return { file, documents: [], problems: [{ ...note, at: 0 }], skipped: 0 };
}

/** undefined where nothing in the file is about plugins. */
export function readManifest(name: string, bytes: Buffer, partial = false): FileRead | undefined {
  if (bytes.length > MAX_FILE) return tooLarge(name);
  const what = notText(bytes);
  if (what !== undefined) {
    return unreadable(name, { code: "manifest-not-text", level: "warning", args: { what } });
  }
  if (!bytesMayMatter(bytes)) return undefined;
  return readFileText(name, bytes.toString("utf8"), { partial });
}

/** Most manifests fit, and nine in ten are let go again at once: their bytes are held until the next file is read. */
const scratch = Buffer.allocUnsafeSlow(256 * 1024);

/** All that a pipe or a device gives; undefined where that is too much. */
function readStream(descriptor: number): Buffer | undefined {
  const pieces: Buffer[] = [];
  let length = 0;
  while (length <= MAX_FILE) {
    const piece = Buffer.allocUnsafe(64 * 1024);
    const read = readSync(descriptor, piece, 0, piece.length, null);
    if (read === 0) return Buffer.concat(pieces);
    pieces.push(piece.subarray(0, read));
    length += read;
  }
  return undefined;
}

/** Standard input; undefined where there is too much of it. */
export const readStandardInput = (): Buffer | undefined => readStream(0);

/** A file's bytes; undefined where there are too many. What isn't a file says size 0 and is read to its end. */
function readWhole(path: string): Buffer | undefined {
  const descriptor = openSync(path, "r");
  try {
    const { size } = fstatSync(descriptor);
    if (size > MAX_FILE) return undefined;
    if (size === 0) return readStream(descriptor);
    const bytes = size <= scratch.length ? scratch : Buffer.allocUnsafe(size);
    let length = 0;
    while (length < size) {
      const read = readSync(descriptor, bytes, length, size - length, null);
      if (read === 0) break;
      length += read;
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

function readPath(path: string): FileRead | undefined {
  let bytes: Buffer;
  try {
    const whole = readWhole(path);
    if (whole === undefined) return tooLarge(path);
    bytes = whole;
  } catch (error) {
    const args = { reason: reasonOf(error) };
    return unreadable(path, { code: "manifest-unreadable", level: "error", args });
  }
  return readManifest(path, bytes, isPatch(path));
}

function tooLarge(path: string): FileRead {
  const reason = `at most ${MAX_FILE} bytes of a file are read`;
  return unreadable(path, { code: "document-too-large", level: "error", args: { reason } });
}

export interface Manifests {
  readonly reads: readonly FileRead[];
  /** Every file that was looked at, by name. */
  readonly files: readonly string[];
  /** Documents and files that are not about plugins. */
  readonly skipped: number;
}

/** A path that was named must be there. Throws `file-unreadable`. */
function namedPaths(path: string): Iterable<string> {
  try {
    return lstatSync(path).isDirectory() || statSync(path).isDirectory() ? under(path) : [path];
  } catch (error) {
    return fail("file-unreadable", { file: path, reason: reasonOf(error) }, undefined, error);
  }
}

export interface Manifest {
  readonly name: string;
  /** undefined where nothing in the file is about plugins. */
  readonly read: FileRead | undefined;
}

/** Reads what is named, file by file; `-` is standard input. Throws `file-unreadable`, `lint-no-files`. */
export function* eachManifest(
  names: readonly string[],
  standardInput: () => Buffer | undefined,
): Generator<Manifest> {
  const seen = new Set<string>();
  let count = 0;
  for (const name of names) {
    if (name === "-") {
      count++;
      const bytes = standardInput();
      yield { name, read: bytes === undefined ? tooLarge("-") : readManifest("-", bytes) };
      continue;
    }
    for (const path of namedPaths(name)) {
      const key = resolve(path);
      if (seen.has(key)) continue;
      seen.add(key);
      count++;
      yield { name: path, read: readPath(path) };
    }
  }
  if (count === 0) fail("lint-no-files", { files: names.join(", ") });
}

/** All of it at once. */
export function readManifests(
  names: readonly string[],
  standardInput: () => Buffer | undefined,
): Manifests {
  const reads: FileRead[] = [];
  const files: string[] = [];
  let skipped = 0;
  for (const { name, read } of eachManifest(names, standardInput)) {
    files.push(name);
    skipped += read?.skipped ?? 1;
    if (read !== undefined && read.documents.length + read.problems.length > 0) reads.push(read);
  }
  return { reads, files, skipped };
}
