// Custom sections: only those of the list, in its order, and a name section that hosts can parse and print
// without harm (rule A34). What the others hold is never read.
import { keptCustomSections } from "../spec/layout.ts";
import { limits } from "../spec/limits.ts";
import type { Module } from "./module.ts";
import type { Scanner } from "./scanner.ts";

const NAME = "name";
/** Subsections: the module's name, the functions' names. */
const SUBSECTION = { module: 0, functions: 1 } as const;
const PRINTABLE = { first: 0x20, last: 0x7e } as const;

export function checkCustomSections(scanner: Scanner, module: Module): void {
  const kept: readonly string[] = keptCustomSections;
  let place = -1;
  for (const { name, start, end } of module.customs) {
    scanner.section = "custom";
    scanner.func = -1;
    scanner.pos = start;
    scanner.end = end;
    const found = kept.indexOf(name);
    if (found <= place) {
      const what = found < 0 ? "is not kept" : "is given twice or out of order";
      scanner.add("verify-custom-section", { name, what }, start);
    } else place = found;
    if (name === NAME) {
      scanner.section = NAME;
      scanner.report.attempt(() => checkNames(scanner, module));
    }
  }
}

function checkNames(scanner: Scanner, module: Module): void {
  const end = scanner.end;
  let last = -1;
  while (scanner.pos < end) {
    const start = scanner.pos;
    const id = scanner.u8();
    if (id > SUBSECTION.functions || id <= last) {
      const what = `subsection ${id} is not kept, given twice or out of order`;
      scanner.stop("verify-name-section", { what }, start);
    }
    last = id;
    const size = scanner.u32();
    if (size > end - scanner.pos) scanner.malformed("the subsection is cut short", start);
    scanner.end = scanner.pos + size;
    if (id === SUBSECTION.module) checkName(scanner);
    else checkFunctionNames(scanner, module);
    if (scanner.pos !== scanner.end) scanner.malformed("bytes are left over in the subsection");
    scanner.end = end;
  }
}

function checkFunctionNames(scanner: Scanner, module: Module): void {
  let before = -1;
  for (let left = scanner.count("names", limits.functions); left > 0; left--) {
    const start = scanner.pos;
    const func = scanner.u32();
    if (func <= before || func >= module.functions) {
      const what = `function ${func} is out of order or does not exist`;
      scanner.stop("verify-name-section", { what }, start);
    }
    before = func;
    checkName(scanner);
  }
}

function checkName(scanner: Scanner): void {
  const start = scanner.pos;
  const length = scanner.u32();
  const from = scanner.pos;
  scanner.skip(length);
  let good = length > 0 && length <= limits.functionNameBytes;
  for (let at = from; good && at < scanner.pos; at++) {
    const byte = scanner.bytes[at]!;
    good = byte >= PRINTABLE.first && byte <= PRINTABLE.last;
  }
  if (good) return;
  const what = `a name is not 1 to ${limits.functionNameBytes} bytes of printable ASCII`;
  scanner.stop("verify-name-section", { what }, start);
}
