// The element, datacount and data sections. Which functions an element segment may name is decided when the
// index space is known; here they are only noted (rules A3, A24).
import { FUNCREF, I32, KIND } from "../spec/binary.ts";
import { limits } from "../spec/limits.ts";
import { nameFunction, readConstant } from "./globals.ts";
import type { Module } from "./module.ts";
import type { Scanner } from "./scanner.ts";

/** Bits of an element segment's flags: not active; explicit table, or declarative; expressions. */
const ELEMENT = { notActive: 1, explicit: 2, expressions: 4, all: 7 } as const;

function readOffset(scanner: Scanner, module: Module): void {
  const start = scanner.pos;
  if (readConstant(scanner, module).type !== I32) scanner.stop("verify-constant", {}, start);
}

export function readElements(scanner: Scanner, module: Module): void {
  const count = scanner.vector("element segments", limits.elemSegments);
  let entries = 0;
  module.elementsAt = scanner.pos;
  for (let i = 0; i < count; i++) {
    const start = scanner.pos;
    const flags = scanner.u32();
    if (flags > ELEMENT.all) scanner.malformed(`element segments have no flags ${flags}`, start);
    const active = (flags & ELEMENT.notActive) === 0;
    const explicit = (flags & ELEMENT.explicit) !== 0;
    const expressions = (flags & ELEMENT.expressions) !== 0;
    if (active) {
      const table = explicit ? scanner.u32() : 0;
      if (table >= module.tables) scanner.malformed(`there is no table ${table}`, start);
      readOffset(scanner, module);
    }
    if (!active || explicit) {
      const kind = scanner.u8();
      if (kind !== (expressions ? FUNCREF : KIND.func)) {
        scanner.stop("verify-type", { found: `element kind ${kind}` }, scanner.pos - 1);
      }
    }
    const size = scanner.count("elements", limits.elemEntries);
    entries += size;
    scanner.limit("elements of all segments", entries, limits.elemEntries, start);
    for (let k = 0; k < size; k++) {
      const at = scanner.pos;
      if (!expressions) nameFunction(module, scanner, scanner.u32(), at);
      else if (readConstant(scanner, module).type !== FUNCREF) {
        scanner.stop("verify-constant", {}, at);
      }
    }
  }
}

export function readDataCount(scanner: Scanner, module: Module): void {
  module.dataCount = scanner.u32();
}

export function readData(scanner: Scanner, module: Module): void {
  const count = scanner.vector("data segments", limits.dataSegments);
  for (let i = 0; i < count; i++) {
    const start = scanner.pos;
    const flags = scanner.u32();
    if (flags > 1) {
      const what = `a data segment with flags ${flags} (0 is active, 1 passive)`;
      scanner.stop("verify-canonical", { what }, start);
    }
    if (flags === 0) readOffset(scanner, module);
    const size = scanner.u32();
    const from = scanner.pos;
    scanner.skip(size);
    module.lastPassive = flags === 1 ? { start: from, end: scanner.pos } : null;
  }
  module.dataSegments = count;
}
