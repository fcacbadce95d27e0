// What the checks know of the module: flat tables, filled once by sections.ts and its readers.
// Indices are those of the binary format; what depends on structure goes by `typeClass`.
import type { Callback } from "../spec/callbacks.ts";
import type { HostFunction } from "../spec/host-function-row.ts";
import type { Signature } from "./expect/expected.ts";
import type { Scanner } from "./scanner.ts";

export interface FunctionExport {
  readonly name: string;
  readonly func: number;
  readonly offset: number;
  readonly row: Callback | undefined;
}

export class Module {
  types: Signature[] = [];
  /** By type: the first type of the same structure, and whether v128 is in it. */
  typeClass = new Int32Array(0);
  typeIsWide = new Uint8Array(0);
  imports: HostFunction[] = [];
  /** By function, imports included: its type, and 0 or 1 + the byte of what names it as a value. */
  funcType = new Int32Array(0);
  named = new Int32Array(0);
  /** By defined function: its locals, code and last `end`. */
  bodyStart = new Int32Array(0);
  bodyEnd = new Int32Array(0);
  tables = 0;
  memoryMaximum = -1;
  /** Number of the guest's globals, so index of the first injected; -1 before they are read. */
  guestGlobals = -1;
  /** Number of those of metrics, behind all others. */
  metricGlobals = 0;
  globalIsWide = new Uint8Array(0);
  /** Exported functions in order; whether there is an export section. */
  exports: FunctionExport[] = [];
  exporting = false;
  /** Where the element section starts, or 0. */
  elementsAt = 0;
  dataSegments = 0;
  /** The last data segment, where it is passive. */
  lastPassive: { readonly start: number; readonly end: number } | null = null;
  /** Place of the last custom section in the list of those that are kept, or -1. */
  lastCustom = -1;

  get functions(): number {
    return this.funcType.length;
  }

  signature(func: number): Signature {
    return this.types[this.funcType[func]!]!;
  }

  /** Puts the scanner at the body of a function, and confines it to that. */
  seek(scanner: Scanner, func: number): void {
    const defined = func - this.imports.length;
    scanner.section = "code";
    scanner.func = func;
    scanner.pos = this.bodyStart[defined]!;
    scanner.end = this.bodyEnd[defined]!;
  }
}
