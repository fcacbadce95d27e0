// How far a text may go: shared by the readers of YAML and of JSON.
import { fail } from "../../../errors/failure.ts";
import { type Source, whereOf } from "./tree.ts";

/** Maps and lists inside each other; protobuf's own readers stop at 100. */
export const MAX_DEPTH = 100;

/** Values of a document, each use of an alias counted. */
export const MAX_VALUES = 300_000;

export function failDepth(source: Source, at: number): never {
  return fail("envoy-too-deep", { max: MAX_DEPTH }, whereOf(source, at));
}

export function failValues(source: Source, at: number): never {
  return fail("envoy-too-many-values", { max: MAX_VALUES }, whereOf(source, at));
}
