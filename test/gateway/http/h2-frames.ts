// HTTP/2 as bytes, for peers that keep no rule: frames are made and cut apart here, and nothing is checked.

export const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

export const FRAME = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  continuation: 9,
} as const;

export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;

/** One frame as text of one character a byte. */
export function frame(type: number, flags: number, stream: number, payload = ""): string {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return head.toString("latin1") + payload;
}

export function word(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString("latin1");
}

export const SETTINGS = frame(FRAME.settings, 0, 0);
export const SETTINGS_ACK = frame(FRAME.settings, ACK, 0);

/** A header block that names `name` without the static table; both are at most 126 bytes. */
export const literal = (name: string, value: string): string =>
  `\x00${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`;

/** GET / over http, authority a. */
export const GET = `\x82\x86\x84${literal(":authority", "a")}`;
/** POST / over http, authority a. */
export const POST = `\x83\x86\x84${literal(":authority", "a")}`;
/** :status 200. */
export const OK_HEAD = "\x88";

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: string;
}

/** Whole frames of a text; what is left over is kept out. */
export function framesOf(text: string): Frame[] {
  const bytes = Buffer.from(text, "latin1");
  const frames: Frame[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    if (at + 9 + length > bytes.length) break;
    frames.push({
      type: bytes[at + 3]!,
      flags: bytes[at + 4]!,
      stream: bytes.readUInt32BE(at + 5) & 0x7fffffff,
      payload: bytes.toString("latin1", at + 9, at + 9 + length),
    });
    at += 9 + length;
  }
  return frames;
}
