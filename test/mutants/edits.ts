// A mutation of one function as edits of its bytes: small enough to keep tens of thousands of them, made into
// bytes only when they are judged.

export interface Edit {
  /** Offset in the body, bytes taken out there, bytes put in. */
  readonly at: number;
  readonly remove: number;
  readonly put: readonly number[] | Uint8Array;
}

/** What a mutation does. */
export const mutations = [
  "delete", // a template, or a part of a generated function, is not there
  "weaken", // it is there and does less
  "move", // it is somewhere else
  "retarget", // it works on something else, or something else is called
  "alias", // guest code, an export or a segment reaches what is the instrumentation's
  "loop", // a loop that nobody meters
  "recursion", // a cycle of calls that nobody meters or counts
  "unpaid", // an operation past its helper: bulk, grow, a host call, thousands of locals
  "cap", // a maximum of memory or tables, raised
  "import", // an import that the policy does not allow
  "form", // sections, encodings and tables that are not as the page on the format has them
] as const;
export type Mutation = (typeof mutations)[number];

export interface Mutant {
  readonly func: number;
  /** Kind of the template or of the generated function. */
  readonly kind: string;
  readonly mutation: Mutation;
  /** In words, with the place. */
  readonly what: string;
  readonly edits: readonly Edit[];
  /** Which template it is of: its number within the module, or -1 for what is put into guest code. */
  readonly site: number;
}

/** The bytes with all edits carried out; edits may not overlap. */
export function spliced(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const order = [...edits].sort((one, other) => one.at - other.at);
  const size = edits.reduce((sum, { remove, put }) => sum + put.length - remove, bytes.length);
  const out = new Uint8Array(size);
  let [from, to] = [0, 0];
  for (const { at, remove, put } of order) {
    out.set(bytes.subarray(from, at), to);
    to += at - from;
    out.set(put, to);
    to += put.length;
    from = at + remove;
  }
  out.set(bytes.subarray(from), to);
  return out;
}
