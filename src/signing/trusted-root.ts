// A trusted root: the authorities, logs and timestamp services of one sigstore instance, as its operator publishes them.
// Read with sigstore's own message types; nothing is fetched.
import { fail } from "../errors/failure.ts";
import { signingLimits } from "../spec/signing.ts";
import { type JsonProblem, parseStrictJson, StrictJsonError } from "../util/strict-json.ts";

type Message = import("@sigstore/protobuf-specs").TrustedRoot;

export interface TrustedRoot {
  readonly message: Message;
}

const reasons: Readonly<Record<JsonProblem, string>> = {
  utf8: "it is not UTF-8",
  syntax: "it is not JSON",
  depth: "it is nested too deep",
  duplicate: "an object in it has a key twice",
};

/** Throws `trust-root`. */
export async function parseTrustedRoot(bytes: Uint8Array, file: string): Promise<TrustedRoot> {
  const bad = (reason: string, cause?: unknown): never =>
    fail("trust-root", { file, reason }, { at: "file", file }, cause);
  if (bytes.length > signingLimits.trustedRootBytes) return bad("it is too large");
  // Loaded here: who verifies by key never needs it.
  const { TrustedRoot: messages } = await import("@sigstore/protobuf-specs");
  let message: Message;
  try {
    message = messages.fromJSON(parseStrictJson(bytes, signingLimits.jsonDepth));
  } catch (error) {
    return bad(
      error instanceof StrictJsonError ? reasons[error.problem] : "its fields are malformed",
      error,
    );
  }
  if (message.certificateAuthorities.length === 0) return bad("it names no certificate authority");
  if (message.tlogs.length + message.timestampAuthorities.length === 0) {
    return bad(
      "it names neither a log nor a timestamp service, so no signature's time could be proven",
    );
  }
  return { message };
}
