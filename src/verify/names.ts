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

export function readCustom(s: Scanner, module: Module): void {
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
  const length = s.u32();
  const start = s.pos;
  s.skip(length);
  const { first, last } = PRINTABLE;
  const printable = s.bytes.subarray(start, s.pos).every((byte) => byte >= first && byte <= last);
  if (printable && length > 0 && length <= limits.functionNameBytes) return;
  const what = `a name is not 1 to ${limits.functionNameBytes} bytes of printable ASCII`;
  s.stop("verify-name-section", { what }, start);
}
