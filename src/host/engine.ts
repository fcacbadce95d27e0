// The one seam to the WebAssembly engine: compile, link, call an exported function, look at memory and at
// exported globals. Today it is V8 as Node carries it; nothing else in the host names the engine. It knows
// no proxy-wasm.

export type WasmFunction = (...args: (number | bigint)[]) => number | bigint | undefined;

export interface WasmMemory {
  /** Replaced by the engine whenever the guest grows its memory; the old one is then empty. */
  readonly buffer: ArrayBuffer;
}

export interface WasmGlobal {
  readonly value: number | bigint;
}

/** Opaque: a module that the engine has validated and compiled; shared by all its instances. */
export interface CompiledModule {
  readonly kind?: "module";
}

export interface Instance {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** Imports as the engine wants them: module name, then the import's own. */
export type ImportObject = Record<string, Record<string, WasmFunction | WasmGlobal>>;

interface EngineApi {
  readonly Module: new (bytes: Uint8Array) => CompiledModule;
  readonly Instance: new (module: CompiledModule, imports: ImportObject) => Instance;
  readonly Memory: new (limits: { initial: number }) => WasmMemory;
  readonly Global: new (type: { value: "i32" }, value: number) => WasmGlobal;
  readonly RuntimeError: new (message: string) => Error;
  readonly LinkError: new (message: string) => Error;
}

const api = (globalThis as unknown as { readonly WebAssembly: EngineApi }).WebAssembly;

/** Validates and compiles; throws the engine's own error, which the caller turns into a Failure. */
export function compile(bytes: Uint8Array): CompiledModule {
  return new api.Module(bytes);
}

/** Links and runs the start section, if there is one; throws what the guest or a host call threw. */
export function instantiate(module: CompiledModule, imports: ImportObject): Instance {
  return new api.Instance(module, imports);
}

export function exportedFunction(instance: Instance, name: string): WasmFunction | null {
  const value = instance.exports[name];
  return typeof value === "function" ? (value as WasmFunction) : null;
}

export function exportedMemory(instance: Instance): WasmMemory | null {
  for (const value of Object.values(instance.exports)) {
    if (value instanceof api.Memory) return value;
  }
  return null;
}

export function exportedGlobal(instance: Instance, name: string): WasmGlobal | null {
  const value = instance.exports[name];
  return value instanceof api.Global ? value : null;
}

/** Whether an error is the engine's report of a trap inside the guest. */
export function isEngineTrap(error: unknown): error is Error {
  return error instanceof api.RuntimeError;
}

/** Whether an error is the engine's report that an import is not of the type that the module wants. */
export function isLinkError(error: unknown): error is Error {
  return error instanceof api.LinkError;
}

/** Whether an error is the engine's report that the native stack is full. */
export function isStackOverflow(error: unknown): error is RangeError {
  return error instanceof RangeError && /call stack/i.test(error.message);
}
