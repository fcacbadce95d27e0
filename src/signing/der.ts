// Where a DER value ends, for one question only: is a signature cut short, or merely not of this key? Signatures of RSA
// and Ed25519 have no DER around them.

const SEQUENCE = 0x30;

/** Whether the outermost sequence ends with the bytes, before or after them; "no sequence" for other values. */
export function derEnds(bytes: Uint8Array): "here" | "too soon" | "too late" | "no sequence" {
  if (bytes[0] !== SEQUENCE) return "no sequence";
  const first = bytes[1];
  if (first === undefined) return "too soon";
  // Longer forms are never needed for a signature: one byte of length counts to 255.
  const long = first === 0x81;
  const length = long ? bytes[2] : first;
  if (length === undefined) return "too soon";
  if (!long && length > 0x7f) return "no sequence";
  const end = (long ? 3 : 2) + length;
  if (end === bytes.length) return "here";
  return end > bytes.length ? "too soon" : "too late";
}
