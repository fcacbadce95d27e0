// A generator of large proxy-wasm modules: the same bytes for the same size and seed on every machine, valid,
// and mixed like what compilers emit. For measurements only: its functions are not meant to be run. It needs
// about three times the module's size of memory.
import {
  FUNC_FORM,
  FUNCREF,
  I32,
  KIND,
  PAGE,
  PREAMBLE,
  type SectionName,
  sections,
} from "../src/spec/binary.ts";
import { callback, callbackSignature } from "../src/spec/callbacks.ts";
import { hostFunctionNamed } from "../src/spec/host-functions.ts";
import { opcodes } from "../src/spec/opcodes.ts";
import { Writer } from "../src/util/bytes.ts";
import { BodyWriter, type Signature, type Surroundings } from "./large-body.ts";
import { type Letter, valueTypeOf } from "./large-ops.ts";
import { Random } from "./random.ts";

const importNames = [
  "proxy_log",
  "proxy_get_header_map_value",
  "proxy_add_header_map_value",
  "proxy_replace_header_map_value",
  "proxy_get_buffer_bytes",
  "proxy_get_property",
  "proxy_define_metric",
  "proxy_increment_metric",
  "fd_write",
  "clock_time_get",
];

const exportNames = [
  "proxy_abi_version_0_2_1",
  "_initialize",
  "malloc",
  "proxy_on_context_create",
  "proxy_on_vm_start",
  "proxy_on_configure",
  "proxy_on_request_headers",
  "proxy_on_request_body",
  "proxy_on_response_headers",
  "proxy_on_response_body",
  "proxy_on_done",
  "proxy_on_log",
  "proxy_on_delete",
];

/** Shares of the whole, from Go and Rust plugins; the rest is data. */
const CODE_SHARE = 0.74;
const TABLE_SHARE = 0.12;
/** Bodies end past their goal by the statement that was begun: by so many bytes on average, as measured. */
const OVERSHOOT = 180;
const MAX_TABLE = 8192;
const MAX_NAMED = 65_536;
const DATA_START = 65_536;
const GLOBALS = 8;
const EXTRA_TYPES = 24;

/** Sizes of bodies in bytes: most are small, a few are very large. */
const bodySizes = [
  { percent: 60, from: 16, to: 150 },
  { percent: 30, from: 150, to: 800 },
  { percent: 9, from: 800, to: 4_000 },
  { percent: 1, from: 4_000, to: 16_000 },
] as const;

const words =
  "request response header upstream cluster tenant panic: runtime error index out of range %s\n\0\0 ".split(
    " ",
  );

const codes = new Map<string, number>(opcodes.map((row) => [row.name, row.code]));

function letterOf(type: string): Letter {
  return type === "i64" ? "I" : "i";
}

function importSignature(name: string): Signature {
  const { params, result } = hostFunctionNamed(name)!;
  return { params: params.map((one) => letterOf(one.type)), result: result === null ? null : "i" };
}

function exportSignature(name: string): Signature {
  const { params, result } = callbackSignature(callback(name)!, "0.2.1");
  return { params: params.map(() => "i"), result: result === null ? null : "i" };
}

/** The types of a module: those that are asked for, each once. */
class Types {
  readonly list: Signature[] = [];
  readonly #index = new Map<string, number>();

  indexOf(signature: Signature): number {
    const key = `${signature.params.join("")}:${signature.result ?? ""}`;
    const known = this.#index.get(key);
    if (known !== undefined) return known;
    this.#index.set(key, this.list.length);
    return this.list.push(signature) - 1;
  }
}

function randomSignature(random: Random): Signature {
  const letters: readonly Letter[] = ["i", "i", "i", "i", "I", "F"];
  const params = Array.from({ length: random.below(6) }, () => random.pick(letters));
  return { params, result: random.chance(65) ? random.pick(letters) : null };
}

function bodySize(random: Random): number {
  let left = random.below(100);
  for (const row of bodySizes) {
    if (left < row.percent) return row.from + random.below(row.to - row.from);
    left -= row.percent;
  }
  return bodySizes[0].from;
}

function section(out: Writer, name: SectionName, contents: Writer): void {
  out.u8(sections.find((row) => row.name === name)!.id);
  out.sized(contents);
}

function i32Const(out: Writer, value: number): void {
  out.u8(codes.get("i32.const")!);
  out.signed(value);
  out.u8(codes.get("end")!);
}

/** Text and numbers as read-only data has them, with runs of zeros between. */
function dataBytes(random: Random, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const encoded = words.map((word) => new TextEncoder().encode(`${word} `));
  for (let at = 0; at < size; ) {
    if (random.chance(10)) {
      at += random.below(64);
    } else if (random.chance(40)) {
      for (let i = 0; i < 16 && at < size; i++) bytes[at++] = random.below(256);
    } else {
      for (const byte of random.pick(encoded)) if (at < size) bytes[at++] = byte;
    }
  }
  return bytes;
}

function writeTypes(out: Writer, types: readonly Signature[]): void {
  const body = new Writer();
  body.u32(types.length);
  for (const { params, result } of types) {
    body.u8(FUNC_FORM);
    body.u32(params.length);
    for (const param of params) body.u8(valueTypeOf[param]);
    body.u32(result === null ? 0 : 1);
    if (result !== null) body.u8(valueTypeOf[result]);
  }
  section(out, "type", body);
}

function writeImports(out: Writer, typeOf: Int32Array): void {
  const body = new Writer();
  body.u32(importNames.length);
  for (const [index, name] of importNames.entries()) {
    const { module } = hostFunctionNamed(name)!;
    body.name(module === "wasi" ? "wasi_snapshot_preview1" : module);
    body.name(name);
    body.u8(KIND.func);
    body.u32(typeOf[index]!);
  }
  section(out, "import", body);
}

/** Function, table, memory, global, export and element sections. */
function writeShape(out: Writer, around: Surroundings, slots: Int32Array, pages: number): void {
  const { imports, typeOf } = around;
  const functions = new Writer(typeOf.length * 2);
  functions.u32(typeOf.length - imports);
  for (let i = imports; i < typeOf.length; i++) functions.u32(typeOf[i]!);
  section(out, "function", functions);
  const table = new Writer();
  for (const value of [1, FUNCREF, 1, slots.length, slots.length]) table.u32(value);
  section(out, "table", table);
  const memory = new Writer();
  for (const value of [1, 0, pages]) memory.u32(value);
  section(out, "memory", memory);
  const globals = new Writer();
  globals.u32(GLOBALS);
  for (let i = 0; i < GLOBALS; i++) {
    globals.u8(I32);
    globals.u8(1);
    i32Const(globals, i === 0 ? 1024 : 0);
  }
  section(out, "global", globals);
  const exported = new Writer();
  exported.u32(exportNames.length + 1);
  exported.name("memory");
  exported.u8(KIND.memory);
  exported.u32(0);
  for (const [index, name] of exportNames.entries()) {
    exported.name(name);
    exported.u8(KIND.func);
    exported.u32(imports + index);
  }
  section(out, "export", exported);
  const elements = new Writer(slots.length * 3);
  elements.u32(1);
  elements.u32(0);
  i32Const(elements, 0);
  elements.u32(slots.length);
  for (const func of slots) elements.u32(func);
  section(out, "element", elements);
}

function writeData(out: Writer, random: Random, size: number): void {
  const segment = 64 * 1024;
  const count = Math.max(1, Math.ceil(size / segment));
  const body = new Writer(size + 16 * count);
  body.u32(count);
  for (let i = 0; i < count; i++) {
    body.u32(0);
    i32Const(body, DATA_START + i * segment);
    const bytes = dataBytes(random, Math.max(0, Math.min(segment, size - i * segment)));
    body.u32(bytes.length);
    body.raw(bytes);
  }
  section(out, "data", body);
}

function namesOf(random: Random, count: number): Writer {
  const names = new Writer(count * 32);
  names.u32(Math.min(count, MAX_NAMED));
  for (let i = 0; i < Math.min(count, MAX_NAMED); i++) {
    names.u32(i);
    names.name(
      importNames[i] ??
        `${random.pick(words.slice(0, 6))}.(*${random.pick(words.slice(0, 6))}).func${i}`,
    );
  }
  const body = new Writer(names.length + 16);
  body.name("name");
  body.u8(1);
  body.sized(names);
  return body;
}

/**
 * A module of `bytes` bytes, within one in a hundred from 1 MiB up. The imports and exports are those
 * of a proxy-wasm plugin of ABI 0.2.1; imports come from the table of host functions.
 */
export function largeModule(bytes: number, seed: number): Uint8Array {
  const random = new Random(seed);
  const types = new Types();
  const fixed = [...importNames.map(importSignature), ...exportNames.map(exportSignature)];
  const indices = fixed.map((signature) => types.indexOf(signature));
  for (let i = 0; i < EXTRA_TYPES; i++) types.indexOf(randomSignature(random));
  const sizes: number[] = [];
  for (let total = 0; total < bytes * CODE_SHARE || sizes.length < exportNames.length; ) {
    const size = bodySize(random);
    sizes.push(size);
    total += size + OVERSHOOT;
  }
  const typeOf = new Int32Array(importNames.length + sizes.length);
  typeOf.set(indices);
  for (let i = indices.length; i < typeOf.length; i++) typeOf[i] = random.below(types.list.length);
  const tableSize = Math.max(1, Math.min(MAX_TABLE, Math.floor(sizes.length * TABLE_SHARE)));
  const first = importNames.length;
  const slots = Int32Array.from({ length: tableSize }, () => first + random.below(sizes.length));
  const around: Surroundings = {
    signatures: types.list,
    typeOf,
    imports: first,
    tableSize,
    typeOfSlot: slots.map((func) => typeOf[func]!),
    memoryBytes: DATA_START,
    globals: GLOBALS,
  };

  const code = new Writer(Math.ceil(bytes * (CODE_SHARE + 0.04)) + 1024);
  code.u32(sizes.length);
  const writer = new BodyWriter(random, around);
  const body = new Writer(1 << 16);
  for (const [index, size] of sizes.entries()) {
    body.clear();
    writer.write(body, first + index, size);
    code.sized(body);
  }
  const names = namesOf(random, typeOf.length);
  const dataSize = Math.max(
    1024,
    bytes - code.length - names.length - typeOf.length - tableSize * 3 - 2048,
  );
  const pages = Math.ceil((DATA_START + dataSize) / PAGE) + 1;

  const out = new Writer(bytes + (bytes >> 6) + 4096);
  out.raw(PREAMBLE);
  writeTypes(out, types.list);
  writeImports(out, typeOf);
  writeShape(out, around, slots, pages);
  section(out, "code", code);
  writeData(out, random, dataSize);
  section(out, "custom", names);
  // A copy of its own: some tools read the whole buffer behind a view.
  return out.view().slice();
}
