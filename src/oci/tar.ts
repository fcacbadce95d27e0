// Archives of layers: one plain writer whose bytes never differ, and a strict reader. The reader gives out what every
// unpacker would agree on and refuses the rest: paths that lead out, links and devices, a name twice, broken checksums.
import { fail } from "../errors/failure.ts";
import { registryLimits } from "../spec/oci.ts";

const BLOCK = 512;
/** Offsets of a header's fields: POSIX ustar. */
const field = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
  prefix: [345, 155],
} as const;

export interface TarFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;

function checksumOf(header: Uint8Array): number {
  const [start, length] = field.checksum;
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) {
    sum += at >= start && at < start + length ? 0x20 : header[at]!;
  }
  return sum;
}

function headerOf({ path, bytes }: TarFile): Uint8Array {
  const header = new Uint8Array(BLOCK);
  const put = (which: keyof typeof field, text: string): void => {
    header.set(new TextEncoder().encode(text), field[which][0]);
  };
  const octal = (which: keyof typeof field, value: number): void => {
    put(which, value.toString(8).padStart(field[which][1] - 1, "0"));
  };
  put("name", path);
  octal("mode", 0o644);
  octal("uid", 0);
  octal("gid", 0);
  octal("size", bytes.length);
  octal("mtime", 0);
  put("type", "0");
  put("magic", "ustar\x0000");
  put("checksum", `${checksumOf(header).toString(8).padStart(6, "0")}\0 `);
  return header;
}

/** An archive of plain files with short names: no times, no owners, in the order given. */
export function writeTar(files: readonly TarFile[]): Uint8Array {
  const size = files.reduce((sum, { bytes }) => sum + BLOCK + padded(bytes.length), 2 * BLOCK);
  const archive = new Uint8Array(size);
  let at = 0;
  for (const file of files) {
    archive.set(headerOf(file), at);
    archive.set(file.bytes, at + BLOCK);
    at += BLOCK + padded(file.bytes.length);
  }
  return archive;
}

const endMark = new Uint8Array(BLOCK);

const kinds: Readonly<Record<string, string>> = {
  "1": "hard link",
  "2": "symbolic link",
  "3": "character device",
  "4": "block device",
  "6": "pipe",
};

/** Where an archive's reader is, and whose archive it is. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly what: string;
  at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.what = what;
  }

  bad(reason: string): never {
    return fail("tar-malformed", { what: this.what, reason });
  }

  take(length: number): Uint8Array {
    if (this.at + length > this.#bytes.length) this.bad("it ends within an entry");
    const taken = this.#bytes.subarray(this.at, this.at + length);
    this.at += length;
    return taken;
  }

  get rest(): number {
    return this.#bytes.length - this.at;
  }
}

function textOf(reader: Reader, bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
  } catch {
    return reader.bad("a name is not UTF-8");
  }
}

function numberOf(reader: Reader, header: Uint8Array, which: "size" | "checksum"): number {
  const [start, length] = field[which];
  // The base-256 form is for sizes beyond 8 GiB, which are beyond our limits anyway.
  if (header[start]! & 0x80) reader.bad(`its ${which} is too large`);
  const text = String.fromCharCode(...header.subarray(start, start + length));
  const digits = /^ *([0-7]+)[ \0]*$/.exec(text)?.[1];
  return digits === undefined ? reader.bad(`its ${which} is no octal number`) : parseInt(digits, 8);
}

const at = (header: Uint8Array, which: keyof typeof field): Uint8Array => {
  const [start, length] = field[which];
  return header.subarray(start, start + length);
};

function pathOf(reader: Reader, header: Uint8Array): string {
  const name = textOf(reader, at(header, "name"));
  const magic = String.fromCharCode(...at(header, "magic"));
  // Only ustar has a prefix; GNU's old form keeps times there.
  const prefix = magic.startsWith("ustar\0") ? textOf(reader, at(header, "prefix")) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** The records `LENGTH KEY=VALUE\n` of an extended header. Only names are of interest; a size there is refused. */
function extendedPath(reader: Reader, bytes: Uint8Array): string | undefined {
  let path: string | undefined;
  for (let start = 0; start < bytes.length; ) {
    const digits = /^\d{1,9}/.exec(String.fromCharCode(...bytes.subarray(start, start + 10)))?.[0];
    const length = Number(digits);
    const end = start + length;
    if (!digits || length <= digits.length + 1 || end > bytes.length || bytes[end - 1] !== 0x0a) {
      return reader.bad("an extended header is broken");
    }
    const record = textOf(reader, bytes.subarray(start + digits.length + 1, end - 1));
    const equals = record.indexOf("=");
    const key = record.slice(0, equals);
    if (key === "path") path = record.slice(equals + 1);
    // Whoever honours these reads another archive than whoever doesn't.
    if (key === "size" || key === "linkpath" || key.startsWith("GNU.sparse")) {
      reader.bad(`an extended header sets ${key}`);
    }
    start = end;
  }
  return path;
}

/** The path without `./`. Throws `tar-path` where it is absolute, has `..`, a backslash or nothing. */
function cleanPath(reader: Reader, path: string): string {
  const parts = path.replace(/\/+$/, "").split("/");
  const clean = parts.filter((part) => part !== "." && part !== "");
  const shown = JSON.stringify(path.slice(0, 120));
  if (path.startsWith("/") || parts.includes("..") || /[\\\0]|^[A-Za-z]:/.test(path)) {
    fail("tar-path", { what: reader.what, path: shown });
  }
  return clean.join("/");
}

/**
 * The plain files of an archive, in its order. Throws `tar-malformed`, `tar-path` and `tar-link`; a name twice is
 * malformed, whether file or folder.
 */
export function readTar(bytes: Uint8Array, what: string): readonly TarFile[] {
  const reader = new Reader(bytes, what);
  const files: TarFile[] = [];
  const seen = new Set<string>();
  let named: string | undefined;
  for (let entries = 0; ; entries++) {
    if (entries > registryLimits.tarEntries) {
      reader.bad(`it has more than ${registryLimits.tarEntries} entries`);
    }
    // Some writers leave the end mark out; everybody reads what is before it.
    const header = reader.rest === 0 && entries > 0 ? endMark : reader.take(BLOCK);
    if (header.every((byte) => byte === 0)) {
      if (named !== undefined) reader.bad("its last header names nothing");
      // A second archive behind the end is read by some and not by others.
      if (!reader.take(reader.rest).every((byte) => byte === 0)) {
        reader.bad("something follows its end");
      }
      return files;
    }
    if (numberOf(reader, header, "checksum") !== checksumOf(header)) {
      reader.bad("a header's checksum is wrong");
    }
    const size = numberOf(reader, header, "size");
    const type = String.fromCharCode(header[field.type[0]]!);
    const content = reader.take(size);
    reader.take(padded(size) - size);
    if (type === "x") {
      named = extendedPath(reader, content) ?? named;
      continue;
    }
    if (type === "L") {
      named = textOf(reader, content);
      continue;
    }
    if (type === "g") {
      if (extendedPath(reader, content) !== undefined) reader.bad("a global header sets path");
      continue;
    }
    const path = named ?? pathOf(reader, header);
    named = undefined;
    const clean = cleanPath(reader, path);
    const kind = kinds[type];
    if (kind !== undefined) fail("tar-link", { what, path: JSON.stringify(clean), kind });
    const folder = type === "5" || ((type === "0" || type === "\0") && path.endsWith("/"));
    if (folder) {
      if (size !== 0) reader.bad("a folder has content");
      continue;
    }
    if (type !== "0" && type !== "\0")
      reader.bad(`it has an entry of the type ${JSON.stringify(type)}`);
    if (clean === "") fail("tar-path", { what, path: JSON.stringify(path) });
    if (seen.has(clean)) reader.bad(`it has ${JSON.stringify(clean)} twice`);
    seen.add(clean);
    files.push({ path: clean, bytes: content });
  }
}
