// The name section: function names in, function names out. Other subsections are not kept. A broken name
// section is not an error: names are for people.
import { Writer } from "../util/bytes.ts";
import { funcImports, type Module } from "./module.ts";

const decoder = new TextDecoder();
const MODULE_NAME = 0;
const FUNCTION_NAMES = 1;

export interface Names {
  readonly module: string | null;
  /** Names by function index. */
  readonly functions: ReadonlyMap<number, string>;
}

/** A reader that answers null past the end instead of throwing. */
class Cursor {
  readonly bytes: Uint8Array;
  pos = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  u32(): number | null {
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.pos++];
      if (byte === undefined) return null;
      result += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return result;
    }
    return null;
  }

  take(size: number | null): Uint8Array | null {
    if (size === null || size > this.bytes.length - this.pos) return null;
    this.pos += size;
    return this.bytes.subarray(this.pos - size, this.pos);
  }
}

/** Names beyond `space` functions are nobody's, and there may be millions of them. */
function readFunctionNames(bytes: Uint8Array, functions: Map<number, string>, space: number): void {
  const cursor = new Cursor(bytes);
  const count = cursor.u32() ?? 0;
  for (let i = 0; i < count; i++) {
    const index = cursor.u32();
    const name = cursor.take(cursor.u32());
    if (index === null || name === null) return;
    if (index < space) functions.set(index, decoder.decode(name));
  }
}

/** Reads the module's name section as far as it is readable. */
export function readNames(module: Module): Names {
  const functions = new Map<number, string>();
  const space = funcImports(module).length + module.funcs.length;
  let own: string | null = null;
  const section = module.customs.find((custom) => custom.name === "name");
  const cursor = new Cursor(section?.bytes ?? new Uint8Array(0));
  for (;;) {
    const id = cursor.u32();
    const content = cursor.take(id === null ? null : cursor.u32());
    if (id === null || content === null) break;
    if (id === FUNCTION_NAMES) readFunctionNames(content, functions, space);
    if (id === MODULE_NAME) {
      const inner = new Cursor(content);
      const name = inner.take(inner.u32());
      if (name !== null) own = decoder.decode(name);
    }
  }
  return { module: own, functions };
}

/** Printable ASCII of at most `limit` characters; everything else becomes `?`. */
export function plainName(name: string, limit: number): string {
  return name.replace(/[^\x20-\x7e]/g, "?").slice(0, limit);
}

/** The content of a name section. Names must be printable ASCII already; indices in any order. */
export function writeNames(names: Names): Uint8Array {
  const out = new Writer(1024);
  if (names.module !== null && names.module !== "") {
    const inner = new Writer(names.module.length + 8);
    inner.name(names.module);
    out.u8(MODULE_NAME);
    out.sized(inner);
  }
  const entries = [...names.functions]
    .filter(([, name]) => name !== "")
    .sort((a, b) => a[0] - b[0]);
  if (entries.length > 0) {
    const inner = new Writer(entries.length * 24);
    inner.u32(entries.length);
    for (const [index, name] of entries) {
      inner.u32(index);
      inner.name(name);
    }
    out.u8(FUNCTION_NAMES);
    out.sized(inner);
  }
  return out.view();
}
