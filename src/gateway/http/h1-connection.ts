// An HTTP/1 connection of a client: bytes to exchanges, one after the other, however many are pipelined. The
// invariants: at most one exchange is open; what follows it waits, unparsed and bounded by one read; every way to
// be slow has a deadline; nothing thrown below leaves this file.
import type { Socket } from "node:net";
import { HeaderMap } from "../../host/header-map.ts";
import type { ConnectionContext } from "./connection-context.ts";
import type { Timed } from "./deadlines.ts";
import type { ConnectionInfo, ResetReason } from "./exchange.ts";
import { codingOf, refusalStatus } from "./h1-admission.ts";
import { H1Exchange, type ResponseOutlet } from "./h1-exchange.ts";
import { endToEnd } from "./h1-headers.ts";
import { lateness, nextDeadline } from "./h1-timeouts.ts";
import { type Head, MessageParser, type MessageReceiver } from "./message-parser.ts";
import { refusalOf } from "./refusal.ts";
import { targetOf } from "./request-target.ts";

/** Milliseconds for a client to take the end of its connection, before it is cut. */
const LINGER = 1000;
/** Pipelined requests that are answered at once, before other connections have their turn. */
const TURN = 16;

export class H1Connection implements MessageReceiver, ResponseOutlet, Timed {
  readonly info: { -readonly [K in keyof ConnectionInfo]: ConnectionInfo[K] };
  deadline = Number.POSITIVE_INFINITY;
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  readonly #parser: MessageParser;
  #minor: 0 | 1 = 1;
  #exchange: H1Exchange | null = null;
  /** Bytes behind the current request. */
  #held: Buffer[] = [];
  #onHold = false;
  #closing = false;
  #closed = false;
  #slow = false;
  #active = 0;
  #headStarted = 0;
  /** Requests that were over at once, since other connections had their turn. */
  #turn = 0;
  /** Bytes that the client had not taken when it was looked at last. */
  #unread = 0;

  constructor(socket: Socket, info: ConnectionInfo, context: ConnectionContext) {
    this.#socket = socket;
    this.info = info;
    this.#context = context;
    const { maxRequestHeaderBytes, maxRequestHeaders } = context.chain;
    const limits = { headerBytes: maxRequestHeaderBytes, headerCount: maxRequestHeaders };
    this.#parser = new MessageParser("request", limits, this);
    this.#active = context.deadlines.now();
    this.#arm();
    context.deadlines.add(this);
    socket.on("data", (bytes: Buffer) => this.read(bytes));
    socket.on("end", () => this.#gone("remote-reset"));
    socket.on("error", () => this.#gone("remote-reset"));
    socket.on("close", () => this.#gone("remote-reset"));
    socket.on("drain", () => this.#drained());
  }

  get closing(): boolean {
    return this.#closing || this.#context.draining;
  }

  /** Takes bytes from the socket. */
  read(bytes: Buffer): void {
    this.#context.counters.add("downstream_cx_rx_bytes_total", bytes.length);
    if (this.#closing || this.#closed) return;
    if (this.#onHold || this.#held.length > 0) {
      this.#held.push(bytes);
      this.#socket.pause();
      return;
    }
    this.#parse(bytes);
  }

  #parse(bytes: Buffer): void {
    this.#active = this.#context.deadlines.now();
    try {
      const rest = this.#parser.execute(bytes);
      if (this.#closed || this.#closing) return;
      if (this.#parser.error !== null) this.#malformed();
      else if (rest !== null && rest.length > 0) {
        this.#held.unshift(rest);
        if (this.#onHold) this.#socket.pause();
        else process.nextTick(() => this.#next());
      }
      this.#arm();
    } catch (error) {
      this.#bug(error);
    }
  }

  #next(): void {
    if (this.#onHold || this.#closed || this.#closing) return;
    const bytes = this.#held.shift();
    if (bytes !== undefined) this.#parse(bytes);
    if (this.#onHold || this.#closed) return;
    if (this.#held.length > 0) process.nextTick(() => this.#next());
    else this.#socket.resume();
  }

  // What the parser tells.

  head(head: Head): boolean {
    if (this.#closing || this.#closed) return false;
    const { method, list, minor } = head;
    const out: string[] = [":authority", "", ":path", "", ":method", method, ":scheme", ""];
    const told = endToEnd(list, out, true);
    const target = targetOf(method, head.target, told.host ?? "");
    const coding = codingOf(list);
    const refusal = refusalStatus(head, told, target, coding);
    if (refusal !== 0) {
      if (refusal === 403) this.#context.counters.add("downstream_rq_ws_refused", 1);
      this.refuse(refusal);
      return false;
    }
    out[1] = target!.authority;
    out[3] = target!.path;
    out[7] = this.info.tls === null ? "http" : "https";
    this.#minor = minor as 0 | 1;
    this.info.protocol = minor === 0 ? "HTTP/1.0" : "HTTP/1.1";
    const headersOnly = coding === "none" && (told.length === null || told.length === 0);
    const exchange = new H1Exchange(this, {
      headers: new HeaderMap(out),
      headersOnly,
      started: this.#active,
      minor,
      isHead: method === "HEAD",
      keepAlive: head.keepAlive && !told.connection.includes("close"),
    });
    this.#exchange = exchange;
    if (told.expectContinue && minor === 1 && !headersOnly) {
      this.write("HTTP/1.1 100 Continue\r\n\r\n");
    }
    this.#context.handler(exchange);
    return false;
  }

  body(bytes: Uint8Array, end: boolean): void {
    const exchange = this.#exchange;
    if (exchange === null || exchange.ended) return;
    exchange.bytesReceived += bytes.length;
    if (end) exchange.requestComplete = true;
    exchange.sink.data(bytes, end);
  }

  trailers(list: string[]): void {
    const exchange = this.#exchange;
    if (exchange === null || exchange.ended) return;
    const out: string[] = [];
    endToEnd(list, out, true);
    exchange.requestComplete = true;
    exchange.sink.trailers(new HeaderMap(out));
  }

  complete(): boolean {
    const exchange = this.#exchange;
    if (exchange !== null && !exchange.requestComplete) {
      exchange.requestComplete = true;
      if (!exchange.ended) exchange.sink.data(NOTHING, true);
    }
    // Whether it is over already, or is to be waited for.
    this.#onHold = this.#exchange !== null || this.#closing || ++this.#turn >= TURN;
    if (this.#turn >= TURN) this.#rest();
    return this.#onHold;
  }

  /** Others have their turn: whoever pipelines requests that are answered at once would keep the thread. */
  #rest(): void {
    this.#turn = 0;
    setImmediate(() => {
      this.#onHold = false;
      this.#next();
    });
  }

  // What the exchange asks.

  write(piece: string | Uint8Array): boolean {
    if (this.#closed) return true;
    this.#active = this.#context.deadlines.now();
    this.#context.counters.add("downstream_cx_tx_bytes_total", piece.length);
    if (typeof piece === "string") this.#socket.write(piece, "latin1");
    else this.#socket.write(piece);
    return this.#room();
  }

  writeBoth(text: string, bytes: Uint8Array, tail: string): boolean {
    if (this.#closed) return true;
    this.#socket.cork();
    if (text !== "") this.write(text);
    this.write(bytes);
    if (tail !== "") this.write(tail);
    this.#socket.uncork();
    return this.#room();
  }

  #room(): boolean {
    if (!this.#socket.writableNeedDrain) return true;
    if (this.#socket.writableLength < this.#context.bufferLimit) return true;
    if (!this.#slow) {
      this.#slow = true;
      this.#exchange?.sink.pause();
    }
    return false;
  }

  #drained(): void {
    this.#active = this.#context.deadlines.now();
    if (!this.#slow) return;
    this.#slow = false;
    try {
      this.#exchange?.sink.resume();
    } catch (error) {
      this.#bug(error);
    }
  }

  done(exchange: H1Exchange, reusable: boolean): void {
    if (this.#exchange !== exchange) return;
    this.#exchange = null;
    this.#slow = false;
    if (!reusable || this.#closing) {
      this.#linger();
      return;
    }
    // Whoever has stopped reading is gone with the exchange.
    if (this.#held.length === 0) this.#socket.resume();
    if (!this.#onHold) return;
    this.#onHold = false;
    this.#active = this.#context.deadlines.now();
    this.#arm();
    if (this.#held.length > 0) process.nextTick(() => this.#next());
  }

  abort(): void {
    this.#exchange = null;
    this.#close();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (this.#held.length === 0 && !this.#closed) this.#socket.resume();
  }

  /** While draining, a connection that waits for a request is closed at once. */
  drain(): void {
    if (this.#exchange === null && !this.#parser.inMessage && !this.#closing) this.#linger();
  }

  // Ends.

  /** Cuts the connection. */
  close(): void {
    this.#gone("local");
  }

  /** Answers without a body and ends the connection. */
  refuse(status: number): void {
    const exchange = this.#exchange;
    if (exchange === null) {
      this.#refuseNew(status);
    } else if (!exchange.responseStarted) {
      const headers = new HeaderMap([":status", String(status)]);
      const facts = { headersOnly: true, started: this.#active, isHead: false, keepAlive: false };
      this.#exchange = new H1Exchange(this, { headers, minor: this.#minor, ...facts });
      this.#exchange.sendHeaders(headers, true);
    } else {
      this.#close();
    }
  }

  /** Nothing of the request is known: it goes through the chain's front door to be answered and logged. */
  #refuseNew(status: number): void {
    const facts = { headersOnly: true, started: this.#active, isHead: false, keepAlive: false };
    const made = new H1Exchange(this, { headers: new HeaderMap(), minor: this.#minor, ...facts });
    made.refusal = refusalOf(status);
    this.#exchange = made;
    try {
      this.#context.handler(made);
    } catch (error) {
      this.#bug(error);
    }
  }

  #malformed(): void {
    this.#context.counters.add("downstream_cx_protocol_error", 1);
    const exchange = this.#exchange;
    const status = this.#parser.error?.startsWith("header") ? 431 : 400;
    this.refuse(status);
    if (exchange !== null && !exchange.ended) {
      exchange.ended = true;
      exchange.sink.reset("protocol-error");
    }
  }

  /** Ends after what has been written, and lets the client read it. */
  #linger(): void {
    if (this.#closing || this.#closed) return;
    this.#closing = true;
    this.#held = [];
    this.#socket.end();
    this.#socket.resume();
    this.#unread = this.#socket.writableLength;
    this.deadline = this.#context.deadlines.now() + LINGER;
  }

  #gone(reason: ResetReason): void {
    if (this.#closed) return;
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#close();
    if (exchange === null || exchange.ended) return;
    exchange.ended = true;
    try {
      exchange.sink.reset(reason);
    } catch (error) {
      this.#context.onBug(error, this.info);
    }
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#held = [];
    this.#context.deadlines.delete(this);
    this.#parser.close();
    this.#socket.destroy();
  }

  #bug(error: unknown): void {
    this.#context.onBug(error, this.info);
    this.#gone("local");
  }

  // Time.

  onDeadline(): void {
    if (this.#closing) {
      // A slow client that goes on reading its last response has all of it.
      const unread = this.#socket.writableLength;
      if (unread === 0 || unread >= this.#unread) this.#close();
      else {
        this.#unread = unread;
        this.deadline = this.#context.deadlines.now() + LINGER;
      }
      return;
    }
    const { chain, deadlines } = this.#context;
    const exchange = this.#exchange;
    const late = lateness(chain, exchange, this.#headStarted, this.#active, deadlines.now());
    if (late === null) {
      this.#arm();
      return;
    }
    this.#context.counters.add(late, 1);
    if (late === "downstream_cx_idle_timeout") {
      this.#linger();
      return;
    }
    this.refuse(408);
    if (exchange === null || exchange.ended) return;
    exchange.ended = true;
    try {
      exchange.sink.reset("timeout");
    } catch (error) {
      this.#bug(error);
    }
  }

  /** The next moment at which something can be late; checked again when it comes. */
  #arm(): void {
    if (this.#closing || this.#closed) return;
    const { chain } = this.#context;
    const exchange = this.#exchange;
    if (exchange !== null || !this.#parser.inMessage) this.#headStarted = 0;
    else if (this.#headStarted === 0) this.#headStarted = this.#active;
    this.deadline = nextDeadline(chain, exchange, this.#headStarted, this.#active);
  }
}

const NOTHING = new Uint8Array(0);
