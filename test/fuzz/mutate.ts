// Mutations of bytes: some anywhere, some inside function bodies, so that a good share passes the section
// headers and reaches the walks.
import { decode } from "../../src/wasm/decode.ts";
import { emit } from "../../src/wasm/emit.ts";
import type { Random } from "./random.ts";

const INTERESTING = [
  0x00, 0x01, 0x0b, 0x40, 0x7f, 0x80, 0xff, 0xfc, 0xfd, 0xfe, 0x12, 0x06, 0x10, 0x11, 0x0e,
] as const;

function flip(bytes: Uint8Array, at: number, r: Random): void {
  bytes[at] = r.int(2) === 0 ? r.pick(INTERESTING) : r.int(256);
}

function splice(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length - remove + insert.length);
  out.set(bytes.subarray(0, at));
  out.set(insert, at);
  out.set(bytes.subarray(at + remove), at + insert.length);
  return out;
}

/** Changes one to four bytes anywhere. */
function anywhere(bytes: Uint8Array, r: Random): Uint8Array {
  const out = bytes.slice();
  for (let n = 1 + r.int(4); n > 0; n--) flip(out, r.int(out.length), r);
  return out;
}

function truncated(bytes: Uint8Array, r: Random): Uint8Array {
  return bytes.slice(0, r.int(bytes.length));
}

function spliced(bytes: Uint8Array, r: Random): Uint8Array {
  const at = r.int(bytes.length);
  const insert = Uint8Array.from({ length: r.int(9) }, () => r.pick(INTERESTING));
  return splice(bytes, at, r.int(Math.min(8, bytes.length - at)), insert);
}

/** Changes bytes of one function body and re-encodes, so that every length fits. */
function inBody(bytes: Uint8Array, r: Random): Uint8Array {
  const module = decode(bytes.slice());
  const { code, start, end } = module.bodies;
  if (start.length === 0) return anywhere(bytes, r);
  const i = r.int(start.length);
  const size = end[i]! - start[i]!;
  for (let n = 1 + r.int(3); n > 0; n--) flip(code, start[i]! + r.int(size), r);
  return emit(module);
}

/** Replaces a body by another body's bytes, cut or repeated. */
function swapBody(bytes: Uint8Array, r: Random): Uint8Array {
  const module = decode(bytes.slice());
  const { code, start, end } = module.bodies;
  if (start.length === 0) return anywhere(bytes, r);
  const to = r.int(start.length);
  const from = r.int(start.length);
  start[to] = start[from]!;
  end[to] = Math.max(start[to]! + 1, end[from]! - r.int(3));
  return emit({ ...module, bodies: { code, start, end } });
}

const mutations = [anywhere, truncated, spliced, inBody, inBody, swapBody] as const;

/** One mutant of a module that decodes. */
export function mutate(bytes: Uint8Array, r: Random): Uint8Array {
  return r.pick(mutations)(bytes, r);
}
