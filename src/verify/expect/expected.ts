// What the generators of this folder produce, and what they must know of a function type.
import { valueTypes } from "../../spec/binary.ts";

/** A finished body: locals and code, in two parts around an open index of `call f`. */
export interface Expected {
  /** What it is, in words for findings. */
  readonly what: string;
  readonly type: Signature;
  readonly head: readonly number[];
  readonly tail: readonly number[] | null;
  /** Own cost in fuel units, entry included. */
  readonly cost: number;
  /** Estimated stack bytes of its frame. */
  readonly frame: number;
  /** Indices of the functions that it calls, but for the open one. */
  readonly calls: readonly number[];
  /** The least fuel that it gives to what it calls; below 1 the policy gives too little. */
  readonly budget: number;
}

/** What a body must know of a function type: value types by byte. */
export interface Signature {
  readonly params: readonly number[];
  readonly results: readonly number[];
}

/** Value types by their letters in the opcode table. */
export function typesOf(letters: string): number[] {
  return [...letters].map((one) => valueTypes.find(({ letter }) => letter === one)!.byte);
}

/** The type in letters: `ii:i`. */
export function signature(text: string): Signature {
  const [params = "", results = ""] = text.split(":");
  return { params: typesOf(params), results: typesOf(results) };
}

export function sameSignature(one: Signature, other: Signature): boolean {
  return `${one.params}:${one.results}` === `${other.params}:${other.results}`;
}
