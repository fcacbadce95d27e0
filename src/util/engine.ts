// What the JavaScript engine at hand thinks of a module. TypeScript declares its API for browsers only.

interface Engine {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
}

const engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;

/** Why the engine refuses a module, in its words; null when it accepts it. */
export function engineRefusal(bytes: Uint8Array): string | null {
  if (engine.validate(bytes)) return null;
  try {
    new engine.Module(bytes);
    return null;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return reason.replace(/^WebAssembly\.Module\(\): /, "");
  }
}
