// PEM: labelled base64 blocks. Strict: canonical base64, nothing beside the blocks but blank lines, no headers.
const block =
  /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\r\n]+?)\r?\n-----END \1-----(?:\r?\n|$)/g;

export interface PemBlock {
  readonly label: string;
  readonly bytes: Uint8Array;
}

/** The bytes of canonical base64; null for anything else (spaces, missing or odd padding, stray bits). */
export function fromBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : null;
}

/** The blocks of a text; null where it holds anything else. */
export function parsePem(text: string): readonly PemBlock[] | null {
  const blocks: PemBlock[] = [];
  let end = 0;
  for (const match of text.matchAll(block)) {
    if (text.slice(end, match.index).trim() !== "") return null;
    const bytes = fromBase64(match[2]!.replace(/[\r\n]/g, ""));
    if (bytes === null) return null;
    blocks.push({ label: match[1]!, bytes });
    end = match.index + match[0].length;
  }
  return text.slice(end).trim() === "" && blocks.length > 0 ? blocks : null;
}

/** One block, in lines of 64; ends with a line feed. */
export function toPem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
