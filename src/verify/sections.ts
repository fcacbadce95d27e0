// Walks the sections of a module in their order and hands each to its reader; the plain ones are
// here. The invariant: every byte belongs to exactly one section, each appears once at most, none
// is empty, its reader used all of it. Of custom sections only the names are read.
import type { Policy } from "../policy/policy.ts";
import { FUNC_FORM, PREAMBLE, type SectionName, sections, V128 } from "../spec/binary.ts";
import { keptCustomSections } from "../spec/layout.ts";
import { limits } from "../spec/limits.ts";
import { readExports, readImports } from "./boundary.ts";
import type { Module } from "./module.ts";
import type { Scanner } from "./scanner.ts";
import { readData, readElements, readGlobals, readMemory, readTables } from "./state.ts";

/** The name section, of which hosts print the module's and the functions' names (A34). */
const NAME = "name";
/** Subsections: the module's name, the functions' names. */
const SUBSECTION = { module: 0, functions: 1 } as const;
const PRINTABLE = /^[\x20-\x7e]+$/;

type Reader = (s: Scanner, module: Module, policy: Policy) => void;

const readers: Readonly<Record<SectionName, Reader>> = {
  type: readTypes,
  import: readImports,
  function: readFunctions,
  table: readTables,
  memory: readMemory,
  global: readGlobals,
  export: readExports,
  start: (s) => s.stop("verify-start", {}),
  element: readElements,
  // The engine holds it against the data section.
  datacount: (s) => s.u32(),
  code: readCode,
  data: readData,
  custom: readCustom,
};

/** Reads all sections; a finding that makes the rest unreadable stops here. */
export function readModule(s: Scanner, module: Module, policy: Policy): void {
  const { bytes } = s;
  s.section = "header";
  s.limit("bytes of the module", bytes.length, limits.moduleBytes);
  if (!s.eat(PREAMBLE)) s.malformed("this does not begin as a WebAssembly module does");
  let order = 0;
  while (s.pos < bytes.length) {
    const start = s.pos;
    s.section = "unknown";
    const id = s.u8();
    const row = sections.find((one) => one.id === id);
    if (row === undefined) s.stop("verify-section", { what: `there is no number ${id}` });
    s.section = row.name;
    const size = s.u32();
    if (size > bytes.length - s.pos) s.malformed("the section is cut short", start);
    const late = row.name !== "custom" && row.order <= order;
    if (late) s.stop("verify-section", { what: "it is out of order or given twice" }, start);
    order = row.name === "custom" ? Number.POSITIVE_INFINITY : row.order;
    s.end = s.sectionEnd = s.pos + size;
    readers[row.name](s, module, policy);
    if (s.pos !== s.end) s.malformed("bytes are left over in the section");
    s.end = bytes.length;
  }
  s.section = "module";
  if (module.bodyStart.length !== module.functions - module.imports.length) {
    s.malformed("the function and the code section differ in length");
  }
  if (module.memoryMaximum < 0) s.stop("verify-memory", { what: "there is none" });
  if (module.guestGlobals < 0) s.stop("verify-global", { what: "the injected ones are missing" });
  if (!module.exporting) s.stop("verify-export", { what: "the memory is missing" });
}

function readTypes(s: Scanner, module: Module): void {
  const count = s.vector("types", limits.types);
  module.typeClass = new Int32Array(count);
  module.typeIsWide = new Uint8Array(count);
  const classes = new Map<string, number>();
  const list = (what: string, limit: number): number[] =>
    Array.from({ length: s.count(what, limit) }, () => s.valueType());
  for (let i = 0; i < count; i++) {
    if (s.u8() !== FUNC_FORM) s.stop("verify-type", { found: "no function type" }, s.pos - 1);
    const params = list("parameters", limits.params);
    const results = list("results", limits.results);
    module.types.push({ params, results });
    const key = String.fromCharCode(...params, 0, ...results);
    if (!classes.has(key)) classes.set(key, i);
    module.typeClass[i] = classes.get(key)!;
    module.typeIsWide[i] = params.includes(V128) || results.includes(V128) ? 1 : 0;
  }
}

function readFunctions(s: Scanner, module: Module): void {
  const count = s.vector("functions", limits.functions);
  const imported = module.imports.length;
  const types = new Int32Array(imported + count);
  types.set(module.funcType);
  for (let i = 0; i < count; i++) types[imported + i] = s.index("type", module.types.length);
  module.funcType = types;
  module.named = new Int32Array(types.length);
}

function readCode(s: Scanner, module: Module): void {
  const count = s.vector("function bodies", limits.functions);
  module.bodyStart = new Int32Array(count);
  module.bodyEnd = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const size = s.u32();
    s.limit("bytes of a function body", size, limits.bodyBytes);
    module.bodyStart[i] = s.pos;
    s.skip(size);
    module.bodyEnd[i] = s.pos;
  }
}

/** Custom sections come last, only those of the list, in its order. */
function readCustom(s: Scanner, module: Module): void {
  const start = s.pos;
  const name = s.name(limits.nameBytes);
  const place = (keptCustomSections as readonly string[]).indexOf(name);
  if (place <= module.lastCustom) s.add("verify-custom-section", { name }, start);
  module.lastCustom = Math.max(place, module.lastCustom);
  if (name === NAME) s.attempt(() => checkNames(s, module));
  s.pos = s.sectionEnd;
}

function checkNames(s: Scanner, module: Module): void {
  let before = -1;
  while (s.pos < s.sectionEnd) {
    const id = s.u8();
    if (id > SUBSECTION.functions || id <= before) {
      s.stop("verify-name-section", { what: `subsection ${id} is not expected here` }, s.pos - 1);
    }
    before = id;
    const size = s.u32();
    const end = s.pos + size;
    let last = -1;
    for (let left = id === SUBSECTION.module ? 1 : s.u32(); left > 0; left--) {
      const func = id === SUBSECTION.module ? 0 : s.index("function", module.functions);
      if (func <= last) s.stop("verify-name-section", { what: "functions are out of order" });
      last = func;
      checkName(s);
    }
    if (s.pos !== end) s.malformed("the subsection has another length");
  }
}

function checkName(s: Scanner): void {
  const start = s.pos;
  const text = s.name(limits.nameBytes);
  if (PRINTABLE.test(text) && text.length <= limits.functionNameBytes) return;
  const what = `a name is not 1 to ${limits.functionNameBytes} bytes of printable ASCII`;
  s.stop("verify-name-section", { what }, start);
}
