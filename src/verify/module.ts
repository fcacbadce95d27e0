// What the checks know of the module: flat tables, filled once by sections.ts and its parts. The invariant:
// indices are those of the binary format; what depends on a type's structure goes through `typeClass`.
import type { Callback } from "../spec/callbacks.ts";
import type { HostFunction } from "../spec/host-function-row.ts";
import type { Signature } from "./expect/body.ts";

export interface FunctionExport {
  readonly name: string;
  readonly func: number;
  readonly offset: number;
  readonly row: Callback | undefined;
}

export interface CustomSection {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export class Module {
  /** By type index. */
  types: Signature[] = [];
  /** The lowest type index of the same structure. */
  typeClass = new Int32Array(0);
  typeIsWide = new Uint8Array(0);

  imports: { readonly row: HostFunction; readonly offset: number }[] = [];
  /** Type index by function index, imports included. */
  funcType = new Int32Array(0);
  get functions(): number {
    return this.funcType.length;
  }

  /** Body bytes by defined function: locals, code and the last `end`. */
  bodyStart = new Int32Array(0);
  bodyEnd = new Int32Array(0);

  tables = 0;
  memories = 0;
  memoryMaximum = 0;
  globals = 0;
  /** Index of the first injected global. */
  guestGlobals = 0;
  globalIsWide = new Uint8Array(0);
  exports: FunctionExport[] = [];
  exporting = false;

  /** Where the element section starts, or 0. */
  elementsAt = 0;
  /** By function index: 0, or 1 + the byte where an element, initialiser or `ref.func` names it. */
  named = new Int32Array(0);

  dataCount = -1;
  dataSegments = 0;
  /** Bytes of the last data segment, where it is passive. */
  lastPassive: { readonly start: number; readonly end: number } | null = null;

  customs: CustomSection[] = [];

  /** Signature of a function. */
  signature(func: number): Signature {
    return this.types[this.funcType[func]!]!;
  }
}

/** Whether a signature is this one. */
export function sameSignature(one: Signature, other: Signature): boolean {
  return (
    one.params.length === other.params.length &&
    one.results.length === other.results.length &&
    one.params.every((type, i) => type === other.params[i]) &&
    one.results.every((type, i) => type === other.results[i])
  );
}
