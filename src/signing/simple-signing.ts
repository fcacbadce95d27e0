// The payload of cosign's older signatures: which manifest is signed, in which repository, and annotations.
import { fail } from "../errors/failure.ts";
import { SIMPLE_SIGNING_TYPE, signingLimits } from "../spec/signing.ts";
import { isFields, isSha256, parseSigned } from "./json.ts";
import type { SignedAnnotations } from "./statement.ts";

export interface SimplePayload {
  /** What was signed, in hex. */
  readonly sha256: string;
  /** Where the signer saw it; a hint, since artifacts are copied with their signatures. */
  readonly repository: string;
  readonly annotations: SignedAnnotations;
}

export function writeSimplePayload({ sha256, repository, annotations }: SimplePayload): Uint8Array {
  const value = {
    critical: {
      identity: { "docker-reference": repository },
      image: { "docker-manifest-digest": `sha256:${sha256}` },
      type: SIMPLE_SIGNING_TYPE,
    },
    optional: Object.keys(annotations).length === 0 ? null : annotations,
  };
  return new TextEncoder().encode(JSON.stringify(value));
}

/** Throws what parseSigned throws, `signature-payload-type` and `statement-malformed`. */
export function parseSimplePayload(payload: Uint8Array, what: string): SimplePayload {
  const { critical, optional } = parseSigned(payload, signingLimits.payloadBytes, what);
  const bad = (reason: string): never => fail("statement-malformed", { what, reason });
  if (!isFields(critical)) return bad("it has no critical part");
  if (critical.type !== SIMPLE_SIGNING_TYPE) {
    const found = JSON.stringify(critical.type)?.slice(0, 100) ?? "nothing";
    fail("signature-payload-type", { what, found, expected: SIMPLE_SIGNING_TYPE });
  }
  const image = isFields(critical.image) ? critical.image["docker-manifest-digest"] : undefined;
  const digest = typeof image === "string" && image.startsWith("sha256:") ? image.slice(7) : "";
  if (!isSha256(digest)) return bad("it names no manifest by digest");
  const identity = isFields(critical.identity) ? critical.identity["docker-reference"] : undefined;
  const texts = Object.entries(isFields(optional) ? optional : {}).filter(
    (one): one is [string, string] => typeof one[1] === "string",
  );
  return {
    sha256: digest,
    repository: typeof identity === "string" ? identity : "",
    annotations: Object.fromEntries(texts),
  };
}
