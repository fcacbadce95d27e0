// The little of the JavaScript WebAssembly API that plugin tests need: TypeScript's own declarations come
// with the browser's library only. A third opinion beside the product's codec and host, so it uses neither.

interface Described {
  readonly name: string;
  readonly kind: "function" | "table" | "memory" | "global" | "tag";
}

export interface Module {
  readonly opaque?: "module";
}

export type HostFunction = (...args: (number | bigint)[]) => number | bigint | undefined;

export interface Engine {
  validate(bytes: Uint8Array): boolean;
  readonly Module: {
    new (bytes: Uint8Array): Module;
    exports(module: Module): Described[];
    imports(module: Module): (Described & { readonly module: string })[];
  };
  readonly Instance: new (
    module: Module,
    imports: Record<string, Record<string, HostFunction>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}

export const engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;

/** Imports that answer 0 to everything, made from what the module asks for. */
export function stubImports(module: Module): Record<string, Record<string, HostFunction>> {
  const imports: Record<string, Record<string, HostFunction>> = {};
  for (const { module: from, name } of engine.Module.imports(module)) {
    imports[from] = { ...imports[from], [name]: () => 0 };
  }
  return imports;
}
