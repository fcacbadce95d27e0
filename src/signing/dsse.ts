// DSSE: an envelope whose signature covers its payload and the payload's type, so that no payload passes for one of
// another kind.
import { fail } from "../errors/failure.ts";
import { signingLimits } from "../spec/signing.ts";
import { fromBase64 } from "./pem.ts";

export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

/** What is signed: `DSSEv1`, then length and text of the type, then length and bytes of the payload. */
export function signedBytes(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType);
  const head = Buffer.from(`DSSEv1 ${type.length} `);
  return Buffer.concat([head, type, Buffer.from(` ${payload.length} `), payload]);
}

type Fields = Readonly<Record<string, unknown>>;

const decoded = (value: unknown): Uint8Array | null =>
  typeof value === "string" ? fromBase64(value) : null;

/** Reads the envelope of a bundle. Exactly one signature; `bundle-malformed` for anything else. */
export function envelopeOf(value: unknown, what: string): Envelope {
  const bad = (reason: string): never => fail("bundle-malformed", { what, reason });
  if (typeof value !== "object" || value === null) return bad("its envelope is no object");
  const { payloadType, payload, signatures } = value as Fields;
  if (typeof payloadType !== "string") return bad("its envelope has no payload type");
  const bytes = decoded(payload) ?? bad("its payload is not base64");
  if (bytes.length > signingLimits.payloadBytes) return bad("its payload is too large");
  if (!Array.isArray(signatures) || signatures.length !== 1) {
    return bad("its envelope doesn't have exactly one signature");
  }
  const signature =
    decoded((signatures[0] as Fields | null)?.sig) ?? bad("its signature is not base64");
  if (signature.length === 0) return bad("its signature is empty");
  return { payloadType, payload: bytes, signature };
}

/** The envelope in JSON's terms. Without a `keyid`: cosign takes a signature with one for somebody else's. */
export function envelopeJson({ payloadType, payload, signature }: Envelope): object {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  return { payload: base64(payload), payloadType, signatures: [{ sig: base64(signature) }] };
}
