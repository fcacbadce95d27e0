// A whole request in one call, for tests, trials and reports: headers, body, trailers, the upstream's answer,
// and the plugin's calls answered by a function of the caller. It only drives a stream; whatever a gateway
// does step by step, it can do without this file.
import { answerCall, failCall, type HttpAnswer } from "./answer.ts";
import type { HttpCall, OutgoingCall } from "./effects.ts";
import { REJECTED } from "./failure.ts";
import { HeaderMap, type Pair } from "./header-map.ts";
import type { LogLine } from "./log.ts";
import type { Plugin } from "./plugin.ts";
import type { Attributes } from "./properties.ts";
import type { StreamContext } from "./stream-context.ts";
import type { Trap } from "./trap.ts";

const NOTHING = new Uint8Array(0);

export interface Message {
  readonly headers: Iterable<Pair>;
  /** One piece, or the pieces in which it arrives. */
  readonly body?: string | Uint8Array | readonly (string | Uint8Array)[];
  readonly trailers?: Iterable<Pair>;
}

export interface RequestInput extends Message {
  readonly attributes?: Attributes;
  /** The upstream; by default 200 without a body. */
  readonly upstream?: (request: Sent) => Message;
  /** Answers a call; undefined leaves it open, null makes it fail. */
  readonly answer?: (call: HttpCall) => HttpAnswer | null | undefined;
}

/** A message as it left the plugin. */
export interface Sent {
  readonly headers: readonly Pair[];
  readonly body: Uint8Array;
  readonly trailers: readonly Pair[];
}

export interface RequestResult {
  /** `continue`: the upstream answered; `local`: the plugin or its failure did; `paused`: it still waits. */
  readonly outcome: "continue" | "local" | "paused" | "reset";
  /** HTTP status for the client; 0 where none was sent. */
  readonly status: number;
  readonly headers: readonly Pair[];
  readonly body: Uint8Array;
  readonly trailers: readonly Pair[];
  /** Why, in the words of a response code detail; empty for a plain pass. */
  readonly details: string;
  /** What the upstream got; null where it got nothing. */
  readonly upstream: Sent | null;
  /** The plugin had failed, and the request went on without it. */
  readonly skipped: boolean;
  readonly logs: readonly LogLine[];
  readonly calls: readonly OutgoingCall[];
  readonly traps: readonly Trap[];
}

function bytes(part: string | Uint8Array): Uint8Array {
  return typeof part === "string" ? Buffer.from(part, "utf8") : part;
}

function parts(body: Message["body"]): Uint8Array[] {
  if (body === undefined) return [];
  if (typeof body === "string" || body instanceof Uint8Array) return [bytes(body)];
  return body.map(bytes);
}

/** Feeds a message into one direction of a stream. */
function feed(half: StreamContext["request"], message: Message): void {
  const body = parts(message.body);
  const trailers = message.trailers === undefined ? null : HeaderMap.from(message.trailers);
  half.onHeaders(HeaderMap.from(message.headers), body.length === 0 && trailers === null);
  for (const [i, part] of body.entries()) {
    half.onBody(part, i === body.length - 1 && trailers === null);
  }
  if (trailers !== null) half.onTrailers(trailers);
}

function sent(half: StreamContext["request"]): Sent {
  return {
    headers: half.out.headers?.pairs() ?? [],
    body: half.out.body.view(),
    trailers: half.out.trailers?.pairs() ?? [],
  };
}

function asSent(message: Message): Sent {
  return {
    headers: HeaderMap.from(message.headers).pairs(),
    body: Buffer.concat(parts(message.body)),
    trailers: [...(message.trailers ?? [])],
  };
}

/** Answers open calls until the stream goes on, the caller has no answer, or nothing is open. */
function answerOpen(plugin: Plugin, input: RequestInput, paused: () => boolean): void {
  const refused = new Set<number>();
  while (paused() && input.answer !== undefined) {
    const open = [...plugin.calls.values()].find(
      (call): call is HttpCall => call.kind === "http" && !refused.has(call.token),
    );
    if (open === undefined) return;
    const answer = input.answer(open);
    if (answer === undefined) refused.add(open.token);
    else if (answer === null) failCall(plugin, open.token, "the call failed");
    else answerCall(plugin, open.token, answer);
  }
}

function statusOf(headers: readonly Pair[]): number {
  return Number(headers.find(([name]) => name === ":status")?.[1] ?? 0);
}

/** Runs one request through a plugin, from its first header to its log callback. */
export function runRequest(plugin: Plugin, input: RequestInput): RequestResult {
  const { log } = plugin.services;
  const logged = log.total;
  const calls: OutgoingCall[] = [];
  const traps: Trap[] = [];
  plugin.observer = { call: (call) => calls.push(call), trap: (trap) => traps.push(trap) };
  const upstream = input.upstream ?? (() => ({ headers: [[":status", "200"]] as const }));
  const record = (): Pick<RequestResult, "logs" | "calls" | "traps"> => ({
    logs: log.lines(logged),
    calls,
    traps,
  });
  const admission = plugin.open(input.attributes);
  if (admission.as !== "stream") return unfiltered(admission.as, input, upstream, record);

  const { stream } = admission;
  feed(stream.request, input);
  answerOpen(plugin, input, () => stream.request.paused && stream.local === null && !stream.reset);
  let passed: Sent | null = null;
  const open = stream.local === null && !stream.reset && !stream.request.paused;
  if (open) {
    passed = sent(stream.request);
    feed(stream.response, upstream(passed));
    answerOpen(plugin, input, () => stream.response.paused && !stream.reset);
  } else if (stream.local !== null) {
    answerOpen(plugin, input, () => stream.response.paused && !stream.reset);
  }
  const paused =
    stream.local === null
      ? stream.request.paused || stream.response.paused
      : stream.response.paused;
  const reply = sent(stream.response);
  const local = stream.local;
  if (!paused || stream.reset) stream.finish();
  plugin.poll();
  const outcome = stream.reset
    ? "reset"
    : paused
      ? "paused"
      : local !== null
        ? "local"
        : "continue";
  const silent = outcome === "reset" || outcome === "paused";
  return {
    outcome,
    status: silent ? 0 : statusOf(reply.headers),
    headers: silent ? [] : reply.headers,
    body: silent ? NOTHING : reply.body,
    trailers: silent ? [] : reply.trailers,
    details: local?.details ?? "",
    upstream: passed,
    skipped: stream.skipped,
    ...record(),
  };
}

/** The plugin is not there for this request: it has failed before. */
function unfiltered(
  as: "reject" | "skip",
  input: RequestInput,
  upstream: (request: Sent) => Message,
  record: () => Pick<RequestResult, "logs" | "calls" | "traps">,
): RequestResult {
  if (as === "reject") {
    const headers = [[":status", String(REJECTED.status)]] as const;
    const base = { headers, body: NOTHING, trailers: [], upstream: null, skipped: false };
    const { status, details } = REJECTED;
    return { outcome: "local", status, details, ...base, ...record() };
  }
  const passed = asSent(input);
  const reply = asSent(upstream(passed));
  return {
    outcome: "continue",
    status: statusOf(reply.headers),
    ...reply,
    details: "",
    upstream: passed,
    skipped: true,
    ...record(),
  };
}
