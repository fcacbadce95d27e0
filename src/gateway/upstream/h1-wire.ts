// One HTTP/1.1 connection to a host: a call at a time, reused when both sides have said all they had to say and
// the host wants it. The invariants: bytes that nobody asked for end the connection; a response is believed only
// as far as the strict parser takes it; what a host has said before it stopped listening is heard; nothing thrown
// below leaves this file.
import type { Socket } from "node:net";
import { HeaderMap } from "../../host/header-map.ts";
import { wireLimits } from "../../spec/gateway-limits.ts";
import type { Timed } from "../http/deadlines.ts";
import type { ResetReason, UpstreamInfo } from "../http/exchange.ts";
import { codingOf } from "../http/h1-admission.ts";
import { endToEnd, type Framing, requestHead, trailerLines } from "../http/h1-headers.ts";
import { type Head, MessageParser, type MessageReceiver } from "../http/message-parser.ts";
import type { UpstreamContext } from "./context.ts";
import { surviveFailedWrites } from "./failed-writes.ts";
import type { Call, Wire, WireOwner } from "./wire.ts";

/** Pieces up to this size are joined with the head into one write. */
const JOINED = 4096;

export class H1Wire implements Wire, MessageReceiver, Timed {
  readonly info: UpstreamInfo;
  deadline = Number.POSITIVE_INFINITY;
  served = 0;
  listed = false;
  readonly #socket: Socket;
  readonly #owner: WireOwner;
  readonly #context: UpstreamContext;
  readonly #parser: MessageParser;
  #call: Call | null = null;
  #closed = false;
  #slow = false;
  #waiting: string | null = null;
  #framing: Framing = "none";
  #left = 0;
  #interim = false;
  #reusable = false;
  #told = false;
  /** The host takes nothing any more; it may have answered before. */
  #deaf = false;

  /** Takes over a socket that is connected. */
  constructor(socket: Socket, info: UpstreamInfo, owner: WireOwner, context: UpstreamContext) {
    this.#socket = socket;
    this.info = info;
    this.#owner = owner;
    this.#context = context;
    this.#parser = new MessageParser("response", context.limits, this);
    socket.on("data", (bytes: Buffer) => this.#read(bytes));
    socket.on("end", () => this.#ended());
    socket.on("error", () => this.#lost("remote-reset"));
    socket.on("close", () => this.#lost("remote-reset"));
    socket.on("drain", () => this.#drained());
    surviveFailedWrites(socket, () => (this.#deaf = true));
    context.deadlines.add(this);
    this.deadline = context.deadlines.now() + wireLimits.idle;
  }

  get room(): number {
    return this.#call === null && !this.#closed ? 1 : 0;
  }

  get active(): number {
    return this.#call === null ? 0 : 1;
  }

  attach(call: Call): void {
    const head = requestHead(call.headers, call.headersOnly);
    if (head === null) {
      call.fail("local");
      return;
    }
    this.#call = call;
    call.wire = this;
    this.deadline = Number.POSITIVE_INFINITY;
    this.#framing = head.framing;
    this.#left = head.length;
    this.#reusable = false;
    this.#told = false;
    call.sink.connected(this.info);
    if (this.#call !== call) return;
    if (call.headersOnly) {
      this.#socket.write(head.text, "latin1");
      return;
    }
    this.#waiting = head.text;
    call.sendEarly(this);
    if (this.#waiting !== null) process.nextTick(flush, this);
  }

  write(call: Call, bytes: Uint8Array, end: boolean): boolean {
    if (this.#call !== call) return true;
    // The rest isn't wanted: whoever sends it waits for the answer, or for the end.
    if (this.#deaf) return false;
    let before = this.#waiting ?? "";
    let after = "";
    let piece = bytes;
    if (this.#framing === "length") {
      if (piece.length > this.#left) piece = piece.subarray(0, this.#left);
      this.#left -= piece.length;
    } else if (this.#framing === "chunked") {
      if (piece.length > 0) {
        before += `${piece.length.toString(16)}\r\n`;
        after = "\r\n";
      }
      if (end) after += "0\r\n\r\n";
    }
    this.#waiting = null;
    this.#put(before, piece, after);
    // Fewer bytes than were promised: the host would wait for them for ever.
    if (end && this.#framing === "length" && this.#left > 0) {
      this.#fail("local");
      return true;
    }
    if (!this.#socket.writableNeedDrain) return true;
    this.#slow = true;
    return false;
  }

  #put(before: string, piece: Uint8Array, after: string): void {
    const socket = this.#socket;
    if (piece.length <= JOINED) {
      const { buffer, byteOffset, length } = piece;
      const middle = length === 0 ? "" : Buffer.from(buffer, byteOffset, length).toString("latin1");
      const text = before + middle + after;
      if (text !== "") socket.write(text, "latin1");
      return;
    }
    socket.cork();
    if (before !== "") socket.write(before, "latin1");
    socket.write(piece);
    if (after !== "") socket.write(after, "latin1");
    socket.uncork();
  }

  writeTrailers(call: Call, trailers: HeaderMap): void {
    if (this.#call !== call) return;
    if (this.#framing !== "chunked") {
      this.write(call, NOTHING, true);
      return;
    }
    this.#socket.write(`${this.#waiting ?? ""}0\r\n${trailerLines(trailers)}`, "latin1");
    this.#waiting = null;
  }

  drop(call: Call): void {
    if (this.#call !== call) return;
    this.#call = null;
    this.close();
  }

  pause(call: Call): void {
    if (this.#call === call) this.#socket.pause();
  }

  resume(call: Call): void {
    if (this.#call === call) this.#socket.resume();
  }

  /** A head that has waited for this turn's first piece goes. */
  flush(): void {
    if (this.#waiting === null || this.#closed) return;
    const text = this.#waiting;
    this.#waiting = null;
    this.#socket.write(text, "latin1");
  }

  // From the host.

  #read(bytes: Buffer): void {
    if (this.#closed) return;
    const call = this.#call;
    if (call === null) {
      this.close();
      return;
    }
    call.answered = true;
    try {
      const rest = this.#parser.execute(bytes);
      if (this.#closed) return;
      if (this.#parser.error !== null) this.#fail("protocol-error");
      else if (this.#reusable) this.#complete(rest === null || rest.length === 0);
    } catch (error) {
      this.#context.onBug(error);
      this.#fail("local");
    }
  }

  head(head: Head): boolean {
    const call = this.#call;
    if (call === null) return true;
    const { status } = head;
    this.#interim = status < 200;
    const out = [":status", String(status)];
    const bad = head.major !== 1 || status < 100 || status === 101 || head.upgrade;
    if (bad || codingOf(head.list) === "other") {
      this.#parser.error = "malformed";
      return true;
    }
    const told = endToEnd(head.list, out, false);
    const headers = new HeaderMap(out);
    if (this.#interim) {
      if (!call.interim(headers)) this.#parser.error = "malformed";
      return this.#parser.error !== null;
    }
    const bodyless = call.headers.get(":method") === "HEAD" || status === 204 || status === 304;
    this.#keepAlive = head.keepAlive && !told.connection.includes("close");
    const end = bodyless || told.length === 0;
    this.#told = end;
    call.sink.headers(headers, end);
    return bodyless;
  }

  #keepAlive = false;

  body(bytes: Uint8Array, end: boolean): void {
    const call = this.#call;
    if (call === null || this.#told) return;
    this.#told = end;
    call.sink.data(bytes, end);
  }

  trailers(list: string[]): void {
    const call = this.#call;
    if (call === null || this.#told || this.#interim) return;
    const out: string[] = [];
    endToEnd(list, out, false);
    this.#told = true;
    call.sink.trailers(new HeaderMap(out));
  }

  complete(): boolean {
    if (this.#parser.error !== null) return true;
    if (this.#interim) return false;
    const call = this.#call;
    if (call !== null && !this.#told) {
      this.#told = true;
      call.sink.data(NOTHING, true);
    }
    this.#reusable = true;
    return true;
  }

  /** A response is complete; the connection goes on where both sides are done and nothing else came. */
  #complete(clean: boolean): void {
    const call = this.#call;
    this.#call = null;
    this.#reusable = false;
    this.served++;
    const whole = call?.requestEnded === true && this.#waiting === null && !this.#deaf;
    const again = clean && this.#keepAlive && whole;
    call?.finish();
    if (!again) {
      this.close();
      return;
    }
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#slow = false;
    this.deadline = this.#context.deadlines.now() + wireLimits.idle;
    this.#owner.freed(this);
  }

  #drained(): void {
    if (!this.#slow) return;
    this.#slow = false;
    try {
      this.#call?.sink.resume();
    } catch (error) {
      this.#context.onBug(error);
      this.#fail("local");
    }
  }

  // Ends.

  #ended(): void {
    if (this.#closed) return;
    try {
      const whole = this.#parser.finish();
      if (whole && this.#reusable) this.#complete(false);
    } catch (error) {
      this.#context.onBug(error);
    }
    this.#lost("remote-reset");
  }

  #lost(reason: ResetReason): void {
    if (!this.#closed) this.#fail(reason);
  }

  #fail(reason: ResetReason): void {
    const call = this.#call;
    this.#call = null;
    this.close();
    try {
      const stale = reason === "remote-reset" && this.served > 0;
      if (call === null || (stale && !call.answered && this.#owner.again(call, false))) return;
      call.fail(reason);
    } catch (error) {
      this.#context.onBug(error);
    }
  }

  /** Nobody has used it for long. */
  onDeadline(): void {
    if (this.#call === null) this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = null;
    this.#context.deadlines.delete(this);
    this.#parser.close();
    this.#socket.destroy();
    this.#owner.closed(this);
  }
}

const flush = (wire: H1Wire): void => wire.flush();
const NOTHING = new Uint8Array(0);
