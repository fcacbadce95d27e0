// Names of generated functions and what calls of them need: where they stand, what they cost. A
// body asks for its callees by name; whatever was asked for is made. The invariant: no body is made
// twice, and callees are made before what calls them is done.
import type { HostFunction } from "../../spec/host-function-row.ts";
import { type Context, hostSignature } from "./context.ts";
import type { Expected } from "./expected.ts";

/** A callee: its index, numbers of parameters and results, and own cost. */
export interface Callee {
  readonly index: number;
  readonly params: number;
  readonly results: number;
  readonly cost: number;
}

export type Maker = (link: Link) => Expected;

export class Link {
  readonly context: Context;
  readonly imports: readonly HostFunction[];
  readonly #makers: ReadonlyMap<string, Maker>;
  readonly #indices: ReadonlyMap<string, number>;
  readonly #made: Map<string, Expected>;

  /**
   * @param indices by name; functions without one are made as if they stood first
   * @param made bodies that are known before
   */
  constructor(
    context: Context,
    imports: readonly HostFunction[],
    makers: ReadonlyMap<string, Maker>,
    indices: ReadonlyMap<string, number> = new Map(),
    made: ReadonlyMap<string, Expected> = new Map(),
  ) {
    this.#made = new Map(made);
    this.context = context;
    this.imports = imports;
    this.#makers = makers;
    this.#indices = indices;
  }

  /** The body of that name. */
  made(name: string): Expected {
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    const body = this.#makers.get(name)!(this);
    this.#made.set(name, body);
    return body;
  }

  /** Whether anything has asked for it. */
  has(name: string): boolean {
    return this.#made.has(name);
  }

  /** Whether the module has it. */
  exists(name: string): boolean {
    return this.#indices.has(name);
  }

  /** What a call needs to know; `import-N` is import number N. */
  callee(name: string): Callee {
    if (name.startsWith("import-")) {
      const index = Number(name.slice("import-".length));
      const { params, results } = hostSignature(this.imports[index]!);
      const cost = this.imports[index]!.price;
      return { index, params: params.length, results: results.length, cost };
    }
    const { type, cost } = this.made(name);
    const index = this.#indices.get(name) ?? 0;
    return { index, params: type.params.length, results: type.results.length, cost };
  }
}
