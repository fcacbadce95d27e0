// One direction of an HTTP/1 connection, from bytes to heads, pieces and trailers. The invariants: heads, trailers
// and chunk overhead are bounded; after an error nothing more is told; bytes behind a message that the receiver
// wants held are kept by the caller. It must not know whether the peer is a client or an upstream.
import {
  consumed,
  execute,
  finish,
  isRunning,
  type LlhttpEvents,
  llhttp,
  methodOf,
  OK,
  PAUSED,
  PAUSED_UPGRADE,
  REQUEST,
  RESPONSE,
  reasonOf,
  STOP,
} from "./llhttp.ts";

export interface Head {
  /** Requests: the method and what stood behind it. */
  readonly method: string;
  readonly target: string;
  /** Responses. */
  readonly status: number;
  readonly minor: number;
  readonly major: number;
  /** Name, value, name, value, as on the wire but for spaces around values; the receiver's to keep. */
  readonly list: string[];
  readonly keepAlive: boolean;
  /** An upgrade is asked for or answered, or the method is CONNECT. */
  readonly upgrade: boolean;
}

export interface MessageReceiver {
  /** True: the message has no body whatever its head says. */
  head(head: Head): boolean;
  /** `end` is true for the last piece where that is known; `complete` comes in any case. */
  body(bytes: Uint8Array, end: boolean): void;
  trailers(list: string[]): void;
  /** True holds what follows until `resume`. */
  complete(): boolean;
}

export type ParseError = "malformed" | "header-bytes" | "header-count" | "overhead";

export interface ParserLimits {
  readonly headerBytes: number;
  readonly headerCount: number;
}

/** Chunk sizes, extensions and the like may take this much beside the body. */
const FREE_OVERHEAD = 65536;
const OVERHEAD_PER_BODY_BYTE = 16;
/** Pieces from this size on are told by themselves, without a copy. */
const JOINED = 4096;

export class MessageParser implements LlhttpEvents {
  readonly #receiver: MessageReceiver;
  readonly #limits: ParserLimits;
  readonly #request: boolean;
  #pointer: number;
  #bytes: Buffer = EMPTY;
  /** A piece that waits to learn whether it is the last. */
  #piece: Uint8Array | null = null;
  /** More pieces of the same bytes, in order: however small a peer's chunks are, they are told at once. */
  #more: Uint8Array[] | null = null;
  #text: string | null = null;
  #target = "";
  #list: string[] = [];
  #headerBytes = 0;
  /** What the last piece belonged to: 0 nothing, 1 a name, 2 a value. */
  #last = 0;
  #inBody = false;
  #inMessage = false;
  #overhead = 0;
  #bodyBytes = 0;
  #freed = false;
  error: ParseError | null = null;
  /** The parser's words for `malformed`. */
  reason = "";

  constructor(kind: "request" | "response", limits: ParserLimits, receiver: MessageReceiver) {
    this.#request = kind === "request";
    this.#pointer = llhttp().llhttp_alloc(this.#request ? REQUEST : RESPONSE);
    this.#limits = limits;
    this.#receiver = receiver;
  }

  /** A message has begun and isn't complete. */
  get inMessage(): boolean {
    return this.#inMessage;
  }

  /**
   * Parses; the answer is what the receiver wanted held, null where all was taken. Look at `error` afterwards.
   * Throws only what the receiver throws.
   */
  execute(bytes: Buffer): Buffer | null {
    if (this.#freed || this.error !== null) return null;
    this.#bytes = bytes;
    this.#text = null;
    const body = this.#bodyBytes;
    const result = execute(this.#pointer, bytes, this);
    if (this.#piece !== null && !this.#freed) this.#give(false);
    this.#bytes = EMPTY;
    this.#text = null;
    if (this.#freed) {
      llhttp().llhttp_free(this.#pointer);
      this.#pointer = 0;
      return null;
    }
    if (this.#inBody) {
      this.#overhead += bytes.length - (this.#bodyBytes - body);
      if (this.#overhead > FREE_OVERHEAD + OVERHEAD_PER_BODY_BYTE * this.#bodyBytes) {
        this.error = "overhead";
        return null;
      }
    }
    if (result === OK) return null;
    if (result === PAUSED || result === PAUSED_UPGRADE) {
      const at = consumed(this.#pointer);
      if (result === PAUSED_UPGRADE) llhttp().llhttp_resume_after_upgrade(this.#pointer);
      else llhttp().llhttp_resume(this.#pointer);
      // An upgrade that is ignored goes on as if nothing had been asked.
      return at < bytes.length ? bytes.subarray(at) : EMPTY;
    }
    if (this.error === null) {
      this.error = "malformed";
      this.reason = reasonOf(this.#pointer);
    }
    return null;
  }

  /** The peer has ended its side; false where a message was cut short. Throws what the receiver throws. */
  finish(): boolean {
    if (this.#freed || this.error !== null) return false;
    const good = finish(this.#pointer, this) === OK;
    this.#free();
    return good && !this.#inMessage;
  }

  close(): void {
    if (this.#freed) return;
    if (isRunning()) this.#freed = true;
    else this.#free();
  }

  #free(): void {
    this.#freed = true;
    if (this.#pointer !== 0) llhttp().llhttp_free(this.#pointer);
    this.#pointer = 0;
  }

  // What llhttp tells.

  begin(): number {
    this.#target = "";
    this.#list = [];
    this.#headerBytes = 0;
    this.#last = 0;
    this.#inBody = false;
    this.#inMessage = true;
    this.#overhead = 0;
    this.#bodyBytes = 0;
    return this.#freed ? STOP : 0;
  }

  url(at: number, length: number): number {
    this.#target += this.#slice(at, length);
    return this.#count(length);
  }

  field(at: number, length: number): number {
    const list = this.#list;
    if (this.#last === 1) {
      list[list.length - 1] += this.#slice(at, length);
      return this.#count(length);
    }
    if (this.#last === 2) this.#trim();
    if (list.length >= this.#limits.headerCount * 2) {
      this.error = "header-count";
      return STOP;
    }
    this.#last = 1;
    list.push(this.#slice(at, length));
    return this.#count(length);
  }

  value(at: number, length: number): number {
    const list = this.#list;
    if (this.#last === 2) list[list.length - 1] += this.#slice(at, length);
    else list.push(this.#slice(at, length));
    this.#last = 2;
    return this.#count(length);
  }

  head(status: number, upgrade: boolean, keepAlive: boolean): number {
    if (this.#last === 2) this.#trim();
    this.#last = 0;
    const engine = llhttp();
    const list = this.#list;
    this.#list = [];
    this.#inBody = true;
    const bodyless = this.#receiver.head({
      method: this.#request ? methodOf(this.#pointer) : "",
      target: this.#target,
      status,
      major: engine.llhttp_get_http_major(this.#pointer),
      minor: engine.llhttp_get_http_minor(this.#pointer),
      list,
      keepAlive,
      upgrade,
    });
    if (this.#freed) return STOP;
    return bodyless ? 1 : 0;
  }

  body(at: number, length: number): number {
    this.#bodyBytes += length;
    const piece = this.#bytes.subarray(at, at + length);
    if (this.#piece !== null && length >= JOINED) this.#give(false);
    if (this.#piece === null) this.#piece = piece;
    else if (this.#more === null) this.#more = [this.#piece, piece];
    else this.#more.push(piece);
    return this.#freed ? STOP : 0;
  }

  #give(end: boolean): void {
    const piece = this.#more === null ? this.#piece! : Buffer.concat(this.#more);
    this.#piece = null;
    this.#more = null;
    this.#receiver.body(piece, end);
  }

  complete(): number {
    if (this.#last === 2) this.#trim();
    this.#last = 0;
    this.#inBody = false;
    this.#inMessage = false;
    const list = this.#list;
    if (this.#piece !== null) this.#give(list.length === 0);
    if (list.length > 0 && !this.#freed) {
      this.#list = [];
      this.#receiver.trailers(list);
    }
    if (this.#freed) return STOP;
    const hold = this.#receiver.complete();
    if (this.#freed) return STOP;
    return hold ? PAUSED : 0;
  }

  #count(length: number): number {
    // A name, a colon, a space and a line's end.
    this.#headerBytes += length + 2;
    if (this.#headerBytes <= this.#limits.headerBytes) return 0;
    this.error = "header-bytes";
    return STOP;
  }

  #slice(at: number, length: number): string {
    if (length === 0) return "";
    this.#text ??= this.#bytes.toString("latin1");
    return this.#text.substring(at, at + length);
  }

  /** Spaces and tabs behind a value are no part of it. */
  #trim(): void {
    const list = this.#list;
    const value = list[list.length - 1]!;
    let end = value.length;
    while (end > 0 && (value.charCodeAt(end - 1) === 0x20 || value.charCodeAt(end - 1) === 0x09)) {
      end--;
    }
    if (end < value.length) list[list.length - 1] = value.slice(0, end);
  }
}

const EMPTY = Buffer.alloc(0);
