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

export function checkCustomSections(s: Scanner, module: Module): void {
  const kept: readonly string[] = keptCustomSections;
  let place = -1;
  for (const { name, start, end } of module.customs) {
    s.section = name === NAME ? NAME : "custom";
    s.func = -1;
    s.pos = start;
    s.end = end;
    const found = kept.indexOf(name);
    if (found <= place) s.add("verify-custom-section", { name });
    place = Math.max(place, found);
    if (name === NAME) s.report.attempt(() => checkNames(s, module));
  }
}

function checkNames(s: Scanner, module: Module): void {
  const end = s.end;
  let before = -1;
  while (s.pos < end) {
    const id = s.u8();
    if (id > SUBSECTION.functions || id <= before) {
      s.stop("verify-name-section", { what: `subsection ${id} is not expected here` }, s.pos - 1);
    }
    before = id;
    const size = s.u32();
    if (size > end - s.pos) s.malformed("the subsection is cut short");
    s.end = s.pos + size;
    if (id === SUBSECTION.module) checkName(s);
    else checkFunctionNames(s, module);
    if (s.pos !== s.end) s.malformed("bytes are left over in the subsection");
    s.end = end;
  }
}

function checkFunctionNames(s: Scanner, module: Module): void {
  let before = -1;
  for (let left = s.count("names", limits.functions); left > 0; left--) {
    const func = s.index("function", module.functions);
    if (func <= before) s.stop("verify-name-section", { what: "functions are out of order" });
    before = func;
    checkName(s);
  }
}

function checkName(s: Scanner): void {
  const length = s.u32();
  const start = s.pos;
  s.skip(length);
  const { first, last } = PRINTABLE;
  const printable = s.bytes.subarray(start, s.pos).every((byte) => byte >= first && byte <= last);
  if (printable && length > 0 && length <= limits.functionNameBytes) return;
  const what = `a name is not 1 to ${limits.functionNameBytes} bytes of printable ASCII`;
  s.stop("verify-name-section", { what }, start);
}
