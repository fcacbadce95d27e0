// The part of the JavaScript WebAssembly API that the conformance tests need; TypeScript declares it for
// browsers only.

export interface EngineMemory {
  readonly buffer: ArrayBuffer;
}

export interface EngineGlobal {
  value: unknown;
}

export type Exports = Readonly<Record<string, unknown>>;
export type Imports = Record<string, Record<string, unknown>>;

interface Engine {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: Imports) => { readonly exports: Exports };
  readonly Memory: new (limits: { initial: number; maximum?: number }) => EngineMemory;
  readonly Table: new (limits: { element: "anyfunc"; initial: number; maximum?: number }) => object;
  readonly Global: new (type: { value: string; mutable: boolean }, value: unknown) => EngineGlobal;
  readonly RuntimeError: new () => Error;
  readonly CompileError: new () => Error;
  readonly LinkError: new () => Error;
}

export const engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;
