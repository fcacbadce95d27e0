// A checked document: what a tree says by Envoy's schema, with offsets kept. Whatever stands in it has the type
// that its field has; what had not is left out and stands in the findings.
import type { FieldRow } from "../schema/row.ts";
import type { Tree } from "./tree.ts";

export type Value =
  | MessageValue
  | ListValue
  | MapValue
  | ScalarValue
  | EnumValue
  | DurationValue
  | AnyValue
  | JsonValue;

export interface MessageValue {
  readonly kind: "message";
  /** Full name, e.g. `envoy.config.core.v3.Address`. */
  readonly type: string;
  readonly at: number;
  /** By the name of the .proto file, in the order of the document. */
  readonly fields: ReadonlyMap<string, FieldValue>;
}

export interface FieldValue {
  readonly row: FieldRow;
  /** Where the key stands. */
  readonly at: number;
  readonly value: Value;
}

export interface ListValue {
  readonly kind: "list";
  readonly at: number;
  readonly items: readonly Value[];
}

export interface MapValue {
  readonly kind: "map";
  readonly at: number;
  readonly entries: ReadonlyMap<string, { readonly at: number; readonly value: Value }>;
}

/** Text, number, flag or bytes; wrappers and timestamps too. */
export interface ScalarValue {
  readonly kind: "scalar";
  readonly at: number;
  /** 64-bit integers are bigint. */
  readonly value: string | number | bigint | boolean | Uint8Array;
}

export interface EnumValue {
  readonly kind: "enum";
  readonly at: number;
  /** "" for a number that has no name. */
  readonly name: string;
  readonly number: number;
}

export interface DurationValue {
  readonly kind: "duration";
  readonly at: number;
  readonly ms: number;
}

export interface AnyValue {
  readonly kind: "any";
  readonly at: number;
  /** The type's full name as written, without what stands before the slash; of a TypedStruct, the inner one; "" of an empty Any. */
  readonly type: string;
  /** What the article's type URL stands for is named here; equals `type` otherwise. */
  readonly real: string;
  /** null where the type is not known. */
  readonly value: Value | null;
}

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

/** google.protobuf.Struct, Value and ListValue. */
export interface JsonValue {
  readonly kind: "json";
  readonly at: number;
  readonly value: Json;
  /** The same with places. */
  readonly tree: Tree;
}
