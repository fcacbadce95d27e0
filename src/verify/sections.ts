// Walks the sections of a module in their order and hands each to its reader. The invariant: every byte of
// the module belongs to exactly one section, each appears at most once, none is empty, and its reader used
// all of it. What a section may hold is for its own file.
import type { Policy } from "../policy/policy.ts";
import { LAYER_COMPONENT, PREAMBLE, type SectionName, sections } from "../spec/binary.ts";
import { limits } from "../spec/limits.ts";
import { readExports } from "./exports.ts";
import { readGlobals } from "./globals.ts";
import { readImports } from "./imports.ts";
import { readMemory, readTables } from "./memory.ts";
import type { Module } from "./module.ts";
import type { Scanner } from "./scanner.ts";
import { readData, readDataCount, readElements } from "./segments.ts";
import { readFunctions, readTypes } from "./types.ts";

type Reader = (scanner: Scanner, module: Module, policy: Policy) => void;

const readers: Readonly<Record<Exclude<SectionName, "custom">, Reader>> = {
  type: readTypes,
  import: readImports,
  function: readFunctions,
  table: readTables,
  memory: readMemory,
  global: readGlobals,
  export: readExports,
  start: (scanner) => scanner.stop("verify-start", {}),
  element: readElements,
  datacount: readDataCount,
  code: readCode,
  data: readData,
};

/** Reads all sections; a finding that makes the rest unreadable stops here. */
export function readModule(scanner: Scanner, module: Module, policy: Policy): void {
  const { bytes } = scanner;
  scanner.section = "header";
  scanner.limit("bytes of the module", bytes.length, limits.moduleBytes, 0);
  if (!scanner.eat(PREAMBLE)) {
    const component = LAYER_COMPONENT.every((byte, i) => bytes[i + 4] === byte);
    scanner.malformed(component ? "this is a component, not a module" : "not a WebAssembly module");
  }
  let order = 0;
  while (scanner.pos < bytes.length) {
    const start = scanner.pos;
    scanner.section = "unknown";
    const id = scanner.u8();
    const row = sections.find((one) => one.id === id);
    if (row === undefined) {
      scanner.stop("verify-section", { what: `section number ${id} is unknown` }, start);
    }
    scanner.section = row.name;
    const size = scanner.u32();
    if (size > bytes.length - scanner.pos) scanner.malformed("the section is cut short", start);
    scanner.end = scanner.pos + size;
    if (row.name === "custom") readCustom(scanner, module);
    else {
      if (module.customs.length > 0) {
        scanner.stop("verify-section", { what: "it stands after a custom section" }, start);
      }
      if (row.order <= order) {
        scanner.stop("verify-section", { what: "it is out of order or given twice" }, start);
      }
      order = row.order;
      readers[row.name](scanner, module, policy);
      if (scanner.pos !== scanner.end) scanner.malformed("bytes are left over in the section");
    }
    scanner.end = bytes.length;
  }
  complete(scanner, module);
}

/** What must be there although no section says so. */
function complete(scanner: Scanner, module: Module): void {
  scanner.section = "module";
  const bodies = module.bodyStart.length;
  const declared = module.functions - module.imports.length;
  if (bodies !== declared) {
    scanner.malformed(`${declared} functions are declared but ${bodies} have a body`);
  }
  if (module.dataCount >= 0 && module.dataCount !== module.dataSegments) {
    const { dataCount, dataSegments } = module;
    scanner.malformed(`${dataCount} data segments are announced but ${dataSegments} are there`);
  }
  if (module.memoryMaximum < 0) scanner.stop("verify-memory", { what: "there is no memory" });
  if (module.guestGlobals < 0) {
    scanner.stop("verify-global", { what: "the injected globals are missing" });
  }
  if (!module.exporting) scanner.stop("verify-export", { what: "the memory is not exported" });
}

function readCode(scanner: Scanner, module: Module): void {
  const count = scanner.vector("function bodies", limits.functions);
  const end = scanner.end;
  module.bodyStart = new Int32Array(count);
  module.bodyEnd = new Int32Array(count);
  const first = module.imports.length;
  for (let i = 0; i < count; i++) {
    scanner.func = first + i;
    const start = scanner.pos;
    const size = scanner.u32();
    scanner.limit("bytes of a function body", size, limits.bodyBytes, start);
    module.bodyStart[i] = scanner.pos;
    scanner.skip(size);
    module.bodyEnd[i] = scanner.pos;
  }
  scanner.func = -1;
  scanner.end = end;
}

function readCustom(scanner: Scanner, module: Module): void {
  scanner.limit("custom sections", module.customs.length + 1, limits.customSections);
  const name = scanner.name(limits.nameBytes);
  module.customs.push({ name, start: scanner.pos, end: scanner.end });
  scanner.pos = scanner.end;
}
