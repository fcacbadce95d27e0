// in-toto statements: "of these subjects, by digest, this predicate holds". A statement says nothing by itself; what
// it is worth depends on who signed the envelope around it.
import { fail } from "../errors/failure.ts";
import { STATEMENT_TYPE, signingLimits } from "../spec/signing.ts";
import { type Fields, isFields, isSha256, parseSigned } from "./json.ts";

export type SignedAnnotations = Readonly<Record<string, string>>;

export interface Subject {
  readonly name?: string;
  /** Hex. */
  readonly sha256: string;
  readonly annotations: SignedAnnotations;
}

export interface Statement {
  readonly subjects: readonly Subject[];
  readonly predicateType: string;
  readonly predicate: Fields;
}

function subjectOf(value: unknown): Subject | null {
  if (!isFields(value) || !isFields(value.digest)) return null;
  const { sha256 } = value.digest;
  // A subject by another algorithm can't be ours; it is no error.
  if (!isSha256(sha256)) return null;
  const { name } = value;
  const annotations = Object.entries(isFields(value.annotations) ? value.annotations : {});
  const texts = annotations.filter((one): one is [string, string] => typeof one[1] === "string");
  return {
    ...(typeof name === "string" && name !== "" && { name }),
    sha256,
    annotations: Object.fromEntries(texts),
  };
}

/** Reads the payload of an envelope. Throws what parseSigned throws, and `statement-malformed`. */
export function parseStatement(payload: Uint8Array, what: string): Statement {
  const bad = (reason: string): never => fail("statement-malformed", { what, reason });
  const value = parseSigned(payload, signingLimits.payloadBytes, what);
  if (value._type !== STATEMENT_TYPE) return bad(`its _type is not ${STATEMENT_TYPE}`);
  const { predicateType, predicate, subject } = value;
  if (typeof predicateType !== "string") return bad("it has no predicateType");
  if (!Array.isArray(subject) || subject.length === 0) return bad("it has no subject");
  const subjects = subject.map(subjectOf).filter((one) => one !== null);
  return { subjects, predicateType, predicate: isFields(predicate) ? predicate : {} };
}

/** The bytes of a statement: one order of fields, no white space. */
export function writeStatement({ subjects, predicateType, predicate }: Statement): Uint8Array {
  const value = {
    _type: STATEMENT_TYPE,
    subject: subjects.map(({ name, sha256, annotations }) => ({
      ...(name !== undefined && { name }),
      digest: { sha256 },
      ...(Object.keys(annotations).length > 0 && { annotations }),
    })),
    predicateType,
    predicate,
  };
  return new TextEncoder().encode(JSON.stringify(value));
}
