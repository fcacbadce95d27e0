// One request on its way to a cluster, under its route's rules: timeouts, retries, edits of the response. The
// invariants: the sink hears one outcome; a request is sent again only while all of it is at hand and nothing of
// an answer has been passed on; each attempt is given up before the next begins.
import { HeaderMap } from "../../host/header-map.ts";
import { retryBodyBytes } from "../../spec/gateway-limits.ts";
import type { Answer, Onward, Reply, RouterSink } from "../chain/seams.ts";
import type { Deadlines, Timed } from "../http/deadlines.ts";
import type {
  ResetReason,
  UpstreamCall,
  UpstreamInfo,
  UpstreamSink,
  Upstreams,
} from "../http/exchange.ts";
import { type Failed, failureAnswer } from "./failure-answer.ts";
import type { RetryPolicy } from "./retry-policy.ts";

export interface CallRules {
  readonly cluster: string;
  readonly rewriteHost: boolean;
  /** Milliseconds from the end of the request to the end of the response; 0 for none. */
  readonly timeout: number;
  /** Milliseconds without a byte in either direction; 0 for none. */
  readonly idleTimeout: number;
  readonly retry: RetryPolicy | null;
  /** null where nothing is to be edited. */
  readonly editReply: ((reply: Reply) => void) | null;
}

export interface CallTools {
  readonly upstreams: Upstreams;
  readonly deadlines: Deadlines;
  readonly random: () => number;
}

/** Envoy's base for the wait before a retry, in milliseconds; the wait is random up to its double per attempt. */
const BACKOFF = 25;
const BACKOFF_MAX = 250;

export class RoutedCall implements Onward, Timed {
  deadline = Number.POSITIVE_INFINITY;
  readonly #rules: CallRules;
  readonly #tools: CallTools;
  readonly #headers: HeaderMap;
  readonly #headersOnly: boolean;
  readonly #sink: RouterSink;
  #call: UpstreamCall | null = null;
  #attempt: Attempt | null = null;
  #requestEnded: boolean;
  #answered = false;
  #over = false;
  #attempts = 0;
  /** The body so far, for another attempt; null when it has grown too long. */
  #body: Uint8Array[] | null;
  #bodyBytes = 0;
  #trailers: HeaderMap | null = null;
  #end = Number.POSITIVE_INFINITY;
  #tryEnd = Number.POSITIVE_INFINITY;
  #idleEnd = Number.POSITIVE_INFINITY;
  #waiting: ReturnType<typeof setTimeout> | null = null;
  #timed = false;
  /** It would have been tried once more. */
  #exceeded = false;

  constructor(
    rules: CallRules,
    tools: CallTools,
    headers: HeaderMap,
    end: boolean,
    sink: RouterSink,
  ) {
    this.#rules = rules;
    this.#tools = tools;
    // A map that plugins and logs hold is theirs; what is sent again must be what was sent.
    this.#headers = rules.retry === null ? headers : headers.copy();
    this.#headersOnly = end;
    this.#requestEnded = end;
    this.#sink = sink;
    this.#body = rules.retry === null ? null : [];
  }

  begin(): void {
    this.#try();
    if (this.#requestEnded) this.#startClock();
  }

  #try(): void {
    const { cluster, rewriteHost, retry } = this.#rules;
    this.#attempts++;
    this.#waiting = null;
    const headers = retry === null ? this.#headers : this.#headers.copy();
    const attempt = new Attempt(this);
    this.#attempt = attempt;
    const { upstreams, deadlines } = this.#tools;
    const call = upstreams.open(cluster, headers, this.#headersOnly, attempt, rewriteHost);
    // It may have failed, or been answered, before this returned.
    if (this.#attempt !== attempt) {
      call.reset();
      return;
    }
    this.#call = call;
    if (this.#attempts > 1) this.#replay(call);
    if (this.#requestEnded && retry !== null && retry.perTryTimeout > 0) {
      this.#tryEnd = deadlines.now() + retry.perTryTimeout;
      this.#arm();
    }
  }

  #replay(call: UpstreamCall): void {
    if (this.#headersOnly) return;
    const body = this.#body ?? [];
    for (const [index, piece] of body.entries()) {
      call.sendData(
        piece,
        this.#requestEnded && this.#trailers === null && index === body.length - 1,
      );
    }
    if (this.#trailers !== null) call.sendTrailers(this.#trailers);
  }

  #startClock(): void {
    const { timeout, idleTimeout } = this.#rules;
    if (this.#over || (timeout === 0 && idleTimeout === 0)) return;
    const now = this.#tools.deadlines.now();
    if (timeout > 0) this.#end = now + timeout;
    if (idleTimeout > 0) this.#idleEnd = now + idleTimeout;
    this.#arm();
  }

  #arm(): void {
    this.deadline = Math.min(this.#end, this.#tryEnd, this.#idleEnd);
    if (this.#timed || this.deadline === Number.POSITIVE_INFINITY) return;
    this.#timed = true;
    this.#tools.deadlines.add(this);
  }

  #touch(): void {
    const { idleTimeout } = this.#rules;
    if (idleTimeout > 0) this.#idleEnd = this.#tools.deadlines.now() + idleTimeout;
  }

  // Onward.

  data(bytes: Uint8Array, end: boolean): boolean {
    if (this.#over) return true;
    this.#keep(bytes);
    this.#touch();
    if (end) this.#requestEnded = true;
    const room = this.#call?.sendData(bytes, end) ?? true;
    if (end) this.#startClock();
    return room;
  }

  #keep(bytes: Uint8Array): void {
    if (this.#body === null) return;
    this.#bodyBytes += bytes.length;
    if (this.#bodyBytes > retryBodyBytes) this.#body = null;
    else this.#body.push(bytes.slice());
  }

  trailers(trailers: HeaderMap): void {
    if (this.#over || this.#requestEnded) return;
    this.#requestEnded = true;
    if (this.#body !== null) this.#trailers = trailers;
    this.#call?.sendTrailers(trailers);
    this.#startClock();
  }

  /** The chain gives up. */
  reset(): void {
    this.#drop();
  }

  pauseReading(): void {
    this.#call?.pauseReading();
  }

  resumeReading(): void {
    this.#call?.resumeReading();
  }

  // What the present attempt says.

  /** The attempt is the present one, and somebody wants to know. */
  hears(attempt: Attempt): boolean {
    return this.#attempt === attempt && !this.#over;
  }

  get sink(): RouterSink {
    return this.#sink;
  }

  answered(headers: HeaderMap, end: boolean): void {
    const { retry, editReply, cluster } = this.#rules;
    const { upstreams } = this.#tools;
    this.#touch();
    if (retry?.status(Number(headers.get(":status"))) === true && this.#mayRetry()) {
      this.#again();
      return;
    }
    if (this.#attempts > 1) upstreams.count?.(cluster, "upstream_rq_retry_success");
    this.#answered = true;
    this.#body = null;
    this.#tryEnd = Number.POSITIVE_INFINITY;
    editReply?.({ headers, details: "via_upstream", flags: "" });
    if (end) this.#finish();
    this.#sink.headers(headers, end);
  }

  piece(bytes: Uint8Array, end: boolean): void {
    this.#touch();
    if (end) this.#finish();
    this.#sink.data(bytes, end);
  }

  lastTrailers(trailers: HeaderMap): void {
    this.#finish();
    this.#sink.trailers(trailers);
  }

  failed(reason: ResetReason, how: Failed = reason): void {
    this.#call = null;
    if (!this.#answered && this.#rules.retry?.reset(reason) === true && this.#mayRetry()) {
      this.#again();
      return;
    }
    this.#finish();
    this.#fail(reason, how);
  }

  /** There is no answer: one is made, where nothing of one has been passed on. */
  #fail(reason: ResetReason, how: Failed): void {
    if (this.#answered) {
      this.#sink.reset(reason);
      return;
    }
    const retried = this.#attempts > 1;
    const answer = failureAnswer(how, retried, this.#exceeded);
    this.#sink.answer(editedAnswer(answer, this.#rules.editReply));
  }

  #mayRetry(): boolean {
    const { retry, cluster } = this.#rules;
    if (retry === null || this.#body === null || !this.#requestEnded) return false;
    if (this.#attempts <= retry.count) return true;
    this.#exceeded = true;
    this.#tools.upstreams.count?.(cluster, "upstream_rq_retry_limit_exceeded");
    return false;
  }

  #again(): void {
    this.#release();
    this.#tools.upstreams.count?.(this.#rules.cluster, "upstream_rq_retry");
    this.#tryEnd = Number.POSITIVE_INFINITY;
    const most = Math.min(BACKOFF_MAX, BACKOFF * (2 ** this.#attempts - 1));
    this.#waiting = setTimeout(() => this.#try(), this.#tools.random() * most);
  }

  // Ends.

  onDeadline(): void {
    const now = this.#tools.deadlines.now();
    const { cluster } = this.#rules;
    if (now < this.#end && now < this.#idleEnd) {
      if (now < this.#tryEnd) {
        this.#arm();
        return;
      }
      this.#tools.upstreams.count?.(cluster, "upstream_rq_per_try_timeout");
      this.#tryEnd = Number.POSITIVE_INFINITY;
      this.#arm();
      this.#release();
      this.failed("timeout", "per-try-timeout");
      return;
    }
    const idle = now < this.#end;
    if (!idle) this.#tools.upstreams.count?.(cluster, "upstream_rq_timeout");
    this.#drop();
    this.#fail("timeout", idle ? "idle-timeout" : "timeout");
  }

  /** The present attempt isn't heard any more. */
  #release(): void {
    const call = this.#call;
    this.#call = null;
    this.#attempt = null;
    call?.reset();
  }

  #drop(): void {
    if (this.#over) return;
    this.#finish();
    this.#release();
  }

  #finish(): void {
    this.#over = true;
    this.#body = null;
    if (this.#waiting !== null) clearTimeout(this.#waiting);
    this.#waiting = null;
    if (this.#timed) this.#tools.deadlines.delete(this);
    this.#timed = false;
  }
}

/** An answer that is made here, with its route's edits of responses. */
export function editedAnswer(answer: Answer, edit: CallRules["editReply"]): Answer {
  if (edit === null) return answer;
  const { details, flags } = answer;
  const headers = HeaderMap.from(answer.headers);
  edit({ headers, details, flags });
  return { ...answer, headers: headers.pairs() };
}

/** What one attempt is told, as long as it is the present one. */
class Attempt implements UpstreamSink {
  readonly #owner: RoutedCall;

  constructor(owner: RoutedCall) {
    this.#owner = owner;
  }

  headers(headers: HeaderMap, end: boolean): void {
    if (this.#owner.hears(this)) this.#owner.answered(headers, end);
  }

  data(bytes: Uint8Array, end: boolean): void {
    if (this.#owner.hears(this)) this.#owner.piece(bytes, end);
  }

  trailers(trailers: HeaderMap): void {
    if (this.#owner.hears(this)) this.#owner.lastTrailers(trailers);
  }

  reset(reason: ResetReason): void {
    if (this.#owner.hears(this)) this.#owner.failed(reason);
  }

  interim(headers: HeaderMap): void {
    if (this.#owner.hears(this)) this.#owner.sink.interim(headers);
  }

  connected(info: UpstreamInfo): void {
    if (this.#owner.hears(this)) this.#owner.sink.connected(info);
  }

  pause(): void {
    if (this.#owner.hears(this)) this.#owner.sink.pause();
  }

  resume(): void {
    if (this.#owner.hears(this)) this.#owner.sink.resume();
  }
}
