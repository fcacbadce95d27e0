// One request of an HTTP/1 connection and the writing of its response. The invariants: what is written is one
// well-formed message whatever the chain does (more or fewer bytes than promised end the connection, calls after
// the end do nothing), and a head waits for the first piece only until this turn of the event loop is over.
import type { HeaderMap } from "../../host/header-map.ts";
import type { ConnectionInfo, Exchange } from "./exchange.ts";
import { type Framing, interimHead, responseHead, trailerLines } from "./h1-headers.ts";
import { OpenRequest } from "./open-request.ts";

/** What an exchange needs of its connection. */
export interface ResponseOutlet {
  readonly info: ConnectionInfo;
  /** Text of one character a byte, or bytes; false where the client is slow. */
  write(piece: string | Uint8Array): boolean;
  /** The last two in one go. */
  writeBoth(text: string, bytes: Uint8Array, tail: string): boolean;
  /** The response is complete; `reusable` where another request may follow. */
  done(exchange: H1Exchange, reusable: boolean): void;
  /** Cuts the connection. */
  abort(): void;
  pause(): void;
  resume(): void;
  /** No further request will be taken. */
  readonly closing: boolean;
}

/** Pieces up to this size are joined with the head into one write. */
const JOINED = 4096;

export interface RequestFacts {
  readonly headers: HeaderMap;
  readonly headersOnly: boolean;
  readonly started: number;
  readonly minor: number;
  readonly isHead: boolean;
  readonly keepAlive: boolean;
}

export class H1Exchange extends OpenRequest implements Exchange {
  readonly #outlet: ResponseOutlet;
  readonly #minor: number;
  readonly #isHead: boolean;
  #reusable: boolean;
  #framing: Framing = "none";
  #left = 0;
  #waiting: string | null = null;

  constructor(outlet: ResponseOutlet, facts: RequestFacts) {
    super(facts.headers, facts.headersOnly, facts.started);
    this.#outlet = outlet;
    this.#minor = facts.minor;
    this.#isHead = facts.isHead;
    this.#reusable = facts.keepAlive;
  }

  get connection(): ConnectionInfo {
    return this.#outlet.info;
  }

  sendInterim(headers: HeaderMap): void {
    if (this.ended || this.responseStarted || this.#minor < 1) return;
    const text = interimHead(headers);
    if (text !== "") this.#outlet.write(text);
  }

  sendHeaders(headers: HeaderMap, end: boolean): void {
    if (this.ended || this.responseStarted) return;
    this.responseStarted = true;
    // A client that is still sending gets its answer, and then the end of the connection.
    if (this.#outlet.closing || (end && !this.requestComplete)) this.#reusable = false;
    const connection = this.#reusable ? (this.#minor < 1 ? "keep-alive" : null) : "close";
    const shape = { head: this.#isHead, end, minor: this.#minor, connection } as const;
    const head = responseHead(headers, shape);
    this.#framing = head.framing;
    this.#left = head.length;
    if (head.framing === "close") this.#reusable = false;
    if (end) {
      this.#outlet.write(head.text);
      this.#end();
      return;
    }
    this.#waiting = head.text;
    process.nextTick(flush, this);
  }

  sendData(bytes: Uint8Array, end: boolean): boolean {
    if (this.ended || !this.responseStarted) return true;
    const good = bytes.length === 0 && !end ? true : this.#sendPiece(bytes, end);
    if (end) this.#end();
    return good;
  }

  #sendPiece(bytes: Uint8Array, end: boolean): boolean {
    let before = this.#waiting ?? "";
    let piece = bytes;
    let after = "";
    switch (this.#framing) {
      case "none":
        piece = NOTHING;
        break;
      case "length":
        if (piece.length > this.#left) {
          piece = piece.subarray(0, this.#left);
          this.#reusable = false;
        }
        this.#left -= piece.length;
        break;
      case "chunked":
        if (piece.length > 0) {
          before += `${piece.length.toString(16)}\r\n`;
          after = "\r\n";
        }
        if (end) after += "0\r\n\r\n";
        break;
      default:
    }
    this.#waiting = null;
    this.bytesSent += piece.length;
    if (piece.length === 0) {
      const text = before + after;
      return text === "" ? true : this.#outlet.write(text);
    }
    if (before === "" && after === "") return this.#outlet.write(piece);
    if (piece.length > JOINED) return this.#outlet.writeBoth(before, piece, after);
    const { buffer, byteOffset, length } = piece;
    return this.#outlet.write(
      before + Buffer.from(buffer, byteOffset, length).toString("latin1") + after,
    );
  }

  sendTrailers(trailers: HeaderMap): void {
    if (this.ended || !this.responseStarted) return;
    if (this.#framing !== "chunked") {
      this.#sendPiece(NOTHING, true);
    } else {
      this.#outlet.write(`${this.#waiting ?? ""}0\r\n${trailerLines(trailers)}`);
      this.#waiting = null;
    }
    this.#end();
  }

  #end(): void {
    this.ended = true;
    // Fewer bytes than were promised: only the end of the connection can say so.
    if (this.#framing === "length" && this.#left > 0) this.#outlet.abort();
    else this.#outlet.done(this, this.#reusable && this.requestComplete);
  }

  reset(): void {
    if (this.ended) return;
    this.ended = true;
    this.#outlet.abort();
  }

  /** A head that has waited for this turn's first piece goes. */
  flush(): void {
    if (this.#waiting === null || this.ended) return;
    const text = this.#waiting;
    this.#waiting = null;
    this.#outlet.write(text);
  }

  pauseReading(): void {
    if (!this.requestComplete) this.#outlet.pause();
  }

  resumeReading(): void {
    if (!this.requestComplete) this.#outlet.resume();
  }
}

const flush = (exchange: H1Exchange): void => exchange.flush();
const NOTHING = new Uint8Array(0);
